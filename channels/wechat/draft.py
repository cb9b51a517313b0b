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
from publisher.channels.wechat.meta import Meta
from publisher.model import Publication
from publisher.patterns import lazy_pattern

Fields = Mapping[str, Any]
"""An article as WeChat has it: its fields."""

PUBLISH = "/publish.json"
"""What the key of the wish to publish ends with; every other part is a draft."""

_PROOF = "校样："
_PICTURE = lazy_pattern(r'(?<=<img src=")[^"]*(?=")')
_WECHAT = lazy_pattern(r"https?://mmbiz\.(?:qpic|qlogo)\.cn/")


class Draft(NamedTuple):
    """A draft to be. `issue` is the mark of its issue, which is the same after a correction; `pictures` maps
    the addresses of pictures to their files below the newsletter's folder, "" for those of others; `cover`
    is a file, or the words to draw."""

    issue: str
    article: dict[str, Any]
    pictures: dict[str, str]
    cover: dict[str, str]


class Wanted(NamedTuple):
    """Whose draft or article is looked for: the mark of the issue, and a title if no address carries it."""

    issue: str
    title: str


def draft_of(
    meta: Meta, content: str, cover: dict[str, str], entry: Entry, publication: Publication
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
    issue = f"publisher-{_digest(entry.id)[:10]}"
    source = f"{meta.content_source_url}#{issue}-{_digest(_json(article) + _json(cover))[:12]}"
    if meta.content_source_url and len(source) <= settings.SOURCE_URL:
        article["content_source_url"] = source
    found = [unescape(src) for src in _PICTURE.findall(content)]
    pictures = {url: _file(url, publication) for url in found if not _WECHAT.match(url)}
    return Draft(issue, article, pictures, cover)


def proof_of(draft: Draft) -> Draft:
    """The draft with a mark by which nobody takes it for that of the issue; without one, with a title."""
    article = dict(draft.article)
    if _mark(article):
        source = article["content_source_url"]
        article["content_source_url"] = source.replace(f"#{draft.issue}-", f"#proof-{draft.issue}-")
    else:
        article["title"] = f"{_PROOF}{article['title']}"[: settings.TITLE]
    return draft._replace(article=article)


def part_of(draft: Draft, key: str) -> Part:
    """The draft as a part to deliver."""
    envelope = draft._asdict() | {"articles": [draft.article]}
    del envelope["article"]
    return _part(key, envelope)


def read(part: Part) -> Draft:
    """The draft in a part."""
    envelope = json.loads(part.body)
    (envelope["article"],) = envelope.pop("articles")
    return Draft(**envelope)


def wanted_part(draft: Draft, key: str) -> Part:
    """The wish to publish a draft, which is the same after a correction, as a part to deliver."""
    return _part(key, issue_of(draft)._asdict())


def issue_of(draft: Draft) -> Wanted:
    """What the draft of an issue is found by, whatever its content."""
    return Wanted(draft.issue, "" if _mark(draft.article) else draft.article["title"])


def wanted(part: Part) -> Wanted:
    """The wish in a part."""
    return Wanted(**json.loads(part.body))


# ------------------------------------------------------------ found again


def is_same(there: Fields, article: Fields) -> bool:
    """Whether an article at WeChat has the content of this one, by the mark or else by what readers see."""
    mark = _mark(article)
    if mark:
        return _mark(there) == mark
    return all(_seen(there, key) == _seen(article, key) for key in ("title", "digest", "content_source_url"))


def is_of(there: Fields, which: Wanted) -> bool:
    """Whether an article at WeChat is of an issue, whatever its content."""
    if which.title:
        return _seen(there, "title") == which.title
    return _mark(there).startswith(f"{which.issue}-")


def _mark(article: Fields) -> str:
    fragment = _seen(article, "content_source_url").rpartition("#")[2]
    return fragment if fragment.startswith("publisher-") else ""


def _seen(article: Fields, key: str) -> str:
    """A field as people see it: WeChat escapes what it gives back."""
    return " ".join(unescape(str(article.get(key, ""))).split())


# ----------------------------------------------------------------- pictures


def with_pictures(content: str, addresses: Mapping[str, str]) -> str:
    """The content with other addresses for its pictures."""

    def change(found: re.Match[str]) -> str:
        url = unescape(found[0])
        return escape(addresses.get(url, url))

    return _PICTURE.sub(change, content)


def _file(url: str, publication: Publication) -> str:
    """The file, below the newsletter's folder, that is served at the address of a picture; "" for none."""
    if not url.startswith(publication.base):
        return ""
    path = unquote(publication.path(url))
    return "" if ".." in path.split("/") or "\\" in path or "\0" in path else path


def _part(key: str, values: Mapping[str, object]) -> Part:
    body = json.dumps(values, ensure_ascii=False, indent=2) + "\n"
    return Part(key, "application/json", body.encode())


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
