"""Draws the default cover of an issue, in the look of its social card: its title and date.

WeChat shows covers at 2.35:1 in lists and cropped to the central square elsewhere, so the text is inside that
square. On one machine the same text gives the same bytes; other machines may have other fonts.
"""

from __future__ import annotations

from publisher.cards import drawing
from publisher.cards.drawing import Canvas, FontCase
from publisher.cards.fonts import Face, choose_face
from publisher.cards.lines import fit_text
from publisher.cards.words import DEFAULT_BRAND, polish

WIDTH, HEIGHT = 900, 383
"""2.35 to 1."""

_STRIP = 10  # at the upper and the lower edge
_MARGIN = 24
_TEXT_WIDTH = HEIGHT - 2 * _MARGIN  # the square in the middle
_TITLE_SIZES = tuple(range(72, 19, -4))
_TITLE_ROWS = 3
_TITLE_SPACING = 1.35
_DATE_SIZE = 30
_DATE_HEIGHT = 62  # with the bar above it
_LANG = "zh-CN"


def draw_cover(title: str, date: str) -> bytes:
    """Return a PNG of 900 × 383 pixels; without text if no font for it is installed."""
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.fill((0, 0, WIDTH, _STRIP), DEFAULT_BRAND)
    canvas.fill((0, HEIGHT - _STRIP, WIDTH, HEIGHT), DEFAULT_BRAND)
    face = _choose_cover_face(title + date)
    if face is None:
        canvas.fill((WIDTH // 2 - 60, HEIGHT // 2 - 5, WIDTH // 2 + 60, HEIGHT // 2 + 5), DEFAULT_BRAND)
    else:
        _draw_text(canvas, polish(title), date, face)
    return canvas.to_png()


def has_font(text: str) -> bool:
    """Return whether this machine has a font for the text. For Latin text, Pillow brings one."""
    return _choose_cover_face(text) is not None


def _choose_cover_face(text: str) -> Face | None:
    text = polish(text)
    return choose_face(f"{text}…", _LANG, bold=True) or choose_face(text, _LANG, bold=True)


def _draw_text(canvas: Canvas, title: str, date: str, face: Face) -> None:
    """Draw the title, as large as fits on three lines, and the date below it. More is cut off with "…"."""
    fonts, middle = FontCase(), WIDTH // 2
    fitted = fit_text(title, fonts.build_measure(face), _TEXT_WIDTH, _TITLE_SIZES, lambda _: _TITLE_ROWS)
    height = round(fitted.size * _TITLE_SPACING)
    y = (HEIGHT - height * len(fitted.lines) - _DATE_HEIGHT) // 2 + height // 2
    for number, line in enumerate(fitted.lines):
        canvas.write((middle, y + number * height), line, fonts.get(face, fitted.size), drawing.INK, "mm")
    bottom = y + (len(fitted.lines) - 1) * height + height // 2
    canvas.fill((middle - 24, bottom + 12, middle + 24, bottom + 15), DEFAULT_BRAND)
    canvas.write((middle, bottom + 46), date, fonts.get(face, _DATE_SIZE), drawing.SOFT, "mm")
