"""Decodes the source of an issue and splits it into lines with positions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from publisher.errors import IssueError
from publisher.model import Pos
from publisher.patterns import lazy_pattern

# not allowed in XML 1.0 or HTML (www.w3.org/TR/xml/#charsets), so no channel could output them
_INVALID_CHARACTERS = lazy_pattern("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SPACES = lazy_pattern("[\x0b\x0c\u2028\u2029]")

_MAX_ZEROS = 0.1
"""Which part of the bytes of an issue may be 0: a few may come from a faulty program."""


class Line(Struct, frozen=True):
    """A source line, or what remains of it inside a quote or list.

    `text` has no trailing white space: `ending` has that, and a backslash at the end. `column` is where the
    text starts in the source, and counts from its right end if a tab on the left became spaces. `hard` is true
    if the line ends with a Markdown hard break, `code` if it is inside a code fence, `lazy` if it continues the
    paragraph of a quote or list without its marker. `offset` is the width of what was cut off, in columns.
    """

    number: int
    text: str
    column: int = 1
    hard: bool = False
    code: bool = False
    lazy: bool = False
    offset: int = 0
    ending: str = ""

    @property
    def indent(self) -> int:
        """The width of the leading white space, with tab stops every four columns."""
        text = self.text
        start = len(text) - len(text.lstrip(" \t"))
        return start if "\t" not in text[:start] else _measure(text[:start], self.offset)

    @property
    def pos(self) -> Pos:
        """The position of the text without leading white space."""
        start = len(self.text) - len(self.text.lstrip())
        return Pos(self.number, self.column + start, self.number, self.column + len(self.text))

    def cut(self, count: int) -> Line:
        """Return the line without its first `count` characters."""
        text = self.text
        width = count if "\t" not in text[:count] else _measure(text[:count], self.offset)
        column = self.column + min(count, len(text))
        return Line(
            self.number, text[count:], column, self.hard, self.code, self.lazy, self.offset + width, self.ending
        )

    def dedent(self, width: int) -> Line:
        """Return the line with its indent reduced by up to `width` columns; a tab may become spaces."""
        if not self.text:
            return replace(self, ending=self.ending[width:]) if self.ending else self
        start = cut = 0
        while cut < width and self.text[start : start + 1] in (" ", "\t"):
            cut += 1 if self.text[start] == " " else 4 - (self.offset + cut) % 4
            start += 1
        if cut <= width:
            return self._with_start(self.text[start:], cut)
        return self._with_start(" " * (cut - width) + self.text[start:], width)

    def _with_start(self, text: str, width: int) -> Line:
        """Return the line with what remains of its text after `width` columns were cut off."""
        column = self.column + len(self.text) - len(text)
        return Line(self.number, text, column, self.hard, self.code, self.lazy, self.offset + width, self.ending)

    def keep(self, count: int) -> Line:
        """Return the line with only its first `count` characters, without trailing white space."""
        return Line(self.number, self.text[:count].rstrip(), self.column)


def decode(data: bytes, path: str = "") -> str:
    """Decode an issue: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Raises IssueError with file, line and column if the bytes are not valid UTF-8, or too many are 0: those of UTF-16
    without a mark, of another kind of file, or of one that a power cut has emptied.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if data.count(0) > len(data) * _MAX_ZEROS:
        raise IssueError(f"{path}:1:{data.index(0) + 1}: byte 0x00 is not text", "save the file as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise IssueError(
            f"{path}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8"
        ) from None


def replace_invalid_characters(text: str) -> str:
    """Replace characters that no channel could output by U+FFFD, which keeps columns correct."""
    if text.replace("\n", "").isprintable():  # nearly always, and the pattern need not be compiled
        return text
    return _INVALID_CHARACTERS.sub("\ufffd", text)


def _measure(text: str, offset: int) -> int:
    """Return the width of a text that starts at the column `offset` (from 0) and may contain tabs."""
    width = 0
    for char in text:
        width += 4 - (offset + width) % 4 if char == "\t" else 1
    return width


def split_lines(text: str) -> list[Line]:
    """Split a text into lines, without invalid characters."""
    text = replace_invalid_characters(_SPACES.sub(" ", text.removeprefix("\ufeff")))
    lines = []
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        stripped = raw.rstrip()
        hard, ending = False, ""
        if stripped is not raw:
            hard, ending = raw.endswith("  "), raw[len(stripped) :]
        if stripped.endswith("\\") and len(stripped) > 1 and not stripped.endswith("\\\\"):
            stripped, hard = stripped[:-1].rstrip(), True
            ending = raw[len(stripped) :]
        lines.append(Line(number, stripped, 1, hard, ending=ending))
    return lines


def compute_span(lines: Sequence[Line]) -> Pos:
    """Return the position from the start of the first line to the end of the last."""
    first = lines[0].pos
    if len(lines) == 1 and first.column > 0:
        return first
    last = lines[-1].pos
    # the marks of a quote that is none in the source have no columns
    return Pos(first.line, max(first.column, 1), last.end_line, max(last.end_column, 1))


_CJK_MARKS = frozenset("“”‘’—…·")


def is_cjk(char: str) -> bool:
    """True for a CJK character or punctuation mark; false for the empty string."""
    # comparisons, because a character class of these ranges takes as long to compile as all others together
    return (
        "\u2e80" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or "\uff00" <= char <= "\uffef"
        or char in _CJK_MARKS
    )


def has_cjk(text: str) -> bool:
    """True if a text has CJK characters. English texts have quotation marks, dashes and dots, too."""
    return not text.isascii() and any(is_cjk(char) and char not in _CJK_MARKS for char in text)


def is_cjk_edge(char: str, text: str) -> bool:
    """True for a CJK character at an edge of a text, or a mark such as ” if the text has such characters."""
    return is_cjk(char) and (char not in _CJK_MARKS or has_cjk(text))
