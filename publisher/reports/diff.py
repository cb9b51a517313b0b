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
from publisher.delivery.dispatcher import DeliveryPlan, plan_all
from publisher.errors import StorageError
from publisher.events import ChannelOutcome, EventHandler, Request, RunEvent, WouldWrite
from publisher.ledger import Ledger
from publisher.pipeline.publish import build_from_sources
from publisher.reports.readable import extract_lines
from publisher.run import RunContext, select_channels
from publisher.theme import Theme

_COMPRESSED_TYPES = ("application/gzip", "application/x-brotli")


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


def find_differences(
    config: Config, theme: Theme, request: Request, now: dt.datetime, report: EventHandler
) -> tuple[Record | None, list[Difference]]:
    """The issue that would be published, and what that would change. Nothing is written or sent.

    Raises what `publish` does.
    """
    found: list[Difference] = []

    def see(event: RunEvent) -> None:
        match event:
            case WouldWrite(_, part) if part.media_type in _COMPRESSED_TYPES:
                pass  # what is in it is told of the file beside it
            case WouldWrite(channel, part):
                found.append(_diff_file(run, channel, part))
            case ChannelOutcome():
                pass
            case _:
                report(event)

    dry, channels = request._replace(dry_run=True), select_channels(config, request.channels)
    with closing(RunContext(config, theme, dry, channels, now, see, Clock.running(now))) as run:
        done = build_from_sources(run)
        if done.outgoing:
            ledger = run.ledger if run.has_ledger else None
            for letter in plan_all(run, done.outgoing, ledger):
                found += _diff_plan(letter, ledger)
        return done.outcome.issue, found


def _diff_file(run: RunContext, channel: str, part: Part) -> Difference:
    path = run.output_folder / part.key
    try:
        old = Part(part.key, part.media_type, path.read_bytes())
    except FileNotFoundError:
        return Difference(channel, "", part.key, "new")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    return Difference(channel, "", part.key, "changed", _diff_parts(old, part))


def _diff_plan(plan: DeliveryPlan, ledger: Ledger | None) -> Iterator[Difference]:
    """What differs at a destination; of one message to many, from what was sent to all."""
    known = plan.status
    live = (known.delivered_digests or known.part_digests) if known and known.counts.sent else {}
    place = plan.key.channel, plan.key.destination
    for part in plan.rendering.parts:
        before = live.get(part.key)
        if before is None:
            yield Difference(*place, part.key, "new", _diff_parts(None, part) if live else ())
        elif before != part.digest and ledger:
            yield Difference(
                *place, part.key, "changed", _diff_parts(ledger.load_part(before, part.key), part)
            )
    now = {part.key for part in plan.rendering.parts}
    for key, digest in live.items():
        if key not in now and ledger:
            yield Difference(*place, key, "gone", _diff_parts(ledger.load_part(digest, key), None))


def _diff_parts(old: Part | None, new: Part | None) -> tuple[str, ...]:
    before, after = (extract_lines(part) if part else [] for part in (old, new))
    if before is None or after is None:
        return ()
    return tuple(unified_diff(before, after, lineterm=""))[2:]
