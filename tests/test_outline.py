"""The outline: which links, notes and lines an issue has, before any channel styles them."""

from __future__ import annotations

import pytest

from publisher import model as m
from publisher.newsletter import Newsletter
from publisher.outline import (
    Outline,
    OutlineItem,
    build_note_label,
    build_outline,
    find_own_tagline,
    highlight_subject,
    label_guide,
    split_guide,
)
from publisher.reader import parse_issue
from publisher.registry import channel_names
from publisher.transforms import make_publishable

GITHUB = "https://github.com"
ARXIV = "https://arxiv.org/abs"
EX = "https://ex.org/1"


def t(text: str) -> m.Inlines:
    return (m.Text(text),)


def of(text: str, channel: str = "web", *, digest: bool = False) -> Outline:
    issue = parse_issue(f"# Notes (2021-07-18): Boats\n\n{text}\n", "2021-07-18.md")
    return build_outline(make_publishable(issue), channel, digest=digest)


def item(text: str, *, digest: bool = False) -> OutlineItem:
    (section,) = of(f"## News\n\n{text}", digest=digest).sections
    (only,) = section.items
    return only


def links(one: OutlineItem) -> list[tuple[str, str, str]]:
    return [(link.kind, m.plain(link.text), link.url) for link in one.links]


@pytest.mark.parametrize(
    ("text", "url", "others"),
    [
        ("- A headline", None, []),
        ("- [A](https://ex.org/1)", EX, []),
        ("- https://ex.org/1", EX, []),
        # a repository in title and link
        ("- [Foo/Bar: a library | GitHub](https://github.com/foo/bar)", f"{GITHUB}/foo/bar", []),
        ("- [foo/bar: x](https://www.github.com/Foo/Bar.git/)", "https://www.github.com/Foo/Bar.git/", []),
        ("- [foo/bar: x](https://github.com/foo/bar/releases)", f"{GITHUB}/foo/bar/releases", []),
        ("- [foo/bar: x](https://github.com/foo/barbaz)", f"{GITHUB}/foo/barbaz", []),
        ("- [foo/bar: a fork](https://github.com/boo/bar)", f"{GITHUB}/boo/bar",
         [("repository", "foo/bar", f"{GITHUB}/foo/bar")]),
        ("- [foo/bar：x](https://ex.org/1)", EX, [("repository", "foo/bar", f"{GITHUB}/foo/bar")]),
        ("- [foo/bar：x](https://ex.org/1) [code](https://github.com/FOO/bar)", EX,
         [("extra", "code", f"{GITHUB}/FOO/bar")]),
        # … in a field, and in the text
        ("- [foo/bar：x](https://ex.org/1)\n\n  Code: https://github.com/Foo/Bar.git", EX, []),
        ("- [foo/bar：x](https://ex.org/1)\n\n  Code: https://github.com/foo/bar/tree/dev", EX, []),
        ("- [foo/bar：x](https://ex.org/1)\n\n  See [it](http://github.com/Foo/Bar/).", EX, []),
        ("- [foo/bar：x](https://ex.org/1)\n\n  See [a bug](https://github.com/foo/bar/issues/1).",
         EX, [("repository", "foo/bar", f"{GITHUB}/foo/bar")]),
        ("- [foo/bar：x](https://ex.org/1) by [us](https://github.com/foo/bar)", EX, []),
        # a paper
        ("- [2104.11487] A paper", None, [("paper", "arXiv:2104.11487", f"{ARXIV}/2104.11487")]),
        ("- [2104.11487] [A paper](https://ex.org/1)", EX,
         [("paper", "arXiv:2104.11487", f"{ARXIV}/2104.11487")]),
        ("- [2104.11487] [A](https://www.arxiv.org/pdf/2104.11487v2.pdf)",
         "https://www.arxiv.org/pdf/2104.11487v2.pdf", []),
        ("- [2104.11487] A paper\n\n  论文：https://arxiv.org/abs/2104.11487v1", None, []),
        ("- [2104.11487] A paper\n\n  See https://arxiv.org/abs/2104.11487.", None, []),
        # several links, and a link twice
        ("- [A](https://ex.org/1) [b](https://ex.org/2) [c](https://ex.org/3)", EX,
         [("extra", "b", "https://ex.org/2"), ("extra", "c", "https://ex.org/3")]),
        ("- [A](https://ex.org/1) [again](http://www.ex.org/1/)", EX, [("extra", "again", "")]),
        ("- [A](https://ex.org/1) [b](https://ex.org/2) [c](https://ex.org/2)", EX,
         [("extra", "b", "https://ex.org/2"), ("extra", "c", "")]),
        ("- [A](https://ex.org/1) [part](https://ex.org/1#part)", EX,
         [("extra", "part", "https://ex.org/1#part")]),
    ],
)  # fmt: skip
def test_an_item_has_each_link_once(text: str, url: str | None, others: list[tuple[str, str, str]]) -> None:
    one = item(text)
    assert (one.url, links(one)) == (url, others)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("- [A](https://ex.org/1)\n\n  Code: https://ex.org/2", [("field", "Code", "https://ex.org/2")]),
        ("- [A](https://ex.org/1) [b](https://ex.org/2)\n\n  Code: https://ex.org/2",
         [("extra", "b", "https://ex.org/2")]),
        ("- [A](https://ex.org/1)\n\n  Code: https://ex.org/1/", []),
        ("- [A](https://ex.org/1)\n\n  Code: https://ex.org/1#L7", [("field", "Code", "https://ex.org/1#L7")]),
        ("- [A](https://ex.org/1)\n\n  Code: https://ex.org/2 and [three](https://ex.org/3)",
         [("field", "Code", "https://ex.org/2"), ("field", "three", "https://ex.org/3")]),
        ("- [foo/bar：A](https://ex.org/1)\n\n  See [it](https://github.com/foo/bar).\n\n  More.", []),
        ("- [foo/bar：A](https://ex.org/1)\n\n  Words.\n\n  See [it](https://github.com/foo/bar).",
         [("repository", "foo/bar", f"{GITHUB}/foo/bar")]),
    ],
)  # fmt: skip
def test_a_digest_links_what_it_does_not_show(text: str, others: list[tuple[str, str, str]]) -> None:
    assert links(item(text, digest=True)) == others


