"""A message's text as runs: stretches of characters that look alike.

Telegram wants a text, and entities with offsets into it. Runs have no offsets, so they are joined and cut
like strings; what they become is counted once, at the end.

Runs as Telegram's HTML: https://core.telegram.org/bots/api#html-style

A message is sent as text and entities; this is the same message for people, and for tools that send with
`parse_mode` HTML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from itertools import chain, groupby
from operator import attrgetter
from typing import Literal, NamedTuple, NotRequired, TypedDict

from publisher.patterns import lazy_pattern

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

    def saying(self, text: str) -> Run:
        """Other characters with these marks."""
        return Run(text, *self[1:])


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
_UNCLEAN = lazy_pattern(f"[{re.escape(''.join(map(chr, _CLEANED)))}]")
_RING = "\u030a"  # goes as well, so that an a with a ring above is one only when composed


def clean(text: str) -> str:
    """The text as it will arrive."""
    if _RING in text:
        text = unicodedata.normalize("NFC", text).replace(_RING, "")
    return text.translate(_CLEANED) if _UNCLEAN.search(text) else text


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def text_of(runs: Runs) -> str:
    """The characters alone."""
    return "".join([run.text for run in runs])


def glue(*parts: Iterable[Run]) -> Runs:
    """The parts one after another; neighbours with the same marks become one run."""
    made: list[Run] = []
    marks: tuple[object, ...] = ()
    for run in chain.from_iterable(parts):
        if (own := run[1:]) == marks:
            made[-1] = run.saying(made[-1].text + run.text)
        elif run.text:
            made.append(run)
            marks = own
    return tuple(made)


def lines(parts: Iterable[Runs], between: str = "\n") -> Runs:
    """The parts that are not empty, with a text between them."""
    filled, gap = [part for part in parts if part], (Run(between),)
    if len(filled) == 1:  # nothing to join
        return filled[0]
    return glue(*[piece for part in filled for piece in (gap, part)][1:])


def cut(runs: Runs, at: int) -> tuple[Runs, Runs]:
    """The first `at` characters, and the rest."""
    head: list[Run] = []
    for index, run in enumerate(runs):
        if at < len(run.text):
            if at:
                head.append(run.saying(run.text[:at]))
            return tuple(head), (run.saying(run.text[at:]), *runs[index + 1 :])
        head.append(run)
        at -= len(run.text)
    return runs, ()


def stripped(runs: Runs) -> Runs:
    """The runs without white space at either end."""
    text = text_of(runs)
    if len(text.strip()) == len(text):
        return runs if text else ()
    head, _ = cut(runs, len(text.rstrip()))
    return cut(head, len(text) - len(text.lstrip()))[1] if text.strip() else ()


def entities(runs: Runs) -> list[Entity]:
    """The marks of the runs as TDLib keeps them: from the outside in, bold and italic interrupted wherever
    a link begins or ends."""
    text = text_of(runs)
    found: list[tuple[int, int, str, Run]] = []
    place = quote = link = style = 0  # here, and where the marks of the run before began
    last = Run("")
    for run in (*runs, Run("")):
        quote_ends = run.quote != last.quote
        link_ends = quote_ends or run.url != last.url
        if quote_ends:
            if last.quote:
                found.append((quote, place, "expandable_blockquote", last))
            quote = place
        if link_ends:
            if last.url:
                found.append((link, place, "text_link", last))
            link = place
        if link_ends or run.style != last.style or run.language != last.language:
            if last.style and last.style != "email":
                found.append((style, place, last.style, last))
            style = place
        place += len(run.text)
        last = run
    length = len if units(text) == len(text) else units
    made = []
    for start, end, kind, run in found:
        inside = text[start:end] if kind in _WHOLE else text[start:end].lstrip(" \n")
        if inside:
            made.append(_entity(length(text[: end - len(inside)]), length(inside), kind, run))
    return sorted(made, key=lambda entity: (entity["offset"], -entity["length"]))


# bold, italic and quotes cannot begin with white space
_WHOLE = {"text_link", "code", "pre"}


def _entity(offset: int, length: int, kind: str, run: Run) -> Entity:
    entity: Entity = {"type": kind, "offset": offset, "length": length}
    if kind == "text_link":
        entity["url"] = run.url
    elif kind == "pre" and run.language:
        entity["language"] = run.language
    return entity


QUOTE, QUOTE_END = "<blockquote expandable>", "</blockquote>"


def html(runs: Runs) -> str:
    """The markup of the runs."""
    made = []
    for quoted, stretch in groupby(runs, attrgetter("quote")):
        inside = "".join([_link(url, linked) for url, linked in groupby(stretch, attrgetter("url"))])
        made.append(f"{QUOTE}{inside}{QUOTE_END}" if quoted else inside)
    return "".join(made)


def _link(url: str, runs: Iterable[Run]) -> str:
    inside = "".join(map(_styled, runs))
    return f'<a href="{escape(url)}">{inside}</a>' if url else inside


def _styled(run: Run) -> str:
    text = escape(run.text, quote=False)
    match run.style:
        case "bold":
            return f"<b>{text}</b>"
        case "italic":
            return f"<i>{text}</i>"
        case "code":
            return f"<code>{text}</code>"
        case "pre" if run.language:
            return f'<pre><code class="language-{escape(run.language)}">{text}</code></pre>'
        case "pre":
            return f"<pre>{text}</pre>"
        case _:
            return text
