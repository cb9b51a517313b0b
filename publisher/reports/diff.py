"""What is live against what the sources make now, as people read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from difflib import unified_diff
from typing import NamedTuple

from publisher.archive.records import Record
from publisher.channel import Part
from publisher.clock import Clock
from publisher.config import Config
from publisher.delivery.dispatcher import Letter, letters
from publisher.errors import StorageError
from publisher.events import ChannelOutcome, Event, Foreseen, Report, Request
from publisher.ledger import Ledger
from publisher.pipeline.publish import work_on_sources
from publisher.reports.readable import lines
from publisher.run import Run, channels_for
from publisher.theme import Theme

_PACKED = ("application/gzip", "application/x-brotli")


class Difference(NamedTuple):
    """A part that is not live as the sources make it now. `kind` is "new", "changed" or "gone".

    `lines` are those of a unified diff without its head. There are none for what is not text, for a change
    that no reader sees, and for what is new where nothing was before.
    """

    channel: str
    destination: str
    part: str
    kind: str
    lines: tuple[str, ...] = ()


def differences(
    config: Config, theme: Theme, request: Request, now: dt.datetime, report: Report
) -> tuple[Record | None, list[Difference]]:
    """The issue that would be published, and what that would change. Nothing is written or sent.

    Raises what `publish` does.
    """
    found: list[Difference] = []

    def see(event: Event) -> None:
        match event:
            case Foreseen(_, part) if part.media_type in _PACKED:
                pass  # what is in it is told of the file beside it
            case Foreseen(channel, part):
                found.append(_of_file(run, channel, part))
            case ChannelOutcome():
                pass
            case _:
                report(event)

    dry, channels = request._replace(dry_run=True), channels_for(config, request.channels)
    with closing(Run(config, theme, dry, channels, now, see, Clock.running(now))) as run:
        done = work_on_sources(run)
        if done.outgoing:
            ledger = run.ledger if run.has_ledger else None
            for letter in letters(run, done.outgoing, ledger):
                found += _of_letter(letter, ledger)
        return done.outcome.issue, found


def _of_file(run: Run, channel: str, part: Part) -> Difference:
    path = run.out / part.key
    try:
        old = Part(part.key, part.media_type, path.read_bytes())
    except FileNotFoundError:
        return Difference(channel, "", part.key, "new")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    return Difference(channel, "", part.key, "changed", _compared(old, part))


def _of_letter(letter: Letter, ledger: Ledger | None) -> Iterator[Difference]:
    """What differs at a destination; of one message to many, from what was sent to all."""
    known = letter.standing
    live = (known.live or known.parts) if known and known.counts.sent else {}
    place = letter.key.channel, letter.key.destination
    for part in letter.rendering.parts:
        before = live.get(part.key)
        if before is None:
            yield Difference(*place, part.key, "new", _compared(None, part) if live else ())
        elif before != part.digest and ledger:
            yield Difference(*place, part.key, "changed", _compared(ledger.part(before, part.key), part))
    now = {part.key for part in letter.rendering.parts}
    for key, digest in live.items():
        if key not in now and ledger:
            yield Difference(*place, key, "gone", _compared(ledger.part(digest, key), None))


def _compared(old: Part | None, new: Part | None) -> tuple[str, ...]:
    before, after = (lines(part) if part else [] for part in (old, new))
    if before is None or after is None:
        return ()
    return tuple(unified_diff(before, after, lineterm=""))[2:]
