"""Prepares an issue for the template of its page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from publisher import model as m
from publisher.channel import Entry
from publisher.channels.web.overview import IndexEntry, NewestEntry
from publisher.derived_texts import find_topics, is_labelled
from publisher.links import extract_host
from publisher.localized import format_date
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.outline import Outline, OutlineItem, OutlineSection, highlight_subject, order_opening, split_guide
from publisher.transforms import PAGE_IDS

# a host that so many links share stands once, beside the title of their section
_MIN_SHARED_HOST = 3
_MIN_ROW, _MAX_ROW_NAME = 5, 20


def shorten_title(entry: Entry | IndexEntry | NewestEntry, newsletter: Newsletter) -> str:
    """Return the title without the newsletter's name and the date, for places that show both already."""
    after = entry.title.removeprefix(newsletter.name)
    if after[:1].isalnum() and after[0] < "\u2e80":  # the name is the beginning of a word, as in "Tides" for "Tide"
        return entry.title
    rest = after.lstrip()
    for date in (f"({entry.date})", f"（{entry.date}）"):
        rest = rest.removeprefix(date)
    rest = rest.lstrip(" ：:·|｜–—-")
    return rest if any(map(str.isalpha, rest)) else entry.title  # "Letter 12" is no more than "12" otherwise


def format_own_date(issue: m.Issue, entry: Entry, lang: str) -> str:
    """Return the date in the language of the page; as the editor wrote it, if it is another one or incomplete."""
    written = issue.title.date if issue.title else ""
    return written if written not in ("", entry.date.isoformat()) else format_date(entry.date, lang)


def split_topics(entry: Entry | NewestEntry, newsletter: Newsletter) -> list[str]:
    """Return the topics of the title, which are separated by slashes if the title begins with the newsletter's name."""
    title = shorten_title(entry, newsletter)
    return title.split("/") if title != entry.title and "//" not in title else [title]


def heading_topics(issue: m.Issue, entry: Entry, newsletter: Newsletter) -> tuple[m.Inlines, ...]:
    """Return the topics of the issue for its heading; an irregular title is one topic, as written."""
    title = issue.title
    if title and not title.regular and title.text:
        return (title.text,)
    topics = (title.headline if title else ()) or find_topics(issue) or (shorten_title(entry, newsletter),)
    return tuple((m.Text(topic),) for topic in topics)


class OpeningPart(NamedTuple):
    """A part of the opening: of the guide, or else of the warm-up; the first of the latter has an id.

    `is_guide`: the part says what is in the issue, and is not the beginning of a letter.
    """

    guide: m.Guide | None
    warmup: m.Warmup | None = None
    id: str = ""
    is_guide: bool = False


def build_page_opening(issue: m.Issue, *, counts_items: bool) -> list[OpeningPart]:
    """Return the opening in source order: the labels of the guide and the subjects of briefs are in bold."""
    parts: list[OpeningPart] = []
    warmup_id = "briefs"
    for part in order_opening(issue):
        if isinstance(part, m.Guide):
            is_guide = bool(part.label or (counts_items and is_labelled(part)))
            parts.append(OpeningPart(replace(part, blocks=split_guide(part, bold=True)), is_guide=is_guide))
        else:
            briefs = tuple([replace(brief, text=highlight_subject(brief)) for brief in part.briefs])
            parts.append(OpeningPart(None, replace(part, briefs=briefs), warmup_id))
            warmup_id = ""
    return parts


class PageSection(Struct, frozen=True):
    """A section of the page. `level` is that of its heading, 2 to 5; `count` the number of items, or 0.

    `runs` are its items and blocks in source order, as (whether these are items, nodes); an item has no id if
    the page has it already. `links` is true when no item has more than its head line; then `hosts` has the host of
    each URL that stands beside a title, and `host` the one that all share. `is_row`: the titles are short enough to
    stand in a row.
    """

    title: m.Inlines
    id: str
    level: int
    count: int
    links: bool
    notes: tuple[m.Note, ...]
    runs: tuple[tuple[bool, tuple[OutlineItem | m.Block, ...]], ...]
    hosts: Mapping[str, str] = {}
    host: str = ""
    is_row: bool = False


class ContentsEntry(NamedTuple):
    """A section in the contents of a page: its id there, its title, how many items or briefs it has, and the sections
    in it."""

    id: str
    text: str
    size: int
    children: list[ContentsEntry]


def build_page_sections(outline: Outline) -> list[PageSection]:
    """Return the sections of the page."""
    sections: list[PageSection] = []
    used_ids = {"", *PAGE_IDS}
    for section in outline.sections:
        is_row = _is_row(section)
        hosts = {} if is_row or not section.is_list else _find_hosts(section.items)
        shared = {*hosts.values()} if len(section.items) >= _MIN_SHARED_HOST else {}
        host = next(iter(shared)) if len(shared) == 1 and len(hosts) == len(section.items) else ""
        sections.append(
            PageSection(
                title=section.title,
                id=section.anchor,
                level=section.depth,
                count=len(section.items) if outline.counts_items else 0,
                links=section.is_list,
                notes=section.notes,
                runs=_group_content(section, used_ids),
                hosts={} if host else hosts,
                host=host,
                is_row=is_row,
            )
        )
    return sections


def build_contents(issue: m.Issue, sections: list[PageSection], briefs: str) -> list[ContentsEntry]:
    """Return the contents of the page, each section inside the one it belongs to; empty if there is only one.

    `briefs` is the text of the link to the briefs.
    """
    top = [ContentsEntry("briefs", briefs, len(issue.briefs), [])] if issue.warmup else []
    open_entries: list[tuple[int, list[ContentsEntry]]] = [(0, top)]
    total = len(top)
    for section in sections:
        if section.title:
            while open_entries[-1][0] >= section.level:
                open_entries.pop()
            entry = ContentsEntry(section.id, m.plain(section.title), section.count, [])
            open_entries[-1][1].append(entry)
            open_entries.append((section.level, entry.children))
            total += 1
    return top if total > 1 else []


def _find_hosts(items: list[OutlineItem]) -> dict[str, str]:
    """Return the hosts of the links in a list, by URL, of items that name nothing else beside their title."""
    hosts: dict[str, str] = {}
    for item in items:
        if item.url and not (item.source or item.authors or item.links or item.is_running_text):
            host = extract_host(item.url)
            if host:
                hosts[item.url] = host
    return hosts


def _is_row(section: OutlineSection) -> bool:
    """True for a list of names: several short titles and nothing else."""
    items = section.items
    return (
        section.is_list
        and len(items) >= _MIN_ROW
        and all(
            len(item.name) <= _MAX_ROW_NAME
            and not (item.source or item.authors or item.links or item.tail or item.tags or item.written_number)
            for item in items
        )
    )


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