def test_a_title_with_links_is_followed_by_the_link_of_the_item() -> None:
    title = (*t("See "), m.Strong((m.Link(t("that"), "https://ex.org/2"),)))
    issue = m.Issue("x", sections=(m.Section(t("News"), content=(m.Item(title, url="https://ex.org/1"),)),))
    (one,) = build_outline(issue, "web").sections[0].items
    assert (one.url, links(one)) == (None, [("item", "https://ex.org/1", "https://ex.org/1")])


def test_items_are_numbered_through_the_issue() -> None:
    sections = of("## A\n\n- [a](https://ex.org/1)\n- b\n\n## B\n\nText.\n\n- c").sections
    assert [[(one.number, one.name) for one in section.items] for section in sections] == [
        [(1, "a"), (2, "b")],
        [(3, "c")],
    ]
    assert [section.anchor for section in sections] == ["a", "b"]


@pytest.mark.parametrize(
    ("node", "name", "title"),
    [
        (m.Item(t(" a\n b "), url="https://ex.org/1"), "a b", " a\n b "),
        (m.Item((), source="S", url="https://ex.org/1"), "S", "https://ex.org/1"),
        (m.Item((), url="https://ex.org/1"), "https://ex.org/1", "https://ex.org/1"),
        (m.Item((), tail=t("tail")), "tail", ""),
        (m.Item((), fields=(m.Field("摘要", "summary", t("sum")),)), "sum", ""),
        (m.Item((), id="i-1", body=(m.Rule(),)), "i-1", ""),
    ],
)
def test_an_item_has_a_name(node: m.Item, name: str, title: str) -> None:
    issue = m.Issue("x", sections=(m.Section((), content=(node,)),))
    (one,) = build_outline(issue, "web").sections[0].items
    assert (one.name, m.plain(one.title)) == (name, title)


def test_fields_and_blocks_are_in_source_order() -> None:
    one = item("- [A](https://ex.org/1)\n\n  Code: https://ex.org/2\n\n  Words.\n\n  Docs: https://ex.org/3")
    assert [(are_fields, len(nodes)) for are_fields, nodes in one.matter] == [(True, 1), (False, 1), (True, 1)]
    assert one.fields[0].value == (m.Link(t("https://ex.org/2"), "https://ex.org/2"),)
    assert m.plain(one.excerpt) == "Words."


@pytest.mark.parametrize(("text", "is_list"), [("- a\n- b", True), ("- a\n\n  Words.\n\n- b", False)])
def test_a_section_is_a_list_if_no_item_has_text(text: str, is_list: bool) -> None:
    assert of(f"## News\n\n{text}").sections[0].is_list == is_list


@pytest.mark.parametrize("channel", channel_names())
def test_notes_about_wechat_are_for_wechat(channel: str) -> None:
    kinds = ("read_original", "pc_wechat", "complete_url", "history", "other")
    notes = tuple([m.Note(kind, t(kind)) for kind in kinds])
    outline = build_outline(m.Issue("x", notes=notes, sections=(m.Section(t("A"), notes=notes),)), channel)
    expected = kinds[1:] if channel == "wechat" else kinds[2:]
    for shown in (outline.notes, outline.sections[0].notes):
        assert tuple([note.kind for note in shown]) == expected


