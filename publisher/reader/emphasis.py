"""Pairs asterisks and underscores as CommonMark does, except next to Chinese.

CommonMark leaves `**中文（注）**后` literal: full-width punctuation counts as punctuation, and with a letter
after it the run can neither open nor close (github.com/commonmark/commonmark-spec/issues/650). Here, a run
next to a CJK character can open and close regardless of punctuation.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from publisher.reader.lines import is_cjk

Token = dict[str, Any]


def build_delimiter(run: str, before: str, after: str) -> Token:
    """Build the token of a run of `*` or `_` between two characters (empty if there is none)."""
    opens = starts = bool(after) and not after.isspace()
    closes = ends = bool(before) and not before.isspace()
    if not (is_cjk(before) or is_cjk(after)):
        opens = starts and not (_is_punctuation(after) and ends and not _is_punctuation(before))
        closes = ends and not (_is_punctuation(before) and starts and not _is_punctuation(after))
    if run[0] == "_" and opens and closes:
        opens, closes = _is_punctuation(before), _is_punctuation(after)
    return {"type": "delimiter", "raw": run, "opens": opens, "closes": closes}


def _is_punctuation(char: str) -> bool:
    return bool(char) and unicodedata.category(char)[0] in "PS"


def pair_delimiters(tokens: list[Token], depth: int) -> list[Token]:
    """Turn delimiter pairs into strong and emphasis tokens, at most `depth` deep.

    A delimiter without a partner becomes text.
    """
    if not any(token["type"] == "delimiter" for token in tokens):
        return tokens
    out: list[Token] = []
    openers: list[int] = []
    for token in tokens:
        if token["type"] != "delimiter":
            out.append(token)
            continue
        run = token["raw"]
        while run and token["closes"] and (at := _find_opener(out, openers, run[0])) is not None:
            width = 2 if len(run) > 1 and len(out[at]["raw"]) > 1 else 1
            children = [_to_text_token(child) for child in out[at + 1 :]]
            nesting = 1 + max((child.get("_depth", 0) for child in children), default=0)
            if not children or nesting > depth:
                break
            del out[at + 1 :]
            kind = "strong" if width == 2 else "emphasis"
            out.append({"type": kind, "children": children, "_depth": nesting})
            out[at] = out[at] | {"raw": out[at]["raw"][width:]}
            if not out[at]["raw"]:
                del out[at]
                openers.remove(at)
            run = run[width:]
        if run:
            if token["opens"]:
                openers.append(len(out))
            out.append(token | {"raw": run})
    return [_to_text_token(token) for token in _pair_spaced_bold(out, depth)]


def _find_opener(out: list[Token], openers: list[int], char: str) -> int | None:
    """Return the index of the nearest opener of this character, and discard the openers after it."""
    for place in range(len(openers) - 1, -1, -1):
        if out[openers[place]]["raw"][0] == char:
            del openers[place + 1 :]
            return openers[place]
    return None


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
