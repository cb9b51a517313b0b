"""Channels by name: our own from a table, those of other packages from entry points.

A package adds a channel by an entry point in the group `publisher.channels`. Reading entry points costs
more than all the rest of a start, so it is done only for a name that is not in the table, and for the list.
"""

from __future__ import annotations

from dataclasses import is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from publisher.errors import ConfigError, find_nearest

if TYPE_CHECKING:
    from publisher.channel import Channel

ENTRY_POINT_GROUP = "publisher.channels"
_BUILTIN_CHANNELS = {
    "web": "publisher.channels.web:Web",
    "rss": "publisher.channels.rss:Rss",
    "wechat": "publisher.channels.wechat:WeChat",
    "telegram": "publisher.channels.telegram:Telegram",
    "email": "publisher.channels.email:Email",
}


def channel_names() -> tuple[str, ...]:
    """The names of all channels there are, ours first.

    Raises ConfigError when two packages give the same name.
    """
    return (*_BUILTIN_CHANNELS, *_read_entry_points())


def load_channel(name: str) -> type[Channel]:
    """The class of the channel `name`; importing it is the only thing that happens.

    Raises ConfigError when there is no such channel, when its code cannot be imported, and when what
    was imported is not a channel.
    """
    place = _BUILTIN_CHANNELS.get(name) or _read_entry_points().get(name)
    if place is None:
        raise _unknown_channel_error(name)
    module, _, attribute = place.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"the channel {name} cannot be loaded from {place}: {error}", "install its package again"
        ) from error
    if fault := _check_channel_class(name, found):
        raise ConfigError(f"the channel {name} is not usable: {place} {fault}", "tell its author")
    return cast("type[Channel]", found)


def _read_entry_points() -> dict[str, str]:
    """Name to "module:attribute" of the channels other packages bring."""
    from importlib.metadata import entry_points  # slow to import

    found: dict[str, str] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        other = _BUILTIN_CHANNELS.get(point.name) or found.get(point.name, point.value)
        if other != point.value:  # the same one twice is a package that is found twice on the path
            raise ConfigError(
                f"two channels are named {point.name}: {other} and {point.value}",
                "uninstall the package of one of them",
            )
        found[point.name] = point.value
    return found


def _unknown_channel_error(name: str) -> ConfigError:
    known = channel_names()
    near = find_nearest(name, known)
    listed = f"channels: {', '.join(known)}"
    return ConfigError(f"there is no channel {name}", f"did you mean {near}? {listed}" if near else listed)


def _check_channel_class(name: str, found: object) -> str:
    """What keeps an object from being the class of a channel; empty when nothing does."""
    if not isinstance(found, type) or not is_dataclass(found):
        return "is not a dataclass"
    for attribute in ("name", "render", "session"):
        if not hasattr(found, attribute):
            return f"has no {attribute}"
    own = getattr(found, "name", "")
    return "" if own == name else f"is named {own!r}"
