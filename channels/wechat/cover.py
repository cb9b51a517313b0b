"""Draws the default cover of an issue: its title and date.

WeChat shows covers at 2.35:1 in lists and cropped to the central square elsewhere, so the text is inside that
square. On one machine the same text gives the same bytes; other machines may have other fonts.
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

# file names, and the index of the Simplified Chinese face in font collections
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
    """Return a PNG of 900 × 383 pixels; without text if no font for it is installed."""
    from io import BytesIO

    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND_COLOR)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, 0, WIDTH, 10), _ACCENT_COLOR)
    canvas.rectangle((0, HEIGHT - 10, WIDTH, HEIGHT), _ACCENT_COLOR)
    if has_font(title + date):
        _draw_text(canvas, title, date)
    else:
        canvas.rectangle((WIDTH // 2 - 60, HEIGHT // 2 - 5, WIDTH // 2 + 60, HEIGHT // 2 + 5), _ACCENT_COLOR)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def has_font(text: str) -> bool:
    """Return whether this machine has a font for the text. For Latin text, Pillow brings one."""
    return _load_font(text, _MIN_FONT_SIZE) is not None


def _load_font(text: str, size: int) -> FreeTypeFont | None:
    from PIL import ImageFont

    for name, index in _FONTS:
        try:
            return ImageFont.truetype(name, size, index=index)  # searches the system's font folders
        except OSError:
            continue
    is_latin = all(char < "\u0250" for char in text)
    # with a size it is a FreeTypeFont; typed as that or a bitmap font
    return ImageFont.load_default(size) if is_latin else None  # type: ignore[return-value]


def _draw_text(canvas: ImageDraw, title: str, date: str) -> None:
    """Draw the title, as large as fits on three lines, and the date below it. More lines are cut off."""
    date_font = _load_font(title + date, 30)
    for size in range(_MAX_FONT_SIZE, _MIN_FONT_SIZE - 1, -4):
        font = _load_font(title + date, size)
        if font is None or date_font is None:
            return
        lines = list(_wrap_title(title, font))
        if len(lines) <= 3 and all(font.getlength(line) <= _TEXT_WIDTH for line in lines):
            break
    lines = lines[:3]
    line_height = round(size * 1.35)
    first_middle = (HEIGHT - line_height * len(lines) - 62) // 2 + line_height // 2
    for number, line in enumerate(lines):
        canvas.text((WIDTH // 2, first_middle + number * line_height), line, _TEXT_COLOR, font, anchor="mm")
    bottom = first_middle + (len(lines) - 1) * line_height + line_height // 2
    canvas.rectangle((WIDTH // 2 - 24, bottom + 12, WIDTH // 2 + 24, bottom + 15), _ACCENT_COLOR)
    canvas.text((WIDTH // 2, bottom + 46), date, _MUTED_COLOR, date_font, anchor="mm")


def _wrap_title(text: str, font: FreeTypeFont) -> Iterator[str]:
    """Yield the lines of the text, broken between words and next to any character that is not Latin."""
    line = ""
    for word in _split_words(text):
        if line.strip() and font.getlength((line + word).strip()) > _TEXT_WIDTH:
            yield line.strip()
            line = ""
        line += word
    if line.strip():
        yield line.strip()


def _split_words(text: str) -> Iterator[str]:
    """Yield Latin words whole, spaces and all other characters one by one."""
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
