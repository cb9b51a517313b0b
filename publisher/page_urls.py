"""Where the page of an issue is on the web, and where it was: by its name and the pattern of publisher.toml, or as
another site generator had it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePath
from urllib.parse import unquote, urljoin

from publisher.errors import IssueError
from publisher.links import clean_slug
from publisher.model import Address
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern

_MAX_NAME_BYTES = 250
"""Most file systems allow 255 bytes in a name, and `.html` may be added."""

SUBSCRIBE_PAGE = "subscribe.html"
"""The page on how to subscribe, in the folder of the site."""

_OWN_PAGE = lazy_pattern(r"(?:index|subscribe|search/index|archive/\d+)\.html")


class PageUrls(NamedTuple):
    """The absolute URLs of an issue's page, and of the pages that lead to it. `ignored` are addresses of the front
    matter that cannot be kept, because no file of the site has them."""

    url: str
    aliases: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def find_issue_name(path: str) -> str:
    """Return the name of an issue: that of its file, or of the folder of an index.md, without suffix."""
    pure = PurePath(path)
    return pure.parent.name or pure.stem if pure.stem.lower() == "index" else pure.stem


def find_page_urls(
    newsletter: Newsletter, path: str, issue_id: str, date: dt.date, address: Address, feeds: Collection[str] = ()
) -> PageUrls:
    """Return the URLs of the issue in the file `path`; `feeds` are those of the feeds. Raises IssueError if it cannot
    have a page."""
    page = _resolve(address.page, newsletter)
    if not page and "{number}" in newsletter.url and not address.number:
        raise IssueError(
            f"{path} has no number, and `url` in publisher.toml has {{number}}",
            "add one to the front matter, like number: 12",
        )
    # the name of a file may have characters that end the path of a URL, as in `Tides #12`
    name = clean_slug(issue_id) if set("#?%") & set(issue_id) else issue_id
    url = page or newsletter.issue_url(name or issue_id, date, address.slug, address.number)
    names = newsletter.output_path(url).split("/")
    if {"..", "."} & set(names) or "\\" in url:
        raise IssueError(f"{path}: the id {issue_id} cannot be part of a URL", "set another `id:` in its front matter")
    if any(len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES for name in names):
        raise IssueError(
            f"{path}: a part of its URL is longer than {_MAX_NAME_BYTES} bytes, too long for the name of a file",
            "add a shorter one to the front matter, like slug: boats",
        )
    if names[1:] and _OWN_PAGE.fullmatch("/".join(names).removeprefix(f"{newsletter.site}/")):
        raise IssueError(
            f"{path} would take the place of the newsletter's own page at {url}",
            "set another `slug:` or `url:` in its front matter",
        )
    aliases = {alias: _resolve(alias, newsletter) for alias in address.aliases}
    found = dict.fromkeys(alias for alias in aliases.values() if alias and not _is_same(alias, url, newsletter))
    if taken := {url, *found} & set(feeds):
        raise IssueError(
            f"{path} would take the place of the feed {min(taken)}", "set another `url:` in its front matter"
        )
    wanted = {address.page: page} if address.page else {}
    lost = tuple(text for text, known in (wanted | aliases).items() if not known and not _is_name(text))
    return PageUrls(url, tuple(found), lost)


def _is_name(alias: str) -> bool:
    """True for what Obsidian has in `aliases`: other names of a note, such as `Harbour notes 7`, and no addresses."""
    return " " in alias.strip() and "/" not in alias


def _resolve(text: str, newsletter: Newsletter) -> str:
    """Return the absolute URL of a path on the newsletter's host; "" if it is not that of a file of the site."""
    if not text.startswith(("/", newsletter.base)) or text.startswith("//"):
        return ""
    if text.startswith("/"):  # not joined as a browser does it: dots are refused below
        text = urljoin(newsletter.base, "/") + text[1:]
    url = unicodedata.normalize("NFC", unquote(text))
    path = url.removeprefix(newsletter.base)
    names = path.removesuffix("/").split("/")
    is_file = url.startswith(newsletter.base) and not {"", ".", ".."} & set(names)
    # a colon or a brace is a placeholder of another program
    return url if is_file and not re.search(r"[\x00-\x1f\x7f\\?#<>\"{}|^:*\ufffd]", path) else ""


def _is_same(url: str, other: str, newsletter: Newsletter) -> bool:
    return newsletter.output_path(url) == newsletter.output_path(other)
