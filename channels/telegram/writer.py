"""Inlines and blocks as runs: bold, italic, code and links as Telegram has them, all else as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import assert_never

from publisher.channels.telegram.autolinks import JOINER
from publisher.channels.telegram.entities import Run, Runs, Style, clean, glue, lines, stripped, text_of
from publisher.channels.telegram.limits import LONGEST_URL
from publisher.dataclass import dataclass
from publisher.links import ascii_url
from publisher.model import (
    Block,
    Blocks,
    Break,
    Code,
    CodeBlock,
    Em,
    Figure,
    Image,
    Inline,
    Inlines,
    Link,
    List,
    Paragraph,
    Quote,
    Rule,
    Strong,
    Table,
    Text,
)
from publisher.patterns import lazy_pattern

_BULLET = "• "
_RULE = "———"
_QUOTED = "│ "


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes with the words `say` of the newsletter's language. `refused` collects, in order, the addresses
    that Telegram takes for no link; they stand in the text instead."""

    say: Mapping[str, str]
    refused: dict[str, None] = field(default_factory=dict)

    def inlines(self, nodes: Inlines, style: Style = "", url: str = "") -> Runs:
        """The runs of inlines inside a style and a link. An inner link wins over the outer one."""
        # most nodes are plain text, which needs no closer look
        return glue(
            *[
                (Run(clean(node.text), style, url),)
                if isinstance(node, Text)
                else self._inline(node, style, url)
                for node in nodes
            ]
        )

    def blocks(self, nodes: Blocks) -> Runs:
        """The runs of blocks, each on lines of its own."""
        return lines([self._block(node) for node in nodes])

    def link(self, children: Runs, url: str) -> Runs:
        """The runs as a link, except where they are one; the address itself when they are empty."""
        if not url:
            return children
        if address := email(url):
            return self._email(children, address)
        if not (taken := link(url)):
            return self._refused(children, url)
        shown = stripped(children)
        if not shown:
            return (Run(clean(url), url=taken),)
        linked = [run if run.url else Run(run.text, _in_link(run.style), taken) for run in shown]
        if all(run.url != taken for run in linked):  # a picture, say, that has an address of its own
            linked += [Run(" "), Run(self.say["link"], url=taken)]
        before, after = text_of(children).split(text_of(shown), 1)
        return glue((Run(before),), linked, (Run(after),))

    def _email(self, children: Runs, address: str) -> Runs:
        # joiners: Telegram would take Chinese characters for a part of the address
        own = (Run(JOINER), Run(address, "email"), Run(JOINER))
        if text_of(children).strip() in ("", address):
            return own
        return self._behind(children, own)

    def _refused(self, children: Runs, url: str) -> Runs:
        self.refused[url] = None
        own = (Run(clean(url)),)
        return own if text_of(children).strip() in ("", url) else self._behind(children, own)

    def _behind(self, runs: Runs, more: Runs) -> Runs:
        left, right = ("（", "）") if not text_of(runs).rstrip()[-1:].isascii() else (" (", ")")
        return glue(runs, (Run(left),), more, (Run(right),))

    def _inline(self, node: Inline, style: Style, url: str) -> Runs:
        match node:
            case Text(text):
                return (Run(clean(text), style, url),)
            case Strong(children):
                return self.inlines(children, "bold", url)
            case Em(children):
                return self.inlines(children, style or "italic", url)
            case Code(text):
                return (Run(clean(text), _in_link("code") if url else "code", url),)
            case Link(children, own):
                return self.link(self.inlines(children, style), own)
            case Image(address, alt):
                return self.link((Run(clean(alt).strip() or self.say["image"], style),), address)
            case Break():
                return (Run("\n", style, url),)
            case _:
                assert_never(node)

    def _block(self, node: Block) -> Runs:
        match node:
            case Paragraph(children):
                return stripped(self.inlines(children))
            case List(items, ordered, start):
                return self._list(items, ordered, start)
            case Quote(children):
                return _indented(self.blocks(children), _QUOTED, _QUOTED)
            case CodeBlock(text, language):
                # a tab would arrive as one space
                shown = clean(text.expandtabs(4)).rstrip()
                return (Run(shown, "pre", language=language),) if shown.strip() else ()
            case Table(header, rows):
                body = [self._row(row) for row in rows]
                return lines([self._row(header, "bold"), *body] if any(header) else body)
            case Figure(image, url):
                picture = self._inline(image, "", "")
                if url is None or url == image.url:
                    return picture
                return glue(picture, (Run(" "),), self.link((Run(self.say["link"]),), url))
            case Rule():
                return (Run(_RULE),)
            case _:
                assert_never(node)

    def _list(self, items: tuple[Blocks, ...], ordered: bool, start: int) -> Runs:
        markers = [f"{number}. " if ordered else _BULLET for number in range(start, start + len(items))]
        written = [self.blocks(item) for item in items]
        return lines([_indented(one, mark, "  ") for mark, one in zip(markers, written, strict=True) if one])

    def _row(self, cells: tuple[Inlines, ...], style: Style = "") -> Runs:
        written = [_on_one_line(stripped(self.inlines(cell, style))) for cell in cells]
        return lines([cell or (Run("–"),) for cell in written], " | ")


def _in_link(style: Style) -> Style:
    """Telegram has no code inside a link."""
    return "" if style == "code" else style


def _on_one_line(runs: Runs) -> Runs:
    return tuple(run.saying(run.text.replace("\n", " ")) for run in runs)


def _indented(runs: Runs, first: str, rest: str) -> Runs:
    """The lines of the runs with something before each; code keeps its lines as they are."""
    made: list[Runs] = [(Run(first),)]
    for run in runs:
        if run.style == "pre":
            made.append((run,))
            continue
        head, *more = run.text.split("\n")
        made.append((run.saying(head),))
        made += [(Run(f"\n{rest}"), run.saying(line)) for line in more]
    return glue(*made)


# tdlib/td: tdutils/td/utils/HttpUrl.cpp (parse_url) and td/telegram/LinkManager.cpp (check_link_impl), for
# addresses in ASCII: http or https, a dot in the host, a port from 1 to 65535
_NAME = r"(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9A-Fa-f]{2})"
_TAKEN = lazy_pattern(
    rf"https?://(?:(?:{_NAME}|:)*@)?(?P<host>{_NAME}+)(?::0*(?P<port>[1-9]\d{{0,4}}))?(?:[/?#].*)?", re.I
)
_EMAIL = lazy_pattern(r"mailto:([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,8})(?:\?.*)?", re.I)


def link(url: str) -> str:
    """The address in the form in which Telegram takes it; empty when it takes none."""
    url = ascii_url(url)
    found = _TAKEN.fullmatch(url) if len(url) <= LONGEST_URL else None
    if not found or "." not in found["host"].strip("."):
        return ""
    return url if int(found["port"] or 80) <= 65535 else ""


def email(url: str) -> str:
    """The address of a mailto: link that Telegram recognises where it stands in a text, else empty."""
    found = _EMAIL.fullmatch(url)
    return found[1] if found else ""
