"""Rules for where links lead: to this computer, with a password, or with marks in the URL that belong to the text."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote, urlsplit

from publisher.checks.addresses import locate_urls
from publisher.checks.codes import Edit, Problem
from publisher.checks.source import IssueSource, locate_match
from publisher.checks.text import CODE_TAGS_AND_FORMULAS, find_matching_lines, find_outside
from publisher.links import parse_host
from publisher.model import Link, Pos, plain
from publisher.patterns import any_of, lazy_pattern
from publisher.transforms import find_fragments, find_nodes

_REVERSED_LINK = lazy_pattern(
    r"\((?<![A-Za-z0-9_\]]\()(?!\d+\))([^()\[\]\n]{1,300})\)\[\s*((?:https?://|www\.|mailto:)[^\s\[\]]+)\s*\](?!\()"
)
_QUOTES = '"“”„«»'
_STOPS = "。，、；：！？"
# quotes anywhere, a full-width full stop with text behind it, full-width marks at the end
_CLOSING_MARKS = f"{_STOPS}”’」』》）】"
_MISPLACED_MARK = lazy_pattern(
    any_of(
        (_QUOTES, ""),
        ("。", r"(?=[^/?#。]*[^\W\d_])"),
        (_CLOSING_MARKS, rf"(?<![{_CLOSING_MARKS}].)[{_CLOSING_MARKS}]*\Z"),
    )
)
_TITLES_END_WITH_MARKS = ("wiki", "baike.baidu.com", "moegirl.org")
_PLAIN_HOST = lazy_pattern(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#]|\Z)")
"""Of nearly all URLs: a name of several parts, and neither a port nor a password."""

_SECOND_SCHEME = lazy_pattern(r"https?://(https?:?/{1,2})", re.IGNORECASE)
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "0.0.0.0")


def check_reversed_links(subject: IssueSource) -> Iterator[Problem]:
    """Report links with their brackets exchanged: (title)[url]."""
    for number, text in find_matching_lines(subject, _REVERSED_LINK):
        for match in find_outside(text, _REVERSED_LINK, CODE_TAGS_AND_FORMULAS):
            edit = Edit(locate_match(number, match), f"[{match[1]}]({match[2]})")
            message = "the brackets of this link are exchanged"
            yield Problem(edit.pos, "reversed-link", message, "write [title](url)", (edit,))


def check_targets(subject: IssueSource) -> Iterator[Problem]:
    """Report URLs of this computer, with a password, with an impossible host, and with marks of the text in them."""
    urls = subject.urls
    local = {url for url in _find_linked_urls(subject) if _is_local(url)}
    faults = {url: fault for url in urls if (fault := _find_fault(url, is_link=url in local))}
    forms = {form: fault for url, fault in faults.items() for form in (url, unquote(url))}
    for url, pos in locate_urls(subject, forms) if forms else ():
        code, message, help_ = forms[url]
        yield Problem(pos, code, message, help_)
    yield from _check_marks(subject, urls)


def check_fragments(subject: IssueSource) -> Iterator[Problem]:
    """Report links to places that the page does not have, such as `#footnote-1` from another program."""
    if "](#" not in subject.source.text and '="#' not in subject.source.text:
        return
    lost = [url for url, fragment in find_fragments(subject.issue).items() if not fragment]
    for url, pos in locate_urls(subject, lost) if lost else ():
        message = f"the link {url} leads nowhere: there is no such heading"
        yield Problem(
            pos, "relative-link", message, "write the words of a heading, joined by hyphens, or [^1] for a footnote"
        )


def _find_linked_urls(subject: IssueSource) -> Iterator[str]:
    """Yield the URLs of links with a text of their own; a URL that is its own text may be part of an instruction."""
    for item in subject.issue.items:
        if item.url and plain(item.title).strip() != item.url:
            yield item.url
    for link in (*subject.links, *find_nodes(Link, subject.issue.footer)):
        if plain(link.children).strip().removesuffix("/") not in link.url.removesuffix("/"):
            yield link.url


def _find_fault(url: str, *, is_link: bool) -> tuple[str, str, str] | None:
    """Return code, message and help; None if nothing is wrong with the host of a URL."""
    if is_link:
        return "local-url", "the link leads to the computer of the subscriber", "use the public URL"
    if _PLAIN_HOST.match(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "malformed-url", "the URL has no valid host", "write the full URL: https://…"
    if parts.scheme not in ("http", "https", "ftp", "ftps"):
        return None
    if second := _SECOND_SCHEME.match(url):
        return "malformed-url", f'the URL has a second "{second[1]}"', "write the full URL: https://…"
    if host.startswith(".") or ".." in host:
        return "malformed-url", "the URL has no valid host", "write the full URL: https://…"
    if parts.password:
        return "url-password", "the URL contains a user name and a password", "remove them, and change the password"
    return None


def _is_local(url: str) -> bool:
    """True for the loopback addresses, which are a different computer for each subscriber."""
    host = parse_host(url).removesuffix(".")
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    if not (host[-1:].isdigit() or ":" in host):  # no address, as nearly all
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_marks(subject: IssueSource, urls: Collection[str]) -> Iterator[Problem]:
    """Report quotes and full-width punctuation that were written in URLs, not percent-encoded."""
    written = {form: match for url in urls for form in {url, unquote(url)} if (match := _find_mark(form))}
    for url, pos in locate_urls(subject, written) if written else ():
        match = written[url]
        mark = Pos(pos.line, pos.column + match.start(), pos.line, pos.column + match.end())
        message = f"{_name_mark(match[0])} in the URL"
        is_quote = match[0] in _QUOTES
        help_ = "percent-encode it if it is part of the URL" if is_quote else "write it behind the link"
        yield Problem(mark, "url-mark", message, help_, _move_behind(subject, pos, mark))


def _find_mark(url: str) -> re.Match[str] | None:
    if url.isascii() and '"' not in url:
        return None
    mark = _MISPLACED_MARK.search(url)
    if not mark or not url.startswith(("http://", "https://")):
        return None
    return None if any(name in url.split("/")[2] for name in _TITLES_END_WITH_MARKS) else mark


def _name_mark(mark: str) -> str:
    return "a quotation mark" if mark in _QUOTES else f'"{mark}"'


def _move_behind(subject: IssueSource, url: Pos, mark: Pos) -> tuple[Edit, ...]:
    """Move marks at the end of the URL behind the parenthesis that closes the link."""
    text = subject.source.line(url.line)
    is_last = mark.end_column == url.end_column and text[mark.column - 1 : mark.column] in _STOPS
    if not is_last or not text.startswith(")", url.end_column - 1):
        return ()
    after = Pos(url.line, url.end_column + 1, url.line, url.end_column + 1)
    return Edit(mark, ""), Edit(after, text[mark.column - 1 : mark.end_column - 1])
