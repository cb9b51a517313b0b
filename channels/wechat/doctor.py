"""Whether an account could deliver, asked of WeChat by calls that change nothing.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_batchget, and
doc/subscription/api/apimanage/api_getapiquota
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from publisher.channel import Finding, Level
from publisher.channels.wechat import cover, images
from publisher.channels.wechat.client import Account
from publisher.channels.wechat.sentences import Sentence
from publisher.errors import DeliveryError

_DRAFTS = Sentence(
    "公众号 {appid} 的接口可以用，草稿箱里有 {count} 份草稿",
    "",
    "the interface answers for the account {appid}, which has {count} drafts",
    "",
)
_CALLS = Sentence(
    "今天还能新建 {left} 份草稿，一共 {all} 份", "", "{left} of {all} drafts may still be added today", ""
)
_NONE_LEFT = Sentence(
    "今天不能再新建草稿：{all} 次都用完了",
    "明天再发布",
    "no more drafts can be added today: all {all} are used up",
    "publish again tomorrow",
)
_MAY_PUBLISH = Sentence("这个公众号可以用接口发布", "", "the account may publish by the interface", "")
_NO_FONT = Sentence(
    "没有中文字体，自动生成的封面上不会有字",
    "装一个中文字体（如 fonts-noto-cjk），或者设置 cover",
    "there is no Chinese font, so covers are made without words",
    "install one, like fonts-noto-cjk, or set `cover`",
)


_ONE = {"offset": 0, "count": 1, "no_content": 1}


def examine(account: Account, appid: str, front: Path | None, *, publishes: bool) -> Iterator[Finding]:
    """What there is to find about the token, the drafts, the quota, the right to publish, and the cover: the
    file `front`, or one that is drawn. Raises ConfigError when the secret is not where it should be."""
    lang = account.lang
    with account:
        try:
            count = account.call("draft/batchget", _ONE)["total_count"]
            yield Finding(Level.GOOD, *_DRAFTS.told(lang, appid=appid, count=count))
            yield _quota(account)
            if publishes:
                account.call("freepublish/batchget", _ONE)
                yield Finding(Level.GOOD, *_MAY_PUBLISH.told(lang))
        except DeliveryError as error:
            yield Finding(Level.BAD, error.message, error.hint)
    if front:
        try:
            images.accepted(images.from_file(front, lang), lang)
        except DeliveryError as error:
            yield Finding(Level.BAD, error.message, error.hint)
    elif not cover.has_font(_NO_FONT.told(lang)[0]):
        yield Finding(Level.DOUBTFUL, *_NO_FONT.told(lang))


def _quota(account: Account) -> Finding:
    made = account.call("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"})["quota"]
    left, most = made["remain"], made["daily_limit"]
    if left > 0 or not most:
        return Finding(Level.GOOD, *_CALLS.told(account.lang, left=left, all=most))
    return Finding(Level.BAD, *_NONE_LEFT.told(account.lang, all=most))
