"""The examples of CommonMark about what is inside a line, and how they read here."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from publisher.reader.blocks import BlockReader
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import split_lines
from publisher.reader.preprocess import preprocess
from publisher.writers.html import blocks

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
EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$|^#+ (.*?)$", re.MULTILINE | re.DOTALL)

AGREED = {  # the numbers of examples that read differently, and why
    "raw HTML becomes nodes": {21, 31, 201, 344, 475, 476, 477, 491, 494, 524, 536, 642, 643},
    "feed readers remove the language of code": {24, 34},
    "a link without a URL is text, one without a text shows its URL": {200, 484, 485, 486, 487, 567},
    "blocks, of which another test tells": {214, 215, 353, 367, 646, 647},
    "only links that browsers can follow, and cannot run": {598, 599, 601},
    "URLs and email addresses without brackets are links": {602, 606, 608, 611, 612},
    "a backslash at the end of a line is gone": {641, 644},
}


@pytest.fixture(scope="module")
def examples(node_modules: Path) -> list[tuple[int, str, str]]:
    """Number, Markdown and HTML of each example of these sections."""
    source = (node_modules / "commonmark-spec" / "spec.txt").read_text("utf-8").replace("→", "\t")
    found, number, section = [], 0, ""
    for match in EXAMPLE.finditer(source):
        section = match[3] or section
        if match[3] is None:
            number += 1
            if section in SECTIONS:
                found.append((number, match[1], match[2]))
    return found


def normalized(page: str) -> str:
    """HTML without differences that no one sees: white space, figures, and how a character is written."""
    page = re.sub(r"<figure>(.*?)(?:<figcaption>.*?</figcaption>)?</figure>", r"<p>\1</p>", page)
    page = re.sub(r" ?/>", ">", page.replace("%27", "'").replace("%5B", "[").replace("%5D", "]"))
    page = html.unescape(page.replace("&lt;", "\0").replace("&amp;", "\1"))
    return re.sub(r"(?<=>) | (?=<)", "", re.sub(r"\s+", " ", page)).strip()


def reads_as(text: str) -> str:
    lines = preprocess(split_lines(text))
    return blocks(BlockReader(InlineReader(lines.definitions)).read(lines.lines, prose=True))


def test_inline_examples_read_as_commonmark_says(examples: list[tuple[int, str, str]]) -> None:
    different = {number for number, text, expected in examples if normalized(reads_as(text)) != normalized(expected)}
    assert len(examples) > 350
    agreed = set().union(*AGREED.values())
    assert (different - agreed, agreed - different) == (set(), set())
