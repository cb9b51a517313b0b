"""Renders an item: its number, its title, the source, fields and URLs below it, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from msgspec import Struct

from publisher import model as m
from publisher.channels.wechat.links import ArticleLinks, LinkForm, LinkUse, get_printed_url, insert_footnote_numbers
from publisher.channels.wechat.style import ArticleTheme, join_styles
from publisher.channels.wechat.writer import (
    HTML_TAG,
    ArticleWriter,
    format_printed_url,
    render_element,
    render_paragraph,
)
from publisher.labels import get_labels
from publisher.links import ARXIV, classify_link
from publisher.named_tuple import NamedTuple
from publisher.outline import OutlineItem
from publisher.reuse import reuse_results
from publisher.writers.html import escape_text

# fields that name the item, and therefore come before its URL
_IDENTIFYING_FIELDS = {"title", "paper"}

_Part = m.Field | m.Block | str


class ItemPlace(Struct, frozen=True):
    """What the HTML of an item depends on besides the item.

    `last` is the number of the last item of the article. The first one of a section has no line above. An item that has
    only a title may be an entry of a list.
    """

    last: int
    is_first: bool
    is_entry: bool


class RenderedItem(NamedTuple):
    """An item as HTML, how many of its characters are markup, and in reading order its links, its image URLs, and the
    URLs of its footnotes, whose numbers in the HTML are marked."""

    html: str
    markup: int
    link_uses: tuple[LinkUse, ...]
    image_urls: tuple[str, ...]
    footnote_urls: tuple[str, ...]


def render_article_item(item: OutlineItem, place: ItemPlace, lang: str, writer: ArticleWriter) -> tuple[str, int]:
    """Return an item as HTML, and how many of its characters are markup. The writer, whose labels are those of `lang`,
    has its links and images afterwards."""
    links = writer.links
    rendered = _render_apart(item, place, lang, writer.theme, footnotes=links.footnotes)
    links.link_uses += rendered.link_uses
    writer.image_urls += rendered.image_urls
    html = insert_footnote_numbers(rendered.html, [links.get_footnote_number(url) for url in rendered.footnote_urls])
    return html, rendered.markup


@reuse_results
def _render_apart(
    item: OutlineItem, place: ItemPlace, lang: str, theme: ArticleTheme, *, footnotes: bool
) -> RenderedItem:
    """Return an item without the numbers of its footnotes, which depend on the items before it."""
    links = ArticleLinks(footnotes=footnotes, marks_numbers=True)
    writer = ArticleWriter(links, get_labels(lang), theme)
    html = _render_list_entry(item, place, writer) if place.is_entry else _render_full_item(item, place, writer)
    markup = sum(map(len, HTML_TAG.findall(html)))
    return RenderedItem(html, markup, tuple(links.link_uses), tuple(writer.image_urls), tuple(links.footnote_urls))


class _ItemHead(NamedTuple):
    """The head of an item as HTML: the line with its title, its source, and lines with URLs."""

    line: str
    byline: str
    url_lines: list[str]


def _render_full_item(item: OutlineItem, place: ItemPlace, writer: ArticleWriter) -> str:
    """Return an item as HTML. Fields and text keep the order of the source."""
    head = _render_item_head(item, LinkForm.OWN_LINE, writer, place.last)
    nodes = [node for _, run in item.matter for node in run]
    identifying = list(takewhile(lambda node: isinstance(node, m.Field) and node.kind in _IDENTIFYING_FIELDS, nodes))
    parts: list[_Part] = [*identifying, *head.url_lines, *nodes[len(identifying) :]]
    leading = list(takewhile(_is_fact, parts))
    facts = [head.byline, *(_render_part(part, writer) for part in leading)]
    theme = writer.theme
    if item.is_running_text:
        html = render_paragraph(head.line, theme.running) + render_paragraph(_join_lines(facts), theme.small)
    else:
        html = render_paragraph(_join_lines([head.line, *facts]), theme.style_item(is_first=place.is_first))
    return html + "".join(_render_text_and_facts(parts[len(leading) :], writer))


def _render_list_entry(item: OutlineItem, place: ItemPlace, writer: ArticleWriter) -> str:
    """Return an item that has only a title, as an entry of a list."""
    line, byline, url_lines = _render_item_head(item, LinkForm.BRACKETS, writer, place.last)
    return render_paragraph(_join_lines([" · ".join(filter(None, (line, byline))), *url_lines]), writer.theme.entry)


def _join_lines(lines: Sequence[str]) -> str:
    return "<br>".join(filter(None, lines))


# -------------------------------------------------------------------- heading


def _render_item_head(item: OutlineItem, printed_form: LinkForm, writer: ArticleWriter, last: int) -> _ItemHead:
    """Return the head of an item.

    `printed_form` is the form of URLs that must be printed: OWN_LINE or, in a list, BRACKETS.
    """
    writer.links.start_part(item.title, item.tail, item.fields, item.body)
    is_entry = printed_form is LinkForm.BRACKETS
    number = _render_number(item, writer.theme, last)
    title, url_lines = _render_item_title(item, number, printed_form, writer)
    line = title + writer.inlines(item.tail)
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
    byline = " · ".join(filter(None, (item.source, writer.labels["comma"].join(item.authors))))
    mark = "{}" if is_entry else writer.theme.source
    return _ItemHead(line, escape_text(mark.format(byline)) if byline else "", url_lines)


def _render_number(item: OutlineItem, theme: ArticleTheme, last: int) -> str:
    """Return the number as the issue writes it, or else in the form of the theme."""
    mark = item.written_number.strip() or theme.format_number(item.number, last)
    html = render_element("span", theme.number_badge, mark) if theme.number_badge else mark
    return html if mark.endswith("、") else f"{html} "


def _render_item_title(
    item: OutlineItem, number: str, printed_form: LinkForm, writer: ArticleWriter
) -> tuple[str, list[str]]:
    """Return the title after its number and tags, and the line with the item's URL if it has one."""
    title, url, url_lines = writer.inlines(item.title), item.url or "", []
    form = writer.links.resolve_beside(m.plain(item.title), url, printed_form) if url else LinkForm.URL_TEXT
    if form is LinkForm.OWN_LINE:
        label = writer.labels["paper" if classify_link(url) == ARXIV else "link"]
        url_lines.append(_render_fact(label, format_printed_url(get_printed_url(url)), writer))
    tags = "".join(f"[{escape_text(tag)}] " for tag in item.tags)
    title = number + tags + writer.render_link(title, url, form)
    if printed_form is LinkForm.OWN_LINE and not item.is_running_text:
        is_link = form is LinkForm.LINK and not tags  # its color is WeChat's
        title = render_element("strong", writer.theme.headline if is_link else writer.theme.headline_text, title)
    return title, url_lines


