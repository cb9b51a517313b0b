"""The style sheet: small, complete, of this host, mirrored by itself, and readable in the colour of any brand."""

from __future__ import annotations

import colorsys
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.channels.web import items
from publisher.theme import Theme

THEME = Theme.load()
CSS = re.sub(r"/\*.*?\*/", "", THEME.text("style.css"), flags=re.DOTALL)
PAGES = ("layout.html", "issue.html", "index.html", "issues.html", "archive.html", "join.html", "subscribe.html")
MARKUP = "".join(THEME.text(name) for name in PAGES) + Path(items.__file__).read_text("utf-8")


def test_it_is_small() -> None:
    """It is in every page."""
    assert len(THEME.text("style.css").encode()) <= 14_000


def test_what_only_some_pages_show_is_not_in_it() -> None:
    for name in ("search.css", "subscribe.css"):
        selectors = re.findall(r"^([^{@]+) \{", THEME.text(name), re.MULTILINE)
        assert selectors
        assert [one for one in selectors if f"\n{one} {{" in CSS] == []


def test_it_asks_nothing_of_another_host() -> None:
    assert not re.search(r"url\(|@import|@font-face", CSS + THEME.text("contents.css") + THEME.text("subscribe.css"))


def test_nothing_is_left_or_right() -> None:
    """Or a page from right to left would not be mirrored. Code is from left to right everywhere."""
    rules = re.sub(r"\npre \{[^}]*\}", "", CSS)
    assert re.findall(r"[^;{}]*\b(?:left|right)\b[^;{}]*", rules) == []


def test_every_class_is_one_of_the_pages() -> None:
    styled = set(re.findall(r"\.([a-z][a-z-]*)", re.sub(r"\{[^{}]*\}", "", CSS + THEME.text("subscribe.css"))))
    made = {
        word for names in re.findall(r'class="([^"]*)"', re.sub(r"\{%.*?%\}", " ", MARKUP)) for word in names.split()
    }
    made |= set(re.findall(r'"(guide|opening|summary|field|label|hidden|number|jump)"', MARKUP))
    assert styled - made - {"scroll"} == set()  # `scroll` is of the writer


# --------------------------------------------------------------- contrast
# https://www.w3.org/TR/WCAG22/#dfn-relative-luminance, https://bottosson.github.io/posts/oklab/


def to_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def to_srgb(value: float) -> float:
    value = min(1.0, max(0.0, value))  # as browsers clip what a screen cannot show
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def to_oklch(colour: tuple[float, ...]) -> tuple[float, float, float]:
    r, g, b = map(to_linear, colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short, math.hypot(a, b), math.atan2(b, a)


def from_oklch(lightness: float, chroma: float, hue: float) -> tuple[float, ...]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return tuple(
        map(
            to_srgb,
            (
                4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
                -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
                -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
            ),
        )
    )


def luminance(colour: tuple[float, ...]) -> float:
    r, g, b = map(to_linear, colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def parse(text: str) -> tuple[float, ...]:
    return tuple(int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))


def variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): ([^;]+);", block))


LIGHT = variables(CSS.split("@media", 1)[0].split("}", 1)[0])
DARK = variables(CSS.split("prefers-color-scheme: dark) {", 1)[1].split("}", 1)[0])


def brands() -> Iterator[tuple[float, ...]]:
    yield from map(parse, ("#000000", "#ffffff", "#ffd400", "#00ffff", "#ff00ff", "#a4342a", "#111111"))
    for hue in range(0, 360, 10):
        for saturation in (0.3, 0.7, 1.0):
            for value in (0.2, 0.6, 1.0):
                yield colorsys.hsv_to_rgb(hue / 360, saturation, value)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_any_brand_is_readable(scheme: dict[str, str]) -> None:
    """At 4.5 to 1, as text on the page and below it as a button with the paper's colour for its text."""
    limit = re.fullmatch(r"(min|max)\(l, (\.\d+)\)", scheme["shade"])
    cap = re.search(r"oklch\(from var\(--brand\) var\(--shade\) min\(c, (\.\d+)\) h\)", CSS)
    assert limit
    assert cap
    choose = {"min": min, "max": max}[limit[1]]
    for brand in brands():
        lightness, chroma, hue = to_oklch(brand)
        accent = from_oklch(choose(lightness, float(limit[2])), min(chroma, float(cap[1])), hue)
        for ground in ("paper", "tint"):
            assert contrast(accent, parse(scheme[ground])) >= 4.5, (brand, ground)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_grey_is_readable(scheme: dict[str, str]) -> None:
    for text in ("ink", "mid", "soft"):
        for ground in ("paper", "tint"):
            assert contrast(parse(scheme[text]), parse(scheme[ground])) >= 4.5, (text, ground)


def test_an_editor_changes_one_colour(tmp_path: Path) -> None:
    """What templates/README.md says: everything else follows from --brand."""
    assert THEME.text("style.css").count(LIGHT["brand"]) == 1
