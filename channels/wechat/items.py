"""Renders an item: its title, the fields and URLs below it, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from publisher import model as m
from publisher.channels.wechat import style
from publisher.channels.wechat.links import LinkForm, get_printed_url
from publisher.channels.wechat.writer import BULLET, ArticleWriter, format_printed_url, render_element, render_paragraph
from publisher.links import ARXIV, classify_link
from publisher.outline import OutlineItem
from publisher.writers.html import escape_text

# fields that name the item, and therefore come before its URL
_IDENTIFYING_FIELDS = {"title", "paper"}


def render_article_item(item: OutlineItem, writer: ArticleWriter) -> str:
    """Return an item as HTML. Fields and text keep the order of the source."""
    head, url_lines = _render_item_heading(item, LinkForm.OWN_LINE, writer)
    nodes = [node for _, run in item.matter for node in run]
    identifying = list(takewhile(lambda node: isinstance(node, m.Field) and node.kind in _IDENTIFYING_FIELDS, nodes))
    body = "".join(_render_facts_and_text([*identifying, *url_lines, *nodes[len(identifying) :]], writer))
    return render_paragraph(head, style.ITEM_STYLE) + body


def render_list_entry(item: OutlineItem, writer: ArticleWriter) -> str:
    """Return an item that has only a title, as an entry of a list."""
    head, url_lines = _render_item_heading(item, LinkForm.BRACKETS, writer)
    return render_paragraph("<br>".join([f"{BULLET} {head}", *url_lines]))


# -------------------------------------------------------------------- heading


def _render_item_heading(item: OutlineItem, printed_form: LinkForm, writer: ArticleWriter) -> tuple[str, list[str]]:
    """Return the title line, and the lines with URLs below it.

    `printed_form` is the form of URLs that must be printed: OWN_LINE or, in a list, BRACKETS.
    """
    writer.links.start_part(item.title, item.tail, item.fields, item.body)
    title, url_lines = _render_item_title(item, printed_form, writer)
    if printed_form is LinkForm.OWN_LINE and not item.is_running_text:
        title = render_element("strong", "", title)
    byline = (escape_text(item.source), escape_text(writer.labels["comma"].join(item.authors)))
    line = item.written_number + " | ".join(filter(None, (title, *byline))) + writer.inlines(item.tail)
    for link in item.links:
        # the title names the repository or paper already, so that its URL needs no label
        is_named = link.kind in ("repository", "paper")
        text = link.url if is_named else m.plain(link.text).strip() or writer.labels["link"]
        form = writer.links.resolve_beside(text, link.url, printed_form) if link.url else LinkForm.NEARBY
        if form is LinkForm.OWN_LINE:
            url_lines.append(_render_fact(text, format_printed_url(link.url), writer))
        else:
            shown = link.url if is_named else f"[{text}]"
            line += " " + writer.render_link(escape_text(shown), link.url, form)
    return line, url_lines


def _render_item_title(item: OutlineItem, printed_form: LinkForm, writer: ArticleWriter) -> tuple[str, list[str]]:
    """Return the title after its tags, and the line with the item's URL if it has one."""
    title, url, url_lines = writer.inlines(item.title), item.url or "", []
    form = writer.links.resolve_beside(m.plain(item.title), url, printed_form) if url else LinkForm.URL_TEXT
    if form is LinkForm.OWN_LINE:
        label = writer.labels["paper" if classify_link(url) == ARXIV else "link"]
        url_lines.append(_render_fact(label, format_printed_url(get_printed_url(url)), writer))
    tags = "".join(f"[{escape_text(tag)}] " for tag in item.tags)
    return tags + writer.render_link(title, url, form), url_lines


# ----------------------------------------------------------------------- body


def _render_facts_and_text(parts: list[m.Field | m.Block | str], writer: ArticleWriter) -> Iterator[str]:
    """Yield consecutive fields and URL lines as one paragraph in small print, and text as it comes."""
    facts: list[str] = []
    css = ""
    for part in parts:
        if isinstance(part, str):
            facts.append(part)
        elif isinstance(part, m.Field) and part.kind != "summary":
            facts.append(_render_fact(part.label, writer.inlines(part.value), writer))
        else:
            yield render_paragraph("<br>".join(facts), style.SMALL_STYLE)
            facts.clear()
            if isinstance(part, m.Field):
                yield render_paragraph(_render_fact(part.label, writer.inlines(part.value), writer), css)
            else:
                yield writer.blocks((part,), css)
            css = style.BODY_STYLE
    yield render_paragraph("<br>".join(facts), style.SMALL_STYLE)


def _render_fact(label: str, value: str, writer: ArticleWriter) -> str:
    """Return the line `label：value`; `value` is HTML."""
    return f"{escape_text(label)}{writer.labels['colon']}{value}"
