"""What nobody knows whether it went out, and what a person found out about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from publisher.archive.records import names
from publisher.channel import LiveChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.dispatcher import recover
from publisher.errors import ConfigError
from publisher.events import Report, Request
from publisher.ledger import Counts, Key, Ledger
from publisher.ledger.queries import Unknown, Verdict, resolve, standing, standings, unknown
from publisher.pipeline.snapshot import look
from publisher.reports.readable import beginning
from publisher.run import Run
from publisher.theme import Theme


class Case(NamedTuple):
    """A publication with deliveries nobody knows about. `words` are those that each part begins with;
    `updates` says whether what arrived can be changed."""

    key: Key
    total: int
    updates: bool
    doubts: Sequence[Unknown]
    words: Mapping[str, str]


class Answer(NamedTuple):
    """What a person found out: about all, or about one part or recipient. `remote_id` is what the platform
    calls the message, if that is known."""

    verdict: Verdict
    part: str = ""
    recipient: str = ""
    remote_id: str = ""

    def meant(self, case: Case) -> list[Unknown]:
        """What of a case it is about."""
        return [
            one
            for one in case.doubts
            if self.part in ("", one.part, last_name(one.part))
            and self.recipient.casefold() in ("", one.recipient.casefold())
        ]


def last_name(part: str) -> str:
    """What a person calls a part: its key without the folders."""
    return part.rpartition("/")[2]


class Settlement:
    """The open cases of an issue."""

    def __init__(self, ledger: Ledger, issue: str, now: dt.datetime, fixed: Collection[str] = ()) -> None:
        """`fixed` are the channels where nothing can be changed."""
        self._ledger = ledger
        self._issue = issue
        self._now = now
        self._fixed = fixed

    def cases(self, channels: Sequence[str]) -> list[Case]:
        """Those of the channels named, or of all."""
        return [
            self._case(one.key, one.counts)
            for one in standings(self._ledger, [self._issue])
            if one.counts.unknown and (not channels or one.key.channel in channels)
        ]

    def enter(self, case: Case, answer: Answer) -> tuple[int, Counts]:
        """Enter what was found; how many deliveries it is about, and how the publication stands then.

        Raises ConfigError when it is about none, or gives one name to several.
        """
        key, meant = case.key, answer.meant(case)
        if not meant:
            names = {one.recipient if answer.recipient else last_name(one.part) for one in case.doubts}
            listed = ", ".join(sorted(names)[:5])
            raise ConfigError(f"nothing of that name is unknown on {key.channel}", f"there is: {listed}")
        if answer.remote_id and len(meant) > 1:
            what = f"{answer.remote_id} can be the name of one message, and {len(meant)} are unknown"
            raise ConfigError(what, "say which: --part KEY, --to RECIPIENT")
        which = {(one.part, one.recipient if answer.recipient else "") for one in meant}
        number = sum(
            resolve(
                self._ledger,
                key,
                answer.verdict,
                self._now,
                part=part,
                recipient=recipient,
                remote_id=answer.remote_id,
            )
            for part, recipient in sorted(which)
        )
        left = standing(self._ledger, key)
        return number, left.counts if left else Counts()

    def _case(self, key: Key, counts: Counts) -> Case:
        found = unknown(self._ledger, key)
        parts = {one.digest: self._ledger.part(one.digest, one.part) for one in found}
        words = {digest: beginning(part) for digest, part in parts.items()}
        return Case(key, counts.total, key.channel not in self._fixed, found, words)


@contextmanager
def settlement(
    config: Config, theme: Theme, issue: str, now: dt.datetime, report: Report
) -> Iterator[Settlement]:
    """The cases of an issue by date, file or id, which may be one whose file is not there any more. Raises
    ConfigError when nothing was published yet, StorageError."""
    request = Request(issue, dry_run=True)
    with closing(Run(config, theme, request, config.channels, now, report, Clock.running(now))) as run:
        if not run.has_ledger:
            raise ConfigError("nothing was sent from here yet", "publish")
        ids = [record.id for record in look(run).sources.values() if issue in names(record)]
        name = f"{config.publication.id}/{ids[0] if ids else issue}"
        on = {one.name: one for one in config.channels if isinstance(one, LiveChannel)}
        for known in standings(run.ledger, [name]):
            if channel := on.get(known.key.channel):
                recover(run.ledger, channel, known.key, now)
        yield Settlement(run.ledger, name, now, [one for one in on if not on[one].updates])
