"""A table as columns of text, when they fit."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.channels.email.wrapping import columns

_GAP = "  "
_BAR = " | "


def table(cells: Sequence[Sequence[str]], align: Sequence[str], width: int, *, headed: bool) -> list[str]:
    """The lines of a table; the first of them is underlined when it is `headed`. One that is too wide has its
    cells divided by bars."""
    count = max(map(len, cells), default=0)
    filled = [[*row, *[""] * (count - len(row))] for row in cells]
    sizes = [max(map(columns, column)) for column in zip(*filled, strict=True)]
    if sum(sizes) + len(_GAP) * (count - 1) > width:
        return [_BAR.join(row) for row in cells]
    sides = [*align, *[""] * (count - len(align))]
    if headed:
        filled.insert(1, ["-" * size for size in sizes])
    return [_GAP.join(map(_padded, row, sizes, sides)).rstrip(" ") for row in filled]


def _padded(cell: str, size: int, side: str) -> str:
    room = size - columns(cell)
    left = {"right": room, "center": room // 2}.get(side, 0)
    return " " * left + cell + " " * (room - left)
