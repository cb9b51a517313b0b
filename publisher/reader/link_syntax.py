"""Parses links, and their parts: labels, destinations and titles; and link reference definitions."""

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
_PLAIN_TARGET = lazy_pattern(r"([A-Za-z0-9_.~:/?#@!$*+,;=%-]+)\)")
"""Most: a URL in which nothing has to be resolved or encoded, and no title."""

_NEXT_CHARACTER = lazy_pattern(r"\s*")
# all characters of RFC 3986 without "'[]", which end a URL in some programs
_URL_SAFE = ":/?#@!$&()*+,;=%"

CODE_SPAN = lazy_pattern(r"(?<!`)(`++).*?(?<!`)\1(?!`)")
_BRACKETS = lazy_pattern(r"[\\`\[\]()]")
_FLAT_BRACKETS = lazy_pattern(r"\[[^\\`\[\]]*\]|\([^\\()]*\)")
"""Nearly all: with nothing inside that could matter for where they close."""

# behind the URL of an image: markdown-it, HackMD, Zenn
_IMAGE_SIZE = lazy_pattern(r"\s+=(?=[\dx])(?:\d{1,5}(?:px|%)?)?(?:x(?:\d{1,5}(?:px|%)?)?)?(?=\s*\))")
_TITLE = lazy_pattern(r"""(?<!\s)\s+("[^"]*"|'[^']*')\s*\Z""")
MAX_TITLE_LENGTH = 10_000
"""In characters. In a longer title, which is a pasting accident, code and sources are not parsed."""


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
    if size := _IMAGE_SIZE.match(text, end):
        end = size.end()
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


class LinkSource(NamedTuple):
    """A link `[caption](url "title")`, and the index after it."""

    caption: str
    url: str
    end: int
    title: str


def find_closing_bracket(text: str, start: int, opener: str = "[", closer: str = "]") -> int:
    """Return where the bracket at `start` closes, skipping nested ones, escapes and code; -1 if never."""
    if flat := _FLAT_BRACKETS.match(text, start):
        return flat.end() - 1
    depth, skip_to = 0, start
    skips_code = opener == "[" and len(text) <= MAX_TITLE_LENGTH
    for match in _BRACKETS.finditer(text, start):
        at, char = match.start(), match.group()
        if at < skip_to:
            continue
        if char == "\\":
            skip_to = at + 2
        elif char == "`":
            if skips_code and (code := CODE_SPAN.match(text, at)):
                skip_to = code.end()
        elif char == opener:
            depth += 1
        elif char == closer:
            depth -= 1
            if depth == 0:
                return at
    return -1


def parse_link_at(text: str, start: int) -> LinkSource | None:
    """Return the link `[caption](url)` at `start`; None if it is incomplete."""
    end = find_closing_bracket(text, start)
    if end < 0 or not text.startswith("(", end + 1):
        return None
    stop = find_closing_bracket(text, end + 1, "(", ")")
    if stop < 0:
        return None
    target = text[end + 2 : stop]
    title = _TITLE.search(target)
    url = (target[: title.start()] if title else target).strip()
    quoted = resolve_references_and_escapes(title[1][1:-1]) if title else ""
    return LinkSource(text[start + 1 : end], url.removeprefix("<").removesuffix(">"), stop + 1, quoted)
