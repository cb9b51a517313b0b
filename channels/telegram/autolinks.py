"""Text that Telegram leaves alone.

Telegram makes links of what looks like one: `README.md` (md is a country), `@name`, `/path`, `#1号`, `$A`,
a bare address with all the Chinese text behind it. A word joiner, which nobody sees and where no line breaks,
behind the character that would start it all prevents that. The rules are those of tdlib/td:
td/telegram/MessageEntity.cpp, taken more broadly where they need a list of all top-level domains.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from publisher.channels.telegram.entities import Span, Spans, span_text
from publisher.patterns import lazy_pattern

WORD_JOINER = "\u2060"

# letters that stand for all of which no link, tag or command can begin right behind; looked for when the
# character between has been read, because a search for characters leaps where one for places walks
_NOT_AFTER_WORD = r"(?<![A-Za-z0-9_\u4e00-\u9fff].)"
_AUTOLINK_TRIGGERS = lazy_pattern(
    rf"""
      ://(?=\S)                                         # an address with its protocol
    | \.(?=[^\W\d_][^\s\x00-\x2c./:-@\[-`{{-\x7f])      # a domain: a dot, and a word of two letters or more
    | \.(?<=\d.)(?=\d{{1,3}}\.\d{{1,3}}\.\d)            # 10.0.0.1
    | @{_NOT_AFTER_WORD}(?=[A-Za-z0-9_])
    | \#{_NOT_AFTER_WORD}(?=[^\s#])
    | \$(?=[A-Z1])
    | /{_NOT_AFTER_WORD}(?=[A-Za-z0-9_])               # a command to a bot
    """,
    re.VERBOSE,
)
_CARD_NUMBER = lazy_pattern(r"\d(?:[ -]*\d){12,}")
_EIGHT_DIGITS = lazy_pattern(r"(?:\d[ -]*){8}(?=\d)")


def prevent_autolinks(spans: Spans) -> Spans:
    """The runs with word joiners, so that nothing in them becomes a link but what is one.

    Links and code need none: Telegram looks for nothing in them.
    """
    text = span_text(spans)
    places = {found.end() for found in _AUTOLINK_TRIGGERS.finditer(text)}
    for card in _CARD_NUMBER.finditer(text):
        places |= {card.start() + found.end() for found in _EIGHT_DIGITS.finditer(card.group())}
    if not places:
        return spans
    made, offset, ahead = [], 0, sorted(places)
    for run in spans:
        end = offset + len(run.text)
        # the character before the place belongs to this run
        inside = [place - offset for place in ahead[bisect_right(ahead, offset) : bisect_right(ahead, end)]]
        made.append(_insert_joiners(run, inside) if inside and _is_autolinkable(run) else run)
        offset = end
    return tuple(made)


def _is_autolinkable(span: Span) -> bool:
    return not span.url and span.style in ("", "bold", "italic")


def _insert_joiners(span: Span, positions: list[int]) -> Span:
    pieces = [span.text[start:end] for start, end in zip([0, *positions], [*positions, None], strict=True)]
    return span.with_text(WORD_JOINER.join(pieces))
