"""The keys of [channels.wechat], their validation, and WeChat's size limits."""

import re
from typing import Annotated

from msgspec import Meta

from publisher.channel import ChannelSettings
from publisher.credentials import Reference
from publisher.errors import ConfigError, format_suggestion
from publisher.links import is_api_url
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

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

IMAGE_SOURCE = lazy_pattern(r'(?<=<img src=")[^"]*(?=")')
WECHAT_IMAGE_URL = lazy_pattern(r"https?://mmbiz\.(?:qpic|qlogo)\.cn/")

ROOT_FROM_PREVIEW = "../../../"
"""The URL of the newsletter's folder in the preview page, which is in outbox/DATE/wechat."""

_INLINE, _FOOTNOTE = "inline", "footnote"
_THEMES = ("plain", "ink", "warm", "tech")
_MIN_TITLE_LENGTH = 16  # the date and a few characters of the name


class WeChatSettings(ChannelSettings, frozen=True):
    """The keys of [channels.wechat]. Raises ConfigError when one is invalid.

    `_lang`, `_root` and `_private_files` are the language (BCP 47) and the folder of the newsletter, and the
    files that are never published.
    """

    links: Annotated[
        str,
        Meta(
            description="how to show external links, which WeChat does not open: `inline` or `footnote`",
            extra_json_schema={"enum": [_INLINE, _FOOTNOTE]},
        ),
    ] = _INLINE
    theme: Annotated[
        str,
        Meta(
            description="look of the article: `plain`, `ink` (a newspaper), `warm` (paper cards) or `tech`",
            extra_json_schema={"enum": list(_THEMES)},
        ),
    ] = _THEMES[0]
    author: Annotated[
        str,
        Meta(
            description="author shown by WeChat, at most 16 characters; default: `author` of `[newsletter]`, else the "
            "newsletter's name",
            examples=["Lin Xi"],
            extra_json_schema={"maxLength": MAX_AUTHOR_LENGTH},
        ),
    ] = ""
    title_limit: Annotated[
        int,
        Meta(
            description="maximum length of a title, 16 to 64",
            extra_json_schema={"minimum": _MIN_TITLE_LENGTH, "maximum": MAX_EDITOR_TITLE_LENGTH},
        ),
    ] = MAX_TITLE_LENGTH
    footer: Annotated[
        tuple[str, ...],
        Meta(description="list of lines that replace the issue's footer", examples=[["Thank you for reading"]]),
    ] = ()
    appid: Annotated[
        str,
        Meta(
            description="AppID of your official account; without it, only files are written",
            examples=["wx0123456789abcdef"],
            extra_json_schema={"pattern": "^[A-Za-z0-9]*$"},
        ),
    ] = ""
    secret: Annotated[
        Reference,
        Meta(description="reference to its AppSecret, such as `env:WECHAT_SECRET`", examples=["env:WECHAT_SECRET"]),
    ] = Reference()
    cover: Annotated[
        str,
        Meta(
            description="cover image file in the newsletter's folder; default: an image with title and date",
            examples=["cover.png"],
        ),
    ] = ""
    qr: Annotated[
        str,
        Meta(
            description="image file in the newsletter's folder with the QR code of your account, for the end of the "
            "article",
            examples=["qr.png"],
        ),
    ] = ""
    publish: Annotated[bool, Meta(description="also publish the draft; only verified accounts may do so")] = False
    me: Annotated[
        str,
        Meta(
            description="your WeChat name (微信号) or OpenID, to receive test sends on your phone",
            examples=["wxid"],
            extra_json_schema={"pattern": "^[A-Za-z0-9_-]*$"},
        ),
    ] = ""
    api: Annotated[str, Meta(description="URL of WeChat's API, to use a proxy; https, or http on this machine")] = (
        "https://api.weixin.qq.com"
    )
    _lang: str = ""
    _root: str = "."
    _private_files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.links not in (_INLINE, _FOOTNOTE):
            raise ConfigError(
                f'links must be "{_INLINE}" or "{_FOOTNOTE}", not "{self.links}"',
                f"{_INLINE} prints URLs next to their text, {_FOOTNOTE} in a list at the end",
            )
        if self.theme not in _THEMES:
            raise ConfigError(
                f'theme must be one of {", ".join(_THEMES)}, not "{self.theme}"', format_suggestion(self.theme, _THEMES)
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
        if self.send and bool(self.appid) != bool(self.secret):
            present, missing = ("appid", "secret") if self.appid else ("secret", "appid")
            raise ConfigError(
                f"{present} is set, but {missing} is not",
                'add appid = "wx…" and secret = "env:WECHAT_SECRET", or send = false to write files',
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
    """Return the size of the content of an article. Images that are not uploaded to WeChat yet are counted with
    the longest URL that it returns."""
    sources = [source for source in IMAGE_SOURCE.findall(content) if not WECHAT_IMAGE_URL.match(source)]
    growth = sum(max(0, MAX_IMAGE_URL_LENGTH - len(source)) for source in sources)
    return ContentSize(len(content.encode("utf-16-le")) // 2 + growth, len(content.encode()) + growth)
