"""Writes an item: its title, its URLs, its text, and below that the URLs of links in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from publisher import model as m
from publisher.channels.email.wrapping import TextBuffer
from publisher.channels.email.writer import TextWriter, can_stand_before, format_url, is_bare_link
from publisher.links import build_link_key
from publisher.mail_address import clean_text
from publisher.outline import OutlineItem
from publisher.transforms import find_urls


def is_bare(item: OutlineItem) -> bool:
    """Return whether an item is a title and addresses, which need no blank line around them in a list."""
    has_more = item.fields or item.body or item.is_running_text
    return not has_more and not any(find_urls((*item.title, *item.tail)))


def write_item(item: OutlineItem, buffer: TextBuffer, labels: Mapping[str, str]) -> None:
    """Write an item: number and title at the margin, source and addresses below the title, its text at the margin.

    Text at the margin may be flowed, indented text may not.
    """
    writer = TextWriter(buffer, item.url)
    first = f"{item.number}. "
    indent = "" if item.is_running_text else " " * len(first)
    for line in [*_format_item_head(item, writer, labels), *_format_item_links(item, labels)] or [""]:
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


def _format_item_head(item: OutlineItem, writer: TextWriter, labels: Mapping[str, str]) -> list[str]:
    """Return tags, title and the text after it, and on another line source or authors."""
    byline = clean_text(item.source or labels["comma"].join(item.authors))
    following = m.plain(item.tail) + "\n"
    title = format_url(item.url) if item.url and _is_titled_by_url(item) else writer.format_text(item.title, following)
    head = " ".join(filter(None, [*(f"[{clean_text(tag)}]" for tag in item.tags), title]))
    tail = writer.format_text(item.tail, "\n")
    if title == item.url and not can_stand_before(title, following):
        lines = [head, tail, byline]
    else:
        lines = [f"{head}{' ' if following[0].isspace() else ''}{tail}".strip(), byline]
    return list(filter(None, lines))


def _is_titled_by_url(item: OutlineItem) -> bool:
    return bool(item.url) and is_bare_link(clean_text(m.plain(item.title)), item.url or "")


def _format_item_links(item: OutlineItem, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the item's URL and its other links; a repository or paper it only names without a label."""
    if item.url and not _is_titled_by_url(item):
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
