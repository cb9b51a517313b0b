"""Writes the contents of an issue: its items, or of many items the sections with their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from publisher import model as m
from publisher.channels.email.wrapping import TextBuffer, fits, truncate_to_columns
from publisher.mail_address import clean_text
from publisher.outline import OutlineSection

# a longer list would push the text too far down
_MAX_LISTED_ITEMS = 20
_COLUMN_GAP = 2
_SEPARATOR = " ·"


def write_contents(buffer: TextBuffer, sections: Sequence[OutlineSection], labels: Mapping[str, str]) -> None:
    """Write the titles of sections and items, one per line; with many items, the sections and their numbers."""
    total = sum(len(section.items) for section in sections)
    if not total and sum(1 for section in sections if section.title) < 2:
        return
    buffer.write_blank()
    buffer.write_blank()
    buffer.write(labels["contents"])
    buffer.write_blank()
    if total > _MAX_LISTED_ITEMS:
        _write_ranges(buffer, sections)
    else:
        _write_items(buffer, sections)


def _write_items(buffer: TextBuffer, sections: Sequence[OutlineSection]) -> None:
    top = min((section.level for section in sections if section.title), default=0)
    for section in sections:
        if title := clean_text(m.plain(section.title)):
            buffer.lines.append(truncate_to_columns("  " * (section.level - top) + title, buffer.width))
        for item in section.items:
            number = f" {item.number:2d}. "
            name = clean_text(item.name) or item.id
            buffer.lines.append(number + truncate_to_columns(name, buffer.width - len(number)))


def _write_ranges(buffer: TextBuffer, sections: Sequence[OutlineSection]) -> None:
    """Write each section of the top level after the numbers of its items, and the sections below it together."""
    groups = [(_format_range(group), group) for group in _group_sections(sections)]
    width = max(len(numbers) for numbers, _ in groups) + _COLUMN_GAP
    for numbers, group in groups:
        names = [name for section in group if (name := clean_text(m.plain(section.title)))]
        title, *below = names if group[0].title else ["", *names]
        if numbers or names:
            buffer.write(title, numbers.ljust(width), " " * width)
        for line in _fill_lines(below, buffer.width - width):
            buffer.write(line, " " * width, " " * width)


def _fill_lines(names: Sequence[str], width: int) -> Iterator[str]:
    """Yield the names, as many on a line as fit."""
    line = ""
    for name in names:
        longer = f"{line}{_SEPARATOR} {name}" if line else name
        if line and not fits(longer + _SEPARATOR, width):
            yield line + _SEPARATOR
            longer = name
        line = longer
    if line:
        yield line


def _group_sections(sections: Sequence[OutlineSection]) -> Iterator[list[OutlineSection]]:
    """Yield each section of the top level with those below it. A single one that all others are below does not count
    as a level."""
    levels = sorted(section.level for section in sections if section.title)
    top = levels[min(1, len(levels) - 1)] if levels else 0
    group: list[OutlineSection] = []
    for section in sections:
        if group and section.title and section.level <= top:
            yield group
            group = []
        group.append(section)
    yield group


def _format_range(sections: Sequence[OutlineSection]) -> str:
    numbers = [item.number for section in sections for item in section.items]
    return "–".join(map(str, dict.fromkeys([*numbers[:1], *numbers[-1:]])))
