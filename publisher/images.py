"""Local images of an issue: find them, map them to output files, replace missing ones by their alt text."""

from __future__ import annotations

import posixpath
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from publisher import model as m
from publisher.newsletter import Newsletter
from publisher.transforms import find_nodes, map_nodes

_Node = TypeVar("_Node")


class LocalImage(NamedTuple):
    """An image of an issue: its URL as written in the issue, its file below the newsletter's folder, and the
    file below the output folder that pages refer to. All with forward slashes."""

    url: str
    source: str
    target: str


def find_local_images(issue: m.Issue, path: str, page_url: str, newsletter: Newsletter) -> tuple[LocalImage, ...]:
    """Return the images with a relative URL, each once. `path` is the issue's file, `page_url` its page.

    An image outside the newsletter's folder, or whose URL would be outside the site, has an empty source: no
    page can show it.
    """
    images: dict[str, LocalImage] = {}
    for url in [image.url for image in find_nodes(m.Image, (issue,))]:
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/") or url in images:
            continue
        source = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
        absolute_url = urljoin(page_url, parts.path)
        is_inside = absolute_url.startswith(newsletter.base) and not source.startswith("..") and "\0" not in source
        target = unquote(newsletter.output_path(absolute_url)) if is_inside else ""
        images[url] = LocalImage(url, source if is_inside else "", target)
    return tuple(images.values())


def replace_missing_images(node: _Node, urls: frozenset[str]) -> _Node:
    """Return the node with the images at these URLs replaced by their alt text."""

    def change(node: m.Node) -> m.Node:
        match node:
            case m.Image(url, alt) if url in urls:
                return m.Text(alt)
            case m.Figure(m.Image(url, alt), _, pos) if url in urls:
                return m.Paragraph((m.Text(alt),) if alt else (), pos)
        return node

    return map_nodes(node, change)
