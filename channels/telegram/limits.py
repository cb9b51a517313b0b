"""Telegram's limits for one message, and what a text takes of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from publisher.channels.telegram.entities import (
    MessageEntity,
    Spans,
    build_entities,
    count_utf16_units,
    render_html,
    span_text,
)

# what an entity takes besides its URL: type, offset, length and the header of a string
_ENTITY_OVERHEAD = 16


class MessageSize(Struct, frozen=True):
    """`units`: UTF-16 code units of the text. `entities`: their number. `entity_bytes`: their bytes, URLs
    included. `raw_bytes`: the text with its markup in UTF-8."""

    units: int = 0
    entities: int = 0
    entity_bytes: int = 0
    raw_bytes: int = 0

    def __add__(self, other: MessageSize) -> MessageSize:
        return MessageSize(
            self.units + other.units,
            self.entities + other.entities,
            self.entity_bytes + other.entity_bytes,
            self.raw_bytes + other.raw_bytes,
        )

    def __sub__(self, other: MessageSize) -> MessageSize:
        return MessageSize(
            self.units - other.units,
            self.entities - other.entities,
            self.entity_bytes - other.entity_bytes,
            self.raw_bytes - other.raw_bytes,
        )

    def __le__(self, other: MessageSize) -> bool:
        """Return whether no value is larger than in the other size."""
        return (
            self.units <= other.units
            and self.entities <= other.entities
            and self.entity_bytes <= other.entity_bytes
            and self.raw_bytes <= other.raw_bytes
        )


# The server counts texts in code points (tdlib/td: MessageContent.cpp), the documentation and the apps in
# UTF-16 units; the larger count satisfies both. Entities after the hundredth are dropped silently
# (MessageEntity.cpp), more than about 9.5 kB of them are refused as ENTITIES_TOO_LONG
# (tdlib/telegram-bot-api#165), and the source of a text may have 2^15 bytes (telegram-bot-api: Client.cpp).
MAX_MESSAGE_SIZE = MessageSize(units=4096, entities=100, entity_bytes=9_500, raw_bytes=32_768)

MAX_URL_BYTES = 4096
"""The longest URL that becomes a link, in bytes: a third of a message's limit, to leave room for others."""


class RenderedText(Struct, frozen=True):
    """Spans as text and entities, as HTML, and their size."""

    text: str
    entities: list[MessageEntity]
    html: str
    size: MessageSize


def render_spans(spans: Spans) -> RenderedText:
    """Render and measure spans."""
    text, marks, source = span_text(spans), build_entities(spans), render_html(spans)
    own = sum([_ENTITY_OVERHEAD + len(mark.get("url", "")) + len(mark.get("language", "")) for mark in marks])
    return RenderedText(
        text, marks, source, MessageSize(count_utf16_units(text), len(marks), own, len(source.encode()))
    )


def join_rendered(parts: Sequence[RenderedText]) -> RenderedText:
    """Concatenate rendered parts. No entity crosses the end of a part, so nothing is measured again."""
    marks: list[MessageEntity] = []
    size = MessageSize()
    for part in parts:
        marks += [{**mark, "offset": size.units + mark["offset"]} for mark in part.entities]
        size += part.size
    return RenderedText(
        "".join([part.text for part in parts]), marks, "".join([part.html for part in parts]), size
    )


def measure_spans(spans: Spans) -> MessageSize:
    """Return the size of spans."""
    return render_spans(spans).size
