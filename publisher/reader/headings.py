"""Finds headings, and determines which one is the title and which are items."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from msgspec import Struct

from publisher.model import Dropped, Pos
from publisher.patterns import lazy_pattern
from publisher.reader.fields import find_field_kind, parse_only_url, split_label
from publisher.reader.front_matter import is_title_form
from publisher.reader.lines import Line
from publisher.reader.marks import BULLET, CODE_INDENT, HEADING, NUMBER, UNDERLINE, is_list_line, starts_block
from publisher.reader.notes import opens_note

_GLUED_HEADING = lazy_pattern(r" {0,3}(#{2,})(?![#\s!])(.*?)(?:(?<!\s)\s+#+)?\Z")
_PLAIN_SECTION = lazy_pattern(r"(?:业界新闻|新闻|论文|开源项目|开源|博文|应用|往期回顾)\Z")
# attributes after a heading: Pandoc, Hugo, mdBook
_ATTRIBUTES = lazy_pattern(r"(?<!\s)\s*\{(?:\s*+(?:[.#][\w:.-]++|[\w-]++=(?:\"[^\"]*+\"|'[^']*+'|[^\s}]++)))++\s*\}\Z")
ARCHIVE_HEADING = lazy_pattern(r"\s*(?:\[\s*)?往期(?:回顾|内容|文章|精选|推荐)?\s*(?:\]\(|\Z)")
_SOURCE = lazy_pattern(r"[^|｜\]][|｜][^|｜\]]+\]\(")
_YAML_KEY = lazy_pattern(r"[A-Za-z_][\w-]*:\s")
_SENTENCE_ENDS = "。；，、：.;,:…"
_RULE_LENGTH = 3
_LINKED = lazy_pattern(r"(?:\[[^\]]*\]\s*)*(?:\*\*)?\[[^\]]*\]\s*[(\[]")


class HeadingLine(Struct):
    """A heading: the index of its line and the one after it, its level (1 to 6), text and position.

    `dropped` are the attributes after its text, which only a converter to HTML would use.
    """

    index: int
    level: int
    text: Line
    end: int
    pos: Pos
    dropped: tuple[Dropped, ...] = ()


class ItemStart(Struct, frozen=True):
    """How an item starts: the length of its marker, and the number of lines of its head with its underline.

    That number is 0 if the head is not underlined.
    """

    marker: int
    underlined: int = 0


def find_headings(lines: Sequence[Line]) -> list[HeadingLine]:
    """Return all headings. If there are none, lines with only a common section name count as headings."""
    headings: list[HeadingLine] = []
    underlined: list[HeadingLine] = []
    for index, line in enumerate(lines):
        if line.code or "#" not in line.text[:4]:
            if (
                line.text[:1] in ("=", "-")
                and not line.text.strip("=-")
                and (heading := _match_underlined(lines, index))
            ):
                underlined.append(heading)
            continue
        match = HEADING.match(line.text) or _GLUED_HEADING.match(line.text)
        if not match:
            continue
        if line.text[0] == " " and _is_inside_list_item(lines, index):
            continue
        level = len(match[1])
        text = match[2] or ""
        if level > 6 and not is_title_form(text):
            continue
        start = match.start(2) if match[2] else len(line.text)
        headings.append(_build_heading(index, 1 if level > 6 else level, line, text, start))
    headings = _merge_underlined(headings, underlined)
    if not headings:
        for index, line in enumerate(lines):
            if _PLAIN_SECTION.match(line.text) and index + 1 < len(lines):
                headings.append(HeadingLine(index, 2, line, index + 1, line.pos))
    return headings


def _is_inside_list_item(lines: Sequence[Line], index: int) -> bool:
    """True for an indented heading that belongs to the list item above it, as in Markdown."""
    indent = lines[index].indent
    above = next((line for line in reversed(lines[:index]) if line.text and line.indent < indent), None)
    if above is None or not is_list_line(above):
        return False
    bullet = BULLET.match(above.text)
    marker = bullet or NUMBER.match(above.text)
    return marker is not None and indent >= marker.end(2) + (1 if bullet else 2)


def _build_heading(index: int, level: int, line: Line, text: str, start: int) -> HeadingLine:
    text_line = Line(line.number, text, line.column + start)
    dropped: tuple[Dropped, ...] = ()
    if text.endswith("}") and (attributes := _ATTRIBUTES.search(text)):
        cut = attributes.start()
        place = Pos(line.number, text_line.column + cut, line.number, text_line.column + len(text))
        dropped = (Dropped("attributes", attributes[0].strip(), inline=True, pos=place),)
        text_line = Line(line.number, text[:cut].rstrip(), text_line.column)
    return HeadingLine(index, level, text_line, index + 1, text_line.pos, dropped)


def _match_underlined(lines: Sequence[Line], index: int) -> HeadingLine | None:
    """Return the heading whose underline is at `index`.

    A line of dashes is also a rule below the text of an item, a field or the footer. It is an underline only
    below a line of its own that ends no sentence and no label. Others underline all lines of the paragraph above.
    """
    underline, above = lines[index], lines[index - 1] if index else lines[index]
    match = UNDERLINE.match(underline.text) if not underline.text.strip("=-") else None
    if not match or underline.code or not index or not above.text or above.indent >= CODE_INDENT:
        return None
    if not _is_heading_text(lines, index - 1) or (above.text[0] == " " and _is_inside_list_item(lines, index - 1)):
        return None
    if not match[1]:
        before = lines[index - 2] if index > 1 else None
        if (before and before.text and not before.code) or above.text[-1] in _SENTENCE_ENDS or opens_note(above):
            return None
        if (label := split_label(above.text)) and (label[1] == len(above.text) or find_field_kind(label[0], None)):
            return None
        if len(underline.text.strip()) < 3 or (index < 3 and _YAML_KEY.match(above.text)):
            return None
    start = index - 1
    while start and match[1] and _is_heading_text(lines, start - 1) and lines[start - 1].indent < CODE_INDENT:
        start -= 1
    first = lines[start]
    text = " ".join(line.text.strip() for line in lines[start:index])
    heading = _build_heading(start, 1 if match[1] else 2, first, text, first.pos.column - first.column)
    heading.end = index + 1
    heading.pos = Pos(first.number, heading.pos.column, underline.number, underline.pos.end_column)
    return heading


def _is_heading_text(lines: Sequence[Line], at: int) -> bool:
    """True for a line that can be part of the text above an underline."""
    line = lines[at]
    if not line.text or line.code or UNDERLINE.match(line.text) or starts_block(lines, at):
        return False
    return not line.text.lstrip().startswith(("##", "|", "<")) and not opens_note(line)


def _merge_underlined(headings: list[HeadingLine], underlined: list[HeadingLine]) -> list[HeadingLine]:
    """Add the headings with underlines. Three dashes are a rule if the issue has sections with hashes."""
    has_hashes = any(heading.level > 1 for heading in headings)
    kept = [h for h in underlined if h.level == 1 or not has_hashes or h.pos.end_column - 1 > _RULE_LENGTH]
    return sorted([*headings, *kept], key=lambda heading: heading.index) if kept else headings


def find_title_heading(headings: Sequence[HeadingLine], front_title: str) -> HeadingLine | None:
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


def find_heading_items(headings: Sequence[HeadingLine], lines: Sequence[Line]) -> dict[int, ItemStart]:
    """Find headings of level 2 to 6 that are items: map their line numbers to how these start.

    A heading below level 2 is an item if it is linked or numbered, or has a line with only a URL below it; but
    not above a list of linked items, unless it names a source; nor if it only has a number, like another of its
    level that is above such a list. Those of level 2 that are linked are items if
    there are several, and most have text below them and no such list.
    """
    item_headings: dict[int, ItemStart] = {}
    linked_sections: dict[int, ItemStart] = {}
    numbered: dict[int, int] = {}  # the level of those that only have a number, by line
    levels_of_sections: set[int] = set()  # those at which one of them is above a list
    articles = 0
    for heading, following in zip_longest(headings, headings[1:]):
        if heading.level < 2:
            continue
        body = lines[heading.end : following.index if following else len(lines)]
        text = heading.text.text
        number = NUMBER.match(text)
        marker = number.end() if number else 0
        linked = _LINKED.match(text, marker) is not None
        lists_items = any(starts_linked_item(line) for line in body)
        height = heading.end - heading.index
        item = ItemStart(heading.text.column - lines[heading.index].column + marker, height if height > 1 else 0)
        if heading.level == 2:
            if linked and not ARCHIVE_HEADING.match(text):
                linked_sections[heading.text.number] = item
                articles += not lists_items and any(line.text for line in body)
            continue
        if number and not linked:
            numbered[heading.text.number] = heading.level
            if lists_items:
                levels_of_sections.add(heading.level)
        if (linked and (not lists_items or _SOURCE.search(text))) or (
            not lists_items and (number or any(_is_url_line(line) for line in body if line.text))
        ):
            item_headings[heading.text.number] = item
    for line_number, level in numbered.items():
        if level in levels_of_sections:
            item_headings.pop(line_number, None)
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
