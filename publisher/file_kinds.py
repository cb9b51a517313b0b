"""The kinds of files that may be published: issues, images, and files that issues link to."""

from __future__ import annotations

import codecs
import re
from functools import cache

from publisher.local_files import FileKind, Refusal

MAX_ISSUE_BYTES = 8 << 20
"""Size limit of an issue, in bytes: about a hundred times the largest newsletters."""

MAX_IMAGE_BYTES = 10_000_000
"""Size limit of an image, in bytes."""

MAX_AUDIO_BYTES = 200_000_000
"""Size limit of a recording, in bytes: some three hours at the usual rate."""

_SVG_SUFFIX = ".svg"
# those that browsers show: developer.mozilla.org/en-US/docs/Web/Media/Guides/Formats/Image_types
_BITMAP_SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jfif", ".pjpeg", ".pjp", ".gif", ".webp", ".avif", ".bmp", ".ico",
    ".tif", ".tiff",
)  # fmt: skip

# How bitmaps begin, each with bytes that text does not have or hardly begins with. Sources: the same page, and
# for AVIF the box `ftyp` of ISO/IEC 14496-12 with one of its brands, for BMP the sizes of known DIB headers.
_BITMAP_HEAD = rb"""(?xs)
      \x89 PNG \r\n \x1a \n
    | \xff\xd8\xff
    | GIF8 [79] a
    | RIFF .{4} WEBP
    | \x00{3} . ftyp (?: avi[fs] | .{8} (?: .{4} ){0,58}? avi[fs] )
    | BM .{4} \x00{4} .{4} [\x0c\x28\x34\x38\x40\x6c\x7c] \x00{3}
    | \x00\x00\x01\x00 [^\x00] \x00
    | II \* \x00 | MM \x00 \*
"""
# an XML declaration, comments and a document type, which may have entities in brackets, come before <svg
_SVG_HEAD = r"""(?xs)
    \ufeff? (?> \s | <\?.*?\?> | <!--.*?--> | <!DOCTYPE (?: [^][<>] | \[ [^]]* \] )* > )*+
    < (?: [\w.-]+ : )? svg [\s/>]
"""


def _refuse_image_name(path: str) -> Refusal | None:
    if path.lower().endswith((*_BITMAP_SUFFIXES, _SVG_SUFFIX)):
        return None
    return Refusal(
        "not-an-image", "is not an image by its name", "the names of images end in .png, .jpg, .webp, .svg and the like"
    )


def _refuse_image_head(path: str, head: bytes) -> Refusal | None:
    is_image = _is_svg(head) if path.lower().endswith(_SVG_SUFFIX) else _compile_bitmap_head().match(head)
    if is_image:
        return None
    return Refusal(
        "not-an-image", "is not an image: its content is of another kind", "save it again as an image of that format"
    )


# How linked files begin: ISO 32000 for PDF, APPNOTE.TXT of PKWARE for ZIP, id3.org or a frame of MPEG audio for
# MP3, the same or ISO 13818-7 for AAC, the box `ftyp` for MP4, RFC 3533 for Ogg, RFC 9639 for FLAC, RFC 8794 for WebM
_AUDIO_HEADS = {
    ".mp3": rb"ID3|\xff[\xe2-\xff]",
    ".aac": rb"ID3|ADIF|\xff[\xf0-\xff]",
    ".m4a": rb"(?s).{4}ftyp",
    ".ogg": rb"OggS",
    ".oga": rb"OggS",
    ".opus": rb"OggS",
    ".flac": rb"ID3|fLaC",
    ".wav": rb"(?s)RIFF.{4}WAVE",
}
_FILE_HEADS = {
    **_AUDIO_HEADS,
    ".pdf": rb"%PDF-",
    ".zip": rb"PK(?:\x03\x04|\x05\x06)",
    ".mp4": rb"(?s).{4}ftyp",
    ".webm": rb"\x1a\x45\xdf\xa3",
}
_TEXT_SUFFIXES = (".txt", ".csv")


def _refuse_linked_name(path: str) -> Refusal | None:
    if path.lower().endswith((*_FILE_HEADS, *_TEXT_SUFFIXES)):
        return None
    return _refuse_image_name(path)


def _refuse_linked_head(path: str, head: bytes) -> Refusal | None:
    name = path.lower()
    if name.endswith(_TEXT_SUFFIXES):
        fits = _is_text(head)
    else:
        pattern = next((head for suffix, head in _FILE_HEADS.items() if name.endswith(suffix)), None)
        if pattern is None:
            return _refuse_image_head(path, head)
        fits = re.match(pattern, head) is not None
    return None if fits else Refusal("not-a-file", "has content of another kind", "save it again in its format")


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut off
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


@cache
def _compile_bitmap_head() -> re.Pattern[bytes]:
    """Compile the pattern. Cached: it is needed for each image, and not at the start of the program."""
    return re.compile(_BITMAP_HEAD)


def _is_svg(head: bytes) -> bool:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return re.match(_SVG_HEAD, head.decode(encoding, "replace")) is not None


ISSUE = FileKind(MAX_ISSUE_BYTES, "8 MB")
IMAGE = FileKind(MAX_IMAGE_BYTES, "10 MB", _refuse_image_name, _refuse_image_head)
AUDIO = FileKind(MAX_AUDIO_BYTES, "200 MB", _refuse_linked_name, _refuse_linked_head)
LINKED_FILE = FileKind(MAX_IMAGE_BYTES, "10 MB", _refuse_linked_name, _refuse_linked_head)


def choose_linked_kind(path: str) -> FileKind:
    """Return the kind of a file that an issue links to, by its name: recordings may be larger than others."""
    return AUDIO if path.lower().endswith(tuple(_AUDIO_HEADS)) else LINKED_FILE
