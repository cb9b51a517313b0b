"""Checks of an account by read-only API calls.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_batchget, and
doc/subscription/api/apimanage/api_getapiquota
"""

from __future__ import annotations

from collections.abc import Iterator

from publisher.channel import Finding, FindingLevel
from publisher.channels.wechat import cover, images
from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.channels.wechat.client import WeChatClient
from publisher.errors import DeliveryError
from publisher.local_files import FileAccess

_DRAFT_COUNT = BilingualMessage(
    "公众号 {appid} 的接口可用，草稿箱里有 {count} 份草稿",
    "",
    "the API works for the account {appid}, which has {count} drafts",
    "",
)
_QUOTA_LEFT = BilingualMessage(
    "今天还能新建 {remaining} 份草稿，每天最多 {limit} 份",
    "",
    "{remaining} of {limit} drafts can still be added today",
    "",
)
_QUOTA_EXHAUSTED = BilingualMessage(
    "今天不能再新建草稿：{limit} 次已用完",
    "明天再发布",
    "no more drafts can be added today: the quota of {limit} is used up",
    "run publish again tomorrow",
)
_CAN_PUBLISH = BilingualMessage(
    "这个公众号可以通过接口发布", "", "the account is authorized to publish through the API", ""
)
_NO_FONT = BilingualMessage(
    "没有中文字体，自动生成的封面上不会有文字",
    "安装一个中文字体（如 fonts-noto-cjk），或者设置 cover",
    "no Chinese font is installed, so generated covers have no text",
    "install one, such as fonts-noto-cjk, or set `cover`",
)


_FIRST_ENTRY_ONLY = {"offset": 0, "count": 1, "no_content": 1}


def diagnose(
    client: WeChatClient, appid: str, files: FileAccess, cover_path: str, qr_path: str, *, publishes: bool
) -> Iterator[Finding]:
    """Yield findings about the API access, the quota, the right to publish, the cover, and the QR code.

    The cover is the file at `cover_path`, one of `files`, or drawn if that is empty; the QR code is the one
    at `qr_path`, if any. Raises ConfigError when
    the secret cannot be resolved.
    """
    lang = client.lang
    with client:
        try:
            count = client.call("draft/batchget", _FIRST_ENTRY_ONLY)["total_count"]
            yield Finding(FindingLevel.OK, *_DRAFT_COUNT.format(lang, appid=appid, count=count))
            yield _diagnose_quota(client)
            if publishes:
                client.call("freepublish/batchget", _FIRST_ENTRY_ONLY)
                yield Finding(FindingLevel.OK, *_CAN_PUBLISH.format(lang))
        except DeliveryError as error:
            yield Finding(FindingLevel.ERROR, error.message, error.hint)
    for path in filter(None, (cover_path, qr_path)):
        try:
            images.convert_image(images.load_image_file(files, path, lang), lang)
        except DeliveryError as error:
            yield Finding(FindingLevel.ERROR, error.message, error.hint)
    if not cover_path and not cover.has_font(_NO_FONT.format(lang)[0]):
        yield Finding(FindingLevel.WARNING, *_NO_FONT.format(lang))


def _diagnose_quota(client: WeChatClient) -> Finding:
    quota = client.call("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"})["quota"]
    remaining, daily_limit = quota["remain"], quota["daily_limit"]
    if remaining > 0 or not daily_limit:  # a limit of 0 means no limit
        return Finding(FindingLevel.OK, *_QUOTA_LEFT.format(client.lang, remaining=remaining, limit=daily_limit))
    return Finding(FindingLevel.ERROR, *_QUOTA_EXHAUSTED.format(client.lang, limit=daily_limit))
