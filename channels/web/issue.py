"""Prepares an issue for the template of its page."""

from __future__ import annotations

import datetime as dt
import re
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from publisher.channel import Entry
from publisher.links import parse_arxiv_id, parse_repository
from publisher.model import (
    Block,
    Break,
    Brief,
    Field,
    Guide,
    Inline,
    Inlines,
    Issue,
    Item,
    Link,
    Note,
    Paragraph,
    Section,
    Strong,
    Text,
    Warmup,
    plain,
)
from publisher.newsletter import Newsletter
from publisher.transforms import build_anchors, find_topics, has_link, link_field_value

# notes about reading inside WeChat, where external links do not work; on a page they do
_WECHAT_NOTES = {"read_original", "pc_wechat"}
_SENTENCE_ENDS = ("。", "；", "！", "？", "…", ".", ";", "!", "?")


class IndexEntry(NamedTuple):
    """What the index shows of an issue, and no more, so that text changes do not render it again."""

    date: dt.date
    url: str
    title: str
    summary: str
    items: int


def shorten_title(entry: Entry | IndexEntry, newsletter: Newsletter) -> str:
    """Return the title without the newsletter's name and the date, for places that show both already."""
    rest = entry.title.removeprefix(newsletter.name).lstrip()
    for date in (f"({entry.date})", f"（{entry.date}）"):
        rest = rest.removeprefix(date)
    return rest.lstrip(" ：:") or entry.title


def heading_topics(issue: Issue, entry: Entry, newsletter: Newsletter) -> tuple[Inlines, ...]:
    """Return the topics of the issue for its heading; an irregular title is one topic, as written."""
    title = issue.title
    if title and not title.regular and title.text:
        return (title.text,)
    topics = (title.headline if title else ()) or find_topics(issue) or (shorten_title(entry, newsletter),)
    return tuple((Text(topic),) for topic in topics)


def own_tagline(issue: Issue, newsletter: Newsletter) -> Inlines:
    """Return the issue's tagline; empty when it is the newsletter's, which every page shows."""
    is_same = plain(issue.tagline).strip() == newsletter.tagline and not has_link(issue.tagline)
    return () if is_same else issue.tagline


def highlight_guide(issue: Issue) -> Guide | None:
    """Return the guide with labels like 【论文】 in bold, on a new line if they follow a sentence."""
    guide = issue.guide
    if not guide or not guide.segments:
        return guide
    labels = "|".join(re.escape(segment.label) for segment in guide.segments)
    pattern = re.compile(f"([【「](?:{labels})[】」])")
    return replace(guide, blocks=tuple(_highlight_labels(block, pattern) for block in guide.blocks))


def _highlight_labels(block: Block, pattern: re.Pattern[str]) -> Block:
    if not isinstance(block, Paragraph):
        return block
    children: list[Inline] = []
    for node in block.children:
        if not isinstance(node, Text):
            children.append(node)
            continue
        for index, piece in enumerate(pattern.split(node.text)):
            if index % 2:  # a label: `split` with a group returns text and labels in turn
                if plain(tuple(children)).endswith(_SENTENCE_ENDS):
                    children.append(Break())
                children.append(Strong((Text(piece),)))
            elif piece:
                children.append(Text(piece))
    return replace(block, children=tuple(children))


def highlight_warmup(issue: Issue) -> Warmup | None:
    """Return the warm-up with the subject of each brief in bold."""
    warmup = issue.warmup
    return warmup and replace(warmup, briefs=tuple(map(_highlight_subject, warmup.briefs)))


def _highlight_subject(brief: Brief) -> Brief:
    match brief.text:
        case (Text(text), *rest) if brief.subject and text.startswith(brief.subject):
            remainder = Text(text.removeprefix(brief.subject))
            return replace(brief, text=(Strong((Text(brief.subject),)), remainder, *rest))
    return brief


