"""Addresses that die, come twice, or tell more than they should."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote_plus

from publisher import links
from publisher.checks.codes import Problem
from publisher.checks.subject import IssueSource
from publisher.model import Image, Item, Link, Pos
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

_IMAGE_MARKUP = lazy_pattern(r"!\[|<img", re.IGNORECASE)
_PREFIX_LENGTH = 8
"""By so many characters an address is looked for: most have them in common."""

_HOTLINK_HOSTS = ("qpic.cn", "sinaimg.cn", "zhimg.com", "hdslb.com", "jianshu.io")
"""Hosts of pictures that answer only their own pages, and the subdomains of these."""


def find_url_positions(subject: IssueSource) -> list[tuple[str, Pos]]:
    """Every address of the issue that readers can follow, in order, each where it stands in the text."""
    urls = set(_collect_urls(subject))
    return _locate_urls(subject, urls) if urls else []


def _locate_urls(subject: IssueSource, urls: Collection[str]) -> list[tuple[str, Pos]]:
    """Where addresses stand: the longest of those that begin at one place."""
    begins = re.compile("|".join(re.escape(begin) for begin in {url[:_PREFIX_LENGTH] for url in urls}))
    sizes = sorted({len(url) for url in urls}, reverse=True)
    found = []
    for number, text in enumerate(subject.source.lines, 1):
        at = begins.search(text)
        while at:
            start = at.start()
            url = next(
                (text[start : start + size] for size in sizes if text[start : start + size] in urls), ""
            )
            end = start + (len(url) or 1)
            if url:
                found.append((url, Pos(number, start + 1, number, end + 1)))
            at = begins.search(text, end)
    return found


def _collect_urls(subject: IssueSource) -> Iterator[str]:
    issue = subject.issue
    for item in issue.items:
        yield from filter(None, (item.url, *(field.url for field in item.fields)))
    nodes = tuple(part for part in (issue.guide, issue.warmup, *issue.sections) if part)
    yield from (link.url for link in find_nodes(Link, nodes) if link.url)


def check_urls(subject: IssueSource) -> Iterator[Problem]:
    """Addresses that expire, tell who shared them, or are open to whoever listens."""
    known = set(_collect_urls(subject))
    if odd := {
        url
        for url in known
        if ("?" in url and (_is_expiring(url) or _find_tracking_parameters(url))) or _is_plain_http(url)
    }:
        for url, place in _locate_urls(subject, odd):
            yield from _check_url(url, place)


def _check_url(url: str, place: Pos) -> Iterator[Problem]:
    if _is_expiring(url):
        help_ = "open the article in WeChat and copy its own address"
        message = "a temporary WeChat address, which dies within hours"
        yield Problem(place, "wechat-temp-url", message, help_)
    elif keys := _find_tracking_parameters(url):
        yield Problem(place, "tracking-param", f"the address works without {', '.join(keys)}")
    if _is_plain_http(url):
        yield Problem(place, "plain-http", "the address is plain http", "try https")


def _is_plain_http(url: str) -> bool:
    """True for plain http, but not to what only this machine or its neighbours know: a lone word, an address
    of numbers."""
    last = links.extract_host(url).rpartition(".")[2] if url.startswith("http://") else ""
    return "." in links.extract_host(url) and bool(last) and not last.isdigit()


def _is_expiring(url: str) -> bool:
    return links.classify_link(url) == links.WECHAT_TEMPORARY


def _find_tracking_parameters(url: str) -> list[str]:
    """The parameters of an address that its canonical form leaves out."""
    if "?" not in url or links.parse_arxiv_id(url):
        return []
    kept = _parse_query_keys(links.canonicalize_url(url))
    return [key for key in _parse_query_keys(url) if key not in kept]


def _parse_query_keys(url: str) -> list[str]:
    query = url.partition("?")[2].partition("#")[0]
    return [unquote_plus(pair.partition("=")[0]) for pair in query.split("&") if "=" in pair]


def check_image_hosts(subject: IssueSource) -> Iterator[Problem]:
    """Pictures on hosts that will not show them elsewhere."""
    if not _IMAGE_MARKUP.search(subject.source.text):
        return
    issue = subject.issue
    nodes = (issue.guide, issue.warmup, *issue.sections)
    shown = find_nodes(Image, tuple(node for node in nodes if node))
    for url in dict.fromkeys(image.url for image in shown):
        host = links.extract_host(url)
        if any(host == known or host.endswith(f".{known}") for known in _HOTLINK_HOSTS):
            place = subject.find_url(url, subject.full_position)
            message = f"{host} shows its pictures on its own pages only"
            yield Problem(place, "image-hotlink", message, "save the picture beside the issue")


def check_duplicate_urls(subject: IssueSource) -> Iterator[Problem]:
    """Items of one issue that lead to one address."""
    first: dict[str, Item] = {}
    for item in subject.issue.items:
        key = links.canonicalize_url(item.url) if item.url else ""
        if not key or not item.pos.line:
            continue
        if key in first:
            place = subject.find_url(item.url or "", item.pos)
            message = f"the item at line {first[key].pos.line} has this address too"
            yield Problem(place, "duplicate-in-issue", message, "is one of them meant to lead elsewhere?")
        first.setdefault(key, item)
