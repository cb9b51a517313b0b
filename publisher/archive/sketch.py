"""A sketch of an issue's text, by which it is recognised after its date, its id or its file name has changed.

It has the smallest hashes of the text's lines: the share of common hashes in two sketches estimates the share
of common lines in the texts (https://en.wikipedia.org/wiki/MinHash), however long these are.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

_MAX_HASHES = 32
_HASH_LENGTH = 8  # characters


def compute_sketch(lines: Iterable[str]) -> str:
    """Return the sketch of a text: at most 32 hashes of 8 hex digits. Lines without letters and digits are
    ignored, and so are the order of the lines and the white space around them."""
    words = {line.strip() for line in lines}
    hashes = {zlib.crc32(line.encode("utf-8", "surrogatepass")) for line in words if any(map(str.isalnum, line))}
    return "".join(f"{number:08x}" for number in sorted(hashes)[:_MAX_HASHES])


def count_lines(sketch: str) -> int:
    """Return how many different lines the text has, at most 32."""
    return len(sketch) // _HASH_LENGTH


def estimate_similarity(first: str, second: str) -> float:
    """Estimate the share of lines that two texts have in common: 0.0 to 1.0. Two empty texts have none."""
    hashes, others = _split_sketch(first), _split_sketch(second)
    smallest = sorted(hashes | others)[:_MAX_HASHES]
    return sum(number in hashes and number in others for number in smallest) / (len(smallest) or 1)


def _split_sketch(sketch: str) -> frozenset[str]:
    return frozenset(sketch[at : at + _HASH_LENGTH] for at in range(0, len(sketch), _HASH_LENGTH))
