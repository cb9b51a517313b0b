"""How the article looks: every tag and every style it may use, in one place.

WeChat drops style sheets, classes and ids, so each style is repeated on the element that needs it, and each
of its characters counts towards the limit of the article. The outer section carries what is inherited; most
paragraphs carry nothing. Body text keeps WeChat's own colour, which its dark mode knows how to turn; links
keep WeChat's own blue. No width is in pixels: the column has 375 of them on a phone, and up to 677 elsewhere.

Source of what survives: github.com/wechatjs/verify-article-structure-spec, verify_article_structure.md.
"""

from __future__ import annotations

SOFT = "#555"
LINE = "#aaa"
PANEL = "#f6f6f6"
ACCENT = "#c8483b"

IN_THE_DARK = {f"color:{SOFT}": "color:#919191", f"background:{PANEL}": "background:#222;color:#ccc"}
"""What WeChat's dark mode makes of these styles, on #191919 with text of rgba(255,255,255,.6); the colours of
lines stay. Source: github.com/wechatjs/mp-darkmode, doc/cn/principle.md."""

ARTICLE = "font-size:16px;line-height:1.7em;text-align:left"
HEADING = f"margin-top:40px;padding-left:10px;border-left:4px solid {ACCENT};font-size:19px;font-weight:bold"
HEADLINE = "font-size:17px;font-weight:bold"
SUBHEADING = "margin-top:28px;font-size:17px;font-weight:bold"
ITEM = "margin-top:24px"
SMALL = f"font-size:14px;color:{SOFT}"
GUIDE = f"margin-top:16px;padding:12px 14px;background:{PANEL}"
WARMUP = "margin-top:20px"
LIST = "padding-left:1em"
AFTER = "margin:8px 0"
PROSE = "margin-top:12px"
QUOTE = f"margin:8px 0;padding-left:12px;border-left:3px solid {LINE};color:{SOFT}"
CODE = f"margin:8px 0;padding:10px 12px;background:{PANEL};font-size:13px;line-height:1.6em;overflow-x:auto"
UNBROKEN = "white-space:nowrap"
SCROLL = "margin:8px 0;overflow-x:auto"
TABLE = "border-collapse:collapse;font-size:14px;line-height:1.6em;word-break:break-all"
CELL = f"border:1px solid {LINE};padding:4px 8px"
HEAD_CELL = f"{CELL};min-width:3em"
PICTURE = "margin:12px 0;text-align:center"
WIDE = "width:100%"
RULE = f"margin:24px 0;border:0;border-top:1px solid {LINE}"
NOTE = f"margin-top:16px;{SMALL}"
FOOTER = f"margin-top:40px;{SMALL}"
