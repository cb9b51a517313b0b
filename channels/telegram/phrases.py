"""Formats the lines of an issue: tagline, guide, notes, headings of items and their fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from publisher.channels.telegram.entities import (
    Span,
    Spans,
    Style,
    join_lines,
    join_spans,
    normalize_text,
    span_text,
    split_spans,
    strip_spans,
)
from publisher.channels.telegram.writer import SpanWriter
from publisher.links import canonicalize_url
from publisher.model import Brief, Field, Guide, Issue, Item, Link, Note, Text, plain
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern
from publisher.transforms import find_urls

# notes that are only true inside WeChat
_WECHAT_NOTES = {"read_original", "pc_wechat"}
_SENTENCE_ENDS = ("。", "；", "！", "？", "…", ".", ";", "!", "?")
_LINE_BREAK = lazy_pattern(r"\s*\n\s*")
_PUNCTUATION = set("，。；：、！？）,.;:!?)")


def format_tagline(issue: Issue, newsletter: Newsletter, writer: SpanWriter) -> Spans:
    """Return the tagline of the issue; empty if it is the same as the newsletter's."""
    own = plain(issue.tagline).strip() != newsletter.tagline or any(find_urls(issue.tagline))
    return writer.inlines(issue.tagline, "italic") if own else ()


def format_guide(node: Guide, writer: SpanWriter) -> Spans:
    """Return the guide after its label: names such as 【论文】 in bold, each on a new line if possible."""
    label = normalize_text(node.label) + writer.labels["colon"] if node.label else ""
    runs = join_lines([(Span(label, "bold"),), writer.blocks(node.blocks)], "")
    names = "|".join(re.escape(segment.label) for segment in node.segments)
    if not names:
        return runs
    text, made, done = span_text(runs), [], 0
    for mark in re.finditer(f"[【「](?:{names})[】」]", text):
        before, runs = split_spans(runs, mark.start() - done)
        bold, runs = split_spans(runs, len(mark[0]))
        new_line = text[: mark.start()].endswith(_SENTENCE_ENDS)
        made += [before, (Span("\n"),) if new_line else (), _restyle_spans(bold, "bold")]
        done = mark.end()
    return join_spans(*made, runs)


def format_brief(node: Brief, writer: SpanWriter) -> Spans:
    """Return a line of the warm-up, its subject in bold."""
    text = strip_spans(writer.inlines(node.text))
    if not node.subject or not span_text(text).startswith(node.subject):
        return text
    subject, rest = split_spans(text, len(node.subject))
    return join_spans(_restyle_spans(subject, "bold"), rest)


def format_notes(nodes: Iterable[Note], writer: SpanWriter) -> Iterator[Spans]:
    """Yield the notes that apply to Telegram."""
    for node in nodes:
        if node.kind not in _WECHAT_NOTES:
            label = "" if node.kind == "history" else writer.labels["note"] + writer.labels["colon"]
            yield join_spans((Span(label, "italic"),), writer.inlines(node.text, "italic"))


def format_item_title(item: Item, number: int, writer: SpanWriter) -> Spans:
    """Return number, tags, linked title, and source or authors of an item."""
    name = remove_line_breaks(writer.inlines(item.title))
    tags: list[Spans] = [(Span(f"[{normalize_text(tag)}]"),) for tag in item.tags]
    shown = join_lines([*tags, writer.write_link(name, item.url) if item.url else name], " ")
    by = normalize_text(item.source or writer.labels["comma"].join(item.authors))
    return join_spans((Span(f"{number}. "),), join_lines([shown, (Span(by),) if by else ()], " · "))


def format_item_heading(item: Item, number: int, writer: SpanWriter, *, extras: bool) -> Spans:
    """Return the heading of an item: its title, with `extras` its further links, and the text after it."""
    more = [remove_line_breaks(writer.inlines((extra,))) for extra in item.extras] if extras else []
    tail = remove_line_breaks(writer.inlines(item.tail)) if item.tail else ()
    between = "" if span_text(tail)[:1] in _PUNCTUATION else " "
    return join_lines([join_lines([format_item_title(item, number, writer), *more], " · "), tail], between)


def format_field(node: Field, writer: SpanWriter) -> Spans:
    """Return a labelled line with its URL as a link."""
    value = writer.inlines(node.value)
    if node.url and node.url not in find_urls(node.value):
        value = writer.write_link(value, node.url)
    return join_spans((Span(normalize_text(node.label) + writer.labels["colon"]),), value)


def format_further_links(item: Item, candidates: Sequence[Link], writer: SpanWriter) -> Spans:
    """Return on one line the links whose URL differs from that of the title and of each other."""
    if not candidates:
        return ()
    places: dict[str, Link | None] = {canonicalize_url(item.url or ""): None}
    for one in candidates:
        places.setdefault(canonicalize_url(one.url), one)
    return join_lines([remove_line_breaks(writer.inlines((one,))) for one in places.values() if one], " · ")


def list_field_links(item: Item) -> list[Link]:
    """Return the URLs of the fields as links named by their labels."""
    return [Link((Text(node.label),), node.url) for node in item.fields if node.url]


def find_implied_links(item: Item) -> list[Link]:
    """Return links to the repository and the paper of an item, unless it links to them already."""
    if not (item.repo or item.arxiv):
        return []
    linked = [item.url or "", *(extra.url for extra in item.extras)]
    linked += [url for node in item.fields for url in (node.url or "", *find_urls(node.value))]
    links = []
    if item.repo and not any(f"github.com/{item.repo}".lower() in url.lower() for url in linked):
        links.append(Link((Text("GitHub"),), f"https://github.com/{item.repo}"))
    if item.arxiv and not any(item.arxiv in url for url in linked):
        links.append(Link((Text("arXiv"),), f"https://arxiv.org/abs/{item.arxiv}"))
    return links


def remove_line_breaks(spans: Spans) -> Spans:
    """Replace line breaks by spaces."""
    return strip_spans(
        tuple(
            [span.with_text(_LINE_BREAK.sub(" ", span.text)) if "\n" in span.text else span for span in spans]
        )
    )


def _restyle_spans(spans: Spans, style: Style) -> Spans:
    return tuple([span._replace(style=style) for span in spans])
