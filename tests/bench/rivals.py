"""The same issues as a Pelican and as a Hugo project: a page each, an index, one full-content feed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

FEED_ENTRIES = 20

PELICAN = f"""\
SITENAME = "bench"
SITEURL = "https://example.org"
PATH = "content"
TIMEZONE = "Asia/Shanghai"
THEME = "simple"
DEFAULT_PAGINATION = False
DIRECT_TEMPLATES = ["index"]
SUMMARY_MAX_LENGTH = 20
ARTICLE_SAVE_AS = ARTICLE_URL = "{{slug}}.html"
CATEGORY_SAVE_AS = TAG_SAVE_AS = AUTHOR_SAVE_AS = ""
FEED_ALL_ATOM = None
FEED_ALL_RSS = "feed.xml"
FEED_MAX_ITEMS = {FEED_ENTRIES}
RSS_FEED_SUMMARY_ONLY = False
CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None
LOG_LEVEL = "ERROR"
"""

HUGO = """\
baseURL = "https://example.org/"
title = "bench"
disableKinds = ["taxonomy", "term", "section", "sitemap", "robotsTXT", "404"]
[outputs]
home = ["html", "rss"]
"""

HUGO_LAYOUTS = {
    "single.html": "<!doctype html><title>{{ .Title }}</title><h1>{{ .Title }}</h1>{{ .Content }}",
    "list.html": "<!doctype html><title>{{ .Title }}</title><ul>{{ range .Site.RegularPages }}"
    '<li><a href="{{ .RelPermalink }}">{{ .Title }}</a> {{ .Date.Format "2006-01-02" }}</li>{{ end }}</ul>',
    "rss.xml": '<rss version="2.0"><channel><title>{{ .Site.Title }}</title><link>{{ .Permalink }}</link>'
    "<description>-</description>{{ range first " + str(FEED_ENTRIES) + " .Site.RegularPages }}<item>"
    "<title>{{ .Title }}</title><link>{{ .Permalink }}</link><guid>{{ .Permalink }}</guid>"
    "<pubDate>{{ .Date }}</pubDate><description>{{ .Content | transform.XMLEscape | safeHTML }}</description>"
    "</item>{{ end }}</channel></rss>",
}


def pelican(folder: Path, issues: Iterable[tuple[dt.date, str]]) -> None:
    """A Pelican project in `folder`."""
    write(folder / "pelicanconf.py", PELICAN)
    for date, text in issues:
        head = f"Title: {_title(text)}\nDate: {date} 09:45\nSlug: {date}\n\n"
        write(folder / "content" / f"{date}.md", head + _body(text))


def hugo(folder: Path, issues: Iterable[tuple[dt.date, str]]) -> None:
    """A Hugo project in `folder`."""
    write(folder / "hugo.toml", HUGO)
    for name, layout in HUGO_LAYOUTS.items():
        write(folder / "layouts" / "_default" / name, layout)
    for date, text in issues:
        head = f'---\ntitle: "{_title(text)}"\ndate: {date}T09:45:00+08:00\n---\n\n'
        write(folder / "content" / f"{date}.md", head + _body(text))


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def _title(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("# ")).removeprefix("# ")


def _body(text: str) -> str:
    """The text below its H1."""
    return text.split("\n# ", 1)[1].split("\n", 1)[1]