def select_notes(issue_notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the notes that apply to a web page."""
    return tuple(note for note in issue_notes if note.kind not in _WECHAT_NOTES)


class PageItem(NamedTuple):
    """An item of the page. Its `id` is empty if the page has it already.

    Each of its URLs has a link, also those of a repository or paper that it only names (in `extras`).
    `matter` is its fields and blocks in source order, as (whether these are fields, nodes).
    """

    id: str
    title: Inlines
    url: str | None
    tags: tuple[str, ...]
    tail: Inlines
    source: str | None
    authors: tuple[str, ...]
    extras: tuple[Link, ...]
    matter: tuple[tuple[bool, tuple[Field | Block, ...]], ...]


class PageSection(Struct, frozen=True):
    """A section of the page. `level` is that of its heading, 2 to 5, without gaps in the outline.

    `runs` are its items and blocks in source order, as (whether these are items, nodes). `links` is true when
    no item has more than its head line. `count` is the number of items.
    """

    title: Inlines
    id: str
    level: int
    count: int
    links: bool
    notes: tuple[Note, ...]
    runs: tuple[tuple[bool, tuple[PageItem | Block, ...]], ...]


def build_page_sections(issue: Issue) -> list[PageSection]:
    """Return the sections of the page."""
    sections: list[PageSection] = []
    open_levels: list[int] = []
    used_ids = {""}
    for section, anchor in zip(issue.sections, build_anchors(issue), strict=True):
        if section.title:
            while open_levels and open_levels[-1] >= section.level:
                open_levels.pop()
            open_levels.append(section.level)
        items = list(section.items)
        sections.append(
            PageSection(
                title=section.title,
                id=anchor,
                level=min(len(open_levels) + 1, 5),
                count=len(items),
                links=not any(item.fields or item.body for item in items),
                notes=select_notes(section.notes),
                runs=_group_content(section, used_ids),
            )
        )
    return sections


def list_contents(issue: Issue, sections: list[PageSection], briefs: str) -> list[tuple[str, str, int, int]]:
    """Return the contents of the page as (id, text, level, number of items or briefs); level is 2 or more.

    `briefs` is the text of the link to the briefs.
    """
    warmup = [("briefs", briefs, 2, len(issue.briefs))] if issue.warmup else []
    titled = (section for section in sections if section.title)
    return warmup + [(section.id, plain(section.title), section.level, section.count) for section in titled]


def _group_content(
    section: Section, used_ids: set[str]
) -> tuple[tuple[bool, tuple[PageItem | Block, ...]], ...]:
    nodes = [_build_page_item(node, used_ids) if isinstance(node, Item) else node for node in section.content]
    runs = groupby(nodes, key=lambda node: isinstance(node, PageItem))
    return tuple([(are_items, tuple(run)) for are_items, run in runs])


def _build_page_item(item: Item, used_ids: set[str]) -> PageItem:
    url, extras = item.url, list(item.extras)
    title = item.title or ((Text(url),) if url else ())
    if url and has_link(title):  # links cannot be nested in HTML
        extras.insert(0, Link((Text(url),), url))
        url = None
    known_urls = [known for known in (item.url, *[field.url for field in item.fields]) if known]
    if item.repo and item.repo not in map(parse_repository, known_urls):
        extras.append(Link((Text(item.repo),), f"https://github.com/{item.repo}"))
    if item.arxiv and item.arxiv not in map(parse_arxiv_id, known_urls):
        extras.append(Link((Text(f"arXiv:{item.arxiv}"),), f"https://arxiv.org/abs/{item.arxiv}"))
    anchor = "" if item.id in used_ids else item.id
    used_ids.add(item.id)
    nodes = sorted((*map(link_field_value, item.fields), *item.body), key=lambda node: node.pos)
    matter = groupby(nodes, key=lambda node: isinstance(node, Field))
    return PageItem(
        id=anchor,
        title=title,
        url=url,
        tags=item.tags,
        tail=item.tail,
        source=item.source,
        authors=item.authors,
        extras=tuple(extras),
        matter=tuple([(are_fields, tuple(run)) for are_fields, run in matter]),
    )
