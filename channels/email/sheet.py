"""The sheet a mail is written on: a list of lines, each as long as it is wide at most.

RFC 3676: a line that ends in a space goes on in the next one. With DelSp=yes that space is no part of the
text, so a break may stand anywhere, as it does between Chinese characters. A line that begins with a space,
">" or "From " gets a space in front, which the reader takes away again.
"""

from __future__ import annotations

from collections.abc import Iterable

from publisher.channels.email.wrapping import pieces

SIGNATURE = "-- "
"""The line above the signature; its space belongs to it (RFC 3676, section 4.3)."""

_SOFT = " "
_STUFFED = (" ", ">", "From ")


class Sheet:
    """Takes text and breaks it at `width` columns, or not at all when it is not `broken`.

    In `lines`, one that ends in a space goes on in the next, but for SIGNATURE; after a break at a space
    that space is there too. No line is stuffed.
    """

    def __init__(self, width: int, *, broken: bool = True) -> None:
        self.width = width
        self.lines: list[str] = []
        self._broken = broken

    def write(self, text: str, first: str = "", rest: str = "") -> None:
        """Put a text on lines of its own, `first` before the first of them and `rest` before the others, both
        in ASCII.

        With an empty `rest` readers may join the lines again. A text that hangs below its `first` has a
        `rest`, and should begin with a space so that all its lines are stuffed alike.
        """
        text = text.rstrip(" ")
        if not text:
            self.lines.append(first.rstrip(" "))
        elif not self._broken or 2 * len(text) + len(first) <= self.width:
            self.lines.append(first + text)
        else:
            made = pieces(text, self.width - len(first), self.width - len(rest))
            if rest:
                made = [rest + line.rstrip(" ") for line in made]
                made[0] = first + made[0][len(rest) :]
            else:
                *before, last = made
                made = [*[line + _SOFT for line in before], last]
                made[0] = first + made[0]
            self.lines += made

    def blank(self) -> None:
        """An empty line."""
        self.lines.append("")


def hard(lines: Iterable[str]) -> list[str]:
    """The lines of a sheet as people see them."""
    return [line if line == SIGNATURE else line.rstrip(" ") for line in lines]


def flowed(lines: Iterable[str]) -> list[str]:
    """The lines of a sheet as a reader must get them that knows DelSp."""
    return [f" {line}" if line.startswith(_STUFFED) else line for line in lines]
