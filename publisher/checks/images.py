"""Finds the images of an issue, with their positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from msgspec.structs import replace

from publisher.checks.source import IssueSource, locate_match
from publisher.model import Image, Pos
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

IMAGE_MARKUP = lazy_pattern(r"!\[|<img", re.IGNORECASE)
_ABSOLUTE = lazy_pattern(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)
# what comes before the URL: an image or a link, an HTML attribute, a definition, or a line end within these
_BEFORE_URL = r"(?:\]\(\s*|\bsrc\s*=\s*[\"']?|^\s*(?:>\s*)*(?:\[[^\]]*\]:\s*)?)<?"


def find_relative_images(subject: IssueSource) -> Iterator[tuple[str, Pos]]:
    """Yield the relative URL of each image with its position, once for each place where it is written."""
    if not IMAGE_MARKUP.search(subject.source.text):
        return
    published = replace(subject.issue, archive=None)  # channels show a generated list instead
    for url in dict.fromkeys(image.url for image in find_nodes(Image, (published,))):
        if not _ABSOLUTE.match(url):
            yield from ((url, pos) for pos in _find_image_positions(subject, url))


def _find_image_positions(subject: IssueSource, url: str) -> list[Pos]:
    """Return where a URL is written; if it is written in another way, where the first image is."""
    spellings = "|".join(re.escape(text) for text in dict.fromkeys((url, unquote(url))))
    pattern = re.compile(rf"(?i:{_BEFORE_URL})(?P<url>{spellings})(?=[\s<>)\"']|$)")
    lines = [*enumerate(subject.source.lines, 1)]
    found = [locate_match(n, match, "url") for n, text in lines for match in pattern.finditer(text)]
    if found:
        return found
    first = next((n for n, text in lines if IMAGE_MARKUP.search(text)), 1)
    return [subject.source.line_position(first)]
