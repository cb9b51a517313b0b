"""Whether an account could deliver, asked of WeChat by calls that change nothing.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_batchget, and
doc/subscription/api/apimanage/api_getapiquota
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from publisher.channel import Finding, FindingLevel
from publisher.channels.wechat import cover, images, settings
from publisher.channels.wechat.client import Account
from publisher.channels.wechat.draft import Draft
from publisher.channels.wechat.writer import Sentence
from publisher.errors import DeliveryError
from publisher.links import site

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
            yield Finding(FindingLevel.OK, *_DRAFTS.told(lang, appid=appid, count=count))
            yield _quota(account)
            if publishes:
                account.call("freepublish/batchget", _ONE)
                yield Finding(FindingLevel.OK, *_MAY_PUBLISH.told(lang))
        except DeliveryError as error:
            yield Finding(FindingLevel.ERROR, error.message, error.hint)
    if front:
        try:
            images.accepted(images.from_file(front, lang), lang)
        except DeliveryError as error:
            yield Finding(FindingLevel.ERROR, error.message, error.hint)
    elif not cover.has_font(_NO_FONT.told(lang)[0]):
        yield Finding(FindingLevel.WARNING, *_NO_FONT.told(lang))


def _quota(account: Account) -> Finding:
    made = account.call("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"})["quota"]
    left, most = made["remain"], made["daily_limit"]
    if left > 0 or not most:
        return Finding(FindingLevel.OK, *_CALLS.told(account.lang, left=left, all=most))
    return Finding(FindingLevel.ERROR, *_NONE_LEFT.told(account.lang, all=most))


_TITLE = Sentence(
    "标题有 {count} 个字，微信最多收 {limit} 个，多了 {excess} 个",
    "把标题改短",
    "the title has {count} characters, {excess} too many: WeChat takes {limit}",
    "shorten it",
)
_AUTHOR = Sentence(
    "作者名有 {count} 个字，微信最多收 {limit} 个，多了 {excess} 个",
    "在 [channels.wechat] 里设一个短的 author",
    "the author's name has {count} characters, {excess} too many: WeChat takes {limit}",
    "set a shorter `author` below [channels.wechat]",
)
_DIGEST = Sentence(
    "摘要有 {count} 个字，微信最多收 {limit} 个，多了 {excess} 个",
    "把导读改短",
    "the digest has {count} characters, {excess} too many: WeChat takes {limit}",
    "shorten the guide",
)
_CONTENT = Sentence(
    "正文连同标签有 {count} 个字符，微信要求少于 {limit} 个，多了 {excess} 个",
    "删去几条，或者设置 links 换一种写法，见 meta.json",
    "the article has {count} characters with its markup, {excess} too many: WeChat wants fewer than {limit}",
    "take out some items, or set `links` otherwise; meta.json counts them",
)
_BYTES = Sentence(
    "正文有 {count} 字节，微信要求少于 {limit}，多了 {excess}",
    "删去几条",
    "the article has {count} bytes, {excess} too many: WeChat wants fewer than {limit}",
    "take out some items",
)
_SOURCE = Sentence(
    "「阅读原文」的地址有 {count} 字节，微信最多收 {limit}，多了 {excess}",
    "在 publisher.toml 里设一个短的 url",
    "the address behind 阅读原文 has {count} bytes, {excess} too many: WeChat takes {limit}",
    "set a shorter `url` in publisher.toml",
)
_NO_ADDRESS = Sentence(
    "「阅读原文」的地址 {url} 不是完整的 https 地址",
    "看看 publisher.toml 里的 url",
    "the address behind 阅读原文, {url}, is no absolute https address",
    "look at `url` in publisher.toml",
)


def check(draft: Draft, title_limit: int, lang: str) -> None:
    """Raise DeliveryError when WeChat would not take the draft. Pictures count with the addresses they will
    have there, the longest known."""
    article = draft.article
    content, source = article["content"], article["content_source_url"]
    longer = sum(max(0, settings.PICTURE_URL - len(url)) * content.count(url) for url in draft.pictures)
    found = (
        (_TITLE, len(article["title"]), title_limit),
        (_AUTHOR, len(article["author"]), settings.AUTHOR),
        (_DIGEST, len(article["digest"]), settings.DIGEST),
        (_CONTENT, settings.size(content) + longer, settings.CONTENT - 1),
        (_BYTES, len(content.encode()) + longer, settings.CONTENT_BYTES - 1),
        (_SOURCE, len(source.encode()), settings.SOURCE_URL),
    )
    for sentence, count, limit in found:
        if count > limit:
            shown = limit + 1 if sentence in (_CONTENT, _BYTES) else limit
            raise sentence.error(lang, permanent=True, count=count, limit=shown, excess=count - limit)
    if source and not (source.startswith("https://") and site(source)):
        raise _NO_ADDRESS.error(lang, permanent=True, url=source)
