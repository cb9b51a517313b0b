"""Addresses in publisher.toml that are still those of an example, so that no message may be sent with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from publisher.channel import MessageChannel
from publisher.links import find_example_host
from publisher.named_tuple import NamedTuple

if TYPE_CHECKING:
    from publisher.channel import Channel
    from publisher.newsletter import Newsletter
    from publisher.toml import TomlDocument


_LIST_KEYS = ("url", "bounces")
"""The keys of [subscribers] that subscribers see or use."""


class ExampleAddress(NamedTuple):
    """A value on a host that is reserved for examples, such as example.org.

    `channel`: the channel whose subscribers get it, "" for all. `problem` says what is wrong with it, `hint` is the
    line to write, and `keys` where it is in `document`.
    """

    channel: str
    document: TomlDocument
    keys: tuple[str, ...]
    problem: str
    hint: str

    @property
    def message(self) -> str:
        """The problem after publisher.toml:LINE:COLUMN, which is found when it is asked for."""
        return self.document.error(self.keys, self.problem).message


def find_example_addresses(
    document: TomlDocument, newsletter: Newsletter, channels: Iterable[Channel]
) -> Iterator[ExampleAddress]:
    """Yield the URLs and senders of a newsletter that lead nowhere."""
    for key, value in (("url", newsletter.url), ("email", newsletter.email)):
        if host := find_example_host(value):
            yield _describe(document, ("newsletter", key), value, host)
    for channel in channels:
        if isinstance(channel, MessageChannel):
            for keys, value in _list_addresses(document, channel):
                if host := find_example_host(value):
                    yield _describe(document, keys, value, host, channel.name)


def _list_addresses(document: TomlDocument, channel: MessageChannel) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the keys and values of the addresses of a channel, and of its list of subscribers."""
    for key, value in channel.public_addresses.items():
        yield ("channels", channel.name, key), value
    if channel.subscribers_of:
        for key in _LIST_KEYS:
            yield ("subscribers", key), document.data["subscribers"].get(key, "")


def _describe(
    document: TomlDocument, keys: tuple[str, ...], value: str, host: str, channel: str = ""
) -> ExampleAddress:
    key = keys[-1]
    match key:
        case "url":  # with the placeholders that the pages are at, such as {id}
            own = "https://YOUR-HOST/" + "".join(value.partition("{")[1:])
        case "unsubscribe":
            own = "https://YOUR-HOST/…"
        case _:
            own = "you@YOUR-HOST"
    problem, hint = f"{key} is on {host}, a name for examples", f'change this line: {key} = "{own}"'
    return ExampleAddress(channel, document, keys, problem, hint)
