"""Compares what is published with what the sources give now: as text, as parts, and in a line for each channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from difflib import unified_diff
from itertools import chain
from pathlib import Path

from msgspec.structs import replace

from publisher.archive.naming import choose_issue
from publisher.archive.records import Record
from publisher.build.builder import SiteBuilder
from publisher.build.sources import Sources
from publisher.calendar.held_back import find_held_back
from publisher.channel import Part
from publisher.checker import IssueChecker
from publisher.delivery.dispatcher import plan_all
from publisher.delivery.plan import DeliveryPlan
from publisher.events import ChannelOutcome, Request, RunEvent, WouldWrite
from publisher.files import wrap_os_error
from publisher.ledger import Ledger
from publisher.named_tuple import NamedTuple
from publisher.reports.effects import describe_files, describe_messages
from publisher.reports.readable import extract_lines, extract_visible_lines
from publisher.reports.word_diff import Line, diff_words
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


class TextChange(NamedTuple):
    """How the text of the issue differs from the published one: passages of lines, and what it was compared with."""

    source: str
    passages: Sequence[Sequence[Line]]


class Comparison(NamedTuple):
    """What publishing an issue would change.

    `issue` is None if none is due; `records` are all issues. `effects` says by channel what would happen there.
    """

    issue: Record | None
    records: Sequence[Record]
    differences: Sequence[Difference] = ()
    text: TextChange | None = None
    effects: Sequence[tuple[str, str]] = ()


class _PublishedText(NamedTuple):
    """The parts that readers have, and those that they would have; None where there is none."""

    source: str
    parts: Sequence[tuple[Part | None, Part | None]]


def compare_with_published(run: RunContext, request: Request) -> Comparison:
    """Compare the issue that would be published with what is published. Nothing is written or sent.

    Raises what `publish` does.
    """
    files: list[tuple[str, Part | None, Part]] = []

    def handle(event: RunEvent) -> None:
        match event:
            case WouldWrite(_, part) if part.media_type in _COMPRESSED_TYPES:
                pass  # the difference is reported for the uncompressed file
            case WouldWrite(channel, part):
                files.append((channel, _read_published(run.output_folder / part.key, part), part))
            case ChannelOutcome():
                pass
            case _:
                run.report(event)

    channels = select_channels(run.config, request.channels)
    with closing(replace(run, report=handle, channels=channels)) as rebuild:
        with Sources(rebuild) as sources:
            issue = choose_issue(request.issue, sources.records, sources.build_edition())
            records = [*sources.records.values()]
            edition = sources.build_edition(find_held_back(rebuild, sources.records, issue))
            rebuild.warn(*edition.skipped)
            messages = SiteBuilder(rebuild, sources, edition, issue).build().messages if issue else ()
        if issue is None:
            return Comparison(None, records)
        plans = plan_all(rebuild, messages, request)
        ledger = rebuild.ledger if rebuild.has_ledger else None
        sent = [_find_sent_parts(plan, ledger) for plan in plans]
        page = run.config.newsletter.output_path(issue.url)
        effects = {
            **{channel.name: describe_files(channel, files) for channel in channels},
            **{plan.channel.name: describe_messages(plan, rebuild, ledger) for plan in plans},
        }
        for name, excess in IssueChecker(rebuild, (), {}).find_excess(issue, channels).items():
            if effects.get(name):
                effects[name] = f"left out because it is too long: {excess}"
        return Comparison(
            issue,
            records,
            [*_diff_files(files), *chain.from_iterable(map(_diff_messages, plans, sent))],
            _find_text_change(_list_published_texts(files, plans, sent, page)),
            [(name, effect) for name, effect in effects.items() if effect],
        )


def _read_published(path: Path, part: Part) -> Part | None:
    try:
        return Part(part.key, part.media_type, path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise wrap_os_error(f"cannot read {path}", error) from error


def _find_sent_parts(plan: DeliveryPlan, ledger: Ledger | None) -> list[tuple[Part | None, Part | None]]:
    """Return each part as sent, None if it was not, beside the current one. Messages to many recipients are one."""
    status = plan.status
    published = (status.delivered_digests or status.part_digests) if status and status.counts.sent else {}
    current = {part.key: part for part in plan.rendering.parts}
    keys = [*current, *(key for key in published if key not in current)]
    return [
        (ledger.load_part(published[key], key) if ledger and key in published else None, current.get(key))
        for key in keys
    ]


def _diff_files(files: Sequence[tuple[str, Part | None, Part]]) -> Iterator[Difference]:
    for channel, old, part in files:
        if old is None:
            yield Difference(channel, "", part.key, "new")
        else:
            yield Difference(channel, "", part.key, "changed", _diff_parts(old, part))


def _diff_messages(plan: DeliveryPlan, parts: Sequence[tuple[Part | None, Part | None]]) -> Iterator[Difference]:
    """Yield the differences at a destination."""
    is_published = any(old for old, _ in parts)
    for old, new in parts:
        if old and new and old.digest == new.digest:
            continue
        kind = "new" if not old else "changed" if new else "gone"
        key = next(part.key for part in (new, old) if part)
        lines = _diff_parts(old, new) if is_published else ()
        yield Difference(plan.key.channel, plan.key.destination, key, kind, lines)


def _diff_parts(old: Part | None, new: Part | None) -> tuple[str, ...]:
    before, after = (extract_lines(part) if part else [] for part in (old, new))
    if before is None or after is None:
        return ()
    return tuple(unified_diff(before, after, lineterm=""))[2:]


def _list_published_texts(
    files: Sequence[tuple[str, Part | None, Part]],
    plans: Sequence[DeliveryPlan],
    sent: Sequence[Sequence[tuple[Part | None, Part | None]]],
    page: str,
) -> Iterator[_PublishedText]:
    """Yield where the published text is known, the most readable first: the issue's page, the messages with the most
    text, then other files, of which feeds also contain other issues."""
    for _, old, new in files:
        if new.key == page:
            yield _PublishedText(page, [(old, new)])
    messages = [
        _PublishedText(f"what was sent to {plan.channel.name}", parts) for plan, parts in zip(plans, sent, strict=True)
    ]
    yield from sorted(messages, key=lambda text: -sum(len(old.body) for old, _ in text.parts if old))
    others = [_PublishedText(new.key, [(old, new)]) for _, old, new in files if new.key != page]
    yield from sorted(others, key=lambda text: "json" in text.parts[0][1].media_type if text.parts[0][1] else False)


def _find_text_change(texts: Iterator[_PublishedText]) -> TextChange | None:
    """Return the change of the first text that has one; None if what readers see is the same."""
    for source, parts in texts:
        if any(old for old, _ in parts):
            old = [line for part, _ in parts if part for line in extract_visible_lines(part)]
            new = [line for _, part in parts if part for line in extract_visible_lines(part)]
            if passages := diff_words(old, new):
                return TextChange(source, passages)
    return None
