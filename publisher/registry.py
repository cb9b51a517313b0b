"""Channels by name: built-in ones from a table, those of other packages from entry points.

A package adds a channel with an entry point in the group `publisher.channels`. Reading entry points takes
longer than the rest of the start, so they are read only for a name that is not in the table, and to list all
channels.
"""

from __future__ import annotations

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
    """Return the names of all channels, built-in ones first.

    Raises ConfigError if two packages use the same name.
    """
    return (*_BUILTIN_CHANNELS, *_read_entry_points())


def load_channel(name: str) -> type[Channel]:
    """Import and return the class of the channel `name`.

    Raises ConfigError if there is no such channel, if it cannot be imported, or if it is not a channel.
    """
    location = _BUILTIN_CHANNELS.get(name) or _read_entry_points().get(name)
    if location is None:
        names = channel_names()
        nearest = find_nearest(name, names)
        hint = f"did you mean {nearest}? " if nearest else ""
        raise ConfigError(f"there is no channel {name}", f"{hint}channels: {', '.join(names)}")
    module, _, attribute = location.partition(":")
    try:
        channel_class = getattr(import_module(module), attribute)
    except Exception as error:  # of the package of another author
        reason = str(error) if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"the channel {name} cannot be loaded from {location}: {reason}", "reinstall its package"
        ) from error
    if problem := _check_channel_class(name, channel_class):
        raise ConfigError(f"the channel {name} is not usable: {location} {problem}", "report it to its author")
    return cast("type[Channel]", channel_class)


def _read_entry_points() -> dict[str, str]:
    """Return "module:attribute" of the channels of other packages, by name."""
    from importlib.metadata import entry_points  # slow to import

    channels: dict[str, str] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        other = _BUILTIN_CHANNELS.get(point.name) or channels.get(point.name, point.value)
        if other != point.value:  # equal ones are from one package that is on the path twice
            raise ConfigError(
                f"two channels are named {point.name}: {other} and {point.value}",
                "uninstall the package of one of them",
            )
        channels[point.name] = point.value
    return channels


def _check_channel_class(name: str, candidate: object) -> str:
    """Return why an object is not a usable channel class; empty if it is one."""
    # imported by the module of the candidate already
    from publisher.channel import ArchiveChannel, Capabilities, Channel

    if not isinstance(candidate, type) or not issubclass(candidate, Channel):
        return "is not a Channel"
    required = [candidate.render, candidate.session]
    if issubclass(candidate, ArchiveChannel):
        required.append(candidate.render_archive)
    for method in required:
        if getattr(method, "__isabstractmethod__", False):
            return f"has no {method.__name__}"
    if type(candidate.capabilities) is not Capabilities:
        return "has capabilities that are no Capabilities"
    if candidate.capabilities.can_ping and candidate.build_ping is Channel.build_ping:
        return "has no build_ping"
    actual = getattr(candidate, "name", "")
    return "" if actual == name else f"is named {actual!r}"