# ----------------------------------------------------------------------- body


def _is_fact(part: _Part) -> bool:
    """True for a URL line and for a field, but not for text and for the summary."""
    return isinstance(part, str) or (isinstance(part, m.Field) and part.kind != "summary")


def _render_part(part: _Part, writer: ArticleWriter, css: str = "") -> str:
    """Return a URL line or field as a line of HTML, or a block as HTML in which `css` applies to paragraphs."""
    match part:
        case str(line):
            return line
        case m.Field():
            return _render_fact(part.label, writer.inlines(part.value), writer)
        case _:
            return writer.blocks((part,), css)


def _render_text_and_facts(parts: list[_Part], writer: ArticleWriter) -> Iterator[str]:
    """Yield text as it comes, and consecutive fields and URL lines as one paragraph in small print.

    The first paragraph has no space above: the head has it below.
    """
    css, theme = "", writer.theme
    for is_fact, run in groupby(parts, _is_fact):
        if is_fact:
            lines = [_render_part(part, writer) for part in run]
            yield render_paragraph(_join_lines(lines), join_styles("margin-top:8px", theme.small))
            continue
        for part in run:
            html = _render_part(part, writer, css)
            yield render_paragraph(html, css) if isinstance(part, m.Field) else html
            css = theme.after


def _render_fact(label: str, value: str, writer: ArticleWriter) -> str:
    """Return the line `label：value`; `value` is HTML."""
    return f"{escape_text(label)}{writer.labels['colon']}{value}"
