"""The texts about an issue that are remembered between runs: its first items, and how long it takes to read."""

from __future__ import annotations

import pytest

from publisher.derived_texts import build_summary, estimate_minutes, find_highlights
from publisher.model import Issue
from publisher.reader import parse_issue


def read(*items: str) -> Issue:
    return parse_issue("# N (2021-07-18)\n\n## News\n\n" + "\n".join(items) + "\n", "2021-07-18.md")


def links(*titles: str) -> list[str]:
    return [f"- [{title}](https://e.org/{number})\n\n  Text.\n" for number, title in enumerate(titles)]


@pytest.mark.parametrize(
    ("items", "title", "expected"),
    [
        (links("One", "Two", "Three", "Four", "Five"), "N (2021-07-18)", ("One", "Two", "Three", "Four")),
        (links("One", "Two", "Three"), "N (2021-07-18): Two/More", ("One", "Three")),
        (links("`Vec<T>` in *one* line"), "N", ("Vec<T> in one line",)),
        (links("Word " * 20), "N", ("Word Word Word Word Word Word Word Word Word Word Word Word…",)),
        (["- A whole paragraph " + "of words and words " * 12 + "[with](https://e.org/) links.\n"], "N", ()),
        ([], "N", ()),
    ],
)
def test_highlights(items: list[str], title: str, expected: tuple[str, ...]) -> None:
    assert find_highlights(read(*items), title) == expected


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", 1),
        ("word " * 230 * 3, 3),
        ("汉" * 400 * 5, 5),
        ("汉" * 800 + " word" * 460, 4),
        ("слово " * 230 * 2, 2),
        ("كلمة " * 230 * 2, 2),
        ("낱말 " * 230 * 2, 2),
        ("汉，ｗ字word" * 230 * 2, 7),
        ("[word](https://example.org/a-very-long-address) " * 230, 1),
        ("https://example.org/x " * 5000, 1),
    ],
)
def test_reading_time(text: str, minutes: int) -> None:
    """400 Chinese characters or 230 words a minute, whatever their script; addresses are not read."""
    assert estimate_minutes(text) == minutes


@pytest.mark.parametrize(
    ("front", "text", "summary"),
    [
        ("description: Owls\n  and boats.", "Hello.", "Owls and boats."),
        ("Summary: Owls", "## News\n\n- [a](https://e.org/1)", "Owls"),
        ("description:\nexcerpt: Owls", "Hello.", "Owls"),
        ("description: null", "Hello.", "Hello."),
        ("summary: true\nabstract: [a, b]", "Hello.", "Hello."),
        ("description: Owls", "> In this issue: boats.\n\n## News\n\nText.", "boats."),
    ],
)
def test_the_summary_is_the_description_unless_the_issue_has_a_guide(front: str, text: str, summary: str) -> None:
    assert build_summary(parse_issue(f"---\ntitle: N\n{front}\n---\n\n{text}\n")) == summary
