"""The article is readable in WeChat's dark mode. C10 of the checklist.

WeChat's algorithm (github.com/wechatjs/mp-darkmode, doc/cn/principle.md and src/modules/sdk.ts), rewritten
for what an article can have: colors of text and backgrounds in inline styles.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest
from msgspec.structs import replace

from publisher.channels.wechat.themes import DARK_MODE_STYLES, THEMES
from tests.channels.wechat.conftest import EARLIER, Letter, Make

Color = tuple[float, float, float]  # red, green, blue, 0 to 255

PAGE: dict[str, Color] = {"light": (255, 255, 255), "dark": (25, 25, 25)}
TEXT: dict[str, Color] = {"light": (25.5, 25.5, 25.5), "dark": (163, 163, 163)}  # black .9 and white .6
LINK: dict[str, Color] = {"light": (0x57, 0x6B, 0x95), "dark": (0x7D, 0x90, 0xA9)}  # WeChat's own sheet
LIGHT_TEXT = (25.0, 25.0, 25.0)  # what the algorithm takes for the colour of text without one
_NEAR_WHITE, _BRIGHTEST_BACKGROUND, _DARK_BACKGROUND, _DIFFERENCE = 250, 190, 100, 65
_LIGHT, _DARK = 40, 22  # HSL lightness in per cent
_FURTHEST = 163 - 25  # from the dark page to its text
_UNLIMITED = 255.0


def brightness(color: Color) -> float:
    return (color[0] * 299 + color[1] * 587 + color[2] * 114) / 1000


def lightness(color: Color) -> float:
    return (max(color) + min(color)) / 2 / 2.55


def with_lightness(color: Color, value: float) -> Color:
    hue, _, saturation = colorsys.rgb_to_hls(*(part / 255 for part in color))
    red, green, blue = colorsys.hls_to_rgb(hue, value / 100, saturation)
    return red * 255, green * 255, blue * 255


def with_brightness(color: Color, target: float) -> Color:
    ratio = target / (brightness(color) or 1)
    red, green, blue = (min(255, part * ratio) for part in color)
    if green == 0 or 255 in (red, blue):
        green = (target * 1000 - red * 299 - blue * 114) / 587
    elif red == 0:
        red = (target * 1000 - green * 587 - blue * 114) / 299
    elif blue == 0 or green == 255:
        blue = (target * 1000 - red * 299 - green * 587) / 114
    return red, green, blue


def mixed(color: Color, alpha: float, below: Color) -> Color:
    """A translucent color as it is seen on another."""
    red, green, blue = (part * alpha + under * (1 - alpha) for part, under in zip(color, below, strict=True))
    return rounded((red, green, blue))


def seen(color: Color, alpha: float, below: Color) -> Color:
    """What dark mode writes for a color that it got from mixing, as it is seen."""
    return mixed(front(color, alpha, below), alpha, below)


def front(color: Color, alpha: float, below: Color) -> Color:
    """The color that gives `color` when it is laid over another one."""
    red, green, blue = (
        min(255, max(0, part + (1 - alpha) * (part - under) / alpha)) for part, under in zip(color, below, strict=True)
    )
    return rounded((red, green, blue))


def dark_background(color: Color, alpha: float = 1, below: Color = PAGE["dark"]) -> Color:
    """The background as it is seen in dark mode."""
    color = mixed(color, alpha, below)
    grey = len(set(color)) == 1
    if (grey and lightness(color) > _LIGHT) or brightness(color) > _NEAR_WHITE:
        turned = with_lightness((0, 0, 0), min(100, 100 + lightness(PAGE["dark"]) - lightness(color)))
    elif brightness(color) > _BRIGHTEST_BACKGROUND:
        turned = with_brightness(color, _BRIGHTEST_BACKGROUND)
    elif lightness(color) < _DARK:
        turned = with_lightness(color, _DARK)
    else:
        turned = color
    return seen(turned, alpha, below)


def dark_text(color: Color, background: Color, limit: float = _FURTHEST) -> Color:
    """The color of a text in dark mode; older versions have no `limit` to how far it is from the page."""
    behind, own = brightness(background), brightness(color)
    if own >= _NEAR_WHITE:
        return rounded(color)
    if abs(behind - own) > limit and behind <= brightness(PAGE["dark"]) + 2:
        return rounded(with_brightness(color, limit + behind))
    if abs(behind - own) >= _DIFFERENCE:
        return rounded(color)
    if behind >= _DARK_BACKGROUND:
        if lightness(color) > 90 - _LIGHT:
            return dark_text(with_lightness(color, 90 - lightness(color)), background, limit)
        return rounded(with_brightness(color, min(limit, behind - _DIFFERENCE)))
    if lightness(color) <= _LIGHT:
        return dark_text(with_lightness(color, 90 - lightness(color)), background, limit)
    return rounded(with_brightness(color, min(limit, behind + _DIFFERENCE)))


def rounded(color: Color) -> Color:
    red, green, blue = (float(int(part + 0.5)) for part in color)
    return red, green, blue


def contrast(one: Color, other: Color) -> float:
    """The contrast of WCAG 2, 1 to 21."""

    def luminance(color: Color) -> float:
        parts = (part / 255 for part in color)
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def color_of(css: str, name: str) -> tuple[Color, float] | None:
    """The color of a property, and its alpha value."""
    found = re.search(rf"(?:^|;){name}:[^;]*?(#[0-9a-f]+|rgba\([\d.,]+\))", css)
    if not found:
        return None
    value = found[1]
    if value.startswith("rgba"):
        red, green, blue, alpha = map(float, value[5:-1].split(","))
        return (red, green, blue), alpha
    digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
    return (float(int(digits[:2], 16)), float(int(digits[2:4], 16)), float(int(digits[4:], 16))), 1


def opaque(css: str, name: str) -> Color:
    found = color_of(css, name)
    assert found, css
    return found[0]


class Mode(NamedTuple):
    name: str
    limit: float  # of dark mode: newer versions have one


MODES = (Mode("light", 0), Mode("dark", _FURTHEST), Mode("dark", _UNLIMITED))


def texts(
    element: Element, mode: Mode, text: Color, background: Color, source: Color
) -> Iterator[tuple[str, Color, Color]]:
    """Every text with its color and background. `source` is the color of text by its light style."""
    css = element.get("style") or ""
    own, behind = color_of(css, "color"), color_of(css, "background")
    is_dark = mode.name == "dark"
    if behind:
        background = dark_background(*behind, background) if is_dark else mixed(*behind, background)
        text = dark_text(source, background, mode.limit) if is_dark else source
    if own:
        source = own[0]
        text = dark_text(source, background, mode.limit) if is_dark else source
    if element.tag == "a":
        text = LINK[mode.name]
    if (element.text or "").strip():
        yield (element.text or "").strip(), text, background
    for child in element:
        yield from texts(child, mode, text, background, source)
        if (child.tail or "").strip():
            yield (child.tail or "").strip(), text, background


def all_texts(letter: Letter, mode: Mode) -> list[tuple[str, Color, Color]]:
    return list(texts(letter.root, mode, TEXT[mode.name], PAGE[mode.name], LIGHT_TEXT))


def faint(letter: Letter, mode: Mode) -> list[str]:
    """The texts of an article whose contrast is below 4.5."""
    return [words for words, text, background in all_texts(letter, mode) if contrast(text, background) < 4.5]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mode", MODES)
def test_every_text_of_the_sample_is_readable(letter: Make, sample: str, mode: Mode, theme: str) -> None:
    made = letter(sample, theme=theme, qr="qr.png", addresses=EARLIER)
    assert len(all_texts(made, mode)) > 70
    assert faint(made, mode) == []


@pytest.mark.parametrize("mode", MODES)
def test_every_text_of_real_issues_is_readable(real: dict[str, Letter], mode: Mode) -> None:
    for name, made in real.items():
        assert faint(made, mode) == [], name


def test_faint_reports_low_contrast(letter: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = replace(THEMES["plain"], tagline="font-size:14px;color:#767676")  # enough on white, not on #191919
    monkeypatch.setitem(THEMES, "plain", bad)
    made = letter("# 灯塔周报 (2024-03-01)\n\n**口号**\n\n## 新闻\n\n文。")
    assert [faint(made, mode) for mode in MODES] == [[], ["口号"], ["口号"]]


LINES = sorted({
    (name, css)
    for name, theme in THEMES.items()
    for css in theme.style_fields().values()
    if re.search("border[a-z-]*:[^;]*#", css)
})  # fmt: skip


@pytest.mark.parametrize(("theme", "css"), LINES)
def test_lines_are_seen_in_both_modes(theme: str, css: str) -> None:
    """Dark mode leaves most lines as they are: too bright, they would glow; too dark, they would vanish."""
    line = opaque(css, "border[a-z-]*")
    for mode, least, most in (("light", 2, 10), ("dark", 2.5, 8)):
        assert least <= contrast(line, PAGE[mode]) <= most, mode


def test_preview_uses_the_dark_mode_colors(letter: Make, sample: str) -> None:
    used: set[str] = set()
    for theme in THEMES.values():
        for css in theme.style_fields().values():
            used |= {f"{name}:{value}" for name, value in re.findall(r"(?:^|;)(color|background):([^;]+)", css)}
    preview = letter(sample).preview
    for light in used:
        color, alpha = color_of(light, "color") or color_of(light, "background") or ((0.0, 0.0, 0.0), 1)
        turned = next((dark for start, dark in DARK_MODE_STYLES.items() if light.startswith(start)), "")
        assert turned.replace(";", " !important;") in preview
        if light.startswith("color"):
            expected = dark_text(color, PAGE["dark"])
            assert expected == (opaque(turned, "color") if turned else color), light
        elif alpha == 1:
            assert dark_background(color) == (opaque(turned, "background") if turned else color), light
            if "color:" in turned:
                assert opaque(turned, "color") == dark_text(LIGHT_TEXT, dark_background(color)), light
    assert [start for start in DARK_MODE_STYLES if not any(light.startswith(start) for light in used)] == []


@pytest.mark.parametrize(
    ("color", "background", "expected"),
    [
        ((0, 0, 0), (25, 25, 25), (163, 163, 163)),  # lightness 0 becomes 90, which is brighter than text
        ((0, 0, 0), (33, 33, 33), (230, 230, 230)),  # in front of a panel: 229.5
        ((255, 255, 255), (25, 25, 25), (255, 255, 255)),  # bright stays bright
        ((136, 136, 136), (25, 25, 25), (136, 136, 136)),  # 111 apart is enough
        ((168, 0, 0), (25, 25, 25), (255, 36, 36)),  # lightness 32.9 becomes 57.1, which is 76 apart
    ],
)
def test_dark_text(color: Color, background: Color, expected: Color) -> None:
    assert dark_text(color, background) == expected
