"""Whether an account could deliver, asked of WeChat by calls that change nothing.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_batchget, and
doc/subscription/api/apimanage/api_getapiquota
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from publisher.channel import Finding, FindingLevel
from publisher.channels.wechat import cover, images, settings
from publisher.channels.wechat.client import WeChatClient
from publisher.channels.wechat.draft import Draft
from publisher.channels.wechat.writer import BilingualMessage
from publisher.errors import DeliveryError
from publisher.links import extract_host

_DRAFT_COUNT = BilingualMessage(
    "公众号 {appid} 的接口可以用，草稿箱里有 {count} 份草稿",
    "",
    "the interface answers for the account {appid}, which has {count} drafts",
    "",
)
_QUOTA_LEFT = BilingualMessage(
    "今天还能新建 {left} 份草稿，一共 {all} 份", "", "{left} of {all} drafts may still be added today", ""
)
_QUOTA_EXHAUSTED = BilingualMessage(
    "今天不能再新建草稿：{all} 次都用完了",
    "明天再发布",
    "no more drafts can be added today: all {all} are used up",
    "publish again tomorrow",
)
_CAN_PUBLISH = BilingualMessage(
    "这个公众号可以用接口发布", "", "the account may publish by the interface", ""
)
_NO_FONT = BilingualMessage(
    "没有中文字体，自动生成的封面上不会有字",
    "装一个中文字体（如 fonts-noto-cjk），或者设置 cover",
    "there is no Chinese font, so covers are made without words",
    "install one, like fonts-noto-cjk, or set `cover`",
)


_FIRST_ENTRY_ONLY = {"offset": 0, "count": 1, "no_content": 1}


def diagnose(
    client: WeChatClient, appid: str, cover_path: Path | None, *, publishes: bool
) -> Iterator[Finding]:
    """What there is to find about the token, the drafts, the quota, the right to publish, and the cover: the
    file `front`, or one that is drawn. Raises ConfigError when the secret is not where it should be."""
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
    if cover_path:
        try:
            images.convert_image(images.load_image_file(cover_path, lang), lang)
        except DeliveryError as error:
            yield Finding(FindingLevel.ERROR, error.message, error.hint)
    elif not cover.has_font(_NO_FONT.format(lang)[0]):
        yield Finding(FindingLevel.WARNING, *_NO_FONT.format(lang))


def _diagnose_quota(client: WeChatClient) -> Finding:
    made = client.call("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"})["quota"]
    left, most = made["remain"], made["daily_limit"]
    if left > 0 or not most:
        return Finding(FindingLevel.OK, *_QUOTA_LEFT.format(client.lang, left=left, all=most))
    return Finding(FindingLevel.ERROR, *_QUOTA_EXHAUSTED.format(client.lang, all=most))


_TITLE_TOO_LONG = BilingualMessage(
    "标题有 {count} 个字，微信最多收 {limit} 个，多了 {excess} 个",
    "把标题改短",
    "the title has {count} characters, {excess} too many: WeChat takes {limit}",
    "shorten it",
)
_AUTHOR_TOO_LONG = BilingualMessage(
    "作者名有 {count} 个字，微信最多收 {limit} 个，多了 {excess} 个",
    "在 [channels.wechat] 里设一个短的 author",
    "the author's name has {count} characters, {excess} too many: WeChat takes {limit}",
    "set a shorter `author` below [channels.wechat]",
)
_DIGEST_TOO_LONG = BilingualMessage(
    "摘要有 {count} 个字，微信最多收 {limit} 个，多了 {excess} 个",
    "把导读改短",
    "the digest has {count} characters, {excess} too many: WeChat takes {limit}",
    "shorten the guide",
)
_CONTENT_TOO_LONG = BilingualMessage(
    "正文连同标签有 {count} 个字符，微信要求少于 {limit} 个，多了 {excess} 个",
    "删去几条，或者设置 links 换一种写法，见 meta.json",
    "the article has {count} characters with its markup, {excess} too many: WeChat wants fewer than {limit}",
    "take out some items, or set `links` otherwise; meta.json counts them",
)
_CONTENT_BYTES_EXCEEDED = BilingualMessage(
    "正文有 {count} 字节，微信要求少于 {limit}，多了 {excess}",
    "删去几条",
    "the article has {count} bytes, {excess} too many: WeChat wants fewer than {limit}",
    "take out some items",
)
_SOURCE_URL_TOO_LONG = BilingualMessage(
    "「阅读原文」的地址有 {count} 字节，微信最多收 {limit}，多了 {excess}",
    "在 publisher.toml 里设一个短的 url",
    "the address behind 阅读原文 has {count} bytes, {excess} too many: WeChat takes {limit}",
    "set a shorter `url` in publisher.toml",
)
_SOURCE_URL_INVALID = BilingualMessage(
    "「阅读原文」的地址 {url} 不是完整的 https 地址",
    "看看 publisher.toml 里的 url",
    "the address behind 阅读原文, {url}, is no absolute https address",
    "look at `url` in publisher.toml",
)


def validate_draft(draft: Draft, title_limit: int, lang: str) -> None:
    """Raise DeliveryError when WeChat would not take the draft. Pictures count with the addresses they will
    have there, the longest known."""
    article = draft.article
    content, source = article["content"], article["content_source_url"]
    longer = sum(
        max(0, settings.MAX_IMAGE_URL_LENGTH - len(url)) * content.count(url) for url in draft.images
    )
    found = (
        (_TITLE_TOO_LONG, len(article["title"]), title_limit),
        (_AUTHOR_TOO_LONG, len(article["author"]), settings.MAX_AUTHOR_LENGTH),
        (_DIGEST_TOO_LONG, len(article["digest"]), settings.MAX_DIGEST_LENGTH),
        (_CONTENT_TOO_LONG, settings.measure_content(content) + longer, settings.CONTENT_LIMIT - 1),
        (_CONTENT_BYTES_EXCEEDED, len(content.encode()) + longer, settings.CONTENT_BYTES_LIMIT - 1),
        (_SOURCE_URL_TOO_LONG, len(source.encode()), settings.MAX_SOURCE_URL_BYTES),
    )
    for sentence, count, limit in found:
        if count > limit:
            shown = limit + 1 if sentence in (_CONTENT_TOO_LONG, _CONTENT_BYTES_EXCEEDED) else limit
            raise sentence.build_error(lang, permanent=True, count=count, limit=shown, excess=count - limit)
    if source and not (source.startswith("https://") and extract_host(source)):
        raise _SOURCE_URL_INVALID.build_error(lang, permanent=True, url=source)
