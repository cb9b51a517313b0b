"""Finds URLs that are written without brackets, as GitHub Flavored Markdown does.

Source: https://github.github.com/gfm/#autolinks-extension-. Two things differ, because newsletters need them: a URL
ends before Chinese text, and may follow it directly; and an underscore may be its last character, as in the ids
of WeChat articles.
"""

from __future__ import annotations

import re

from publisher.patterns import any_of, lazy_pattern
from publisher.reader.lines import is_cjk

# the characters of RFC 3986 without brackets; like bars, braces and backslashes, those end a bare URL
_REST = r"[A-Za-z0-9%][!#-;=?-Z^_a-z~]*"
URL_BRANCHES = (("Hh", rf"[Tt][Tt][Pp][Ss]?://{_REST}"), ("Ff", rf"[Tt][Pp]://{_REST}"))
WWW_BRANCH = ("Ww", rf"[Ww][Ww]\.{_REST}")
"""As for `any_of`."""

URL, WWW = any_of(*URL_BRANCHES), any_of(WWW_BRANCH)
_URL = lazy_pattern(URL)
_WWW = lazy_pattern(WWW)
_MAX_REFERENCE_LENGTH = 40  # the longest of HTML has 33 characters
_TRAILING_REFERENCE = lazy_pattern(r"&[A-Za-z0-9]+;\Z")
_HOST = lazy_pattern(r"(?:[A-Za-z]+://)?(?:[^/?#@]*@)?([^/?#:]*)")


def bare_url(text: str) -> str:
    """Return the URL at the start of `text`, without punctuation and brackets that follow it in prose."""
    match = _URL.match(text)
    return _trim_url(match.group()) if match else ""


def bare_www(before: str, text: str) -> str:
    """Return the address at the start of `text` that begins with `www.`; empty if there is none.

    `before` is the character before it, which must not be part of a word.
    """
    if before and not (before.isspace() or before in "*_~(" or is_cjk(before)):
        return ""
    match = _WWW.match(text)
    return _trim_url(match.group()) if match else ""


def _trim_url(url: str) -> str:
    end = len(url)
    unopened = url.count(")") - url.count("(")
    while end:
        if url[end - 1] == ")" and unopened > 0:
            unopened -= 1
        elif url[end - 1] == ";" and (reference := _find_trailing_reference(url, end)):
            end = reference.start() + 1
        elif url[end - 1] not in ".,:;!?'\"*~":
            break
        end -= 1
    url = url[:end]
    host = _HOST.match(url)
    return url if host and host[1] and not any("_" in label for label in host[1].split(".")[-2:]) else ""


def _find_trailing_reference(url: str, end: int) -> re.Match[str] | None:
    return _TRAILING_REFERENCE.search(url, max(end - _MAX_REFERENCE_LENGTH, 0), end)
