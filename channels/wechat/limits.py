"""What WeChat takes, as numbers.

Source: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add, the fields of
`articles`. The content counts with its markup. Whether a character is a code point or a UTF-16 unit is not
documented; UTF-16 is the larger count, so it is the safe one.
"""

from __future__ import annotations

CONTENT = 20_000  # and less
CONTENT_BYTES = 1_000_000  # and less
TITLE = 32
EDITOR_TITLE = 64  # what the editor in the browser takes; its users say so
AUTHOR = 16
DIGEST = 128
SOURCE_URL = 1_024
PICTURE_URL = 200  # and less, as far as anybody has seen: the address of an uploaded picture


def size(content: str) -> int:
    """The length of a content in UTF-16 units."""
    return len(content.encode("utf-16-le")) // 2


def excess(content: str) -> int:
    """How many characters, or bytes, a content has too many; 0 when WeChat takes it."""
    return max(size(content) - CONTENT + 1, len(content.encode()) - CONTENT_BYTES + 1, 0)
