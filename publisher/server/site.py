"""From the path of a URL to a file of the site, and its headers.

By hand, because the files change while the server runs: servestatic 4.4 answers 404 for new files and sends
the old length and ETag of changed ones; Starlette's StaticFiles serves dot files, neither .gz nor .br, and
does not know the media types of feeds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from pathlib import Path


def find_file(folder: Path, path: str) -> Path | None:
    """Return the file for a decoded path that begins with a slash; None if there is none to serve.

    A path that ends in a slash means index.html. Nothing outside of `folder` is served, not even through
    symbolic links, and no names that begin with a dot, like those of unfinished files, except `.well-known`.
    """
    parts = path.split("/")[1:]
    if not parts[-1]:
        parts[-1] = "index.html"
    if not all(map(_is_allowed_name, parts)):
        return None
    try:
        file = folder.joinpath(*parts).resolve(strict=True)
        return file if file.is_file() and file.is_relative_to(folder.resolve()) else None
    except (OSError, RuntimeError):  # RuntimeError: a loop of symbolic links
        return None


def _is_allowed_name(part: str) -> bool:
    if not part or re.search(r"[\\\0]", part):
        return False
    return not part.startswith(".") or part == ".well-known"


CONTENT_CODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings and their file suffixes, the better compression first."""


def choose_coding(accepted: str, available: Collection[str]) -> str:
    """Choose one of the available codings; "" for none. `accepted` is the header Accept-Encoding.

    https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
    """
    weights = {}
    for element in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        weights[name] = next((_parse_quality(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    usable = {name: weights.get(name, weights.get("*", 0.0)) for name in CONTENT_CODINGS if name in available}
    best = max(usable, key=lambda name: usable[name], default="")
    return best if best and usable[best] > 0 else ""


def _parse_quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 0.0


def is_not_modified(etag: str, modified: int, if_none_match: str, if_modified_since: str) -> bool:
    """Return whether the client has this version. `modified`: seconds since 1970; a missing header is "".

    If both headers are sent, the tag decides: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
    """
    if if_none_match:
        return if_none_match.strip() == "*" or etag in re.findall(r'"[^"]*"', if_none_match)
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, OverflowError):  # the latter for a number that no date has
        return False
    return modified <= since.replace(tzinfo=since.tzinfo or dt.UTC).timestamp()
