"""The keys below [channels.wechat], and what is wrong with one."""

from __future__ import annotations

import re

from publisher.credentials import Reference
from publisher.dataclass import dataclass
from publisher.errors import ConfigError

# What WeChat takes, as numbers. Source: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/
# api_draft_add, the fields of `articles`. The content counts with its markup. Whether a character is a code
# point or a UTF-16 unit is not documented; UTF-16 is the larger count, so it is the safe one.
CONTENT_LIMIT = 20_000  # and less
CONTENT_BYTES_LIMIT = 1_000_000  # and less
MAX_TITLE_LENGTH = 32
MAX_EDITOR_TITLE_LENGTH = 64  # what the editor in the browser takes; its users say so
MAX_AUTHOR_LENGTH = 16
MAX_DIGEST_LENGTH = 128
MAX_SOURCE_URL_BYTES = 1_024
MAX_IMAGE_URL_LENGTH = 200  # and less, as far as anybody has seen: the address of an uploaded picture

_INLINE, _FOOTNOTE = "inline", "footnote"
_MIN_TITLE_LENGTH = 16  # a date, and a few characters of the name
_LOOPBACK_PATTERN = r"localhost|127\.\d+\.\d+\.\d+|\[::1\]"
_API_URL_PATTERN = rf"(?:https://[^\s/?#@]+|http://(?:{_LOOPBACK_PATTERN})(?::\d+)?)(?:/[^\s?#]*)?"


@dataclass(frozen=True, slots=True)
class WeChatSettings:
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
    title_limit: int = MAX_TITLE_LENGTH
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
        if len(self.author) > MAX_AUTHOR_LENGTH:
            raise ConfigError(
                f"author has {len(self.author)} characters, WeChat takes {MAX_AUTHOR_LENGTH}", "shorten it"
            )
        if not _MIN_TITLE_LENGTH <= self.title_limit <= MAX_EDITOR_TITLE_LENGTH:
            raise ConfigError(
                f"title_limit must be {_MIN_TITLE_LENGTH} to {MAX_EDITOR_TITLE_LENGTH}, "
                f"not {self.title_limit}",
                f"WeChat's draft interface takes {MAX_TITLE_LENGTH}, its editor {MAX_EDITOR_TITLE_LENGTH}",
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
        if not re.fullmatch(_API_URL_PATTERN, self.api):
            raise ConfigError(
                f'api must be the https address of WeChat\'s interface, not "{self.api}"',
                'without it, it is api = "https://api.weixin.qq.com"; http is for this machine alone',
            )


def measure_content(content: str) -> int:
    """The length of a content in UTF-16 units."""
    return len(content.encode("utf-16-le")) // 2


def count_excess(content: str) -> int:
    """How many characters, or bytes, a content has too many; 0 when WeChat takes it."""
    return max(
        measure_content(content) - CONTENT_LIMIT + 1, len(content.encode()) - CONTENT_BYTES_LIMIT + 1, 0
    )
