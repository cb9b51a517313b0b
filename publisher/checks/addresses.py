"""Rules for URLs: temporary, duplicate, unencrypted, dead or tracking ones; and for hotlinked images."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import unquote_plus

from publisher import links
from publisher.checks.codes import Problem
from publisher.checks.images import IMAGE_MARKUP
from publisher.checks.source import IssueSource
from publisher.model import Image, Item, Pos, plain
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

_PREFIX_LENGTH = 8
"""Characters of a URL that are searched for first; most URLs share them."""

_DATE_WORD = lazy_pattern(
    r"\d+|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|sept|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*\b"
)

_HOTLINK_HOSTS = ("qpic.cn", "sinaimg.cn", "zhimg.com", "hdslb.com", "jianshu.io")
"""Image hosts, with their subdomains, that serve images to their own pages only."""


def find_url_positions(subject: IssueSource) -> list[tuple[str, Pos]]:
    """Return every URL that subscribers can open, with its position, in source order."""
    return locate_urls(subject, subject.urls) if subject.urls else []


def locate_urls(subject: IssueSource, urls: Collection[str]) -> list[tuple[str, Pos]]:
    """Find the positions of URLs; where several start at the same position, the longest counts."""
    prefix = re.compile("|".join(re.escape(text) for text in {url[:_PREFIX_LENGTH] for url in urls}))
    sizes = sorted({len(url) for url in urls}, reverse=True)
    positions = []
    for number, text in enumerate(subject.source.lines, 1):
        match = prefix.search(text)
        while match:
            start = match.start()
            url = next((text[start : start + size] for size in sizes if text[start : start + size] in urls), "")
            end = start + (len(url) or 1)
            if url:
                positions.append((url, Pos(number, start + 1, number, end + 1)))
            match = prefix.search(text, end)
    return positions


def check_urls(subject: IssueSource) -> Iterator[Problem]:
    """Report URLs that expire, have tracking parameters, or are not encrypted."""
    if suspicious := {
        url
        for url in subject.urls
        if ("?" in url and (_is_expiring(url) or _find_tracking_parameters(url))) or _is_plain_http(url)
    }:
        for url, pos in locate_urls(subject, suspicious):
            yield from _check_url(url, pos, is_deliberate=_is_deliberate(subject, url, pos))


def _is_deliberate(subject: IssueSource, url: str, pos: Pos) -> bool:
    """Return whether the tracking parameters of a URL are likely there on purpose, as in the link of a sponsor: it is
    written in HTML, or one of them names the newsletter."""
    before = subject.source.line(pos.line)[: pos.column - 1].rstrip(" \"'")
    if before.endswith("="):
        return True
    title = subject.issue.title
    name = "".join(filter(str.isalnum, title.name if title else "")).casefold()
    values = (unquote_plus(pair.partition("=")[2]) for pair in url.partition("?")[2].split("&"))
    sources = ("".join(filter(str.isalnum, value)).casefold() for value in values)
    return any(len(source) > 4 and (source in name or (len(name) > 4 and name in source)) for source in sources)


def _check_url(url: str, pos: Pos, *, is_deliberate: bool) -> Iterator[Problem]:
    if _is_expiring(url):
        help_ = "open the article in WeChat and copy its permanent link"
        message = "temporary WeChat URL, which expires within hours"
        yield Problem(pos, "wechat-temp-url", message, help_)
    elif not is_deliberate and (keys := _find_tracking_parameters(url)):
        message = f"tracking parameter{'s' if len(keys) > 1 else ''} in the URL: {', '.join(keys)}"
        yield Problem(
            pos,
            "tracking-param",
            message,
            "the URL works without it" if len(keys) == 1 else "the URL works without them",
        )
    if _is_plain_http(url):
        yield Problem(pos, "plain-http", "the URL uses http", "use https if the site supports it")


def _is_plain_http(url: str) -> bool:
    """True for http URLs, except those of local hosts (a name without a dot) and IP addresses."""
    last_label = links.extract_host(url).rpartition(".")[2] if url.startswith("http://") else ""
    return "." in links.extract_host(url) and bool(last_label) and not last_label.isdigit()


def _is_expiring(url: str) -> bool:
    return links.classify_link(url) == links.WECHAT_TEMPORARY


def _find_tracking_parameters(url: str) -> list[str]:
    """Return the query parameters that the canonical form of the URL omits."""
    if "?" not in url or links.parse_arxiv_id(url):
        return []
    kept = _parse_query_keys(links.canonicalize_url(url))
    return [key for key in _parse_query_keys(url) if key not in kept]


def _parse_query_keys(url: str) -> list[str]:
    query = url.partition("?")[2].partition("#")[0]
    return [unquote_plus(pair.partition("=")[0]) for pair in query.split("&") if "=" in pair]


def check_image_hosts(subject: IssueSource) -> Iterator[Problem]:
    """Report images on hosts that do not serve them to other sites."""
    if not IMAGE_MARKUP.search(subject.source.text):
        return
    issue = subject.issue
    nodes = (issue.guide, issue.warmup, *issue.sections)
    images = find_nodes(Image, tuple(node for node in nodes if node))
    for url in dict.fromkeys(image.url for image in images):
        host = links.extract_host(url)
        if any(host == known or host.endswith(f".{known}") for known in _HOTLINK_HOSTS):
            pos = subject.find_url(url, subject.whole_position)
            message = f"{host} does not serve images to other sites"
            yield Problem(pos, "image-hotlink", message, "save the image next to the issue")


def check_duplicate_urls(subject: IssueSource) -> Iterator[Problem]:
    """Report items of the issue that lead to the same place as an earlier one."""
    first: dict[str, Item] = {}
    for item in subject.issue.items:
        key = links.build_link_key(item.url) if item.url else ""
        if not key or not item.pos.line:
            continue
        if key in first and not _is_next_date(first[key], item):
            pos = subject.find_url(item.url or "", item.pos)
            message = f"the item on line {first[key].pos.line} has the same URL"
            yield Problem(pos, "duplicate-in-issue", message, "check whether one of them is wrong")
        first.setdefault(key, item)


def _is_next_date(first: Item, second: Item) -> bool:
    """Whether two items are the same event at two dates: their titles differ in numbers and names of months only."""
    titles = [plain(item.title).casefold() for item in (first, second)]
    words = [_DATE_WORD.sub("", title) for title in titles]
    return titles[0] != titles[1] and words[0] == words[1]


class LivenessResult(NamedTuple):
    """The result for one URL: `gone` if it is definitely dead, else unknown; and the reason."""

    gone: bool
    reason: str


def find_dead_links(urls: Sequence[tuple[str, Pos]], results: Mapping[str, LivenessResult]) -> Iterator[Problem]:
    """Report dead links, and links that could not be checked.

    Of the latter, one per host and reason: a host that blocks automated requests does so for all its pages.
    """
    unknown: dict[tuple[str, str], list[Pos]] = {}
    for url, pos in urls:
        result = results.get(url)
        if result and result.gone:
            yield Problem(pos, "dead-link", result.reason, "replace the URL or remove the item")
        elif result:
            unknown.setdefault((links.extract_host(url), result.reason), []).append(pos)
    for (_, reason), positions in unknown.items():
        more = f" (and {len(positions) - 1} more to this host)" if len(positions) > 1 else ""
        message = f"could not check this link{more}: {reason}"
        yield Problem(positions[0], "link-unknown", message, "open it in a browser to check")
