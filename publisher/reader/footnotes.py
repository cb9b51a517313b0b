"""Finds the definitions of footnotes, numbers the references to them, and puts the notes where they are read.

Numbers follow the first references. A note stands at the end of the item with its first reference; of the
section, if the item has nothing but its head line or the reference is in free text; or of the opening or footer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import BlockReader
from publisher.reader.lines import Line, compute_span
from publisher.reader.marks import match_heading, starts_block
from publisher.transforms import map_nodes

_DEFINITION = lazy_pattern(r" {0,3}\[\^([^\]\s]{1,200})\]:\s*")
_INDENT = 4
_Node = TypeVar("_Node")


class FootnoteSource(Struct, frozen=True):
    """The definition of a footnote: its label, its lines without label and indent, and its position."""

    label: str
    lines: Sequence[Line]
    pos: m.Pos


def _fold_label(label: str) -> str:
    """Return what is the same for a label and the references to it."""
    return label.casefold()


def read_definition(lines: Sequence[Line], at: int) -> tuple[FootnoteSource, int] | None:
    """Return the definition of a footnote that starts at `at`, and the index of the next line; None without one.

    It goes on with the lines of its first paragraph, and with indented lines, also after blank ones.
    """
    match = _DEFINITION.match(lines[at].text)
    if not match:
        return None
    end = at + 1
    while end < len(lines):
        after = next((index for index in range(end, len(lines)) if lines[index].text), len(lines))
        if after == len(lines):
            break
        if lines[after].indent < _INDENT and (after > end or _ends_definition(lines, after)):
            break
        end = after + 1
    inside = [lines[at].cut(match.end()), *(line.dedent(_INDENT) for line in lines[at + 1 : end])]
    return FootnoteSource(match[1], inside, compute_span(lines[at:end])), end


def _ends_definition(lines: Sequence[Line], at: int) -> bool:
    return (
        _DEFINITION.match(lines[at].text) is not None
        or starts_block(lines, at)
        or match_heading(lines[at]) is not None
        or lines[at].text.lstrip().startswith("#")
    )


def place_footnotes(issue: m.Issue, sources: Iterable[FootnoteSource], blocks: BlockReader) -> m.Issue:
    """Return the issue with its references numbered and its notes in place; definitions without a reference are
    among what is dropped."""
    return _FootnoteNumbering(sources, blocks).place(issue)


class _FootnoteNumbering:
    """Numbers references in reading order. `_waiting` has the notes that are not placed yet."""

    def __init__(self, sources: Iterable[FootnoteSource], blocks: BlockReader) -> None:
        self._blocks = blocks
        self._sources: dict[str, FootnoteSource] = {}
        self._unused: list[FootnoteSource] = []
        for source in sources:
            if self._sources.setdefault(_fold_label(source.label), source) is not source:
                self._unused.append(source)
        self._numbers: dict[str, int] = {}
        self._counts: dict[int, int] = {}
        self._waiting: list[m.Footnote] = []

    def place(self, issue: m.Issue) -> m.Issue:
        title, tagline = self._number(issue.title), self._number(issue.tagline)
        opening = {part: part for part in (issue.guide, issue.warmup) if part}
        for part in sorted(opening, key=lambda part: part.pos):
            opening[part] = self._place_in_opening(part)
        notes = tuple([self._number(note) for note in issue.notes])
        sections = tuple([self._place_in_section(section) for section in issue.sections])
        footer = self._number(issue.footer)
        numbered = replace(
            issue,
            title=title,
            tagline=tagline,
            guide=issue.guide and opening[issue.guide],
            warmup=issue.warmup and opening[issue.warmup],
            notes=notes,
            sections=sections,
            footer=(*footer, *self._take_notes(footer)),
        )
        unused = [source for key, source in self._sources.items() if key not in self._numbers]
        dropped = [
            m.Dropped("footnote", "\n".join(line.text for line in source.lines), pos=source.pos)
            for source in (*unused, *self._unused)
        ]
        return replace(numbered, dropped=(*issue.dropped, *dropped)) if dropped else numbered

    def _place_in_opening(self, part: _Node) -> _Node:
        part = self._number(part)
        match part:
            case m.Guide(blocks):
                return replace(part, blocks=(*blocks, *self._take_notes(blocks)))
            case m.Warmup(_, _, outro):
                return replace(part, outro=(*outro, *self._take_notes((*part.intro, *outro))))
        return part

    def _place_in_section(self, section: m.Section) -> m.Section:
        title, notes = self._number(section.title), self._number(section.notes)
        content: list[m.Item | m.Block] = []
        of_section, self._waiting = self._waiting, []
        for node in section.content:
            numbered = self._number(_lift_references(node) if isinstance(node, m.Item) else node)
            if isinstance(numbered, m.Item) and (numbered.fields or numbered.body):
                end = self._take_notes((*numbered.fields, *numbered.body))
                numbered = replace(numbered, body=(*numbered.body, *end)) if end else numbered
            of_section += self._waiting
            self._waiting = []
            content.append(numbered)
        self._waiting = of_section
        return replace(section, title=title, notes=notes, content=(*content, *self._take_notes(content)))

    def _take_notes(self, before: Iterable[m.Item | m.Field | m.Block]) -> m.Blocks:
        """Return the notes that wait for their place, as a block at the end of these nodes."""
        if not self._waiting:
            return ()
        notes: list[m.Footnote] = []
        while self._waiting:  # the text of a note may refer to others
            waiting, self._waiting = self._waiting, []
            notes += [replace(note, children=self._number(note.children)) for note in waiting]
        last = max((node.pos for node in before), default=m.NO_POSITION)
        return (m.Footnotes(tuple(notes), replace(last, line=last.end_line, column=last.end_column)),)

    def _number(self, node: _Node) -> _Node:
        return map_nodes(node, self._number_reference) if node else node

    def _number_reference(self, node: m.Node) -> m.Node:
        if not isinstance(node, m.FootnoteRef) or node.number:
            return node
        key = _fold_label(node.label) if node.label else f" {len(self._numbers)}"  # no label has a space
        if key not in self._numbers:
            self._numbers[key] = number = len(self._numbers) + 1
            source = self._sources.get(key)
            children = self._blocks.read(source.lines, prose=True, depth=1) if source else ()
            children = children or ((m.Paragraph(node.text),) if node.text else ())
            pos = source.pos if source else m.NO_POSITION
            self._waiting.append(m.Footnote(node.label, number, children, pos))
        number = self._numbers[key]
        self._counts[number] = self._counts.get(number, 0) + 1
        return m.FootnoteRef(node.label, number, self._counts[number])


def _lift_references(item: m.Item) -> m.Item:
    """Move references from a title that is a link to the text after it: a link cannot contain another."""
    references = tuple([node for node in item.title if isinstance(node, m.FootnoteRef)])
    if not references or not item.url:
        return item
    title = tuple([node for node in item.title if not isinstance(node, m.FootnoteRef)])
    return replace(item, title=title, tail=(*references, *item.tail))
