"""What the headers of a request ask for: a compressed form, or nothing if nothing has changed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime

CODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings, the one that saves more first, and how the files of each end."""


def coding(accepted: str, there: Collection[str]) -> str:
    """The coding to send of those that are `there`; "" for none. `accepted` is Accept-Encoding.

    https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
    """
    weights = {}
    for element in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        weights[name] = next((_weight(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
    wanted = {name: weights.get(name, weights.get("*", 0.0)) for name in CODINGS if name in there}
    best = max(wanted, key=lambda name: wanted[name], default="")
    return best if best and wanted[best] > 0 else ""


def _weight(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 0.0


def is_known(etag: str, modified: int, if_none_match: str, if_modified_since: str) -> bool:
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
