"""Renders the HTML of feed entries.

Only headings, paragraphs, lists and plain links, which the sanitizers of all feed readers keep. Feed readers
remove ids, so the contents list links to the sections on the issue's web page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from publisher import model as m
from publisher.channel import Entry
from publisher.labels import get_labels
from publisher.localized import is_right_to_left
from publisher.newsletter import Newsletter
from publisher.outline import (
    MAIN_DEPTH,
    Outline,
    OutlineItem,
    OutlineSection,
    build_note_label,
    build_outline,
    find_own_tagline,
    label_guide,
    order_opening,
)
from publisher.transforms import find_urls
from publisher.writers import html

_MIN_CONTENTS = 3


def render_issue_content(issue: m.Issue, entry: Entry, newsletter: Newsletter) -> str:
    """Return the HTML of the whole issue, whose URLs are absolute.

    A tagline that is the newsletter's is omitted: the head of the feed has it.
    """
    return _join_pieces(_render_issue_pieces(issue, entry, newsletter), newsletter)


def render_item_content(item: OutlineItem, newsletter: Newsletter) -> str:
    """Return the HTML of one item, for the item feeds: without its number, which is its place in the issue."""
    labels = get_labels(newsletter.lang)
    line = _render_item_line(item, item.written_number, labels)
    pieces = (f"<p>{line}</p>" if line else "", *_render_fields_and_body(item, labels))
    return _join_pieces(pieces, newsletter)


def render_sections_content(sections: Iterable[OutlineSection], newsletter: Newsletter, *, is_numbered: bool) -> str:
    """Return the HTML of sections, for the section feeds: only those inside another have their titles.

    `is_numbered`: items have their numbers in the issue, as on its page.
    """
    labels = get_labels(newsletter.lang)
    pieces = (
        piece
        for section in sections
        for piece in (
            _render_section_title(section) if section.depth > MAIN_DEPTH else "",
            *_render_section_content(section, labels, is_numbered=is_numbered),
        )
    )
    return _join_pieces(pieces, newsletter)


def _join_pieces(pieces: Iterable[str], newsletter: Newsletter) -> str:
    """Return the HTML of an entry: without ids, and in the direction of the newsletter's language."""
    content = html.remove_anchors("\n".join(filter(None, pieces)))
    if not is_right_to_left(newsletter.lang):
        return content
    return f'<div dir="rtl" lang="{newsletter.lang}">\n{content}\n</div>'


def _render_issue_pieces(issue: m.Issue, entry: Entry, newsletter: Newsletter) -> Iterator[str]:
    labels, layout = get_labels(newsletter.lang), build_outline(issue, "rss")
    if entry.updated > entry.published:
        yield f"<p><em>{labels['updated']} {entry.updated.date().isoformat()}</em></p>"
    if issue.title and any(find_urls(issue.title.text)):  # the title of the entry is plain text, without links
        yield f"<p>{html.inlines(issue.title.text)}</p>"
    if tagline := find_own_tagline(issue, newsletter):
        yield f"<p>{html.inlines(tagline)}</p>"
    for part in order_opening(issue):
        if isinstance(part, m.Guide):
            yield html.blocks(label_guide(part, part.blocks, labels["colon"]))
        else:
            yield from _render_warmup_content(part)
    yield from _render_note_paragraphs(layout.notes, labels)
    yield _render_contents_list(layout, entry.url, labels)
    for section in layout.sections:
        yield _render_section_title(section)
        yield from _render_section_content(section, labels, is_numbered=layout.counts_items)
    if issue.footer:
        yield "<hr>"
        yield html.blocks(issue.footer)


def _render_warmup_content(warmup: m.Warmup) -> Iterator[str]:
    yield html.blocks(warmup.intro)
    if warmup.briefs:
        rows = "\n".join(f"<li>{_append_body(html.inlines(brief.text), brief.body)}</li>" for brief in warmup.briefs)
        yield f"<ul>\n{rows}\n</ul>"
    yield html.blocks(warmup.outro)


def _append_body(line: str, body: m.Blocks) -> str:
    return f"{line}\n{html.blocks(body)}" if body else line


def _render_note_paragraphs(notes: tuple[m.Note, ...], labels: Mapping[str, str]) -> Iterator[str]:
    return (f"<p>{build_note_label(note, labels)}{html.inlines(note.text)}</p>" for note in notes)


