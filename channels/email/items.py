"""Writes an item: its title, its URLs, its text, and below that the URLs of links in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from publisher import model as m
from publisher.channels.email.headers import clean_text
from publisher.channels.email.wrapping import TextBuffer, fits
from publisher.channels.email.writer import TextWriter, format_url, is_bare_link
from publisher.links import build_link_key
from publisher.outline import OutlineItem


def format_item_number(number: int) -> str:
    """Return the number as the prefix of an item's first line."""
    return f" {number:2d}. "


def write_item(item: OutlineItem, buffer: TextBuffer, labels: Mapping[str, str]) -> None:
    """Write an item with its number."""
    writer = TextWriter(buffer, item.url)
    first = format_item_number(item.number)
    indent = " " * len(first)
    head = _format_item_head(item, writer, buffer.width - len(first))
    for line in [*head, *_format_item_links(item, labels)] or [""]:
        buffer.write(line, first, indent)
        first = indent
    for field in item.fields:
        if field.kind != "summary":
            for line in _format_field_lines(field, writer, labels, item.url):
                buffer.write(line, indent, indent)
    for field in item.fields:
        if field.kind == "summary":
            buffer.write_blank()
            writer.write_paragraph(_format_labelled_lines(field, writer, labels))
    if item.body:
        buffer.write_blank()
        writer.write_blocks(item.body)
    writer.write_reference_block()


def _format_item_head(item: OutlineItem, writer: TextWriter, width: int) -> list[str]:
    """Return tags and title, then source or authors, on one line if that fits `width`; the tail follows."""
    title = writer.format_text(item.title)
    if item.url and is_bare_link(title, item.url):
        title = ""
    byline = clean_text(item.source or "、".join(item.authors))
    title = _join_nonempty(*[f"[{clean_text(tag)}]" for tag in item.tags], title)
    tail = _format_tail(item.tail, writer)
    full_line = _join_nonempty(title, f"| {byline}" if byline else "") + tail
    lines = [title, f"| {byline}{tail}"] if byline and not fits(full_line, width) else [full_line]
    return [line for line in map(str.strip, lines) if line]


def _format_tail(nodes: m.Inlines, writer: TextWriter) -> str:
    """Return what follows the title, with the space before it if there is one."""
    text = writer.format_text(nodes)
    return f" {text}" if text and m.plain(nodes)[:1].isspace() else text


def _join_nonempty(*texts: str) -> str:
    return " ".join(filter(None, texts))


def _format_item_links(item: OutlineItem, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the item's URL and its other links; a repository or paper it only names without a label."""
    if item.url:
        yield format_url(item.url)
    for link in item.links:
        label = clean_text(m.plain(link.text))
        target = format_url(link.url) if link.url else labels["above"]
        is_bare = link.kind in ("repository", "paper") or is_bare_link(label, link.url)
        yield target if is_bare else f"{label}{labels['colon']}{target}"


def _format_field_lines(
    field: m.Field, writer: TextWriter, labels: Mapping[str, str], item_url: str | None
) -> list[str]:
    """Return the lines of a field; the item's own URL, which is written above, is not repeated."""
    url = field.url
    if url and is_bare_link(m.plain(field.value).strip(), url):
        is_above = build_link_key(url) == build_link_key(item_url or "")
        target = labels["above"] if is_above else format_url(url)
        return [f"{clean_text(field.label)}{labels['colon']}{target}"]
    return _format_labelled_lines(field, writer, labels)


def _format_labelled_lines(field: m.Field, writer: TextWriter, labels: Mapping[str, str]) -> list[str]:
    lines = writer.format_lines(field.value)
    lines[0] = f"{clean_text(field.label)}{labels['colon']}{lines[0]}"
    return lines
