"""The parts to deliver: a draft for WeChat's draft API, and the request to publish it.

A draft may only use images at WeChat's own URLs and a cover from the account's media library. Until they are
uploaded, images keep their original URLs and `cover` describes the cover.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec.structs import asdict

from publisher.channel import Entry, Part
from publisher.channels.wechat import settings
from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.channels.wechat.meta import ArticleMeta
from publisher.errors import RefusalKind
from publisher.links import extract_host
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter

ArticleFields = Mapping[str, Any]
"""The fields of an article in WeChat's API."""

PUBLISH_KEY_SUFFIX = "/publish.json"
"""The end of the key of a request to publish; every other part is a draft."""

_TEST_TITLE_PREFIX = "校样："


class Draft(NamedTuple):
    """A draft before its images are uploaded.

    `issue` is the marker of its issue, which a correction does not change. `images` maps image URLs to files
    below the newsletter's folder, "" for images on other sites. `cover` is {"file": path}, or the "title" and
    "date" to draw.
    """

    issue: str
    article: dict[str, Any]
    images: dict[str, str]
    cover: dict[str, str]


class IssueQuery(NamedTuple):
    """How to find the draft or article of an issue: by its marker, or by `title` if no URL has the marker."""

    issue: str
    title: str


def build_draft(meta: ArticleMeta, content: str, cover: dict[str, str], entry: Entry, newsletter: Newsletter) -> Draft:
    """Return the draft of an article.

    The fragment of the 阅读原文 URL is a marker of the issue and its content, by which the draft is found
    again. It is left out if the URL is missing or would be too long.
    """
    article = {
        "article_type": "news",
        **asdict(meta),
        "content": content,
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
    }
    issue = f"publisher-{_hash_text(entry.id)[:10]}"
    revision = _hash_text(_dump_sorted_json(article) + _dump_sorted_json(cover))[:12]
    source_url = f"{meta.content_source_url}#{issue}-{revision}"
    if meta.content_source_url and len(source_url) <= settings.MAX_SOURCE_URL_BYTES:
        article["content_source_url"] = source_url
    urls = [unescape(src) for src in settings.IMAGE_SOURCE.findall(content)]
    images = {url: _find_image_path(url, newsletter) for url in urls if not settings.WECHAT_IMAGE_URL.match(url)}
    return Draft(issue, article, images, cover)


def build_test_draft(draft: Draft) -> Draft:
    """Return the draft with a marker, or else a title, that distinguishes it from the draft of the issue."""
    article = dict(draft.article)
    if _get_marker(article):
        source_url = article["content_source_url"]
        article["content_source_url"] = source_url.replace(f"#{draft.issue}-", f"#proof-{draft.issue}-")
    else:
        article["title"] = f"{_TEST_TITLE_PREFIX}{article['title']}"[: settings.MAX_TITLE_LENGTH]
    return draft._replace(article=article)


def build_draft_part(draft: Draft, key: str) -> Part:
    """Return the draft as a part to deliver."""
    envelope = {"issue": draft.issue, "pictures": draft.images, "cover": draft.cover, "articles": [draft.article]}
    return build_json_part(key, envelope)


def parse_draft(part: Part) -> Draft:
    """Return the draft in the body of a part."""
    envelope = json.loads(part.body)
    (article,) = envelope["articles"]
    return Draft(envelope["issue"], article, envelope["pictures"], envelope["cover"])


def build_publish_part(draft: Draft, key: str) -> Part:
    """Return the request to publish a draft as a part. A correction does not change it."""
    return build_json_part(key, build_issue_query(draft)._asdict())


def build_issue_query(draft: Draft) -> IssueQuery:
    """Return the query that finds the draft of an issue in any revision."""
    return IssueQuery(draft.issue, "" if _get_marker(draft.article) else draft.article["title"])


def parse_issue_query(part: Part) -> IssueQuery:
    """Return the query in the body of a request to publish."""
    return IssueQuery(**json.loads(part.body))


