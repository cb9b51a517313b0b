"""The themes of the article by name, and the colors that WeChat's dark mode gives them.

Each theme is `plain` with other styles and marks: `ink` looks like a newspaper, `warm` like cards of paper,
`tech` like a terminal. All have the same words and links.
"""

from __future__ import annotations

from publisher.channels.wechat.style import CIRCLED, ArticleTheme

_PLAIN = ArticleTheme()

_SEAL = "padding:2px 8px;background:#a8322a;color:#fff;font-size:13px"

_INK = ArticleTheme(
    number="\u00a0{}\u00a0",
    count=" ({})",
    bullet="–",
    source="—— {}",
    topics_join="<br>",
    article="font-size:16px;line-height:1.8em;text-align:left",
    masthead="padding:16px 0;border:solid #666;border-width:1px 0;text-align:center",
    topics="margin-bottom:10px;font-size:18px;line-height:1.6em;font-weight:bold",
    tagline="font-size:13px;color:#555",
    facts="font-size:13px;color:#555",
    guide="margin-top:28px;font-size:15px",
    guide_label_line="text-align:center",
    guide_label=_SEAL,
    guide_part="font-weight:bold",
    heading=(
        "margin:60px 0 24px;padding:10px 0;border-top:3px double #666;border-bottom:1px solid #666;font-size:19px;"
        "line-height:1.4em;font-weight:bold;text-align:center"
    ),
    heading_count="font-size:14px;font-weight:normal",
    item="margin:36px 0 10px",
    first_item="margin-bottom:10px",
    line="",
    number_badge="background:#a8322a;color:#fff",
    quote="margin:14px 0;padding:0 1.5em;font-size:15px;color:#555",
    code=(
        "margin:12px 0;padding:12px 0;border:solid #999;border-width:1px 0;font-size:13px;line-height:1.6em;"
        "overflow-x:auto"
    ),
    inline_code="font-size:14px;border-bottom:1px solid #999",
    mark="border-bottom:2px solid #a8322a",
    cell="border-bottom:1px solid #999;padding:6px 10px 6px 0",
    head_cell="border-bottom:2px solid #666;padding:6px 10px 6px 0;min-width:3em;text-align:left",
    rule="margin:28px 30%;border:0;border-top:1px solid #666",
    end="margin-top:60px;padding-top:20px;border-top:3px double #666",
    end_label_line="margin-bottom:10px;text-align:center",
    end_label=_SEAL,
)

_CARD = "background:rgba(200,130,60,.06)"
_EDGE = "border:1px solid rgba(200,130,60,.4)"
_SMALL_CLAY = "font-size:14px;color:#594a3e"

_WARM = ArticleTheme(
    number=CIRCLED,
    count=" {}",
    label="✦ {}",
    topics_join="\u00a0· ",
    article="font-size:16px;line-height:1.8em;text-align:left",
    small=_SMALL_CLAY,
    masthead=f"padding:16px 18px;{_EDGE};border-radius:12px;{_CARD}",
    topics="margin-bottom:8px;font-size:18px;line-height:1.6em;font-weight:bold;color:#7d3413",
    tagline=_SMALL_CLAY,
    facts=_SMALL_CLAY,
    guide="margin-top:24px;padding:4px 18px;border-left:3px solid rgba(200,130,60,.4);font-size:15px",
    guide_label="font-weight:bold;color:#7d3413",
    guide_part="color:#7d3413",
    warmup="margin-top:32px",
    warmup_intro="font-weight:bold;color:#7d3413",
    note=f"margin-top:16px;{_SMALL_CLAY}",
    section_note=f"margin-bottom:18px;{_SMALL_CLAY}",
    heading="margin:56px 0 24px;font-size:17px;font-weight:bold;text-align:center",
    heading_text=f"display:inline-block;padding:4px 22px;{_EDGE};border-radius:20px;{_CARD};color:#7d3413",
    heading_count="font-size:14px;font-weight:normal",
    item="margin:28px 0 8px",
    line="padding-top:24px;border-top:1px dashed",
    number_badge="color:#7d3413",
    headline_text="font-size:17px;color:#2b2118",
    quote=f"margin:14px 0;padding:12px 16px;border-radius:8px;{_CARD};color:#594a3e",
    code=f"margin:12px 0;padding:12px 14px;border-radius:8px;{_CARD};font-size:13px;line-height:1.6em;overflow-x:auto",
    inline_code=f"font-size:14px;{_CARD}",
    mark="border-bottom:2px solid #c8823c",
    cell=f"{_EDGE};padding:5px 8px",
    head_cell=f"{_EDGE};padding:5px 8px;min-width:3em;{_CARD}",
    figure_image="width:100%;border-radius:8px",
    caption="margin-top:6px;font-size:13px;color:#594a3e",
    rule="margin:28px 0;border:0;border-top:1px dashed #c8823c",
    references=_SMALL_CLAY,
    footer=f"margin-top:40px;{_SMALL_CLAY}",
    end=f"margin-top:56px;padding:18px;{_EDGE};border-radius:12px;{_CARD}",
    end_label="font-weight:bold;color:#7d3413",
    end_note=f"margin-top:12px;{_SMALL_CLAY}",
)

