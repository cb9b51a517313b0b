"""Source text as lines that know where they stood."""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher.dataclass import dataclass
from publisher.errors import IssueError
from publisher.model import Pos
from publisher.patterns import lazy_pattern

# what no channel can carry: XML 1.0 and HTML both refuse it (www.w3.org/TR/xml/#charsets)
_INVALID_CHARACTERS = lazy_pattern("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SPACES = lazy_pattern("[\x0b\x0c\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Line:
    """One source line, or what is left of it inside a quote or list.

    `text` has no white space at its end; `column` is where it starts in the source; `hard` says that
    the editor ended it with a Markdown hard break; `code` that it lies inside a code fence.
    """

    number: int
    text: str
    column: int = 1
    hard: bool = False
    code: bool = False

    @property
    def indent(self) -> int:
        """The width of the white space at the start, tabs to multiples of four."""
        width = 0
        for char in self.text:
            if char == " ":
                width += 1
            elif char == "\t":
                width += 4 - width % 4
            else:
                break
        return width

    @property
    def pos(self) -> Pos:
        """The line's text without the white space before it."""
        start = len(self.text) - len(self.text.lstrip())
        return Pos(self.number, self.column + start, self.number, self.column + len(self.text))

    def cut(self, count: int) -> Line:
        """The line without its first `count` characters."""
        return Line(self.number, self.text[count:], self.column + count, self.hard, self.code)


def decode(data: bytes, path: str = "") -> str:
    """Bytes of an issue as text: UTF-8, with or without a byte order mark, or UTF-16 with one.

    Raises IssueError with file, line and column when the bytes are something else.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise IssueError(
            f"{path}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8",
            "save the file as UTF-8 in your editor",
        ) from None


def split_lines(text: str) -> list[Line]:
    """The lines of a text. A character no channel can carry becomes U+FFFD, so columns stay right."""
    text = _INVALID_CHARACTERS.sub("\ufffd", _SPACES.sub(" ", text.removeprefix("\ufeff")))
    lines = []
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        stripped = raw.rstrip()
        hard = raw.endswith("  ")
        if len(stripped) > 1 and stripped.endswith("\\") and not stripped.endswith("\\\\"):
            stripped, hard = stripped[:-1].rstrip(), True
        lines.append(Line(number, stripped, hard=hard))
    return lines


def compute_span(lines: Sequence[Line]) -> Pos:
    """The stretch from the first to the last of some lines."""
    first, last = lines[0].pos, lines[-1].pos
    return Pos(first.line, first.column, last.end_line, last.end_column)


_CJK_MARKS = frozenset("“”‘’—…·")


def is_cjk(char: str) -> bool:
    """True for a CJK letter or a punctuation mark written with them; false for the empty string."""
    # by comparison: a character class of these ranges takes as long to compile as all others together
    return (
        "\u2e80" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or "\uff00" <= char <= "\uffef"
        or char in _CJK_MARKS
    )
