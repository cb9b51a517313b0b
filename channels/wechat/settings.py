"""The keys of [channels.wechat], their validation, and WeChat's size limits."""

import re
from typing import NamedTuple

from msgspec import Struct

from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.links import is_api_url

# WeChat's limits. Source: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add,
# the fields of `articles`. The content is counted with its markup. Whether a character is a code point or a
# UTF-16 unit is not documented; the content is counted in UTF-16 units, which is the larger number.
CONTENT_LIMIT = 20_000  # UTF-16 units, exclusive
CONTENT_BYTES_LIMIT = 1_000_000  # exclusive
MAX_TITLE_LENGTH = 32
MAX_EDITOR_TITLE_LENGTH = 64  # limit of the web editor, reported by its users
MAX_AUTHOR_LENGTH = 16
MAX_DIGEST_LENGTH = 128
MAX_SOURCE_URL_BYTES = 1_024
MAX_IMAGE_URL_LENGTH = 200  # above every image URL WeChat has been seen to return; not documented

_INLINE, _FOOTNOTE = "inline", "footnote"
_MIN_TITLE_LENGTH = 16  # the date and a few characters of the name


class WeChatSettings(Struct, frozen=True):
    """The keys of [channels.wechat]. Raises ConfigError when one is invalid.

    links        where URLs that WeChat does not open are printed: "inline", or "footnote" for a list at the
                 end
    author       the author shown by WeChat, at most 16 characters; the newsletter's author if empty
    title_limit  maximum title length in characters, 16 to 64
    footer       lines that replace the issue's own footer
    appid        the AppID of the account; without it the channel writes files
    secret       reference to the AppSecret
    cover        image file of the cover, in the newsletter's folder; if empty, a cover is drawn
    publish      whether to publish the draft as well
    me           the editor's WeChat ID or OpenID, which receives test sends on the phone
    api          base URL of WeChat's API

    `_lang`, `_root` and `_private_files` are the language (BCP 47) and the folder of the newsletter, and the
    files that are never published.
    """

    links: str = _INLINE
    author: str = ""
    title_limit: int = MAX_TITLE_LENGTH
    footer: tuple[str, ...] = ()
    appid: str = ""
    secret: Reference = Reference()
    cover: str = ""
    publish: bool = False
    me: str = ""
    api: str = "https://api.weixin.qq.com"
    _lang: str = ""
    _root: str = "."
    _private_files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.links not in (_INLINE, _FOOTNOTE):
            raise ConfigError(
                f'links must be "{_INLINE}" or "{_FOOTNOTE}", not "{self.links}"',
                f"{_INLINE} prints URLs next to their text, {_FOOTNOTE} in a list at the end",
            )
        if len(self.author) > MAX_AUTHOR_LENGTH:
            raise ConfigError(
                f"author has {len(self.author)} characters, WeChat allows {MAX_AUTHOR_LENGTH}", "shorten it"
            )
        if not _MIN_TITLE_LENGTH <= self.title_limit <= MAX_EDITOR_TITLE_LENGTH:
            raise ConfigError(
                f"title_limit must be {_MIN_TITLE_LENGTH} to {MAX_EDITOR_TITLE_LENGTH}, not {self.title_limit}",
                f"WeChat's API allows {MAX_TITLE_LENGTH}, its web editor {MAX_EDITOR_TITLE_LENGTH}",
            )
        if not re.fullmatch(r"[A-Za-z0-9]*", self.appid):
            raise ConfigError(
                f'appid must contain only letters and digits, not "{self.appid}"',
                'for example appid = "wx0123456789abcdef"',
            )
        if bool(self.appid) != bool(self.secret):
            present, missing = ("appid", "secret") if self.appid else ("secret", "appid")
            raise ConfigError(
                f"{present} is set, but {missing} is not",
                'add appid = "wx…" and secret = "env:WECHAT_SECRET", or leave out both to write files',
            )
        if not re.fullmatch(r"[\w-]*", self.me, re.ASCII):
            raise ConfigError(
                f'me must be your WeChat ID or your OpenID, not "{self.me}"',
                "find your WeChat ID in the app: 我 → 微信号",
            )
        if not is_api_url(self.api):
            raise ConfigError(
                f'api must be the https URL of WeChat\'s API, not "{self.api}"',
                'the default is "https://api.weixin.qq.com"; http is allowed for this machine only',
            )


class ContentSize(NamedTuple):
    """The size of the content of an article, in UTF-16 units and in bytes."""

    characters: int
    bytes: int

    @property
    def excess(self) -> int:
        """How many characters or bytes it is over WeChat's limits; 0 if it is within them."""
        return max(self.characters - CONTENT_LIMIT + 1, self.bytes - CONTENT_BYTES_LIMIT + 1, 0)


def measure_content(content: str) -> ContentSize:
    """Return the size of the content of an article."""
    return ContentSize(len(content.encode("utf-16-le")) // 2, len(content.encode()))
