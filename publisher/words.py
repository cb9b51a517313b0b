"""The words readers see that no editor wrote, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

_CHINESE = {
    "archive": "往期回顾",
    "briefs": "热身小新闻",
    "by_item": "逐条",
    "colon": "：",
    "comma": "、",
    "contacts": "联系",
    "contents": "目录",
    "current_issue": "最新一期",
    "feed_atom": "通用格式，几乎所有阅读器都支持。",
    "feed_json": "较新的阅读器和程序使用。",
    "feed_rss": "最常见的格式，不确定时选它。",
    "feeds": "订阅",
    "guide": "导读",
    "home": "首页",
    "how_to_subscribe": "把下面任一地址添加到你的阅读器，新的一期就会自动送到。各地址内容相同，任选其一。",
    "item": "条",
    "items": "条",
    "license": "许可",
    "link": "链接",
    "main_menu": "站内导航",
    "next": "下一期",
    "no_feeds": "目前没有可订阅的地址。",
    "no_issues": "还没有发布过任何一期。",
    "note": "注",
    "permalink": "本条链接",
    "previous": "上一期",
    "published": "发布于",
    "read_issue": "阅读本期",
    "skip": "跳到正文",
    "source": "来源",
    "subscribe": "订阅",
    "table": "表格",
    "turn_page": "前后各期",
    "updated": "更正于",
}

_ENGLISH = {
    "archive": "Archive",
    "briefs": "In brief",
    "by_item": "item by item",
    "colon": ": ",
    "comma": ", ",
    "contacts": "Contact",
    "contents": "Contents",
    "current_issue": "Latest issue",
    "feed_atom": "Works in almost every reader.",
    "feed_json": "For newer readers, and for programs.",
    "feed_rss": "The most common one; take it when in doubt.",
    "feeds": "Feeds",
    "guide": "In this issue",
    "home": "Home",
    "how_to_subscribe": "Add one of these addresses to your feed reader. All carry the same text.",
    "item": "item",
    "items": "items",
    "license": "License",
    "link": "Link",
    "main_menu": "Site",
    "next": "Next issue",
    "no_feeds": "There is no feed to subscribe to at present.",
    "no_issues": "No issue has been published yet.",
    "note": "Note",
    "permalink": "Link to this item",
    "previous": "Previous issue",
    "published": "Published",
    "read_issue": "Read this issue",
    "skip": "Skip to content",
    "source": "Source",
    "subscribe": "Subscribe",
    "table": "Table",
    "turn_page": "Other issues",
    "updated": "Corrected",
}


def words(lang: str) -> Mapping[str, str]:
    """The words for a BCP 47 language tag: Chinese for zh and its variants, English for all others."""
    return _CHINESE if lang.lower().split("-")[0] == "zh" else _ENGLISH
