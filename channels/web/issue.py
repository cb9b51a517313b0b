"""An issue as its page shows it: what the template would have to work out, worked out."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from publisher.channel import Entry
from publisher.dataclass import dataclass
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

# remarks about reading inside WeChat, where outside links are dead; on a page every link works
_WECHAT_NOTES = {"read_original", "pc_wechat"}
_SENTENCE_ENDS = ("。", "；", "！", "？", "…", ".", ";", "!", "?")


class IndexEntry(NamedTuple):
    """What the index is told of an issue: no more than it shows, so that a correction inside an issue does
    not make it anew."""

    date: dt.date
    url: str
    title: str
    summary: str
    items: int


def shorten_title(entry: Entry | IndexEntry, newsletter: Newsletter) -> str:
    """The title of an entry where the newsletter's name and the date stand beside it anyway."""
    rest = entry.title.removeprefix(newsletter.name).lstrip()
    for date in (f"({entry.date})", f"（{entry.date}）"):
        rest = rest.removeprefix(date)
    return rest.lstrip(" ：:") or entry.title


def heading_topics(issue: Issue, entry: Entry, newsletter: Newsletter) -> tuple[Inlines, ...]:
    """The topics of the issue; a title of another form is one topic, as it was written."""
    title = issue.title
    if title and not title.regular and title.text:
        return (title.text,)
    found = (title.headline if title else ()) or find_topics(issue) or (shorten_title(entry, newsletter),)
    return tuple((Text(topic),) for topic in found)


def own_tagline(issue: Issue, newsletter: Newsletter) -> Inlines:
    """The issue's own tagline; empty when it is the newsletter's, which every page shows."""
    same = plain(issue.tagline).strip() == newsletter.tagline and not has_link(issue.tagline)
    return () if same else issue.tagline


def highlight_guide(issue: Issue) -> Guide | None:
    """The guide with marks like 【论文】 in bold, each on a new line where a sentence ended before it."""
    found = issue.guide
    if not found or not found.segments:
        return found
    labels = "|".join(re.escape(segment.label) for segment in found.segments)
    mark = re.compile(f"([【「](?:{labels})[】」])")
    return replace(found, blocks=tuple(_highlight_labels(block, mark) for block in found.blocks))


def _highlight_labels(block: Block, pattern: re.Pattern[str]) -> Block:
    if not isinstance(block, Paragraph):
        return block
    made: list[Inline] = []
    for node in block.children:
        if not isinstance(node, Text):
            made.append(node)
            continue
        for index, piece in enumerate(pattern.split(node.text)):
            if index % 2:
                if plain(tuple(made)).endswith(_SENTENCE_ENDS):
                    made.append(Break())
                made.append(Strong((Text(piece),)))
            elif piece:
                made.append(Text(piece))
    return replace(block, children=tuple(made))


def highlight_warmup(issue: Issue) -> Warmup | None:
    """The warm-up with the subject of each line in bold."""
    found = issue.warmup
    return found and replace(found, briefs=tuple(map(_highlight_subject, found.briefs)))


def _highlight_subject(brief: Brief) -> Brief:
    match brief.text:
        case (Text(text), *rest) if brief.subject and text.startswith(brief.subject):
            after = Text(text.removeprefix(brief.subject))
            return replace(brief, text=(Strong((Text(brief.subject),)), after, *rest))
    return brief


def select_notes(issue_notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """The notes that mean something on a page."""
    return tuple(note for note in issue_notes if note.kind not in _WECHAT_NOTES)


class PageItem(NamedTuple):
    """An item of the page. Its id stands once on the page, and each of its addresses has a link of its own,
    also that of the repository or paper it only names.

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


@dataclass(frozen=True, slots=True)
class PageSection:
    """A section of the page. `level` is that of its heading, 2 to 5, without gaps in the outline.

    `runs` are its items and blocks in source order, as (whether these are items, nodes). A chapter whose
    items have nothing but a title is a list of `links`.
    """

    title: Inlines
    id: str
    level: int
    count: int
    links: bool
    notes: tuple[Note, ...]
    runs: tuple[tuple[bool, tuple[PageItem | Block, ...]], ...]


def build_page_sections(issue: Issue) -> list[PageSection]:
    """The sections as chapters."""
    made: list[PageSection] = []
    above: list[int] = []
    seen = {""}
    for section, anchor in zip(issue.sections, build_anchors(issue), strict=True):
        if section.title:
            while above and above[-1] >= section.level:
                above.pop()
            above.append(section.level)
        items = list(section.items)
        made.append(
            PageSection(
                title=section.title,
                id=anchor,
                level=min(len(above) + 1, 5),
                count=len(items),
                links=not any(item.fields or item.body for item in items),
                notes=select_notes(section.notes),
                runs=_group_content(section, seen),
            )
        )
    return made


def list_contents(issue: Issue, sections: list[PageSection], briefs: str) -> list[tuple[str, str, int, int]]:
    """Where one can go on the page: id, text, level (2 or more) and number of items or briefs."""
    warm = [("briefs", briefs, 2, len(issue.briefs))] if issue.warmup else []
    titled = (chapter for chapter in sections if chapter.title)
    return warm + [(each.id, plain(each.title), each.level, each.count) for each in titled]


def _group_content(
    section: Section, used_ids: set[str]
) -> tuple[tuple[bool, tuple[PageItem | Block, ...]], ...]:
    nodes = [_build_page_item(node, used_ids) if isinstance(node, Item) else node for node in section.content]
    runs = groupby(nodes, key=lambda node: isinstance(node, PageItem))
    return tuple([(are_items, tuple(run)) for are_items, run in runs])


def _build_page_item(item: Item, used_ids: set[str]) -> PageItem:
    url, extras = item.url, list(item.extras)
    title = item.title or ((Text(url),) if url else ())
    if url and has_link(title):  # HTML has no link inside a link
        extras.insert(0, Link((Text(url),), url))
        url = None
    addresses = [address for address in (item.url, *[field.url for field in item.fields]) if address]
    if item.repo and item.repo not in map(parse_repository, addresses):
        extras.append(Link((Text(item.repo),), f"https://github.com/{item.repo}"))
    if item.arxiv and item.arxiv not in map(parse_arxiv_id, addresses):
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
