"""What a theme of the article consists of: an inline style for each role, and marks such as bullets.

WeChat drops style sheets, classes and ids, so styles are inline, and every character of them counts towards
the article's size limit. Inherited properties are set once, on the outer section or on the section around a
list. Body text keeps WeChat's own color, which its dark mode knows how to convert, and links keep WeChat's
blue. No width is in pixels: the column is 375 px wide on a phone and up to 677 px elsewhere.

WeChat's dark mode converts colors by rules of its own, which a theme has to know: of light backgrounds only
greys become dark, so a tinted one has an alpha value; text gets lighter only if it is dark, so text in an
accent color is; lines are left alone, so they have a middle brightness or the color of the text.

Sources: github.com/wechatjs/verify-article-structure-spec, verify_article_structure.md, for what WeChat keeps;
github.com/wechatjs/mp-darkmode, src/modules/sdk.ts, for dark mode.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import asdict, replace

from publisher.named_tuple import NamedTuple

# roles whose styles are the same in every theme
STRIKE_STYLE = "text-decoration:line-through"
UNDERLINE_STYLE = "text-decoration:underline"
NOWRAP_STYLE = "white-space:nowrap"
INNER_HEADING_STYLE = "margin-top:14px;font-weight:bold"
TABLE_STYLE = "border-collapse:collapse;font-size:14px;line-height:1.6em;word-break:break-all"
SCROLL_STYLE = "margin:12px 0;overflow-x:auto"
UNINDENTED_STYLE = "text-indent:0"
LATIN_STYLE = "letter-spacing:0"  # WeChat's own letter-spacing suits Chinese only

_HANGING = "padding-left:1em;text-indent:-1em"
CIRCLED = "circled"


class ArticleTheme(Struct, frozen=True):
    """The look of an article. The default is the theme `plain`.

    The first fields are marks: texts with `{}` for what they mark, `number` also "circled" for ①, ②, ③. All
    others are the inline styles of roles, of which "" means no style. The style of an item's head is put
    together from `item` (or `first_item`), `line` and `small`.
    """

    number: str = "{:02}"
    count: str = " · {}"
    label: str = "{}"
    bullet: str = "•"
    source: str = "{}"
    topics_join: str = "\u00a0/ "  # not at the start of a line

    article: str = "font-size:16px;line-height:1.75em;text-align:left"
    small: str = "font-size:14px;color:#555"
    # above the sections
    masthead: str = ""
    topics: str = "font-size:19px;line-height:1.5em;font-weight:bold"
    tagline: str = "margin-top:8px;font-size:14px;color:#555"
    facts: str = "font-size:14px;color:#555"
    guide: str = "margin-top:20px;padding:14px 16px;background:#f7f7f7;font-size:15px"
    guide_label_line: str = ""
    guide_label: str = "font-weight:bold;color:#82160f"
    guide_line: str = "margin-top:6px"
    guide_part: str = "color:#82160f"
    opening: str = "margin-top:20px"
    warmup: str = "margin-top:28px"
    warmup_intro: str = "font-weight:bold"
    briefs: str = _HANGING
    brief: str = "margin:8px 0"
    note: str = "margin-top:16px;font-size:14px;color:#555"
    # sections
    heading: str = (
        "margin:52px 0 20px;padding-left:12px;border-left:4px solid #c8483b;font-size:20px;line-height:1.2em;"
        "font-weight:bold"
    )
    heading_text: str = ""
    heading_count: str = "font-size:14px;color:#555"
    subheading: str = "margin:32px 0 16px;font-size:17px;font-weight:bold"
    section_note: str = "margin-bottom:18px;font-size:14px;color:#555"
    items: str = ""
    item: str = "margin:24px 0 8px"
    first_item: str = "margin-bottom:8px"
    line: str = "padding-top:22px;border-top:1px dotted"
    number_badge: str = "color:#82160f"
    headline: str = "font-size:17px"
    headline_text: str = "font-size:17px;color:#222"
    running: str = "margin-top:16px"
    entries: str = "margin-top:12px;padding-left:1.6em;text-indent:-1.6em"
    entry: str = "margin:6px 0"
    # text
    prose: str = "margin-top:12px"
    after: str = "margin:9px 0"
    list: str = f"margin-top:8px;{_HANGING}"
    numbers: str = "margin-top:8px;padding-left:1.4em;text-indent:-1.4em"
    quote: str = "margin:12px 0;padding-left:14px;border-left:3px solid #aaa;color:#555"
    code: str = "margin:12px 0;padding:12px 14px;background:#f7f7f7;font-size:13px;line-height:1.6em;overflow-x:auto"
    inline_code: str = "font-size:14px;background:#f3f3f3"
    mark: str = "border-bottom:2px solid #c8483b"  # dark mode would change a background
    cell: str = "border:1px solid #999;padding:5px 8px"
    head_cell: str = "border:1px solid #999;padding:5px 8px;min-width:3em;background:#f7f7f7"
    figure: str = "margin:16px 0;text-align:center"
    figure_image: str = "width:100%"
    caption: str = "margin-top:6px;font-size:13px;color:#555"
    rule: str = "margin:28px 0;border:0;border-top:1px solid #999"
    # below the sections
    references: str = "font-size:14px;color:#555"
    footer: str = "margin-top:40px;font-size:14px;color:#555"
    end: str = "margin-top:56px;padding-top:20px;border-top:2px solid #c8483b"
    end_label_line: str = "margin-bottom:6px"
    end_label: str = "font-weight:bold;color:#82160f"
    end_lines: str = f"font-size:15px;{_HANGING}"
    end_note: str = "margin-top:12px;font-size:14px;color:#555"
    qr: str = "margin-top:20px;text-align:center"
    qr_image: str = "width:36%"

    def format_number(self, number: int, last: int) -> str:
        """Return the mark of an item, of an article whose last item is `last`; circled ones end at 50."""
        if self.number != CIRCLED:
            return self.number.format(number)
        return _circle_number(number) if number > 0 and last <= _LAST_CIRCLED else str(number)

    def style_item(self, *, is_first: bool) -> str:
        """Return the style of the head of an item; the first one of a section has no line above."""
        parts = (self.first_item, self.small) if is_first else (self.item, self.line, self.small)
        return join_styles(*parts)

    def style_fields(self) -> dict[str, str]:
        """Return the styles without the marks, by role."""
        return {role: css for role, css in asdict(self).items() if role not in _MARKS}


_MARKS = ("number", "count", "label", "bullet", "source", "topics_join")
_LAST_CIRCLED = 50


def _circle_number(number: int) -> str:
    """Return ① to ㊿; Unicode has them in three ranges."""
    start, first = next((start, first) for start, first in ((36, 0x32B1), (21, 0x3251), (1, 0x2460)) if number >= start)
    return chr(first + number - start)


def join_styles(*styles: str) -> str:
    """Return several styles as one."""
    return ";".join(filter(None, styles))


def mirror_theme(theme: ArticleTheme) -> ArticleTheme:
    """Return the theme for a language that is written from right to left."""
    mirrored = {role: _swap_sides(css) for role, css in theme.style_fields().items()}
    return replace(theme, **mirrored | {"article": join_styles(mirrored["article"], "direction:rtl")})


def _swap_sides(css: str) -> str:
    return css.replace("left", "\0").replace("right", "left").replace("\0", "right")


class Ornament(NamedTuple):
    """What an article may lack: its name in reports, and the roles that change. Without it, there are at most
    `earlier_issues`, and no QR code unless `has_qr`."""

    name: str
    roles: Mapping[str, str]
    earlier_issues: int = 3
    has_qr: bool = True


ORNAMENTS = (
    Ornament("background of code in the text", {"inline_code": ""}),
    Ornament("lines between items", {"line": ""}),
    Ornament("space between short lines", {"brief": "", "guide_line": "", "entry": ""}),
    Ornament("all but one earlier issue", {}, earlier_issues=1),
    Ornament("QR code", {}, has_qr=False),
    Ornament("colors of numbers and labels", {"number_badge": "", "guide_part": "", "headline_text": "font-size:17px"}),
    Ornament(
        "frames around headings and items",
        {
            "heading": "margin-top:40px;font-size:19px;font-weight:bold",
            "heading_text": "",
            "heading_count": "",
            "items": "",
            "subheading": "margin-top:28px;font-weight:bold",
        },
    ),
    Ornament("the last earlier issue", {}, earlier_issues=0),
    Ornament(
        "small print of items",
        {"small": "", "item": "margin-top:24px", "first_item": "", "headline": "", "headline_text": "", "after": ""},
    ),
)
"""What is left out of an article that is too long, in this order. Words, numbers and links never are."""


def shed_ornaments(theme: ArticleTheme, count: int) -> ArticleTheme:
    """Return the theme without the first `count` ornaments."""
    for ornament in ORNAMENTS[:count]:
        theme = replace(theme, **ornament.roles)
    return theme
