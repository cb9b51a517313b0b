"""A section's lines as items and free blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from publisher.dataclass import dataclass
from publisher.model import Block, Field, Item, Note, Paragraph, Text
from publisher.reader.blocks import (
    BlockReader,
    is_list_line,
    is_unfinished,
    starts_block,
)
from publisher.reader.extents import find_item_extents
from publisher.reader.fields import find_field_kind, find_only_link_url, parse_only_url, split_label
from publisher.reader.inlines import InlineReader
from publisher.reader.item_head import ItemHeadReader, find_arxiv_id
from publisher.reader.lines import Line, compute_span, is_cjk
from publisher.reader.notes import opens_note, read_note


@dataclass(slots=True)
class SectionContent:
    """What a section holds: nodes in order, and the notes among them."""

    nodes: list[Item | Block] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class SectionReader:
    """Reads the sections of one issue."""

    def __init__(self, inline_reader: InlineReader, blocks: BlockReader, heads: ItemHeadReader) -> None:
        self._inline_reader = inline_reader
        self._blocks = blocks
        self._heads = heads

    def read(self, lines: Sequence[Line], item_headings: dict[int, int]) -> SectionContent:
        """The content of a section; `headed` maps the numbers of heading lines that are items to the
        length of their marker."""
        content = SectionContent()
        at = 0
        for extent in find_item_extents(lines, item_headings):
            self._read_free_text(lines[at : extent.start], content)
            self._read_item(lines[extent.start : extent.stop], extent.marker, content)
            at = extent.stop
        self._read_free_text(lines[at:], content)
        return content

    def read_free(self, lines: Sequence[Line]) -> SectionContent:
        """Blocks and notes of lines among which no items are looked for."""
        content = SectionContent()
        self._read_free_text(lines, content)
        return content

    def _read_free_text(self, lines: Sequence[Line], content: SectionContent) -> None:
        """Text that belongs to no item."""
        at = begin = 0
        while at < len(lines):
            if opens_note(lines[at]):
                content.nodes.extend(self._blocks.read(lines[begin:at], prose=True))
                note, at = read_note(lines, at, self._inline_reader)
                content.notes.append(note)
                begin = at
            else:
                at += 1
        content.nodes.extend(self._blocks.read(lines[begin:], prose=True))

    def _read_item(self, lines: Sequence[Line], cut: int, content: SectionContent) -> None:
        head_end = _find_head_end(lines)
        first = lines[0].cut(cut)
        text = " ".join([first.text.strip(), *(line.text.strip() for line in lines[1:head_end])])
        start = len(first.text) - len(first.text.lstrip())
        head = self._heads.read(Line(first.number, text, first.column + start, first.hard))
        body = _ItemBodyReader(self._inline_reader, self._blocks)
        body.read(lines[head_end:], content.notes)
        url = head.url
        content.nodes.append(
            Item(
                title=head.title,
                url=url,
                tags=tuple(head.tags),
                repo=head.repo,
                arxiv=find_arxiv_id(head.tags, url),
                source=head.source,
                authors=head.authors,
                extras=tuple(head.extras),
                tail=head.tail,
                fields=tuple(body.fields),
                body=tuple(body.blocks),
                pos=compute_span(lines[:head_end]),
            )
        )


class _ItemBodyReader:
    """The lines of an item below its head: labelled lines become fields, the rest blocks."""

    def __init__(self, inline_reader: InlineReader, blocks: BlockReader) -> None:
        self._inline_reader = inline_reader
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
                note, at = read_note(lines, at, self._inline_reader)
                notes.append(note)
                begin = at
            elif found := self._read_field(lines, at):
                self.blocks.extend(self._blocks.read(lines[begin:at]))
                self._add_field(found[0])
                at = begin = at + found[1]
            else:
                at += 1
        self.blocks.extend(self._blocks.read(lines[begin:]))

    def _add_field(self, found: Field) -> None:
        if found.kind == "summary" and any(known.kind == "summary" for known in self.fields):
            self.blocks.append(Paragraph((Text(f"{found.label}："), *found.value), found.pos))
        else:
            self.fields.append(found)

    def _read_field(self, lines: Sequence[Line], at: int) -> tuple[Field, int] | None:
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
        if not rest and (url := parse_only_url(following)):
            rest, used = url, 2
        elif is_unfinished(rest, following):
            rest, used = f"{rest} {following.strip()}", 2
        pos = compute_span(lines[at : at + used])
        value = self._inline_reader.read(rest, pos)
        address = parse_only_url(rest) or find_only_link_url(value)
        kind = find_field_kind(label, address)
        if kind is None or (not address and kind != "summary" and (is_list_line(line) or line.indent >= 4)):
            return None
        return Field(label, kind, value, address or None, pos), used


def _find_head_end(lines: Sequence[Line]) -> int:
    """How many lines the head takes: a link broken over two lines, or a sentence wrapped by hand."""
    end = 1
    if end < len(lines) and lines[end].text and is_unfinished(lines[0].text, lines[end].text):
        end += 1
    while end < len(lines) and lines[end].text and not lines[end].code and lines[end].indent >= 2:
        before, line = lines[end - 1], lines[end]
        if (
            before.hard
            or line.text.lstrip().startswith(("![", "<img"))
            or is_list_line(line)
            or starts_block(lines, end)
            or split_label(line.text.lstrip())
        ):
            break
        if is_cjk(before.text[-1:]) or is_cjk(line.text.lstrip()[:1]):
            break
        end += 1
    return end