_GLASS = "background:rgba(18,181,160,.06)"
_SMALL_SLATE = "font-size:14px;color:#46505c"

_TECH = ArticleTheme(
    number="#{:02}",
    count=" // {}",
    label="> {}",
    bullet="▪",
    source="@ {}",
    small=_SMALL_SLATE,
    masthead="padding:18px;border-left:4px solid #12b5a0;background:#16304f;color:#fff",
    topics="margin-bottom:8px;font-size:18px;line-height:1.6em;font-weight:bold",
    tagline="font-size:13px;color:#b9c8d9",
    facts="font-size:13px;color:#12b5a0",
    guide=f"margin-top:20px;padding:14px 16px;{_GLASS};font-size:15px",
    guide_label="font-weight:bold;color:#055e54",
    guide_part="color:#055e54",
    note=f"margin-top:16px;{_SMALL_SLATE}",
    section_note=f"margin-bottom:18px;{_SMALL_SLATE}",
    heading=(
        "margin:52px 0 22px;padding:8px 14px;border-left:4px solid #12b5a0;background:#16304f;color:#fff;"
        "font-size:18px;line-height:1.5em;font-weight:bold"
    ),
    heading_count="font-size:14px;color:#12b5a0",
    items="padding-left:14px;border-left:1px solid #12b5a0",
    item="margin:34px 0 8px",
    line="",
    number_badge="color:#055e54",
    headline_text="font-size:17px;color:#16202c",
    quote="margin:12px 0;padding-left:14px;border-left:3px solid #12b5a0;color:#46505c",
    code=(
        "margin:12px 0;padding:12px 14px;background:#16304f;color:#dce6f0;font-size:13px;line-height:1.6em;"
        "overflow-x:auto"
    ),
    inline_code=f"font-size:14px;{_GLASS}",
    mark="border-bottom:2px solid #12b5a0",
    cell="border:1px solid #9ab;padding:5px 8px",
    head_cell=f"border:1px solid #9ab;padding:5px 8px;min-width:3em;{_GLASS}",
    caption="margin-top:6px;font-size:13px;color:#46505c",
    rule="margin:28px 0;border:0;border-top:1px solid #9ab",
    references=_SMALL_SLATE,
    footer=f"margin-top:40px;{_SMALL_SLATE}",
    end=f"margin-top:56px;padding:18px 16px;{_GLASS}",
    end_label="font-weight:bold;color:#055e54",
    end_note=f"margin-top:12px;{_SMALL_SLATE}",
)

THEMES = {"plain": _PLAIN, "ink": _INK, "warm": _WARM, "tech": _TECH}
"""The themes by the value of `theme` in [channels.wechat]."""

DARK_MODE_STYLES = {
    "background:#f7f7f7": "background:#212121;color:#ccc",
    "background:#f3f3f3": "background:#252525;color:#ccc",
    "background:#16304f": "background:#183558",
    "background:rgba(": "color:#ccc",
    "color:#555": "color:#919191",
    "color:#222": "color:#a3a3a3",
    "color:#82160f": "color:#eb594f",
    "color:#594a3e": "color:#ac9888",
    "color:#7d3413": "color:#e58256",
    "color:#2b2118": "color:#afa093",
    "color:#46505c": "color:#8693a3",
    "color:#055e54": "color:#59c4b8",
    "color:#16202c": "color:#96a5b8",
    "color:#b9c8d9": "color:#99a5b3",
    "color:#dce6f0": "color:#9da4ab",
}
"""What WeChat's dark mode turns these styles into, for the preview page; it leaves all others alone.

The page is #191919 and its text rgba(255,255,255,.6). Text without a color of its own in front of a background
gets one that suits it."""
