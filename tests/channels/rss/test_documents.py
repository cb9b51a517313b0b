"""The three live feeds: what they say, that they say the same, and that every trap of the library is shut."""

from __future__ import annotations

import datetime as dt
import json
import locale
import re

import feedparser
import pytest
from lxml import etree
from msgspec.structs import replace

from publisher.channels.rss import xml_feeds
from publisher.errors import ConfigError
from publisher.newsletter import Newsletter

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
}
SITE = "https://tide.example.org/weekly/"
LIVE = ("public/feed.xml", "public/atom.xml")


def texts(body, path):
    return [str(found) for found in etree.fromstring(body).xpath(path, namespaces=NAMES)]


@pytest.mark.parametrize("name", ["feed.xml", "atom.xml", "feed.json"])
def test_golden(newsletter, golden, name):
    golden(name, newsletter.using(entries=2, hub="https://hub.example.net/").files()[f"public/{name}"])


def test_ids_links_and_titles_are_equal_in_all_formats(newsletter):
    files = newsletter.files()
    rss, atom = (feedparser.parse(files[key]).entries for key in LIVE)
    items = json.loads(files["public/feed.json"])["items"]
    days = ["2021-07-18", "2021-03-07", "2021-01-10", "2020-12-06"]
    ids = [f"tag:tide.example.org,2019:weekly/{day}" for day in days]
    assert [e.id for e in rss] == [e.id for e in atom] == [i["id"] for i in items] == ids
    assert [e.link for e in rss] == [e.link for e in atom] == [f"{SITE}{day}/" for day in days]
    assert [i["url"] for i in items] == [e.link for e in rss]
    assert [e.title for e in rss] == [e.title for e in atom] == [i["title"] for i in items]
    assert texts(files["public/feed.xml"], "//guid/@isPermaLink") == ["false"] * 4


@pytest.mark.parametrize("number", [1, 3, 4])
def test_how_many_entries_are_serialized_together_makes_no_difference(newsletter, monkeypatch, number):
    expected = newsletter.files()
    monkeypatch.setattr(xml_feeds, "_MAX_IN_TREE", number)
    assert newsletter.files() == expected


def test_an_id_with_spaces_or_chinese_in_it_is_a_uri_in_all_formats(empty, issue):
    files = empty.add(replace(issue("2021-07-18"), id="夏季 特刊")).files()
    uri = "tag:tide.example.org,2019:weekly/%E5%A4%8F%E5%AD%A3%20%E7%89%B9%E5%88%8A"
    assert texts(files["public/atom.xml"], "//a:entry/a:id/text()") == [uri]
    assert texts(files["public/feed.xml"], "//guid/text()") == [uri]
    assert json.loads(files["public/feed.json"])["items"][0]["id"] == uri


def test_content_is_equal_in_all_formats(newsletter):
    files = newsletter.files()
    rss = texts(files["public/feed.xml"], "//content:encoded/text()")
    atom = texts(files["public/atom.xml"], "//a:content[@type='html']/text()")
    html = [item["content_html"] for item in json.loads(files["public/feed.json"])["items"]]
    assert rss == atom == html


def test_dates_come_from_the_issues_with_their_offset(newsletter):
    files = newsletter.files()
    rss, atom = files["public/feed.xml"], files["public/atom.xml"]
    assert texts(rss, "//item/pubDate/text()")[0] == "Sun, 18 Jul 2021 09:30:00 +0800"
    assert texts(rss, "//lastBuildDate/text()") == ["Tue, 20 Jul 2021 08:00:00 +0800"]
    assert texts(atom, "/a:feed/a:updated/text()") == ["2021-07-20T08:00:00+08:00"]
    assert texts(atom, "//a:entry[1]/a:published/text()") == ["2021-07-18T09:30:00+08:00"]
    assert texts(atom, "//a:entry[1]/a:updated/text()") == ["2021-07-20T08:00:00+08:00"]
    years = re.findall(rb"\b20[0-9]{2}\b", b"".join(files[key] for key in (*LIVE, "public/feed.json")))
    assert set(years) == {b"2005", b"2019", b"2020", b"2021"}, "a clock was read, beside Atom's namespace"


