"""Prepares an issue for the template of its page."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from publisher import model as m
from publisher.channel import Entry
from publisher.derived_texts import find_topics
from publisher.newsletter import Newsletter
from publisher.outline import Outline, OutlineItem, OutlineSection, highlight_subject, order_opening, split_guide


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


def heading_topics(issue: m.Issue, entry: Entry, newsletter: Newsletter) -> tuple[m.Inlines, ...]:
    """Return the topics of the issue for its heading; an irregular title is one topic, as written."""
    title = issue.title
    if title and not title.regular and title.text:
        return (title.text,)
    topics = (title.headline if title else ()) or find_topics(issue) or (shorten_title(entry, newsletter),)
    return tuple((m.Text(topic),) for topic in topics)


class OpeningPart(NamedTuple):
    """A part of the opening: of the guide, or else of the warm-up; the first of the latter has an id."""

    guide: m.Guide | None
    warmup: m.Warmup | None = None
    id: str = ""


def build_page_opening(issue: m.Issue) -> list[OpeningPart]:
    """Return the opening in source order: the labels of the guide and the subjects of briefs are in bold."""
    parts: list[OpeningPart] = []
    warmup_id = "briefs"
    for part in order_opening(issue):
        if isinstance(part, m.Guide):
            parts.append(OpeningPart(replace(part, blocks=split_guide(part, bold=True))))
        else:
            briefs = tuple([replace(brief, text=highlight_subject(brief)) for brief in part.briefs])
            parts.append(OpeningPart(None, replace(part, briefs=briefs), warmup_id))
            warmup_id = ""
    return parts


class PageSection(Struct, frozen=True):
    """A section of the page. `level` is that of its heading, 2 to 5; `count` the number of items, or 0.

    `runs` are its items and blocks in source order, as (whether these are items, nodes); an item has no id if
    the page has it already. `links` is true when no item has more than its head line.
    """

    title: m.Inlines
    id: str
    level: int
    count: int
    links: bool
    notes: tuple[m.Note, ...]
    runs: tuple[tuple[bool, tuple[OutlineItem | m.Block, ...]], ...]


def build_page_sections(outline: Outline) -> list[PageSection]:
    """Return the sections of the page."""
    sections: list[PageSection] = []
    open_levels: list[int] = []
    used_ids = {""}
    for section in outline.sections:
        if section.title:
            while open_levels and open_levels[-1] >= section.level:
                open_levels.pop()
            open_levels.append(section.level)
        sections.append(
            PageSection(
                title=section.title,
                id=section.anchor,
                level=min(len(open_levels) + 1, 5),
                count=len(section.items) if outline.counts_items else 0,
                links=section.is_list,
                notes=section.notes,
                runs=_group_content(section, used_ids),
            )
        )
    return sections


def list_contents(issue: m.Issue, sections: list[PageSection], briefs: str) -> list[tuple[str, str, int, int]]:
    """Return the contents of the page as (id, text, level, number of items or briefs); level is 2 or more.

    `briefs` is the text of the link to the briefs.
    """
    warmup = [("briefs", briefs, 2, len(issue.briefs))] if issue.warmup else []
    titled = (section for section in sections if section.title)
    return warmup + [(section.id, m.plain(section.title), section.level, section.count) for section in titled]


def _group_content(
    section: OutlineSection, used_ids: set[str]
) -> tuple[tuple[bool, tuple[OutlineItem | m.Block, ...]], ...]:
    nodes: list[OutlineItem | m.Block] = []
    for node in section.content:
        if isinstance(node, OutlineItem):
            nodes.append(node._replace(id="") if node.id in used_ids else node)
            used_ids.add(node.id)
        else:
            nodes.append(node)
    runs = groupby(nodes, key=lambda node: isinstance(node, OutlineItem))
    return tuple([(are_items, tuple(run)) for are_items, run in runs])
