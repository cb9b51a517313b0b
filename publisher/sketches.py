"""Sketches of texts: short, and similar for similar texts."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable

from publisher.model import Issue
from publisher.patterns import any_of, lazy_pattern

_MAX_HASHES = 32
_HASH_LENGTH = 8  # characters
_SENTENCE_END = lazy_pattern(any_of(("。！？；", ""), (".!?;", r"\s")))


def compute_sketch(lines: Iterable[str]) -> str:
    """Return a sketch of a text: its 32 smallest hashes of sentences, 8 hex digits each. A line end ends one, too.

    The share of common hashes in two sketches estimates the share of common sentences in the texts
    (https://en.wikipedia.org/wiki/MinHash). Sentences without letters and digits are ignored, and so are the
    order of the sentences and the white space around them.
    """
    sentences = {sentence.strip() for line in lines for sentence in _SENTENCE_END.split(line)}
    hashes = {zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in sentences if any(map(str.isalnum, text))}
    return "".join(f"{number:08x}" for number in sorted(hashes)[:_MAX_HASHES])


def split_sketch(sketch: str) -> frozenset[str]:
    """Return the hashes of a sketch."""
    return frozenset(sketch[at : at + _HASH_LENGTH] for at in range(0, len(sketch), _HASH_LENGTH))


def estimate_similarity(first: str, second: str, usual: Collection[str] = ()) -> float:
    """Estimate the share of sentences that two texts have in common, by their sketches: 0.0 to 1.0.

    Hashes that are `usual`, because other texts have the same sentences, do not count. Texts without sentences
    have nothing in common.
    """
    hashes, others = split_sketch(first), split_sketch(second)
    smallest = [number for number in sorted(hashes | others)[:_MAX_HASHES] if number not in usual]
    return sum(number in hashes and number in others for number in smallest) / (len(smallest) or 1)


def find_body_lines(text: str, issue: Issue) -> list[str]:
    """Return the lines of an issue without front matter and title, which say its date and id."""
    lines = text.splitlines()
    title = range(issue.title.pos.line, issue.title.pos.end_line + 1) if issue.title else ()
    return [line for number, line in enumerate(lines, 1) if number > issue.front_pos.end_line and number not in title]