def test_a_summary_is_text_in_atom_and_escaped_html_in_rss(newsletter):
    files = newsletter.files()
    said = "2021-07-18 这一期的摘要，R&D <小>。"
    assert texts(files["public/atom.xml"], "//a:entry[1]/a:summary/text()") == [said]
    assert texts(files["public/feed.xml"], "//item[1]/description/text()") == [
        said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    ]
    tags = [child.tag for child in etree.fromstring(files["public/feed.xml"]).find("channel/item")]
    assert tags.index("description") < tags.index(f"{{{NAMES['content']}}}encoded")


def test_head_of_the_rss_feed(newsletter):
    body = newsletter.using(hub="https://hub.example.net/").files()["public/feed.xml"]
    assert texts(body, "/rss/channel/link/text()") == [SITE]
    assert texts(body, "/rss/channel/title/text()") == ["潮汐简报"]
    assert texts(body, "/rss/channel/description/text()") == ["海边的工程师每周读什么"]
    assert texts(body, "/rss/channel/language/text()") == ["zh-CN"]
    assert texts(body, "/rss/channel/copyright/text()") == [
        "CC BY-SA 4.0 https://creativecommons.org/licenses/by-sa/4.0/"
    ]
    assert texts(body, "//item[1]/dc:creator/text()") == ["潮汐编辑部"]
    assert texts(body, "//item[1]/category/text()") == ["业界新闻", "论文"]
    assert texts(body, "//a:link[@rel='self']/@href") == [f"{SITE}feed.xml"]
    assert texts(body, "//a:link[@rel='hub']/@href") == ["https://hub.example.net/"]


def test_head_of_the_atom_feed(newsletter):
    body = newsletter.using(hub="https://hub.example.net/").files()["public/atom.xml"]
    assert texts(body, "/a:feed/@xml:lang") == ["zh-CN"]
    assert texts(body, "/a:feed/a:id/text()") == ["tag:tide.example.org,2019:weekly"]
    assert texts(body, "/a:feed/a:author/a:name/text()") == ["潮汐编辑部"]
    assert texts(body, "/a:feed/a:generator/@version") == []
    links = {rel: texts(body, f"/a:feed/a:link[@rel='{rel}']/@href") for rel in ("self", "alternate", "hub")}
    assert links == {"self": [f"{SITE}atom.xml"], "alternate": [SITE], "hub": ["https://hub.example.net/"]}
    assert texts(body, "//a:entry[1]/a:link/@href") == [f"{SITE}2021-07-18/"]


def test_the_json_feed_is_what_the_specification_asks_for(newsletter):
    feed = json.loads(newsletter.using(hub="https://hub.example.net/").files()["public/feed.json"])
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["home_page_url"], feed["feed_url"]) == (SITE, f"{SITE}feed.json")
    assert feed["hubs"] == [{"type": "WebSub", "url": "https://hub.example.net/"}]
    assert feed["language"] == "zh-CN"
    rfc3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z")
    for item in feed["items"]:
        assert {"id", "url", "title", "summary", "content_html"} <= {k for k, v in item.items() if v}
        assert rfc3339.match(item["date_published"])
        assert rfc3339.match(item["date_modified"])
        assert item["authors"] == [{"name": "潮汐编辑部"}]
        assert all(isinstance(tag, str) for tag in item["tags"])


def test_no_hub_no_link_to_one(newsletter):
    files = newsletter.files()
    assert all(b'rel="hub"' not in files[key] for key in LIVE)
    assert "hubs" not in json.loads(files["public/feed.json"])


def test_every_xml_feed_names_the_style_sheet_from_where_it_lies(newsletter):
    files = newsletter.using(entries=1, items=True).files()
    style = {
        key: re.search(rb'<\?xml-stylesheet type="text/css" href="([^"]*)"\?>\n<', body).group(1)
        for key, body in files.items()
        if key.endswith(".xml")
    }
    archives = {key: href for key, href in style.items() if "/archive/" in key}
    assert set(archives.values()) == {b"../feed.css"}
    assert {href for key, href in style.items() if key not in archives} == {b"feed.css"}
    assert len(archives) == 4
    assert len(style) == 8
    assert "public/feed.css" in files