# --------------------------------------------------------------- matching


def is_same_article(remote: ArticleFields, article: ArticleFields) -> bool:
    """Return whether an article at WeChat has the same content: by its marker, or else by visible fields."""
    marker = _get_marker(article)
    if marker:
        return _get_marker(remote) == marker
    return all(
        _get_displayed_field(remote, key) == _get_displayed_field(article, key)
        for key in ("title", "digest", "content_source_url")
    )


def is_of_issue(remote: ArticleFields, query: IssueQuery) -> bool:
    """Return whether an article at WeChat belongs to the issue, in any revision."""
    if query.title:
        return _get_displayed_field(remote, "title") == query.title
    return _get_marker(remote).startswith(f"{query.issue}-")


def _get_marker(article: ArticleFields) -> str:
    fragment = _get_displayed_field(article, "content_source_url").rpartition("#")[2]
    return fragment if fragment.startswith("publisher-") else ""


def _get_displayed_field(article: ArticleFields, key: str) -> str:
    """Return a field as it is displayed: WeChat returns it HTML-escaped."""
    return " ".join(unescape(str(article.get(key, ""))).split())


# ------------------------------------------------------------------ images


def replace_image_urls(content: str, urls: Mapping[str, str]) -> str:
    """Return the content with its image URLs replaced."""

    def replace_url(match: re.Match[str]) -> str:
        url = unescape(match[0])
        return escape(urls.get(url, url))

    return settings.IMAGE_SOURCE.sub(replace_url, content)


def _find_image_path(url: str, newsletter: Newsletter) -> str:
    """Return the file of an image, which is served at its URL or is the QR code; "" if it is on another site."""
    if url.startswith(settings.ROOT_FROM_PREVIEW):
        return unquote(url.removeprefix(settings.ROOT_FROM_PREVIEW))
    if not url.startswith(newsletter.base):
        return ""
    path = unquote(newsletter.output_path(url))
    return "" if ".." in path.split("/") or "\\" in path or "\0" in path else path


def build_json_part(key: str, values: Mapping[str, object]) -> Part:
    """Return a part with a JSON object."""
    body = msgspec.json.format(msgspec.json.encode(values), indent=2)  # `json` takes ten times as long with an indent
    return Part(key, "application/json", body + b"\n")


def _dump_sorted_json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# -------------------------------------------------------------- validation

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
    """Raise a permanent DeliveryError when the draft exceeds WeChat's limits."""
    article = draft.article
    content, source_url = article["content"], article["content_source_url"]
    size = settings.measure_content(content)
    lengths = (
        (_TITLE_TOO_LONG, len(article["title"]), title_limit),
        (_AUTHOR_TOO_LONG, len(article["author"]), settings.MAX_AUTHOR_LENGTH),
        (_DIGEST_TOO_LONG, len(article["digest"]), settings.MAX_DIGEST_LENGTH),
        (_CONTENT_TOO_LONG, size.characters, settings.CONTENT_LIMIT - 1),
        (_CONTENT_BYTES_EXCEEDED, size.bytes, settings.CONTENT_BYTES_LIMIT - 1),
        (_SOURCE_URL_TOO_LONG, len(source_url.encode()), settings.MAX_SOURCE_URL_BYTES),
    )
    for message, count, limit in lengths:
        if count > limit:
            # the messages about the content say "fewer than", all others "at most"
            shown_limit = limit + 1 if message in (_CONTENT_TOO_LONG, _CONTENT_BYTES_EXCEEDED) else limit
            raise message.build_error(
                lang, permanent=True, kind=RefusalKind.CONTENT, count=count, limit=shown_limit, excess=count - limit
            )
    if source_url and not (source_url.startswith("https://") and extract_host(source_url)):
        raise _SOURCE_URL_INVALID.build_error(lang, permanent=True, kind=RefusalKind.CONTENT, url=source_url)
