"""Transforms: expected results, and that they are idempotent."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from publisher.derived_texts import build_display_title, build_summary, find_topics, shorten
from publisher.model import Code, Field, Image, Issue, Item, Link, Paragraph, Section, Strong, Text, plain
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.transforms import (
    build_anchors,
    compute_revision,
    find_fragments,
    find_nodes,
    has_link,
    link_field_value,
    make_publishable,
    make_urls_absolute,
    resolve_links,
)

PUBLICATION = Newsletter("周刊", "https://e.org/w/{date}/", "https://e.org/w/", "tag:e.org,2021:w")
PAGE = "https://e.org/w/2021-07-18/"

ISSUE = """# 周刊 (2021-07-18)

> 导读：本期2条。【新闻】甲公司发布新芯片，性能翻倍；【论文】乙大学的量化方法。

先是热身小新闻：

- 高通：发布了芯片；
- 紫光：

## 新闻

- [甲 | 来源](../a)
摘要：见[图](图.png)。
代码：
- []()
-

## 空的

## 论文

> 注：补全地址 `github.com/<owner>/<name>`

## [往期回顾](https://e.org)

- [2021-07-04](https://e.org/old)
"""


def test_make_publishable_drops_unfinished_parts() -> None:
    issue = make_publishable(parse_issue(ISSUE))
    assert [plain(brief.text) for brief in issue.briefs] == ["高通：发布了芯片；"]
    assert [plain(section.title) for section in issue.sections] == ["新闻", "论文"]
    assert [plain(item.title) for item in issue.items] == ["甲"]
    assert [field.label for item in issue.items for field in item.fields] == ["摘要"]
    assert issue.archive is None


def test_a_heading_over_other_headings_is_kept() -> None:
    text = "# 周刊\n\n## 一\n\n### 一之一\n\n- [甲](https://e.org)\n\n## 二\n\n### 二之一\n\n## 三\n\n段落"
    assert [plain(section.title) for section in make_publishable(parse_issue(text)).sections] == ["一", "一之一", "三"]


def test_make_urls_absolute_changes_every_url() -> None:
    issue = make_urls_absolute(parse_issue(ISSUE), PAGE)
    item = next(issue.items)
    assert item.url == "https://e.org/w/a"
    assert [node.url for node in item.summary if isinstance(node, Link)] == ["https://e.org/w/2021-07-18/%E5%9B%BE.png"]


def test_invalid_url_is_kept() -> None:
    issue = make_urls_absolute(parse_issue("## 新闻\n\n- [甲](http://[::bad/路)"), PAGE)
    assert next(issue.items).url == "http://[::bad/%E8%B7%AF"


texts = st.lists(st.sampled_from([*ISSUE.split("\n"), "- [t](<a b>)", "![x](//e.org/y)", "段落[l](#f)"]), max_size=30)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_transforms_are_idempotent(lines: list[str]) -> None:
    issue = parse_issue("\n".join(lines))
    once = make_publishable(issue)
    assert make_publishable(once) == once
    moved = make_urls_absolute(issue, PAGE)
    assert make_urls_absolute(moved, PAGE) == moved


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# 周刊 (2021-07-18)：甲/乙", "周刊 (2021-07-18)：甲/乙"),
        ("# 周刊 (2021-07-18) 甲/乙", "周刊 (2021-07-18)：甲/乙"),
        (ISSUE, "周刊 (2021-07-18)：甲公司发布新芯片/乙大学的量化方法"),
        ("# 周刊 (2021-07-18)\n\n## 新闻\n\n- [甲 | 源](https://e.org)", "周刊 (2021-07-18)：甲"),
        (
            "# 周刊 (2021-07-18)\n\n> 导读：其中「论文」三篇量化。\n\n## 新闻\n\n- [甲](https://e.org)",
            "周刊 (2021-07-18)：甲",
        ),
        ("# 周刊 (2021-07-18)：", "周刊 (2021-07-18)"),
        ("# **Issue** 12", "Issue 12"),
        ("no title", "周刊 (2021-07-18)"),
    ],
)
def test_display_title(text: str, expected: str) -> None:
    assert build_display_title(parse_issue(text, "2021-07-18.md"), PUBLICATION) == expected


def test_title_colon_depends_on_the_language() -> None:
    issue = parse_issue("# Notes (2021-07-18): Boats/Sails", "2021-07-18.md")
    assert build_display_title(issue, PUBLICATION) == "Notes (2021-07-18)：Boats/Sails"
    assert build_display_title(issue, replace(PUBLICATION, lang="en")) == "Notes (2021-07-18): Boats/Sails"


def test_topics_are_whole_and_within_the_limit() -> None:
    issue = parse_issue("## 新闻\n\n" + "\n".join(f"- [第{n}条新闻的标题](https://e.org/{n})" for n in range(9)))
    assert find_topics(issue) == tuple(f"第{n}条新闻的标题" for n in range(5))
    assert find_topics(parse_issue(f"## 新闻\n\n- [{'长' * 49}](https://e.org/)")) == ()


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("短句。", 10, "短句。"),
        ("第一句话。第二句话很长很长很长", 10, "第一句话。"),
        ("一个没有句号的长句子，分成两段来说", 14, "一个没有句号的长句子…"),
        ("第一件事；第二件事很长很长很长", 10, "第一件事…"),
        ("hello wonderful world", 12, "hello…"),
        ("abcdefghijklmnop", 8, "abcdefg…"),
    ],
)
def test_shorten_never_cuts_a_word(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected
    assert len(shorten(text, limit)) <= limit


def test_summary_is_the_guide_or_the_titles() -> None:
    assert build_summary(parse_issue(ISSUE)).startswith("本期2条。【新闻】甲公司发布新芯片")
    assert build_summary(parse_issue("## 新闻\n\n- [甲](https://e.org/1)\n- [乙](https://e.org/2)")) == "甲；乙"
    assert build_summary(Issue("x")) == ""


def test_revision_depends_on_words_and_urls_only() -> None:
    base = compute_revision(make_publishable(parse_issue(ISSUE, "2021-07-18.md")))
    same = [ISSUE.replace("\n\n", "\n\n\n"), "<!-- a remark -->\n" + ISSUE, ISSUE.replace("- ]()", "- ]( )")]
    other = [ISSUE.replace("翻倍", "翻番"), ISSUE.replace("../a", "../b"), ISSUE.replace("- [甲 |", "- [CVPR] [甲 |")]
    assert {compute_revision(make_publishable(parse_issue(text, "2021-07-18.md"))) for text in same} == {base}
    assert base not in {compute_revision(make_publishable(parse_issue(text, "2021-07-18.md"))) for text in other}


def test_revision_depends_on_every_part_of_an_item_but_its_place() -> None:
    """Also on its source, `title | source`, which has the name of a field of the issue that no one sees."""
    (item,) = make_publishable(parse_issue("- [甲 | 社](https://e.org/1)\n摘要：一句。\n", "2021-07-18.md")).items
    others: dict[str, object] = {
        "title": (Text("乙"),),
        "tags": ("新",),
        "authors": ("林",),
        "extras": (Link((Text("二"),), "https://e.org/2"),),
        "tail": (Text("尾"),),
        "fields": (),
        "body": (Paragraph((Text("段"),)),),
    }
    unseen = {
        name
        for name in Item.__struct_fields__
        if _revision(item) == _revision(replace(item, **{name: others.get(name, "https://e.org/other")}))
        and name != "pos"
    }
    assert unseen == set()


def _revision(item: Item) -> str:
    return compute_revision(Issue("x", sections=(Section((Text("新闻"),), content=(item,)),)))


def test_date_precedence() -> None:
    assert parse_issue("---\ndate: 2021-01-01\n---\n# 周刊 (2021-03-03)", "2021-02-02.md").date == dt.date(2021, 1, 1)
    assert parse_issue("# 周刊 (2021-03-03)", "2021-02-02.md").date == dt.date(2021, 2, 2)
    assert parse_issue("# 周刊 (2021-03-03)", "special.md").date == dt.date(2021, 3, 3)
    assert parse_issue("# 周刊 (2021-03-xx)", "2021-03-xx.md").date is None
    assert parse_issue("# 周刊 (2021-02-30)", "x.md").date is None


def test_find_nodes_finds_every_link() -> None:
    issue = parse_issue(
        "# 周刊 (2021-07-18)\n\n> 导读：[a](https://e.org/a)\n\n- 热身：**[b](https://e.org/b)**\n\n"
        "## 新闻\n\n- [甲](https://e.org/x)\n摘要：[c](https://e.org/c)\n    1. [d](https://e.org/d)\n\n"
        "| [e](https://e.org/e) | 乙 |\n|---|---|\n| 1 | [f](https://e.org/f) |\n"
    )
    assert [plain(link.children) for link in find_nodes(Link, (issue,))] == list("abcdef")
    assert find_nodes(Link, (Text("甲"), Code("乙"))) == []


def test_link_field_value_contains_the_url() -> None:
    other, own = Link((Text("甲"),), "https://e.org/a"), "https://e.org/b"
    for value, expected in (
        ((Text("乙"),), (Link((Text("乙"),), own),)),
        ((other,), (other, Text(" "), Link((Text(own),), own))),
        ((Image(own, "丙"),), (Image(own, "丙"),)),
    ):
        assert link_field_value(Field("代码", "code", value, own)).value == expected
    assert link_field_value(Field("代码", "code", (Text("乙"),))).value == (Text("乙"),)
    assert has_link((Strong((other,)),))
    assert not has_link((Image(own, ""), Text("乙")))


def section(title: str, *items: Item) -> Section:
    return Section((Text(title),) if title else (), content=items)


def test_anchor_is_the_title_without_punctuation() -> None:
    titles = ("业界新闻", "New & Updated RFCs", " 开源（本周）", "C++/Rust", "snake_case")
    anchors = build_anchors(Issue("x", sections=tuple(map(section, titles))))
    assert anchors == ("业界新闻", "new-updated-rfcs", "开源-本周", "c-rust", "snake_case")


def test_anchor_includes_code_in_the_title() -> None:
    assert build_anchors(Issue("x", sections=(Section((Text("用 "), Code("Vec"))),))) == ("用-vec",)


def test_anchors_are_unique() -> None:
    anchors = build_anchors(Issue("x", sections=tuple(map(section, ("论文", "论文", "论文-2", "论文", "", "！")))))
    assert anchors == ("论文", "论文-2", "论文-2-2", "论文-3", "section", "section-2")


def test_anchors_avoid_ids_of_items_and_of_the_page() -> None:
    issue = Issue("x", sections=(section("News", Item((), "news")), section("main"), section("briefs")))
    assert build_anchors(issue) == ("news-2", "main-2", "briefs-2")


def test_links_to_a_place_of_the_page_lead_there_or_are_text() -> None:
    text = "# T\n\nSee [a](#Q--A), [b](#top), [c](#footnote-1).\n\n## Q & A\n\n- [d](#nowhere)\n"
    issue = parse_issue(text)
    assert find_fragments(issue) == {"#Q--A": "#q-a", "#top": "#main", "#footnote-1": "", "#nowhere": ""}
    resolved = resolve_links(issue, find_fragments(issue))
    assert [link.url for link in find_nodes(Link, (resolved,))] == ["#q-a", "#main"]
    assert [(plain(item.title), item.url) for item in resolved.items] == [("d", None)]
    assert resolve_links(resolved, find_fragments(resolved)) == resolved


def test_a_heading_with_a_link_is_kept_without_text_below_it() -> None:
    issue = make_publishable(parse_issue("# T\n\n## A [b](https://e.org/1)\n\n## C\n\n## D\n\nText.\n"))
    assert [plain(section.title) for section in issue.sections] == ["A b", "D"]