def test_an_english_newsletter_without_author_tagline_or_licence_has_valid_feeds(newsletter):
    plain = Newsletter("Tide", f"{SITE}{{date}}/", SITE, "tag:tide.example.org,2019:weekly", lang="en", timezone="UTC")
    files = replace(newsletter, context=replace(newsletter.context, newsletter=plain)).files()
    assert texts(files["public/atom.xml"], "/a:feed/a:author/a:name/text()") == ["Tide"]
    assert texts(files["public/feed.xml"], "/rss/channel/description/text()") == ["Tide"]
    assert texts(files["public/feed.xml"], "/rss/channel/copyright") == []
    assert "Corrected 2021-07-20" in feedparser.parse(files["public/feed.xml"]).entries[0].content[0].value


def test_item_feeds_have_an_entry_for_each_item_that_leads_to_its_source(newsletter):
    files = newsletter.using(items=True).files()
    start = "tag:tide.example.org,2019:weekly/2021-07-18#"
    feed = json.loads(files["public/items.json"])
    news, paper, bare = feed["items"][:3]
    assert [news["id"], paper["id"], bare["id"]] == [f"{start}crane-tide", f"{start}arxiv-2107-01234", f"{start}bare"]
    assert paper["url"] == f"{SITE}2021-07-18/#arxiv-2107-01234"
    assert paper["external_url"] == "https://arxiv.org/abs/2107.01234"
    assert paper["title"] == "把 Vec<T> 塞进浮标"
    assert paper["tags"] == ["arXiv 2107.01234", "SenSys 2021"]
    assert paper["summary"] == "电池撑过三个冬天。"
    assert '<a href="https://github.com/shoal/buoy">代码</a>' in paper["content_html"]
    assert "external_url" not in bare
    assert feed["title"] == "潮汐简报 · 逐条"

    rss, atom = (feedparser.parse(files[f"public/items{end}"]) for end in (".xml", ".atom.xml"))
    ids = [item["id"] for item in feed["items"]]
    assert [e.id for e in rss.entries] == [e.id for e in atom.entries] == ids
    assert len(set(ids)) == 6
    via = texts(files["public/items.atom.xml"], "//a:entry[2]/a:link[@rel='via']/@href")
    assert via == ["https://arxiv.org/abs/2107.01234"]
    assert atom.feed.id != feedparser.parse(newsletter.files()["public/atom.xml"]).feed.id


def test_a_correction_of_the_issue_does_not_touch_its_items_dates(newsletter, issue):
    before = newsletter.using(items=True)
    day = dt.datetime(2021, 8, 1, tzinfo=dt.UTC)
    after = before.add(issue("2021-03-07"), updated=day)
    assert before.files()["public/items.xml"] == after.files()["public/items.xml"]


def test_the_locale_of_the_process_is_left_as_it_was(newsletter):
    before = locale.setlocale(locale.LC_ALL)
    newsletter.files()
    assert locale.setlocale(locale.LC_ALL) == before


def test_addresses_are_those_the_feeds_give_themselves(newsletter):
    channel, publication = newsletter.channel, newsletter.context.newsletter
    assert channel.feed_urls(publication) == {
        "rss": f"{SITE}feed.xml",
        "atom": f"{SITE}atom.xml",
        "json": f"{SITE}feed.json",
    }
    deeper = replace(channel, path="public/feeds/all.xml")
    assert deeper.feed_urls(publication)["atom"] == f"{SITE}feeds/atom.xml"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("feed.xml", "must be below public"),
        ("public/../feed.xml", "must be below public"),
        ("public/atom.xml", 'must not end in "atom.xml"'),
        ("public/feed.rss", 'must not end in "feed.rss"'),
    ],
)
def test_a_path_that_cannot_be_served_is_a_mistake_in_one_line(newsletter, path, message):
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        replace(newsletter.channel, path=path).feed_urls(newsletter.context.newsletter)
    assert "\n" not in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("entries", [-1, 0, 101])
def test_a_live_feed_shows_one_to_a_hundred_issues(newsletter, entries):
    with pytest.raises(ConfigError, match="1 to 100"):
        newsletter.using(entries=entries)
