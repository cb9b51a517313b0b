"""One file per bug: what went wrong, the issue that showed it, and how it must read.

The outline has a line per node, indented below what holds it. To add a bug, write the file by hand, outline
included, and see it fail before you mend the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.model import (
    Block,
    CodeBlock,
    Figure,
    Item,
    List,
    Paragraph,
    Quote,
    Rule,
    Section,
    Table,
    plain,
)
from publisher.reader import read
from publisher.transforms import publishable

FILES = sorted(Path(__file__).parent.glob("*.md"))


def outline(text: str) -> Iterator[str]:
    issue = publishable(read(text, "2021-07-18.md"))
    for key, value in issue.front:
        yield f"front {key}: {value}"
    if issue.guide:
        yield f"guide {issue.guide.label}".rstrip()
        yield from blocks(issue.guide.blocks)
    for brief in issue.briefs:
        yield f"brief {plain(brief.text)}"
        yield from blocks(brief.body)
    for section in issue.sections:
        yield from in_section(section)
    for diagnostic in issue.diagnostics:
        yield f"diagnostic {diagnostic.code} {diagnostic.pos.line}:{diagnostic.pos.column}"


def in_section(section: Section) -> Iterator[str]:
    yield f"section {plain(section.title)}".rstrip()
    for node in section.content:
        if isinstance(node, Item):
            yield "  item " + " ".join(
                [*(f"[{tag}]" for tag in node.tags), plain(node.title), f"<{node.url or ''}>"]
            )
            for field in node.fields:
                yield f"    {field.kind} {field.label}: {plain(field.value)}"
            yield from blocks(node.body, "    ")
        else:
            yield from blocks((node,), "  ")


def blocks(nodes: tuple[Block, ...], indent: str = "  ") -> Iterator[str]:
    for node in nodes:
        match node:
            case Paragraph(children):
                yield f"{indent}p {plain(children)}"
            case List(items, ordered):
                yield f"{indent}{'ol' if ordered else 'ul'}"
                for item in items:
                    yield from blocks(item, indent + "  ")
            case Quote(children):
                yield f"{indent}quote"
                yield from blocks(children, indent + "  ")
            case CodeBlock(text):
                yield from (f"{indent}code {line}".rstrip() for line in text.split("\n"))
            case Table(header, rows):
                yield from (f"{indent}row " + " | ".join(map(plain, row)) for row in (header, *rows))
            case Figure(image):
                yield f"{indent}figure {image.alt}"
            case Rule():
                yield f"{indent}rule"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bug(file: Path) -> None:
    text, expected = re.findall(
        r"^`{4}(?:markdown|text)\n(.*?)^`{4}$", file.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert "\n".join(outline(text)) == expected.rstrip("\n")


def test_every_bug_says_what_it_was() -> None:
    assert len(FILES) >= 8
    assert all(len(file.read_text("utf-8").split("\n\n")[1]) > 40 for file in FILES)
