"""Issues as messages, and Telegram's own judgement of them: TDLib, on which the Bot API server is built."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from publisher.channel import Context, Entry, Rendering
from publisher.channels.telegram import Telegram
from publisher.channels.telegram.client import BotClient
from publisher.channels.telegram.session import ChatSession
from publisher.derived_texts import build_display_title, build_summary
from publisher.links import find_emails, to_ascii_url
from publisher.model import Issue, plain
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.theme import Theme
from publisher.transforms import find_urls, make_publishable, make_urls_absolute
from tests.channels.telegram.api_server import Clock
from tests.support.servers.telegram_api import TelegramServer
from tests.support.servers.telegram_rules import TOKEN, BotApi

BASE = "https://tide.example.org/weekly/"
BEIJING = dt.timezone(dt.timedelta(hours=8))

Marks = list[tuple[str, int, int, str]]
"""Entities as (type as the Bot API spells it, offset, length, address or language)."""


# ---------------------------------------------------------------------- TDLib


TYPES = {
    "Bold": "bold",
    "Italic": "italic",
    "Strikethrough": "strikethrough",
    "Underline": "underline",
    "Code": "code",
    "Pre": "pre",
    "PreCode": "pre",
    "TextUrl": "text_link",
    "ExpandableBlockQuote": "expandable_blockquote",
}


class Judge:
    """What TDLib says of texts and entities. Offsets and lengths are in UTF-16 units."""

    def __init__(self) -> None:
        import tdjson

        self._execute: Callable[[bytes], bytes | None] = tdjson.td_execute
        self.address = cache(self._address)
        self._ask("setLogVerbosityLevel", new_verbosity_level=0)

    def parsed(self, html: str) -> tuple[str, Marks]:
        """The text and the entities of a text in Telegram's HTML."""
        answer = self._ask("parseTextEntities", text=html, parse_mode={"@type": "textParseModeHTML"})
        assert answer["@type"] == "formattedText", answer
        return answer["text"], self._marks(answer["entities"])

    def kept(self, text: str, entities: Iterable[Mapping[str, Any]]) -> tuple[str, Marks]:
        """What is left of a message once it is checked and put in order.

        It takes a detour through Telegram's Markdown, so the characters that mean something there are
        exchanged; and so are marks of direction, of which Telegram makes something else unseen.
        """
        inert = re.sub(r"[*_~|`\[\]()\u200e\u200f]", "x", text)
        wanted = [
            {"@type": "textEntity", "offset": e["offset"], "length": e["length"], "type": self._type(e)}
            for e in entities
        ]
        formatted = {"@type": "formattedText", "text": inert, "entities": wanted}
        answer = self._ask("parseMarkdown", text=formatted)
        assert answer["@type"] == "formattedText", answer
        return (text if answer["text"] == inert else answer["text"]), self._marks(answer["entities"])

    def found(self, text: str) -> list[tuple[int, int]]:
        """Where Telegram would make something of a text clickable, as stretches from start to end. In what
        bots send it does not look for times."""
        answer = self._ask("getTextEntities", text=text)
        marks = self._marks(answer["entities"])
        return [(at, at + length) for kind, at, length, _ in marks if kind != "MediaTimestamp"]

    def accidents(self, text: str, entities: Iterable[Mapping[str, Any]] = ()) -> list[str]:
        """What would become clickable and should not: all that is found and touches no link and no code of
        the message's own, which win (tdlib/td: MessageEntity.cpp, merge_entities)."""
        own = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in ("text_link", "code", "pre")]
        free = [
            (start, end)
            for start, end in self.found(text)
            if not any(start < own_end and own_start < end for own_start, own_end in own)
        ]
        return [stretch(text, start, end) for start, end in free]

    def _address(self, url: str) -> str:
        """The address as Telegram writes it; empty when it takes it for none."""
        _, marks = self.parsed(f'<a href="{escape(url)}">x</a>')
        return marks[0][3] if marks else ""

    def load_mailboxes(self, entities: Iterable[Mapping[str, Any]]) -> Marks:
        """The entities of a payload, their addresses as Telegram writes them."""
        return [
            (e["type"], e["offset"], e["length"], self.address(e["url"]) if "url" in e else e.get("language", ""))
            for e in entities
        ]

    def _ask(self, kind: str, **values: object) -> Any:
        answer = self._execute(json.dumps({"@type": kind, **values}).encode())
        assert answer is not None
        return json.loads(answer)

    def _marks(self, entities: Iterable[Mapping[str, Any]]) -> Marks:
        made = []
        for one in entities:
            kind = one["type"]["@type"].removeprefix("textEntityType")
            value = one["type"].get("url") or one["type"].get("language") or ""
            made.append((TYPES.get(kind, kind), one["offset"], one["length"], value))
        return made

    def _type(self, entity: Mapping[str, Any]) -> dict[str, str]:
        kind = {ours: theirs for theirs, ours in TYPES.items()}[entity["type"]]
        if kind == "PreCode" and "language" not in entity:
            kind = "Pre"
        arguments = {key: entity[key] for key in ("url", "language") if key in entity}
        return {"@type": f"textEntityType{kind}", **arguments}


