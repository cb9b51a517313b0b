"""What nobody knows whether it went out, and what a person found out about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from publisher.archive.records import issue_names
from publisher.channel import MessageChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.dispatcher import recover_stale_deliveries
from publisher.errors import ConfigError
from publisher.events import EventHandler, Request
from publisher.ledger import DeliveryCounts, Ledger, PublicationKey
from publisher.ledger.queries import (
    ResolutionChoice,
    UnknownDelivery,
    find_status,
    find_statuses,
    find_unknown_deliveries,
    resolve_deliveries,
)
from publisher.pipeline.snapshot import take_snapshot
from publisher.reports.readable import extract_preview
from publisher.run import RunContext
from publisher.theme import Theme


class UnknownDeliveries(NamedTuple):
    """A publication with deliveries nobody knows about. `words` are those that each part begins with;
    `updates` says whether what arrived can be changed."""

    key: PublicationKey
    total: int
    can_edit: bool
    deliveries: Sequence[UnknownDelivery]
    previews: Mapping[str, str]


class Resolution(NamedTuple):
    """What a person found out: about all, or about one part or recipient. `remote_id` is what the platform
    calls the message, if that is known."""

    verdict: ResolutionChoice
    part: str = ""
    recipient: str = ""
    remote_id: str = ""

    def select_deliveries(self, case: UnknownDeliveries) -> list[UnknownDelivery]:
        """What of a case it is about."""
        return [
            one
            for one in case.deliveries
            if self.part in ("", one.part, short_part_name(one.part))
            and self.recipient.casefold() in ("", one.recipient.casefold())
        ]


def short_part_name(part: str) -> str:
    """What a person calls a part: its key without the folders."""
    return part.rpartition("/")[2]


class Resolver:
    """The open cases of an issue."""

    def __init__(
        self, ledger: Ledger, issue: str, now: dt.datetime, readonly_channels: Collection[str] = ()
    ) -> None:
        """`fixed` are the channels where nothing can be changed."""
        self._ledger = ledger
        self._issue = issue
        self._now = now
        self._readonly_channels = readonly_channels

    def find_unknown(self, channels: Sequence[str]) -> list[UnknownDeliveries]:
        """Those of the channels named, or of all."""
        return [
            self._build_unknown_deliveries(one.key, one.counts)
            for one in find_statuses(self._ledger, [self._issue])
            if one.counts.unknown and (not channels or one.key.channel in channels)
        ]

    def record(self, case: UnknownDeliveries, resolution: Resolution) -> tuple[int, DeliveryCounts]:
        """Enter what was found; how many deliveries it is about, and how the publication stands then.

        Raises ConfigError when it is about none, or gives one name to several.
        """
        key, meant = case.key, resolution.select_deliveries(case)
        if not meant:
            names = {
                one.recipient if resolution.recipient else short_part_name(one.part)
                for one in case.deliveries
            }
            listed = ", ".join(sorted(names)[:5])
            raise ConfigError(f"nothing of that name is unknown on {key.channel}", f"there is: {listed}")
        if resolution.remote_id and len(meant) > 1:
            what = f"{resolution.remote_id} can be the name of one message, and {len(meant)} are unknown"
            raise ConfigError(what, "say which: --part KEY, --to RECIPIENT")
        which = {(one.part, one.recipient if resolution.recipient else "") for one in meant}
        number = sum(
            resolve_deliveries(
                self._ledger,
                key,
                resolution.verdict,
                self._now,
                part=part,
                recipient=recipient,
                remote_id=resolution.remote_id,
            )
            for part, recipient in sorted(which)
        )
        left = find_status(self._ledger, key)
        return number, left.counts if left else DeliveryCounts()

    def _build_unknown_deliveries(self, key: PublicationKey, counts: DeliveryCounts) -> UnknownDeliveries:
        found = find_unknown_deliveries(self._ledger, key)
        parts = {one.digest: self._ledger.load_part(one.digest, one.part) for one in found}
        words = {digest: extract_preview(part) for digest, part in parts.items()}
        return UnknownDeliveries(key, counts.total, key.channel not in self._readonly_channels, found, words)


@contextmanager
def open_resolver(
    config: Config, theme: Theme, issue: str, now: dt.datetime, report: EventHandler
) -> Iterator[Resolver]:
    """The cases of an issue by date, file or id, which may be one whose file is not there any more. Raises
    ConfigError when nothing was published yet, StorageError."""
    request = Request(issue, dry_run=True)
    with closing(RunContext(config, theme, request, config.channels, now, report, Clock.running(now))) as run:
        if not run.has_ledger:
            raise ConfigError("nothing was sent from here yet", "publish")
        ids = [record.id for record in take_snapshot(run).sources.values() if issue in issue_names(record)]
        name = f"{config.newsletter.id}/{ids[0] if ids else issue}"
        on = {one.name: one for one in config.channels if isinstance(one, MessageChannel)}
        for known in find_statuses(run.ledger, [name]):
            if channel := on.get(known.key.channel):
                recover_stale_deliveries(run.ledger, channel, known.key, now)
        yield Resolver(run.ledger, name, now, [one for one in on if not on[one].can_edit])
