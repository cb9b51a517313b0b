"""What WeChat's interface keeps of an account and answers to calls, by the rules of its documentation.

developers.weixin.qq.com/doc/subscription/api; codes are those of its tables. No network in here: a call is a
path below /cgi-bin/ and a body, an answer is an object.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

APPID = "wx00tidetidetide00"
SECRET = "tide5ecret0123456789abcdef000000"
IMAGE = "mmbiz.qpic.cn/mmbiz_"

_OLDER = 300.0  # for so long a token works after there is a newer one
_LASTS = 7200.0
_FIELDS = ("title", "author", "digest", "content", "content_source_url", "thumb_media_id")
_EVERYBODY = {"draft", "material", "media", "openapi"}


class RefusedError(Exception):
    """An answer with an error code."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


@dataclass
class Publication:
    """A draft on its way to be published: it is in `state` after it was asked for so often."""

    media_id: str
    article: dict[str, Any]
    asked: int = 0


@dataclass
class WeChatRules:
    """An account. `rights` are the families of calls it may make; `ips` the addresses it may be called from,
    all when empty; `quota` how often each call may be made a day. A publication ends in `state` when it was
    asked for `delay` times. `followers` are who may get a preview, by name or OpenID; `previews` are who got
    which title."""

    clock: Callable[[], float] = time.time
    appid: str = APPID
    secret: str = SECRET
    rights: set[str] = field(default_factory=lambda: _EVERYBODY | {"freepublish", "message"})
    followers: set[str] = field(default_factory=set)
    ips: set[str] = field(default_factory=set)
    quota: dict[str, int] = field(default_factory=dict)
    state: int = 0
    delay: int = 1

    tokens: dict[str, float] = field(default_factory=dict)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    covers: dict[str, bytes] = field(default_factory=dict)
    publications: dict[str, Publication] = field(default_factory=dict)
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)
    previews: list[tuple[str, str]] = field(default_factory=list)
    used: Counter[str] = field(default_factory=Counter)
    serial: int = 0

    def answer(
        self, path: str, query: Mapping[str, str], body: bytes, kind: str, ip: str = "127.0.0.1"
    ) -> dict[str, Any]:
        """The answer to a call from an address. Raises RefusedError."""
        if self.ips and ip not in self.ips:
            raise RefusedError(40164, f"invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist rid: 65f0-1a2b")
        if path == "stable_token":
            return self._stable_token(_object(body))
        token = query.get("access_token", "")
        if not token:
            raise RefusedError(41001, "access_token missing rid: 65f0")
        if token not in self.tokens:
            raise RefusedError(40001, "invalid credential, access_token is invalid or not latest rid: 65f0")
        if self.tokens[token] <= self.clock():
            raise RefusedError(42001, "access_token expired rid: 65f0")
        if path.partition("/")[0] not in self.rights:
            raise RefusedError(48001, "api unauthorized rid: 65f0-3c4d")
        if self.used[path] >= self.quota.get(path, 1000):
            raise RefusedError(45009, "reach max api daily quota limit rid: 65f0")
        self.used[path] += 1
        handler: Any = getattr(self, "_" + path.replace("/", "_"), None)
        if handler is None:
            raise RefusedError(40066, "invalid url")
        if path in ("media/uploadimg", "material/add_material"):
            made: dict[str, Any] = handler(_file(body, kind), query)
        else:
            made = handler(_object(body))
        return made

    def expire(self) -> None:
        """No token there is works any more."""
        self.tokens = dict.fromkeys(self.tokens, 0.0)

    # ------------------------------------------------------------------ token

    def _stable_token(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("grant_type") != "client_credential":
            raise RefusedError(40002, "invalid grant_type")
        if asked.get("appid") != self.appid:
            raise RefusedError(40013, "invalid appid rid: 65f0")
        if asked.get("secret") != self.secret:
            raise RefusedError(40125, "invalid appsecret rid: 65f0")
        now = self.clock()
        token, until = max(self.tokens.items(), key=lambda one: one[1], default=("", 0.0))
        if until - _OLDER <= now:
            token, until = f"{self._next('tok')}-{'access' * 20}", now + _LASTS
            self.tokens[token] = until
        return {"access_token": token, "expires_in": int(until - now)}

    # --------------------------------------------------------------- images

    def _media_uploadimg(self, body: bytes, _: Mapping[str, str]) -> dict[str, Any]:
        form = _form(body)
        if form not in ("png", "jpg"):
            raise RefusedError(40005, "invalid file type")
        if len(body) >= 1_048_576:
            raise RefusedError(40009, "invalid image size")
        url = f"http://{IMAGE}{form}/{self._next('pic')}{'x' * 80}/0?from=appmsg&wx_fmt={form}"
        self.images[url] = body
        return {"url": url}

    def _material_add_material(self, body: bytes, query: Mapping[str, str]) -> dict[str, Any]:
        if query.get("type") != "image":
            raise RefusedError(40004, "invalid media type")
        if _form(body) not in ("png", "jpg", "gif", "bmp"):
            raise RefusedError(40005, "invalid file type")
        if len(body) > 10_485_760:
            raise RefusedError(40009, "invalid image size")
        media_id = self._next("cover")
        self.covers[media_id] = body
        return {"media_id": media_id, "url": f"http://{IMAGE}png/{media_id}/0"}

    # ----------------------------------------------------------------- drafts

    def _draft_add(self, asked: dict[str, Any]) -> dict[str, Any]:
        articles = asked.get("articles")
        if not isinstance(articles, list) or len(articles) != 1:
            raise RefusedError(44003, "empty news data")
        article = self._article(articles[0])
        media_id = self._next("draft")
        self.drafts[media_id] = article
        return {"media_id": media_id}

    def _draft_update(self, asked: dict[str, Any]) -> dict[str, Any]:
        media_id = self._draft(asked)
        if asked.get("index") != 0:
            raise RefusedError(40114, "invalid index value")
        if not isinstance(asked.get("articles"), dict):
            raise RefusedError(44003, "empty news data")
        self.drafts[media_id] = self._article(asked["articles"])
        return {"errcode": 0, "errmsg": "ok"}

    def _draft_get(self, asked: dict[str, Any]) -> dict[str, Any]:
        media_id = self._draft(asked)
        url = f"http://mp.weixin.qq.com/s?__biz=Tide==&tempkey={media_id}#rd"
        return {"news_item": [self.drafts[media_id] | {"url": url}]}

    def _draft_delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        del self.drafts[self._draft(asked)]
        return {"errcode": 0, "errmsg": "ok"}

    def _message_mass_preview(self, asked: dict[str, Any]) -> dict[str, Any]:
        media_id = self._draft(asked.get("mpnews", {}))
        reader = asked.get("towxname") or asked.get("touser", "")
        if asked.get("msgtype") != "mpnews":
            raise RefusedError(40008, "invalid message type")
        if reader not in self.followers:
            raise RefusedError(40132 if asked.get("towxname") else 40003, "invalid user rid: 65f0")
        self.previews.append((reader, self.drafts[media_id]["title"]))
        return {"errcode": 0, "errmsg": "preview success"}

    def _draft_batchget(self, asked: dict[str, Any]) -> dict[str, Any]:
        return _page(asked, [*self.drafts.items()], "media_id")

    def _draft(self, asked: dict[str, Any]) -> str:
        media_id = asked.get("media_id")
        if media_id not in self.drafts:
            raise RefusedError(40007, "invalid media_id rid: 65f0")
        return str(media_id)

    def _article(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the article as it is stored: images from other hosts lose their URL."""
        title, content, source = given.get("title", ""), given.get("content", ""), _source(given)
        if not title or len(title) > 32:
            raise RefusedError(45003, "title size out of limit")
        if len(given.get("author", "")) > 16:
            raise RefusedError(45110, "author size out of limit")
        if len(given.get("digest", "")) > 128:
            raise RefusedError(45004, "description size out of limit")
        if len(content.encode("utf-16-le")) // 2 >= 20_000 or len(content.encode()) >= 1_000_000:
            raise RefusedError(45002, "content size out of limit")
        if re.search(r"<(html|head|body|script|style)\b", content):
            raise RefusedError(45166, "invalid content")
        if given.get("thumb_media_id") not in self.covers:
            raise RefusedError(40007, "invalid media_id")
        kept = re.sub(rf'(<img src=")(?!https?://{re.escape(IMAGE)})[^"]*"', r'\1"', content)
        return {key: given.get(key, "") for key in _FIELDS} | {"content": kept, "content_source_url": source}

    # ------------------------------------------------------------- publishing

    def _freepublish_submit(self, asked: dict[str, Any]) -> dict[str, Any]:
        media_id = self._draft(asked)
        publish_id = str(2_247_483_000 + len(self.publications))
        self.publications[publish_id] = Publication(media_id, self.drafts[media_id])
        return {"errcode": 0, "errmsg": "ok", "publish_id": publish_id, "msg_data_id": "1"}

    def _freepublish_get(self, asked: dict[str, Any]) -> dict[str, Any]:
        publish_id = str(asked.get("publish_id"))
        if publish_id not in self.publications:
            raise RefusedError(40007, "invalid publish_id")
        one = self.publications[publish_id]
        one.asked += 1
        if one.asked <= self.delay:
            return {"publish_id": publish_id, "publish_status": 1, "fail_idx": []}
        if self.state:
            return {"publish_id": publish_id, "publish_status": self.state, "fail_idx": [1]}
        name = f"article{publish_id}"
        if self.drafts.pop(one.media_id, None):
            url = f"http://mp.weixin.qq.com/s?__biz=Tide==&mid={publish_id}&idx=1&sn=0a1b#rd"
            self.articles[name] = one.article | {"url": url, "is_deleted": False}
        item = {"idx": 1, "article_url": self.articles[name]["url"]}
        detail = {"count": 1, "item": [item]}
        made = {"publish_id": publish_id, "publish_status": 0, "article_id": name}
        return made | {"article_detail": detail, "fail_idx": []}

    def _freepublish_batchget(self, asked: dict[str, Any]) -> dict[str, Any]:
        return _page(asked, [*self.articles.items()], "article_id")

    def _openapi_quota_get(self, asked: dict[str, Any]) -> dict[str, Any]:
        path = str(asked.get("cgi_path", "")).removeprefix("/cgi-bin/")
        most = self.quota.get(path, 1000)
        left = {"daily_limit": most, "used": self.used[path], "remain": most - self.used[path]}
        return {"errcode": 0, "errmsg": "ok", "quota": left}

    def _next(self, name: str) -> str:
        self.serial += 1
        return f"{name}_{self.serial:04}"


def _object(body: bytes) -> dict[str, Any]:
    """The object in a body. Escapes of characters are not allowed: they are counted one by one."""
    if re.search(rb"\\u[0-9a-f]{4}", body):
        raise RefusedError(47001, "data format error: \\u escapes")
    try:
        made = json.loads(body.decode())
    except ValueError:
        raise RefusedError(47001, "data format error") from None
    if not isinstance(made, dict):
        raise RefusedError(47001, "data format error")
    return made


def _file(body: bytes, kind: str) -> bytes:
    """The file in a form, which must be in its field `media`."""
    from email import message_from_bytes

    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    for part in form.get_payload() if form.is_multipart() else ():
        if 'name="media"' in str(part["Content-Disposition"]) and part.get_filename():  # type: ignore[union-attr]
            return bytes(part.get_payload(decode=True))  # type: ignore[union-attr, arg-type]
    raise RefusedError(41005, "media data missing")


def _form(body: bytes) -> str:
    starts = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"BM": "bmp"}
    return next((form for start, form in starts.items() if body.startswith(start)), "")


def _source(given: dict[str, Any]) -> str:
    source = str(given.get("content_source_url", ""))
    if source and (not re.match(r"https?://[^/]", source) or len(source.encode()) > 1024):
        raise RefusedError(41039, "invalid content_source_url")
    return source.replace("&", "&amp;")


def _page(asked: dict[str, Any], items: list[tuple[str, dict[str, Any]]], name: str) -> dict[str, Any]:
    """A page of a list, newest first, without the contents."""
    at, count = int(asked["offset"]), int(asked["count"])
    if not 1 <= count <= 20:
        raise RefusedError(40097, "invalid args")
    shown = items[::-1][at : at + count]
    found = [
        {name: key, "content": {"news_item": [{**article, "content": ""}]}, "update_time": 1} for key, article in shown
    ]
    return {"total_count": len(items), "item_count": len(found), "item": found}
