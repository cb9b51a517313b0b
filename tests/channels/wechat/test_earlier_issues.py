"""Earlier issues with known articles are linked; the others add nothing to the article. A11."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from publisher.newsletter import Newsletter
from tests.channels.wechat.conftest import BASE, PUBLICATION

TEXT = "## 新闻\n\n- [上期说过](https://lighthouse.example.org/letter/2024-02-16/)\n摘要：雾。"


def article(number: int) -> str:
    return f"https://mp.weixin.qq.com/s/{number:022}"


def page(date: str) -> str:
    return f"{BASE}{date}/"


def test_earlier_issues_without_articles_add_nothing(letter) -> None:
    assert letter("文。", addresses={}).html == letter("文。").html
    assert "往期回顾" not in letter(TEXT).text


def test_earlier_issues_are_listed_newest_first(letter) -> None:
    known = {page(date): article(n) for n, date in enumerate(("2024-01-19", "2024-02-16", "2024-02-02"))}
    made = letter("## 新闻\n\n文。", addresses=known)
    assert made.lines[-4:] == ["往期回顾", "• 2024-02-16", "• 2024-02-02", "• 2024-01-19"]
    assert made.anchors == [article(1), article(2), article(0)]
    assert made.forbidden == set()
    assert [link["clickable"] for link in made.meta["links"]] == [True] * 3


def test_a_link_to_an_earlier_page_becomes_one_to_its_article(letter) -> None:
    known = {page("2024-02-16"): article(7), page("2024-03-01"): article(8)}
    made = letter(TEXT, addresses=known)
    assert made.anchors == [article(7), article(7)]  # in the item, and in the list
    assert "lighthouse.example.org" not in made.text
    assert letter(TEXT).anchors == []


def test_this_issue_and_later_ones_are_not_listed(letter) -> None:
    known = {page("2024-03-01"): article(1), page("2024-03-15"): article(2)}
    assert letter("文。", addresses=known).html == letter("文。").html
    own = f"## 新闻\n\n- [本期]({page('2024-03-01')})"
    assert letter(own, addresses=known).anchors == []


def test_at_most_three_earlier_issues_are_listed(letter) -> None:
    known = {page(f"2023-{n // 28 + 1:02}-{n % 28 + 1:02}"): article(n) for n in range(60)}
    made = letter("文。", addresses=known)
    assert made.lines[-4:] == ["往期回顾", "• 2023-03-04", "• 2023-03-03", "• 2023-03-02"]
    assert made.anchors == [article(n) for n in (59, 58, 57)]


def test_a_url_that_wechat_does_not_open_is_not_listed(letter) -> None:
    known = {page("2024-02-16"): "https://example.org/s/1", "https://other.example/2024-02-16/": article(1)}
    assert "往期回顾" not in letter("文。", addresses=known).text


@pytest.mark.parametrize(
    ("pattern", "address", "name"),
    [
        ("https://l.example/{year}/{month}/{day}/", "https://l.example/2024/02/16/", "2024-02-16"),
        ("https://l.example/{year}/{date}.html", "https://l.example/2024/2024-02-16.html", "2024-02-16"),
        ("https://l.example/{year}-{month}/{id}/", "https://l.example/2024-02/fog/", "2024-02"),
        ("https://l.example/{id}/", "https://l.example/fog/", "fog"),
        ("https://l.example/{id}/{id}/", "https://l.example/fog/fog/", "fog"),
    ],
)
def test_page_urls_of_other_forms_are_recognized(letter, pattern: str, address: str, name: str) -> None:
    other: Newsletter = replace(PUBLICATION, url=pattern, base="https://l.example/")
    settings: dict[str, Any] = {"newsletter": other, "page": "https://l.example/own/"}
    made = letter("文。", addresses={address: article(1)}, **settings)
    assert made.lines[-1] == f"• {name}"
