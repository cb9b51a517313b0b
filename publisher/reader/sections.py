"""Parses the lines of a section into items and free blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import asdict

from publisher import model as m
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import BlockReader, is_unfinished
from publisher.reader.extents import find_item_extents
from publisher.reader.fields import find_field_kind, find_only_link_url, parse_only_url, split_label
from publisher.reader.headings import ItemStart
from publisher.reader.inline_parser import TokenParser
from publisher.reader.inlines import InlineReader
from publisher.reader.item_head import ItemHeadReader
from publisher.reader.lines import Line, compute_span, is_cjk_edge
from publisher.reader.marks import UNDERLINE, continues_with_mark, is_list_line, starts_block
from publisher.reader.notes import opens_note, read_note
from publisher.reuse import reuse_results

_REPOSITORIES = lazy_pattern(r"开源|仓库|open[- ]source|\brepositor(?:y|ies)\b|github", re.IGNORECASE)
_NUMBER_IN_TEXT = lazy_pattern(r"(?<!\d)\d+、|(?<=#)\s+\d+[.)]\s*\Z")
"""A number that is no marker of Markdown and so belongs to the text: `1、`, or one in a heading."""


class ItemReading(NamedTuple):
    """An item, and what was found in its lines besides: notes, syntax errors, and what subscribers must not see.

    `has_footnotes`: whether it refers to footnotes.
    """

    item: m.Item
    notes: tuple[m.Note, ...]
    diagnostics: tuple[m.Diagnostic, ...]
    dropped: tuple[m.Dropped, ...]
    has_footnotes: bool


class SectionReader:
    """Parses the sections of one issue. Syntax errors are added to `diagnostics`."""

    def __init__(self, inline_reader: InlineReader, blocks: BlockReader, diagnostics: list[m.Diagnostic]) -> None:
        self._inline_reader = inline_reader
        self._blocks = blocks
        self._diagnostics = diagnostics

    def read(
        self, lines: Sequence[Line], item_headings: dict[int, ItemStart], notes: list[m.Note], title: str = ""
    ) -> tuple[m.Item | m.Block, ...]:
        """Parse the lines of a section into items and blocks, and append its notes to `notes`.

        `item_headings` maps line numbers of headings that are items to how these start. `title` is
        that of the section.
        """
        lists_repositories = _REPOSITORIES.search(title) is not None
        nodes: list[m.Item | m.Block] = []
        at = 0
        for start, stop, item in find_item_extents(lines, item_headings):
            nodes += self.read_text(lines[at:start], notes)
            reading = _read_item(
                self._inline_reader.parser, tuple(lines[start:stop]), item, lists_repositories=lists_repositories
            )
            nodes.append(reading.item)
            notes += reading.notes
            self._diagnostics += reading.diagnostics
            self._inline_reader.dropped.extend(reading.dropped)
            self._inline_reader.has_footnotes |= reading.has_footnotes
            at = stop
        return (*nodes, *self.read_text(lines[at:], notes))

    def read_item(
        self, lines: Sequence[Line], item: ItemStart, notes: list[m.Note], *, lists_repositories: bool
    ) -> m.Item:
        """Parse the lines of an item, and append its notes to `notes`."""
        head_end = item.underlined or _find_head_end(lines)
        first = lines[0].cut(item.marker)
        texts = [line.text.strip() for line in (first, *lines[1:head_end])]
        if head_end > 1 and UNDERLINE.match(texts[-1]):
            texts.pop()
        text = _join_head_lines(texts)
        start = len(first.text) - len(first.text.lstrip())
        line = Line(first.number, text, first.column + start, first.hard)
        heads = ItemHeadReader(self._inline_reader, self._diagnostics)
        head = heads.read(line, lists_repositories=lists_repositories)
        fields: list[m.Field] = []
        body = self.read_text(lines[head_end:], notes, fields)
        pos = compute_span(lines[:head_end])
        marker = lines[0].text[: item.marker]
        number = _NUMBER_IN_TEXT.search(marker)
        written = number[0].lstrip() if number else ""
        return m.Item(**asdict(head), fields=tuple(fields), body=tuple(body), pos=pos, written_number=written)

    def read_text(
        self, lines: Sequence[Line], notes: list[m.Note], fields: list[m.Field] | None = None
    ) -> list[m.Block]:
        """Parse lines into blocks, and append notes to `notes`.

        With `fields`, these are the lines of an item below its head: labelled lines are appended to `fields`,
        except for a second summary.
        """
        blocks: list[m.Block] = []
        is_prose = fields is None
        at = start = 0
        while at < len(lines):
            if opens_note(lines[at]):
                blocks += self._blocks.read(lines[start:at], prose=is_prose)
                note, at = read_note(lines, at, self._inline_reader)
                notes.append(note)
                start = at
            elif fields is not None and (result := self._read_field(lines, at)):
                blocks += self._blocks.read(lines[start:at])
                field, start = result
                at = start
                if field.kind == "summary" and any(other.kind == "summary" for other in fields):
                    blocks.append(m.Paragraph((m.Text(f"{field.label}："), *field.value), field.pos))
                else:
                    fields.append(field)
            else:
                at += 1
        return [*blocks, *self._blocks.read(lines[start:], prose=is_prose)]

    def _read_field(self, lines: Sequence[Line], at: int) -> tuple[m.Field, int] | None:
        """Parse the field at a line, and return it with the index after it; None for prose."""
        line = lines[at]
        if line.code:
            return None
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
        return m.Field(label, kind, value, url or None, pos), at + line_count


@reuse_results
def _read_item(
    parser: TokenParser, lines: tuple[Line, ...], item: ItemStart, *, lists_repositories: bool
) -> ItemReading:
    """Parse the lines of an item, which depend on no others."""
    inline_reader = InlineReader(parser)
    notes: list[m.Note] = []
    diagnostics: list[m.Diagnostic] = []
    reader = SectionReader(inline_reader, BlockReader(inline_reader), diagnostics)
    read = reader.read_item(lines, item, notes, lists_repositories=lists_repositories)
    return ItemReading(
        read, tuple(notes), tuple(diagnostics), tuple(inline_reader.dropped), inline_reader.has_footnotes
    )


def _find_head_end(lines: Sequence[Line]) -> int:
    """Return the number of lines of the head: more than one if a link or a sentence is wrapped by hand, or if it
    is underlined."""
    end = 1
    if end < len(lines) and lines[end].text and is_unfinished(lines[0].text, lines[end].text):
        end += 1
    while end < len(lines) and lines[end].text and not lines[end].code:
        before, line = lines[end - 1], lines[end]
        if line.indent >= 2 and not line.text.strip(" ="):
            return end + 1
        starts_with_mark = continues_with_mark(line.text.lstrip())
        if line.indent < 2 and not starts_with_mark:
            break
        if (
            before.hard
            or line.text.lstrip().startswith(("![", "<img"))
            or is_list_line(line)
            or starts_block(lines, end)
            or split_label(line.text.lstrip())
        ):
            break
        edges = (before.text[-1:], before.text), (line.text.lstrip()[:1], line.text)
        if not starts_with_mark and any(is_cjk_edge(char, text) for char, text in edges):
            break
        end += 1
    return end


def _join_head_lines(texts: Sequence[str]) -> str:
    """Join the lines of a head: with a space, except before a closing mark, which never starts a line."""
    return "".join([text if not at or continues_with_mark(text) else f" {text}" for at, text in enumerate(texts)])
