"""How much of each channel's limits the issue uses, as numbers that the page shows as meters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from publisher.channel import Channel, Rendering
from publisher.channels.email.wrapping import count_columns
from publisher.channels.telegram.entities import MAX_MESSAGE_SIZE
from publisher.preview.frames import read_mail
from publisher.preview.previewer import RenderedPreview


class Meter(Struct, frozen=True):
    """How much is used of a limit; a `limit` of 0 means that there is none."""

    channel: str
    label: str
    used: int
    limit: int
    unit: str


def build_meters(preview: RenderedPreview, channels: Sequence[Channel]) -> Iterator[Meter]:
    """Yield the meters of the channels that rendered the issue."""
    for channel in channels:
        rendering = preview.renderings.get(channel.name)
        if not isinstance(rendering, Rendering):
            continue
        for key, limit in channel.capabilities.limits.items():
            used = rendering.report.get(key)
            if isinstance(used, int) and channel.name != "email":  # where only a header can be too long
                yield Meter(channel.name, key, used, limit, "characters")
        match channel.name:
            case "telegram":
                yield from _measure_messages(rendering)
            case "email":
                yield from _measure_mail(rendering, int(getattr(channel, "width", 0)))


def _measure_messages(rendering: Rendering) -> Iterator[Meter]:
    sizes = rendering.report.get("sizes")
    assert isinstance(sizes, list)
    yield Meter("telegram", "messages", len(sizes), 0, "messages")
    for number, size in enumerate(sizes, 1):
        yield Meter("telegram", f"message {number}", size["units"], MAX_MESSAGE_SIZE.units, "UTF-16")
        yield Meter("telegram", f"message {number}", size["entities"], MAX_MESSAGE_SIZE.entities, "entities")


def _measure_mail(rendering: Rendering, width: int) -> Iterator[Meter]:
    lines, _ = read_mail(rendering.parts[0].body)
    # a URL is never broken, however long it is
    columns = max((count_columns(line.rstrip()) for line in lines.split("\n") if "://" not in line), default=0)
    yield Meter("email", "columns", columns, width, "columns")
    yield Meter("email", "lines", lines.count("\n"), 0, "lines")
