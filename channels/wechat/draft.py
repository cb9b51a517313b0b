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
from typing import Any, NamedTuple
from urllib.parse import unquote

from msgspec.structs import asdict

from publisher.channel import Entry, Part
from publisher.channels.wechat import settings
from publisher.channels.wechat.meta import ArticleMeta
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern

ArticleFields = Mapping[str, Any]
"""The fields of an article in WeChat's API."""

PUBLISH_KEY_SUFFIX = "/publish.json"
"""The end of the key of a request to publish; every other part is a draft."""

_TEST_TITLE_PREFIX = "校样："
_IMAGE_SOURCE = lazy_pattern(r'(?<=<img src=")[^"]*(?=")')
_WECHAT_IMAGE_URL = lazy_pattern(r"https?://mmbiz\.(?:qpic|qlogo)\.cn/")


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


def build_draft(
    meta: ArticleMeta, content: str, cover: dict[str, str], entry: Entry, newsletter: Newsletter
) -> Draft:
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
    urls = [unescape(src) for src in _IMAGE_SOURCE.findall(content)]
    images = {url: _find_image_path(url, newsletter) for url in urls if not _WECHAT_IMAGE_URL.match(url)}
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
    envelope = {
        "issue": draft.issue,
        "pictures": draft.images,
        "cover": draft.cover,
        "articles": [draft.article],
    }
    return _build_json_part(key, envelope)


def parse_draft(part: Part) -> Draft:
    """Return the draft in the body of a part."""
    envelope = json.loads(part.body)
    (article,) = envelope["articles"]
    return Draft(envelope["issue"], article, envelope["pictures"], envelope["cover"])


def build_publish_part(draft: Draft, key: str) -> Part:
    """Return the request to publish a draft as a part. A correction does not change it."""
    return _build_json_part(key, build_issue_query(draft)._asdict())


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

    return _IMAGE_SOURCE.sub(replace_url, content)


def _find_image_path(url: str, newsletter: Newsletter) -> str:
    """Return the output file that is served at an image URL; "" if the image is on another site."""
    if not url.startswith(newsletter.base):
        return ""
    path = unquote(newsletter.output_path(url))
    return "" if ".." in path.split("/") or "\\" in path or "\0" in path else path


def _build_json_part(key: str, values: Mapping[str, object]) -> Part:
    body = json.dumps(values, ensure_ascii=False, indent=2) + "\n"
    return Part(key, "application/json", body.encode())


def _dump_sorted_json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
