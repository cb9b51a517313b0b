"""Resolves character references and backslash escapes as CommonMark does."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

from publisher.patterns import lazy_pattern
from publisher.reader.lines import replace_invalid_characters

REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});"
_REFERENCE = lazy_pattern(REFERENCE)
# a tag of Liquid, Jinja, Handlebars, Hugo or Mailchimp. Braces after a dollar sign or backslash, or directly after a
# letter and before one, are of code or a formula, and {{1, 2}} is none.
TEMPLATE_TAG = (
    r"(?<![\\^${])(?:\{%-?\s*comment\b[^{}]*%\}[^{}]{0,2000}\{%-?\s*endcomment\s*-?%\}|\{%[^{}]{0,500}?%\}|\{\{\{[^{},;]{1,500}\}\}\}"
    r"|\*\|[A-Za-z][^|*\n]{0,100}\|\*"  # Mailchimp
    r"|\{\{(?:(?=\s*[<>%#/!&.~-]|\s+[A-Za-z_'\"])|(?<![A-Za-z0-9_]..)(?=[A-Za-z_'\"]))[^{}]{0,500}\}\})"
)
_REFERENCE_OR_ESCAPE = lazy_pattern(rf"{REFERENCE}|\\[!-/:-@\[-`{{-~]")


_PAGE_TAG = lazy_pattern(
    r"\{\{[<%]\s*(?:rel)?ref\s+(?:path=)?[\"'`]?([^\"'`\s{}]+)[\"'`]?[^{}]*[>%]\}\}"  # Hugo
    r"|(?:\{\{\s*site\.baseurl\s*\}\})?\{%-?\s*(?:post_url|link)\s+([^\s{}]+)\s*-?%\}"  # Jekyll
)


def find_page_path(url: str) -> str:
    """Return the path of the page that a tag of Hugo or Jekyll in the place of a URL leads to; "" if it is none.

    It is relative to the issue, or to the top of the site's content after `@/`, as in Zola.
    """
    match = _PAGE_TAG.fullmatch(url) if "{" in url else None
    path = (match[1] or match[2]) if match else ""
    return f"@{path}" if path.startswith("/") else f"/{path}" if path.startswith("_") else path


def resolve_reference(reference: str) -> str:
    """Return the characters for `&name;` or `&#number;`; the reference itself if HTML has no such name.

    A number that no channel could output becomes U+FFFD, but 128 to 159 are what browsers make of them.
    """
    if reference[1] != "#":
        return html5.get(reference[1:], reference)
    number = int(reference[3:-1], 16) if reference[2] in "xX" else int(reference[2:-1])
    if 0x80 <= number < 0xA0:
        return unescape(reference) or "\ufffd"
    return replace_invalid_characters(chr(number)) if number < 0x110000 else "\ufffd"


def resolve_references(text: str) -> str:
    """Resolve the character references in a text."""
    return _REFERENCE.sub(lambda match: resolve_reference(match[0]), text) if "&" in text else text


def resolve_references_and_escapes(text: str) -> str:
    """Resolve character references and backslash escapes, as in the URL or title of a link."""
    return _REFERENCE_OR_ESCAPE.sub(_resolve_match, text) if "&" in text or "\\" in text else text


def _resolve_match(match: re.Match[str]) -> str:
    return match[0][1] if match[0][0] == "\\" else resolve_reference(match[0])
