"""A message's text as runs: stretches of characters that look alike.

Telegram wants a text, and entities with offsets into it. Runs have no offsets, so they are joined and cut
like strings; what they become is counted once, at the end.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import groupby
from typing import Literal, NamedTuple, NotRequired, TypedDict

Style = Literal["", "bold", "italic", "code", "pre", "email"]
"""How characters look. `email` is an address that Telegram is to make a link by itself."""


class Run(NamedTuple):
    """Characters with the same marks. `url` makes a link, `quote` puts them into an expandable quote;
    `language` is that of the style `pre`. Code has no `url`: Telegram lets only one of them be."""

    text: str
    style: Style = ""
    url: str = ""
    quote: bool = False
    language: str = ""


Runs = tuple[Run, ...]


class Entity(TypedDict):
    """A stretch of a text with a mark, as https://core.telegram.org/bots/api#messageentity spells it.

    Offset and length count UTF-16 code units.
    """

    type: str
    offset: int
    length: int
    url: NotRequired[str]
    language: NotRequired[str]


# What TDLib does to every text, done before anything is counted (td/telegram/misc.cpp, clean_input_string):
# white space and control characters become spaces, line separators and bidirectional embeddings go. A lone
# surrogate cannot be sent at all.
_CLEANED: dict[int, str | None] = {
    **dict.fromkeys((*range(10), *range(11, 32)), " "),
    **dict.fromkeys((0x0D, *range(0x202A, 0x202F), 0x0333, 0x033F)),
    **dict.fromkeys((0x2028, 0x2029), "\n"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_RING = "\u030a"  # goes as well, so that an a with a ring above is one only when composed


def clean(text: str) -> str:
    """The text as it will arrive."""
    if _RING in text:
        text = unicodedata.normalize("NFC", text).replace(_RING, "")
    return text.translate(_CLEANED)


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def text_of(runs: Runs) -> str:
    """The characters alone."""
    return "".join([run.text for run in runs])


def glue(*parts: Iterable[Run]) -> Runs:
    """The parts one after another; neighbours with the same marks become one run."""
    made: list[Run] = []
    for part in parts:
        for run in part:
            if made and run[1:] == made[-1][1:]:
                made[-1] = run._replace(text=made[-1].text + run.text)
            elif run.text:
                made.append(run)
    return tuple(made)


def lines(parts: Iterable[Runs], between: str = "\n") -> Runs:
    """The parts that are not empty, with a text between them."""
    filled = [part for part in parts if part]
    return glue(*[piece for part in filled for piece in ((Run(between),), part)][1:])


def cut(runs: Runs, at: int) -> tuple[Runs, Runs]:
    """The first `at` characters, and the rest."""
    head: list[Run] = []
    for index, run in enumerate(runs):
        if at < len(run.text):
            if at:
                head.append(run._replace(text=run.text[:at]))
            return tuple(head), (run._replace(text=run.text[at:]), *runs[index + 1 :])
        head.append(run)
        at -= len(run.text)
    return runs, ()


def stripped(runs: Runs) -> Runs:
    """The runs without white space at either end."""
    text = text_of(runs)
    head, _ = cut(runs, len(text.rstrip()))
    return cut(head, len(text) - len(text.lstrip()))[1] if text.strip() else ()


def entities(runs: Runs) -> list[Entity]:
    """The marks of the runs as TDLib keeps them: from the outside in, bold and italic interrupted wherever
    a link begins or ends."""
    found: list[Entity] = []
    for mark in (_quote, _link, _style):
        offset = 0
        for entity, stretch in groupby(runs, mark):
            text = text_of(tuple(stretch))
            length = units(text)
            # bold, italic and quotes cannot begin with white space
            blank = 0 if entity[0] in _WHOLE else len(text) - len(text.lstrip(" \n"))
            if entity[0] and blank < length:
                found.append(_entity(offset + blank, length - blank, *entity))
            offset += length
    return sorted(found, key=lambda entity: (entity["offset"], -entity["length"]))


_WHOLE = {"text_link", "code", "pre"}
_Mark = tuple[str, str, bool]
"""Type of entity, if any, address or language, and whether it is in a quote: what is equal is one entity."""


def _quote(run: Run) -> _Mark:
    return ("expandable_blockquote" if run.quote else ""), "", run.quote


def _link(run: Run) -> _Mark:
    return ("text_link" if run.url else ""), run.url, run.quote


def _style(run: Run) -> _Mark:
    return ("" if run.style == "email" else run.style), run.url or run.language, run.quote


def _entity(offset: int, length: int, kind: str, value: str, _: bool) -> Entity:
    entity: Entity = {"type": kind, "offset": offset, "length": length}
    if kind == "text_link":
        entity["url"] = value
    elif kind == "pre" and value:
        entity["language"] = value
    return entity
