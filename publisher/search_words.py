"""How words are found: a search term matches at the beginning of a word, whatever its case and accents; in languages
that are written without spaces, anywhere.

`templates/search.js` does the same in the browser; tests/judges/test_search.py compares the two. Does not interact with
anything, only processes text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from publisher.patterns import lazy_pattern

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u30fa\u30fc-\u318f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Chinese, Japanese and Korean, Thai, Lao, Burmese and Khmer: two neighbouring characters are the unit of search."""

# vowel signs of Indic scripts are no letters in Unicode, but parts of words; C++ and C# are words
_SPACED = f"(?:(?![{_UNSPACED}])(?:[^\\W_]|[\u0300-\u036f\u0900-\u0963\u0966-\u0dff]))+[+#]*"
_WORD = lazy_pattern(f"[{_UNSPACED}]+|{_SPACED}")
_MARKED = lazy_pattern(f"[{_UNSPACED}]|{_SPACED}")
_UNSPACED_START = lazy_pattern(f"[{_UNSPACED}]")

# accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, and characters without width
_MARKS = lazy_pattern(
    "[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06ed\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]"
)
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ς": "σ"}
)


def fold_text(text: str) -> str:
    """Return the text in lower case, without accents, and in characters of the usual width."""
    if text.isascii():
        return text.lower()
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", text).lower()).translate(_PLAIN_LETTERS)
    return unicodedata.normalize("NFC", folded)  # the syllables of Hangul and the marks of Kana


def build_search_key(*texts: str) -> str:
    """Return the words of the texts, each after a space: a term of `split_search_terms` is found as part of it."""
    return "".join([f" {word}" for text in texts for word in _WORD.findall(fold_text(text))])


def split_search_terms(query: str) -> tuple[str, ...]:
    """Return what must be part of the key: for a word a space and the word, for a run of characters written without
    spaces each two neighbours, or the only one."""
    terms: dict[str, None] = {}
    for word in _WORD.findall(fold_text(query)):
        if not _UNSPACED_START.match(word):
            terms[f" {word}"] = None
        elif len(word) == 1:
            terms[word] = None
        else:
            terms |= dict.fromkeys(map("".join, pairwise(word)))
    return tuple(terms)


def matches_terms(terms: Sequence[str], own: str, around: str = "") -> bool:
    """Return whether every term is in the key `own`; or some are there, and the others in that of what is around it,
    which has not all of them itself."""
    here, there = ({term for term in terms if term in key} for key in (own, around))
    if not here or len(here) == len(terms):
        return bool(here)
    return len(there) < len(terms) and len(here | there) == len(terms)


def find_marked(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Return where a text matches the terms, as (start, end): whole words, or single characters of a run of them."""
    spans = []
    for match in _MARKED.finditer(text):
        start, end = match.span()
        pair = build_search_key(text[start : start + 2]).strip()
        if not _UNSPACED_START.match(match[0]):
            is_found = any(term in build_search_key(match[0]) for term in terms)
        elif is_found := len(pair) == 2 and pair in terms:
            end += 1
        else:
            is_found = pair[:1] in terms
        if is_found:
            spans.append((start, end))
    return spans
