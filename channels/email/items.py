"""Writes an item: its title, its URLs, its text, and below that the URLs of links in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from publisher.channels.email.headers import clean_text
from publisher.channels.email.wrapping import TextBuffer, fits
from publisher.channels.email.writer import TextWriter, format_url, is_bare_link
from publisher.links import parse_arxiv_id, parse_repository
from publisher.model import Field, Item, plain
from publisher.transforms import find_urls


def item_name(item: Item) -> str:
    """Return the title of an item on one line; without one, its source, URL, other text or id."""
    if title := clean_text(plain(item.title)):
        return title
    others = (item.source or "", item.url or "", plain(item.tail), plain(item.summary))
    return next(filter(None, map(clean_text, others)), item.id)


def format_item_number(number: int) -> str:
    """Return the number as the prefix of an item's first line."""
    return f" {number:2d}. "


def write_item(item: Item, number: int, buffer: TextBuffer, labels: Mapping[str, str]) -> None:
    """Write an item; `number` is its position in the issue, from 1."""
    writer = TextWriter(buffer, item.url)
    first = format_item_number(number)
    indent = " " * len(first)
    head = _format_item_head(item, writer, buffer.width - len(first))
    for line in [*head, *_format_item_links(item, labels)] or [item.id]:
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


def _format_item_head(item: Item, writer: TextWriter, width: int) -> list[str]:
    """Return tags and title, then source or authors and the tail; on one line if that fits `width`."""
    title = writer.format_text(item.title)
    if item.url and is_bare_link(title, item.url):
        title = ""
    byline = clean_text(item.source or "、".join(item.authors))
    title = _join_nonempty(*[f"[{clean_text(tag)}]" for tag in item.tags], title)
    rest = _join_nonempty(f"| {byline}" if byline else "", writer.format_text(item.tail))
    full_line = _join_nonempty(title, rest)
    return [line for line in ([full_line] if fits(full_line, width) else [title, rest]) if line]


def _join_nonempty(*texts: str) -> str:
    return " ".join(filter(None, texts))


def _format_item_links(item: Item, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the item's URL, its extra links, and the URLs of the repository or paper it only names."""
    if item.url:
        yield format_url(item.url)
    for extra in item.extras:
        label = clean_text(plain(extra.children))
        yield (
            format_url(extra.url)
            if is_bare_link(label, extra.url)
            else f"{label}{labels['colon']}{format_url(extra.url)}"
        )
    if item.repo or item.arxiv:
        links = (item.url, *(field.url for field in item.fields), *(extra.url for extra in item.extras))
        urls = [url for url in links if url]
        if item.repo and item.repo not in map(parse_repository, urls):
            yield f"https://github.com/{item.repo}"
        if item.arxiv and item.arxiv not in map(parse_arxiv_id, urls):
            yield f"https://arxiv.org/abs/{item.arxiv}"


def _format_field_lines(
    field: Field, writer: TextWriter, labels: Mapping[str, str], item_url: str | None
) -> list[str]:
    """Return the lines of a field; the item's own URL, which is written above, is not repeated."""
    url = field.url
    if url and is_bare_link(plain(field.value).strip(), url):
        target = labels["above"] if url == item_url else format_url(url)
        return [f"{clean_text(field.label)}{labels['colon']}{target}"]
    lines = _format_labelled_lines(field, writer, labels)
    if url and url not in find_urls(field.value):
        lines[-1] += writer.format_reference(url)
    return lines


def _format_labelled_lines(field: Field, writer: TextWriter, labels: Mapping[str, str]) -> list[str]:
    lines = writer.format_lines(field.value)
    lines[0] = f"{clean_text(field.label)}{labels['colon']}{lines[0]}"
    return lines
