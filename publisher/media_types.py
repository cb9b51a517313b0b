"""The media type of a file of the site, and how long it may be cached: for the server, and for what is uploaded."""

from __future__ import annotations

import re
from pathlib import PurePath

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff2": "font/woff2",
    ".xml": "application/xml; charset=utf-8",
}

# the name of a feed is no different from that of other documents: its first bytes show what it is
_FEED_SIGNATURES = {
    ".xml": (
        (rb"<rss[\s>]", "application/rss+xml; charset=utf-8"),
        (rb"<feed[\s>]", "application/atom+xml; charset=utf-8"),
    ),
    ".json": ((rb'"version"\s*:\s*"https://jsonfeed\.org/', "application/feed+json"),),
}
SNIFF_BYTES = 4096
"""How many bytes of a file are needed to detect its type."""


def detect_media_type(name: str, head: bytes) -> str:
    """Return the Content-Type of a file whose first bytes are `head`."""
    suffix = PurePath(name).suffix.lower()
    default = _MEDIA_TYPES.get(suffix, "application/octet-stream")
    signatures = _FEED_SIGNATURES.get(suffix, ())
    return next((media_type for pattern, media_type in signatures if re.search(pattern, head)), default)


def to_browser_type(media_type: str) -> str:
    """Return the Content-Type for a browser, which applies the style sheet of a feed only if it is sent as
    generic XML."""
    return _MEDIA_TYPES[".xml"] if is_feed(media_type) and "xml" in media_type else media_type


def is_feed(media_type: str) -> bool:
    return media_type.startswith(("application/rss+", "application/atom+", "application/feed+"))


def get_cache_control(media_type: str) -> str:
    """Return the Cache-Control for a Content-Type.

    A page may be corrected at any time, so browsers revalidate it each time. Feed readers may poll once an
    hour.
    """
    if media_type.startswith("text/html"):
        return "no-cache"
    return "public, max-age=3600" if is_feed(media_type) else "public, max-age=86400"
