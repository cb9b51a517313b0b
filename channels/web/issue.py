"""An issue as its page shows it: what the template would have to work out, worked out."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from publisher.channel import Entry
from publisher.dataclass import dataclass
from publisher.links import arxiv_id, repository
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
    Publication,
    Section,
    Strong,
    Text,
    Warmup,
    plain,
)
from publisher.transforms import anchors, has_link, linked, topics

# remarks about reading inside WeChat, where outside links are dead; on a page every link works
_NOT_HERE = {"read_original", "pc_wechat"}
_ENDS = ("。", "；", "！", "？", "…", ".", ";", "!", "?")


class Listed(NamedTuple):
    """What the index is told of an issue: no more than it shows, so that a correction inside an issue does
    not make it anew."""

    date: dt.date
    url: str
    title: str
    summary: str
    items: int


def short(entry: Entry | Listed, publication: Publication) -> str:
    """The title of an entry where the newsletter's name and the date stand beside it anyway."""
    rest = entry.title.removeprefix(publication.name).lstrip()
    for date in (f"({entry.date})", f"（{entry.date}）"):
        rest = rest.removeprefix(date)
    return rest.lstrip(" ：:") or entry.title


def heading(issue: Issue, entry: Entry, publication: Publication) -> tuple[Inlines, ...]:
    """The topics of the issue; a title of another form is one topic, as it was written."""
    title = issue.title
    if title and not title.regular and title.text:
        return (title.text,)
    found = (title.headline if title else ()) or topics(issue) or (short(entry, publication),)
    return tuple((Text(topic),) for topic in found)


def tagline(issue: Issue, publication: Publication) -> Inlines:
    """The issue's own tagline; empty when it is the newsletter's, which every page shows."""
    same = plain(issue.tagline).strip() == publication.tagline and not has_link(issue.tagline)
    return () if same else issue.tagline


def guide(issue: Issue) -> Guide | None:
    """The guide with marks like 【论文】 in bold, each on a new line where a sentence ended before it."""
    found = issue.guide
    if not found or not found.segments:
        return found
    labels = "|".join(re.escape(segment.label) for segment in found.segments)
    mark = re.compile(f"([【「](?:{labels})[】」])")
    return replace(found, blocks=tuple(_marked(block, mark) for block in found.blocks))


def _marked(block: Block, mark: re.Pattern[str]) -> Block:
    if not isinstance(block, Paragraph):
        return block
    made: list[Inline] = []
    for node in block.children:
        if not isinstance(node, Text):
            made.append(node)
            continue
        for index, piece in enumerate(mark.split(node.text)):
            if index % 2:
                if plain(tuple(made)).endswith(_ENDS):
                    made.append(Break())
                made.append(Strong((Text(piece),)))
            elif piece:
                made.append(Text(piece))
    return replace(block, children=tuple(made))


def warmup(issue: Issue) -> Warmup | None:
    """The warm-up with the subject of each line in bold."""
    found = issue.warmup
    return found and replace(found, briefs=tuple(map(_with_subject, found.briefs)))


def _with_subject(brief: Brief) -> Brief:
    match brief.text:
        case (Text(text), *rest) if brief.subject and text.startswith(brief.subject):
            after = Text(text.removeprefix(brief.subject))
            return replace(brief, text=(Strong((Text(brief.subject),)), after, *rest))
    return brief


def notes(found: tuple[Note, ...]) -> tuple[Note, ...]:
    """The notes that mean something on a page."""
    return tuple(note for note in found if note.kind not in _NOT_HERE)


class Shown(NamedTuple):
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
class Chapter:
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
    runs: tuple[tuple[bool, tuple[Shown | Block, ...]], ...]


def chapters(issue: Issue) -> list[Chapter]:
    """The sections as chapters."""
    made: list[Chapter] = []
    above: list[int] = []
    seen = {""}
    for section, anchor in zip(issue.sections, anchors(issue), strict=True):
        if section.title:
            while above and above[-1] >= section.level:
                above.pop()
            above.append(section.level)
        items = list(section.items)
        made.append(
            Chapter(
                title=section.title,
                id=anchor,
                level=min(len(above) + 1, 5),
                count=len(items),
                links=not any(item.fields or item.body for item in items),
                notes=notes(section.notes),
                runs=_runs(section, seen),
            )
        )
    return made


def contents(issue: Issue, found: list[Chapter], briefs: str) -> list[tuple[str, str, int, int]]:
    """Where one can go on the page: id, text, level (2 or more) and number of items or briefs."""
    warm = [("briefs", briefs, 2, len(issue.briefs))] if issue.warmup else []
    titled = (chapter for chapter in found if chapter.title)
    return warm + [(each.id, plain(each.title), each.level, each.count) for each in titled]


def _runs(section: Section, seen: set[str]) -> tuple[tuple[bool, tuple[Shown | Block, ...]], ...]:
    nodes = [_shown(node, seen) if isinstance(node, Item) else node for node in section.content]
    runs = groupby(nodes, key=lambda node: isinstance(node, Shown))
    return tuple([(are_items, tuple(run)) for are_items, run in runs])


def _shown(item: Item, seen: set[str]) -> Shown:
    url, extras = item.url, list(item.extras)
    title = item.title or ((Text(url),) if url else ())
    if url and has_link(title):  # HTML has no link inside a link
        extras.insert(0, Link((Text(url),), url))
        url = None
    addresses = [address for address in (item.url, *[field.url for field in item.fields]) if address]
    if item.repo and item.repo not in map(repository, addresses):
        extras.append(Link((Text(item.repo),), f"https://github.com/{item.repo}"))
    if item.arxiv and item.arxiv not in map(arxiv_id, addresses):
        extras.append(Link((Text(f"arXiv:{item.arxiv}"),), f"https://arxiv.org/abs/{item.arxiv}"))
    anchor = "" if item.id in seen else item.id
    seen.add(item.id)
    nodes = sorted((*map(linked, item.fields), *item.body), key=lambda node: node.pos)
    matter = groupby(nodes, key=lambda node: isinstance(node, Field))
    return Shown(
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
