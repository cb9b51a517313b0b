"""The keys below [channels.wechat], and what is wrong with one."""

from __future__ import annotations

import re

from publisher.credentials import Reference
from publisher.dataclass import dataclass
from publisher.errors import ConfigError

# What WeChat takes, as numbers. Source: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/
# api_draft_add, the fields of `articles`. The content counts with its markup. Whether a character is a code
# point or a UTF-16 unit is not documented; UTF-16 is the larger count, so it is the safe one.
CONTENT = 20_000  # and less
CONTENT_BYTES = 1_000_000  # and less
TITLE = 32
EDITOR_TITLE = 64  # what the editor in the browser takes; its users say so
AUTHOR = 16
DIGEST = 128
SOURCE_URL = 1_024
PICTURE_URL = 200  # and less, as far as anybody has seen: the address of an uploaded picture

_INLINE, _FOOTNOTE = "inline", "footnote"
_SHORTEST_TITLE = 16  # a date, and a few characters of the name
_LOOPBACK = r"localhost|127\.\d+\.\d+\.\d+|\[::1\]"
_API = rf"(?:https://[^\s/?#@]+|http://(?:{_LOOPBACK})(?::\d+)?)(?:/[^\s?#]*)?"


@dataclass(frozen=True, slots=True)
class Settings:
    """`links` says where an address stands that WeChat does not open: "inline" in its place, "footnote" in a
    list at the end. `author` is who WeChat says wrote it, the newsletter's author if empty. A title has at
    most `title_limit` characters. `footer` are lines to print in place of the issue's own footer.

    `appid` is the account, and `secret` says where its AppSecret is; without them the channel writes files.
    `cover` is a picture's file, and without one a cover is drawn. `publish` publishes the draft too. `me` is
    the editor at WeChat, for proofs on the phone: the name there, or the OpenID. `api` is the address of
    WeChat's interface. `_lang` and `_root` are the newsletter's language and folder.
    """

    links: str = _INLINE
    author: str = ""
    title_limit: int = TITLE
    footer: tuple[str, ...] = ()
    appid: str = ""
    secret: Reference = ""
    cover: str = ""
    publish: bool = False
    me: str = ""
    api: str = "https://api.weixin.qq.com"
    _lang: str = ""
    _root: str = "."

    def __post_init__(self) -> None:
        if self.links not in (_INLINE, _FOOTNOTE):
            raise ConfigError(
                f'links must be "{_INLINE}" or "{_FOOTNOTE}", not "{self.links}"',
                f"{_INLINE} prints addresses in their place, {_FOOTNOTE} in a list at the end",
            )
        if len(self.author) > AUTHOR:
            raise ConfigError(
                f"author has {len(self.author)} characters, WeChat takes {AUTHOR}", "shorten it"
            )
        if not _SHORTEST_TITLE <= self.title_limit <= EDITOR_TITLE:
            raise ConfigError(
                f"title_limit must be {_SHORTEST_TITLE} to {EDITOR_TITLE}, not {self.title_limit}",
                f"WeChat's draft interface takes {TITLE}, its editor {EDITOR_TITLE}",
            )
        if not re.fullmatch(r"\w*", self.appid, re.ASCII):
            raise ConfigError(
                f'appid must be letters and digits, not "{self.appid}"', 'like appid = "wx0123456789abcdef"'
            )
        if bool(self.appid) != bool(self.secret):
            have, lack = ("appid", "secret") if self.appid else ("secret", "appid")
            raise ConfigError(
                f"there is {have} and no {lack}",
                'add appid = "wx…" and secret = "env:WECHAT_SECRET", or leave out both to write files',
            )
        if not re.fullmatch(r"[\w-]*", self.me, re.ASCII):
            raise ConfigError(
                f'me must be your name at WeChat or your OpenID, not "{self.me}"',
                "you find the name in the app: 我 → 微信号",
            )
        if not re.fullmatch(_API, self.api):
            raise ConfigError(
                f'api must be the https address of WeChat\'s interface, not "{self.api}"',
                'without it, it is api = "https://api.weixin.qq.com"; http is for this machine alone',
            )


def size(content: str) -> int:
    """The length of a content in UTF-16 units."""
    return len(content.encode("utf-16-le")) // 2


def excess(content: str) -> int:
    """How many characters, or bytes, a content has too many; 0 when WeChat takes it."""
    return max(size(content) - CONTENT + 1, len(content.encode()) - CONTENT_BYTES + 1, 0)
