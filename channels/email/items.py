"""An item on a sheet: its title, all its addresses, its text, and below that the addresses in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from publisher.channels.email.headers import tidy
from publisher.channels.email.wrapping import Sheet, fits
from publisher.channels.email.writer import Prose, is_bare, shown
from publisher.links import arxiv_id, repository
from publisher.model import Field, Item, plain
from publisher.transforms import links


def item_name(item: Item) -> str:
    """What an item is called, on one line; without a title, by what it has."""
    if title := tidy(plain(item.title)):
        return title
    others = (item.source or "", item.url or "", plain(item.tail), plain(item.summary))
    return next(filter(None, map(tidy, others)), item.id)


def numbered(number: int) -> str:
    """What stands before the item of this number."""
    return f" {number:2d}. "


def write_item(item: Item, number: int, sheet: Sheet, say: Mapping[str, str]) -> None:
    """Write an item that has this number in its issue."""
    prose = Prose(sheet, item.url)
    first = numbered(number)
    indent = " " * len(first)
    head = _head(item, prose, sheet.width - len(first))
    for line in [*head, *_addresses(item, say)] or [item.id]:
        sheet.write(line, first, indent)
        first = indent
    for field in item.fields:
        if field.kind != "summary":
            for line in _field(field, prose, say, item.url):
                sheet.write(line, indent, indent)
    for field in item.fields:
        if field.kind == "summary":
            sheet.blank()
            prose.paragraph(_labelled_lines(field, prose, say))
    if item.body:
        sheet.blank()
        prose.blocks(item.body)
    prose.below()


def _head(item: Item, prose: Prose, room: int) -> list[str]:
    """Tags and title, source or authors, what is left of the head line; on one line if there is room."""
    title = prose.text(item.title)
    if item.url and is_bare(title, item.url):
        title = ""
    by = tidy(item.source or "、".join(item.authors))
    title = _spaced(*[f"[{tidy(tag)}]" for tag in item.tags], title)
    rest = _spaced(f"| {by}" if by else "", prose.text(item.tail))
    whole = _spaced(title, rest)
    return [line for line in ([whole] if fits(whole, room) else [title, rest]) if line]


def _spaced(*texts: str) -> str:
    return " ".join(filter(None, texts))


def _addresses(item: Item, say: Mapping[str, str]) -> Iterator[str]:
    """The address of an item, its further ones, and those of the repository or paper it only names."""
    if item.url:
        yield shown(item.url)
    for extra in item.extras:
        label = tidy(plain(extra.children))
        yield shown(extra.url) if is_bare(label, extra.url) else f"{label}{say['colon']}{shown(extra.url)}"
    if item.repo or item.arxiv:
        links_of = (item.url, *(field.url for field in item.fields), *(extra.url for extra in item.extras))
        known = [address for address in links_of if address]
        if item.repo and item.repo not in map(repository, known):
            yield f"https://github.com/{item.repo}"
        if item.arxiv and item.arxiv not in map(arxiv_id, known):
            yield f"https://arxiv.org/abs/{item.arxiv}"


def _field(field: Field, prose: Prose, say: Mapping[str, str], own: str | None) -> list[str]:
    """The lines of a field; an address that stands above already is not said again."""
    url = field.url
    if url and is_bare(plain(field.value).strip(), url):
        return [f"{tidy(field.label)}{say['colon']}{say['above'] if url == own else shown(url)}"]
    lines = _labelled_lines(field, prose, say)
    if url and url not in links(field.value):
        lines[-1] += prose.mark(url)
    return lines


def _labelled_lines(field: Field, prose: Prose, say: Mapping[str, str]) -> list[str]:
    lines = prose.lines(field.value)
    lines[0] = f"{tidy(field.label)}{say['colon']}{lines[0]}"
    return lines
