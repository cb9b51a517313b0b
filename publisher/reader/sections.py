"""A section's lines as items and free blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from publisher.model import Block, Field, Item, Note, Paragraph, Text
from publisher.reader.blocks import (
    BULLET,
    NUMBER,
    RULE,
    BlockReader,
    is_list,
    is_table,
    starts_block,
    unfinished,
)
from publisher.reader.fields import kind_of, link_url, only_url, split_label
from publisher.reader.head import HeadReader, arxiv_of
from publisher.reader.inlines import Inliner
from publisher.reader.lines import CJK, Line, is_cjk, span
from publisher.reader.notes import opens_note, read_note

_GLUED = re.compile(rf"\s?(?:-(?=[\[【{CJK}])|\*(?=\[))")
_LINKED = re.compile(r"(?:\*\*)?[\[【]")


@dataclass(slots=True)
class Content:
    """What a section holds: nodes in order, and the notes among them."""

    nodes: list[Item | Block] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class SectionReader:
    """Reads the sections of one issue."""

    def __init__(self, inliner: Inliner, blocks: BlockReader, heads: HeadReader) -> None:
        self._inliner = inliner
        self._blocks = blocks
        self._heads = heads

    def read(self, lines: Sequence[Line], headed: dict[int, int]) -> Content:
        """The content of a section; `headed` maps the numbers of heading lines that are items to the
        length of their marker."""
        content = Content()
        starts = _item_starts(lines, headed)
        marks = [*starts, len(lines)]
        self._free(lines[: marks[0]], content)
        loose = _loose_paragraphs(lines, marks)
        for start, end in zip(marks, marks[1:], strict=False):
            stop = _item_stop(
                lines, marks, start, end, loose, by_bullet=not headed and not _numbered(lines[start])
            )
            self._item(lines[start:stop], starts[start], content)
            self._free(lines[stop:end], content)
        return content

    def _free(self, lines: Sequence[Line], content: Content) -> None:
        """Text that belongs to no item."""
        at = begin = 0
        while at < len(lines):
            if opens_note(lines[at]):
                content.nodes.extend(self._blocks.read(lines[begin:at], prose=True))
                note, at = read_note(lines, at, self._inliner)
                content.notes.append(note)
                begin = at
            else:
                at += 1
        content.nodes.extend(self._blocks.read(lines[begin:], prose=True))

    def _item(self, lines: Sequence[Line], cut: int, content: Content) -> None:
        head_end = _head_end(lines)
        first = lines[0].cut(cut)
        text = " ".join([first.text.strip(), *(line.text.strip() for line in lines[1:head_end])])
        start = len(first.text) - len(first.text.lstrip())
        head = self._heads.read(Line(first.number, text, first.column + start, first.hard))
        body = _Body(self._inliner, self._blocks)
        body.read(lines[head_end:], content.notes)
        url = head.url
        content.nodes.append(
            Item(
                title=head.title,
                url=url,
                tags=tuple(head.tags),
                repo=head.repo,
                arxiv=arxiv_of(head.tags, url),
                source=head.source,
                authors=head.authors,
                extras=tuple(head.extras),
                tail=head.tail,
                fields=tuple(body.fields),
                body=tuple(body.blocks),
                pos=span(lines[:head_end]),
            )
        )


class _Body:
    """The lines of an item below its head: labelled lines become fields, the rest blocks."""

    def __init__(self, inliner: Inliner, blocks: BlockReader) -> None:
        self._inliner = inliner
        self._blocks = blocks
        self.fields: list[Field] = []
        self.blocks: list[Block] = []

    def read(self, lines: Sequence[Line], notes: list[Note]) -> None:
        at = begin = 0
        while at < len(lines):
            if lines[at].code or not lines[at].text:
                at += 1
                continue
            if opens_note(lines[at]):
                self.blocks.extend(self._blocks.read(lines[begin:at]))
                note, at = read_note(lines, at, self._inliner)
                notes.append(note)
                begin = at
            elif found := self._field(lines, at):
                self.blocks.extend(self._blocks.read(lines[begin:at]))
                self._add(found[0])
                at = begin = at + found[1]
            else:
                at += 1
        self.blocks.extend(self._blocks.read(lines[begin:]))

    def _add(self, found: Field) -> None:
        if found.kind == "summary" and any(known.kind == "summary" for known in self.fields):
            self.blocks.append(Paragraph((Text(f"{found.label}："), *found.value), found.pos))
        else:
            self.fields.append(found)

    def _field(self, lines: Sequence[Line], at: int) -> tuple[Field, int] | None:
        """The field at a line and the number of lines it takes; None for prose."""
        line = lines[at]
        following = lines[at + 1].text if at + 1 < len(lines) else ""
        text = line.text.lstrip()
        labelled = split_label(text)
        if not labelled:
            return None
        label, start = labelled
        rest = text[start:]
        used = 1
        if not rest and (url := only_url(following)):
            rest, used = url, 2
        elif unfinished(rest, following):
            rest, used = f"{rest} {following.strip()}", 2
        pos = span(lines[at : at + used])
        value = self._inliner.read(rest, pos)
        address = only_url(rest) or link_url(value)
        kind = kind_of(label, address)
        if kind is None or (not address and (is_list(line) or line.indent >= 4)):
            return None
        return Field(label, kind, value, address or None, pos), used


def _numbered(line: Line) -> bool:
    return NUMBER.match(line.text) is not None


def _marker(line: Line) -> int:
    """The length of a bullet that can open an item; 0 without one."""
    if line.code or RULE.match(line.text) or line.indent > 1:
        return 0
    found = BULLET.match(line.text) or _GLUED.match(line.text)
    if not found or (line.indent == 1 and not _LINKED.match(line.text, found.end())):
        return 0
    return found.end()


def _item_starts(lines: Sequence[Line], headed: dict[int, int]) -> dict[int, int]:
    """Where items start: index of the head line to the length of its marker."""
    if headed:
        return {index: headed[line.number] for index, line in enumerate(lines) if line.number in headed}
    bullets = {index: cut for index, line in enumerate(lines) if (cut := _marker(line))}
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


def _head_end(lines: Sequence[Line]) -> int:
    """How many lines the head takes: a link broken over two lines, or a sentence wrapped by hand."""
    end = 1
    if end < len(lines) and lines[end].text and unfinished(lines[0].text, lines[end].text):
        end += 1
    while end < len(lines) and lines[end].text and not lines[end].code and lines[end].indent >= 2:
        before, line = lines[end - 1], lines[end]
        if before.hard or is_list(line) or starts_block(lines, end) or split_label(line.text.lstrip()):
            break
        if is_cjk(before.text[-1:]) or is_cjk(line.text.lstrip()[:1]):
            break
        end += 1
    return end


def _is_plain(lines: Sequence[Line], at: int) -> bool:
    """True for a line of running text at the margin."""
    line = lines[at]
    if line.indent > 0 or starts_block(lines, at) or is_table(lines, at) or opens_note(line):
        return False
    labelled = split_label(line.text)
    return labelled is None or kind_of(labelled[0], only_url(line.text[labelled[1] :])) is None


def _loose_paragraphs(lines: Sequence[Line], marks: Sequence[int]) -> dict[int, int]:
    """For each item followed by a blank line and running text: where that text starts."""
    found = {}
    for start, end in zip(marks, marks[1:], strict=False):
        for index in range(start + 2, end):
            if lines[index].text and not lines[index - 1].text and _is_plain(lines, index):
                found[start] = index
                break
    return found


def _item_stop(
    lines: Sequence[Line],
    marks: Sequence[int],
    start: int,
    end: int,
    loose: dict[int, int],
    *,
    by_bullet: bool,
) -> int:
    """Where an item ends: at a rule, or before text that comments on the list and not on the item.

    Text after a blank line belongs to the item, except behind the last item once that has its summary,
    and in a list of one-line items where such text is rare.
    """
    rule = next((i for i in range(start + 1, end) if not lines[i].code and RULE.match(lines[i].text)), end)
    if not by_bullet or start not in loose:
        return rule
    at = loose[start]
    last = end == marks[-1]
    if last and any((label := split_label(line.text.lstrip())) and kind_of(label[0], None) == "summary"
                    for line in lines[start + 1 : at]):  # fmt: skip
        return min(rule, at)
    one_liners = all(
        begin + 1 >= stop or not lines[begin + 1].text or lines[begin + 1].indent >= 2
        for begin, stop in zip(marks, marks[1:], strict=False)
    )
    complete = "](" in lines[start].text or "][" in lines[start].text
    rare = len(loose) * 2 < len(marks) - 1
    return min(rule, at) if one_liners and complete and rare else rule
