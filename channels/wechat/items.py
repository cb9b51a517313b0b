"""Renders an item: its title, the fields and URLs below it, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from msgspec.structs import replace

from publisher.channels.wechat import style
from publisher.channels.wechat.links import LinkForm, get_printed_url
from publisher.channels.wechat.writer import (
    BULLET,
    ArticleWriter,
    format_printed_url,
    render_element,
    render_paragraph,
)
from publisher.links import ARXIV, classify_link, parse_repository
from publisher.model import Block, Field, Item, Text, plain
from publisher.transforms import has_link, link_field_value
from publisher.writers.html import escape_text

# fields that name the item, and therefore come before its URL
_IDENTIFYING_FIELDS = {"title", "paper"}


def render_article_item(item: Item, writer: ArticleWriter) -> str:
    """Return an item as HTML. Fields and text keep the order of the source."""
    item = _complete_item(item, writer)
    head, url_lines = _render_item_heading(item, LinkForm.OWN_LINE, writer)
    nodes = sorted((*item.fields, *item.body), key=lambda node: node.pos)
    identifying = list(
        takewhile(lambda node: isinstance(node, Field) and node.kind in _IDENTIFYING_FIELDS, nodes)
    )
    body = "".join(_render_facts_and_text([*identifying, *url_lines, *nodes[len(identifying) :]], writer))
    return render_paragraph(head, style.ITEM_STYLE) + body


def render_list_entry(item: Item, writer: ArticleWriter) -> str:
    """Return an item that has only a title, as an entry of a list."""
    head, url_lines = _render_item_heading(_complete_item(item, writer), LinkForm.BRACKETS, writer)
    return render_paragraph("<br>".join([f"{BULLET} {head}", *url_lines]))


def _complete_item(item: Item, writer: ArticleWriter) -> Item:
    """Return the item with its URL as title if it has none, and with the URLs of fields as links."""
    title = item.title or ((Text(item.url),) if item.url else ())
    fields = tuple(map(link_field_value, item.fields))
    if (title, fields) != (item.title, item.fields):
        item = replace(item, title=title, fields=fields)
    writer.links.start_part(item.title, item.tail, item.fields, item.body)
    return item


# -------------------------------------------------------------------- heading


def _render_item_heading(item: Item, printed_form: LinkForm, writer: ArticleWriter) -> tuple[str, list[str]]:
    """Return the title line, and the lines with URLs below it.

    `printed_form` is the form of URLs that must be printed: OWN_LINE or, in a list, BRACKETS.
    """
    title, url_lines = _render_item_title(item, printed_form, writer)
    if printed_form is LinkForm.OWN_LINE:
        title = render_element("strong", "", title)
    byline = (escape_text(item.source or ""), escape_text(writer.labels["comma"].join(item.authors)))
    line = " | ".join(filter(None, (title, *byline)))
    for extra in item.extras:
        text = plain(extra.children).strip() or writer.labels["link"]
        form = writer.links.resolve_extra_link(text, extra.url, printed_form)
        if form is LinkForm.OWN_LINE:
            url_lines.append(_render_fact(text, format_printed_url(extra.url), writer))
        else:
            line += " " + writer.render_link(escape_text(f"[{text}]"), extra.url, form)
    return line + writer.inlines(item.tail), url_lines


def _render_item_title(item: Item, printed_form: LinkForm, writer: ArticleWriter) -> tuple[str, list[str]]:
    """Return the title with its prefixes, and the line with the item's URL if it has one."""
    title, url, url_lines = writer.inlines(item.title), item.url or "", []
    form = writer.links.resolve_item_link(plain(item.title), url, printed_form) if url else LinkForm.URL_TEXT
    if form is LinkForm.OWN_LINE or (form is LinkForm.LINK and has_link(item.title)):
        label = writer.labels["paper" if classify_link(url) == ARXIV else "link"]
        url_lines.append(
            _render_fact(
                label, writer.render_link(format_printed_url(get_printed_url(url)), url, form), writer
            )
        )
    else:
        title = writer.render_link(title, url, form)
    arxiv, repo = _find_unmentioned_ids(item, form, writer)
    tags = "".join(f"[{escape_text(tag)}] " for tag in (*item.tags, arxiv) if tag)
    return tags + (escape_text(repo + writer.labels["colon"]) if repo else "") + title, url_lines


def _find_unmentioned_ids(item: Item, form: LinkForm, writer: ArticleWriter) -> tuple[str, str]:
    """Return the arXiv id and the owner/repo of the item, each empty if the item shows it already."""
    title = plain(item.title).lower()
    urls = [*writer.links.spelled_out_urls, *(extra.url for extra in item.extras)]
    if item.url and form is not LinkForm.REPOSITORY:
        urls.append(item.url)
    arxiv = item.arxiv or ""
    repo = item.repo or (parse_repository(item.url or "") if form is LinkForm.REPOSITORY else None) or ""
    if any(arxiv in text for text in (title, *item.tags, *urls)):
        arxiv = ""
    if repo.lower() in title or repo in map(parse_repository, urls):
        repo = ""
    return arxiv, repo


# ----------------------------------------------------------------------- body


def _render_facts_and_text(parts: list[Field | Block | str], writer: ArticleWriter) -> Iterator[str]:
    """Yield consecutive fields and URL lines as one paragraph in small print, and text as it comes."""
    facts: list[str] = []
    css = ""
    for part in parts:
        if isinstance(part, str):
            facts.append(part)
        elif isinstance(part, Field) and part.kind != "summary":
            facts.append(_render_fact(part.label, writer.inlines(part.value), writer))
        else:
            yield render_paragraph("<br>".join(facts), style.SMALL_STYLE)
            facts.clear()
            if isinstance(part, Field):
                yield render_paragraph(_render_fact(part.label, writer.inlines(part.value), writer), css)
            else:
                yield writer.blocks((part,), css)
            css = style.BODY_STYLE
    yield render_paragraph("<br>".join(facts), style.SMALL_STYLE)


def _render_fact(label: str, value: str, writer: ArticleWriter) -> str:
    """Return the line `label：value`; `value` is HTML."""
    return f"{escape_text(label)}{writer.labels['colon']}{value}"
