"""The search of a site in a browser: it finds what publisher/search_words.py finds, and shows it safely."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.searches import FINDS, TERMS

BASE = "https://example.org/letter/"
NEWEST = """# 潮汐观察 (2021-03-07)：灯塔/`<img src=x onerror=alert(1)>`

## 工具

- [`<img src=x onerror=alert(1)>` 与 Déjà Dup](https://www.example.net/img)
- [C++ 的码头 | 海报](https://example.net/cpp)

## 灯塔 名录

{items}
"""
OLDER = "# 潮汐观察 ({date})：旧潮\n\n## 新闻\n\n- [{title}](https://example.net/{date})\n"


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory,
    write_letter: Callable[[Path, list[Path]], Path],
    publish: Callable[..., str],
) -> Path:
    """A site of three years; the newest has more items than are shown without a look into another year."""
    letter = write_letter(tmp_path_factory.mktemp("search") / "letter", [])
    items = "\n".join(f"- [灯塔 第 {number} 座](https://example.net/{number})" for number in range(60))
    (letter / "issues" / "2021-03-07.md").write_text(NEWEST.format(items=items), "utf-8")
    for date, title in (("2020-06-07", "灯塔的旧事"), ("2019-06-02", "稀有的贝壳")):
        (letter / "issues" / f"{date}.md").write_text(OLDER.format(date=date, title=title), "utf-8")
    publish("--channel", "web", folder=letter)
    return letter / "public"


@pytest.fixture(scope="module")
def use(folder: Path, chromium: Callable[..., str]) -> Callable[..., list[Any]]:
    """use((action, argument), ...) returns what was seen after each step, see search.cjs; nothing may go wrong."""

    def take(*steps: tuple[str, str]) -> list[Any]:
        result = json.loads(chromium("search.cjs", BASE, folder, json.dumps(steps)))
        assert result["said"] == []
        seen: list[Any] = result["seen"]
        return seen

    return take


def test_words_are_the_same_as_on_the_command_line(use) -> None:
    queries = json.dumps(list(TERMS))
    _, terms = use(("open", ""), ("run", f"{queries}.map(splitTerms)"))
    assert dict(zip(TERMS, map(tuple, terms), strict=True)) == TERMS
    pairs = json.dumps([(query, text) for query, text, _ in FINDS])
    _, found = use(("open", ""), ("run", f"{pairs}.map(([query, text]) => matches(splitTerms(query), buildKey(text)))"))
    assert found == [found for _, _, found in FINDS]


def test_nothing_is_searched_until_a_word_is_typed(use) -> None:
    (seen,) = use(("open", ""))
    assert (seen["form"], seen["index"], seen["hits"], seen["status"]) == (True, True, [], "")
    assert seen["requests"] == ["search/", "search/search.js"]


def test_a_search_can_be_linked(use) -> None:
    (seen,) = use(("open", "?q=%E7%A8%80%E6%9C%89"))
    assert seen["status"] == "1 条 · 已搜索 2019–2021"
    assert seen["hits"] == ["稀有的贝壳 2019年6月2日 · 旧潮 · 新闻 · example.net"]
    assert seen["links"][0].startswith("../2019-06-02/index.html#")
    assert (seen["marked"], seen["index"], seen["older"]) == (["稀有"], False, False)
    assert seen["requests"][2:] == ["search/2021.json", "search/2020.json", "search/2019.json"]


def test_titles_of_issues_come_before_items_and_these_before_sections(use) -> None:
    (seen,) = use(("open", "?q=%E7%81%AF%E5%A1%94"))
    assert seen["hits"][0].startswith("灯塔/")
    assert seen["hits"][1].startswith("灯塔 第 0 座")
    assert len(seen["hits"]) == 50
    assert seen["status"] == "62 条 · 已搜索 2021"
    assert (seen["older"], seen["requests"][2:]) == (True, ["search/2021.json"])


def test_older_years_are_read_when_they_are_wanted(use) -> None:
    first, more = use(("open", "?q=%E7%81%AF%E5%A1%94"), ("older", ""))
    assert len(first["hits"]) == 50
    assert more["hits"][61].startswith("灯塔 名录")
    assert more["hits"][62].startswith("灯塔的旧事")
    assert (len(more["hits"]), more["status"]) == (63, "63 条 · 已搜索 2019–2021")
    assert (more["older"], more["focused"]) == (False, "A")


def test_scrolling_down_shows_more(use) -> None:
    _, seen = use(("open", "?q=%E7%81%AF%E5%A1%94"), ("scroll", ""))
    assert len(seen["hits"]) == 63


def test_typing_searches_and_an_empty_field_shows_the_index(use) -> None:
    _, typed, entered, none, empty = use(
        ("open", ""), ("type", "deja dup"), ("press", "Enter"), ("type", "没有这样的词"), ("type", "")
    )
    assert (typed["marked"], typed["address"]) == (["Déjà", "Dup"], "?q=deja%20dup")
    assert entered["hits"] == typed["hits"]
    assert (none["status"], none["hits"]) == ("没有找到 · 已搜索 2019–2021", [])
    assert (empty["index"], empty["status"], empty["address"]) == (True, "", "")


def test_texts_are_never_html(use) -> None:
    titles, query = use(("open", "?q=onerror"), ("type", "<img src=x onerror=alert(1)>"))
    for seen in (titles, query):
        assert (len(seen["hits"]), seen["elements"]) == (2, 0)
        assert "<img src=x onerror=alert(1)> 与 Déjà Dup" in seen["hits"][1]


def test_every_hit_leads_to_its_item(use, folder: Path) -> None:
    (seen,) = use(("open", "?q=%E6%B5%B7%E6%8A%A5"))
    ((address,),) = [seen["links"]]
    path, _, anchor = address.partition("#")
    assert f'id="{anchor}"' in (folder / "search" / path).resolve().read_text("utf-8")


def test_an_index_that_cannot_be_read_is_said(use, folder: Path, chromium) -> None:
    year = folder / "search" / "2021.json"
    body = year.read_bytes()
    year.unlink()
    try:
        result = json.loads(chromium("search.cjs", BASE, folder, json.dumps([("open", "?q=ai")])))
    finally:
        year.write_bytes(body)
    (seen,) = result["seen"]
    assert seen["status"].startswith("搜索的索引没有载入")
    assert (seen["index"], seen["older"]) == (True, True)


def test_without_the_script_the_page_is_an_index(use, folder: Path) -> None:
    (seen,) = use()
    assert not seen["form"]
    assert "搜索需要 JavaScript" in seen["text"]
    assert "3月7日" in seen["text"]
    page = (folder / "search" / "index.html").read_text("utf-8")
    assert "搜索需要 JavaScript" in page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert '<form class="search" role="search" action="index.html" hidden' in page
    for date in ("2021-03-07", "2020-06-07", "2019-06-02"):
        assert f'href="../{date}/index.html"' in page


@pytest.mark.parametrize("query", ["", "?q=%E7%81%AF%E5%A1%94", "?q=zzz"])
def test_the_search_works_for_everybody(folder: Path, chromium, query: str) -> None:
    assert chromium("browser.cjs", BASE, folder, f"{BASE}search/{query}") == ""
