"""What is delivered: the draft as the draft interface takes it, and that a draft is to be published.

Two things in a draft only WeChat can give: pictures at addresses of its own, and a cover from its library.
Until they are uploaded, pictures have the address they come from, and `cover` says what the cover is made of.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import unquote

from publisher.channel import Entry, Part
from publisher.channels.wechat import settings
from publisher.channels.wechat.meta import ArticleMeta
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern

ArticleFields = Mapping[str, Any]
"""An article as WeChat has it: its fields."""

PUBLISH_KEY_SUFFIX = "/publish.json"
"""What the key of the wish to publish ends with; every other part is a draft."""

_TEST_TITLE_PREFIX = "校样："
_IMAGE_SOURCE = lazy_pattern(r'(?<=<img src=")[^"]*(?=")')
_WECHAT_IMAGE_URL = lazy_pattern(r"https?://mmbiz\.(?:qpic|qlogo)\.cn/")


class Draft(NamedTuple):
    """A draft to be. `issue` is the mark of its issue, which is the same after a correction; `pictures` maps
    the addresses of pictures to their files below the newsletter's folder, "" for those of others; `cover`
    is a file, or the words to draw."""

    issue: str
    article: dict[str, Any]
    images: dict[str, str]
    cover: dict[str, str]


class IssueQuery(NamedTuple):
    """Whose draft or article is looked for: the mark of the issue, and a title if no address carries it."""

    issue: str
    title: str


def build_draft(
    meta: ArticleMeta, content: str, cover: dict[str, str], entry: Entry, newsletter: Newsletter
) -> Draft:
    """The draft of an article. Where 阅读原文 leads, the address says at its end which issue and which
    content this is: by that the draft is found again."""
    article = {
        "article_type": "news",
        **asdict(meta),
        "content": content,
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
    }
    issue = f"publisher-{_hash_text(entry.id)[:10]}"
    revision = _hash_text(_dump_sorted_json(article) + _dump_sorted_json(cover))[:12]
    source = f"{meta.content_source_url}#{issue}-{revision}"
    if meta.content_source_url and len(source) <= settings.MAX_SOURCE_URL_BYTES:
        article["content_source_url"] = source
    found = [unescape(src) for src in _IMAGE_SOURCE.findall(content)]
    pictures = {url: _find_image_path(url, newsletter) for url in found if not _WECHAT_IMAGE_URL.match(url)}
    return Draft(issue, article, pictures, cover)


def build_test_draft(draft: Draft) -> Draft:
    """The draft with a mark by which nobody takes it for that of the issue; without one, with a title."""
    article = dict(draft.article)
    if _get_marker(article):
        source = article["content_source_url"]
        article["content_source_url"] = source.replace(f"#{draft.issue}-", f"#proof-{draft.issue}-")
    else:
        article["title"] = f"{_TEST_TITLE_PREFIX}{article['title']}"[: settings.MAX_TITLE_LENGTH]
    return draft._replace(article=article)


def build_draft_part(draft: Draft, key: str) -> Part:
    """The draft as a part to deliver."""
    envelope = {
        "issue": draft.issue,
        "pictures": draft.images,
        "cover": draft.cover,
        "articles": [draft.article],
    }
    return _build_json_part(key, envelope)


def parse_draft(part: Part) -> Draft:
    """The draft in a part."""
    envelope = json.loads(part.body)
    (article,) = envelope["articles"]
    return Draft(envelope["issue"], article, envelope["pictures"], envelope["cover"])


def build_publish_part(draft: Draft, key: str) -> Part:
    """The wish to publish a draft, which is the same after a correction, as a part to deliver."""
    return _build_json_part(key, build_issue_query(draft)._asdict())


def build_issue_query(draft: Draft) -> IssueQuery:
    """What the draft of an issue is found by, whatever its content."""
    return IssueQuery(draft.issue, "" if _get_marker(draft.article) else draft.article["title"])


def parse_issue_query(part: Part) -> IssueQuery:
    """The wish in a part."""
    return IssueQuery(**json.loads(part.body))


# ------------------------------------------------------------ found again


def is_same_article(remote: ArticleFields, article: ArticleFields) -> bool:
    """Whether an article at WeChat has the content of this one, by the mark or else by what readers see."""
    mark = _get_marker(article)
    if mark:
        return _get_marker(remote) == mark
    return all(
        _get_displayed_field(remote, key) == _get_displayed_field(article, key)
        for key in ("title", "digest", "content_source_url")
    )


def is_of_issue(remote: ArticleFields, query: IssueQuery) -> bool:
    """Whether an article at WeChat is of an issue, whatever its content."""
    if query.title:
        return _get_displayed_field(remote, "title") == query.title
    return _get_marker(remote).startswith(f"{query.issue}-")


def _get_marker(article: ArticleFields) -> str:
    fragment = _get_displayed_field(article, "content_source_url").rpartition("#")[2]
    return fragment if fragment.startswith("publisher-") else ""


def _get_displayed_field(article: ArticleFields, key: str) -> str:
    """A field as people see it: WeChat escapes what it gives back."""
    return " ".join(unescape(str(article.get(key, ""))).split())


# ----------------------------------------------------------------- pictures


def replace_image_urls(content: str, urls: Mapping[str, str]) -> str:
    """The content with other addresses for its pictures."""

    def change(found: re.Match[str]) -> str:
        url = unescape(found[0])
        return escape(urls.get(url, url))

    return _IMAGE_SOURCE.sub(change, content)


def _find_image_path(url: str, newsletter: Newsletter) -> str:
    """The file, below the newsletter's folder, that is served at the address of a picture; "" for none."""
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
