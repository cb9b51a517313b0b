"""Error messages and retry delays for WeChat's error codes.

Sources: developers.weixin.qq.com/doc/subscription/guide/dev/error_code (codes common to all calls), and the
code tables on the page of each call; the values of publish_status are those of
developers.weixin.qq.com/doc/subscription/api/public/api_freepublish_get.
"""

from __future__ import annotations

from collections.abc import Callable

from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.errors import RefusalKind
from publisher.named_tuple import NamedTuple

_MINUTE, _FIVE_MINUTES, _HOUR, _DAY = 60.0, 300.0, 3600.0, 86400.0
_BEIJING_UTC_OFFSET = 8 * _HOUR


def _wait_fixed(seconds: float) -> Callable[[float], float]:
    return lambda _: seconds


def _wait_until_midnight(now: float) -> float:
    """Return the seconds until midnight in Beijing, when WeChat resets its quotas."""
    return _DAY - (now + _BEIJING_UTC_OFFSET) % _DAY


class ErrorCodeRule(NamedTuple):
    """The message for an error code, and when to retry.

    `wait` takes the current Unix time and returns the seconds to wait; None means a permanent error.
    """

    message: BilingualMessage
    wait: Callable[[float], float] | None = None


_ALLOWLIST_CHINESE = "公众平台（mp.weixin.qq.com）「设置与开发 → 开发接口管理」的 IP 白名单"
_ALLOWLIST_ENGLISH = "the IP allowlist at mp.weixin.qq.com (设置与开发 → 开发接口管理)"

