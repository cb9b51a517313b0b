"""Pairs asterisks, underscores and tildes as CommonMark and GitHub do, except next to Chinese.

CommonMark leaves `**中文（注）**后` literal: full-width punctuation counts as punctuation, and with a letter
after it the run can neither open nor close (github.com/commonmark/commonmark-spec/issues/650). Here, a run
next to a CJK character can open and close regardless of punctuation. And a single tilde between two words is
text, as in 10~20元. `==highlighted==` is as in Obsidian, Typora and Hugo; a==b is a comparison.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from publisher.reader.lines import is_cjk

Token = dict[str, Any]

_WHOLE_RUNS = "~="
"""Marks of which only runs of the same length are a pair."""

_KINDS = {("=", 2): "mark", ("~", 1): "strike", ("~", 2): "strike", ("*", 2): "strong", ("_", 2): "strong"}


def build_delimiter(run: str, before: str, after: str) -> Token:
    """Build the token of a run of `*`, `_`, `~` or `=` between two characters (empty if there is none)."""
    opens = starts = bool(after) and not after.isspace()
    closes = ends = bool(before) and not before.isspace()
    if not (is_cjk(before) or is_cjk(after)):
        opens = starts and not (_is_punctuation(after) and ends and not _is_punctuation(before))
        closes = ends and not (_is_punctuation(before) and starts and not _is_punctuation(after))
    if run[0] == "_" and opens and closes:
        opens, closes = _is_punctuation(before), _is_punctuation(after)
    if run == "~":
        opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
    elif run == "==":
        opens, closes = opens and not _is_latin(before), closes and not _is_latin(after)
    elif run[0] in _WHOLE_RUNS and len(run) > 2:
        opens = closes = False
    return {"type": "delimiter", "raw": run, "opens": opens, "closes": closes, "length": len(run)}


def _is_latin(char: str) -> bool:
    return char.isalnum() and not is_cjk(char)


def _is_punctuation(char: str) -> bool:
    return bool(char) and unicodedata.category(char)[0] in "PS"


def pair_delimiters(tokens: list[Token], depth: int) -> list[Token]:
    """Turn delimiter pairs into strong, emphasis, strike and mark tokens, at most `depth` deep.

    A delimiter without a partner becomes text.
    """
    if "delimiter" not in [token["type"] for token in tokens]:
        return tokens
    out: list[Token] = []
    openers = _Openers()
    for token in tokens:
        if token["type"] != "delimiter":
            out.append(token)
            continue
        run = token["raw"]
        while run and token["closes"] and (opener := openers.find(out, token, run)) is not None:
            width = len(run) if run[0] in _WHOLE_RUNS else min(len(run), len(out[opener]["raw"]), 2)
            children = [_to_text_token(child) for child in out[opener + 1 :]]
            nesting = 1 + max((child.get("_depth", 0) for child in children), default=0)
            if not children or nesting > depth:
                break
            del out[opener + 1 :]
            kind = _KINDS.get((run[0], width), "emphasis")
            out.append({"type": kind, "children": children, "_depth": nesting})
            out[opener] = out[opener] | {"raw": out[opener]["raw"][width:]}
            if not out[opener]["raw"]:
                del out[opener]
            openers.remove_from(opener + (out[opener]["type"] == "delimiter"))
            run = run[width:]
        if run:
            if token["opens"]:
                openers.add(len(out))
            out.append(token | {"raw": run})
    if "delimiter" not in [token["type"] for token in out]:  # all have a partner
        return out
    return [_to_text_token(token) for token in _pair_spaced_bold(out, depth)]


class _Openers:
    """The delimiters that a later one may close, as indexes of tokens in ascending order."""

    def __init__(self) -> None:
        self._indexes: list[int] = []
        # what was looked for in vain is not looked for again: how many openers have been compared with such a
        # closer (`openers_bottom` in the algorithm of CommonMark's appendix)
        self._compared: dict[tuple[str, bool, int], int] = {}

    def add(self, index: int) -> None:
        self._indexes.append(index)

    def find(self, tokens: list[Token], closer: Token, run: str) -> int | None:
        """Return the index of the nearest opener for a closer, of which `run` remains; None if there is none."""
        key = (run if run[0] in _WHOLE_RUNS else run[0], closer["opens"], closer["length"] % 3)
        for place in range(len(self._indexes) - 1, self._compared.get(key, 0) - 1, -1):
            if _matches(tokens[self._indexes[place]], closer, run):
                return self._indexes[place]
        self._compared[key] = len(self._indexes)
        return None

    def remove_from(self, index: int) -> None:
        """Remove the openers at this index and after it."""
        while self._indexes and self._indexes[-1] >= index:
            self._indexes.pop()
        if self._compared:
            self._compared = {key: min(count, len(self._indexes)) for key, count in self._compared.items()}


def _matches(opener: Token, closer: Token, run: str) -> bool:
    if opener["raw"][0] != run[0]:
        return False
    if run[0] in _WHOLE_RUNS:
        return len(opener["raw"]) == len(run)
    if not (opener["closes"] or closer["opens"]):
        return True
    lengths = opener["length"], closer["length"]
    return sum(lengths) % 3 != 0 or not any(length % 3 for length in lengths)


def _pair_spaced_bold(tokens: list[Token], depth: int) -> list[Token]:
    """Pair the remaining `**` with spaces inside, as in `** 加粗 **`, if Chinese is between them."""
    out: list[Token] = []
    start: int | None = None
    for token in tokens:
        if token["type"] == "delimiter" and token["raw"] == "**":
            if start is not None and (inside := out[start + 1 :]) and any(is_cjk(c) for c in _get_first_text(inside)):
                children = [_to_text_token(child) for child in inside]
                if 1 + max(child.get("_depth", 0) for child in children) <= depth:
                    out[start:] = [{"type": "strong", "children": children}]
                    start = None
                    continue
            start = len(out)
        out.append(token)
    return out


def _get_first_text(tokens: list[Token]) -> str:
    return next((str(token["raw"]) for token in tokens if token["type"] == "text"), "")


def _to_text_token(token: Token) -> Token:
    return {"type": "text", "raw": token["raw"]} if token["type"] == "delimiter" else token
