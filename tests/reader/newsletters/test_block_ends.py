"""Where quotes, lists, items and code end."""

from __future__ import annotations

import pytest

from publisher import model as m
from publisher.reader import parse_issue
from publisher.transforms import find_nodes
from tests.reader.newsletters.outline import outline
from tests.reader.newsletters.test_blocks import TITLE, parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> ```\n> code\n> ```\ntext", ["> code  'code'", "p text"]),
        ("> | a | b |\n> |---|---|\n> | 1 | 2 |\ntext", ["> row | a | b", "> row | 1 | 2", "p text"]),
        ("> head\n> ===\ntext", ["> h1 head", "p text"]),
        ("> # head\ntext", ["> h1 head", "p text"]),
        ("> text\ntext", ["> p text text"]),
        ("> text\n2. list", ["> p text", "2.", "  p list"]),
        ("> text\n> > more\n> 2. list", ["> p text", "> > p more", "> 2.", ">   p list"]),
        ("> - ```\n>   code\n>   ```\n> text", ["> -", ">   code  'code'", "> p text"]),
        ("> - | a | b |\n>   |---|---|\n> text", ["> -", ">   row | a | b", "> p text"]),
        ("> 1. a | b\n> |---|---|", ["> 1.", ">   p a | b |---|---|"]),
    ],
)
def test_text_goes_on_only_with_a_paragraph(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


ITEM = "- [a](https://e.org/1)\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ITEM + "\n  ***\n\n  more\n", ["item a <https://e.org/1>", "  rule", "  p more"]),
        (ITEM + "\n***\n\nmore\n", ["item a <https://e.org/1>", "footer", "  rule", "  p more"]),
        (ITEM + "- > quote\n- b", ["item a <https://e.org/1>", "-", "  > p quote", "item b"]),
        (ITEM + "- ```\n  code\n  ```\n- b", ["item a <https://e.org/1>", "-", "  code  'code'", "item b"]),
        (ITEM + "- - x\n- b", ["item a <https://e.org/1>", "-", "  -", "    p x", "item b"]),
        ("1. [a](https://e.org/1)\n- > quote", ["item a <https://e.org/1>", "  -", "    > p quote"]),
        (
            "1. [a](https://e.org/1)\n\n- x\n- y\n```\ncode\n```\n",
            ["item a <https://e.org/1>", "  -", "    p x", "  -", "    p y", "  code  'code'"],
        ),
        (ITEM + "  - x\n  ```\n  code\n  ```\n", ["item a <https://e.org/1>", "  -", "    p x", "  code  'code'"]),
        ("- ### [a](https://e.org/1)\n  text\n- # b", ["item a <https://e.org/1> + text", "item b"]),
    ],
)
def test_where_items_end(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize("before", ["Text.\n\n", ITEM + "\n  Text.\n\n"])
@pytest.mark.parametrize("indent", range(8))
def test_a_fence_that_is_indented_like_code_closes_no_other(before: str, indent: int) -> None:
    margin = "  " if before.startswith("-") else ""
    lines = ["```", "one", " " * indent + "```", "two", "```"]
    issue = parse_issue(TITLE + before + "".join(f"{margin}{line}\n" for line in lines) + f"\n{margin}End.\n")
    (block,) = find_nodes(m.CodeBlock, (issue,))
    assert block.text == ("one" if indent < 4 else f"one\n{' ' * indent}```\ntwo")


def test_a_fence_closes_code_that_no_other_closes() -> None:
    assert parts("```\none\n      ```\n\nEnd.") == ["code  'one'", "p End."]


@pytest.mark.parametrize("brief", ["see [a\n  link](https://e.org/1) there", "see [a link](\n  https://e.org/1) there"])
def test_a_link_of_a_brief_may_be_over_two_lines(brief: str) -> None:
    issue = parse_issue(f"# Tides (2021-03-14)\n\n- {brief}\n- next\n\n## News\n\nText.\n")
    assert list(outline(issue))[1:3] == ["brief see [a link](https://e.org/1) there", "brief next"]
    assert [(brief.pos.line, brief.pos.end_line) for brief in issue.briefs] == [(3, 4), (5, 5)]
