"""The nodes inside a line of text, their positions, and their text without markup.

`publisher.model` exports all of them.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct


class Node(Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A part of the document. Encoded by msgspec as its class name, by which unions are decoded, and its
    fields. A document has no circular references, so the garbage collector need not look at it."""


class Pos(Node, frozen=True, order=True):
    """A range of the source. Lines and columns count from 1, columns in characters.

    `end_line` is inclusive and `end_column` exclusive, so a range within a line has `end_column - column`
    characters.
    """

    line: int
    column: int
    end_line: int
    end_column: int


NO_POSITION = Pos(0, 0, 0, 0)
"""The position of a node that is not in the source."""


# ------------------------------------------------------------------ inlines


class Text(Node, frozen=True):
    """Plain text without markup."""

    text: str


class Strong(Node, frozen=True):
    """Bold text."""

    children: Inlines


class Em(Node, frozen=True):
    """Emphasised text."""

    children: Inlines


class Strike(Node, frozen=True):
    """Struck text, which no longer holds."""

    children: Inlines


class Underline(Node, frozen=True):
    """Underlined or inserted text."""

    children: Inlines


class Mark(Node, frozen=True):
    """Highlighted text."""

    children: Inlines


class Sup(Node, frozen=True):
    """Superscript, as in 10⁹."""

    children: Inlines


class Sub(Node, frozen=True):
    """Subscript, as in CO₂."""

    children: Inlines


class Code(Node, frozen=True):
    """Inline code; white space is kept."""

    text: str


class Link(Node, frozen=True):
    """A link; the text of a bare URL is the URL itself. `title` is shown when the mouse is on it."""

    children: Inlines
    url: str
    title: str = ""


class Image(Node, frozen=True):
    """An inline image; `title` as of a link."""

    url: str
    alt: str
    title: str = ""


class Break(Node, frozen=True):
    """A line break."""


class FootnoteRef(Node, frozen=True):
    """A reference to a footnote, by its label in the source.

    `number` counts the footnotes of the issue from 1, in the order of their first references; `occurrence`
    counts the references to this one. `text` is the note itself if it is written in the line, until the
    reader has numbered it.
    """

    label: str
    number: int = 0
    occurrence: int = 1
    text: Inlines = ()


Inline = Text | Strong | Em | Strike | Underline | Mark | Sup | Sub | Code | Link | Image | Break | FootnoteRef
Inlines = tuple[Inline, ...]


def plain(inlines: Inlines) -> str:
    """Return the visible text of inlines: for images the alt text, for breaks a space.

    What changes the meaning stays visible: ~~10~~ 8, 10⁹, x^(n+1).
    """
    return "".join([_extract_node_text(node) for node in inlines])


def _extract_node_text(node: Inline) -> str:
    match node:
        case Text(text) | Code(text):
            return text
        case Strong(children) | Em(children) | Underline(children) | Mark(children) | Link(children):
            return plain(children)
        case Strike(children):
            return f"{STRUCK}{plain(children)}{STRUCK}"
        case Sup(children):
            return format_superscript(plain(children))
        case Sub(children):
            return format_subscript(plain(children))
        case Image(alt=alt):
            return alt
        case Break():
            return " "
        case FootnoteRef():
            return ""
        case _:
            assert_never(node)


STRUCK = "~~"
"""What stands on both sides of struck text where there is no formatting, as in pandoc."""

_SUPERSCRIPTS = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_SUBSCRIPTS = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_ORDINALS = ("st", "nd", "rd", "th")


def format_superscript(text: str) -> str:
    """Return superscript as text: ⁹ if Unicode has all its characters, else ^(n+1)."""
    return text if text.strip() in _ORDINALS else _raise_or_lower(text, _SUPERSCRIPTS, "^")


def format_subscript(text: str) -> str:
    """Return subscript as text: ₂ if Unicode has all its characters, else _(n+1)."""
    return _raise_or_lower(text, _SUBSCRIPTS, "_")


def _raise_or_lower(text: str, table: dict[int, int], mark: str) -> str:
    if not text.strip():
        return text
    if all(char.isspace() or ord(char) in table for char in text):
        return text.translate(table)
    return f"{mark}({text})"
