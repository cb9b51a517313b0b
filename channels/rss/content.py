"""An issue as the HTML of a feed entry: headings, paragraphs, lists and plain links, which is what every
reader's sanitiser lets through.

Readers drop ids, so the contents list leads to the items on the issue's web page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from publisher.channel import Entry
from publisher.channels.rss.feed import one_line
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
    Publication,
    Section,
    Strong,
    Text,
    Warmup,
    plain,
)
from publisher.transforms import anchors, has_link, links
from publisher.words import words
from publisher.writers import html

# remarks that are only true inside WeChat
_WECHAT_NOTES = {"read_original", "pc_wechat"}


def issue_html(issue: Issue, entry: Entry, publication: Publication) -> str:
    """The whole issue, every address as it came: absolute. A tagline that is the newsletter's own is left
    to the head of the feed."""
    pieces = _issue(issue, entry, publication.tagline, words(publication.lang))
    return "\n".join(piece for piece in pieces if piece)


def item_html(item: Item, publication: Publication) -> str:
    """One item, for an entry of its own."""
    say = words(publication.lang)
    return "\n".join(piece for piece in (f"<p>{_head(item, say)}</p>", *_matter(item, say)) if piece)


def item_title(item: Item) -> str:
    """What an item is called, one line of plain text; an item without a title by what it has."""
    if title := one_line(plain(item.title)):
        return title
    others = (item.source or "", item.url or "", plain(item.tail), plain(item.summary))
    return next(filter(None, map(one_line, others)), item.id)


def _issue(issue: Issue, entry: Entry, tagline: str, say: Mapping[str, str]) -> Iterator[str]:
    if entry.updated > entry.published:
        yield f"<p><em>{say['updated']} {entry.updated.date().isoformat()}</em></p>"
    if issue.title and any(links(issue.title.text)):  # the entry's own title is plain text
        yield f"<p>{html.inlines(issue.title.text)}</p>"
    if issue.tagline and (plain(issue.tagline).strip() != tagline or any(links(issue.tagline))):
        yield f"<p>{html.inlines(issue.tagline)}</p>"
    if issue.guide:
        yield _guide(issue.guide, say)
    if issue.warmup:
        yield from _warmup(issue.warmup)
    yield from _notes(issue.notes, say)
    yield _contents(issue, entry.url, say)
    for section in issue.sections:
        yield from _section(section, say)
    if issue.footer:
        yield "<hr>"
        yield html.blocks(issue.footer)


def _guide(guide: Guide, say: Mapping[str, str]) -> str:
    """The guide, its label in front of its first words."""
    label = (Strong((Text(guide.label),)), Text(say["colon"])) if guide.label else ()
    match guide.blocks:
        case (Paragraph(children), *rest):
            return html.blocks((Paragraph((*label, *children)), *rest))
        case blocks:
            return html.blocks((Paragraph(label), *blocks) if label else blocks)


def _warmup(warmup: Warmup) -> Iterator[str]:
    yield html.blocks(warmup.intro)
    if warmup.briefs:
        rows = "\n".join(f"<li>{_joined(html.inlines(b.text), b.body)}</li>" for b in warmup.briefs)
        yield f"<ul>\n{rows}\n</ul>"
    yield html.blocks(warmup.outro)


def _joined(line: str, body: Blocks) -> str:
    return f"{line}\n{html.blocks(body)}" if body else line


def _notes(notes: tuple[Note, ...], say: Mapping[str, str]) -> Iterator[str]:
    for note in notes:
        if note.kind not in _WECHAT_NOTES:
            label = "" if note.kind == "history" else say["note"] + say["colon"]
            yield f"<p>{label}{html.inlines(note.text)}</p>"


def _contents(issue: Issue, page: str, say: Mapping[str, str]) -> str:
    """The sections and their items, each leading to its place on the web page."""
    if not any(issue.items):
        return ""
    rows = []
    for section, anchor in zip(issue.sections, anchors(issue), strict=True):
        title = _entrance(plain(section.title), page, anchor) if section.title else ""
        items = "".join(f"\n<li>{_entrance(item_title(item), page, item.id)}</li>" for item in section.items)
        if title or items:
            rows.append(f"<li>{title}" + (f"\n<ul>{items}\n</ul>" if items else "") + "</li>")
    return f"<h2>{say['contents']}</h2>\n<ul>\n" + "\n".join(rows) + "\n</ul>"


def _entrance(text: str, page: str, anchor: str) -> str:
    return f'<a href="{html.address(f"{page}#{anchor}")}">{html.words(text)}</a>'


def _section(section: Section, say: Mapping[str, str]) -> Iterator[str]:
    level = min(max(section.level, 2), 5)
    if section.title:
        yield f"<h{level}>{html.inlines(section.title)}</h{level}>"
    yield from _notes(section.notes, say)
    for node in section.content:
        if isinstance(node, Item):
            yield f"<h{level + 1}>{_head(node, say)}</h{level + 1}>"
            yield from _matter(node, say)
        else:
            yield html.blocks((node,))


def _head(item: Item, say: Mapping[str, str]) -> str:
    """The line of an item: tags, linked title, source, authors, further links, what is left."""
    pieces = [*(html.words(f"[{tag}]") for tag in item.tags), *_title(item, say)]
    names = filter(None, (item.source, "、".join(item.authors)))
    pieces += [f"| {html.words(name)}" for name in names]
    pieces += [html.inlines((extra,)) for extra in item.extras]
    pieces.append(html.inlines(item.tail))
    return " ".join(piece for piece in pieces if piece)


def _title(item: Item, say: Mapping[str, str]) -> Iterator[str]:
    """The title inside its link; beside it when the title has links of its own, which cannot nest."""
    title = html.inlines(item.title)
    if not item.url:
        yield title
    elif has_link(item.title):
        yield title
        yield html.inlines((Link((Text(say["link"]),), item.url),))
    else:
        yield f'<a href="{html.address(item.url)}">{title or html.words(item.url)}</a>'


def _matter(item: Item, say: Mapping[str, str]) -> Iterator[str]:
    """Fields, one a line; a summary is a paragraph of its own. Then the body."""
    for is_summary, fields in groupby(item.fields, key=lambda field: field.kind == "summary"):
        lines = [_field(field, say["colon"]) for field in fields]
        yield from (f"<p>{line}</p>" for line in (lines if is_summary else ["<br>\n".join(lines)]))
    yield html.blocks(item.body)


def _field(field: Field, colon: str) -> str:
    value: tuple[Inline, ...] = field.value
    if field.url and field.url not in links(value):
        value = (Link(value, field.url),)
    label = html.words(field.label)
    return f"{label}{colon}{html.inlines(value)}"
