"""Finds where the items of a section start and end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from publisher.patterns import lazy_pattern
from publisher.reader.fields import find_field_kind, parse_only_url, split_label
from publisher.reader.headings import ItemStart
from publisher.reader.lines import Line
from publisher.reader.marks import BULLET, FENCE, NUMBER, RULE, TASK, measure_markers, starts_block
from publisher.reader.notes import opens_note

_GLUED = lazy_pattern(r"\s?(?:-(?=[^\x00-\x7f]|\[)|\*(?=\[))")
_ASTERISK = lazy_pattern(r"(?<![*\\])\*(?!\*)")
_LINKED = lazy_pattern(r"(?:\*\*)?[\[【]")
_HASHES = lazy_pattern(r"#{1,6}\s+(?=\S)")
_BLOCK_MARKS = (">", "```", "~~~", "- ", "* ", "+ ")
"""What starts a block in the first line of a list item, which is then no item of the newsletter."""


def find_item_extents(
    lines: Sequence[Line], item_headings: dict[int, ItemStart]
) -> Iterator[tuple[int, int, ItemStart]]:
    """Yield for each item of a section its first line, the line after it, and how it starts.

    `item_headings` maps line numbers of headings that are items to how these start; without any, or before the
    first, bullets are items, or else numbers. A task is no item, nor is a bullet before a quote, code or another
    bullet; an item ends there, and at a rule. Text after a blank line belongs to the item, unless it comments on
    the whole list: after the last item if that already has a summary, and in a list of one-line items where such
    text is rare.
    """
    starts = _find_item_starts(lines, item_headings)
    marks = [*starts, len(lines)]
    is_numbered = bool(item_headings or (starts and NUMBER.match(lines[marks[0]].text)))
    comments = {} if is_numbered else _find_comments(lines, marks)
    for start, end in pairwise(marks):
        below = start + (starts[start].underlined or 1)
        stop = _find_item_end(lines, below, end, is_numbered=is_numbered)
        yield start, min(stop, comments.get(start, end)), starts[start]


def _find_item_end(lines: Sequence[Line], start: int, end: int, *, is_numbered: bool) -> int:
    """Return where a rule, a task or a list of blocks ends an item whose lines below its head begin at `start`;
    else `end`."""
    for index in range(start, end):
        line = lines[index]
        text = line.text
        if line.code or line.indent > 1:
            continue
        # fast path: most lines cannot be one
        if (text[-1:] in ("-", "*", "_") or "] " in text[:8]) and (RULE.match(text) or _is_task(line)):
            return index
        if text[:1] in ("-", "*", "+") and not is_numbered and _holds_block(line):
            return index
    return end


def _holds_block(line: Line) -> bool:
    """True for a bullet at the margin with a quote, code or another bullet behind it."""
    bullet = BULLET.match(line.text)
    return bullet is not None and line.text.startswith(_BLOCK_MARKS, bullet.end())


def _is_task(line: Line) -> bool:
    """True for an entry of a task list at the margin."""
    bullet = BULLET.match(line.text) if line.indent <= 1 else None
    return bullet is not None and TASK.match(line.text, bullet.end()) is not None


def _find_item_starts(lines: Sequence[Line], item_headings: dict[int, ItemStart]) -> dict[int, ItemStart]:
    """Map the index of the first line of each item to how it starts."""
    if item_headings:
        numbered = ((index, item_headings.get(line.number)) for index, line in enumerate(lines) if line.text)
        headings = {index: item for index, item in numbered if item}
        return {**_find_item_starts(lines[: min(headings)], {}), **headings}
    bullets = {index: ItemStart(cut) for index in range(len(lines)) if (cut := _measure_marker(lines, index))}
    numbers = {
        index: ItemStart(match.end())
        for index, line in enumerate(lines)
        if (match := NUMBER.match(line.text))
        and not line.code
        and line.indent <= 1
        and not line.text.startswith(_BLOCK_MARKS, match.end())
    }
    linked = any(_LINKED.match(lines[index].text, start.marker) for index, start in numbers.items())
    enumerated = any("、" in lines[index].text[: start.marker] for index, start in numbers.items())
    if numbers and (linked or (enumerated and not bullets)) and (not bullets or min(numbers) < min(bullets)):
        return numbers
    return bullets


def _measure_marker(lines: Sequence[Line], at: int) -> int:
    """Return the length of a bullet that can start an item; 0 if there is none."""
    line = lines[at]
    first = line.text[:1]
    if line.code or not (first in ("-", "*", "+", "•") or first.isspace()) or line.indent > 1:
        return 0
    if RULE.match(line.text) or ("] " in line.text[:8] and _is_task(line)):
        return 0
    match = BULLET.match(line.text) or _GLUED.match(line.text)
    if (
        not match
        or line.text.startswith(_BLOCK_MARKS, match.end())
        or (("```" in line.text or "~~~" in line.text) and FENCE.match(line.text, measure_markers(line)))
        or (line.indent == 1 and not _LINKED.match(line.text, match.end()))
    ):
        return 0
    if match[0].endswith("*") and _is_italic(lines, at, match.end()):
        return 0
    hashes = _HASHES.match(line.text, match.end())
    return hashes.end() if hashes else match.end()


def _is_italic(lines: Sequence[Line], at: int, start: int) -> bool:
    """Return whether the asterisk before `start` has its partner in the same paragraph, and so is no bullet."""
    end = next((i for i in range(at + 1, len(lines)) if not lines[i].text or starts_block(lines, i)), len(lines))
    text = "\n".join([lines[at].text[start:], *(line.text for line in lines[at + 1 : end])])
    depth = 1
    for mark in _ASTERISK.finditer(text):
        before, after = text[mark.start() - 1 : mark.start()], text[mark.end() : mark.end() + 1]
        if before and not before.isspace() and not after.isalnum():
            depth -= 1
        elif after and not after.isspace() and not before.isalnum():
            depth += 1
        if depth == 0:
            return True
    return False


def _find_comments(lines: Sequence[Line], marks: Sequence[int]) -> dict[int, int]:
    """Find comments on the whole list: map the index of the item before each to where the comment starts."""
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
    """Return where running text at the margin follows a blank line inside an item."""
    return next(
        (i for i in range(start + 2, end) if lines[i].text and not lines[i - 1].text and _is_running_text(lines, i)),
        None,
    )


def _is_one_line_item(lines: Sequence[Line], start: int, end: int) -> bool:
    """True for an item that has only its head, possibly wrapped."""
    return start + 1 >= end or not lines[start + 1].text or lines[start + 1].indent >= 2


def _contains_summary_line(lines: Sequence[Line]) -> bool:
    labels = (split_label(line.text.lstrip()) for line in lines)
    return any(label and find_field_kind(label[0], None) == "summary" for label in labels)


def _is_running_text(lines: Sequence[Line], at: int) -> bool:
    """True for a line of running text at the margin."""
    line = lines[at]
    if line.indent > 0 or starts_block(lines, at) or opens_note(line):
        return False
    label = split_label(line.text)
    return label is None or find_field_kind(label[0], parse_only_url(line.text[label[1] :])) is None
