"""Headings with a line of = or - below them."""

from __future__ import annotations

import pytest

from publisher.reader import parse_issue
from tests.reader.newsletters.outline import outline
from tests.reader.newsletters.test_blocks import parts

UNDERLINED = [
    ("Boats\n===\n\ntext", ["# Boats", "p text"]),
    ("Boats\n=\n\ntext", ["# Boats", "p text"]),
    ("text\nBoats\n=====", ["# text Boats"]),
    ("One of\n*three\nlines* {#a}\n=====\ntext", ["# One of *three lines*", "p text"]),
    ("    code\nBoats\n=====", ["code  'code'", "# Boats"]),
    ("#tag\nBoats\n=====", ["# #tag Boats"]),
    (
        "- [a](https://e.org/1)\n\n  Two\n  lines\n  ==\n  text",
        ["item a <https://e.org/1>", "  h1 Two lines", "  p text"],
    ),
    ("- [a](https://e.org/1)\n  more\n  ==\n  text", ["item a <https://e.org/1> + more", "  p text"]),
    ("- [a](https://e.org/1)\n  more\n\n  text\n==", ["item a <https://e.org/1> + more", "  h1 text"]),
    ("Boats\n-----\n\n- [a](https://e.org/1)", ["## Boats", "item a <https://e.org/1>"]),
    ("- [a](https://e.org/1)\n\nBoats\n-----\n\ntext", ["item a <https://e.org/1>", "## Boats", "p text"]),
    ("- [a](https://e.org/1)\n-----", ["item a <https://e.org/1>", "footer", "  rule"]),
    ("- [a](https://e.org/1)\n论文：https://e.org/2\n-----", None),
    ("- [a](https://e.org/1)\n\n代码：https://e.org/2\n-----", None),
    ("One sentence.\n-----\nfooter", None),
    ("Two lines\nof text\n-----", None),
    ("Boats\n---\nfooter", None),
    ("| a | b |\n-----", None),
    ("> quote\n-----", None),
    ("`=`\n=====\n", ["# `=`"]),
    ("Boats\n===\n===", ["# Boats", "p ==="]),
]


@pytest.mark.parametrize(("text", "expected"), UNDERLINED)
def test_an_underline_makes_a_heading_unless_it_is_a_rule(text: str, expected: list[str] | None) -> None:
    if expected is None:
        assert not any(line.startswith("#") for line in parts(text))
    else:
        assert [line for line in parts(text) if line.strip()] == expected


def test_items_with_underlined_heads_have_them_whole() -> None:
    issue = parse_issue(
        "Tides (2021-03-14)\n===\n\n[One](https://e.org/1)\n---\n\ntext\n\n[Two](https://e.org/2)\n---\n\nb\n"
    )
    assert list(outline(issue))[1:] == [
        "##", "item One <https://e.org/1>", "  p text", "item Two <https://e.org/2>", "  p b",
    ]  # fmt: skip
    assert [(item.pos.line, item.pos.end_line) for item in issue.items] == [(4, 5), (9, 10)]


def test_three_dashes_are_an_underline_in_an_issue_without_hashes() -> None:
    issue = parse_issue("Tides (2021-03-14)\n===\n\nNews\n---\n\n- [a](https://e.org/1)\n\nMore\n---\n\ntext\n")
    assert list(outline(issue)) == [
        "title Tides (2021-03-14)", "## News", "item a <https://e.org/1>", "## More", "p text",
    ]  # fmt: skip
    assert [(s.pos.line, s.pos.end_line) for s in issue.sections] == [(4, 5), (9, 10)]
