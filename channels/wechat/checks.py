"""What WeChat would refuse of a draft, found before it is asked."""

from __future__ import annotations

from publisher.channels.wechat import limits
from publisher.channels.wechat.draft import Draft
from publisher.channels.wechat.sentences import Sentence
from publisher.links import site

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
    longer = sum(max(0, limits.PICTURE_URL - len(url)) * content.count(url) for url in draft.pictures)
    found = (
        (_TITLE, len(article["title"]), title_limit),
        (_AUTHOR, len(article["author"]), limits.AUTHOR),
        (_DIGEST, len(article["digest"]), limits.DIGEST),
        (_CONTENT, limits.size(content) + longer, limits.CONTENT - 1),
        (_BYTES, len(content.encode()) + longer, limits.CONTENT_BYTES - 1),
        (_SOURCE, len(source.encode()), limits.SOURCE_URL),
    )
    for sentence, count, limit in found:
        if count > limit:
            shown = limit + 1 if sentence in (_CONTENT, _BYTES) else limit
            raise sentence.error(lang, permanent=True, count=count, limit=shown, excess=count - limit)
    if source and not (source.startswith("https://") and site(source)):
        raise _NO_ADDRESS.error(lang, permanent=True, url=source)