_INVALID_SECRET = BilingualMessage(
    "AppSecret 错误，或者已被重置",
    "在公众平台「设置与开发 → 开发接口管理」核对，更新 publisher.toml 中 secret 引用的值",
    "the AppSecret is wrong or has been reset",
    "compare the value that `secret` refers to with mp.weixin.qq.com (设置与开发 → 开发接口管理)",
)
_INVALID_APPID = BilingualMessage(
    "AppID 无效",
    "检查 publisher.toml 中 [channels.wechat] 的 appid",
    "WeChat does not know this AppID",
    "check `appid` in [channels.wechat]",
)
_ACCOUNT_FROZEN = BilingualMessage(
    "这个公众号或它的 AppSecret 已被冻结",
    "登录公众平台查看通知，解冻后再发布",
    "this account or its AppSecret is frozen",
    "read the notification at mp.weixin.qq.com, and run publish again once it is unfrozen",
)
_INVALID_TOKEN = BilingualMessage(
    "刷新 access_token 之后仍被微信拒绝",
    "检查是否有其他程序通过旧接口获取同一公众号的 access_token，或者 AppSecret 刚被重置",
    "WeChat rejects the access_token, even after a refresh",
    "check whether another program requests tokens through the old API, or the AppSecret was reset",
)
_INVALID_IMAGE_TYPE = BilingualMessage(
    "微信不支持这种图片格式", "换成 JPG 或 PNG", "WeChat does not accept this image format", "convert it to JPG or PNG"
)
_INVALID_IMAGE_SIZE = BilingualMessage(
    "图片太大，微信不接受", "把图片压缩到 1 MB 以下", "the image is too large for WeChat", "reduce it to less than 1 MB"
)
_UNKNOWN_RECIPIENT = BilingualMessage(
    "校样无法发送到 me 指定的微信号或 OpenID：它不存在，或者没有关注这个公众号",
    "检查 publisher.toml 中 [channels.wechat] 的 me，并用这个微信号关注公众号",
    "the test send did not reach `me`: no such WeChat ID or OpenID, or it does not follow the account",
    "check `me` in [channels.wechat], and follow the account with that WeChat ID",
)
_MANUAL_ACTION_REQUIRED = BilingualMessage(
    "草稿已在草稿箱中，但微信要求人工操作才能发布",
    "登录公众平台，打开草稿，保存一次并按提示处理，然后在那里发表",
    "the draft was saved, but WeChat requires it to be published by hand",
    "open the draft at mp.weixin.qq.com, save it once, follow the prompts, and publish it there",
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
            "本机 IP {ip} 不在白名单中",
            f"把 {{ip}} 加进{_ALLOWLIST_CHINESE}，约五分钟后生效，届时再发布",
            "the IP address {ip} of this machine is not on the allowlist",
            f"add {{ip}} to {_ALLOWLIST_ENGLISH}; run publish again after about five minutes",
        ),
        _wait_fixed(_FIVE_MINUTES),
    ),
    89503: ErrorCodeRule(
        BilingualMessage(
            "这次调用需要管理员在微信里确认",
            "请管理员确认后再发布",
            "the account's administrator must confirm this call in WeChat",
            "have it confirmed, then run publish again",
        ),
        _wait_fixed(_FIVE_MINUTES),
    ),
    89506: ErrorCodeRule(
        BilingualMessage(
            "管理员拒绝了这个 IP，24 小时内不能再调用",
            "与管理员沟通，明天再发布",
            "the administrator rejected this IP address, which is blocked for 24 hours",
            "ask the administrator to allow it, and run publish again tomorrow",
        ),
        _wait_fixed(_DAY),
    ),
    89507: ErrorCodeRule(
        BilingualMessage(
            "管理员拒绝了这个 IP，1 小时内不能再调用",
            "与管理员沟通，一小时后再发布",
            "the administrator rejected this IP address, which is blocked for one hour",
            "ask the administrator to allow it, and run publish again in an hour",
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
            "草稿或封面图片在微信里已不存在",
            "运行 publish retry 重新上传",
            "the draft or its cover image no longer exists at WeChat",
            "run publish retry to upload it again",
        )
    ),
    40114: ErrorCodeRule(
        BilingualMessage(
            "草稿里没有这一篇",
            "检查草稿是否被改成了多篇图文",
            "the draft has no such article",
            "check whether the draft was changed to contain several articles",
        )
    ),
    41039: ErrorCodeRule(
        BilingualMessage(
            "微信不接受「阅读原文」的链接",
            "检查 publisher.toml 中的 url：必须是完整的 https 链接",
            "WeChat rejects the URL of 阅读原文",
            "check `url` in publisher.toml: it must be an absolute https URL",
        )
    ),
    44003: ErrorCodeRule(
        BilingualMessage(
            "微信提示图文内容为空",
            "检查这一期是否有正文",
            "WeChat reports that the article is empty",
            "check whether the issue has any text",
        )
    ),
    45002: ErrorCodeRule(
        BilingualMessage(
            "正文太长，超出微信的限制",
            "删去几条，或者改用 links 的另一种写法；字符数见 meta.json",
            "the article is too long for WeChat",
            "remove some items or change `links`; meta.json has the character count",
        )
    ),
    45003: ErrorCodeRule(
        BilingualMessage(
            "标题太长，超出微信的限制",
            "把 title_limit 设为 32",
            "the title is too long for WeChat",
            "set title_limit = 32",
        )
    ),
    45004: ErrorCodeRule(
        BilingualMessage(
            "摘要太长，超出微信的限制", "把导读改短", "the digest is too long for WeChat", "shorten the guide"
        )
    ),
    45110: ErrorCodeRule(
        BilingualMessage(
            "作者名太长，超出微信的限制",
            "在 [channels.wechat] 中设置较短的 author",
            "the author's name is too long for WeChat",
            "set a shorter `author` in [channels.wechat]",
        )
    ),
    45009: ErrorCodeRule(
        BilingualMessage(
            "今天的接口调用次数用完了",
            "明天再发布；急用时可在公众平台的接口权限页清零（每月十次）",
            "today's API quota is used up",
            "run publish again tomorrow, or reset the quota at mp.weixin.qq.com (ten times a month)",
        ),
        _wait_until_midnight,
    ),
    48006: ErrorCodeRule(
        BilingualMessage(
            "本月的清零次数用完了，今天的接口调用次数也用完了",
            "明天再发布",
            "today's API quota is used up, and so are this month's resets",
            "run publish again tomorrow",
        ),
        _wait_until_midnight,
    ),
    45011: ErrorCodeRule(
        BilingualMessage(
            "调用太快，超出微信的频率限制",
            "一分钟后再发布",
            "WeChat's rate limit was exceeded",
            "run publish again in a minute",
        ),
        _wait_fixed(_MINUTE),
    ),
    45166: ErrorCodeRule(
        BilingualMessage(
            "正文里有微信不接受的内容",
            "打开 preview.html 检查链接和特殊内容，修改后再发布",
            "the article contains something that WeChat does not accept",
            "check links and unusual content in preview.html, fix them, then run publish again",
        )
    ),
    47001: ErrorCodeRule(
        BilingualMessage(
            "微信无法解析提交的数据",
            "这是程序的错误，请连同这条消息反馈给开发者",
            "WeChat could not parse the request",
            "this is a bug in publisher: please report it with this message",
        )
    ),
    48001: ErrorCodeRule(
        BilingualMessage(
            "这个公众号没有这个接口的权限",
            "2025 年 7 月起，个人主体、未认证企业和不支持认证的账号不能通过接口发布：去掉 publish = true，"
            "再运行 publish correct；草稿照常进入草稿箱，在公众平台上点「发表」即可",
            "this account is not authorized to use this API",
            "since July 2025, personal and unverified accounts cannot publish through the API: remove "
            "publish = true, run publish correct, and publish the draft at mp.weixin.qq.com",
        )
    ),
    53503: ErrorCodeRule(_MANUAL_ACTION_REQUIRED),
    53504: ErrorCodeRule(_MANUAL_ACTION_REQUIRED),
    53505: ErrorCodeRule(_MANUAL_ACTION_REQUIRED),
    53600: ErrorCodeRule(
        BilingualMessage(
            "微信里没有这篇文章",
            "登录公众平台，检查它是否已被删除",
            "WeChat has no such article",
            "check at mp.weixin.qq.com whether it was deleted",
        )
    ),
    88000: ErrorCodeRule(
        BilingualMessage(
            "这个公众号没有留言功能",
            "在公众平台上关闭草稿的留言后再试",
            "this account does not support comments",
            "disable comments for the draft at mp.weixin.qq.com, then try again",
        )
    ),
}

