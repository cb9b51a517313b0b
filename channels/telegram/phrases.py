"""Formats the lines of an issue: guide, notes, headings of items and their fields."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from publisher import model as m
from publisher.channels.telegram.entities import (
    Span,
    Spans,
    join_lines,
    join_spans,
    normalize_text,
    span_text,
    strip_spans,
)
from publisher.channels.telegram.writer import SpanWriter
from publisher.outline import OutlineItem, build_note_label, split_guide
from publisher.patterns import lazy_pattern

_MAX_TITLE_LENGTH = 240
_LINE_BREAK = lazy_pattern(r"(?<!\s)\s*?\n\s*")


def format_guide(node: m.Guide, writer: SpanWriter) -> Spans:
    """Return the guide after its label: names such as 【论文】 in bold, each on a new line if possible."""
    label = normalize_text(node.label) + writer.labels["colon"] if node.label else ""
    return join_lines([(Span(label, "bold"),), writer.blocks(split_guide(node, bold=True))], "")


def format_notes(nodes: Iterable[m.Note], writer: SpanWriter) -> Iterator[Spans]:
    """Yield the notes, each after its label."""
    for node in nodes:
        label = Span(build_note_label(node, writer.labels), "italic")
        yield join_spans((label,), writer.inlines(node.text, "italic"))


def format_item_title(item: OutlineItem, writer: SpanWriter, *, whole: bool = True) -> Spans:
    """Return number, tags, linked title, and source or authors of an item; not the `whole` of a paragraph."""
    title = _remove_line_breaks(writer.inlines(item.title))
    if item.is_running_text and not whole and len(span_text(title)) > _MAX_TITLE_LENGTH:
        title = (Span(normalize_text(item.name)),)
    name = writer.write_link(title, item.url or "")
    tags: list[Spans] = [(Span(f"[{normalize_text(tag)}]"),) for tag in item.tags]
    shown = join_lines([*tags, name, format_links(item, {"item"}, writer)], " ")
    by = normalize_text(item.source or writer.labels["comma"].join(item.authors))
    return join_spans((Span(f"{item.number}. "),), join_lines([shown, (Span(by),) if by else ()], " · "))


def format_item_heading(item: OutlineItem, writer: SpanWriter, *, extras: bool) -> Spans:
    """Return the heading of an item: its title, the text after it, and with `extras` its further links."""
    more = format_links(item, {"extra"}, writer) if extras else ()
    tail = _remove_line_breaks(writer.inlines(item.tail), strips_start=False)
    return join_lines([strip_spans(join_spans(format_item_title(item, writer), tail)), more], " · ")


def format_field(node: m.Field, writer: SpanWriter) -> Spans:
    """Return a labelled line."""
    label = Span(normalize_text(node.label) + writer.labels["colon"])
    return join_spans((label,), writer.inlines(node.value))


def format_links(item: OutlineItem, kinds: Container[str], writer: SpanWriter) -> Spans:
    """Return the links of an item that are of these kinds, on one line."""
    names = {"item": writer.labels["link"], "repository": "GitHub", "paper": "arXiv"}
    nodes = [
        m.Link((m.Text(name),), link.url) if (name := names.get(link.kind)) else link.node
        for link in item.links
        if link.kind in kinds
    ]
    return join_lines([_remove_line_breaks(writer.inlines((node,))) for node in nodes], " · ")


def _remove_line_breaks(spans: Spans, *, strips_start: bool = True) -> Spans:
    """Replace line breaks by spaces, and remove those at the end; at the start unless text is before it."""
    joined = tuple([span.with_text(_LINE_BREAK.sub(" ", span.text)) if "\n" in span.text else span for span in spans])
    stripped = strip_spans(joined)
    if strips_start or not stripped or not span_text(joined)[:1].isspace():
        return stripped
    return join_spans((Span(" "),), stripped)
