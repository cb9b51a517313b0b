"""What a response says about a link. `GONE` only if it is certain."""

from __future__ import annotations

from enum import Enum

from publisher.links import extract_host
from publisher.named_tuple import NamedTuple


class LinkState(Enum):
    """Whether a link works."""

    OK = "ok"
    GONE = "gone"
    UNKNOWN = "unknown"


class LinkResult(NamedTuple):
    """The result of a link check, and its time (seconds since 1970)."""

    state: LinkState
    reason: str
    checked_at: float = 0.0


_GONE_STATUSES = {404: "answers 404: not found", 410: "answers 410: gone"}
_BLOCKING_HOSTS = ("zhihu.com",)
"""Hosts that block automated requests: a page that they call missing may work in a browser."""

_WECHAT_HOST = "mp.weixin.qq.com"
_ARTICLE_ELEMENT_ID = "js_content"
"""The id of the body of each WeChat article; pages shown instead of an article do not have it."""

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
    """Return whether the status is not enough: WeChat answers 200 for deleted articles."""
    return extract_host(url) == _WECHAT_HOST


def classify_response(url: str, status: int, body: str) -> LinkResult:
    """Return the result for a response that is no redirect; `url` is the last URL. `body` may be empty unless
    `needs_body(url)`."""
    host = extract_host(url)
    if status in _GONE_STATUSES:
        if any(host == blocking or host.endswith(f".{blocking}") for blocking in _BLOCKING_HOSTS):
            return LinkResult(LinkState.UNKNOWN, f"{host} answers automated requests with {status}")
        return LinkResult(LinkState.GONE, f"{host} {_GONE_STATUSES[status]}")
    if status in (401, 403, 429, 451, 999):
        return LinkResult(LinkState.UNKNOWN, f"{host} answers automated requests with {status}")
    if not 200 <= status < 300:
        return LinkResult(LinkState.UNKNOWN, f"{host} answers {status}")
    if needs_body(url) and _ARTICLE_ELEMENT_ID not in body:
        for phrase in _DELETED_PHRASES:
            if phrase in body:
                return LinkResult(LinkState.GONE, f"WeChat says: {phrase}")
        return LinkResult(LinkState.UNKNOWN, "WeChat shows no article to automated requests")
    return LinkResult(LinkState.OK, str(status))
