"""The inline styles of the article.

WeChat drops style sheets, classes and ids, so styles are inline, and every character of them counts towards
the article's size limit. Inherited properties are set once on the outer section; most paragraphs have no
style. Body text keeps WeChat's own color, which its dark mode knows how to convert, and links keep WeChat's
blue. No width is in pixels: the column is 375 px wide on a phone and up to 677 px elsewhere.

Source of what WeChat keeps: github.com/wechatjs/verify-article-structure-spec, verify_article_structure.md.
"""

from __future__ import annotations

MUTED_COLOR = "#555"
BORDER_COLOR = "#aaa"
PANEL_COLOR = "#f6f6f6"
ACCENT_COLOR = "#c8483b"

DARK_MODE_STYLES = {f"color:{MUTED_COLOR}": "color:#919191", f"background:{PANEL_COLOR}": "background:#222;color:#ccc"}
"""What WeChat's dark mode turns these styles into, for the preview page.

The background is #191919, the text rgba(255,255,255,.6); border colors do not change.
Source: github.com/wechatjs/mp-darkmode, doc/cn/principle.md."""

ARTICLE_STYLE = "font-size:16px;line-height:1.7em;text-align:left"
HEADING_STYLE = (
    f"margin-top:40px;padding-left:10px;border-left:4px solid {ACCENT_COLOR};font-size:19px;font-weight:bold"
)
HEADLINE_STYLE = "font-size:17px;font-weight:bold"
SUBHEADING_STYLE = "margin-top:28px;font-size:17px;font-weight:bold"
INNER_HEADING_STYLE = "margin-top:12px;font-weight:bold"
ITEM_STYLE = "margin-top:24px"
SMALL_STYLE = f"font-size:14px;color:{MUTED_COLOR}"
GUIDE_STYLE = f"margin-top:16px;padding:12px 14px;background:{PANEL_COLOR}"
WARMUP_STYLE = "margin-top:20px"
LIST_STYLE = "padding-left:1em"
BODY_STYLE = "margin:8px 0"
PROSE_STYLE = "margin-top:12px"
QUOTE_STYLE = f"margin:8px 0;padding-left:12px;border-left:3px solid {BORDER_COLOR};color:{MUTED_COLOR}"
CODE_STYLE = f"margin:8px 0;padding:10px 12px;background:{PANEL_COLOR};font-size:13px;line-height:1.6em;overflow-x:auto"
STRIKE_STYLE = "text-decoration:line-through"
UNDERLINE_STYLE = "text-decoration:underline"
HIGHLIGHT_STYLE = f"border-bottom:2px solid {ACCENT_COLOR}"  # dark mode would change a background
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
