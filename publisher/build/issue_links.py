"""Finds where the relative links of an issue lead: to the page of another issue, to a file that is published with
it, or nowhere."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from urllib.parse import unquote, urljoin, urlsplit

from publisher.archive.records import Record
from publisher.checks.codes import Problem
from publisher.checks.source import quote_start
from publisher.checks.summary import IssueSummary
from publisher.file_kinds import choose_linked_kind
from publisher.images import build_page_url, inspect_image, resolve_local_file
from publisher.local_files import MISSING, FileAccess, Refusal
from publisher.newsletter import Newsletter
from publisher.page_urls import find_issue_name
from publisher.patterns import lazy_pattern

# example.org/path, www.example.org, example.org; not notes.md
_HOST = lazy_pattern(r"(?:[\w-]+\.)+(?:[a-z]{2,}(?::\d+)?/|(?:com|org|net|edu|gov|io|dev|app|ai|cn|jp|kr|ru|de|uk)\Z)")
_MAX_SHOWN = 60
_SUFFIXES = ("", ".md", ".markdown", "/index.md", "/index.markdown")


class IssueLinks:
    """The issues that are published; `pages` are the URLs of their pages, by the path of their file."""

    def __init__(self, newsletter: Newsletter, pages: Mapping[str, str]) -> None:
        self._newsletter = newsletter
        self._pages = pages

    @cached_property
    def _urls(self) -> dict[str, str]:
        """The URLs of the pages by what is compared of them. Most newsletters have no relative links."""
        return {_strip_index(url): url for url in (self._newsletter.base, *self._pages.values())}

    @cached_property
    def _names(self) -> dict[str, str]:
        """The URLs of the pages by the name of their file or folder, if no other has it."""
        names = {path: find_issue_name(path) for path in self._pages}
        counts = Counter(names.values())
        return {name: self._pages[path] for path, name in names.items() if counts[name] == 1}

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
        page = self._find_page(names, url, path)
        if not page and any(image.source == names[0] and image.is_published for image in record.images):
            page = urljoin(record.url, parts.path)
        return f"{page}#{parts.fragment}" if page and parts.fragment else page

    def leads_to_issue(self, path: str, url: str, link: str) -> bool:
        """Return whether a relative link in the file `path`, whose page is at `url`, leads to a page."""
        try:
            parts = urlsplit(link)
            target = _strip_index(urljoin(url, parts.path))
        except ValueError:
            return False
        name = unquote(parts.path)
        return bool(self._find_page(_list_names(path, name), target, name))

    def _find_page(self, names: Iterable[str], url: str, path: str) -> str:
        """Return the URL of the page of one of the files, or else the page at `url`; "" if there is none.

        A `path` without a folder may be the name of one file anywhere, as in Obsidian and Hugo.
        """
        page = next((self._pages[name] for name in names if name in self._pages), "") or self._urls.get(url, "")
        return page or self._names.get(path.removesuffix(".md"), "")


def find_link_problems(
    summary: IssueSummary, known: IssueLinks, newsletter: Newsletter, files: FileAccess
) -> Iterator[Problem]:
    """Yield a problem for each relative link of an issue that leads to no issue and no file that is published."""
    page_url = build_page_url(summary, newsletter)
    for url, pos in summary.links:
        if known.leads_to_issue(summary.path, page_url, url):
            continue
        file = resolve_local_file(url, summary.path, page_url, newsletter)
        refusal = inspect_image(file, files, choose_linked_kind(file.source)) if file else MISSING
        if isinstance(refusal, Refusal) and "relative-link" not in summary.ignored_codes:
            is_missing = refusal.code == MISSING.code or not (file and file.source)
            reason = "there is no such issue or file" if is_missing else f"the file {refusal.reason}"
            host = _HOST.match(url)
            help_ = f"write https://{url}" if host else "write the path of an issue or a file, or the full URL"
            yield Problem(
                pos, "relative-link", f"the link {quote_start(unquote(url), _MAX_SHOWN)} leads nowhere: {reason}", help_
            )


def _list_names(source: str, path: str) -> Iterator[str]:
    """Yield the paths below the newsletter's folder that a relative path in the file `source` may mean.

    `@/path` is that of a file in the content of a site, as Zola has it.
    """
    folder = "" if path.startswith("/") else posixpath.dirname(source)
    if path.startswith("@/"):
        path = path[2:]
        folder = source[: f"/{source}".rfind("/content/") + len("content/")]
    name = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
    return (name + suffix for suffix in _SUFFIXES)


def _strip_index(url: str) -> str:
    return url.removesuffix("index.html").rstrip("/")
