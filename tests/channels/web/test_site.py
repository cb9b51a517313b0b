"""The pages over the whole archive, and how pages come into a folder."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from msgspec.structs import replace

from publisher.channels.web import Web
from publisher.links import build_license_link
from publisher.model import Issue
from tests.channels.web.conftest import entry

BASE = "https://peak.example.org/letter/"


def never(entry) -> bytes:
    raise AssertionError("the index does not read issues")


def groups(entries, context):
    """The groups of the pages; those of the search are in test_search.py."""
    found = Web().render_archive(entries, never, replace(context, entry=None, previous=None, next=None))
    return [group for group in found if not group.key.startswith("search")]


def pages(entries, context, see) -> dict:
    return {part.key: see(part.body) for group in groups(entries, context) for part in group.parts()}


def test_the_index_is_written_last(entries, context) -> None:
    made = groups(entries(3), context)
    assert [group.key for group in made] == ["subscribe", "index"]
    keys = [part.key for group in made for part in group.parts()]
    assert keys == ["public/subscribe.html", "public/index.html"]


def test_the_index_lists_every_issue_newest_first_by_year(entries, context, see, read_words) -> None:
    index = pages(entries(60), context, see)["public/index.html"]
    listed = [li for ol in index.all("ol", class_="issues") for li in ol]
    assert len(listed) == 60
    assert read_words(listed[0]) == "7月18日第60次巡山/风2021-07-18的摘要。"
    assert listed[0].find("a").get("href") == "2021-07-18/index.html"
    days = [li.find("time").get("datetime") for li in listed]
    assert days == sorted(days, reverse=True)
    assert [read_words(year) for year in index.all("summary")] == ["202129期", "202031期"]
    assert [(year.get("id"), year.get("open")) for year in index.all("details")] == [("y2021", ""), ("y2020", None)]
    assert index.one(id="archive").tag == "section"


def test_the_newest_issue_is_shown_more_fully(entries, context, see, read_words) -> None:
    newest = pages(entries(3), context, see)["public/index.html"].one("article")
    assert "第3次巡山/风" in read_words(newest.find("h2"))
    assert "2021-07-18的摘要。" in read_words(newest)
    assert "最新一期·2021年7月18日·3条" in read_words(newest)


def test_the_newest_issue_says_what_is_in_it(entries, context, see, read_words) -> None:
    def show(**changes) -> str:
        made = [replace(entries(1)[0], **changes)]
        return read_words(pages(made, context, see)["public/index.html"].one("article"))

    assert "摘要一句。雪深计风杯阅读本期" in show(highlights=("雪深计", "风杯"), summary="摘要一句。")
    # a summary that only names the items says nothing new
    assert "雪深计；风杯" not in show(highlights=("雪深计", "风杯"), summary="雪深计；风杯；冰镐")
    assert "约4分钟" in show(minutes=4)


def test_a_row_says_what_its_issue_is_about(entries, context, see, read_words) -> None:
    made = [replace(entry, highlights=("雪深计", "风杯")) for entry in entries(2)]
    index = pages(made, context, see)["public/index.html"]
    assert [read_words(line) for line in index.all("span", class_="excerpt")] == ["雪深计·风杯"] * 2


def test_subscribing_comes_before_the_issues(entries, context, see) -> None:
    html = pages(entries(3), context, see)["public/index.html"].html
    assert html.index('class="join"') < html.index('class="newest"')


def test_a_title_without_name_and_date_is_listed_whole(entries, context, see, read_words) -> None:
    odd = [
        replace(entry, title=title)
        for entry, title in zip(entries(2), ("号外", "高山气象信 (2021-07-11)"), strict=True)
    ]
    index = pages(odd, context, see)["public/index.html"]
    titles = [read_words(li.find("a")) for li in index.one("ol", class_="issues")]
    assert titles == ["号外", "高山气象信(2021-07-11)"]


@pytest.mark.parametrize(
    ("title", "shown"),
    [("高山气象信 12", "高山气象信12"), ("高山气象信 12：雪", "12：雪"), ("高山气象信 (2021-07-18)：雪/风", "雪/风")],
)
def test_a_number_alone_is_no_title(entries, context, see, read_words, title: str, shown: str) -> None:
    index = pages([replace(entries(1)[0], title=title)], context, see)["public/index.html"]
    assert read_words(index.one("article").find("h2")) == shown


@pytest.mark.parametrize(("count", "own_pages"), [(60, 0), (400, 0), (401, 6), (3000, 55)])
def test_many_issues_are_many_light_pages(entries, context, see, count: int, own_pages: int) -> None:
    """All are listed once; older years have pages of their own, which the index links to."""
    made = pages(entries(count), context, see)
    index = made["public/index.html"]
    years = {key: page for key, page in made.items() if key.startswith("public/archive/")}
    assert len(years) == own_pages
    assert {f"public/{link.get('href')}" for year in index.all("p", class_="year") for link in year} >= years.keys()
    rows = [link for page in made.values() for ol in page.all("ol", class_="issues") for link in ol]
    assert len(rows) == count
    assert max(len(page.html) for page in made.values()) < 250_000
    assert all(len(ol) <= 60 for page in made.values() for ol in page.all("ol", class_="issues"))


def test_a_daily_letter_folds_its_year(context, see, read_words) -> None:
    days = [dt.date(2021, 12, 31) - dt.timedelta(days=n) for n in range(365)]
    index = pages([entry(str(day), "高山气象信 (x)：日报") for day in days], context, see)["public/index.html"]
    labels = [read_words(summary) for summary in index.all("summary")]
    assert labels[:3] == ["2021365期", "11月2日–12月31日60", "9月3日–11月1日60"]
    assert [box.get("open") for box in index.all("details")] == ["", "", *[None] * 6]


def test_a_new_issue_changes_no_older_year(entries, context) -> None:
    before, after = (
        {group.key: group.digest for group in groups(made, context)} for made in (entries(500)[1:], entries(500))
    )
    assert {key for key in after if before.get(key) != after[key]} == {"index"}


def test_an_archive_without_issues(context, see) -> None:
    index = pages([], context, see)["public/index.html"]
    assert "还没有发布过任何一期。" in index.text
    assert index.one("h1").text == "高山气象信"


def test_head_of_the_index(entries, context, see) -> None:
    index = pages(entries(1), context, see)["public/index.html"]
    assert index.one("link", rel="canonical").get("href") == BASE
    assert index.meta("og:type") == "website"
    assert len(index.all("link", rel="alternate")) == 3
    data = json.loads(index.one("script").text)
    assert (data["@type"], data["name"], data["url"]) == ("WebSite", "高山气象信", BASE)


def test_subscribe_page_shows_the_addresses(entries, context, see) -> None:
    page = pages(entries(1), context, see)["public/subscribe.html"]
    assert [code.text for code in page.all("code")] == [BASE + name for name in ("feed.xml", "atom.xml", "feed.json")]
    assert page.one("link", rel="canonical").get("href") == BASE + "subscribe.html"
    assert [link.text for link in page.all("a") if link.get("aria-current") == "page"] == ["订阅"]


def test_subscribe_page_without_feeds(context, see) -> None:
    page = pages([], replace(context, feeds={}), see)["public/subscribe.html"]
    assert "目前没有可订阅的地址。" in page.text


def test_digests_move_with_what_the_pages_show(entries, context) -> None:
    def digests(entries, context) -> list[str]:
        return [group.digest for group in groups(entries, context)]

    subscribe, index = digests(entries(3), context)
    assert digests(entries(3), context) == [subscribe, index]
    more_subscribe, more_index = digests(entries(4), context)
    assert (more_subscribe == subscribe, more_index == index) == (True, False)
    other = replace(context, newsletter=replace(context.newsletter, tagline="另一句"))
    assert not {subscribe, index} & set(digests(entries(3), other))


def test_a_page_is_written_once(context, tmp_path) -> None:
    (part,) = Web().render(Issue("x"), context).parts
    with Web().session() as session:
        assert session.deliver(part, str(tmp_path)).changed
        assert not session.deliver(part, str(tmp_path)).changed
    assert (tmp_path / part.key).read_bytes() == part.body


@pytest.mark.parametrize(
    ("spdx", "name", "address"),
    [
        ("CC-BY-4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC-BY-NC-SA-2.5", "CC BY-NC-SA 2.5", "https://creativecommons.org/licenses/by-nc-sa/2.5/"),
        ("CC0-1.0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("MIT", "MIT", "https://spdx.org/licenses/MIT.html"),
        ("CC-BY-SA-2.0-UK", "CC-BY-SA-2.0-UK", "https://spdx.org/licenses/CC-BY-SA-2.0-UK.html"),
    ],
)
def test_licences_by_the_name_people_know(spdx: str, name: str, address: str) -> None:
    assert build_license_link(spdx) == (name, address)
