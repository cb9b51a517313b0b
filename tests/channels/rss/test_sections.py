"""The feeds of sections: which there are, what they are called, and that they stay what they are."""

from __future__ import annotations

import json
import re
from itertools import permutations
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from publisher.channels.rss import Rss
from publisher.channels.rss.sections import name_section
from publisher.channels.web import Web
from publisher.model import Item, Paragraph, Section, Text
from publisher.outline import find_main_titles
from tests.support.newsletter import Project, write_settled

SITE = "https://tide.example.org/weekly/"
FORMATS = {"rss": ".xml", "atom": ".atom.xml", "json": ".json"}


def section(title, *names, level=2):
    items = tuple(
        Item((Text(name),), id=name, url=f"https://e.org/{name}", body=(Paragraph((Text(f"About {name}."),)),))
        for name in names
    )
    return Section((Text(title),), level, content=items)


def with_sections(newsletter, issue, day, *sections):
    made = replace(issue(day), sections=sections)
    return newsletter.add(made, sections=find_main_titles(made))


@pytest.fixture
def weekly(empty, issue):
    """Three issues: News in all, Papers in two, Jobs in the first alone, Jokes in the last alone."""
    found = empty.using(sections=True)
    found = with_sections(found, issue, "2021-07-04", section("News", "a1", "a2"), section("Jobs", "b1"))
    found = with_sections(found, issue, "2021-07-11", section("Papers", "c1"), section("News", "a3"))
    more = (
        section("News", "a4", "a5"),
        section("Deep", "d1", level=3),
        section("Papers", "c2"),
        section("Jokes", "e1"),
    )
    return with_sections(found, issue, "2021-07-18", *more)


def feeds(files):
    return {key.removeprefix("public/sections/") for key in files if "/sections/" in key and key[-3:] in ("xml", "son")}


def read(files, name, form):
    """(id, url, title, HTML) of each entry of the feed of a section."""
    body = files[f"public/sections/{name}{FORMATS[form]}"]
    if form == "json":
        return [(i["id"], i["url"], i["title"], i["content_html"]) for i in json.loads(body)["items"]]
    parsed = feedparser.parse(body)
    assert not parsed.bozo
    return [(e.id, e.link, e.title, e.content[0].value) for e in parsed.entries]


def test_a_section_of_two_issues_or_of_the_first_has_feeds_in_all_formats(weekly):
    names = ("jobs", "news", "papers")
    assert feeds(weekly.files()) == {f"{name}{end}" for name in names for end in FORMATS.values()}
    assert feeds(weekly.using(sections=False).files()) == set()


@pytest.mark.parametrize("form", FORMATS)
def test_an_entry_has_what_the_section_has_in_an_issue(weekly, form):
    newest, *older = read(weekly.files(), "news", form)
    assert newest[:3] == (
        "tag:tide.example.org,2019:weekly/2021-07-18#sections/news",
        f"{SITE}2021-07-18/#news",
        "a4 · a5 · d1",
    )
    assert [text for text in ("About a4.", "About a5.", "<h3>Deep</h3>", "About d1.") if text not in newest[3]] == []
    assert "c2" not in newest[3]
    assert "<h2>" not in newest[3]
    assert [title for _, _, title, _ in older] == ["a3", "a1 · a2"]


@pytest.mark.parametrize("form", FORMATS)
def test_numbers_are_those_of_the_whole_issue(weekly, form):
    assert "<h3>4. " in read(weekly.files(), "papers", form)[0][3]


def test_the_head_of_a_feed_names_the_section_and_itself(weekly):
    files = weekly.using(hub="https://hub.example.net/").files()
    feed = json.loads(files["public/sections/news.json"])
    assert (feed["title"], feed["feed_url"]) == ("潮汐简报 · News", f"{SITE}sections/news.json")
    assert feed["hubs"] == [{"type": "WebSub", "url": "https://hub.example.net/"}]
    for end in (".xml", ".atom.xml"):
        body = files[f"public/sections/news{end}"]
        links = {
            link.get("rel"): link.get("href") for link in etree.fromstring(body).iter("{*}link") if link.get("rel")
        }
        assert (links["self"], links["hub"]) == (f"{SITE}sections/news{end}", "https://hub.example.net/")
        assert b'href="../feed.css"' in body
    ids = {feedparser.parse(files[f"public/{name}"]).feed.id for name in ("sections/news.atom.xml", "atom.xml")}
    assert ids == {"tag:tide.example.org,2019:weekly#sections/news", "tag:tide.example.org,2019:weekly"}


def test_files_do_not_depend_on_the_order_of_sections(empty, issue):
    sections = [section("新闻", "a"), section("News / Blogs", "b"), section("C++", "c")]
    made = [
        with_sections(empty.using(sections=True), issue, "2021-07-04", *order).files()
        for order in permutations(sections)
    ]
    assert len({frozenset(feeds(files)) for files in made}) == 1


