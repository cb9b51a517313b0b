"""The form of an entry, in all three formats: lists, headings, numbers, and contents that lead somewhere."""

from __future__ import annotations

import datetime as dt
import json
import re
from urllib.parse import unquote

import feedparser
import pytest
from msgspec.structs import replace

from publisher.channels.email.layout import layout_issue
from publisher.channels.web.issue import build_page_sections
from publisher.outline import build_outline
from publisher.reader import parse_issue
from publisher.transforms import make_publishable, make_urls_absolute

DAY = "2026-10-31"
LINKS = """## News

- [Tide tables](https://a.example.org/1)
- [New pier](https://a.example.org/2) by the harbour master

## Papers

- [Salt](https://a.example.org/3)

  It corrodes.
- [Rust](https://a.example.org/4)

## Jobs

- [Diver](https://a.example.org/5)
- [Pilot](https://a.example.org/6)
"""
DEEP = """# T

#### Low

- [One](https://a.example.org/1)

###### Lower

- [Two](https://a.example.org/2)

  With text.

#### Low again

- [Three](https://a.example.org/3)

  With text.
"""
WRITTEN = "## News\n\n1、[Tide](https://a.example.org/1)\n\n2、[Pier](https://a.example.org/2)\n"


def read(text):
    issue = replace(parse_issue(text, f"{DAY}.md"), id=DAY, date=dt.date.fromisoformat(DAY))
    return make_urls_absolute(make_publishable(issue), f"https://tide.example.org/weekly/{DAY}/")


@pytest.fixture(params=["rss", "atom", "json"])
def content(request, empty):
    """content(Markdown): the HTML of the entry as a subscriber to one of the formats gets it."""

    def make(text):
        files = empty.add(read(text)).files()
        if request.param == "json":
            return json.loads(files["public/feed.json"])["items"][0]["content_html"]
        name = "public/feed.xml" if request.param == "rss" else "public/atom.xml"
        return feedparser.parse(files[name], sanitize_html=False).entries[0].content[0].value

    return make


def tags(html, *names):
    return re.findall(rf"<({'|'.join(names)})\b", html)


def test_a_list_of_links_is_a_list_with_the_numbers_of_the_issue(content):
    html = content(LINKS)
    assert (
        '<ol>\n<li><a href="https://a.example.org/1">Tide tables</a></li>\n'
        '<li><a href="https://a.example.org/2">New pier</a> by the harbour master</li>\n</ol>'
    ) in html
    assert '<ol start="5">\n<li><a href="https://a.example.org/5">Diver</a></li>' in html
    assert '<h3>3. <a href="https://a.example.org/3">Salt</a></h3>\n<p>It corrodes.</p>' in html
    assert len(tags(html, "h3")) == 2


def shown_numbers(html):
    """What stands before the title of each item, as a browser counts list items."""
    number, found = 0, []
    for start, heading, title in re.findall(r'<ol(?: start="(\d+)")?>|<h3>(\d+)\. |<a href="[^"]*">([^<]*)</a>', html):
        if title:
            found.append((number, title))
            number += 1
        else:
            number = int(start or heading or 1)
    return found


def test_the_numbers_are_those_of_the_mail(content, newsletter):
    html = content(LINKS)
    entry, publication = newsletter.entries[0], newsletter.context.newsletter
    mail = "\n".join(map(str, layout_issue(read(LINKS), entry, publication, 72, wrap=False)))
    numbered = shown_numbers(html[html.index("<h2>News</h2>") :])
    assert [title for _, title in numbered] == ["Tide tables", "New pier", "Salt", "Rust", "Diver", "Pilot"]
    assert [f" {number}. {title}" in mail for number, title in numbered] == [True] * 6


def test_a_number_that_the_issue_has_is_not_written_twice(content):
    html = content(WRITTEN)
    assert '<ul>\n<li>1、<a href="https://a.example.org/1">Tide</a></li>' in html
    assert "<ol" not in html


def test_an_issue_of_prose_has_no_numbers_as_on_its_page(content):
    letter = "## Letter\n\n" + "The harbour was quiet, and nobody came. " * 40
    html = content(letter + "\n\n## News\n\n- [Tide](https://a.example.org/1)\n")
    assert '<ul>\n<li><a href="https://a.example.org/1">Tide</a></li>\n</ul>' in html
    assert "<ol" not in html


def test_headings_do_not_skip_a_level(content):
    html = content(DEEP)
    assert tags(html, *(f"h{level}" for level in range(1, 7))) == ["h2", "h3", "h4", "h2", "h3"]


def test_contents_have_sections_only_and_each_is_on_the_page(content):
    html = content(LINKS)
    contents = html[html.index("<h2>目录</h2>") : html.index("<h2>News</h2>")]
    found = [unquote(url.partition("#")[2]) for url in re.findall(r'href="([^"]*)"', contents)]
    assert found == ["news", "papers", "jobs"]
    page = build_page_sections(build_outline(read(LINKS), "web"))
    assert found == [section.id for section in page if section.title]


@pytest.mark.parametrize("text", [DEEP, WRITTEN])
def test_few_sections_need_no_contents(content, text):
    assert "目录" not in content(text)


@pytest.mark.parametrize(
    "text", [LINKS, DEEP, WRITTEN, LINKS + "\nSee [above](#news) and a note[^1].\n\n[^1]: Here.\n"]
)
def test_no_link_leads_to_a_place_inside_the_entry(content, text):
    html = content(text)
    assert not [url for url in re.findall(r'href="([^"]*)"', html) if url.startswith("#")]
    assert " id=" not in html
