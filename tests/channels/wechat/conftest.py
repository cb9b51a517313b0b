"""Fixtures: a sample issue with a link of every kind, its article, and a session with the test server."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from msgspec import Struct

from publisher.channel import Context, Entry, Part, Rendering
from publisher.channels.wechat import WeChat
from publisher.channels.wechat.client import WeChatClient
from publisher.channels.wechat.links import is_clickable_url
from publisher.channels.wechat.session import DraftSession
from publisher.channels.wechat.themes import THEMES
from publisher.derived_texts import build_display_title, build_summary
from publisher.links import parse_arxiv_id, to_ascii_url
from publisher.model import Issue, Item, Link, Note, Source, Title
from publisher.newsletter import Newsletter
from publisher.reader import decode, parse_issue
from publisher.theme import Theme
from publisher.transforms import make_publishable, make_urls_absolute
from tests.support.servers.trickling import start_limits_when_held_back
from tests.support.servers.wechat_api import WeChatServer
from tests.support.servers.wechat_rules import APPID, SECRET

HERE = Path(__file__).parent
BASE = "https://lighthouse.example.org/letter/"
PUBLICATION = Newsletter(
    name="灯塔周报",
    url=BASE + "{date}/",
    base=BASE,
    id="tag:lighthouse.example.org,2020:letter",
    tagline="守灯人每周读什么",
)
DAY = dt.date(2024, 3, 1)
EARLIER = {f"{BASE}2024-0{n}-02/": f"https://mp.weixin.qq.com/s/{n:022}" for n in (1, 2)} | {
    f"{BASE}2023-12-02/": f"https://mp.weixin.qq.com/s/{3:022}"
}
"""The articles of three earlier issues."""


# what WeChat keeps and its structure check accepts
TAGS = {"section", "p", "h2", "h3", "strong", "em", "span", "a", "br", "code", "img", "sup", "sub", "hr",
        "table", "tr", "th", "td", "tbody"}  # fmt: skip
BLOCKS = {"section", "p", "h2", "h3", "hr", "table", "th", "td"}
PROPERTIES = {
    "background", "border", "border-bottom", "border-collapse", "border-left", "border-radius", "border-right",
    "border-top", "border-width", "color", "direction", "display", "font-size", "font-weight", "letter-spacing",
    "line-height", "margin", "margin-bottom", "margin-top", "min-width", "overflow-x", "padding", "padding-left",
    "padding-right", "padding-top", "text-align", "text-decoration", "text-indent", "white-space", "width",
    "word-break",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "style"}, "section": {"style", "lang"}}


class Letter(Struct, frozen=True, dict=True):
    """An issue and its rendering, with views on the article and on meta.json."""

    issue: Issue
    rendering: Rendering

    @property
    def html(self) -> str:
        return self.rendering.previews[0].body.decode()

    @property
    def preview(self) -> str:
        return self.rendering.previews[1].body.decode()

    @cached_property
    def meta(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.rendering.previews[2].body)
        return found

    @cached_property
    def draft(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.rendering.parts[0].body)
        return found

    @cached_property
    def root(self) -> Element:
        tree: Element = html5lib.parseFragment(self.html, treebuilder="etree", namespaceHTMLElements=False)
        return tree

    @cached_property
    def text(self) -> str:
        """All visible text, with the alt texts of images, without whitespace."""
        return squeeze("".join(visible(self.root)))

    @property
    def marked_lines(self) -> list[str]:
        """The lines of the paragraphs and headings."""
        rows = (e for e in self.root.iter() if e.tag in ("p", "h2", "h3"))
        return [line for row in rows for line in written(row).split("\n")]

    @property
    def lines(self) -> list[str]:
        """The lines without what the theme `plain` adds: numbers of items, and how many there are."""
        unmarked = (re.sub(r"\A\d\d (?=\S)| · \d+\Z", "", line) for line in self.marked_lines)
        return [line for line in unmarked if not re.fullmatch(r"\d+ (条|items?)", line)]

    # ------------------------------------------------------------------ links

    @property
    def anchors(self) -> list[str]:
        return [e.get("href") or "" for e in self.root.iter("a")]

    @property
    def leads(self) -> list[str]:
        """The URLs of the issue's links and items, in any order."""
        return list(led(self.issue))

    @property
    def unreadable(self) -> list[str]:
        """The URLs of the issue that are neither links of the article nor readable in it."""
        text = self.text.lower()

        def found(url: str) -> bool:
            if is_clickable_url(url):
                return to_ascii_url(url) in self.anchors
            bare = re.sub(r"\A(?:https?://|mailto:)", "", url).rstrip("/").lower()
            return bare in text or bool(re.search(rf"arxiv\.org/(abs|pdf)/{parse_arxiv_id(url)}", text))

        return [url for url in set(self.leads) if not found(url)]

    def form(self, url: str) -> str:
        """The form of the only link to a URL."""
        (found,) = [link["form"] for link in self.meta["links"] if link["url"] == url]
        return str(found)

    @property
    def numbers(self) -> list[int]:
        """The footnote numbers in the text."""
        return [int(text) for text in re.findall(r"<sup>\[(\d+)\]</sup>", self.html)]

    @property
    def listed(self) -> dict[int, str]:
        """The URLs of the list at the end, by number."""
        rows = re.findall(r"引用链接</h2><p[^>]*>(?:<span>)?(.*?)(?:</span>)?</p>", self.html)
        found = (re.fullmatch(r"\[(\d+)\] (\S+)", row) for text in rows for row in text.split("<br>"))
        return {int(row[1]): unescape(row[2]) for row in found if row}

    # ------------------------------------------------------------------ markup

    @property
    def lost(self) -> list[str]:
        """The texts of the issue that are neither in the article nor in its title."""
        seen = self.text + squeeze(self.meta["title"])
        return [text for text in map(squeeze, said(self.issue)) if text not in seen]

    @property
    def forbidden(self) -> set[str]:
        """What WeChat would drop, or its structure check would complain about."""
        found = {"more than one outer section"} if len(self.root) > 1 else set()
        for element in list(self.root.iter())[1:]:
            tag = str(element.tag)
            found |= {tag} - TAGS
            found |= {f"{tag} {name}" for name in set(element.keys()) - ATTRIBUTES.get(tag, {"style"})}
            for declaration in filter(None, (element.get("style") or "").split(";")):
                name, _, value = declaration.partition(":")
                wide = name == "width" and (tag, value[-1:]) != ("img", "%")
                if name not in PROPERTIES or "!" in value or wide or value in ("start", "end"):
                    found.add(declaration)
        return found

    @property
    def style_per_block(self) -> float:
        """Characters of style for each block, on average."""
        styles = sum(len(element.get("style") or "") for element in self.root.iter())
        return styles / sum(element.tag in BLOCKS for element in self.root.iter())