def stretch(text: str, start: int, end: int) -> str:
    """The characters from one UTF-16 unit to another."""
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def spread(text: str, marks: Marks) -> list[frozenset[tuple[str, str]]]:
    """What each UTF-16 unit that is no blank is marked as, however the marks are divided."""
    seen = re.sub("[\U00010000-\U0010ffff]", "xx", text)
    units: list[frozenset[tuple[str, str]]] = [frozenset()] * len(seen)
    for kind, offset, length, value in marks:
        units[offset : offset + length] = [unit | {(kind, value)} for unit in units[offset : offset + length]]
    return [unit for unit, char in zip(units, seen, strict=True) if char not in " \n"]


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Telegram's judgement."""
    return Judge()


# ------------------------------------------------------------------- messages


@dataclass(frozen=True)
class Sent:
    """What was made of an issue: the calls, the same in HTML, and the page that shows them."""

    issue: Issue
    rendering: Rendering

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self._bodies(r"message-\d+\.json")]

    @property
    def html(self) -> list[str]:
        return [body.decode() for body in self._bodies(r"message-\d+\.html")]

    @property
    def preview(self) -> str:
        return self._bodies(r"preview\.html")[0].decode()

    @property
    def texts(self) -> list[str]:
        """The texts of the messages, without invisible characters."""
        return [call["text"].replace("\u2060", "") for call in self.calls]

    @property
    def links(self) -> list[tuple[str, str]]:
        """All links of all messages, as (text, address)."""
        return [
            (stretch(call["text"], e["offset"], e["offset"] + e["length"]), e["url"])
            for call in self.calls
            for e in call["entities"]
            if e["type"] == "text_link"
        ]

    def marked(self, kind: str) -> list[str]:
        """The stretches of all messages that are of a type."""
        return [
            stretch(call["text"], e["offset"], e["offset"] + e["length"])
            for call in self.calls
            for e in call["entities"]
            if e["type"] == kind
        ]

    def _bodies(self, name: str) -> list[bytes]:
        made = (*self.rendering.parts, *self.rendering.previews)
        return [part.body for part in made if re.search(f"/{name}$", part.key)]


@pytest.fixture(scope="session")
def theme() -> Theme:
    return Theme.load()


@pytest.fixture(scope="session")
def context(theme: Theme) -> Context:
    """The context of the issue of 2024-05-20."""
    newsletter = Newsletter(
        name="潮汐简报",
        url=BASE + "{date}/",
        base=BASE,
        id="tag:tide.example.org,2019:weekly",
        tagline="海边的工程师每周读什么",
    )
    at = dt.datetime(2024, 5, 20, 9, 45, tzinfo=BEIJING)
    entry = Entry("2024-05-20", at.date(), "潮汐简报 (2024-05-20)：灯塔", "灯塔换了灯。", f"{BASE}2024-05-20/", at, at)
    return Context(newsletter, theme, entry)


Send = Callable[..., Sent]


