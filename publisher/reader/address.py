"""Finds what the URLs of an issue are made of: its slug, its number, and where its page is or was elsewhere."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from publisher.links import clean_slug
from publisher.model import Address, Title
from publisher.patterns import lazy_pattern
from publisher.reader.front_matter import FrontMatter, get_front_list, get_front_value

_BUNDLES = ("index", "_index", "readme")
"""File names, in lower case, that say nothing: the folder has the name of the issue, as in Hugo's page bundles."""

_DATE_BEFORE = lazy_pattern(r"\d{4}-?\d{2}-?[\dxX]{2}(?:[-_. ]+|\Z)")
_NUMBER_WORD = lazy_pattern(
    r"第\s*(\d{1,5})\s*[期号回號卷]|(?:(?<![a-z])(?:issue|no|vol|number|edition)[-_. ]*|[№#]\s*)(\d{1,5})(?!\d)",
    re.IGNORECASE,
)
_NUMBER_AT_END = lazy_pattern(r"(?:\A\D*|[-_. ])(\d{1,5})\Z")
_NUMBER_AT_START = lazy_pattern(r"(\d{1,5})(?=[-_. ]|\Z)")
_YEAR = lazy_pattern(r"(?:19|20)\d\d\Z")
_NUMBER_KEYS = ("number", "issue", "issue_number")
_PAGE_KEYS = ("url", "permalink")  # of Hugo and of Jekyll
_ALIAS_KEYS = ("aliases", "redirect_from")  # of Hugo and of Jekyll


def find_address(front: FrontMatter, path: str, title: Title | None) -> Address:
    """Return what an issue says of its address, in the front matter, its file name and its title."""
    name = _find_name(path)
    pages = (get_front_value(front, key) for key in _PAGE_KEYS)
    aliases = dict.fromkeys(alias for key in _ALIAS_KEYS for alias in get_front_list(front, key))
    return Address(
        slug=clean_slug(get_front_value(front, "slug")) or clean_slug(name),
        number=_find_issue_number(front, name, title.name if title else ""),
        # other programs have the address of something else there, or the name of a style
        page=next((page for page in pages if page.startswith("/")), ""),
        aliases=tuple(aliases),
    )


def _find_issue_number(front: FrontMatter, name: str, title: str) -> str:
    """Return the number of an issue as written: in the front matter, else in its file name without date and suffix,
    else in its title; "" if it has none. A year alone is none."""
    for key in _NUMBER_KEYS:
        if re.fullmatch(r"\d{1,9}", value := get_front_value(front, key).strip()):
            return value
    if not any(map(str.isdecimal, name + title)):
        return ""
    if match := _NUMBER_WORD.search(name) or _NUMBER_WORD.search(title):
        return str(match[1] or match[2])
    matches = (_NUMBER_AT_END.search(name), _NUMBER_AT_START.match(name), _NUMBER_AT_END.search(title))
    return next((str(match[1]) for match in matches if match and not _YEAR.match(match[1])), "")


def _find_name(path: str) -> str:
    """Return the name of the file without date and suffix, or of its folder if the file's says nothing."""
    file = PurePosixPath(path)
    stem = file.parent.name if file.stem.lower() in _BUNDLES else file.stem
    return _DATE_BEFORE.sub("", stem, count=1) if _DATE_BEFORE.match(stem) else stem