def visible(element: Element) -> Iterator[str]:
    yield element.text or ""
    yield element.get("alt") or ""
    for child in element:
        yield from visible(child)
        yield child.tail or ""


def written(element: Element) -> str:
    """The text of an element, with line breaks as newlines."""
    inside = "".join(written(child) + (child.tail or "") for child in element)
    return "\n" if element.tag == "br" else (element.text or "") + inside


def squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


# Fields that are not visible text, or repeat another field.
_UNREAD = {"id", "address", "feed_id",
           "kind", "language", "align", "pos", "tagline_pos", "label_pos", "front", "front_pos",
           "definitions", "dropped", "diagnostics", "segments", "subject", "archive", "url"}  # fmt: skip


def said(node: object) -> Iterator[str]:
    """Yield every text of an issue that its article must have."""
    match node:
        case str():
            yield node
        case tuple():
            for part in node:
                yield from said(part)
        case Title():
            yield from said((node.name, node.date, node.headline) if node.regular else node.text)
        case Note(kind="read_original") | Source():
            return
        case _ if isinstance(node, Struct):
            for name in node.__struct_fields__:
                if name not in _UNREAD:
                    yield from said(getattr(node, name))


def led(node: object) -> Iterator[str]:
    if isinstance(node, tuple):
        for part in node:
            yield from led(part)
    elif isinstance(node, Struct):
        if isinstance(node, Link | Item) and node.url:
            yield node.url
        for name in node.__struct_fields__:
            if name not in ("archive", "definitions", "dropped", "diagnostics"):
                yield from led(getattr(node, name))


@pytest.fixture(scope="session")
def site_theme() -> Theme:
    return Theme.load()


Make = Callable[..., Letter]


