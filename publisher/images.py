"""Local images of an issue: find them, map them to output files, and report those that are not published."""

from __future__ import annotations

import datetime as dt
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from publisher import model as m
from publisher.checks.codes import Problem
from publisher.checks.summary import IssueSummary
from publisher.errors import IssueError
from publisher.file_kinds import IMAGE
from publisher.local_files import FileAccess, FileKind, Refusal
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.page_urls import find_page_urls
from publisher.transforms import find_nodes, map_nodes

_Node = TypeVar("_Node")

_OUTSIDE_SITE = Refusal(
    "file-missing", "would have a URL outside of the site", "move the file into the folder of the issue"
)


class LocalImage(NamedTuple):
    """An image of an issue: its URL as written in the issue, its file below the newsletter's folder, and the
    file below the output folder that pages refer to. All with forward slashes.

    `source` and `target` are empty if the image is outside of the newsletter's folder, and `target` if its URL
    would be outside of the site.
    """

    url: str
    source: str
    target: str


def find_local_images(issue: m.Issue, path: str, page_url: str, newsletter: Newsletter) -> tuple[LocalImage, ...]:
    """Return the images with a relative URL, each once. `path` is the issue's file, `page_url` its page."""
    urls = dict.fromkeys(image.url for image in find_nodes(m.Image, (issue,)))
    images = (resolve_local_file(url, path, page_url, newsletter) for url in urls)
    return tuple(image for image in images if image)


def resolve_local_file(url: str, path: str, page_url: str, newsletter: Newsletter) -> LocalImage | None:
    """Return the image or linked file at a URL; None if the URL is not relative."""
    try:
        parts = urlsplit(url)
        absolute_url = urljoin(page_url, parts.path)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    source = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
    if source.startswith(("../", "/")) or source in ("..", "."):
        return LocalImage(url, "", "")
    target = unquote(newsletter.output_path(absolute_url)) if absolute_url.startswith(newsletter.base) else ""
    names = target.split("/")
    is_in_site = names[-1] == posixpath.basename(source) and not {"", ".", ".."} & set(names)
    return LocalImage(url, source, target if is_in_site and not {"\\", "\0"} & set(target) else "")


def inspect_image(image: LocalImage, files: FileAccess, kind: FileKind = IMAGE) -> bytes | Refusal:
    """Return the first bytes of an image, or of a linked file of another kind, or why it is not published."""
    found = files.inspect(image.source, kind)
    return found if isinstance(found, Refusal) or image.target else _OUTSIDE_SITE


def find_image_problems(summary: IssueSummary, newsletter: Newsletter, files: FileAccess) -> Iterator[Problem]:
    """Yield a problem for each place of an issue that refers to an image that is not published."""
    page_url = build_page_url(summary, newsletter)
    for url, pos in summary.images:
        image = resolve_local_file(url, summary.path, page_url, newsletter)
        found = inspect_image(image, files) if image else None
        if isinstance(found, Refusal) and found.code not in summary.ignored_codes:
            yield Problem(pos, found.code, f"the image {url} {found.reason}", found.help)


def build_page_url(summary: IssueSummary, newsletter: Newsletter) -> str:
    """Return the URL of the page of an issue; that of the index if the issue cannot have one yet."""
    if summary.date:
        with suppress(IssueError):  # reported by `publish`
            date = dt.date.fromisoformat(summary.date)
            return find_page_urls(newsletter, summary.path, summary.id, date, summary.address).url
    return newsletter.base


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
