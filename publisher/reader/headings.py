"""Finds headings, and determines which one is the title and which are items."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from msgspec import Struct

from publisher.patterns import lazy_pattern
from publisher.reader.blocks import BULLET, NUMBER
from publisher.reader.fields import find_field_kind, parse_only_url, split_label
from publisher.reader.front_matter import is_title_form
from publisher.reader.lines import Line

_HEADING = lazy_pattern(r" {0,3}(#+)(?:\s+(.*?))?(?:\s+#+)?\Z")
_GLUED_HEADING = lazy_pattern(r" {0,3}(#{2,})(?![#\s!])(.*?)(?:\s+#+)?\Z")
_PLAIN_SECTION = lazy_pattern(r"(?:业界新闻|新闻|论文|开源项目|开源|博文|应用|往期回顾)\Z")
ARCHIVE_HEADING = lazy_pattern(r"\s*\[?\s*往期(?:回顾|内容|文章|精选|推荐)?\s*(?:\]\(|\Z)")
_SOURCE = lazy_pattern(r"[^|｜\]]+[|｜][^|｜\]]+\]\(")
_LINKED = lazy_pattern(r"(?:\[[^\]]*\]\s*)*(?:\*\*)?\[[^\]]*\]\s*[(\[]")


class Heading(Struct):
    """A heading: the index of its line, its level (1 to 6) and its text."""

    index: int
    level: int
    text: Line


def find_headings(lines: Sequence[Line]) -> list[Heading]:
    """Return all headings. If there are none, lines with only a common section name count as headings."""
    headings = []
    for index, line in enumerate(lines):
        if line.code or "#" not in line.text[:4]:
            continue
        match = _HEADING.match(line.text) or _GLUED_HEADING.match(line.text)
        if not match:
            continue
        level = len(match[1])
        text = match[2] or ""
        if level > 6 and not is_title_form(text):
            continue
        start = match.start(2) if match[2] else len(line.text)
        text_line = Line(line.number, text, line.column + start)
        headings.append(Heading(index, 1 if level > 6 else level, text_line))
    if not headings:
        for index, line in enumerate(lines):
            if _PLAIN_SECTION.match(line.text) and index + 1 < len(lines):
                headings.append(Heading(index, 2, line))
    return headings


def find_title_heading(headings: Sequence[Heading], front_title: str) -> Heading | None:
    """Return the title: the first heading if it is an H1, unless the front matter has another title."""
    if not headings or headings[0].level != 1:
        return None
    first = headings[0]
    if front_title and not is_title_form(first.text.text) and first.text.text.strip() != front_title.strip():
        return None
    return first


def starts_linked_item(line: Line) -> bool:
    """True for a bullet or number whose text starts with a link, after optional tags."""
    if line.code:
        return False
    marker = BULLET.match(line.text) or NUMBER.match(line.text)
    return marker is not None and _LINKED.match(line.text, marker.end()) is not None


def find_heading_items(headings: Sequence[Heading], lines: Sequence[Line]) -> dict[int, int]:
    """Find headings of level 2 to 6 that are items: map their line numbers to the length of the marker.

    A heading below level 2 is an item if it is linked or numbered, or has a line with only a URL below it; but
    not above a list of linked items, unless it names a source. Those of level 2 that are linked are items if
    there are several, and most have text below them and no such list.
    """
    item_headings: dict[int, int] = {}
    linked_sections: dict[int, int] = {}
    articles = 0
    for heading, following in zip_longest(headings, headings[1:]):
        body = lines[heading.index + 1 : following.index if following else len(lines)]
        text = heading.text.text
        number = NUMBER.match(text)
        marker = number.end() if number else 0
        linked = _LINKED.match(text, marker) is not None
        lists_items = any(starts_linked_item(line) for line in body)
        length = heading.text.column - 1 + marker
        if heading.level == 2:
            if linked and not ARCHIVE_HEADING.match(text):
                linked_sections[heading.text.number] = length
                articles += not lists_items and any(line.text for line in body)
        elif heading.level > 2 and (
            (linked and (not lists_items or _SOURCE.search(text)))
            or (not lists_items and (number or any(_is_url_line(line) for line in body if line.text)))
        ):
            item_headings[heading.text.number] = length
    return item_headings | (linked_sections if articles > 1 and articles * 2 > len(linked_sections) else {})


def _is_url_line(line: Line) -> bool:
    label = split_label(line.text.lstrip())
    rest = line.text.lstrip()[label[1] :] if label else line.text
    url = parse_only_url(rest)
    return bool(url) and (label is None or find_field_kind(label[0], url) is not None)


def find_first_item(lines: Sequence[Line]) -> int:
    """Return where the items of an issue without headings start; the end if it has none."""
    for index, line in enumerate(lines):
        if "热身" in line.text or "开胃" in line.text:
            break
        if starts_linked_item(line):
            return index
    return len(lines)
