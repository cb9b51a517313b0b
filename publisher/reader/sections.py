"""Parses the lines of a section into items and free blocks."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from publisher import model as m
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


class SectionContent(Struct):
    """The content of a section: its nodes in order, and its notes."""

    nodes: list[m.Item | m.Block] = field(default_factory=list)
    notes: list[m.Note] = field(default_factory=list)


class SectionReader:
    """Parses the sections of one issue."""

    def __init__(self, inline_reader: InlineReader, blocks: BlockReader, heads: ItemHeadReader) -> None:
        self._inline_reader = inline_reader
        self._blocks = blocks
        self._heads = heads

    def read(self, lines: Sequence[Line], item_headings: dict[int, int]) -> SectionContent:
        """Parse the lines of a section.

        `item_headings` maps line numbers of headings that are items to the length of their marker.
        """
        content = SectionContent()
        at = 0
        for extent in find_item_extents(lines, item_headings):
            self._read_free_text(lines[at : extent.start], content)
            self._read_item(lines[extent.start : extent.stop], extent.marker, content)
            at = extent.stop
        self._read_free_text(lines[at:], content)
        return content

    def read_free(self, lines: Sequence[Line]) -> SectionContent:
        """Parse lines into blocks and notes, without items."""
        content = SectionContent()
        self._read_free_text(lines, content)
        return content

    def _read_free_text(self, lines: Sequence[Line], content: SectionContent) -> None:
        """Parse text that does not belong to an item."""
        at = start = 0
        while at < len(lines):
            if opens_note(lines[at]):
                content.nodes.extend(self._blocks.read(lines[start:at], prose=True))
                note, at = read_note(lines, at, self._inline_reader)
                content.notes.append(note)
                start = at
            else:
                at += 1
        content.nodes.extend(self._blocks.read(lines[start:], prose=True))

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
            m.Item(
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
    """Parses the lines of an item below its head: labelled lines become fields, the rest blocks."""

    def __init__(self, inline_reader: InlineReader, blocks: BlockReader) -> None:
        self._inline_reader = inline_reader
        self._blocks = blocks
        self.fields: list[m.Field] = []
        self.blocks: list[m.Block] = []

    def read(self, lines: Sequence[Line], notes: list[m.Note]) -> None:
        """Parse the lines into `fields` and `blocks`, and append notes to `notes`."""
        at = start = 0
        while at < len(lines):
            if lines[at].code or not lines[at].text:
                at += 1
                continue
            if opens_note(lines[at]):
                self.blocks.extend(self._blocks.read(lines[start:at]))
                note, at = read_note(lines, at, self._inline_reader)
                notes.append(note)
                start = at
            elif result := self._read_field(lines, at):
                self.blocks.extend(self._blocks.read(lines[start:at]))
                field, line_count = result
                self._add_field(field)
                at = start = at + line_count
            else:
                at += 1
        self.blocks.extend(self._blocks.read(lines[start:]))

    def _add_field(self, field: m.Field) -> None:
        if field.kind == "summary" and any(other.kind == "summary" for other in self.fields):
            self.blocks.append(m.Paragraph((m.Text(f"{field.label}："), *field.value), field.pos))
        else:
            self.fields.append(field)

    def _read_field(self, lines: Sequence[Line], at: int) -> tuple[m.Field, int] | None:
        """Parse the field at a line, and return it with the number of its lines; None for prose."""
        line = lines[at]
        following = lines[at + 1].text if at + 1 < len(lines) else ""
        text = line.text.lstrip()
        label_and_start = split_label(text)
        if not label_and_start:
            return None
        label, start = label_and_start
        rest = text[start:]
        line_count = 1
        if not rest and (next_url := parse_only_url(following)):
            rest, line_count = next_url, 2
        elif is_unfinished(rest, following):
            rest, line_count = f"{rest} {following.strip()}", 2
        pos = compute_span(lines[at : at + line_count])
        value = self._inline_reader.read(rest, pos)
        url = parse_only_url(rest) or find_only_link_url(value)
        kind = find_field_kind(label, url)
        if kind is None or (not url and kind != "summary" and (is_list_line(line) or line.indent >= 4)):
            return None
        return m.Field(label, kind, value, url or None, pos), line_count


def _find_head_end(lines: Sequence[Line]) -> int:
    """Return the number of lines of the head: more than one if a link or a sentence is wrapped by hand."""
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
