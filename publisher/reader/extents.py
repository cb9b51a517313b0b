"""Where the items of a section start and stop."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from publisher.dataclass import dataclass
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import BULLET, NUMBER, RULE, starts_block, starts_table
from publisher.reader.fields import find_field_kind, parse_only_url, split_label
from publisher.reader.lines import Line
from publisher.reader.notes import opens_note

_GLUED = lazy_pattern(r"\s?(?:-(?=[^\x00-\x7f]|\[)|\*(?=\[))")
_LINKED = lazy_pattern(r"(?:\*\*)?[\[【]")


@dataclass(frozen=True, slots=True)
class ItemExtent:
    """The lines of one item, as indices; `marker` is the length of its bullet, number or hashes."""

    start: int
    stop: int
    marker: int


def find_item_extents(lines: Sequence[Line], item_headings: dict[int, int]) -> list[ItemExtent]:
    """The items of a section in order. `headed` maps the numbers of heading lines that are items to the
    length of their marker; without any, bullets are items, or else numbers.

    An item ends at a rule. Running text after a blank line belongs to it, except where that text comments
    on a list of bullets as a whole: behind the last item once that has its summary, and in a list of
    one-line items where such text is rare.
    """
    starts = _find_item_starts(lines, item_headings)
    marks = [*starts, len(lines)]
    comments = (
        {}
        if item_headings or (starts and NUMBER.match(lines[marks[0]].text))
        else _find_comments(lines, marks)
    )
    found = []
    for start, end in pairwise(marks):
        rule = next(
            (i for i in range(start + 1, end) if not lines[i].code and RULE.match(lines[i].text)), end
        )
        found.append(ItemExtent(start, min(rule, comments.get(start, end)), starts[start]))
    return found


def _find_item_starts(lines: Sequence[Line], item_headings: dict[int, int]) -> dict[int, int]:
    """Where items start: index of the head line to the length of its marker."""
    if item_headings:
        return {
            index: item_headings[line.number]
            for index, line in enumerate(lines)
            if line.number in item_headings
        }
    bullets = {index: cut for index, line in enumerate(lines) if (cut := _measure_marker(line))}
    numbers = {
        index: found.end()
        for index, line in enumerate(lines)
        if not line.code and line.indent <= 1 and (found := NUMBER.match(line.text))
    }
    linked = any(_LINKED.match(lines[index].text, cut) for index, cut in numbers.items())
    enumerated = any("、" in lines[index].text[:cut] for index, cut in numbers.items())
    if numbers and (linked or (enumerated and not bullets)) and (not bullets or min(numbers) < min(bullets)):
        return numbers
    return bullets


def _measure_marker(line: Line) -> int:
    """The length of a bullet that can open an item; 0 without one."""
    if line.code or RULE.match(line.text) or line.indent > 1:
        return 0
    found = BULLET.match(line.text) or _GLUED.match(line.text)
    if not found or (line.indent == 1 and not _LINKED.match(line.text, found.end())):
        return 0
    return found.end()


def _find_comments(lines: Sequence[Line], marks: Sequence[int]) -> dict[int, int]:
    """The items that end before a comment on the list: index of the item to where the comment starts."""
    loose = {start: at for start, end in pairwise(marks) if (at := _find_loose_text(lines, start, end))}
    if not loose:
        return {}
    one_liners = all(_is_one_line_item(lines, start, end) for start, end in pairwise(marks))
    rare = len(loose) * 2 < len(marks) - 1
    last = marks[-2]
    return {
        start: at
        for start, at in loose.items()
        if (start == last and _contains_summary_line(lines[start + 1 : at]))
        or (one_liners and rare and ("](" in lines[start].text or "][" in lines[start].text))
    }


def _find_loose_text(lines: Sequence[Line], start: int, end: int) -> int | None:
    """Where running text at the margin follows a blank line, inside an item."""
    return next(
        (
            i
            for i in range(start + 2, end)
            if lines[i].text and not lines[i - 1].text and _is_running_text(lines, i)
        ),
        None,
    )


def _is_one_line_item(lines: Sequence[Line], start: int, end: int) -> bool:
    """True for an item with nothing attached to its head but wrapped text."""
    return start + 1 >= end or not lines[start + 1].text or lines[start + 1].indent >= 2


def _contains_summary_line(lines: Sequence[Line]) -> bool:
    labels = (split_label(line.text.lstrip()) for line in lines)
    return any(found and find_field_kind(found[0], None) == "summary" for found in labels)


def _is_running_text(lines: Sequence[Line], at: int) -> bool:
    """True for a line of running text at the margin."""
    line = lines[at]
    if line.indent > 0 or starts_block(lines, at) or starts_table(lines, at) or opens_note(line):
        return False
    labelled = split_label(line.text)
    return labelled is None or find_field_kind(labelled[0], parse_only_url(line.text[labelled[1] :])) is None
