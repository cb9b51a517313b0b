"""The words readers see that no editor wrote, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

_CHINESE = {
    "archive": "往期回顾",
    "briefs": "热身小新闻",
    "colon": "：",
    "contents": "目录",
    "current_issue": "最新一期",
    "feeds": "订阅",
    "guide": "导读",
    "home": "首页",
    "items": "条",
    "license": "许可",
    "link": "链接",
    "next": "下一期",
    "note": "注",
    "previous": "上一期",
    "published": "发布于",
    "source": "来源",
    "subscribe": "订阅",
    "updated": "更正于",
}

_ENGLISH = {
    "archive": "Archive",
    "briefs": "In brief",
    "colon": ": ",
    "contents": "Contents",
    "current_issue": "Latest issue",
    "feeds": "Feeds",
    "guide": "In this issue",
    "home": "Home",
    "items": "items",
    "license": "License",
    "link": "Link",
    "next": "Next issue",
    "note": "Note",
    "previous": "Previous issue",
    "published": "Published",
    "source": "Source",
    "subscribe": "Subscribe",
    "updated": "Corrected",
}


def words(lang: str) -> Mapping[str, str]:
    """The words for a BCP 47 language tag: Chinese for zh and its variants, English for all others."""
    return _CHINESE if lang.lower().split("-")[0] == "zh" else _ENGLISH
