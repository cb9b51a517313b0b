"""Checks of an account by read-only API calls, and the validation of a draft before it is sent.

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
    client: WeChatClient, appid: str, cover_path: Path | None, *, publishes: bool
) -> Iterator[Finding]:
    """Yield findings about the API access, the quota, the right to publish, and the cover.

    The cover is the file at `cover_path`, or drawn if that is None. Raises ConfigError when the secret cannot
    be resolved.
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
    if cover_path:
        try:
            images.convert_image(images.load_image_file(cover_path, lang), lang)
        except DeliveryError as error:
            yield Finding(FindingLevel.ERROR, error.message, error.hint)
    elif not cover.has_font(_NO_FONT.format(lang)[0]):
        yield Finding(FindingLevel.WARNING, *_NO_FONT.format(lang))


def _diagnose_quota(client: WeChatClient) -> Finding:
    quota = client.call("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"})["quota"]
    remaining, daily_limit = quota["remain"], quota["daily_limit"]
    if remaining > 0 or not daily_limit:  # a limit of 0 means no limit
        return Finding(
            FindingLevel.OK, *_QUOTA_LEFT.format(client.lang, remaining=remaining, limit=daily_limit)
        )
    return Finding(FindingLevel.ERROR, *_QUOTA_EXHAUSTED.format(client.lang, limit=daily_limit))


_TITLE_TOO_LONG = BilingualMessage(
    "标题有 {count} 个字，超出 {excess} 个：微信最多允许 {limit} 个",
    "把标题改短",
    "the title has {count} characters, {excess} too many: WeChat allows {limit}",
    "shorten it",
)
_AUTHOR_TOO_LONG = BilingualMessage(
    "作者名有 {count} 个字，超出 {excess} 个：微信最多允许 {limit} 个",
    "在 [channels.wechat] 中设置较短的 author",
    "the author's name has {count} characters, {excess} too many: WeChat allows {limit}",
    "set a shorter `author` in [channels.wechat]",
)
_DIGEST_TOO_LONG = BilingualMessage(
    "摘要有 {count} 个字，超出 {excess} 个：微信最多允许 {limit} 个",
    "把导读改短",
    "the digest has {count} characters, {excess} too many: WeChat allows {limit}",
    "shorten the guide",
)
_CONTENT_TOO_LONG = BilingualMessage(
    "正文连同标签有 {count} 个字符，超出 {excess} 个：微信要求少于 {limit} 个",
    "删去几条，或者改用 links 的另一种写法；字符数见 meta.json",
    "the article has {count} characters with markup, {excess} too many: WeChat requires fewer than {limit}",
    "remove some items or change `links`; meta.json has the character count",
)
_CONTENT_BYTES_EXCEEDED = BilingualMessage(
    "正文有 {count} 字节，超出 {excess} 字节：微信要求少于 {limit} 字节",
    "删去几条",
    "the article has {count} bytes, {excess} too many: WeChat requires fewer than {limit}",
    "remove some items",
)
_SOURCE_URL_TOO_LONG = BilingualMessage(
    "「阅读原文」的链接有 {count} 字节，超出 {excess} 字节：微信最多允许 {limit} 字节",
    "在 publisher.toml 中设置较短的 url",
    "the URL of 阅读原文 has {count} bytes, {excess} too many: WeChat allows {limit}",
    "set a shorter `url` in publisher.toml",
)
_SOURCE_URL_INVALID = BilingualMessage(
    "「阅读原文」的链接 {url} 不是完整的 https 链接",
    "检查 publisher.toml 中的 url",
    "the URL of 阅读原文 must be an absolute https URL, not {url}",
    "check `url` in publisher.toml",
)


def validate_draft(draft: Draft, title_limit: int, lang: str) -> None:
    """Raise a permanent DeliveryError when the draft exceeds WeChat's limits.

    Images that are not uploaded yet are counted with the longest URL that WeChat returns.
    """
    article = draft.article
    content, source_url = article["content"], article["content_source_url"]
    growth = sum(
        max(0, settings.MAX_IMAGE_URL_LENGTH - len(url)) * content.count(url) for url in draft.images
    )
    lengths = (
        (_TITLE_TOO_LONG, len(article["title"]), title_limit),
        (_AUTHOR_TOO_LONG, len(article["author"]), settings.MAX_AUTHOR_LENGTH),
        (_DIGEST_TOO_LONG, len(article["digest"]), settings.MAX_DIGEST_LENGTH),
        (_CONTENT_TOO_LONG, settings.measure_content(content) + growth, settings.CONTENT_LIMIT - 1),
        (_CONTENT_BYTES_EXCEEDED, len(content.encode()) + growth, settings.CONTENT_BYTES_LIMIT - 1),
        (_SOURCE_URL_TOO_LONG, len(source_url.encode()), settings.MAX_SOURCE_URL_BYTES),
    )
    for message, count, limit in lengths:
        if count > limit:
            # the messages about the content say "fewer than", all others "at most"
            shown_limit = limit + 1 if message in (_CONTENT_TOO_LONG, _CONTENT_BYTES_EXCEEDED) else limit
            raise message.build_error(
                lang, permanent=True, count=count, limit=shown_limit, excess=count - limit
            )
    if source_url and not (source_url.startswith("https://") and extract_host(source_url)):
        raise _SOURCE_URL_INVALID.build_error(lang, permanent=True, url=source_url)
