"""Finds where the relative links of an issue lead: to the page of another issue, to a file that is published with
it, or nowhere."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urljoin, urlsplit

from publisher.archive.records import Record
from publisher.newsletter import Newsletter

_SUFFIXES = ("", ".md", ".markdown", "/index.md", "/index.markdown")


class IssueLinks:
    """The issues that are published, by the path of their file and the URL of their page."""

    def __init__(self, newsletter: Newsletter, records: Sequence[Record]) -> None:
        self._pages = {record.path: record.url for record in records}
        self._urls = {_strip_index(url): url for url in (newsletter.base, *self._pages.values())}

    def resolve(self, record: Record) -> dict[str, str]:
        """Return for each relative link of an issue the absolute URL it leads to; "" if it leads nowhere."""
        return {link: self._resolve(record, link) for link in record.links}

    def _resolve(self, record: Record, link: str) -> str:
        try:
            parts = urlsplit(link)
            path = unquote(parts.path)
            url = _strip_index(urljoin(record.url, parts.path))
        except ValueError:
            return ""
        names = [*_list_names(record.path, path)]
        page = next((self._pages[name] for name in names if name in self._pages), "") or self._urls.get(url, "")
        if not page and any(image.source == names[0] and image.is_published for image in record.images):
            page = urljoin(record.url, parts.path)
        return f"{page}#{parts.fragment}" if page and parts.fragment else page


def _list_names(source: str, path: str) -> Iterator[str]:
    """Yield the paths below the newsletter's folder that a relative path in the file `source` may mean."""
    folder = "" if path.startswith("/") else posixpath.dirname(source)
    name = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
    return (name + suffix for suffix in _SUFFIXES)


def _strip_index(url: str) -> str:
    return url.removesuffix("index.html").rstrip("/")
