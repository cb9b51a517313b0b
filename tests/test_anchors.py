"""Where a section can be found on its page."""

from __future__ import annotations

from publisher.model import Code, Issue, Item, Section, Text
from publisher.transforms import build_anchors


def section(title: str, *items: Item) -> Section:
    return Section((Text(title),) if title else (), content=items)


def test_an_anchor_is_the_title_without_punctuation() -> None:
    titles = ("业界新闻", "New & Updated RFCs", " 开源（本周）", "C++/Rust", "snake_case")
    made = build_anchors(Issue("x", sections=tuple(map(section, titles))))
    assert made == ("业界新闻", "new-updated-rfcs", "开源-本周", "c-rust", "snake_case")


def test_code_in_a_title_counts() -> None:
    assert build_anchors(Issue("x", sections=(Section((Text("用 "), Code("Vec"))),))) == ("用-vec",)


def test_anchors_are_unique() -> None:
    made = build_anchors(
        Issue("x", sections=tuple(map(section, ("论文", "论文", "论文-2", "论文", "", "！"))))
    )
    assert made == ("论文", "论文-2", "论文-2-2", "论文-3", "section", "section-2")


def test_items_and_the_page_itself_come_first() -> None:
    issue = Issue("x", sections=(section("News", Item((), "news")), section("main"), section("briefs")))
    assert build_anchors(issue) == ("news-2", "main-2", "briefs-2")