@pytest.fixture(scope="session")
def letter(site_theme: Theme) -> Make:
    """letter(issue) or letter("## markdown…"), with keys of the channel, renders an issue.

    `newsletter` replaces the sample newsletter, `page` the URL of the issue; `addresses` maps page URLs to
    known article URLs.
    """

    def make(
        source: Issue | str,
        newsletter: Newsletter = PUBLICATION,
        page: str = f"{BASE}{DAY}/",
        addresses: Mapping[str, str] = MappingProxyType({}),
        **keys: Any,
    ) -> Letter:
        issue = parse_issue(source, f"{DAY}.md") if isinstance(source, str) else source
        issue = make_urls_absolute(make_publishable(issue), page)
        at = dt.datetime.combine(DAY, dt.time(9, 45), dt.UTC)
        title, about = build_display_title(issue, newsletter), build_summary(issue)
        entry = Entry(issue.id, issue.date or DAY, title, about, page, at, at)
        context = Context(newsletter, site_theme, entry, article_urls=addresses)
        return Letter(issue, WeChat(**keys).render(issue, context))

    return make


@pytest.fixture(scope="session")
def sample() -> str:
    return (HERE / f"{DAY}.md").read_text("utf-8")


@pytest.fixture(scope="session", params=["inline", "footnote"])
def sampled(request: pytest.FixtureRequest, letter: Make, sample: str) -> Letter:
    """The article of the sample issue, once for each value of `links`."""
    return letter(sample, links=request.param)


@pytest.fixture(scope="session")
def real_issues(corpus: Path) -> dict[str, Issue]:
    """Real issues, finished ones and drafts, of all newsletters, by the path of the file."""
    folders = ("issues", "drafts", "other", "newsletters/*")
    files = [path for folder in folders for path in sorted(corpus.glob(f"{folder}/*.md"))]
    assert len(files) > 30
    return {
        str(path.relative_to(corpus)): parse_issue(decode(path.read_bytes(), path.name), path.name) for path in files
    }


@pytest.fixture(scope="session", params=[("plain", "footnote"), *((theme, "inline") for theme in THEMES)])
def real(request: pytest.FixtureRequest, letter: Make, real_issues: dict[str, Issue]) -> dict[str, Letter]:
    """The articles of real issues with all that an article may have, once for each theme and form of links."""
    theme, links = request.param
    return {
        name: letter(issue, theme=theme, links=links, qr="qr.png", addresses=EARLIER)
        for name, issue in real_issues.items()
    }


# ---------------------------------------------------------------- live account


@pytest.fixture
def server() -> Iterator[WeChatServer]:
    with WeChatServer() as running:
        yield running


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set the secret and the cache folder, remove proxies; return the state folder of the account."""
    monkeypatch.setenv("TIDE_SECRET", SECRET)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    for name in ("CACHE_DIRECTORY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return tmp_path / "caches" / "publisher" / "wechat" / APPID


@pytest.fixture
def slept() -> list[float]:
    """The seconds that the sessions of this test would have slept."""
    return []


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait half a second for a call that the server holds back. Any other one has the time it takes."""
    monkeypatch.setattr("publisher.channels.wechat.client.CALL_TIMEOUT", 0.5)
    start_limits_when_held_back(monkeypatch)


Connect = Callable[..., DraftSession]


@pytest.fixture
def connect(environment: Path, server: WeChatServer, slept: list[float], tmp_path: Path) -> Connect:
    """connect(publishes=True) returns a session with the server that does not really sleep.

    `lang` and `api` are those of its client.
    """

    def make(lang: str = "zh-CN", api: str = "", **settings: Any) -> DraftSession:
        account = WeChatClient(APPID, "env:TIDE_SECRET", api or server.url, lang)
        return DraftSession(account, tmp_path, sleep=slept.append, **settings)

    return make


@pytest.fixture
def session(connect: Connect) -> Iterator[DraftSession]:
    with connect() as opened:
        yield opened


@pytest.fixture
def part(letter: Make) -> Callable[..., Part]:
    """part("文。") returns the draft part of an issue; keywords as for `letter`."""

    def make(text: str = "## 新闻\n\n雾散了。", **keys: Any) -> Part:
        return letter(text, **keys).rendering.parts[0]

    return make


@pytest.fixture
def wish(letter: Make) -> Callable[..., Part]:
    """wish("文。") returns the part that requests publishing; keywords as for `letter`."""

    def make(text: str = "## 新闻\n\n雾散了。", **keys: Any) -> Part:
        return letter(text, publish=True, **keys).rendering.parts[1]

    return make
