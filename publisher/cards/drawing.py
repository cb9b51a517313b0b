"""Draws images of few colors: text and rectangles on paper, with smooth edges, as a small PNG.

The same calls give the same bytes on one machine; on others there are other fonts.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

from publisher.cards.fonts import Face, can_shape
from publisher.cards.lines import Measure

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

PAPER, INK, MUTED, SOFT, LINE = "#fcfbf8", "#26231f", "#4d4841", "#6b655c", "#e4dfd5"
"""The colors of pages, see style.css."""

_MIN_CONTRAST = 4.5  # of text: WCAG 2.2, success criterion 1.4.3
_LEVELS = 20  # of each color on paper, for smooth edges
_COMPRESSION = 3  # the usual 6 takes twice as long, for files a sixth smaller
_MEASURED_SIZE = 100  # of the font in which text is measured, in pixels


class Canvas:
    """An image to draw on in a few colors, such as "#26231f", on paper; what is drawn does not overlap."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._boxes: dict[str, list[tuple[int, int, int, int]]] = {}
        self._layers: dict[str, Any] = {}  # by color, how much of it is where

    def fill(self, box: tuple[int, int, int, int], color: str) -> None:
        """Fill a box, given by its left, upper, right and lower edge."""
        self._boxes.setdefault(color, []).append(box)

    def fill_polygon(self, points: Sequence[tuple[float, float]], color: str) -> None:
        """Fill a polygon."""
        from PIL import Image, ImageDraw

        left, top = (int(min(values)) for values in zip(*points, strict=True))
        right, bottom = (int(max(values)) + 1 for values in zip(*points, strict=True))
        scale, size = 4, (right - left, bottom - top)
        large = Image.new("L", (size[0] * scale, size[1] * scale), 0)
        ImageDraw.Draw(large).polygon([((x - left) * scale, (y - top) * scale) for x, y in points], 255)
        smooth = large.resize(size, Image.Resampling.BOX)
        self._get_layer(color).paste(smooth, (left, top), smooth)

    def write(self, place: tuple[float, float], text: str, font: Font, color: str, anchor: str = "ls") -> None:
        """Write one line of text with its baseline at `place`; `anchor` as in Pillow."""
        from PIL import ImageDraw

        ImageDraw.Draw(self._get_layer(color)).text(place, text, 255, font.load(), anchor=anchor, **font.options)

    def to_png(self) -> bytes:
        """Return the image as a PNG without any metadata."""
        from PIL import Image, ImageChops

        # a pixel is the number of its color in the palette: of each color so many levels, and 0 is paper
        image = Image.new("L", (self.width, self.height), 0)
        paper = _parse_color(PAPER)
        palette = [*paper]
        strengths = [(value * _LEVELS + 127) // 255 for value in range(256)]
        for number, color in enumerate(dict.fromkeys((*self._layers, *self._boxes))):
            for box in self._boxes.get(color, ()):
                image.paste((number + 1) * _LEVELS, box)
            layer = self._layers.get(color)
            if layer and (box := layer.getbbox()):
                indexes = layer.crop(box).point([strength and number * _LEVELS + strength for strength in strengths])
                image.paste(ImageChops.lighter(image.crop(box), indexes), box)
            for level in range(1, _LEVELS + 1):
                mixed = zip(paper, _parse_color(color), strict=True)
                palette += [round(a + (b - a) * level / _LEVELS) for a, b in mixed]
        image.putpalette(palette)
        file = BytesIO()
        image.save(file, "PNG", compress_level=_COMPRESSION)
        return file.getvalue()

    def _get_layer(self, color: str) -> Any:
        from PIL import Image

        if color not in self._layers:
            self._layers[color] = Image.new("L", (self.width, self.height), 0)
        return self._layers[color]


class FontCase:
    """The fonts that an image has used; `is_right_to_left` is the direction of what is written in them.

    Not shared between images: the fonts of Pillow are not safe in several threads.
    """

    def __init__(self, *, is_right_to_left: bool = False) -> None:
        self._is_right_to_left = is_right_to_left
        self._fonts: dict[tuple[Face, int], Font] = {}

    def get(self, face: Face, size: int) -> Font:
        """Return a face at a size in pixels."""
        if (face, size) not in self._fonts:
            self._fonts[face, size] = Font(face, size, is_right_to_left=self._is_right_to_left)
        return self._fonts[face, size]

    def build_measure(self, face: Face) -> Measure:
        """Return a function for the widths of texts in this face at size 1."""
        font = self.get(face, _MEASURED_SIZE)
        return lambda text: font.measure(text) / _MEASURED_SIZE


class Font:
    """A face at a size in pixels, loaded when it is used."""

    def __init__(self, face: Face, size: int, *, is_right_to_left: bool = False) -> None:
        self.face = face
        self.size = size
        self.options: dict[str, Any] = {}
        if face.path and can_shape():  # Pillow does not shape text in its own face
            self.options = {"direction": "rtl" if is_right_to_left else "ltr"}
        self._font: FreeTypeFont | None = None
        self._widths: dict[str, float] = {}

    def load(self) -> FreeTypeFont:
        """Return the font of Pillow."""
        from PIL import ImageFont

        if self._font is None:
            if self.face.path:
                self._font = ImageFont.truetype(self.face.path, self.size, index=self.face.number)
                with suppress(OSError, ValueError):  # most fonts do not vary
                    self._font.set_variation_by_name("Bold" if self.face.is_bold else "Regular")
            else:
                # with a size it is a FreeTypeFont; typed as that or a bitmap font
                self._font = ImageFont.load_default(self.size)  # type: ignore[assignment]
        assert self._font is not None
        return self._font

    def measure(self, text: str) -> float:
        """Return the width of a text, in pixels."""
        if text not in self._widths:
            self._widths[text] = self.load().getlength(text, **self.options)
        return self._widths[text]


def darken(color: str) -> str:
    """Return the color, mixed with ink until its contrast with the paper is enough for text."""
    own, ink = _parse_color(color), _parse_color(INK)
    for step in range(20):
        mixed = tuple(round(a + (b - a) * step / 20) for a, b in zip(own, ink, strict=True))
        if compute_contrast(mixed, _parse_color(PAPER)) >= _MIN_CONTRAST:
            return "#" + bytes(mixed).hex()
    return INK


def compute_contrast(first: Sequence[int], second: Sequence[int]) -> float:
    """Return the contrast of two colors of 0 to 255, 1 to 21: www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    lights = sorted(_compute_luminance(color) for color in (first, second))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _compute_luminance(color: Sequence[int]) -> float:
    red, green, blue = (c / 12.92 if (c := value / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse_color(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))
