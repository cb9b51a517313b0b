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

from publisher.channels.wechat.client import UploadFile, WeChatClient
from publisher.channels.wechat.writer import BilingualMessage

IMAGE_BYTES_LIMIT = 1_000_000
"""Pictures in the text, and to be safe covers too, are smaller than so many bytes."""

_MAX_SOURCE_BYTES = 20_000_000
_DOWNLOAD_TIMEOUT = 20.0
_FALLBACK_WIDTHS = (1920, 1280, 960, 640)
_JPEG_QUALITIES = (88, 75, 60)

_IMAGE_UNAVAILABLE = BilingualMessage(
    "图片 {name} 取不到：{reason}",
    "先把网页发布出去（publish --channel web），或者改图片的地址",
    "the picture {name} cannot be had: {reason}",
    "publish the pages first (publish --channel web), or mend its address",
)
_IMAGE_UNSUPPORTED = BilingualMessage(
    "图片 {name} 微信不收，也转换不了：{reason}",
    "换成 JPG 或 PNG",
    "WeChat does not take the picture {name}, and it cannot be converted: {reason}",
    "make it a JPG or PNG",
)
_ANIMATION_DROPPED = BilingualMessage(
    "动图 {name} 只留下第一帧：接口只收 JPG 和 PNG",
    "要动起来就在公众平台上替换它",
    "of the moving picture {name} only the first frame is left: the interface takes no others",
    "replace it at mp.weixin.qq.com",
)


class SourceImage(NamedTuple):
    """A picture as it is found: what people know it by, and its bytes."""

    name: str
    body: bytes


def detect_image_type(body: bytes) -> str:
    """The type of a picture that WeChat takes, by its first bytes; "" for all others."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if body.startswith(b"\xff\xd8\xff") else ""


def load_image_file(path: Path, lang: str) -> SourceImage:
    """The picture in a file. Raises DeliveryError."""
    try:
        return SourceImage(path.name, path.read_bytes())
    except OSError as error:
        raise _IMAGE_UNAVAILABLE.build_error(
            lang, permanent=True, name=path.name, reason=error.strerror or error
        ) from None


def download_image(url: str, lang: str) -> SourceImage:
    """The picture at an address. Raises DeliveryError."""
    import httpx

    body = b""
    try:
        with httpx.stream("GET", url, timeout=_DOWNLOAD_TIMEOUT, follow_redirects=True) as response:
            if response.status_code != 200:
                gone = 400 <= response.status_code < 500
                reason = f"HTTP {response.status_code}"
                raise _IMAGE_UNAVAILABLE.build_error(lang, permanent=gone, name=url, reason=reason)
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _MAX_SOURCE_BYTES:
                    reason = f"> {_MAX_SOURCE_BYTES // 1_000_000} MB"
                    raise _IMAGE_UNSUPPORTED.build_error(lang, permanent=True, name=url, reason=reason)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        strange = isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL)
        reason = str(error) or type(error).__name__
        raise _IMAGE_UNAVAILABLE.build_error(lang, permanent=strange, name=url, reason=reason) from None
    return SourceImage(url, body)


def convert_image(source: SourceImage, lang: str) -> tuple[UploadFile, tuple[str, ...]]:
    """The picture as WeChat takes it, and what editors should know of that. Raises DeliveryError."""
    kind = detect_image_type(source.body)
    if kind and len(source.body) < IMAGE_BYTES_LIMIT:
        return _build_upload_file(source.body, kind), ()
    try:
        body, kind, moved = _reencode_image(source.body)
    except Exception as error:  # whatever a decoder thinks of bytes from anywhere
        reason = str(error).partition("<")[0].strip() or type(error).__name__
        raise _IMAGE_UNSUPPORTED.build_error(lang, permanent=True, name=source.name, reason=reason) from None
    notes = (": ".join(_ANIMATION_DROPPED.format(lang, name=source.name)),) if moved else ()
    return _build_upload_file(body, kind), notes


def _reencode_image(body: bytes) -> tuple[bytes, str, bool]:
    """The picture in a form and size that fits, its type, and whether it had moved."""
    from io import BytesIO

    from PIL import Image, ImageOps

    with Image.open(BytesIO(body)) as opened:
        moved = getattr(opened, "is_animated", False)
        picture = ImageOps.exif_transpose(opened).convert("RGBA")
    lucid = picture.getchannel("A").getextrema() != (255, 255)
    if lucid or picture.getcolors(256):  # and drawings, which JPEG would blur
        made = _encode_image(picture, "PNG", optimize=True)
        if len(made) < IMAGE_BYTES_LIMIT:
            return made, "image/png", moved
    ground = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(ground, picture).convert("RGB")
    for width in (flat.width, *(width for width in _FALLBACK_WIDTHS if width < flat.width)):
        fitted = flat.resize((width, max(1, round(flat.height * width / flat.width))))
        for quality in _JPEG_QUALITIES:
            made = _encode_image(fitted, "JPEG", quality=quality)
            if len(made) < IMAGE_BYTES_LIMIT:
                return made, "image/jpeg", moved
    raise ValueError(f"{flat.width}×{flat.height}")


def _encode_image(image: object, form: str, **settings: object) -> bytes:
    from io import BytesIO

    file = BytesIO()
    image.save(file, form, **settings)  # type: ignore[attr-defined]  # Pillow is imported late
    return file.getvalue()


def _build_upload_file(body: bytes, media_type: str) -> UploadFile:
    return UploadFile("picture.png" if media_type == "image/png" else "picture.jpg", media_type, body)


_IMAGES_STATE, _COVERS_STATE = "pictures", "covers"


class ImageUploader:
    """The uploads of an account. `notes` is what editors should know of pictures that were converted."""

    def __init__(self, client: WeChatClient) -> None:
        self._client = client
        self.notes: list[str] = []
        self._prepared: dict[str, UploadFile] = {}

    def prepare(self, source: SourceImage) -> None:
        """Make the picture such as WeChat takes. Raises DeliveryError when it cannot be. No call is made."""
        file, notes = convert_image(source, self._client.lang)
        self._prepared[_hash_source(source)] = file
        self.notes += [note for note in notes if note not in self.notes]

    def upload_image(self, source: SourceImage) -> str:
        """The address at WeChat of a picture that is prepared."""
        return self._upload_once(_IMAGES_STATE, source, "media/uploadimg", "url").replace(
            "http://", "https://", 1
        )

    def upload_cover(self, source: SourceImage) -> str:
        """The media_id of a cover that is prepared."""
        return self._upload_once(_COVERS_STATE, source, "material/add_material", "media_id", type="image")

    def forget_cover(self, source: SourceImage) -> None:
        """Upload it anew when it is next wanted: somebody has deleted it from the library."""
        self._client.state.set_value(_COVERS_STATE, _hash_source(source), "")

    def _upload_once(
        self, state_name: str, source: SourceImage, path: str, result_key: str, **query: str
    ) -> str:
        digest = _hash_source(source)
        known = self._client.state.load(state_name).get(digest)
        if isinstance(known, str):
            return known
        made = str(self._client.upload(path, self._prepared[digest], **query)[result_key])
        self._client.state.set_value(state_name, digest, made)
        return made


def _hash_source(source: SourceImage) -> str:
    return hashlib.sha256(source.body).hexdigest()
