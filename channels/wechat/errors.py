"""What WeChat's error codes mean to an editor, and for how long it is of no use to try again.

Sources: developers.weixin.qq.com/doc/subscription/guide/dev/error_code (the codes common to all calls), and
the tables of codes on the page of each call; the states of a publication are those of
developers.weixin.qq.com/doc/subscription/api/public/api_freepublish_get.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from publisher.channels.wechat.writer import BilingualMessage

_MINUTE, _FIVE_MINUTES, _HOUR, _DAY = 60.0, 300.0, 3600.0, 86400.0
_BEIJING_UTC_OFFSET = 8 * _HOUR


def _wait_fixed(seconds: float) -> Callable[[float], float]:
    return lambda _: seconds


def _wait_until_midnight(now: float) -> float:
    """Quotas are counted anew at midnight in Beijing."""
    return _DAY - (now + _BEIJING_UTC_OFFSET) % _DAY


class ErrorCodeRule(NamedTuple):
    """`wait` gives the seconds to wait at a Unix time; without it another try is of no use."""

    message: BilingualMessage
    wait: Callable[[float], float] | None = None


_ALLOWLIST_CHINESE = "公众平台（mp.weixin.qq.com）「设置与开发 → 开发接口管理」的 IP 白名单"
_ALLOWLIST_ENGLISH = "the IP allow-list at mp.weixin.qq.com, 设置与开发 → 开发接口管理"

_INVALID_SECRET = BilingualMessage(
    "AppSecret 不对，或者已经重置",
    "到公众平台「设置与开发 → 开发接口管理」核对，写到 publisher.toml 里 secret 指向的地方",
    "the AppSecret is wrong, or was reset",
    "compare it with the one at mp.weixin.qq.com, 设置与开发 → 开发接口管理, where `secret` leads",
)
_INVALID_APPID = BilingualMessage(
    "微信不认识这个 AppID",
    "核对 publisher.toml 里 [channels.wechat] 的 appid",
    "WeChat does not know this AppID",
    "look at `appid` below [channels.wechat]",
)
_ACCOUNT_FROZEN = BilingualMessage(
    "这个公众号或它的 AppSecret 被冻结",
    "登录公众平台查看通知，解冻后再发布",
    "this account, or its AppSecret, is frozen",
    "log in at mp.weixin.qq.com, read the notice there, and publish again when it is lifted",
)
_INVALID_TOKEN = BilingualMessage(
    "access_token 换新之后微信仍然不认",
    "看看是否有别的程序在用同一个公众号的旧接口 token，或者 AppSecret 刚刚重置",
    "WeChat refuses the access_token, and a new one too",
    "see whether another program takes tokens by the old interface, or the AppSecret was reset",
)
_INVALID_IMAGE_TYPE = BilingualMessage(
    "微信不收这种图片",
    "换成 JPG 或 PNG",
    "WeChat does not take this kind of picture",
    "make it a JPG or PNG",
)
_INVALID_IMAGE_SIZE = BilingualMessage(
    "图片太大，微信不收", "把图片缩小到 1 MB 以下", "the picture is too large", "make it smaller than 1 MB"
)
_UNKNOWN_RECIPIENT = BilingualMessage(
    "校样发不到 me 说的人：没有这个微信号或 OpenID，或者还没有关注这个公众号",
    "核对 publisher.toml 里 [channels.wechat] 的 me，并用它关注公众号",
    "the proof does not reach `me`: there is no such name or OpenID, or it does not follow the account",
    "look at `me` below [channels.wechat], and follow the account with it",
)
_MANUAL_ACTION_REQUIRED = BilingualMessage(
    "草稿已经在草稿箱里，但微信要求人工操作才能发布",
    "登录公众平台，打开草稿，保存一次并按提示处理，然后在那里发表",
    "the draft is in the box, but WeChat wants a person to publish it",
    "open the draft at mp.weixin.qq.com, save it once, do what is asked there, and send it from there",
)

ERROR_CODE_RULES: dict[int, ErrorCodeRule] = {
    40001: ErrorCodeRule(_INVALID_TOKEN),
    40014: ErrorCodeRule(_INVALID_TOKEN),
    42001: ErrorCodeRule(_INVALID_TOKEN),
    40013: ErrorCodeRule(_INVALID_APPID),
    41002: ErrorCodeRule(_INVALID_APPID),
    40125: ErrorCodeRule(_INVALID_SECRET),
    41004: ErrorCodeRule(_INVALID_SECRET),
    40243: ErrorCodeRule(_ACCOUNT_FROZEN),
    50004: ErrorCodeRule(_ACCOUNT_FROZEN),
    50007: ErrorCodeRule(_ACCOUNT_FROZEN),
    40164: ErrorCodeRule(
        BilingualMessage(
            "这台机器的 IP {ip} 不在白名单里",
            f"把 {{ip}} 加进{_ALLOWLIST_CHINESE}，大约五分钟后生效，再发布一次",
            "the address {ip} of this machine is not on the allow-list",
            f"add {{ip}} to {_ALLOWLIST_ENGLISH}; after about five minutes, publish again",
        ),
        _wait_fixed(_FIVE_MINUTES),
    ),
    89503: ErrorCodeRule(
        BilingualMessage(
            "这次调用要管理员在微信里确认",
            "请管理员确认，然后再发布一次",
            "the account's administrator must confirm this call in WeChat",
            "have it confirmed, then publish again",
        ),
        _wait_fixed(_FIVE_MINUTES),
    ),
    89506: ErrorCodeRule(
        BilingualMessage(
            "管理员拒绝了这个 IP，24 小时内不能再调用",
            "和管理员说好，明天再发布",
            "the administrator refused this address, which now has to wait for 24 hours",
            "settle it with the administrator, and publish again tomorrow",
        ),
        _wait_fixed(_DAY),
    ),
    89507: ErrorCodeRule(
        BilingualMessage(
            "管理员拒绝了这个 IP，1 小时内不能再调用",
            "和管理员说好，一小时后再发布",
            "the administrator refused this address, which now has to wait for an hour",
            "settle it with the administrator, and publish again in an hour",
        ),
        _wait_fixed(_HOUR),
    ),
    40003: ErrorCodeRule(_UNKNOWN_RECIPIENT),
    40132: ErrorCodeRule(_UNKNOWN_RECIPIENT),
    43004: ErrorCodeRule(_UNKNOWN_RECIPIENT),
    40005: ErrorCodeRule(_INVALID_IMAGE_TYPE),
    40113: ErrorCodeRule(_INVALID_IMAGE_TYPE),
    40137: ErrorCodeRule(_INVALID_IMAGE_TYPE),
    40009: ErrorCodeRule(_INVALID_IMAGE_SIZE),
    45001: ErrorCodeRule(_INVALID_IMAGE_SIZE),
    40007: ErrorCodeRule(
        BilingualMessage(
            "草稿或封面图片在微信里已经不在了",
            "publish retry 会重新上传",
            "the draft or its cover is no longer at WeChat",
            "publish retry makes it anew",
        )
    ),
    40114: ErrorCodeRule(
        BilingualMessage(
            "草稿里没有这一篇",
            "看看草稿是否被改成了多篇图文",
            "the draft has no such article",
            "see whether somebody made several articles of it",
        )
    ),
    41039: ErrorCodeRule(
        BilingualMessage(
            "「阅读原文」的地址微信不收",
            "看看 publisher.toml 里的 url：要是 https 的完整地址",
            "WeChat does not take the address behind 阅读原文",
            "look at `url` in publisher.toml: it must be a whole https address",
        )
    ),
    44003: ErrorCodeRule(
        BilingualMessage(
            "微信说图文内容是空的",
            "看看这一期是否有正文",
            "WeChat says that the article is empty",
            "see whether the issue has any text",
        )
    ),
    45002: ErrorCodeRule(
        BilingualMessage(
            "正文太长，微信不收",
            "删去几条，或者设置 links 换一种写法，见 meta.json",
            "the article is too long for WeChat",
            "take out some items, or set `links` otherwise; meta.json counts them",
        )
    ),
    45003: ErrorCodeRule(
        BilingualMessage(
            "标题太长，微信不收",
            "把 title_limit 设为 32",
            "the title is too long for WeChat",
            "set title_limit = 32",
        )
    ),
    45004: ErrorCodeRule(
        BilingualMessage(
            "摘要太长，微信不收", "把导读改短", "the digest is too long for WeChat", "shorten the guide"
        )
    ),
    45110: ErrorCodeRule(
        BilingualMessage(
            "作者名太长，微信不收",
            "在 [channels.wechat] 里设一个短的 author",
            "the author's name is too long for WeChat",
            "set a shorter `author` below [channels.wechat]",
        )
    ),
    45009: ErrorCodeRule(
        BilingualMessage(
            "今天的接口调用次数用完了",
            "明天再发布；急用的话在公众平台的接口权限页清零（每月十次）",
            "the calls of today are used up",
            "publish again tomorrow, or reset the quota at mp.weixin.qq.com, ten times a month",
        ),
        _wait_until_midnight,
    ),
    48006: ErrorCodeRule(
        BilingualMessage(
            "本月清零次数用完了，今天的接口调用次数也用完了",
            "明天再发布",
            "the calls of today are used up, and so are the resets of this month",
            "publish again tomorrow",
        ),
        _wait_until_midnight,
    ),
    45011: ErrorCodeRule(
        BilingualMessage(
            "调用太快，微信要求慢一点",
            "稍等一分钟再发布",
            "that was too fast for WeChat",
            "publish again in a minute",
        ),
        _wait_fixed(_MINUTE),
    ),
    45166: ErrorCodeRule(
        BilingualMessage(
            "正文里有微信不收的内容",
            "打开 preview.html 检查链接和特殊内容，改好再发布",
            "there is something in the article that WeChat does not take",
            "look at the links and at what is unusual in preview.html, and publish again",
        )
    ),
    47001: ErrorCodeRule(
        BilingualMessage(
            "微信读不懂这次提交的数据",
            "这是程序的错误，请把微信的原话告诉我们",
            "WeChat cannot read what it was sent",
            "this is a mistake of the program: please report what WeChat said",
        )
    ),
    48001: ErrorCodeRule(
        BilingualMessage(
            "这个公众号没有这个接口的权限",
            "2025 年 7 月起，个人主体、未认证企业和不支持认证的账号不能用接口发布：去掉 publish = true，"
            "再 publish correct；草稿照常进草稿箱，在公众平台上点一下发表",
            "this account may not use this interface",
            "since July 2025 accounts of persons, and all that are not verified, cannot publish this way: "
            "leave out publish = true, then publish correct, and send the draft from mp.weixin.qq.com with a "
            "tap",
        )
    ),
    53503: ErrorCodeRule(_MANUAL_ACTION_REQUIRED),
    53504: ErrorCodeRule(_MANUAL_ACTION_REQUIRED),
    53505: ErrorCodeRule(_MANUAL_ACTION_REQUIRED),
    53600: ErrorCodeRule(
        BilingualMessage(
            "微信里没有这篇文章",
            "登录公众平台看看它是否已被删除",
            "WeChat has no such article",
            "see at mp.weixin.qq.com whether somebody deleted it",
        )
    ),
    88000: ErrorCodeRule(
        BilingualMessage(
            "这个公众号没有留言功能",
            "在公众平台上关闭草稿的留言后再试",
            "this account has no comments",
            "switch off the comments of the draft at mp.weixin.qq.com",
        )
    ),
}

TOKEN_ERROR_RULES: dict[int, ErrorCodeRule] = {**ERROR_CODE_RULES, 40001: ErrorCodeRule(_INVALID_SECRET)}
"""To the call that asks for a token, which sends none that could be wrong."""

UNKNOWN_CODE_MESSAGE = BilingualMessage(
    "微信拒绝了：{said}",
    "什么都没有发出；按这句话处理后再试",
    "WeChat refuses: {said}",
    "nothing was done; mend that and try again",
)

# publish_status of freepublish/get; 0 is done, 1 is under way
PUBLISH_STATUS_MESSAGES: dict[int, BilingualMessage] = {
    2: BilingualMessage(
        "发布失败：原创声明没有通过",
        "登录公众平台处理原创声明，再在那里发表",
        "it was not published: the claim to be original was refused",
        "settle that at mp.weixin.qq.com, and send the draft from there",
    ),
    3: BilingualMessage(
        "发布失败",
        "登录公众平台查看原因，改好后 publish retry",
        "it was not published",
        "look for the reason at mp.weixin.qq.com, then publish retry",
    ),
    4: BilingualMessage(
        "发布失败：平台审核没有通过",
        "登录公众平台看审核意见，改好后 publish retry",
        "it was not published: it did not pass the review",
        "read the review at mp.weixin.qq.com, mend it, then publish retry",
    ),
    5: BilingualMessage(
        "发布之后，有人在公众平台上删除了文章",
        "要重新发布就在公众平台上发表",
        "it was published, and somebody deleted it at mp.weixin.qq.com",
        "to publish it once more, send it from there",
    ),
    6: BilingualMessage(
        "发布之后，文章被平台封禁",
        "登录公众平台看处罚通知",
        "it was published, and WeChat has banned it",
        "read the notice at mp.weixin.qq.com",
    ),
}
