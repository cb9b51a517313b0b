"""Reads the recording of an issue from its front matter.

`audio: episode.mp3` names a file beside the issue, `audio: https://…/episode.mp3` one on another server. A table
says more of the latter: `url`, `type` (its media type) and `length` (in bytes), as in
`audio: {url: https://cdn.example.org/42, type: audio/mpeg, length: 8123456}`.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from publisher.links import is_safe_url
from publisher.model import Audio, Diagnostic
from publisher.patterns import lazy_pattern
from publisher.reader.front_matter import FrontMatter, get_front_value
from publisher.reader.lines import Line

# https://www.iana.org/assignments/media-types/, RFC 5334 for Ogg
_MEDIA_TYPES = {
    ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg", ".oga": "audio/ogg",
    ".opus": "audio/ogg", ".flac": "audio/flac", ".wav": "audio/wav", ".mp4": "video/mp4", ".webm": "video/webm",
}  # fmt: skip
_MEDIA_TYPE = lazy_pattern(r"(?:audio|video)/[A-Za-z0-9.+-]+\Z")
_LENGTH = lazy_pattern(r"\d{1,15}\Z")
_UNSET = {"", "~", "null", "none", "false", "no"}


def read_audio(front: FrontMatter, lines: Sequence[Line], diagnostics: list[Diagnostic]) -> Audio | None:
    """Return the recording that the front matter names, whose source are `lines`; None if there is none.

    A value that cannot be understood is left out, with a diagnostic.
    """
    value = get_front_value(front, "audio").strip()
    if value.lower() in _UNSET:
        return None
    fields = _parse_fields(value)
    url, media_type, length = (str(fields.get(key, "")).strip() for key in ("url", "type", "length"))
    media_type = media_type or _guess_media_type(url)
    if fault := _describe_fault(url, media_type, length):
        line = next((line for line in lines if line.text.lstrip(" \"'").lower().startswith("audio")), lines[0])
        diagnostics.append(Diagnostic("audio-value", f"{fault}, so the issue has no audio", line.pos))
        return None
    return Audio(url, media_type, int(length or 0))


def _parse_fields(value: str) -> Mapping[str, object]:
    """Return the fields of a table, which the front matter keeps as Python writes it; of a list, its first entry."""
    parsed: object = value
    if value[:1] in ("{", "["):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            parsed = literal_eval(value)
    if isinstance(parsed, list):
        parsed = parsed[0] if parsed else ""
    return {str(key).lower(): field for key, field in parsed.items()} if isinstance(parsed, dict) else {"url": parsed}


def _guess_media_type(url: str) -> str:
    try:
        return _MEDIA_TYPES.get(PurePosixPath(unquote(urlsplit(url).path)).suffix.lower(), "")
    except ValueError:
        return ""


def _describe_fault(url: str, media_type: str, length: str) -> str:
    """Return what is wrong with the fields; "" if nothing is."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = "?"
    if not url or not is_safe_url(url) or scheme not in ("", "http", "https"):
        return f"audio: {url[:60]} is neither the URL nor the path of a file" if url else "audio has no url"
    if not media_type:
        return f"audio: the kind of {url[:60]} cannot be seen from its name"
    if not _MEDIA_TYPE.match(media_type):
        return f"audio: {media_type[:60]} is no media type like audio/mpeg"
    return "" if not length or _LENGTH.match(length) else f"audio: the length {length[:60]} is no number of bytes"
