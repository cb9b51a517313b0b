"""How the article looks: every tag and every style it may use, in one place.

WeChat drops style sheets, classes and ids, so each style is repeated on the element that needs it, and each
of its characters counts towards the limit of the article. The outer section carries what is inherited; most
paragraphs carry nothing. Body text keeps WeChat's own colour, which its dark mode knows how to turn; links
keep WeChat's own blue. No width is in pixels: the column has 375 of them on a phone, and up to 677 elsewhere.

Source of what survives: github.com/wechatjs/verify-article-structure-spec, verify_article_structure.md.
"""

from __future__ import annotations

MUTED_COLOR = "#555"
BORDER_COLOR = "#aaa"
PANEL_COLOR = "#f6f6f6"
ACCENT_COLOR = "#c8483b"

DARK_MODE_STYLES = {
    f"color:{MUTED_COLOR}": "color:#919191",
    f"background:{PANEL_COLOR}": "background:#222;color:#ccc",
}
"""What WeChat's dark mode makes of these styles, on #191919 with text of rgba(255,255,255,.6); the colours of
lines stay. Source: github.com/wechatjs/mp-darkmode, doc/cn/principle.md."""

ARTICLE_STYLE = "font-size:16px;line-height:1.7em;text-align:left"
HEADING_STYLE = (
    f"margin-top:40px;padding-left:10px;border-left:4px solid {ACCENT_COLOR};font-size:19px;font-weight:bold"
)
HEADLINE_STYLE = "font-size:17px;font-weight:bold"
SUBHEADING_STYLE = "margin-top:28px;font-size:17px;font-weight:bold"
ITEM_STYLE = "margin-top:24px"
SMALL_STYLE = f"font-size:14px;color:{MUTED_COLOR}"
GUIDE_STYLE = f"margin-top:16px;padding:12px 14px;background:{PANEL_COLOR}"
WARMUP_STYLE = "margin-top:20px"
LIST_STYLE = "padding-left:1em"
BODY_STYLE = "margin:8px 0"
PROSE_STYLE = "margin-top:12px"
QUOTE_STYLE = f"margin:8px 0;padding-left:12px;border-left:3px solid {BORDER_COLOR};color:{MUTED_COLOR}"
CODE_STYLE = (
    f"margin:8px 0;padding:10px 12px;background:{PANEL_COLOR};font-size:13px;"
    "line-height:1.6em;overflow-x:auto"
)
NOWRAP_STYLE = "white-space:nowrap"
SCROLL_STYLE = "margin:8px 0;overflow-x:auto"
TABLE_STYLE = "border-collapse:collapse;font-size:14px;line-height:1.6em;word-break:break-all"
CELL_STYLE = f"border:1px solid {BORDER_COLOR};padding:4px 8px"
HEAD_CELL_STYLE = f"{CELL_STYLE};min-width:3em"
IMAGE_STYLE = "margin:12px 0;text-align:center"
FULL_WIDTH_STYLE = "width:100%"
RULE_STYLE = f"margin:24px 0;border:0;border-top:1px solid {BORDER_COLOR}"
NOTE_STYLE = f"margin-top:16px;{SMALL_STYLE}"
FOOTER_STYLE = f"margin-top:40px;{SMALL_STYLE}"
