"""What fits into one message."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.channels.telegram.entities import Entity, Runs, entities, html, text_of, units
from publisher.dataclass import dataclass

# what an entity costs beside its address: type, offset, length and the head of a string
_ENTITY = 16


@dataclass(frozen=True, slots=True)
class Size:
    """`units` is UTF-16 code units of the text, `entities` their number, `entity_bytes` what they take,
    addresses included, `raw_bytes` the text with its markup in UTF-8."""

    units: int = 0
    entities: int = 0
    entity_bytes: int = 0
    raw_bytes: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(
            self.units + other.units,
            self.entities + other.entities,
            self.entity_bytes + other.entity_bytes,
            self.raw_bytes + other.raw_bytes,
        )

    def __sub__(self, other: Size) -> Size:
        return Size(
            self.units - other.units,
            self.entities - other.entities,
            self.entity_bytes - other.entity_bytes,
            self.raw_bytes - other.raw_bytes,
        )

    def __le__(self, other: Size) -> bool:
        """Whether this fits into the other, in every respect."""
        return (
            self.units <= other.units
            and self.entities <= other.entities
            and self.entity_bytes <= other.entity_bytes
            and self.raw_bytes <= other.raw_bytes
        )


# Texts are counted in code points by the server (tdlib/td: MessageContent.cpp), but in UTF-16 units by the
# documentation and by apps; what keeps to the larger number keeps to both. Entities beyond the hundredth are
# dropped without a word (MessageEntity.cpp), above some 9.5 kB they are refused as ENTITIES_TOO_LONG
# (tdlib/telegram-bot-api#165), and the source of a text may have 2^15 bytes (telegram-bot-api: Client.cpp).
MESSAGE = Size(units=4096, entities=100, entity_bytes=9_500, raw_bytes=32_768)

LONGEST_URL = 4096
"""The bytes of the longest address that is made a link: a third of a message's must leave room for others."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Runs in the forms in which they are sent and shown, and what these take of a message."""

    text: str
    entities: list[Entity]
    html: str
    size: Size


def counted(runs: Runs) -> Counted:
    """The runs, written and counted."""
    text, marks, source = text_of(runs), entities(runs), html(runs)
    own = sum([_ENTITY + len(mark.get("url", "")) + len(mark.get("language", "")) for mark in marks])
    return Counted(text, marks, source, Size(units(text), len(marks), own, len(source.encode())))


def joined(parts: Sequence[Counted]) -> Counted:
    """The parts one after another; a mark ends where its part does, so nothing is counted again."""
    marks: list[Entity] = []
    size = Size()
    for part in parts:
        marks += [{**mark, "offset": size.units + mark["offset"]} for mark in part.entities]
        size += part.size
    return Counted(
        "".join([part.text for part in parts]), marks, "".join([part.html for part in parts]), size
    )


def size_of(runs: Runs) -> Size:
    """What the runs take of a message."""
    return counted(runs).size
