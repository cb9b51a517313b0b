"""Compares two texts word by word, and Chinese and Japanese text character by character. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import Enum

from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = lazy_pattern(rf"\s*(https?://[^\s<>{_WIDE}]+|(?:[^\W{_WIDE}])+|\S)")
"""A word with the space before it: a URL, letters and digits, or one character of any other kind."""

_UNDERLINE = lazy_pattern(r"[-=_*#|·—]+")

_MIN_KEPT_CHARACTERS = 3
"""Fewer characters between two changes are shown as changed, too: single words that recur are no context."""

_MIN_COMMON_PERCENT = 30
"""A passage with less words in common is shown as a whole, first the old one and then the new one."""

_MAX_COMPARISONS = 4_000_000
"""Passages with more pairs of words are not compared word by word, for speed."""


class PieceKind(Enum):
    """What became of a piece of text."""

    SAME = "same"
    OLD = "old"
    NEW = "new"


class Piece(NamedTuple):
    """A piece of a line, with what became of it."""

    kind: PieceKind
    text: str


Line = tuple[Piece, ...]


def diff_words(old: Sequence[str], new: Sequence[str], *, context: int = 1) -> list[list[Line]]:
    """Return the passages that differ, each as lines, with `context` lines before and after it.

    Space around lines, lines without a letter such as underlines, and where lines are broken inside of a changed
    passage do not count.
    """
    before, after = (_strip_lines(lines) for lines in (old, new))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    passages = []
    for group in matcher.get_grouped_opcodes(context):
        lines: list[Line] = []
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                lines += [(Piece(PieceKind.SAME, line),) for line in before[start:end]]
            else:
                lines += _diff_passage(before[start:end], after[new_start:new_end])
        passages.append(lines)
    return [lines for lines in passages if any(piece.kind is not PieceKind.SAME for line in lines for piece in line)]


def _strip_lines(lines: Sequence[str]) -> list[str]:
    return [stripped for line in lines if (stripped := line.strip()) and not _UNDERLINE.fullmatch(stripped)]


def _diff_passage(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    before, after = _WORD.findall("\n".join(old)), _WORD.findall("\n".join(new))
    whole: list[Line] = [(Piece(PieceKind.OLD, line),) for line in old]
    whole += [(Piece(PieceKind.NEW, line),) for line in new]
    if not (before and after) or len(before) * len(after) > _MAX_COMPARISONS:
        return whole
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    same = sum(end - start for tag, start, end, _, _ in opcodes if tag == "equal")
    if 100 * same < _MIN_COMMON_PERCENT * max(len(before), len(after)):
        return whole
    if before == after:  # only the space differs
        return []
    spaced = _split_before_spaces("\n".join(old)), _split_before_spaces("\n".join(new))
    return [*_break_lines(_build_pieces(*spaced, opcodes))]


def _split_before_spaces(text: str) -> list[str]:
    """Return the words, each with the space before it."""
    return [match[0] for match in _WORD.finditer(text)]


def _build_pieces(
    old: Sequence[str], new: Sequence[str], opcodes: Sequence[tuple[str, int, int, int, int]]
) -> Iterator[Piece]:
    """Yield what is the same, old and new, in this order at each place; short common pieces between changes are
    part of them."""
    removed = added = ""
    for number, (tag, start, end, new_start, new_end) in enumerate(opcodes):
        if tag == "equal":
            text = "".join(new[new_start:new_end])
            is_between = 0 < number < len(opcodes) - 1
            if not (is_between and len(text.strip()) < _MIN_KEPT_CHARACTERS and "\n" not in text):
                yield from _build_change(removed, added)
                removed = added = ""
                yield Piece(PieceKind.SAME, text)
                continue
        removed += "".join(old[start:end])
        added += "".join(new[new_start:new_end])
    yield from _build_change(removed, added)


def _build_change(removed: str, added: str) -> Iterator[Piece]:
    """Yield the pieces of a change; the space that both begin with is not part of it."""
    if space := added[: len(added) - len(added.lstrip())] if added else removed[: len(removed) - len(removed.lstrip())]:
        yield Piece(PieceKind.SAME, space)
    if removed.strip():
        yield Piece(PieceKind.OLD, removed.strip())
    if added.strip():
        yield Piece(PieceKind.NEW, added.strip())


def _break_lines(pieces: Iterator[Piece]) -> Iterator[Line]:
    line: list[Piece] = []
    for piece in pieces:
        first, *rest = piece.text.split("\n")
        line += [piece._replace(text=first)] if first else []
        for text in rest:
            if line:
                yield tuple(line)
            line = [piece._replace(text=text)] if text else []
    if line:
        yield tuple(line)
