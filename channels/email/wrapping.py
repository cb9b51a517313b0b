"""Measures text in columns and wraps it, for fixed and flowed lines.

A column is the width of an ASCII letter in a terminal. Wide and full-width characters take two, ambiguous
ones one (UAX 11). No line starts with closing or ends with opening punctuation, and words, numbers and URLs
are not split (W3C clreq, "line start and line end prohibition").

The widths of all characters of a text are looked up at once, so a line costs a few counts and not a step per
character; where it may end is tested only near its end. wcwidth would give the widths, which are the smaller
part; no library has the rules of line breaks for both kinds of text and flowed lines.

Chinese, Japanese and Korean paragraphs are not flowed by default: mutt breaks flowed text at spaces only, so it shows
them as overlong lines with its mark `+`, and most web mail ignores flowed lines.

Flowed lines (RFC 3676): a line that ends in a space continues in the next one. With DelSp=yes that space is
not part of the text, so a line may break anywhere, as between Chinese characters. A line that begins with a
space, ">" or "From " is stuffed: it gets a space in front, which the mail program removes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

from publisher.patterns import lazy_pattern

_WIDE, _NARROW, _SPACE = "w", "n", " "
_OPENING, _NARROW_OPENING = "(", "<"
_CLOSING, _NARROW_CLOSING = ")", ">"
_ASCII_CLOSING = ","  # ASCII closing punctuation, which may also begin a word: .NET
_GLUE = "q"  # no break before or after it
_MARK, _EMOJI_MARK, _JOINER = "z", "v", "j"  # no break before them, nor after a joiner

# the pairs of classes between which a line may end
_BREAK_PAIRS = frozenset(
    [
        *(before + after for before in (_WIDE, _CLOSING, _EMOJI_MARK) for after in "wn(<"),
        *(before + after for before in (_NARROW, _ASCII_CLOSING, _NARROW_CLOSING) for after in "w("),
        *(_SPACE + after for after in "wn(<,qv"),
    ]
)
_CLASS_WIDTHS = {_WIDE: 2, _OPENING: 2, _CLOSING: 2, _MARK: 0, _JOINER: 0}  # all others take one

_FORCED_BREAK_AFTER = "/-_.&=?"
_ASCII_WORD = lazy_pattern("[!-~]*")  # within ASCII, a line ends only at a space

_CLASS_OVERRIDES = {
    _ASCII_CLOSING: ",.;:!?%)]}/-℃‰°′″",
    _NARROW_OPENING: "({|",
    _NARROW_CLOSING: ">’”…‥·—―",
    _GLUE: "\"'[\u00a0\u202f\u2007",
    _OPENING: "￥＄￡＃＠",
    _CLOSING: "。，、．：；？！～〜％－・ーゝゞヽヾ々〻ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ\u3000"
    "🏻🏼🏽🏾🏿",
    _EMOJI_MARK: "\ufe0f",
    _JOINER: "\u200d",
}


class _CharacterClassCache(dict[str, str]):
    """The class of each character, computed when it first occurs."""

    def __missing__(self, char: str) -> str:
        self[char] = character_class = _classify_character(char)
        return character_class


def _classify_character(char: str) -> str:
    category = unicodedata.category(char)
    # the vowels and final consonants of a decomposed Hangul syllable take no column
    if category in ("Mn", "Me", "Cf") or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":
        return _MARK
    wide = unicodedata.east_asian_width(char) in ("W", "F")
    match category:
        case "Zs":
            return _SPACE
        case "Ps" | "Pi":
            return _OPENING if wide else _NARROW_OPENING
        case "Pe" | "Pf":
            return _CLOSING if wide else _NARROW_CLOSING
        case _:
            return _WIDE if wide else _NARROW


_CHARACTER_CLASSES = _CharacterClassCache({char: name for name, chars in _CLASS_OVERRIDES.items() for char in chars})

# characters whose width is that of their block of 256, and the width of each block
_COMMON_CHARACTERS = lazy_pattern(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2e80-\u2e99\u2e9b-\u2ef3"
    "\u3000-\u3029\u3030-\u303e\u3041-\u3096\u309b-\u30ff\u3105-\u312f\u3220-\u3247\u3250-\u4dbf"
    "\u4e00-\ua48c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe52\uff01-\uff60]*"
)
_WIDTH_BY_ROW = bytes(2 if row >= 0x2E else 1 for row in range(256))


def count_columns(text: str) -> int:
    """Return the width of a text in columns."""
    return len(text) if text.isascii() else sum(_measure_characters(text))


def fits(text: str, width: int) -> bool:
    """Return whether a text takes at most `width` columns."""
    return 2 * len(text) <= width or count_columns(text) <= width


def _measure_characters(text: str) -> bytes:
    """Return the width of each character in columns, one byte each."""
    if _COMMON_CHARACTERS.fullmatch(text):
        return text.encode("utf-16-le")[1::2].translate(_WIDTH_BY_ROW)
    return bytes([_CLASS_WIDTHS.get(_CHARACTER_CLASSES[char], 1) for char in text])


def wrap_text(text: str, first: int, rest: int) -> list[str]:
    """Split a text into lines that join to it again, at most `first` columns wide, then `rest`.

    Spaces at the end of a line do not count. Only a URL (a word with "://") may be wider; any other word that
    is too long is split.
    """
    size = len(text)
    if 2 * size <= first or ("://" in text and text.isascii() and " " not in text):
        return [text]
    widths = _measure_characters(text)
    has_zero_width = 0 in widths
    lines, start, room, unbroken = [], 0, first, 0
    while (end := _measure_line(widths, start, room, has_zero_width)) < size:
        end, unbroken = _find_break(text, start, end, unbroken)
        lines.append(text[start:end])
        start, room = end, rest
    if start < size:
        lines.append(text[start:])
    return lines


def truncate_to_columns(text: str, width: int) -> str:
    """Return the text, shortened to `width` columns with an ellipsis if it is wider.

    It ends between words, or else within a word so long that not even half of the width would be used.
    """
    if fits(text, width):
        return text
    widths = _measure_characters(text)
    end = _measure_line(widths, 0, width - 1, 0 in widths)
    cut = len(wrap_text(text, width - 1, width)[0].rstrip(_TRIMMED_BEFORE_ELLIPSIS))
    if cut > end or 2 * count_columns(text[:cut]) < width:
        cut = _find_forced_break(text, 0, end)
    return text[:cut].rstrip(_TRIMMED_BEFORE_ELLIPSIS) + "…"


_TRIMMED_BEFORE_ELLIPSIS = " ，、；：,;:/（("

# by rows of 256 characters: a space for those of Chinese, Japanese and Korean. Not a pattern: one of so large ranges
# takes a millisecond to compile
_CJK_ROWS = (0x11, *range(0x2F, 0xA5), *range(0xAC, 0xD8), 0xF9, 0xFA, 0xFF)
_CJK_BY_ROW = bytes(ord(" " if row in _CJK_ROWS else "x") for row in range(256))
_CJK_RUN = b" " * 12  # in text of another language, a program that breaks at spaces needs a break
_CJK_SHARE = 10


def _is_cjk_paragraph(text: str) -> bool:
    """Return whether a paragraph is Chinese, Japanese or Korean, or has a long quotation in one of these."""
    if text.isascii():
        return False
    rows = text.encode("utf-16-be", "surrogatepass")[::2].translate(_CJK_BY_ROW)
    return _CJK_RUN in rows or rows.count(b" ") * _CJK_SHARE >= len(text)


def _measure_line(widths: bytes, start: int, width: int, has_zero_width: bool) -> int:
    """Return where a line from `start` ends at the latest; `has_zero_width`: some widths are 0."""
    end, size = start, len(widths)
    while width > 1 and end < size:
        ahead = end + width // 2  # they fit even if all of them are wide
        width -= ahead - end + widths.count(2, end, ahead) - (has_zero_width and widths.count(0, end, ahead))
        end = ahead
    while end < size and widths[end] <= width:
        width -= widths[end]
        end += 1
    return end


def _find_break(text: str, start: int, end: int, unbroken: int) -> tuple[int, int]:
    """Return where the line from `start` ends, if there is room up to `end`.

    Also return where the long word ends that the line is in, a word of several lines that is not a URL. The next call
    gets this as `unbroken` and need not look for the end again.
    """
    while text[end] == " ":  # spaces may extend beyond the width
        end += 1
        if end == len(text):
            return end, unbroken
    after = _CHARACTER_CLASSES[text[end]]
    for cut in range(end, start, -1):
        before = _CHARACTER_CLASSES[text[cut - 1]]
        if before + after in _BREAK_PAIRS:
            if before != _SPACE or _is_break_allowed(text, cut):
                return cut, unbroken
        elif before == _MARK and _is_break_allowed(text, cut):
            return cut, unbroken
        after = before
    if end >= unbroken:
        word = _ASCII_WORD.match(text, end)
        word_end = word.end() if word else end
        unbroken = next(
            (cut for cut in range(max(word_end, end + 1), len(text)) if _is_break_allowed(text, cut)), len(text)
        )
        if text.find("://", start, unbroken) >= 0:
            return unbroken, unbroken
    return _find_forced_break(text, start, end), unbroken


def _is_break_allowed(text: str, cut: int) -> bool:
    """Return whether a line may end before the character at `cut`."""
    before, after = _CHARACTER_CLASSES[text[cut - 1]], _CHARACTER_CLASSES[text[cut]]
    if before == _MARK and after != _MARK:  # no line ends before a mark
        bases = (_CHARACTER_CLASSES[text[at]] for at in range(cut - 1, -1, -1))
        before = next((base for base in bases if base != _MARK), _NARROW)
    elif before == _SPACE and cut > 1 and _CHARACTER_CLASSES[text[cut - 2]] in (_OPENING, _NARROW_OPENING):
        return False
    return before + after in _BREAK_PAIRS


def _find_forced_break(text: str, start: int, end: int) -> int:
    """Return where to split a word that is longer than a line.

    After one of `_FORCED_BREAK_AFTER` in the second half of the line; else where punctuation stays on its
    side of the break and no combined character is split.
    """
    for cut in range(end, (start + end) // 2, -1):
        if text[cut - 1] in _FORCED_BREAK_AFTER and text[cut].isalnum():
            return cut
    for cut in range(end, start + 1, -1):
        if _CHARACTER_CLASSES[text[cut]] not in ")>,zvj" and _CHARACTER_CLASSES[text[cut - 1]] not in "(<qj":
            return cut
    return max(end, start + 1)


SIGNATURE_DELIMITER = "-- "
"""The line above the signature, with its space (RFC 3676, section 4.3)."""

_SOFT_BREAK = " "
_STUFFED_PREFIXES = (" ", ">", "From ")


Wrap = Literal["auto", "flowed", "hard", "none"]
"""How lines are broken: `auto` is `hard` for paragraphs in Chinese, Japanese and Korean, and `flowed` for others."""


class TextBuffer:
    """Collects text as lines of at most `width` columns; with `wrap` none, lines of any length.

    In `lines`, a line that ends in a space continues in the next one, except SIGNATURE_DELIMITER; a break at
    a space keeps that space as well. Lines are not stuffed. The numbers of URLs follow `last_note`, the number of
    the last footnote in the text.
    """

    def __init__(self, width: int, *, wrap: Wrap = "auto", last_note: int = 0) -> None:
        self.width = width
        self.last_note = last_note
        self.lines: list[str] = []
        self._wrap = wrap

    def write(self, text: str, first: str = "", rest: str = "") -> None:
        """Append a text as new lines with the ASCII prefixes `first` and `rest` (for the other lines).

        Without `rest`, mail programs may join the lines again. With `rest`, as in lists, the lines are fixed;
        the prefixes should begin with a space, so that all lines are stuffed alike.
        """
        text = text.rstrip(" ")
        if not text:
            self.lines.append(first.rstrip(" "))
        elif self._wrap == "none" or 2 * len(text) + len(first) <= self.width:
            self.lines.append(first + text)
        else:
            lines = wrap_text(text, self.width - len(first), self.width - len(rest))
            if rest or self._wrap == "hard" or (self._wrap == "auto" and _is_cjk_paragraph(text)):
                lines = [line.rstrip(" ") for line in lines]
            else:
                lines = [*[line + _SOFT_BREAK for line in lines[:-1]], lines[-1]]
            self.lines += [first + lines[0], *[rest + line for line in lines[1:]]]

    def write_blank(self) -> None:
        """Append an empty line."""
        self.lines.append("")


def is_flowed(lines: Iterable[str]) -> bool:
    """Return whether a line of a TextBuffer continues in the next one."""
    return any(line.endswith(_SOFT_BREAK) and line != SIGNATURE_DELIMITER for line in lines)


def format_fixed_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines of a TextBuffer as fixed lines, without the spaces at their ends."""
    return [line if line == SIGNATURE_DELIMITER else line.rstrip(" ") for line in lines]


def format_flowed_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines of a TextBuffer as format=flowed lines with DelSp=yes, stuffed."""
    return [f" {line}" if line.startswith(_STUFFED_PREFIXES) else line for line in lines]
