"""Compares what is published with what the sources give now, as readable text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from difflib import unified_diff
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from publisher.archive.naming import choose_issue
from publisher.archive.records import Record
from publisher.build.builder import SiteBuilder
from publisher.build.sources import Sources
from publisher.calendar.held_back import find_held_back
from publisher.channel import Part
from publisher.delivery.dispatcher import plan_all
from publisher.delivery.plan import DeliveryPlan
from publisher.errors import StorageError
from publisher.events import ChannelOutcome, Request, RunEvent, WouldWrite
from publisher.ledger import Ledger
from publisher.reports.readable import extract_lines
from publisher.run import RunContext, select_channels

_COMPRESSED_TYPES = ("application/gzip", "application/x-brotli")


class Difference(NamedTuple):
    """A part whose published content differs from the current one. `kind` is "new", "changed" or "gone".

    `lines` are those of a unified diff without its header. They are empty for parts that are not text, for
    invisible changes, and for new parts where nothing was published before.
    """

    channel: str
    destination: str
    part: str
    kind: str
    lines: tuple[str, ...] = ()


def find_differences(run: RunContext, request: Request) -> tuple[Record | None, list[Difference]]:
    """Return the issue that would be published, and what that would change. Nothing is written or sent.

    Raises what `publish` does.
    """
    differences: list[Difference] = []

    def handle(event: RunEvent) -> None:
        match event:
            case WouldWrite(_, part) if part.media_type in _COMPRESSED_TYPES:
                pass  # the difference is reported for the uncompressed file
            case WouldWrite(channel, part):
                differences.append(_diff_file(run.output_folder / part.key, channel, part))
            case ChannelOutcome():
                pass
            case _:
                run.report(event)

    channels = select_channels(run.config, request.channels)
    with closing(replace(run, report=handle, channels=channels)) as rebuild:
        with Sources(rebuild) as sources:
            issue = choose_issue(request.issue, sources.records, sources.build_edition())
            edition = sources.build_edition(find_held_back(rebuild, sources.records, issue))
            rebuild.warn(*edition.skipped)
            messages = SiteBuilder(rebuild, sources, edition, issue).build().messages if issue else ()
        for plan in plan_all(rebuild, messages, request):
            differences += _diff_plan(plan, rebuild.ledger if rebuild.has_ledger else None)
        return issue, differences


def _diff_file(path: Path, channel: str, part: Part) -> Difference:
    try:
        old = Part(part.key, part.media_type, path.read_bytes())
    except FileNotFoundError:
        return Difference(channel, "", part.key, "new")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    return Difference(channel, "", part.key, "changed", _diff_parts(old, part))


def _diff_plan(plan: DeliveryPlan, ledger: Ledger | None) -> Iterator[Difference]:
    """Yield the differences at a destination. Messages to many recipients are compared as one."""
    status = plan.status
    published = (status.delivered_digests or status.part_digests) if status and status.counts.sent else {}
    target = plan.key.channel, plan.key.destination
    for part in plan.rendering.parts:
        before = published.get(part.key)
        if before is None:
            yield Difference(*target, part.key, "new", _diff_parts(None, part) if published else ())
        elif before != part.digest and ledger:
            yield Difference(*target, part.key, "changed", _diff_parts(ledger.load_part(before, part.key), part))
    current = {part.key for part in plan.rendering.parts}
    for key, digest in published.items():
        if key not in current and ledger:
            yield Difference(*target, key, "gone", _diff_parts(ledger.load_part(digest, key), None))


def _diff_parts(old: Part | None, new: Part | None) -> tuple[str, ...]:
    before, after = (extract_lines(part) if part else [] for part in (old, new))
    if before is None or after is None:
        return ()
    return tuple(unified_diff(before, after, lineterm=""))[2:]
