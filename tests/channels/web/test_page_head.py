"""The head of the page of one issue: metadata, links and structured data."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from msgspec.structs import replace

from publisher.channel import CardImage
from publisher.channels.web import Web
from publisher.channels.web.issue import shorten_title
from publisher.channels.web.overview import IndexEntry
from publisher.model import Issue
from publisher.newsletter import Newsletter
from tests.channels.web.conftest import BASE


def test_head_says_what_the_page_is(rich) -> None:
    assert rich.root.get("lang") == "zh-CN"
    assert "".join(rich.one("title").itertext()) == "高山气象信 (2021-07-18)：雪线/风杯"
    assert rich.one("link", rel="canonical").get("href") == BASE + "2021-07-18/"
    assert rich.one("link", rel="prev").get("href") == BASE + "2021-07-04/"
    assert rich.one("link", rel="next").get("href") == BASE + "2021-08-01/"
    said = {name: rich.meta(name) for name in ("description", "author", "og:type", "og:url", "og:locale")}
    assert said == {
        "description": "2021-07-18 的摘要。",
        "author": "山脊编辑部",
        "og:type": "article",
        "og:url": BASE + "2021-07-18/",
        "og:locale": "zh_CN",
    }
    assert rich.meta("article:published_time") == "2021-07-18T09:45:00+08:00"
    assert rich.all("time")[0].get("datetime") == "2021-07-18"


def test_feeds_can_be_found(rich) -> None:
    assert [(link.get("type"), link.get("href")) for link in rich.all("link", rel="alternate")] == [
        ("application/rss+xml", BASE + "feed.xml"),
        ("application/atom+xml", BASE + "atom.xml"),
        ("application/feed+json", BASE + "feed.json"),
    ]


def test_no_feeds_no_links_to_them(context, see, rich_issue) -> None:
    (part,) = Web().render(rich_issue, replace(context, feeds={})).parts
    assert see(part.body).all("link", rel="alternate") == []


def test_addresses_in_the_head_are_ascii(context, see) -> None:
    entry = replace(context.entry, url=BASE + "号外/")
    (part,) = Web().render(Issue("x"), replace(context, entry=entry)).parts
    assert part.key == "public/号外/index.html"
    made = see(part.body)
    assert made.one("link", rel="canonical").get("href") == BASE + "%E5%8F%B7%E5%A4%96/"
    assert made.meta("og:url") == BASE + "%E5%8F%B7%E5%A4%96/"


CARD = CardImage(BASE + "cards/雾.png", 1200, 630, 'Fog "and" <dew>')


def test_the_card_of_the_page(context, see) -> None:
    (part,) = Web().render(Issue("x"), replace(context, card=CARD)).parts
    made = see(part.body)
    said = {name: made.meta(name) for name in ("og:image", "og:image:width", "og:image:height", "og:image:alt")}
    assert said == {
        "og:image": BASE + "cards/%E9%9B%BE.png",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": 'Fog "and" <dew>',
    }
    assert made.meta("twitter:card") == "summary_large_image"
    assert json.loads(made.one("script").text)["image"] == BASE + "cards/%E9%9B%BE.png"


def test_without_a_card(context, see) -> None:
    (part,) = Web().render(Issue("x"), context).parts
    made = see(part.body)
    assert made.all("meta", property="og:image") == []
    assert made.meta("twitter:card") == "summary"
    assert "image" not in json.loads(made.one("script").text)


def test_other_pages_have_the_card_of_the_newsletter(context, see) -> None:
    groups = list(Web().render_archive((context.entry,), lambda _: b"", replace(context, card=CARD)))
    for group in groups:
        pages = [part for part in group.parts() if part.key.endswith(".html")]
        assert pages or group.key == "search/2021"
        for part in pages:
            assert see(part.body).meta("og:image") == BASE + "cards/%E9%9B%BE.png"
    others = Web().render_archive((context.entry,), lambda _: b"", context)
    for group, other in zip(groups, others, strict=True):
        assert (group.digest == other.digest) == (group.key == "search/2021"), group.key


def test_structured_data(rich) -> None:
    text = rich.one("script").text
    assert text.startswith('{"@context":"https://schema.org","@type":"Article","headline":"高山气象信 (')
    data = json.loads(text)
    assert data["headline"] == "高山气象信 (2021-07-18)：雪线/风杯"
    assert data["datePublished"] == "2021-07-18T09:45:00+08:00"
    assert data["author"] == {"@type": "Person", "name": "山脊编辑部"}
    assert data["license"] == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert data["isPartOf"] == {"@type": "Periodical", "name": "高山气象信", "url": BASE}


def test_structured_data_cannot_end_its_element(context, see) -> None:
    entry = replace(context.entry, title="</script><u>&amp;")
    (part,) = Web().render(Issue("x"), replace(context, entry=entry)).parts
    made = see(part.body)
    assert json.loads(made.one("script").text)["headline"] == "</script><u>&amp;"
    assert made.all("u") == []


def test_a_correction_is_dated(context, see) -> None:
    later = dt.datetime(2021, 7, 20, 8, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    entry = replace(context.entry, updated=later)
    (part,) = Web().render(Issue("x"), replace(context, entry=entry)).parts
    assert "更正于2021年7月20日" in see(part.body).text


def test_the_page_loads_only_images_from_other_hosts(rich) -> None:
    assert [link.get("href")[:14] for link in rich.all("link", rel="stylesheet")] == ["data:text/css,"]
    assert rich.one("script").get("type") == "application/ld+json"
    style = rich.one("style").text
    assert "url(" not in style
    assert "@import" not in style
    assert all(element.get("referrerpolicy") == "no-referrer" for element in rich.all("img"))


SHORT_TITLES = [
    ("Tide (2021-07-18): Boats", "Boats"),
    ("Tide – Boats", "Boats"),
    ("Tide | Boats", "Boats"),
    ("Tide · 12 boats", "12 boats"),
    ("Tide 12", "Tide 12"),
    ("Tides turn", "Tides turn"),
    ("Tide第12期：船", "第12期：船"),
]


@pytest.mark.parametrize(("title", "short"), SHORT_TITLES)
def test_the_name_is_left_out_of_a_title_beside_it(title: str, short: str) -> None:
    entry = IndexEntry(dt.date(2021, 7, 18), "https://e.org/", title, "")
    newsletter = Newsletter("Tide", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:t")
    assert shorten_title(entry, newsletter) == short
