"""What an answer says about a link. "Gone" is only what is surely gone."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from publisher.links import extract_host


class LinkState(Enum):
    """Whether a link leads somewhere."""

    OK = "ok"
    GONE = "gone"
    UNKNOWN = "unknown"


class LinkResult(NamedTuple):
    """What is known of a link, and since when (seconds since 1970)."""

    state: LinkState
    reason: str
    checked_at: float = 0.0


_GONE_STATUSES = {404: "answers 404: not found", 410: "answers 410: gone"}
_BLOCKING_HOSTS = ("zhihu.com",)
"""Hosts that answer programs whatever they like: what they call missing may be there for people."""

_WECHAT_HOST = "mp.weixin.qq.com"
_ARTICLE_ELEMENT_ID = "js_content"
"""The id of the text of every article at WeChat; the pages that stand in for one do not have it."""

_DELETED_PHRASES = (
    "该内容已被发布者删除",
    "此内容因违规无法查看",
    "此内容被投诉且经审核涉嫌侵权",
    "链接已过期",
    "该公众号已被封禁",
    "此帐号已被屏蔽",
    "此账号已自主注销",
)


def needs_body(url: str) -> bool:
    """Whether the status alone says nothing: WeChat answers 200 for articles that were deleted."""
    return extract_host(url) == _WECHAT_HOST


def classify_response(url: str, status: int, body: str = "") -> LinkResult:
    """The verdict on an answer that redirects no further; `url` is the last address."""
    host = extract_host(url)
    if status in _GONE_STATUSES:
        if any(host == wall or host.endswith(f".{wall}") for wall in _BLOCKING_HOSTS):
            return LinkResult(LinkState.UNKNOWN, f"{host} answers programs {status}")
        return LinkResult(LinkState.GONE, f"{host} {_GONE_STATUSES[status]}")
    if status in (401, 403, 429, 451, 999):
        return LinkResult(LinkState.UNKNOWN, f"{host} answers programs {status}")
    if not 200 <= status < 300:
        return LinkResult(LinkState.UNKNOWN, f"{host} answers {status}")
    if needs_body(url) and _ARTICLE_ELEMENT_ID not in body:
        for sign in _DELETED_PHRASES:
            if sign in body:
                return LinkResult(LinkState.GONE, f"WeChat says: {sign}")
        return LinkResult(LinkState.UNKNOWN, "WeChat shows programs no article here")
    return LinkResult(LinkState.OK, str(status))
