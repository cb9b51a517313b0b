"""The article is readable in WeChat's dark mode. C10 of the checklist.

WeChat's algorithm (github.com/wechatjs/mp-darkmode, doc/cn/principle.md and src/modules/sdk.ts), rewritten
for what an article can have: opaque colors of text, backgrounds and borders in inline styles.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest

from publisher.channels.wechat import style

Color = tuple[float, float, float]  # red, green, blue, 0 to 255

PAGE: dict[str, Color] = {"light": (255, 255, 255), "dark": (25, 25, 25)}
TEXT: dict[str, Color] = {"light": (25.5, 25.5, 25.5), "dark": (163, 163, 163)}  # black .9 and white .6
LINK: dict[str, Color] = {"light": (0x57, 0x6B, 0x95), "dark": (0x7D, 0x90, 0xA9)}  # WeChat's own sheet
LIGHT_TEXT = (25.0, 25.0, 25.0)  # what the algorithm takes for the colour of text without one
_NEAR_WHITE, _BRIGHTEST_BACKGROUND, _DARK_BACKGROUND, _DIFFERENCE = 250, 190, 100, 65
_LIGHT, _DARK = 40, 22  # HSL lightness in per cent


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


def dark_background(color: Color) -> Color:
    grey = len(set(color)) == 1
    if (grey and lightness(color) > _LIGHT) or brightness(color) > _NEAR_WHITE:
        turned = with_lightness((0, 0, 0), min(100, 100 + lightness(PAGE["dark"]) - lightness(color)))
    elif brightness(color) > _BRIGHTEST_BACKGROUND:
        turned = with_brightness(color, _BRIGHTEST_BACKGROUND)
    elif lightness(color) < _DARK:
        turned = with_lightness(color, _DARK)
    else:
        turned = color
    return rounded(turned)


def dark_text(color: Color, background: Color) -> Color:
    behind, own = brightness(background), brightness(color)
    if own >= _NEAR_WHITE or abs(behind - own) >= _DIFFERENCE:
        return rounded(color)
    if behind >= _DARK_BACKGROUND:
        if lightness(color) > 90 - _LIGHT:
            return dark_text(with_lightness(color, 90 - lightness(color)), background)
        return rounded(with_brightness(color, behind - _DIFFERENCE))
    if lightness(color) <= _LIGHT:
        return dark_text(with_lightness(color, 90 - lightness(color)), background)
    return rounded(with_brightness(color, behind + _DIFFERENCE))


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


def color_of(css: str, name: str) -> Color | None:
    found = re.search(rf"(?:^|;){name}:[^;]*#([0-9a-f]+)", css)
    if not found:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    return float(int(digits[:2], 16)), float(int(digits[2:4], 16)), float(int(digits[4:], 16))


def texts(
    element: Element, mode: str, text: Color, background: Color, source: Color
) -> Iterator[tuple[str, Color, Color]]:
    """Every text with its color and background. `source` is the color of text by its light style."""
    css = element.get("style") or ""
    own, behind = color_of(css, "color"), color_of(css, "background")
    if behind:
        background = dark_background(behind) if mode == "dark" else behind
        text = dark_text(source, background) if mode == "dark" else source
    if own:
        text, source = dark_text(own, background) if mode == "dark" else own, own
    if element.tag == "a":
        text = LINK[mode]
    if (element.text or "").strip():
        yield (element.text or "").strip(), text, background
    for child in element:
        yield from texts(child, mode, text, background, source)
        if (child.tail or "").strip():
            yield (child.tail or "").strip(), text, background


def faint(letter, mode: str) -> list[str]:
    """The texts of an article whose contrast is below 4.5."""
    found = texts(letter.root, mode, TEXT[mode], PAGE[mode], LIGHT_TEXT)
    return [words for words, text, background in found if contrast(text, background) < 4.5]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_text_of_the_sample_is_readable(sampled, mode: str) -> None:
    assert len(list(texts(sampled.root, mode, TEXT[mode], PAGE[mode], LIGHT_TEXT))) > 70
    assert faint(sampled, mode) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_text_of_real_issues_is_readable(real, mode: str) -> None:
    for name, made in real.items():
        assert faint(made, mode) == [], name


def test_faint_reports_low_contrast(letter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "SMALL_STYLE", "font-size:14px;color:#767676")  # enough on white, not on #191919
    made = letter("# 灯塔周报 (2024-03-01)\n\n**口号**\n\n## 新闻\n\n文。")
    assert faint(made, "light") == []
    assert faint(made, "dark") == ["口号"]


def test_borders_are_visible(sampled) -> None:
    """WCAG 2.2 requires 3 to 1 for graphics; purely decorative lines are exempt."""
    accent = color_of(f"color:{style.ACCENT_COLOR}", "color")
    assert accent
    assert contrast(accent, PAGE["light"]) >= 3
    assert contrast(dark_text(accent, PAGE["dark"]), PAGE["dark"]) >= 3


def test_preview_uses_the_dark_mode_colors(sampled) -> None:
    for light, turned in style.DARK_MODE_STYLES.items():
        assert light in sampled.html
        assert turned.replace(";", " !important;") in sampled.preview
        behind = color_of(light, "background")
        if behind:
            assert color_of(turned, "background") == dark_background(behind)
            assert color_of(turned, "color") == dark_text(LIGHT_TEXT, dark_background(behind))
        else:
            assert color_of(turned, "color") == dark_text(color_of(light, "color") or (0, 0, 0), PAGE["dark"])
    colors = set(re.findall(r"#[0-9a-f]{3,6}\b", re.sub(r'href="[^"]*"', "", sampled.html)))
    assert colors == {style.MUTED_COLOR, style.PANEL_COLOR, style.BORDER_COLOR, style.ACCENT_COLOR}
    for line in (style.BORDER_COLOR, style.ACCENT_COLOR):  # as the preview leaves them
        color = color_of(f"color:{line}", "color")
        assert color
        assert dark_text(color, PAGE["dark"]) == color


@pytest.mark.parametrize(
    ("color", "background", "expected"),
    [
        ((0, 0, 0), (25, 25, 25), (230, 230, 230)),  # lightness 0 becomes 90: 229.5
        ((255, 255, 255), (25, 25, 25), (255, 255, 255)),  # bright stays bright
        ((136, 136, 136), (25, 25, 25), (136, 136, 136)),  # 111 apart is enough
        ((168, 0, 0), (25, 25, 25), (255, 36, 36)),  # lightness 32.9 becomes 57.1, which is 76 apart
    ],
)
def test_dark_text(color: Color, background: Color, expected: Color) -> None:
    assert dark_text(color, background) == expected