@pytest.fixture(scope="session")
def send(context: Context) -> Send:
    """send(issue, detail="full") or send("## 论文 …"): what the channel makes of it.

    Markdown goes the way it goes in a publish, and its title is that of the entry. Keywords are settings of
    the channel, or fields of the entry or the publication.
    """

    def make(source: Issue | str, **settings: Any) -> Sent:
        assert context.entry
        entry, newsletter = context.entry, context.newsletter
        if isinstance(source, str):
            issue = make_publishable(parse_issue(source, "2024-05-20.md"))
            assert issue.date
            entry = replace(
                entry,
                date=issue.date,
                title=build_display_title(issue, newsletter),
                summary=build_summary(issue),
                url=newsletter.issue_url(issue.id, issue.date),
            )
            source = make_urls_absolute(issue, entry.url)
        channel = Telegram(**_taken(settings, Telegram))
        entry = replace(entry, **_taken(settings, Entry))
        full = replace(context, entry=entry, newsletter=replace(newsletter, **settings))
        return Sent(source, channel.render(source, full))

    return make


def _taken(settings: dict[str, Any], kind: type) -> dict[str, Any]:
    """Take the fields of a class out of the settings."""
    names = {field.name for field in fields(kind)}
    return {key: settings.pop(key) for key in list(settings) if key in names}


@pytest.fixture(scope="session")
def accepted(judge: Judge) -> Callable[[Sent], None]:
    """accepted(sent): every message is what Telegram takes as it is, in both forms, and nothing in it becomes
    a link but what is one, or an email address."""

    def check(sent: Sent) -> None:
        assert len(sent.calls) == len(sent.html) > 0
        emails = {item.removeprefix("mailto:").partition("?")[0] for item in _addresses(sent.issue)}
        for call, html in zip(sent.calls, sent.html, strict=True):
            text, entities = call["text"], call["entities"]
            own = judge.load_mailboxes(entities)
            assert judge.kept(text, entities) == (text, own)
            same_text, same_marks = judge.parsed(html)
            assert same_text == text
            assert spread(text, same_marks) == spread(text, own)
            standing = {url.partition(":")[2] for _, _, url in find_emails(text)}
            assert set(judge.accidents(text, entities)) <= emails | standing
            _fits(text, entities, html)

    return check


def _fits(text: str, entities: list[dict[str, Any]], html: str) -> None:
    assert text.strip("\u2060 \n")
    assert len(text.encode("utf-16-le")) <= 2 * 4096
    assert len(html.encode()) <= 32768
    assert len(entities) <= 100
    assert sum(16 + len(e.get("url", "")) + len(e.get("language", "")) for e in entities) <= 9500


def _addresses(issue: Issue) -> set[str]:
    found: set[str] = set()

    def visit(node: object) -> None:
        if isinstance(node, tuple):
            for part in node:
                visit(part)
        elif isinstance(node, Struct):
            for name in node.__struct_fields__:
                value = getattr(node, name)
                if name == "url" and value:
                    found.add(value)
                visit(value)

    visit(issue)
    return found


@pytest.fixture(scope="session")
def complete(judge: Judge) -> Callable[[Sent], None]:
    """complete(sent): every item has its title, and its address as a link on it, once and in order."""

    def check(sent: Sent) -> None:
        there = iter(sent.links)
        for item in sent.issue.items:
            title, url = _squeezed(plain(item.title)), to_ascii_url(item.url or "")
            assert title in _squeezed("".join(sent.texts))
            if judge.address(url):
                own = any(find_urls(item.title))  # a link inside the title is left to lead where it leads
                found = (_squeezed(text) for text, to in there if to == url)
                assert any(text in title if own else text == (title or item.url) for text in found), (
                    f"{title} is not a link to {url}, or not in its place"
                )

    return check


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\u2060]", "", text)


# ---------------------------------------------------------------- live server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[TelegramServer]:
    with TelegramServer(BotApi(clock)) as running:
        yield running


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of the server, and no proxy on the way to it."""
    monkeypatch.setenv("TIDE_TOKEN", TOKEN)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def connect(environment: None, server: TelegramServer, clock: Clock) -> Callable[..., ChatSession]:
    """connect(pin=True) makes a session with the server, which does not wait for real."""

    def make(**settings: Any) -> ChatSession:
        return ChatSession(BotClient("env:TIDE_TOKEN", server.url), sleep=clock.sleep, **settings)

    return make


@pytest.fixture
def session(connect: Callable[..., ChatSession]) -> Iterator[ChatSession]:
    with connect() as opened:
        yield opened
