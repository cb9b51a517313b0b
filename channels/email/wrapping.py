"""Text cut into lines of a given width: how many columns it takes, and where a line may end.

A column is what a terminal gives an ASCII letter; wide and full-width characters take two (UAX 11), an
ambiguous one takes one. No line starts with a closing mark or ends with an opening one, and a word, a
number or an address stays whole (W3C clreq, "line start and line end prohibition").

The columns of a whole text are looked up at once, so that a line costs a few counts and not a step per
character; where it may end is asked only near its end.

The sheet a mail is written on: a list of lines, each as long as it is wide at most.

RFC 3676: a line that ends in a space goes on in the next one. With DelSp=yes that space is no part of the
text, so a break may stand anywhere, as it does between Chinese characters. A line that begins with a space,
">" or "From " gets a space in front, which the reader takes away again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from publisher.patterns import lazy_pattern

_WIDE, _NARROW, _SPACE = "w", "n", " "
_OPENING, _NARROW_OPENING = "(", "<"
_CLOSING, _NARROW_CLOSING = ")", ">"
_ASCII_CLOSING = ","  # a closing mark of ASCII, which may begin a word too: .NET
_GLUE = "q"  # holds on to both its neighbours
_MARK, _EMOJI_MARK, _JOINER = "z", "v", "j"  # belong to the character before, the last to that after it too

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
_ASCII_WORD = lazy_pattern("[!-~]*")  # no line ends within ASCII but at a space

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
    """The class of each character, worked out when it first occurs."""

    def __missing__(self, char: str) -> str:
        self[char] = found = _classify_character(char)
        return found


def _classify_character(char: str) -> str:
    category = unicodedata.category(char)
    # the vowels and finals of a Hangul syllable written in pieces have no column of their own
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


_CHARACTER_CLASSES = _CharacterClassCache(
    {char: name for name, chars in _CLASS_OVERRIDES.items() for char in chars}
)

# characters as wide as all usual ones in their row of 256, and the width of each row
_COMMON_CHARACTERS = lazy_pattern(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2e80-\u2e99\u2e9b-\u2ef3"
    "\u3000-\u3029\u3030-\u303e\u3041-\u3096\u309b-\u30ff\u3105-\u312f\u3220-\u3247\u3250-\u4dbf"
    "\u4e00-\ua48c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe52\uff01-\uff60]*"
)
_WIDTH_BY_ROW = bytes(2 if row >= 0x2E else 1 for row in range(256))


def count_columns(text: str) -> int:
    """The columns a text takes."""
    return len(text) if text.isascii() else sum(_measure_characters(text))


def fits(text: str, width: int) -> bool:
    """Whether a text takes no more than `room` columns."""
    return 2 * len(text) <= width or count_columns(text) <= width


def _measure_characters(text: str) -> bytes:
    """The columns of each character."""
    if _COMMON_CHARACTERS.fullmatch(text):
        return text.encode("utf-16-le")[1::2].translate(_WIDTH_BY_ROW)
    return bytes([_CLASS_WIDTHS.get(_CHARACTER_CLASSES[char], 1) for char in text])


def wrap_text(text: str, first: int, rest: int) -> list[str]:
    """The text in pieces that join to it again: the first is at most `first` columns wide, the others
    `rest`, not counting the space at their end.

    Only an address (it has "://") may be wider; another word that is too long is cut.
    """
    size = len(text)
    if 2 * size <= first or ("://" in text and text.isascii() and " " not in text):
        return [text]
    widths = _measure_characters(text)
    marks = 0 in widths
    made, start, room = [], 0, first
    while (end := _measure_line(widths, start, room, marks)) < size:
        end = _find_break(text, start, end)
        made.append(text[start:end])
        start, room = end, rest
    if start < size:
        made.append(text[start:])
    return made


def truncate_to_columns(text: str, width: int) -> str:
    """The text in at most `room` columns; what does not fit gives way to an ellipsis."""
    if fits(text, width):
        return text
    return wrap_text(text, width - 1, width)[0][: width - 1].rstrip(" ，、；：,;:/（(") + "…"


def _measure_line(widths: bytes, start: int, width: int, has_zero_width: bool) -> int:
    """How far a line can go that begins at `start`; `marks` when there are characters without a column."""
    end, size = start, len(widths)
    while width > 1 and end < size:
        ahead = end + width // 2  # they fit even if all of them are wide
        width -= ahead - end + widths.count(2, end, ahead) - (has_zero_width and widths.count(0, end, ahead))
        end = ahead
    while end < size and widths[end] <= width:
        width -= widths[end]
        end += 1
    return end


def _find_break(text: str, start: int, end: int) -> int:
    """Where the line from `start` ends, when there is room up to `end`."""
    while text[end] == " ":  # spaces hang over the edge
        end += 1
        if end == len(text):
            return end
    after = _CHARACTER_CLASSES[text[end]]
    for cut in range(end, start, -1):
        before = _CHARACTER_CLASSES[text[cut - 1]]
        if before + after in _BREAK_PAIRS:
            if before != _SPACE or _is_break_allowed(text, cut):
                return cut
        elif before == _MARK and _is_break_allowed(text, cut):
            return cut
        after = before
    word = _ASCII_WORD.match(text, end)
    behind = word.end() if word else end
    later = next(
        (cut for cut in range(max(behind, end + 1), len(text)) if _is_break_allowed(text, cut)), len(text)
    )
    return later if "://" in text[start:later] else _find_forced_break(text, start, end)


def _is_break_allowed(text: str, cut: int) -> bool:
    """Whether a line may end before the character at `cut`."""
    before, after = _CHARACTER_CLASSES[text[cut - 1]], _CHARACTER_CLASSES[text[cut]]
    if before == _MARK:
        bases = (_CHARACTER_CLASSES[char] for char in reversed(text[:cut]))
        before = next((base for base in bases if base != _MARK), _NARROW)
    elif before == _SPACE and cut > 1 and _CHARACTER_CLASSES[text[cut - 2]] in (_OPENING, _NARROW_OPENING):
        return False
    return before + after in _BREAK_PAIRS


def _find_forced_break(text: str, start: int, end: int) -> int:
    """Where a word is cut that is longer than a line: behind one of its joints, if there is one in the second
    half of the line; else where no mark gets on the wrong side and no character of several is torn apart."""
    for cut in range(end, (start + end) // 2, -1):
        if text[cut - 1] in _FORCED_BREAK_AFTER and text[cut].isalnum():
            return cut
    for cut in range(end, start + 1, -1):
        if _CHARACTER_CLASSES[text[cut]] not in ")>zvj" and _CHARACTER_CLASSES[text[cut - 1]] not in "(<qj":
            return cut
    return max(end, start + 1)


SIGNATURE_DELIMITER = "-- "
"""The line above the signature; its space belongs to it (RFC 3676, section 4.3)."""

_SOFT_BREAK = " "
_STUFFED_PREFIXES = (" ", ">", "From ")


class TextBuffer:
    """Takes text and breaks it at `width` columns, or not at all when it is not `broken`.

    In `lines`, one that ends in a space goes on in the next, but for SIGNATURE; after a break at a space
    that space is there too. No line is stuffed.
    """

    def __init__(self, width: int, *, wrap: bool = True) -> None:
        self.width = width
        self.lines: list[str] = []
        self._wrap = wrap

    def write(self, text: str, first: str = "", rest: str = "") -> None:
        """Put a text on lines of its own, `first` before the first of them and `rest` before the others, both
        in ASCII.

        With an empty `rest` readers may join the lines again. A text that hangs below its `first` has a
        `rest`, and should begin with a space so that all its lines are stuffed alike.
        """
        text = text.rstrip(" ")
        if not text:
            self.lines.append(first.rstrip(" "))
        elif not self._wrap or 2 * len(text) + len(first) <= self.width:
            self.lines.append(first + text)
        else:
            made = wrap_text(text, self.width - len(first), self.width - len(rest))
            if rest:
                made = [rest + line.rstrip(" ") for line in made]
                made[0] = first + made[0][len(rest) :]
            else:
                *before, last = made
                made = [*[line + _SOFT_BREAK for line in before], last]
                made[0] = first + made[0]
            self.lines += made

    def write_blank(self) -> None:
        """An empty line."""
        self.lines.append("")


def format_fixed_lines(lines: Iterable[str]) -> list[str]:
    """The lines of a sheet as people see them."""
    return [line if line == SIGNATURE_DELIMITER else line.rstrip(" ") for line in lines]


def format_flowed_lines(lines: Iterable[str]) -> list[str]:
    """The lines of a sheet as a reader must get them that knows DelSp."""
    return [f" {line}" if line.startswith(_STUFFED_PREFIXES) else line for line in lines]
