"""A cover for an issue that has none: its title and date, drawn.

WeChat shows covers at 2.35:1 in a list and cut to the square in their middle elsewhere, so the words stand in
that square. The bytes are the same each time on one machine; on another its fonts may be others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 900, 383
"""2.35 to 1."""

_MARGIN = 24
_TEXT_WIDTH = HEIGHT - 2 * _MARGIN  # the square in the middle
_BACKGROUND_COLOR, _TEXT_COLOR, _MUTED_COLOR, _ACCENT_COLOR = "#f7f4ee", "#22252a", "#6b6f76", "#c8483b"
_MAX_FONT_SIZE, _MIN_FONT_SIZE = 72, 20

# file names, and the number of the Chinese face in files of several
_FONTS = (
    ("NotoSansCJK-Bold.ttc", 2),
    ("NotoSansCJK-Regular.ttc", 2),
    ("NotoSansCJKsc-Bold.otf", 0),
    ("NotoSansSC-Bold.otf", 0),
    ("SourceHanSansSC-Bold.otf", 0),
    ("SourceHanSansCN-Bold.otf", 0),
    ("NotoSerifCJK-Bold.ttc", 2),
    ("wqy-microhei.ttc", 0),
    ("wqy-zenhei.ttc", 0),
    ("DroidSansFallbackFull.ttf", 0),
    ("PingFang.ttc", 0),
    ("STHeiti Medium.ttc", 0),
    ("Hiragino Sans GB.ttc", 0),
    ("msyhbd.ttc", 0),
    ("msyh.ttc", 0),
    ("simhei.ttf", 0),
)


def draw_cover(title: str, date: str) -> bytes:
    """A PNG of 900 × 383; without words where no font has them."""
    from io import BytesIO

    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND_COLOR)
    canvas = ImageDraw.Draw(picture)
    canvas.rectangle((0, 0, WIDTH, 10), _ACCENT_COLOR)
    canvas.rectangle((0, HEIGHT - 10, WIDTH, HEIGHT), _ACCENT_COLOR)
    if has_font(title + date):
        _draw_text(canvas, title, date)
    else:
        canvas.rectangle((WIDTH // 2 - 60, HEIGHT // 2 - 5, WIDTH // 2 + 60, HEIGHT // 2 + 5), _ACCENT_COLOR)
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def has_font(text: str) -> bool:
    """Whether there is a font on this machine for a text: Pillow brings one for Latin letters."""
    return _load_font(text, _MIN_FONT_SIZE) is not None


def _load_font(text: str, size: int) -> FreeTypeFont | None:
    from PIL import ImageFont

    for name, number in _FONTS:
        try:
            return ImageFont.truetype(name, size, index=number)  # which looks in the system's folders
        except OSError:
            continue
    latin = all(char < "\u0250" for char in text)
    return ImageFont.load_default(size) if latin else None  # type: ignore[return-value]


def _draw_text(canvas: ImageDraw, title: str, date: str) -> None:
    """The title as large as it fits on at most three lines, the date below it."""
    small = _load_font(title + date, 30)
    for size in range(_MAX_FONT_SIZE, _MIN_FONT_SIZE - 1, -4):
        font = _load_font(title + date, size)
        if font is None or small is None:
            return
        lines = list(_wrap_title(title, font))
        if len(lines) <= 3 and all(font.getlength(line) <= _TEXT_WIDTH for line in lines):
            break
    lines = lines[:3]
    step = round(size * 1.35)
    top = (HEIGHT - step * len(lines) - 62) // 2 + step // 2
    for number, line in enumerate(lines):
        canvas.text((WIDTH // 2, top + number * step), line, _TEXT_COLOR, font, anchor="mm")
    middle = top + (len(lines) - 1) * step + step // 2
    canvas.rectangle((WIDTH // 2 - 24, middle + 12, WIDTH // 2 + 24, middle + 15), _ACCENT_COLOR)
    canvas.text((WIDTH // 2, middle + 46), date, _MUTED_COLOR, small, anchor="mm")


def _wrap_title(text: str, font: FreeTypeFont) -> Iterator[str]:
    """The text in lines that fit: between words, and between any two characters that are not Latin."""
    line = ""
    for piece in _split_words(text):
        if line.strip() and font.getlength((line + piece).strip()) > _TEXT_WIDTH:
            yield line.strip()
            line = ""
        line += piece
    if line.strip():
        yield line.strip()


def _split_words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        if char < "\u2000" and not char.isspace():
            word += char
            continue
        if word:
            yield word
        word = ""
        yield char
    if word:
        yield word
