"""The examples of CommonMark in a quote of an issue, and how the page and the feed show them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from publisher import model as m
from publisher.reader import parse_issue
from publisher.transforms import make_publishable
from publisher.writers import html, page
from tests.judges.commonmark_examples import INLINE_DIFFERENCES, Example, normalized, read_examples

ISSUE = "# 潮汐观察 (2024-05-06)：渔港\n\n## 新闻\n\n一段话。\n\n{}\n\n另一段话。\n"
FOR_BROWSERS = re.compile(r' (?:lang|tabindex|loading|decoding|referrerpolicy)="[^"]*"')
WRITERS: dict[str, Callable[[m.Blocks], str]] = {
    "feed": html.blocks,
    "page": lambda nodes: FOR_BROWSERS.sub("", page.blocks(nodes, "zh-CN")),
}

NARROW_TABS = {1, 2, 4, 5, 6, 7, 8, 9}  # a tab behind `> ` is two columns wide, not four
AGREED = {  # the numbers of examples that read differently, and why
    **INLINE_DIFFERENCES,
    "the specification has them at the margin": NARROW_TABS,
    "a quote with nothing in it is left out": {207},
    "a number of more than three digits is a year or an amount, not that of a list": {265},
    "in a list item, text below a heading is a paragraph": {300},
    "any white space follows a bullet, as editors use several": {353},
    "a backslash at the end of a heading is a line break, which is not needed there": {646},
}
LEAST_SHARE = 0.88


@pytest.fixture(scope="module")
def examples(node_modules: Path) -> list[Example]:
    """The examples outside raw HTML."""
    return [item for item in read_examples(node_modules) if item.section not in ("HTML blocks", "Raw HTML")]


def quote(text: str) -> str:
    return "\n".join("> " + line for line in text.removesuffix("\n").split("\n"))


def shown(quoted: str, write: Callable[[m.Blocks], str]) -> str:
    """The HTML of what stands between the two paragraphs of the issue."""
    (section,) = make_publishable(parse_issue(ISSUE.format(quoted), "2024-05-06.md")).sections
    before, *between, behind = section.content
    assert (m.plain(before.children), m.plain(behind.children)) == ("一段话。", "另一段话。")  # type: ignore[union-attr]
    return normalized(write(tuple(between)))  # type: ignore[arg-type]  # no items


@pytest.mark.parametrize("writer", WRITERS)
def test_examples_in_a_quote_are_shown_as_commonmark_says(examples: list[Example], writer: str) -> None:
    different = {
        item.number
        for item in examples
        if shown(quote(item.text), WRITERS[writer]) != normalized(f"<blockquote>\n{item.html}</blockquote>")
    }
    assert len(examples) > 580
    assert 1 - len(different) / len(examples) >= LEAST_SHARE
    agreed = set().union(*AGREED.values())
    assert (different - agreed, agreed - different) == (set(), set())


@pytest.mark.parametrize("writer", WRITERS)
def test_tabs_in_a_quote_are_as_wide_as_another_program_says(examples: list[Example], writer: str) -> None:
    render = MarkdownIt("commonmark").render
    quoted = [quote(item.text) for item in examples if item.number in NARROW_TABS]
    assert [shown(text, WRITERS[writer]) for text in quoted] == [normalized(render(text)) for text in quoted]
