"""The contents of an issue: the titles of its sections and items, and where they are. What a search looks through."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

from functools import cache

import msgspec

from publisher import model as m
from publisher.derived_texts import shorten
from publisher.labels import get_labels
from publisher.links import extract_host
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.outline import build_item_name
from publisher.transforms import build_anchors

_MAX_BRIEF_LENGTH = 120


class ListedItem(NamedTuple):
    """An item, or a line of the warm-up: its title, its source as written or else the host of its link, its id on the
    page of the issue, and its line in the file."""

    title: str
    source: str
    anchor: str
    line: int


class ListedSection(NamedTuple):
    """A section, or the warm-up: its title, its id on the page of the issue, its line in the file, and its items."""

    title: str
    anchor: str
    line: int
    items: tuple[ListedItem, ...]


class Contents(NamedTuple):
    """The contents of an issue. `number` is that of the issue, as written, and `line` that of its title."""

    number: str
    line: int
    sections: tuple[ListedSection, ...]


def list_issue_contents(issue: m.Issue, newsletter: Newsletter) -> Contents:
    """Return the contents of an issue that has passed `make_publishable`, with the ids that its page has.

    An item that links to a page of the newsletter itself has no host as its source.
    """
    sections = [
        ListedSection(
            " ".join(m.plain(section.title).split()),
            anchor,
            section.pos.line,
            tuple([_list_item(item, extract_host(newsletter.base)) for item in section.items]),
        )
        for section, anchor in zip(issue.sections, build_anchors(issue), strict=True)
    ]
    if issue.warmup and issue.briefs:
        briefs = tuple([_list_brief(brief) for brief in issue.briefs])
        title = get_labels(newsletter.lang)["briefs"]
        sections.insert(0, ListedSection(title, "briefs", issue.warmup.pos.line, briefs))
    line = (issue.title and issue.title.pos.line) or 1  # one in the front matter has no line
    return Contents(issue.address.number, line, tuple(sections))


def _list_item(item: m.Item, own_host: str) -> ListedItem:
    host = extract_host(item.url or "")
    return ListedItem(build_item_name(item), item.source or (host if host != own_host else ""), item.id, item.pos.line)


def _list_brief(brief: m.Brief) -> ListedItem:
    text = " ".join(m.plain(brief.text).split())
    return ListedItem(shorten(text, _MAX_BRIEF_LENGTH), "", "briefs", brief.pos.line)


def encode_contents(contents: Contents) -> bytes:
    """Return the contents as JSON without spaces."""
    return msgspec.json.encode(contents)


def decode_contents(body: bytes) -> Contents:
    """Return the contents that `encode_contents` has encoded; b"" stands for those of a file that cannot be parsed."""
    if not body:
        return Contents("", 1, ())
    return _build_contents_decoder().decode(body)


@cache
def _build_contents_decoder() -> msgspec.json.Decoder[Contents]:
    return msgspec.json.Decoder(Contents)
