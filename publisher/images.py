"""Local images of an issue: find them, map them to output files, replace missing ones by their alt text."""

from __future__ import annotations

import posixpath
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from publisher.model import Figure, Image, Issue, Paragraph, Text
from publisher.newsletter import Newsletter
from publisher.transforms import find_nodes

_Node = TypeVar("_Node")


class LocalImage(NamedTuple):
    """An image of an issue: its URL as written in the issue, its file below the newsletter's folder, and the
    file below the output folder that pages refer to. All with forward slashes."""

    url: str
    source: str
    target: str


def find_local_images(
    issue: Issue, path: str, page_url: str, newsletter: Newsletter
) -> tuple[LocalImage, ...]:
    """Return the images with a relative URL, each once. `path` is the issue's file, `page_url` its page.

    An image outside the newsletter's folder, or whose URL would be outside the site, has an empty source: no
    page can show it.
    """
    images: dict[str, LocalImage] = {}
    for url in [image.url for image in find_nodes(Image, (issue,))]:
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/") or url in images:
            continue
        source = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
        absolute_url = urljoin(page_url, parts.path)
        is_inside = (
            absolute_url.startswith(newsletter.base) and not source.startswith("..") and "\0" not in source
        )
        target = unquote(newsletter.output_path(absolute_url)) if is_inside else ""
        images[url] = LocalImage(url, source if is_inside else "", target)
    return tuple(images.values())


def replace_missing_images(node: _Node, urls: frozenset[str]) -> _Node:
    """Return the node with the images at these URLs replaced by their alt text."""
    result: object = node
    match node:
        case Image(url, alt) if url in urls:
            result = Text(alt)
        case Figure(Image(url, alt), _, pos) if url in urls:
            result = Paragraph((Text(alt),) if alt else (), pos)
        case tuple():
            result = tuple([replace_missing_images(part, urls) for part in node])
        case Struct():
            values = {name: getattr(node, name) for name in node.__struct_fields__}
            new = {
                name: replace_missing_images(value, urls)
                for name, value in values.items()
                if isinstance(value, tuple | Struct)
            }
            result = replace(node, **{name: value for name, value in new.items() if value != values[name]})
    return result  # type: ignore[return-value]
