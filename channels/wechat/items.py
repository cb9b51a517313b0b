"""An item of the newsletter: its title, the facts below it one a line, its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from publisher.channels.wechat import style
from publisher.channels.wechat.links import Form, preferred
from publisher.channels.wechat.writer import BULLET, Writer, element, paragraph, printed
from publisher.links import ARXIV, link_class, repository
from publisher.model import Block, Field, Item, Text, plain
from publisher.transforms import has_link, linked
from publisher.writers.html import words

# what says which thing an item is about, and so comes before the address of the item
_NAMING = {"title", "paper"}


def item_html(item: Item, writer: Writer) -> str:
    """One item; what belongs to it keeps the order of the source."""
    item = _complete(item, writer)
    head, below = _head(item, Form.LINE, writer)
    nodes = sorted((*item.fields, *item.body), key=lambda node: node.pos)
    naming = list(takewhile(lambda node: isinstance(node, Field) and node.kind in _NAMING, nodes))
    matter = "".join(_matter([*naming, *below, *nodes[len(naming) :]], writer))
    return paragraph(head, style.ITEM) + matter


def entry_html(item: Item, writer: Writer) -> str:
    """One item that has nothing below its title, as an entry of a list."""
    head, below = _head(_complete(item, writer), Form.BRACKETS, writer)
    return paragraph("<br>".join([f"{BULLET} {head}", *below]))


def _complete(item: Item, writer: Writer) -> Item:
    """The item with a title if it has an address, and with all addresses of fields in their values."""
    title = item.title or ((Text(item.url),) if item.url else ())
    fields = tuple(map(linked, item.fields))
    if (title, fields) != (item.title, item.fields):
        item = replace(item, title=title, fields=fields)
    writer.links.begin(item.title, item.tail, item.fields, item.body)
    return item


# ----------------------------------------------------------------------- head


def _head(item: Item, place: Form, writer: Writer) -> tuple[str, list[str]]:
    """The line of the title, and the addresses that get a line of their own below it.

    `place` is where an address goes that has to be printed: Form.LINE or, in a list, Form.BRACKETS.
    """
    title, below = _title(item, place, writer)
    if place is Form.LINE:
        title = element("strong", "", title)
    by = (words(item.source or ""), words(writer.say["comma"].join(item.authors)))
    line = " | ".join(filter(None, (title, *by)))
    for extra in item.extras:
        text = plain(extra.children).strip() or writer.say["link"]
        form = writer.links.further(text, extra.url, place)
        if form is Form.LINE:
            below.append(_fact(text, printed(extra.url), writer))
        else:
            line += " " + writer.linked(words(f"[{text}]"), extra.url, form)
    return line + writer.inlines(item.tail), below


def _title(item: Item, place: Form, writer: Writer) -> tuple[str, list[str]]:
    """The title with what goes before it, and the address of the item if that gets a line."""
    title, url, below = writer.inlines(item.title), item.url or "", []
    form = writer.links.of_item(plain(item.title), url, place) if url else Form.SHOWN
    if form is Form.LINE or (form is Form.LINK and has_link(item.title)):
        label = writer.say["paper" if link_class(url) == ARXIV else "link"]
        below.append(_fact(label, writer.linked(printed(preferred(url)), url, form), writer))
    else:
        title = writer.linked(title, url, form)
    arxiv, repo = _unsaid(item, form, writer)
    tags = "".join(f"[{words(tag)}] " for tag in (*item.tags, arxiv) if tag)
    return tags + (words(repo + writer.say["colon"]) if repo else "") + title, below


def _unsaid(item: Item, form: Form, writer: Writer) -> tuple[str, str]:
    """The arXiv id and the owner/repo of the item, each empty when the item shows it anyway."""
    said = plain(item.title).lower()
    addresses = [*writer.links.spelled, *(one.url for one in item.extras)]
    if item.url and form is not Form.NAME:
        addresses.append(item.url)
    arxiv = item.arxiv or ""
    repo = item.repo or (repository(item.url or "") if form is Form.NAME else None) or ""
    if any(arxiv in text for text in (said, *item.tags, *addresses)):
        arxiv = ""
    if repo.lower() in said or repo in map(repository, addresses):
        repo = ""
    return arxiv, repo


# --------------------------------------------------------------------- matter


def _matter(parts: list[Field | Block | str], writer: Writer) -> Iterator[str]:
    """Facts in small print, those that follow each other in one paragraph; the text below them."""
    facts: list[str] = []
    css = ""
    for part in parts:
        if isinstance(part, str):
            facts.append(part)
        elif isinstance(part, Field) and part.kind != "summary":
            facts.append(_fact(part.label, writer.inlines(part.value), writer))
        else:
            yield paragraph("<br>".join(facts), style.SMALL)
            facts.clear()
            if isinstance(part, Field):
                yield paragraph(_fact(part.label, writer.inlines(part.value), writer), css)
            else:
                yield writer.blocks((part,), css)
            css = style.AFTER
    yield paragraph("<br>".join(facts), style.SMALL)


def _fact(label: str, value: str, writer: Writer) -> str:
    """A line `label：value`; the value is HTML."""
    return f"{words(label)}{writer.say['colon']}{value}"
