"""Escapes text that Telegram would turn into links by itself.

Telegram links whatever looks like a link: `README.md` (.md is a country), `@name`, `/path`, `#1号`, `$A`,
and a bare URL with all the Chinese text behind it. A word joiner (U+2060: invisible, no line break) after
the character that starts it prevents that. The rules are those of tdlib/td, td/telegram/MessageEntity.cpp,
applied more broadly where they need a list of all top-level domains.

An email address stays whole, so that a copied one works; Telegram may link it.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from publisher.channels.telegram.entities import Span, Spans, span_text
from publisher.links import find_emails
from publisher.patterns import lazy_pattern

WORD_JOINER = "\u2060"

# the character that starts a link is looked for first, because that is faster than testing every position; the letter
# before it last, and once, because to compile a range of twenty thousand characters takes half a millisecond
_AUTOLINK_TRIGGERS = lazy_pattern(
    r"""
    (?:
        ://(?=\S)                                      # a URL with its scheme
      | \.(?=[^\W\d_][^\s\x00-\x2c./:-@\[-`{-\x7f])    # a domain: a dot and a word of at least two letters
      | \.(?<=\d.)(?=\d{1,3}\.\d{1,3}\.\d)             # 10.0.0.1
      | @(?=[A-Za-z0-9_])
      | \#(?=[^\s#])
      | \$(?=[A-Z1])
      | /(?=[A-Za-z0-9_])                              # a command to a bot
    )
    (?: (?<![@\#/]) | (?<![A-Za-z0-9_\u4e00-\u9fff].) )  # no link, tag or command begins right after a letter
    """,
    re.VERBOSE,
)
EMAIL = r"(?!\d+\.\d)[A-Za-z0-9_-]+(?:[.+][A-Za-z0-9_-]+)*@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+"
"""An address of which Telegram links the whole or nothing; of others it may link a part."""

_CARD_NUMBER = lazy_pattern(r"\d(?:[ -]*\d){12,}")
_EIGHT_DIGITS = lazy_pattern(r"(?:\d[ -]*){8}(?=\d)")


def prevent_autolinks(spans: Spans) -> Spans:
    """Return the spans with word joiners, so that only real links become links.

    Links and code need none: Telegram does not search them.
    """
    text = span_text(spans)
    places = {found.end() for found in _AUTOLINK_TRIGGERS.finditer(text)}
    for card in _CARD_NUMBER.finditer(text):
        places |= {card.start() + found.end() for found in _EIGHT_DIGITS.finditer(card.group())}
    if not places:
        return spans
    for start, end, url in find_emails(text) if "@" in text else ():
        if re.fullmatch(EMAIL, url.partition(":")[2]):
            places -= set(range(start + 1, end))
            places |= _find_ends(text, start, end)
    made, offset, ahead = [], 0, sorted(places)
    for span in spans:
        end = offset + len(span.text)
        # the character before this position belongs to this span
        inside = [place - offset for place in ahead[bisect_right(ahead, offset) : bisect_right(ahead, end)]]
        made.append(_insert_joiners(span, inside) if inside and _is_autolinkable(span) else span)
        if span.style == "email" and end in places:
            made.append(Span(WORD_JOINER, quote=span.quote))
        offset = end
    return tuple(made)


def _find_ends(text: str, start: int, end: int) -> set[int]:
    """Return where joiners keep an email address apart: at its ends, unless a space does, because Telegram would
    include Chinese characters in it; and after what would begin a tag behind it."""
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    places = {start} if before.strip(f" \n{WORD_JOINER}") else set()
    if after.strip(f" \n{WORD_JOINER}"):
        places |= {end, end + 1} if after in "#$/@" else {end}
    return places


def _is_autolinkable(span: Span) -> bool:
    return not span.url and span.style not in ("code", "pre", "email")


def _insert_joiners(span: Span, positions: list[int]) -> Span:
    pieces = [span.text[start:end] for start, end in zip([0, *positions], [*positions, None], strict=True)]
    return span.with_text(WORD_JOINER.join(pieces))
