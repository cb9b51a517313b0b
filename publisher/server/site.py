"""From the path of an address to a file of the site, and what a reader is told about it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from pathlib import Path

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff2": "font/woff2",
    ".xml": "application/xml; charset=utf-8",
}

# by name, a feed is no different from any other document: what it is stands at its beginning
_FEED_SIGNATURES = {
    ".xml": (
        (rb"<rss[\s>]", "application/rss+xml; charset=utf-8"),
        (rb"<feed[\s>]", "application/atom+xml; charset=utf-8"),
    ),
    ".json": ((rb'"version"\s*:\s*"https://jsonfeed\.org/', "application/feed+json"),),
}
SNIFF_BYTES = 4096
"""How many bytes of a file tell its type."""


def find_file(folder: Path, path: str) -> Path | None:
    """The file that `path` means, decoded, with its first slash; None when there is none to be seen.

    A path that ends in a slash means the index.html in there. Nothing outside of `folder` is seen, whatever
    links lead there, nor what has a name that begins with a dot, as unfinished files do; `.well-known` is.
    """
    parts = path.split("/")[1:]
    if not parts[-1]:
        parts[-1] = "index.html"
    if not all(map(_is_allowed_name, parts)):
        return None
    try:
        file = folder.joinpath(*parts).resolve(strict=True)
        return file if file.is_file() and file.is_relative_to(folder.resolve()) else None
    except (OSError, RuntimeError):  # RuntimeError is a circle of links
        return None


def _is_allowed_name(part: str) -> bool:
    if not part or re.search(r"[\\\0]", part):
        return False
    return not part.startswith(".") or part == ".well-known"


def detect_media_type(name: str, head: bytes) -> str:
    """The Content-Type of a file that begins with `head`."""
    suffix = Path(name).suffix.lower()
    plain = _MEDIA_TYPES.get(suffix, "application/octet-stream")
    return next((kind for start, kind in _FEED_SIGNATURES.get(suffix, ()) if re.search(start, head)), plain)


def to_browser_type(kind: str) -> str:
    """The Content-Type for a browser, which applies the style sheet of a feed only if it takes it for any
    XML document."""
    return _MEDIA_TYPES[".xml"] if is_feed(kind) and "xml" in kind else kind


def is_feed(kind: str) -> bool:
    """Whether a Content-Type is that of a feed."""
    return kind.startswith(("application/rss+", "application/atom+", "application/feed+"))


def get_cache_control(kind: str) -> str:
    """The Cache-Control of a Content-Type.

    A page may be corrected at any time, so it is asked for each time, mostly in vain. Who reads feeds by
    machine shall not come more than once an hour.
    """
    if kind.startswith("text/html"):
        return "no-cache"
    return "public, max-age=3600" if is_feed(kind) else "public, max-age=86400"


CONTENT_CODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings, the one that saves more first, and how the files of each end."""


def choose_coding(accepted: str, available: Collection[str]) -> str:
    """The coding to send of those that are `there`; "" for none. `accepted` is Accept-Encoding.

    https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
    """
    weights = {}
    for element in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        weights[name] = next((_parse_quality(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
    wanted = {name: weights.get(name, weights.get("*", 0.0)) for name in CONTENT_CODINGS if name in available}
    best = max(wanted, key=lambda name: wanted[name], default="")
    return best if best and wanted[best] > 0 else ""


def _parse_quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 0.0


def is_not_modified(etag: str, modified: int, if_none_match: str, if_modified_since: str) -> bool:
    """Whether the reader has this already. `modified` is in seconds since 1970; a missing header is "".

    A reader that sends both is answered by the tag: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
    """
    if if_none_match:
        return if_none_match.strip() == "*" or etag in re.findall(r'"[^"]*"', if_none_match)
    try:
        since = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    return modified <= since.replace(tzinfo=since.tzinfo or dt.UTC).timestamp()
