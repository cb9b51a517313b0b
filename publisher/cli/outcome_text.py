"""The sentences about a run: one for all channels that it is true of, what a dry run would change, what comes next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from publisher.cli.output import plural
from publisher.events import ChannelOutcome, Outcome, Request
from publisher.patterns import lazy_pattern

_MAX_LISTED = 5
"""So many files of a channel are named in a dry run."""

_NAME = "\0"
"""Stands for the name of a channel in a sentence."""

_CHANNEL_PREFIX = lazy_pattern(r"([a-z][a-z0-9_-]*): ")


def group_by_sentence(sentences: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield channels and what is said of them, each sentence once: `rss, web` if it is true of both.

    `sentences` are pairs of a channel and what is said of it. Sentences that only differ in the name of their channel,
    at their beginning, in `--channel` or in `[channels.NAME]`, are the same; then all are named there.
    """
    groups: dict[str, list[str]] = {}
    for channel, text in sentences:
        own = re.compile(rf"(^|--channel |\[channels\.){re.escape(channel)}(?![\w.-])", re.MULTILINE)
        groups.setdefault(own.sub(rf"\1{_NAME}", text), []).append(channel)
    for text, channels in groups.items():
        names = [*dict.fromkeys(channels)]
        tables = ", ".join(f"[channels.{name}]" for name in names)
        named = text.replace(f"[channels.{_NAME}]", tables).replace(
            f"--channel {_NAME}", f"--channel {','.join(names)}"
        )
        yield ", ".join(names), named.replace(_NAME, ", ".join(names))


def group_warnings(messages: Iterable[str]) -> Iterator[str]:
    """Yield warnings, those that begin with the name of a channel grouped like other sentences."""
    sentences: list[tuple[str, str]] = []
    for message in dict.fromkeys(messages):
        if match := _CHANNEL_PREFIX.match(message):
            sentences.append((match[1], message[match.end() :]))
        else:
            yield message
    yield from (f"{channels}: {text}" for channels, text in group_by_sentence(sentences))


def is_about_channel(message: str) -> bool:
    """Return whether a warning begins with the name of a channel."""
    return bool(_CHANNEL_PREFIX.match(message))


def format_changes(channel: ChannelOutcome) -> str:
    """Return what a dry run would change on a channel: its messages, or its files, new ones first."""
    if channel.sent or channel.changed:
        sent, changed = (f"{number:,} {plural(number, 'message')}" for number in (channel.sent, channel.changed))
        sending = f"{sent} to {channel.destination}" if channel.sent else ""
        place = "" if channel.sent else f" in {channel.destination}"
        return ", ".join(filter(None, (sending, f"{changed} changed{place}" if channel.changed else "")))
    files = [key for key in channel.written if key.rpartition(".")[0] not in channel.written]  # without .gz and .br
    new = sum(key in channel.created for key in files)
    noun = "page" if all(key.endswith(".html") for key in files) else "file"
    counts = (
        f"{new:,} {plural(new, noun)} new" if new else "",
        f"{len(files) - new:,} {plural(len(files) - new, noun) if not new else ''}".strip() + " changed"
        if len(files) > new
        else "",
    )
    return f"{', '.join(filter(None, counts))}: {format_paths(sorted(files))}"


def format_paths(keys: Sequence[str]) -> str:
    """Join paths, each folder named once: public/feed.xml, atom.xml. Of many, the first are named."""
    parts, previous_folder = [], ""
    for key in keys[:_MAX_LISTED]:
        folder, slash, name = key.rpartition("/")
        parts.append(name if slash and folder == previous_folder else key)
        previous_folder = folder
    more = f" and {len(keys) - _MAX_LISTED:,} more" if len(keys) > _MAX_LISTED else ""
    return f"{', '.join(parts)}{more}"


def format_next_step(outcome: Outcome, request: Request) -> str:
    """Return what to open or to type after a run; "" if nothing is to be said, or an error says it already."""
    if outcome.previews:
        return f"look at {_format_below(request, _choose_views(outcome.previews))}"
    if request.dry_run or outcome.exit_code:
        return ""
    written = [key for channel in outcome.channels.values() for key in channel.issue_files]
    return f"open {_format_below(request, _choose_views(written))}" if written else ""


def _choose_views(keys: Sequence[str]) -> list[str]:
    """Return, of the files in each folder, the one that people look at; of several folders, the one above them."""
    by_folder: dict[PurePosixPath, list[str]] = {}
    for key in keys:
        by_folder.setdefault(PurePosixPath(key).parent, []).append(key)
    by_place: dict[PurePosixPath, list[str]] = {}
    for folder, names in by_folder.items():
        by_place.setdefault(folder.parent, []).append(min(names, key=_rank_view))
    return [views[0] if len(views) == 1 else f"{place}/" for place, views in by_place.items()]


def _rank_view(key: str) -> int:
    path = PurePosixPath(key)
    if path.name == "preview.html":
        return 0
    return {".html": 1, ".txt": 2}.get(path.suffix, 3)


def _format_below(request: Request, keys: Sequence[str]) -> str:
    return ", ".join(f"{request.out}/{key}" if request.out else key for key in keys)


def explain_unchanged(outcome: Outcome, request: Request) -> str:
    """Return why there was nothing to do, and what will be next."""
    if request.retry:
        return "nothing to do: nothing has failed, and nothing waits"
    if any(channel.held_reason for channel in outcome.channels.values()):
        return "nothing to do: what is published stays as it is"
    when = f"published {outcome.published} and unchanged since" if outcome.published else "published and unchanged"
    coming = f"; the next issue is dated {outcome.next_date}" if outcome.next_date else ""
    return f"nothing to do: {when}{coming}"
