"""The blocks of an issue by source line: as we read them, and as another Markdown parser does.

That parser is markdown-it-py, because its tokens have the lines they come from; those of mistune have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from publisher import model as m
from publisher.transforms import find_nodes

COMMONMARK = MarkdownIt("commonmark").enable("table").disable("html_block")
"""Here HTML stands inside of lines; of comments and the like there is nothing left, see `remaining_lines`."""

KINDS = {
    "heading": "heading",
    "paragraph": "text",
    "fence": "code",
    "code_block": "code",
    "hr": "rule",
    "table": "table",
    "blockquote": "quote",
    "list_item": "item",
}
_QUOTE_MARKS = re.compile(r"(?:\s*>)*")


class Place(NamedTuple):
    """What a line is part of: the quotes and list items around it, the kind of its block, and whether that block
    starts there. Headings, text, code, rules and tables are blocks; a list is no more than its items."""

    around: tuple[str, ...]
    kind: str
    starts: bool


class Block(NamedTuple):
    """A block of one kind, from its first line to its last, inside of these quotes and list items."""

    around: tuple[str, ...]
    kind: str
    line: int
    end_line: int


def remaining_lines(text: str, issue: m.Issue) -> list[str]:
    """The lines of the text, without those that are no blocks for the reader: front matter, notes, definitions,
    footnotes and what is dropped. Marks of quotes stay."""
    lines = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff"))
    gone = [one.pos for one in (*issue.definitions, *issue.dropped) if not getattr(one, "inline", False)]
    gone += [note.pos for note in (*find_nodes(m.Footnote, (issue,)), *find_nodes(m.Note, (issue,)))]
    for pos in (*gone, issue.front_pos):
        for number in range(max(pos.line, 1), pos.end_line + 1):
            marks = _QUOTE_MARKS.match(lines[number - 1])
            lines[number - 1] = marks[0] if marks else ""
    return lines


def places_of_commonmark(lines: list[str]) -> dict[int, Place]:
    """The place of each line, by its number."""
    return _places(_blocks_of_tree(SyntaxTreeNode(COMMONMARK.parse("\n".join(lines))), (), lines))


def places_of_issue(issue: m.Issue, lines: list[str]) -> dict[int, Place]:
    """The place of each line in our reading, by its number."""
    return _places(_blocks_of_issue(issue, lines))


def _places(blocks: Iterable[Block]) -> dict[int, Place]:
    return {
        number: Place(block.around, block.kind, number == block.line)
        for block in blocks
        for number in range(block.line, block.end_line + 1)
    }


def _blocks_of_tree(node: SyntaxTreeNode, around: tuple[str, ...], lines: list[str]) -> Iterator[Block]:
    for child in node.children:
        kind = KINDS.get(child.type, "")
        if child.type in ("bullet_list", "ordered_list"):
            yield from _blocks_of_tree(child, around, lines)
        elif kind in ("quote", "item"):
            yield from _blocks_of_tree(child, (*around, kind), lines)
        elif kind and child.map:
            yield Block(around, kind, child.map[0] + 1, child.map[1])


def _blocks_of_issue(issue: m.Issue, lines: list[str]) -> Iterator[Block]:
    titles = [issue.title, *issue.sections, issue.archive]
    for title in titles:
        if title and title.pos.line:
            yield Block((), "heading", title.pos.line, title.pos.end_line)
    if issue.tagline:
        yield Block((), "text", issue.tagline_pos.line, issue.tagline_pos.end_line)
    if issue.guide:
        for block in issue.guide.blocks:  # one with a label may be in a quote, of which it is the text
            is_text = not isinstance(block, m.Quote) and lines[block.pos.line - 1].lstrip().startswith(">")
            yield from _blocks((block,), ("quote",) if is_text else ())
    if issue.warmup:
        yield from _blocks((*issue.warmup.intro, *issue.warmup.outro), ())
        for brief in issue.warmup.briefs:
            yield from _joined([_text(brief.pos), *_blocks(brief.body, ())], ("item",))
    for section in issue.sections:
        yield from _blocks_of_section(section, lines)
    yield from _blocks(issue.archive.blocks if issue.archive else (), ())
    yield from _blocks(issue.footer, ())


def _blocks_of_section(section: m.Section, lines: list[str]) -> Iterator[Block]:
    for node in section.content:
        if not isinstance(node, m.Item):
            yield from _blocks((node,), ())
            continue
        head = _text(node.pos)
        below = [_text(part.pos) for part in node.fields] + list(_blocks(node.body, ()))
        if lines[node.pos.line - 1].lstrip().startswith("#"):
            yield head._replace(kind="heading")
            yield from _joined(below, ())
        else:
            yield from _joined([head, *below], ("item",))


def _blocks(nodes: Iterable[m.Block], around: tuple[str, ...]) -> Iterator[Block]:
    yield from _joined([block for node in nodes for block in _blocks_of_node(node)], around)


def _blocks_of_node(node: m.Block) -> Iterator[Block]:
    match node:
        case m.Quote(children):
            title = [_text(node.pos)._replace(end_line=node.pos.line)] if node.kind else []
            yield from _joined([*title, *_blocks(children, ())], ("quote",))
        case m.List(items):
            for item in items:
                yield from _blocks(item, ("item",))
        case m.Footnotes():
            pass
        case m.Paragraph() | m.Figure():
            yield _text(node.pos)
        case m.CodeBlock():
            yield Block((), "code", node.pos.line, node.pos.end_line)
        case _:
            yield Block((), type(node).__name__.lower(), node.pos.line, node.pos.end_line)


def _text(pos: m.Pos) -> Block:
    return Block((), "text", pos.line, pos.end_line)


def _joined(blocks: Iterable[Block], around: tuple[str, ...]) -> Iterator[Block]:
    """The blocks inside of these containers. Lines of text without a blank one between are one paragraph, as they
    always are in Markdown; in an item, each is a paragraph for us."""
    last: Block | None = None
    for block in sorted(blocks, key=lambda block: block.line):
        if last and last[:2] == block[:2] == ((), "text") and block.line == last.end_line + 1:
            last = last._replace(end_line=block.end_line)
            continue
        if last:
            yield last._replace(around=around + last.around)
        last = block
    if last:
        yield last._replace(around=around + last.around)
