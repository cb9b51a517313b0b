"""The word a person probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, whatever its case; None when nothing is near."""
    from difflib import get_close_matches  # only after a mistake, so not at start-up

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest known word as a question, or all of them when nothing is near."""
    words = list(known)
    near = nearest(word, words)
    return f"did you mean {near}?" if near else f"known here: {', '.join(words)}"
