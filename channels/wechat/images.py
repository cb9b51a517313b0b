"""Images: loading, converting to what WeChat accepts, and uploading.

WeChat accepts JPG and PNG of less than 1 MB; all other images are converted. Images of the article are
uploaded to WeChat's own URLs, covers to the media library of the account, each only once for the same bytes.
developers.weixin.qq.com/doc/subscription/api/material/permanent/api_uploadimage, and api_addmaterial there
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.channels.wechat.client import UploadFile, WeChatClient
from publisher.deadline import Deadline
from publisher.errors import DeliveryError
from publisher.file_kinds import IMAGE, MAX_IMAGE_BYTES
from publisher.http_client import HttpClient, ResponseTooLargeError
from publisher.local_files import FileAccess, Refusal
from publisher.localized import get_language_code
from publisher.named_tuple import NamedTuple

IMAGE_BYTES_LIMIT = 1_000_000
"""Exclusive limit of uploadimg for images in the article; to be safe, also applied to covers."""

DOWNLOAD_TIMEOUT, _READ_TIMEOUT = 60.0, 20.0
"""Seconds for the download of an image in all, and for each read of it."""

_FALLBACK_WIDTHS = (1920, 1280, 960, 640)
_JPEG_QUALITIES = (88, 75, 60)

_IMAGE_UNAVAILABLE = BilingualMessage(
    "无法获取图片 {name}：{reason}",
    "先发布网页（publish --channel web），或者修改图片的链接",
    "cannot load the image {name}: {reason}",
    "publish the pages first (publish --channel web), or correct the URL of the image",
)
_IMAGE_UNSUPPORTED = BilingualMessage(
    "微信不支持图片 {name}，也无法转换：{reason}",
    "换成 JPG 或 PNG",
    "WeChat does not accept the image {name}, and it cannot be converted: {reason}",
    "use a JPG or PNG image",
)
_REASONS_ZH = {
    "file-outside": "它不在通讯的目录里",
    "file-hidden": "它的路径里有以点开头的名字",
    "file-private": "publisher.toml 用到了它，不能发布",
    "file-too-large": "超过 10 MB",
    "not-a-file": "它不是普通文件",
    "not-an-image": "它的名字或内容不是图片",
}
_ANIMATION_DROPPED = BilingualMessage(
    "动图 {name} 只保留了第一帧：接口只接受 JPG 和 PNG",
    "如需动图，请在公众平台上替换",
    "only the first frame of the animated image {name} was kept: the API accepts JPG and PNG only",
    "to keep the animation, replace the image at mp.weixin.qq.com",
)


class SourceImage(NamedTuple):
    """An image before conversion: its file name or URL for messages, and its bytes."""

    name: str
    body: bytes


def _detect_image_type(body: bytes) -> str:
    """Return the media type of a JPG or PNG, by its first bytes; "" for all others."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if body.startswith(b"\xff\xd8\xff") else ""


def load_image_file(files: FileAccess, path: str, lang: str) -> SourceImage:
    """Read an image file, relative to the newsletter's folder or absolute. Raise DeliveryError if that fails."""
    relative = Path(os.path.relpath(Path(files.root, path), files.root)).as_posix()
    found = files.read(relative, IMAGE)
    if isinstance(found, Refusal):
        raise build_refusal_error(Path(path).name, found, lang)
    return SourceImage(Path(path).name, found)


def build_refusal_error(name: str, refusal: Refusal, lang: str) -> DeliveryError:
    """Return the error for an image file that may not be uploaded."""
    is_unsupported = refusal.code in ("not-an-image", "file-too-large")
    message = _IMAGE_UNSUPPORTED if is_unsupported else _IMAGE_UNAVAILABLE
    reason = _REASONS_ZH.get(refusal.code, "") if get_language_code(lang) == "zh" else f"it {refusal.reason}"
    return message.build_error(lang, permanent=True, name=name, reason=reason or refusal.reason)


def download_image(url: str, lang: str, deadline: Deadline | None = None) -> SourceImage:
    """Download an image of at most 10 MB, until the deadline at the latest. Raise DeliveryError if that fails."""
    import httpx

    try:
        with HttpClient(DOWNLOAD_TIMEOUT, read_timeout=_READ_TIMEOUT, max_bytes=MAX_IMAGE_BYTES) as client:
            response = client.request("GET", url, deadline=deadline, follow_redirects=True)
    except ResponseTooLargeError:
        reason = f"> {MAX_IMAGE_BYTES // 1_000_000} MB"
        raise _IMAGE_UNSUPPORTED.build_error(lang, permanent=True, name=url, reason=reason) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        is_invalid_url = isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL)
        reason = str(error) or type(error).__name__
        raise _IMAGE_UNAVAILABLE.build_error(lang, permanent=is_invalid_url, name=url, reason=reason) from None
    if response.status_code != 200:
        is_client_error = 400 <= response.status_code < 500
        reason = f"HTTP {response.status_code}"
        raise _IMAGE_UNAVAILABLE.build_error(lang, permanent=is_client_error, name=url, reason=reason)
    return SourceImage(url, response.content)


