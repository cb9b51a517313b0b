"""Finds where relative URLs are written: those of images, and of links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

from msgspec.structs import replace

from publisher.checks.source import IssueSource, locate_match
from publisher.model import Image, Pos
from publisher.patterns import any_of, lazy_pattern
from publisher.transforms import find_nodes

IMAGE_MARKUP = lazy_pattern(any_of(("!", r"\["), ("<", "img")), re.IGNORECASE)
_ABSOLUTE = lazy_pattern(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)
_ESCAPED = lazy_pattern(r"\\([!-/:-@\[-`{-~])")

_URL = r"""(?: <([^<>]*)> | "([^"]*)" | '([^']*)' | ((?: [^\s<>()"'] | \([^\s()]*\) )+) )"""
# a URL in Markdown, in an attribute of HTML or in a definition, and one that begins a line within these
_MARKED_URL = lazy_pattern(
    rf"(?: \]\(\s* | \b(?:src|href)\s*=\s* | ^[\s>]*\[[^]]*\]:\s* ) {_URL}", re.VERBOSE | re.IGNORECASE
)
# the name of a file between brackets, as Obsidian has it, or in a tag of Hugo or Jekyll
_NAME = lazy_pattern(
    r"""\[\[([^\[\]#|]+) | \{[{%][<%]? \s* (?:(?:rel)?ref|post_url|link) \s+ (?:path=)? ["'`]? /? ([^\s"'`{}]+)""",
    re.VERBOSE,
)
_FIRST_URL = lazy_pattern(rf"^[\s>]* {_URL}", re.VERBOSE)


def find_relative_images(subject: IssueSource) -> Iterator[tuple[str, Pos]]:
    """Yield the relative URL of each image with its position, once for each place where it is written."""
    if not IMAGE_MARKUP.search(subject.source.text):
        return
    published = replace(subject.issue, archive=None)  # channels show a generated list instead
    images = find_nodes(Image, (published,))
    urls = dict.fromkeys(image.url for image in images if not _ABSOLUTE.match(image.url))
    if urls:
        found = find_url_places(subject)
        for url in urls:
            yield from ((url, pos) for pos in found.get(normalize_url(url)) or [_find_first_image(subject)])


def find_url_places(subject: IssueSource) -> dict[str, list[Pos]]:
    """Return the positions of all URLs of links and images, by `normalize_url`."""
    return _find_urls(subject, _FIRST_URL) | _find_urls(subject, _NAME) | _find_urls(subject, _MARKED_URL)


def _find_urls(subject: IssueSource, pattern: re.Pattern[str]) -> dict[str, list[Pos]]:
    """Return the positions of the URLs that a pattern finds."""
    positions: dict[str, list[Pos]] = {}
    for number, text in enumerate(subject.source.lines, 1):
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            positions.setdefault(normalize_url(match[group]), []).append(locate_match(number, match, group))
    return positions


def normalize_url(url: str) -> str:
    """Return what is the same for all ways to write a URL in Markdown and HTML."""
    return unquote(unescape(_ESCAPED.sub(r"\1", url))).removeprefix("@/")


def _find_first_image(subject: IssueSource) -> Pos:
    first = next((n for n, text in enumerate(subject.source.lines, 1) if IMAGE_MARKUP.search(text)), 1)
    return subject.source.line_position(first)
