"""The page of one issue."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from msgspec.structs import replace

from publisher.model import Field, Issue, Item, Note, Paragraph, Pos, Section
from publisher.reader import parse_issue
from publisher.transforms import make_publishable, make_urls_absolute
from tests.channels.web.conftest import BASE, of_items, t

# ------------------------------------------------------- everything is there


def test_every_word_and_address_is_on_the_page(rich, rich_issue) -> None:
    assert rich.lacks(rich_issue) == []


def test_lacks_notices(page, rich_issue) -> None:
    lost = page(replace(rich_issue, warmup=None)).lacks(rich_issue)
    assert "：停运三天；" not in lost  # the text node is one with its subject
    assert "缆车站：停运三天；" in lost
    assert "https://bird.example.net/" in lost


def test_every_word_of_real_issues_is_on_their_pages(page, corpus: Path) -> None:
    files = sorted([*corpus.glob("issues/*.md"), *corpus.glob("drafts/*.md"), *corpus.glob("other/*.md")])
    assert files
    for file in files:
        issue = make_urls_absolute(make_publishable(parse_issue(file.read_text("utf-8"), file.name)), BASE)
        assert page(issue).lacks(issue) == [], file.name


def test_order_is_that_of_the_issue(rich) -> None:
    order = ("导读", "本期三条", "鸟叫", "热身结束", "下周停刊", "编者按", "雪深计学会", "除霜只要", "第一行",
             "来自山脚", "补全地址", "塞进风杯", "只有题目", "无题的尾声", "投稿")  # fmt: skip
    places = [rich.text.index(words) for words in order]
    assert places == sorted(places)


def test_fields_and_body_keep_the_order_of_the_source(page) -> None:
    item = Item(
        t("题"),
        fields=(Field("代码", "code", t("在后"), pos=Pos(9, 1, 9, 5)),),
        body=(Paragraph(t("在前"), Pos(8, 1, 8, 3)),),
    )
    text = page(of_items(item)).text
    assert text.index("在前") < text.index("代码：在后")


def test_notes_about_wechat_stay_away(page, rich) -> None:
    assert "阅读原文" not in rich.text
    issue = Issue("x", notes=(Note("pc_wechat", t("电脑端打不开")), Note("history", t("见菜单"))))
    assert "打不开" not in page(issue).text
    assert "注：见菜单" in page(issue).text


def test_markup_in_words_stays_words(page) -> None:
    evil = '</script><script>alert("1")</script>&lt;<!--'
    issue = replace(of_items(Item(t(evil), "i", "https://a.example/?a=1&b=2", source=evil)), tagline=t(evil))
    made = page(issue, tagline=evil, author=evil)
    assert len(made.all("script")) == 1
    assert made.text.count(evil) == 5  # author, heading, tagline, title and source
    assert "https://a.example/?a=1&b=2" in made.addresses


def test_unsafe_addresses_lead_nowhere(page) -> None:
    made = page(of_items(Item(t("题"), url="javascript:alert(1)")))
    assert not [address for address in made.addresses if address.startswith("javascript")]


# ---------------------------------------------------------------- moving about


def test_neighbours_and_index_are_files_beside(context, rich) -> None:
    def file(address: str) -> str:
        return posixpath.normpath(posixpath.join("public/2021-07-18", unquote(urlsplit(address).path)))

    assert file(rich.one("a", rel="prev").get("href")) == "public/2021-07-04/index.html"
    assert file(rich.one("a", rel="next").get("href")) == "public/2021-08-01/index.html"
    menu = [file(link.get("href")) for link in rich.root.find("body/header/nav")]
    pages = ["public/index.html", "public/search/index.html", "public/subscribe.html"]  # archive, search, subscribe
    assert menu == ["public/2021-07-18", *pages]


def test_ids_are_unique_and_every_jump_lands(rich) -> None:
    ids = [element.get("id") for element in rich.all() if element.get("id")]
    assert len(ids) == len(set(ids))
    jumps = {unquote(address[1:]) for address in rich.addresses if address.startswith("#")}
    assert {"defrost", "wind", "bare", "业界新闻", "论文", "briefs", "main"} <= jumps
    assert jumps <= set(ids)


def test_an_id_given_twice_stays_with_the_first(page) -> None:
    made = page(of_items(Item(t("甲"), "same", body=(Paragraph(t("文")),)), Item(t("乙"), "same")))
    assert "甲" in "".join(made.one(id="same").itertext())


def test_permalinks_have_names_of_their_own(rich) -> None:
    names = [link.get("aria-label") for link in rich.all("a", class_="permalink")]
    assert names == ["本条链接 1：雪深计学会了自己除霜", "本条链接 2：把 Vec<Wind> 塞进风杯", "本条链接：只有题目"]


def test_contents_lead_to_the_sections(rich, read_words) -> None:
    (nav,) = [nav for nav in rich.all("nav") if nav.get("aria-label") == "目录"]
    entries = [(unquote(link.get("href")), read_words(link)) for link in nav.find("ol").iter("a")]
    assert entries == [
        ("#briefs", "热身小新闻2"),
        ("#业界新闻", "业界新闻1"),
        ("#论文", "论文1"),
        ("#链接-list", "链接list1"),
    ]
    assert [read_words(link) for link in nav.findall("ol/li/ol/li/a")] == ["链接list1"]
    assert nav.get("id") == "contents"
    assert [link.get("href") for link in rich.all("a", class_="to-contents")] == ["#contents"]


def test_contents_close_without_a_script(rich) -> None:
    (close,) = rich.all("a", class_="close")
    assert close.get("href") == "#" + close.get("id")  # what is the target then is not the list
    assert close.get("aria-label") == "关闭"


@pytest.mark.parametrize(
    ("levels", "tree"),
    [
        ((2, 2), "0 1"),
        ((2, 3, 3, 2), "0(1 2) 3"),
        ((2, 5, 3, 2), "0(1 2) 3"),
        ((3, 3, 2), "0 1 2"),
        ((2, 3, 4, 5), "0(1(2(3)))"),
        ((2,), ""),
    ],
)
def test_contents_are_nested_like_the_sections(page, levels, tree) -> None:
    def draw(entries) -> str:
        return " ".join(li.find("a").text + (f"({draw(li.find('ol'))})" if li.find("ol") else "") for li in entries)

    made = page(Issue("x", sections=tuple(Section(t(str(n)), level) for n, level in enumerate(levels))))
    navs = made.all("nav", class_="contents")
    assert [draw(nav.find("ol")) for nav in navs] == ([tree] if tree else [])
    assert len(made.all("a", class_="to-contents")) == len(navs)