def _render_contents_list(layout: Outline, page_url: str, labels: Mapping[str, str]) -> str:
    """Return the main sections as links to the web page; nothing if there are too few of them to choose from."""
    main = [section for section in layout.sections if section.title and section.depth == MAIN_DEPTH]
    if len(main) < _MIN_CONTENTS:
        return ""
    rows = "\n".join(f"<li>{_render_contents_link(section, page_url)}</li>" for section in main)
    return f"<h2>{labels['contents']}</h2>\n<ul>\n{rows}\n</ul>"


def _render_contents_link(section: OutlineSection, page_url: str) -> str:
    address = html.escape_url(f"{page_url}#{section.anchor}")
    return f'<a href="{address}">{html.escape_text(m.plain(section.title))}</a>'


def _render_section_title(section: OutlineSection) -> str:
    return f"<h{section.depth}>{html.inlines(section.title)}</h{section.depth}>" if section.title else ""


def _render_section_content(section: OutlineSection, labels: Mapping[str, str], *, is_numbered: bool) -> Iterator[str]:
    """Yield a section without its title."""
    yield from _render_note_paragraphs(section.notes, labels)
    for are_items, nodes in groupby(section.content, key=lambda node: isinstance(node, OutlineItem)):
        if not are_items:
            yield html.blocks(tuple([node for node in nodes if not isinstance(node, OutlineItem)]))
            continue
        items = [node for node in nodes if isinstance(node, OutlineItem)]
        if section.is_list:
            yield _render_link_list(items, labels, is_numbered=is_numbered)
        else:
            for item in items:
                number = item.written_number or (f"{item.number}. " if is_numbered else "")
                yield from _render_item(item, number, section.depth + 1, labels)


def _render_link_list(items: Sequence[OutlineItem], labels: Mapping[str, str], *, is_numbered: bool) -> str:
    """Return items that have only a head line as a list, if `is_numbered` with their numbers in the issue.

    Numbers that the issue itself has, such as `1、`, are part of the text.
    """
    rows = "\n".join(f"<li>{_render_item_line(item, item.written_number, labels)}</li>" for item in items)
    if not is_numbered or any(item.written_number for item in items):
        return f"<ul>\n{rows}\n</ul>"
    start = f' start="{items[0].number}"' if items[0].number != 1 else ""
    return f"<ol{start}>\n{rows}\n</ol>"


def _render_item(item: OutlineItem, number: str, level: int, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield an item below a heading of this level, or below a paragraph if its head is running text."""
    if line := _render_item_line(item, number, labels):
        tag = "p" if item.is_running_text else f"h{level}"
        yield f"<{tag}>{line}</{tag}>"
    yield from _render_fields_and_body(item, labels)


def _render_item_line(item: OutlineItem, number: str, labels: Mapping[str, str]) -> str:
    """Return the head line of an item: number, tags, linked title, source, authors, tail, other links; "" if it has
    none of them but a number."""
    title = (m.Link(item.title, item.url, item.link_title),) if item.url else item.title
    names = filter(None, (item.source, labels["comma"].join(item.authors)))
    pieces = (
        *(html.escape_text(f"[{tag}]") for tag in item.tags),
        html.inlines(title),
        *(f"| {html.escape_text(name)}" for name in names),
    )
    line = " ".join(filter(None, pieces)) + html.inlines(item.tail)
    line = " ".join(filter(None, (line.strip(), *(html.inlines((extra,)) for extra in item.extras))))
    return number + line if line else item.written_number


def _render_fields_and_body(item: OutlineItem, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield fields and body in source order: fields one per line, with summaries as separate paragraphs."""
    for _, nodes in item.matter:
        yield html.blocks(tuple([node for node in nodes if not isinstance(node, m.Field)]))
        all_fields = [node for node in nodes if isinstance(node, m.Field)]
        for is_summary, fields in groupby(all_fields, key=lambda field: field.kind == "summary"):
            lines = [html.escape_text(field.label) + labels["colon"] + html.inlines(field.value) for field in fields]
            yield from (f"<p>{line}</p>" for line in (lines if is_summary else ["<br>\n".join(lines)]))