def convert_image(source: SourceImage, lang: str) -> tuple[UploadFile, tuple[str, ...]]:
    """Return the image as a file that WeChat accepts, and notes for the editor.

    Raises DeliveryError when it cannot be converted.
    """
    media_type = _detect_image_type(source.body)
    if media_type and len(source.body) < IMAGE_BYTES_LIMIT:
        return _build_upload_file(source.body, media_type), ()
    try:
        body, media_type, is_animated = _reencode_image(source.body)
    except Exception as error:  # decoders raise anything for invalid bytes
        reason = str(error).partition("<")[0].strip() or type(error).__name__
        raise _IMAGE_UNSUPPORTED.build_error(lang, permanent=True, name=source.name, reason=reason) from None
    notes = (": ".join(_ANIMATION_DROPPED.format(lang, name=source.name)),) if is_animated else ()
    return _build_upload_file(body, media_type), notes


def _reencode_image(body: bytes) -> tuple[bytes, str, bool]:
    """Return the image below the size limit as PNG or JPEG, its media type, and whether it was animated."""
    from io import BytesIO

    from PIL import Image, ImageOps

    with Image.open(BytesIO(body)) as opened:
        is_animated = getattr(opened, "is_animated", False)
        image = ImageOps.exif_transpose(opened).convert("RGBA")
    is_transparent = image.getchannel("A").getextrema() != (255, 255)
    if is_transparent or image.getcolors(256):  # drawings have few colors, and JPEG would blur them
        encoded = _encode_image(image, "PNG", optimize=True)
        if len(encoded) < IMAGE_BYTES_LIMIT:
            return encoded, "image/png", is_animated
    background = Image.new("RGBA", image.size, "white")
    flat = Image.alpha_composite(background, image).convert("RGB")
    for width in (flat.width, *(width for width in _FALLBACK_WIDTHS if width < flat.width)):
        resized = flat.resize((width, max(1, round(flat.height * width / flat.width))))
        for quality in _JPEG_QUALITIES:
            encoded = _encode_image(resized, "JPEG", quality=quality)
            if len(encoded) < IMAGE_BYTES_LIMIT:
                return encoded, "image/jpeg", is_animated
    raise ValueError(f"{flat.width}×{flat.height}")


def _encode_image(image: object, image_format: str, **options: object) -> bytes:
    from io import BytesIO

    file = BytesIO()
    image.save(file, image_format, **options)  # type: ignore[attr-defined]  # Pillow is imported late
    return file.getvalue()


def _build_upload_file(body: bytes, media_type: str) -> UploadFile:
    return UploadFile("picture.png" if media_type == "image/png" else "picture.jpg", media_type, body)


_IMAGES_STATE, _COVERS_STATE = "pictures", "covers"


class ImageUploader:
    """Uploads images of an account. `notes` are for the editor, about images that were converted."""

    def __init__(self, client: WeChatClient) -> None:
        self._client = client
        self.notes: list[str] = []
        self._prepared: dict[str, UploadFile] = {}

    def prepare(self, source: SourceImage) -> None:
        """Convert the image for uploading, without a call. Raise DeliveryError if that is impossible."""
        file, notes = convert_image(source, self._client.lang)
        self._prepared[_hash_source(source)] = file
        self.notes += [note for note in notes if note not in self.notes]

    def upload_image(self, source: SourceImage) -> str:
        """Return the https URL at WeChat of a prepared image, uploading it if necessary."""
        return self._upload_once(_IMAGES_STATE, source, "media/uploadimg", "url").replace("http://", "https://", 1)

    def upload_cover(self, source: SourceImage) -> str:
        """Return the media_id of a prepared cover, uploading it if necessary."""
        return self._upload_once(_COVERS_STATE, source, "material/add_material", "media_id", type="image")

    def forget_cover(self, source: SourceImage) -> None:
        """Forget the upload of a cover that was deleted from the library, so that it is uploaded again."""
        self._client.state.set_value(_COVERS_STATE, _hash_source(source), "")

    def _upload_once(self, state_name: str, source: SourceImage, path: str, result_key: str, **query: str) -> str:
        digest = _hash_source(source)
        stored = self._client.state.load(state_name).get(digest)
        if isinstance(stored, str):
            return stored
        result = str(self._client.upload(path, self._prepared[digest], **query)[result_key])
        self._client.state.set_value(state_name, digest, result)
        return result


def _hash_source(source: SourceImage) -> str:
    return hashlib.sha256(source.body).hexdigest()
