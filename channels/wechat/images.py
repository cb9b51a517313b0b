"""Pictures as WeChat takes them: JPG and PNG of less than a megabyte; all others are made so.

developers.weixin.qq.com/doc/subscription/api/material/permanent/api_uploadimage

What WeChat keeps for an account: pictures of texts, at addresses of its own, and covers in its library.

Each is uploaded once for its bytes. developers.weixin.qq.com/doc/subscription/api/material/permanent/
api_uploadimage, and api_addmaterial there
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from publisher.channels.wechat.client import Account, File
from publisher.channels.wechat.writer import Sentence

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


_PICTURES, _COVERS = "pictures", "covers"


class Uploads:
    """The uploads of an account. `notes` is what editors should know of pictures that were converted."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.notes: list[str] = []
        self._ready: dict[str, File] = {}

    def prepare(self, source: Source) -> None:
        """Make the picture such as WeChat takes. Raises DeliveryError when it cannot be. No call is made."""
        file, notes = accepted(source, self._account.lang)
        self._ready[_digest(source)] = file
        self.notes += [note for note in notes if note not in self.notes]

    def picture(self, source: Source) -> str:
        """The address at WeChat of a picture that is prepared."""
        return self._kept(_PICTURES, source, "media/uploadimg", "url").replace("http://", "https://", 1)

    def cover(self, source: Source) -> str:
        """The media_id of a cover that is prepared."""
        return self._kept(_COVERS, source, "material/add_material", "media_id", type="image")

    def forget_cover(self, source: Source) -> None:
        """Upload it anew when it is next wanted: somebody has deleted it from the library."""
        self._account.store.remember(_COVERS, _digest(source), "")

    def _kept(self, where: str, source: Source, path: str, answer: str, **query: str) -> str:
        digest = _digest(source)
        known = self._account.store.read(where).get(digest)
        if isinstance(known, str):
            return known
        made = str(self._account.upload(path, self._ready[digest], **query)[answer])
        self._account.store.remember(where, digest, made)
        return made


def _digest(source: Source) -> str:
    return hashlib.sha256(source.body).hexdigest()
