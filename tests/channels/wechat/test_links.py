"""Every URL of an issue is a clickable link or readable text. C1 to C4 of the checklist."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from publisher.channels.wechat.links import is_clickable_url, is_url_text
from publisher.links import to_ascii_url
from publisher.model import Issue, Item, Link, Section, Text
from tests.channels.wechat.conftest import EARLIER, Letter, Make

ARTICLE = "https://mp.weixin.qq.com/s/FoghornFoghornFogho03"


def item(line: str, *below: str) -> str:
    return "\n".join(["## 新闻", "", line, *below, "摘要：一句话。", ""])


# -------------------------------------------------------- C1: what opens


@pytest.mark.parametrize(
    "url",
    [
        ARTICLE,
        "http://mp.weixin.qq.com/s/FoghornFoghornFogho03",
        "HTTPS://MP.WEIXIN.QQ.COM/s/FoghornFoghornFogho03",
        "https://mp.weixin.qq.com/s?__biz=Mz&mid=1&idx=1&sn=2#rd",
        "https://mp.weixin.qq.com/mp/appmsgalbum?album_id=1",
        "https://mp.weixin.qq.com",
    ],
)
def test_wechat_urls_are_links(letter, url: str) -> None:
    assert [each.lower() for each in letter(f"- [雾笛]({url})").anchors] == [url.lower()]


@pytest.mark.parametrize(
    "url",
    [
        "https://mp.weixin.qq.com.evil.example/s/1",
        "https://evil.example/?u=https://mp.weixin.qq.com/s/1",
        "https://mp.weixin.qq.com@evil.example/s/1",
        "https://evil.example\\@mp.weixin.qq.com/s/1",
        "https://mp.weixin.qq.com:8443/s/1",
        "https://amp.weixin.qq.com/s/1",
        "https://mp-weixin.qq.com/s/1",
        "ftp://mp.weixin.qq.com/s/1",
        "//mp.weixin.qq.com.evil.example",
    ],
)
def test_other_urls_are_not_links(letter, url: str) -> None:
    made = letter(Issue("x", sections=(Section((Text("新闻"),), content=(Item((Text("雾笛"),), url=url),)),)))
    assert made.anchors == []
    assert made.unreadable == []


def test_an_anchor_of_the_page_is_text(letter) -> None:
    made = letter("见[下文](#below)。")
    assert made.anchors == []
    assert "下文（https://lighthouse.example.org/letter/2024-03-01/#below）" in made.text


# ------------------------------------------------ C2: once, and only as a link


def test_the_sample_keeps_its_wechat_links(sampled) -> None:
    assert sampled.anchors == [
        "https://mp.weixin.qq.com/s/HarbourHarbourHarbo01",
        "https://mp.weixin.qq.com/s/GullsGullsGullsGulls02",
        "https://mp.weixin.qq.com/s/FoghornFoghornFogho03",
        "https://mp.weixin.qq.com/s/PhonePhonePhonePhone04",
        "https://mp.weixin.qq.com/s?timestamp=1700000000&src=3&ver=1&signature=Abc*Def-Ghi=",
        "https://mp.weixin.qq.com/s/KeeperKeeperKeeper005",
    ]
    # one stands in the text as it is, and so it does in the article
    assert "居民仍可致电https://mp.weixin.qq.com/s/PhonePhonePhonePhone04询问" in sampled.text
    assert sampled.text.count("mp.weixin.qq.com") == 1


def test_an_expiring_wechat_link_is_reported(sampled) -> None:
    assert any("expire" in warning and "灯塔账本" in warning for warning in sampled.rendering.warnings)


# --------------------------------------------------- C3: readable, and once


def test_link_form_follows_the_kind_of_link(letter, sample: str) -> None:
    made = letter(sample)
    for url, form in {
        "https://waves.example.net/survey?a=1&b=2": "brackets",
        "https://oil.example.net/price": "shown",
        "https://zine.example.net/lens?id=7&from=a": "line",
        "https://arxiv.org/pdf/2402.01234v2.pdf": "line",
        "https://github.com/foglab/wave-ear/tree/main/demo": "brackets",
        "https://github.com/anemo/cup": "line",
        "https://buoy.example.net/one": "brackets",
        "mailto:keeper@lighthouse.example.org": "brackets",
    }.items():
        assert made.form(url) == form, url
    photos = [link["form"] for link in made.meta["links"] if link["url"] == "https://photos.example.net/lens"]
    assert photos == ["line", "above"]
    assert {link["clickable"] for link in made.meta["links"] if link["form"] != "link"} == {False}


def test_the_lines_below_a_title(letter, sample: str) -> None:
    lines = letter(sample).lines
    for expected in (
        "老透镜重见天日",
        "透镜杂志",
        "链接：https://zine.example.net/lens?id=7&from=a",
        "图集：https://photos.example.net/lens",
        "摘要：透镜在地窖里睡了八十年，图集拍下了开箱。",
        "[2402.01234] Seeing Through Fog by Listening to Waves",
        "论文：https://arxiv.org/abs/2402.01234",
        "链接：https://github.com/tidewater/tables",
        "链接：https://github.com/anemo/cup",
        "雾里的[1]号浮标（https://buoy.example.net/one）",
    ):
        assert lines.count(expected) == 1, expected


def test_identifying_fields_come_before_the_url(letter, sample: str) -> None:
    lines = letter(sample).lines
    at = lines.index("论文：https://arxiv.org/abs/2311.05678")
    assert lines[at + 1 : at + 3] == [
        "链接：https://tides.example.org/paper.html",
        "代码：https://github.com/tidewater/tables",
    ]


@pytest.mark.parametrize(
    ("title", "url", "below", "line", "facts"),
    [
        ("潮位表", "https://github.com/tide/table", "", "潮位表", ["链接：https://github.com/tide/table"]),
        ("潮位表", "https://github.com/tide/table/", "", "潮位表", ["链接：https://github.com/tide/table/"]),
        ("Tide/Table：潮位表", "https://github.com/tide/table", "", "Tide/Table：潮位表", ["链接：https://github.com/tide/table"]),
        (
            "潮位表",
            "https://github.com/tide/table/releases",
            "",
            "潮位表",
            ["链接：https://github.com/tide/table/releases"],
        ),
        (
            "潮位表",
            "https://github.com/tide/table",
            "项目：https://github.com/tide/table",
            "潮位表",
            ["项目：https://github.com/tide/table"],
        ),
        ("潮位表", ARTICLE, "项目：https://github.com/tide/table", "潮位表", ["项目：https://github.com/tide/table"]),
        ("听浪", "https://arxiv.org/abs/2402.01234v3", "", "听浪", ["论文：https://arxiv.org/abs/2402.01234"]),
        (
            "听浪",
            "https://arxiv.org/abs/2402.01234",
            "论文：https://arxiv.org/pdf/2402.01234.pdf",
            "听浪",
            ["论文：https://arxiv.org/pdf/2402.01234.pdf"],
        ),
        ("https://fog.example.net/a", "https://fog.example.net/a", "", "https://fog.example.net/a", []),
        ("fog.example.net/a", "https://fog.example.net/a/", "", "fog.example.net/a", []),
        ("雾", "https://fog.example.net/a", "链接：https://fog.example.net/a/", "雾", ["链接：https://fog.example.net/a/"]),
        ("雾", "https://fog.example.net/a#/1", "链接：https://fog.example.net/a#/2", "雾",
         ["链接：https://fog.example.net/a#/1", "链接：https://fog.example.net/a#/2"]),
        ("雾", "https://fog.example.net/a", "论文：[全文](https://fog.example.net/a)", "雾", ["论文：全文", "链接：https://fog.example.net/a"]),
        ("雾", ARTICLE, "演示：[录像](https://v.example.net/1)", "雾", ["演示：录像（https://v.example.net/1）"]),
        ("雾", ARTICLE, f"演示：[录像]({ARTICLE})", "雾", ["演示：录像"]),
    ],
)  # fmt: skip
def test_an_item_shows_its_url_once(letter, title: str, url: str, below: str, line: str, facts: list[str]) -> None:
    made = letter(item(f"- [{title}]({url})", *filter(None, [below])))
    assert [row for row in made.lines if row and not row.startswith("注：")] == ["新闻", line, *facts, "摘要：一句话。"]
    assert made.unreadable == []


def test_a_repository_or_paper_that_is_only_named_has_its_url(letter) -> None:
    node = Item((Text("测风仪"),), url=ARTICLE, repo="anemo/cup", arxiv="2402.01234", source="风")
    made = letter(Issue("x", sections=(Section((Text("开源"),), content=(node,)),)))
    assert "测风仪 https://github.com/anemo/cup https://arxiv.org/abs/2402.01234 · 风" in made.lines
    assert made.anchors == [ARTICLE]
    lines = letter(item("- [2402.01234] 听浪")).lines
    assert "[2402.01234] 听浪 https://arxiv.org/abs/2402.01234" in lines


@pytest.mark.parametrize("links", ["inline", "footnote"])
def test_links_in_a_title_are_not_nested(letter, links: str) -> None:
    title = (Text("雾，见"), Link((Text("图"),), "https://fog.example.net/map"))
    node = Item(title, url=ARTICLE, extras=(Link((Text("后续"),), ARTICLE + "b"),))
    made = letter(Issue("x", sections=(Section((Text("新闻"),), content=(node,)),)), links=links)
    assert made.anchors == [ARTICLE, ARTICLE + "b"]
    assert made.unreadable == []


def test_every_url_of_the_sample_is_readable(sampled) -> None:
    assert sampled.unreadable == []


def test_urls_are_printed_whole(sampled) -> None:
    for url in ("https://zine.example.net/lens?id=7&from=a", "https://photos.example.net/lens"):
        assert sampled.text.count(url) == 1
    assert not re.search("[\u200b-\u200f\u2060\ufeff\u00ad]", sampled.html)


# ------------------------------------------------------------- C4: numbers


def test_footnote_numbers_match_the_list(letter, sample: str) -> None:
    made = letter(sample, links="footnote")
    assert "雾里的[1]号浮标[10]" in made.lines
    assert made.numbers == [1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert made.listed == {
        1: "https://waves.example.net/survey?a=1&b=2",
        2: "https://zine.example.net/lens?id=7&from=a",
        3: "https://photos.example.net/lens",
        4: "https://arxiv.org/pdf/2402.01234v2.pdf",
        5: "https://github.com/foglab/wave-ear/tree/main/demo",
        6: "https://tides.example.org/paper.html",
        7: "https://github.com/tidewater/tables",
        8: "https://github.com/anemo/cup",
        9: "https://docs.example.net/cup-small-manual-second-edition-final.pdf",
        10: "https://buoy.example.net/one",
        11: "keeper@lighthouse.example.org",
        12: "https://lighthouse.example.org/",
    }


def test_no_list_without_footnotes(letter) -> None:
    assert "引用链接" not in letter(item(f"- [甲]({ARTICLE})"), links="footnote").lines


# ------------------------------------------------------------- real issues


def test_real_issues(real: dict[str, Letter]) -> None:
    for name, made in real.items():
        if name.startswith("newsletters/"):  # with footnotes of their own, and URLs without their www
            continue
        assert made.unreadable == [], name
        assert all(urlsplit(url).hostname == "mp.weixin.qq.com" for url in made.anchors), name
        assert len(set(made.anchors) - set(EARLIER.values())) == len(
            {to_ascii_url(url) for url in made.leads if is_clickable_url(url)}
        ), name
        assert made.numbers == sorted_by_first_use(made.numbers), name
        assert set(made.numbers) == set(made.listed), name


def sorted_by_first_use(found: list[int]) -> list[int]:
    """The numbers as they would be if each new one were one more than the largest so far."""
    largest, made = 0, []
    for number in found:
        made.append(number if number <= largest else largest + 1)
        largest = max(largest, made[-1])
    return made


# ---------------------------------------------------------------- the parts


@pytest.mark.parametrize(
    ("text", "url", "expected"),
    [
        ("https://a.example/b", "https://a.example/b", True),
        ("a.example/b", "https://a.example/b/", True),
        ("http://www.a.example/b", "https://a.example/b", True),
        ("me@a.example", "mailto:me@a.example", True),
        ("a.example/b", "https://a.example/b#c", False),
        ("a.example/b#c", "https://a.example/b#c", True),
        ("b", "https://a.example/b", False),
        ("see https://a.example/b", "https://a.example/b", False),
        ("", "https://a.example/b", False),
        ("owner/repo", "https://github.com/owner/repo", False),
    ],
)
def test_is_url_text(text: str, url: str, expected: bool) -> None:
    assert is_url_text(text, url) is expected


# ---------------------------------------------------- URLs that differ in `#…`

A, B = "https://fog.example.net/map#north", "https://fog.example.net/map#south"
LISTS = {
    "title and field": f"## 新闻\n\n- [雾]({A})\n图集：{B}\n摘要：文。",
    "title and extra link": f"## 新闻\n\n- [雾]({A}) [图集]({B})\n摘要：文。",
    "title and text": f"## 新闻\n\n- [雾]({A})\n摘要：见[图]({B})。",
    "two fields": f"## 新闻\n\n- 雾\n图集：[全]({A})\n代码：[全]({B})\n摘要：文。",
    "two links of a text": f"见[北]({A})与[南]({B})。",
    "entries of a list": f"## 新闻\n\n- [北]({A})\n- [南]({B})",
    "footnotes": f"文[^1]。\n\n[^1]: 见[北]({A})与[南]({B})。",
    "cells": f"| 甲 | 乙 |\n| --- | --- |\n| [北]({A}) | [南]({B}) |",
    "pictures": f"[![北](a.png)]({A})\n\n[![南](b.png)]({B})",
    "guide": f"> 导读：见[北]({A})与[南]({B})。\n\n## 新闻\n\n文。",
    "papers": "## 论文\n\n- [雾](https://arxiv.org/abs/2402.01234#S1)\n论文：https://arxiv.org/abs/2402.01234#S2\n摘要：文。",
    "repositories": "## 开源\n\n- [雾](https://github.com/fog/map#north)\n项目：https://github.com/fog/map#south\n摘要：文。",
}


@pytest.mark.parametrize("links", ["inline", "footnote"])
@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_urls_that_differ_in_their_fragment_are_both_printed(letter: Make, text: str, links: str) -> None:
    made = letter(text, links=links)
    urls = re.findall(r"https://[^\s()]*?#\w+", text)
    assert len(set(urls)) == 2
    for url in urls:
        assert made.text.count(url) == 1, url
