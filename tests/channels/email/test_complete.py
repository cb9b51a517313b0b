"""Every word and every address of an issue is in the mail."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from publisher.channels.email import Email
from publisher.channels.email.wrapping import count_columns
from publisher.model import (
    Definition,
    Diagnostic,
    Dropped,
    Image,
    Issue,
    Item,
    Link,
    List,
    Note,
    Paragraph,
    Source,
    Text,
    Title,
)
from publisher.newsletter import Newsletter
from publisher.reader import decode, parse_issue
from publisher.transforms import make_publishable, make_urls_absolute
from tests.channels.email.conftest import PUBLICATION, SAMPLE, Mail, entry_of, render

Make = Callable[..., Mail]


def texts(node: object) -> Iterator[str]:
    """Every text in a document that readers may see."""
    match node:
        case Title():
            yield from texts(node.text)
        case Note(kind="read_original" | "pc_wechat") | Source() | Diagnostic() | Dropped() | Definition():
            return
        case str():
            yield node
        case tuple():
            for part in node:
                yield from texts(part)
        case _ if isinstance(node, Struct):
            for name in node.__struct_fields__:
                if name not in _NO_TEXT:
                    yield from texts(getattr(node, name))


_NO_TEXT = {
    "id",
    "address",
    "feed_id",
    "url",
    "repo",
    "arxiv",
    "kind",
    "subject",
    "segments",
    "count",
    "front",
    "align",
    "language",
}


def addresses(node: object) -> Iterator[str]:
    if isinstance(node, tuple):
        for part in node:
            yield from addresses(part)
    elif isinstance(node, Struct) and not isinstance(node, Definition | Note | Dropped | Diagnostic | Source):
        if isinstance(node, Link | Image | Item) and node.url:
            yield node.url
        for name in node.__struct_fields__:
            yield from addresses(getattr(node, name))


def assert_complete(issue: Issue, newsletter: Newsletter = PUBLICATION) -> None:
    document = make_urls_absolute(make_publishable(issue), entry_of(issue, newsletter).url)
    made = Mail(render(issue, Email(), newsletter))
    # a line of a quote begins with its mark, and a word may go on in the next line
    shown = re.sub(r"\n *(> *)*", "", made.shown)
    for text in texts(document):
        for word in re.findall(r"\w+", re.sub(r"\w+://\S+", "", text)):
            assert word in shown, word
    for url in addresses(document):
        assert any(url.removeprefix("mailto:") in line for line in made.lines), url


def test_every_word_and_every_address_is_there() -> None:
    assert_complete(parse_issue(SAMPLE, "2024-03-07.md"))


def test_every_word_of_real_issues_is_there(corpus: Path) -> None:
    for folder in ("issues", "drafts", "other"):
        for path in sorted(corpus.glob(f"{folder}/*.md")):
            assert_complete(parse_issue(decode(path.read_bytes(), path.name), path.name))


def test_an_empty_issue_is_a_mail_too() -> None:
    made = Mail(render(Issue("x", dt.date(2024, 3, 7)), Email()))
    assert made.lines[0] == "夜航船周报 (2024-03-07)"


def test_deep_lists_keep_room_for_their_text() -> None:
    node = List(((Paragraph((Text("字" * 40),)),),))
    for _ in range(50):
        node = List(((Paragraph((Text("字" * 40),)), node),))
    made = Mail(render(Issue("x", dt.date(2024, 3, 7), footer=(node,)), Email()))
    assert made.shown.count("字") == 51 * 40
    assert max(map(count_columns, made.lines)) <= 72
