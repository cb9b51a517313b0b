"""Pictures as WeChat takes them: JPG and PNG of less than a megabyte; all others are made so.

developers.weixin.qq.com/doc/subscription/api/material/permanent/api_uploadimage
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from publisher.channels.wechat.client import File
from publisher.channels.wechat.sentences import Sentence

LARGEST = 1_000_000
"""Pictures in the text, and to be safe covers too, are smaller than so many bytes."""

_LARGEST_SOURCE = 20_000_000
_SECONDS = 20.0
_WIDTHS = (1920, 1280, 960, 640)
_QUALITIES = (88, 75, 60)

_MISSING = Sentence(
    "图片 {name} 取不到：{reason}",
    "先把网页发布出去（publish --channel web），或者改图片的地址",
    "the picture {name} cannot be had: {reason}",
    "publish the pages first (publish --channel web), or mend its address",
)
_UNREADABLE = Sentence(
    "图片 {name} 微信不收，也转换不了：{reason}",
    "换成 JPG 或 PNG",
    "WeChat does not take the picture {name}, and it cannot be converted: {reason}",
    "make it a JPG or PNG",
)
_STILL = Sentence(
    "动图 {name} 只留下第一帧：接口只收 JPG 和 PNG",
    "要动起来就在公众平台上替换它",
    "of the moving picture {name} only the first frame is left: the interface takes no others",
    "replace it at mp.weixin.qq.com",
)


class Source(NamedTuple):
    """A picture as it is found: what people know it by, and its bytes."""

    name: str
    body: bytes


def kind_of(body: bytes) -> str:
    """The type of a picture that WeChat takes, by its first bytes; "" for all others."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if body.startswith(b"\xff\xd8\xff") else ""


def from_file(path: Path, lang: str) -> Source:
    """The picture in a file. Raises DeliveryError."""
    try:
        return Source(path.name, path.read_bytes())
    except OSError as error:
        raise _MISSING.error(lang, permanent=True, name=path.name, reason=error.strerror or error) from None


def from_web(url: str, lang: str) -> Source:
    """The picture at an address. Raises DeliveryError."""
    import httpx

    body = b""
    try:
        with httpx.stream("GET", url, timeout=_SECONDS, follow_redirects=True) as response:
            if response.status_code != 200:
                gone = 400 <= response.status_code < 500
                reason = f"HTTP {response.status_code}"
                raise _MISSING.error(lang, permanent=gone, name=url, reason=reason)
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _LARGEST_SOURCE:
                    reason = f"> {_LARGEST_SOURCE // 1_000_000} MB"
                    raise _UNREADABLE.error(lang, permanent=True, name=url, reason=reason)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        strange = isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL)
        reason = str(error) or type(error).__name__
        raise _MISSING.error(lang, permanent=strange, name=url, reason=reason) from None
    return Source(url, body)


def accepted(source: Source, lang: str) -> tuple[File, tuple[str, ...]]:
    """The picture as WeChat takes it, and what editors should know of that. Raises DeliveryError."""
    kind = kind_of(source.body)
    if kind and len(source.body) < LARGEST:
        return _file(source.body, kind), ()
    try:
        body, kind, moved = _converted(source.body)
    except Exception as error:  # whatever a decoder thinks of bytes from anywhere
        reason = str(error).partition("<")[0].strip() or type(error).__name__
        raise _UNREADABLE.error(lang, permanent=True, name=source.name, reason=reason) from None
    notes = (": ".join(_STILL.told(lang, name=source.name)),) if moved else ()
    return _file(body, kind), notes


def _converted(body: bytes) -> tuple[bytes, str, bool]:
    """The picture in a form and size that fits, its type, and whether it had moved."""
    from io import BytesIO

    from PIL import Image, ImageOps

    with Image.open(BytesIO(body)) as opened:
        moved = getattr(opened, "is_animated", False)
        picture = ImageOps.exif_transpose(opened).convert("RGBA")
    lucid = picture.getchannel("A").getextrema() != (255, 255)
    if lucid or picture.getcolors(256):  # and drawings, which JPEG would blur
        made = _written(picture, "PNG", optimize=True)
        if len(made) < LARGEST:
            return made, "image/png", moved
    ground = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(ground, picture).convert("RGB")
    for width in (flat.width, *(width for width in _WIDTHS if width < flat.width)):
        fitted = flat.resize((width, max(1, round(flat.height * width / flat.width))))
        for quality in _QUALITIES:
            made = _written(fitted, "JPEG", quality=quality)
            if len(made) < LARGEST:
                return made, "image/jpeg", moved
    raise ValueError(f"{flat.width}×{flat.height}")


def _written(picture: object, form: str, **settings: object) -> bytes:
    from io import BytesIO

    file = BytesIO()
    picture.save(file, form, **settings)  # type: ignore[attr-defined]  # Pillow is imported late
    return file.getvalue()


def _file(body: bytes, kind: str) -> File:
    return File("picture.png" if kind == "image/png" else "picture.jpg", kind, body)