def test_two_sections_of_one_name_are_one_entry(empty, issue):
    files = with_sections(
        empty.using(sections=True),
        issue,
        "2021-07-04",
        section("News", "a"),
        section("Jobs", "b"),
        section("NEWS:", "c"),
    ).files()
    (entry,) = read(files, "news", "json")
    assert entry[2] == "a · c"
    assert entry[3].index("About a.") < entry[3].index("About c.")


def test_a_section_that_goes_keeps_its_feed_as_it_is(weekly, issue):
    after = with_sections(weekly, issue, "2021-07-25", section("Other", "x"))
    assert feeds(after.files()) == feeds(weekly.files())
    digests = {group.key: group.digest for group in weekly.groups()}
    changed = {group.key for group in after.groups() if digests.get(group.key) != group.digest}
    assert changed == {"live"}


def test_each_issue_is_rendered_once_and_read_once_at_most(weekly):
    weekly.parts()
    assert sorted(weekly.asked) == sorted({entry.id for entry in weekly.entries})


def test_old_issues_are_read_only_for_feeds_that_change(empty, issue):
    found = empty.using(sections=True, entries=1)
    for day in ("2021-07-04", "2021-07-11", "2021-07-18"):
        found = with_sections(found, issue, day, section("News", day))
    groups = found.groups()
    assert found.asked == [found.entries[0].id]
    assert [group.key for group in groups if group.key.startswith("sections")] == ["sections/news"]


def test_with_item_feeds_both_have_their_own_entries(weekly):
    files = weekly.using(items=True).files()
    assert len(json.loads(files["public/items.json"])["items"]) == 10
    assert files["public/sections/news.json"] == weekly.files()["public/sections/news.json"]
    assert files["public/feed.json"] == weekly.files()["public/feed.json"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("News", "news"),
        ("News & Blogs:", "news-blogs"),
        ("业界新闻", "业界新闻"),
        ("工具/资源", "工具-资源"),
        ("Ça va ?", "ça-va"),
        ("../../etc/passwd", "etc-passwd"),
        ("ＡＩ", "ai"),
        ("אב", "אב"),
    ],
)
def test_names_are_the_words_of_the_title(title, name):
    assert name_section(title) == name


def test_titles_that_a_name_cannot_tell_apart_get_a_digest():
    names = [name_section(title) for title in ("C", "C++", "C#", "🚀", "🎉", "", "Σ+")]
    assert len(set(names)) == 7
    assert names[0] == "c"
    assert all(re.fullmatch(r"(c|σ|section)-[0-9a-f]{8}", name) for name in names[1:])


@given(st.text(max_size=400))
def test_any_title_has_a_name_that_is_safe_in_files_and_urls(title):
    name = name_section(title)
    assert re.fullmatch(r"[\w-]+", name)
    assert len(f"{name}.atom.xml.gz".encode()) <= 255
    assert name == name.strip("-") == name_section(title)


# ------------------------------------------------------------- in the pipeline

ISSUE = """# Tide ({0})

## News/新闻

- [Salt {0}](https://e.org/{0}/1)

## {1}

- [Rust {0}](https://e.org/{0}/2)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, (Web(), Rss(sections=True)))
    for day, other in (("2021-07-04", "Jobs"), ("2021-07-11", "Essay"), ("2021-07-18", "Jokes")):
        write_settled(project.path(day), ISSUE.format(day, other))
    return project


def test_the_index_and_the_subscribe_page_lead_to_the_feeds(project: Project) -> None:
    project.publish()
    url = "https://e.org/sections/news-%E6%96%B0%E9%97%BB.xml"
    for page in ("index.html", "subscribe.html"):
        head = project.text(page).partition("</head>")[0]
        assert f'<link rel="alternate" type="application/rss+xml" title="慢刊 · News/新闻" href="{url}">' in head
        assert "sections/jobs.xml" in head
        assert "jokes" not in head
    assert f'<a href="{url}" type="application/rss+xml">News/新闻</a>' in project.text("subscribe.html")
    assert "sections/" not in project.text("2021-07-18/index.html")
    entries = feedparser.parse(project.text("sections/news-新闻.xml")).entries
    anchors = [f'id="{"news-新闻"}"' in project.text(f"{day}/index.html") for day in ("2021-07-18", "2021-07-11")]
    assert anchors == [True, True]
    assert [entry.title for entry in entries] == ["Salt 2021-07-18", "Salt 2021-07-11", "Salt 2021-07-04"]


def test_a_second_run_finds_nothing_to_do(project: Project) -> None:
    project.publish()
    assert not any(outcome.has_changes for outcome in project.publish().channels.values())


def test_the_ping_has_a_part_of_its_own_for_each_feed(weekly) -> None:
    channel = weekly.using(hub="https://hub.example.net/").channel
    keys = [*weekly.files(), "public/sections/feed.xml"]
    _, rendering = channel.build_ping(str, weekly.context.newsletter, keys)
    topics = [json.loads(part.body)["topic"] for part in rendering.parts]
    assert len(topics) == len({part.key for part in rendering.parts}) == 3 + 3 * 3 + 1
    assert f"{SITE}sections/news.atom.xml" in topics
    assert not [topic for topic in topics if topic.endswith((".gz", ".br"))]
