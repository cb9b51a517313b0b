"""The examples of CommonMark about what is inside a line, and how they read here."""

from __future__ import annotations

from pathlib import Path

from publisher.reader.blocks import BlockReader
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import split_lines
from publisher.reader.preprocess import preprocess
from publisher.writers.html import blocks
from tests.judges.commonmark_examples import INLINE_DIFFERENCES, normalized, read_examples

SECTIONS = (
    "Precedence",
    "Backslash escapes",
    "Entity and numeric character references",
    "Link reference definitions",
    "Code spans",
    "Emphasis and strong emphasis",
    "Links",
    "Images",
    "Autolinks",
    "Hard line breaks",
    "Soft line breaks",
    "Textual content",
)

AGREED = {**INLINE_DIFFERENCES, "blocks, of which another test tells": {215, 353, 367, 646}}


def reads_as(text: str) -> str:
    lines = preprocess(split_lines(text))
    return blocks(BlockReader(InlineReader.for_definitions(lines.definitions)).read(lines.lines, prose=True))


def test_inline_examples_read_as_commonmark_says(node_modules: Path) -> None:
    examples = [example for example in read_examples(node_modules) if example.section in SECTIONS]
    different = {item.number for item in examples if normalized(reads_as(item.text)) != normalized(item.html)}
    assert len(examples) > 350
    agreed = set().union(*AGREED.values())
    assert (different - agreed, agreed - different) == (set(), set())
