"""Guesses the name of a newsletter from the titles of its issues. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from publisher.patterns import lazy_pattern
from publisher.reader.dates import find_date
from publisher.scaffold.found_issue import NUMBER_PHRASE

_SEPARATORS = lazy_pattern(r"\s*[:：|｜·•—–(（)）\[\]【】「」『』《》〈〉,，、;；/／]\s*|\s+-+\s+|\s*~\s+")
_DATE_WORDS = lazy_pattern(
    r"(?<!\d)\d{4}(?:[-./]|\s*[年년]\s*)\d{1,2}(?:(?:[-./]|\s*[月월]\s*)(?:\d{1,2}|xx)\s*[日일]?|\s*[月월])?(?!\d)"
    r"|\b[^\W\d_]{3,10}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}\b|\b\d{1,2}\.?\s+(?:de\s+)?[^\W\d_]{3,10}\s+(?:de\s+)?\d{4}\b"
    r"|\b(?:19|20)\d\d\s+week\s+\d+|\b\d{2,4}\s*년\s*\d{1,2}\s*월",
    re.IGNORECASE,
)
_NUMBERS = lazy_pattern(r"(?<![\w.])#?v?\d+(?:\.\d+)*(?![\w])")
_GENERIC_WORDS = (
    "the a an of for in on and to issue issues no nr vol volume number edition episode newsletter week weekly",
    "monthly daily ending digest update updates news letter summary recap report links roundup new",
    "january february march april may june july august september october november december",
    "周报 周刊 月刊 双周刊 期 本期 第 期刊 번호 호 소식 выпуск номер العدد",
)
_GENERIC = {word for words in _GENERIC_WORDS for word in words.split()}
_MOST = 0.5
"""The share of titles that must have a part in common for it to be the name."""


def guess_name(titles: Sequence[Sequence[str]]) -> str:
    """Return what the titles have in common, without numbers, dates and separators; "" if that is nothing.

    `titles` has those of each issue, usually one. Words such as "Issue" alone are no name. One title without a
    number, a date or a separator is the title of its issue, and no name.
    """
    counts: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = {}
    for texts in titles:
        parts = {part.casefold(): part for text in texts for part in _split_title(text, alone=len(titles) == 1)}
        counts.update(parts.keys())
        for key, part in parts.items():
            spellings.setdefault(key, Counter())[part] += 1
    titled = sum(any(texts) for texts in titles)
    if counts:
        # of equally frequent parts, the first of a title
        best, count = counts.most_common(1)[0]
        if count >= max(titled * _MOST, min(titled, 2)):
            return spellings[best].most_common(1)[0][0]
    return _find_common_words([text for texts in titles for text in texts[:1]])


def _split_title(text: str, *, alone: bool) -> Iterator[str]:
    """Yield the parts of a title that can be a name: what is left between numbers, dates and separators."""
    cut = _NUMBERS.sub("\0", NUMBER_PHRASE.sub("\0", _DATE_WORDS.sub("\0", text)))
    parts = [part for piece in cut.split("\0") for part in _SEPARATORS.split(piece)]
    if alone and len(parts) == 1:
        return
    for part in parts:
        name = _strip_ends(part)
        if name and not _is_generic(name):
            yield name
            if alone:
                return


def _strip_ends(part: str) -> str:
    """Remove the marks around a name, and a word for its issues behind it: Harbour Notes, Issue."""
    part = part.strip(" \t.-_–—#!,;:：*|/")
    if len(part) > 1 and part[0] + part[-1] in ('""', "''", "“”", "‘’"):
        part = part[1:-1]
    return re.sub(
        r"(?i)[\s,]+(?:issue|no|nr|vol|volume|number|edition|episode|week of|week ending|for|of)\.?\Z", "", part
    )


def _is_generic(name: str) -> bool:
    """Return whether a text has only words that any newsletter could have."""
    words = re.findall(r"[^\W\d_]+", name.casefold())
    return not words or all(word in _GENERIC for word in words) or find_date(name) is not None


def _find_common_words(titles: Sequence[str]) -> str:
    """Return the words with which all titles begin, at least two of them."""
    if len(titles) < 2:
        return ""
    common: list[str] = []
    for words in zip(*(title.split() for title in titles), strict=False):
        if len({word.casefold() for word in words}) > 1:
            break
        common.append(words[0])
    name = _strip_ends(" ".join(common))
    return name if len(common) > 1 and not _is_generic(name) else ""
