"""Earlier issues as WeChat knows them: a reader can open their articles, and nothing else, with a tap."""

from __future__ import annotations

import re
from typing import NamedTuple

from publisher.channel import Context
from publisher.channels.wechat.links import opens
from publisher.links import canonical
from publisher.model import Issue
from publisher.transforms import map_urls

_MOST = 12
_PLACEHOLDERS = {
    "date": r"\d{4}-\d\d-\d\d",
    "year": r"\d{4}",
    "month": r"\d\d",
    "day": r"\d\d",
    "id": r"[^/]+?",
}


class Earlier(NamedTuple):
    """An earlier issue: its date, or else its id, and the address of its article."""

    name: str
    url: str


def earlier(context: Context) -> tuple[Earlier, ...]:
    """The earlier issues whose articles are known, newest first, as many as anybody looks through."""
    entry, pattern = context.entry, _pattern(context.publication.url)
    found = []
    for page, url in _known(context).items():
        if (parts := re.fullmatch(pattern, page)) and opens(url):
            values = parts.groupdict()
            date = values.get("date") or "-".join(filter(None, map(values.get, ("year", "month", "day"))))
            if not (date and entry and date >= entry.date.isoformat()[: len(date)]):
                found.append(Earlier(date or values.get("id") or page, url))
    return tuple(sorted(found, reverse=True)[:_MOST])


def with_articles(issue: Issue, context: Context) -> Issue:
    """The issue, its links to pages of earlier issues leading to their articles."""
    known = {canonical(page): url for page, url in _known(context).items()}
    return map_urls(issue, lambda url: known.get(canonical(url), url)) if known else issue


def _known(context: Context) -> dict[str, str]:
    """The articles of other issues, by the address of the page."""
    own = context.entry.url if context.entry else ""
    return {page: url for page, url in context.addresses.items() if page != own}


def _pattern(url: str) -> str:
    """What the addresses of pages look like."""
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_PLACEHOLDERS[name]})"

    return re.sub(r"\\\{(\w+)\\\}", group, re.escape(url))