_CODES_BY_KIND = {
    # the account, its credentials, the server's IP address, or a right that the account does not have
    RefusalKind.SENDER: (
        *(40001, 40014, 42001, 40013, 41002, 40125, 41004, 40243, 50004, 50007),
        *(40164, 89503, 89506, 89507, 48001, 88000),
    ),
    RefusalKind.LATER: (45009, 45011, 48006),
    RefusalKind.NO_RECIPIENT: (40003, 40132, 43004),
    RefusalKind.CONTENT: (40005, 40113, 40137, 40009, 45001, 41039, 44003, 45002, 45003, 45004, 45110, 45166),
}
ERROR_CODE_KINDS = {code: kind for kind, codes in _CODES_BY_KIND.items() for code in codes}
"""What an error code is about, where that is clear."""

TOKEN_ERROR_RULES: dict[int, ErrorCodeRule] = {**ERROR_CODE_RULES, 40001: ErrorCodeRule(_INVALID_SECRET)}
"""The rules for the call that requests a token. It sends no token, so 40001 means a wrong AppSecret."""

UNKNOWN_CODE_MESSAGE = BilingualMessage(
    "微信拒绝了：{errmsg}",
    "什么都没有发出；按提示处理后再试",
    "WeChat refused: {errmsg}",
    "nothing was sent; fix this, then try again",
)

# publish_status of freepublish/get; 0 is success, 1 in progress
PUBLISH_STATUS_MESSAGES: dict[int, BilingualMessage] = {
    2: BilingualMessage(
        "发布失败：原创声明没有通过",
        "登录公众平台处理原创声明，再在那里发表",
        "not published: WeChat rejected the declaration of original content",
        "resolve this at mp.weixin.qq.com, and publish the draft there",
    ),
    3: BilingualMessage(
        "发布失败",
        "登录公众平台查看原因，修改后运行 publish retry",
        "WeChat did not publish the article",
        "find the reason at mp.weixin.qq.com, fix it, then run publish retry",
    ),
    4: BilingualMessage(
        "发布失败：平台审核没有通过",
        "登录公众平台查看审核意见，修改后运行 publish retry",
        "not published: the article did not pass WeChat's review",
        "read the review at mp.weixin.qq.com, fix the issue, then run publish retry",
    ),
    5: BilingualMessage(
        "文章发布后在公众平台上被删除",
        "如需重新发布，请在公众平台上发表",
        "the article was published and then deleted at mp.weixin.qq.com",
        "to publish it again, do so at mp.weixin.qq.com",
    ),
    6: BilingualMessage(
        "文章发布后被平台封禁",
        "登录公众平台查看处罚通知",
        "the article was published and then banned by WeChat",
        "read the notification at mp.weixin.qq.com",
    ),
}
