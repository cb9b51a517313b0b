"""Renders the HTML of feed entries.

Only headings, paragraphs, lists and plain links, which the sanitizers of all feed readers keep. Feed readers
remove ids, so the contents list links to the items on the issue's web page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from publisher.channel import Entry
from publisher.channels.rss.feed import clean_line
from publisher.labels import get_labels
from publisher.model import (
    Blocks,
    Field,
    Guide,
    Inline,
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
from publisher.transforms import build_anchors, find_urls, has_link
from publisher.writers import html

# notes that are only true inside WeChat
_WECHAT_NOTES = {"read_original", "pc_wechat"}


def render_issue_content(issue: Issue, entry: Entry, newsletter: Newsletter) -> str:
    """Return the HTML of the whole issue, whose URLs are absolute.

    A tagline that is the newsletter's is omitted: the head of the feed has it.
    """
    pieces = _render_issue_pieces(issue, entry, newsletter.tagline, get_labels(newsletter.lang))
    return "\n".join(piece for piece in pieces if piece)


def render_item_content(item: Item, newsletter: Newsletter) -> str:
    """Return the HTML of one item, for the item feeds."""
    labels = get_labels(newsletter.lang)
    return "\n".join(
        piece
        for piece in (f"<p>{_render_item_line(item, labels)}</p>", *_render_fields_and_body(item, labels))
        if piece
    )


def item_title(item: Item) -> str:
    """Return the title of an item as one line; without one, its source, URL, other text or id."""
    if title := clean_line(plain(item.title)):
        return title
    others = (item.source or "", item.url or "", plain(item.tail), plain(item.summary))
    return next(filter(None, map(clean_line, others)), item.id)


def _render_issue_pieces(
    issue: Issue, entry: Entry, tagline: str, labels: Mapping[str, str]
) -> Iterator[str]:
    if entry.updated > entry.published:
        yield f"<p><em>{labels['updated']} {entry.updated.date().isoformat()}</em></p>"
    if issue.title and any(
        find_urls(issue.title.text)
    ):  # the title of the entry is plain text, without links
        yield f"<p>{html.inlines(issue.title.text)}</p>"
    if issue.tagline and (plain(issue.tagline).strip() != tagline or any(find_urls(issue.tagline))):
        yield f"<p>{html.inlines(issue.tagline)}</p>"
    if issue.guide:
        yield _render_guide_content(issue.guide, labels)
    if issue.warmup:
        yield from _render_warmup_content(issue.warmup)
    yield from _render_note_paragraphs(issue.notes, labels)
    yield _render_contents_list(issue, entry.url, labels)
    for section in issue.sections:
        yield from _render_section_content(section, labels)
    if issue.footer:
        yield "<hr>"
        yield html.blocks(issue.footer)


def _render_guide_content(guide: Guide, labels: Mapping[str, str]) -> str:
    """Return the guide, with its label at the start of its first paragraph."""
    label = (Strong((Text(guide.label),)), Text(labels["colon"])) if guide.label else ()
    match guide.blocks:
        case (Paragraph(children), *rest):
            return html.blocks((Paragraph((*label, *children)), *rest))
        case blocks:
            return html.blocks((Paragraph(label), *blocks) if label else blocks)


def _render_warmup_content(warmup: Warmup) -> Iterator[str]:
    yield html.blocks(warmup.intro)
    if warmup.briefs:
        rows = "\n".join(
            f"<li>{_append_body(html.inlines(brief.text), brief.body)}</li>" for brief in warmup.briefs
        )
        yield f"<ul>\n{rows}\n</ul>"
    yield html.blocks(warmup.outro)


def _append_body(line: str, body: Blocks) -> str:
    return f"{line}\n{html.blocks(body)}" if body else line


def _render_note_paragraphs(notes: tuple[Note, ...], labels: Mapping[str, str]) -> Iterator[str]:
    for note in notes:
        if note.kind not in _WECHAT_NOTES:
            label = "" if note.kind == "history" else labels["note"] + labels["colon"]
            yield f"<p>{label}{html.inlines(note.text)}</p>"


def _render_contents_list(issue: Issue, page_url: str, labels: Mapping[str, str]) -> str:
    """Return the sections and their items as links to the web page."""
    if not any(issue.items):
        return ""
    rows = []
    for section, anchor in zip(issue.sections, build_anchors(issue), strict=True):
        title = _render_contents_link(plain(section.title), page_url, anchor) if section.title else ""
        items = "".join(
            f"\n<li>{_render_contents_link(item_title(item), page_url, item.id)}</li>"
            for item in section.items
        )
        if title or items:
            rows.append(f"<li>{title}" + (f"\n<ul>{items}\n</ul>" if items else "") + "</li>")
    return f"<h2>{labels['contents']}</h2>\n<ul>\n" + "\n".join(rows) + "\n</ul>"


def _render_contents_link(text: str, page_url: str, anchor: str) -> str:
    return f'<a href="{html.escape_url(f"{page_url}#{anchor}")}">{html.escape_text(text)}</a>'


def _render_section_content(section: Section, labels: Mapping[str, str]) -> Iterator[str]:
    level = min(max(section.level, 2), 5)
    if section.title:
        yield f"<h{level}>{html.inlines(section.title)}</h{level}>"
    yield from _render_note_paragraphs(section.notes, labels)
    for node in section.content:
        if isinstance(node, Item):
            yield f"<h{level + 1}>{_render_item_line(node, labels)}</h{level + 1}>"
            yield from _render_fields_and_body(node, labels)
        else:
            yield html.blocks((node,))


def _render_item_line(item: Item, labels: Mapping[str, str]) -> str:
    """Return the head line of an item: tags, linked title, source, authors, extra links, tail."""
    pieces = [*(html.escape_text(f"[{tag}]") for tag in item.tags), *_render_linked_title(item, labels)]
    names = filter(None, (item.source, "、".join(item.authors)))
    pieces += [f"| {html.escape_text(name)}" for name in names]
    pieces += [html.inlines((extra,)) for extra in item.extras]
    pieces.append(html.inlines(item.tail))
    return " ".join(piece for piece in pieces if piece)


def _render_linked_title(item: Item, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the linked title; a title that contains links, which cannot be nested, is followed by a link."""
    title = html.inlines(item.title)
    if not item.url:
        yield title
    elif has_link(item.title):
        yield title
        yield html.inlines((Link((Text(labels["link"]),), item.url),))
    else:
        yield f'<a href="{html.escape_url(item.url)}">{title or html.escape_text(item.url)}</a>'


def _render_fields_and_body(item: Item, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the fields, one per line, with summaries as separate paragraphs; then the body."""
    for is_summary, fields in groupby(item.fields, key=lambda field: field.kind == "summary"):
        lines = [_render_field_line(field, labels["colon"]) for field in fields]
        yield from (f"<p>{line}</p>" for line in (lines if is_summary else ["<br>\n".join(lines)]))
    yield html.blocks(item.body)


def _render_field_line(field: Field, colon: str) -> str:
    value: tuple[Inline, ...] = field.value
    if field.url and field.url not in find_urls(value):
        value = (Link(value, field.url),)
    label = html.escape_text(field.label)
    return f"{label}{colon}{html.inlines(value)}"
