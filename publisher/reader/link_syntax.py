"""Parses the parts of links: labels, destinations and titles, and link reference definitions."""

from __future__ import annotations

import re
from urllib.parse import quote

from mistune.helpers import parse_link_href, parse_link_title
from mistune.util import unikey

from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.reader.references import resolve_references_and_escapes

_LABEL = lazy_pattern(r" {0,3}\[(?!\^)((?:[^\]\[\\]|\\.){1,999})\]:", re.DOTALL)
_BLANK_TO_LINE_END = lazy_pattern(r"[ \t]*(?:\n|\Z)")
_TITLE_START = lazy_pattern(r"[ \t]*\n?[ \t]*")
_PLAIN_TARGET = lazy_pattern(r"([A-Za-z0-9_.~:/?#@!$*+,;=%-]+)\)")
"""Most: a URL in which nothing has to be resolved or encoded, and no title."""

_NEXT_CHARACTER = lazy_pattern(r"\s*")
# all characters of RFC 3986 without "'[]", which end a URL in some programs
_URL_SAFE = ":/?#@!$&()*+,;=%"


class Target(NamedTuple):
    """Where a link leads: its URL, its title, and the index of the text after it."""

    url: str
    title: str
    end: int


class DefinitionText(NamedTuple):
    """A link reference definition at the start of a text, and how many lines it takes."""

    label: str
    url: str
    title: str
    lines: int


def normalize_label(label: str) -> str:
    """Return what is the same for all labels that match: white space and case do not count."""
    return unikey(label)


def encode_url(url: str) -> str:
    """Percent-encode a URL as UTF-8; existing escapes are kept."""
    return quote(url, safe=_URL_SAFE, errors="replace")


def parse_target(text: str, start: int) -> Target | None:
    """Parse `(url "title")`, whose first character after the parenthesis is at `start`; None if it is incomplete."""
    if plain := _PLAIN_TARGET.match(text, start):
        return Target(plain[1], "", plain.end())
    url, end = parse_link_href(text, start)
    if url is None or end is None:
        return None
    title, end = _parse_title(text, end)
    end = _skip_white_space(text, end)
    if not text.startswith(")", end):
        return None
    return Target(encode_url(resolve_references_and_escapes(url)), title, end + 1)


def parse_definition(text: str) -> DefinitionText | None:
    """Parse the link reference definition at the start of a text without blank lines; None if there is none."""
    label = _LABEL.match(text)
    if not label or not label[1].strip():
        return None
    url, end = parse_link_href(text, label.end())
    if url is None or end is None or (not url and text[end - 1] != ">"):
        return None
    title, after_title = _parse_title(text, end)
    line_end = _BLANK_TO_LINE_END.match(text, after_title)
    if not line_end:  # something follows the title: it is no title, and the URL must end its line
        title, line_end = "", _BLANK_TO_LINE_END.match(text, end)
        if not line_end:
            return None
    lines = text.count("\n", 0, line_end.end()) + (line_end.end() == len(text) and not text.endswith("\n"))
    return DefinitionText(label[1], resolve_references_and_escapes(url), title, lines)


def _parse_title(text: str, start: int) -> tuple[str, int]:
    """Return the title after a URL, resolved, and the index after it; without a title, empty and `start`."""
    _, end = parse_link_title(text, start, len(text))
    if end is None:
        return "", start
    opening = _skip_white_space(text, start)
    return resolve_references_and_escapes(text[opening + 1 : end - 1]), end


def _skip_white_space(text: str, start: int) -> int:
    match = _NEXT_CHARACTER.match(text, start)
    return match.end() if match else start