def test_a_note_on_earlier_issues_has_no_label() -> None:
    labels = {"note": "Note", "colon": ": "}
    assert [build_note_label(m.Note(kind, t("x")), labels) for kind in ("history", "other")] == ["", "Note: "]


@pytest.mark.parametrize(
    ("tagline", "own"), [(t(" Same "), False), (t("Other"), True), ((m.Link(t("Same"), "https://ex.org/"),), True)]
)
def test_the_tagline_of_the_newsletter_is_not_the_issues_own(tagline: m.Inlines, own: bool) -> None:
    newsletter = Newsletter("N", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:n", tagline="Same")
    assert find_own_tagline(m.Issue("x", tagline=tagline), newsletter) == (tagline if own else ())


def test_a_segment_of_the_guide_starts_a_line_after_a_sentence() -> None:
    text = "先说。【新闻】一条；【论文】两篇，「开源」一个。"
    guide = m.Guide(
        (m.Paragraph(t(text)), m.Rule()),
        "导读",
        segments=tuple([m.Segment(label, "") for label in ("新闻", "论文", "开源")]),
    )
    paragraph, rule = split_guide(guide, bold=False)
    assert isinstance(paragraph, m.Paragraph)
    assert ["/" if isinstance(node, m.Break) else m.plain((node,)) for node in paragraph.children] == [
        "先说。", "/", "【新闻】", "一条；", "/", "【论文】", "两篇，", "「开源」", "一个。",
    ]  # fmt: skip
    assert rule == m.Rule()
    paragraph, _ = split_guide(guide, bold=True)
    assert isinstance(paragraph, m.Paragraph)
    bold = [m.plain((node,)) for node in paragraph.children if isinstance(node, m.Strong)]
    assert bold == ["【新闻】", "【论文】", "「开源」"]


def test_the_label_of_the_guide_begins_its_first_paragraph() -> None:
    label = (m.Strong(t("导读")), m.Text("："))
    text, rule = m.Paragraph(t("本期")), m.Rule()
    guide = m.Guide((), "导读")
    assert label_guide(guide, (text, rule), "：") == (m.Paragraph((*label, m.Text("本期"))), rule)
    assert label_guide(guide, (rule,), "：") == (m.Paragraph(label), rule)
    assert label_guide(m.Guide(()), (text,), "：") == (text,)


def test_the_subject_of_a_brief_is_bold() -> None:
    brief = m.Brief((m.Text("潮汐：涨了"), m.Code("x")), "潮汐")
    assert highlight_subject(brief) == (m.Strong(t("潮汐")), m.Text("：涨了"), m.Code("x"))
    assert highlight_subject(m.Brief(t("涨了"))) == t("涨了")


@pytest.mark.parametrize(
    ("section", "head", "repo"),
    [
        ("News", "[core/num: implement it](https://github.com/rust-lang/rust/pull/1)", "rust-lang/rust"),
        ("News", "[Read/Write: two traits](https://ex.org/1)", None),
        ("News", "[and/or: both](https://ex.org/1)", None),
        ("News", "[owner/name](https://ex.org/1)", None),
        ("News", "core/num: implement it", None),
        ("News", "[owner/name: a fork](https://github.com/other/name)", "owner/name"),
        ("News", "[owner/name：换了地方](https://ex.org/1)", "owner/name"),
        ("News", "[owner/name: 换了地方](https://ex.org/1)", "owner/name"),
        ("News", "owner/name：没有链接", "owner/name"),
        ("News", "[TCP/IP：详解](https://ex.org/1)", None),
        ("News", "[CI/CD: 流水线](https://ex.org/1)", None),
        ("News", "[owner/name：换了地方](https://gitlab.com/owner/name)", None),
        ("News", "[owner/name: a tool](https://gitee.com/owner/name)", None),
        ("Open source", "[owner/name: a tool](https://ex.org/1)", "owner/name"),
        ("Open source", "[owner/name](https://ex.org/1)", "owner/name"),
        ("Open source", "[core/num: a fix](https://github.com/rust-lang/rust/pull/1)", "rust-lang/rust"),
        ("Open source", "[owner/name: a tool](https://codeberg.org/owner/name)", None),
        ("开源项目", "[owner/name:a tool](https://mp.weixin.qq.com/s/x)", "owner/name"),
    ],
)
def test_a_repository_is_only_what_an_item_names(section: str, head: str, repo: str | None) -> None:
    issue = parse_issue(f"# Notes (2021-07-18): Boats\n\n## {section}\n\n- {head}\n", "2021-07-18.md")
    assert [one.repo for one in issue.items] == [repo]
