"""A section's lines as items and free blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from publisher.dataclass import dataclass
from publisher.model import Block, Field, Item, Note, Paragraph, Text
from publisher.reader.blocks import (
    BlockReader,
    is_list,
    starts_block,
    unfinished,
)
from publisher.reader.extents import extents
from publisher.reader.fields import kind_of, link_url, only_url, split_label
from publisher.reader.inlines import Inliner
from publisher.reader.item_head import HeadReader, arxiv_of
from publisher.reader.lines import Line, is_cjk, span
from publisher.reader.notes import opens_note, read_note


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
        at = 0
        for extent in extents(lines, headed):
            self._free(lines[at : extent.start], content)
            self._item(lines[extent.start : extent.stop], extent.marker, content)
            at = extent.stop
        self._free(lines[at:], content)
        return content

    def read_free(self, lines: Sequence[Line]) -> Content:
        """Blocks and notes of lines among which no items are looked for."""
        content = Content()
        self._free(lines, content)
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
        if kind is None or (not address and kind != "summary" and (is_list(line) or line.indent >= 4)):
            return None
        return Field(label, kind, value, address or None, pos), used


def _head_end(lines: Sequence[Line]) -> int:
    """How many lines the head takes: a link broken over two lines, or a sentence wrapped by hand."""
    end = 1
    if end < len(lines) and lines[end].text and unfinished(lines[0].text, lines[end].text):
        end += 1
    while end < len(lines) and lines[end].text and not lines[end].code and lines[end].indent >= 2:
        before, line = lines[end - 1], lines[end]
        if (
            before.hard
            or line.text.lstrip().startswith(("![", "<img"))
            or is_list(line)
            or starts_block(lines, end)
            or split_label(line.text.lstrip())
        ):
            break
        if is_cjk(before.text[-1:]) or is_cjk(line.text.lstrip()[:1]):
            break
        end += 1
    return end
