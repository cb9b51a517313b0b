"""Addresses in publisher.toml that are still those of an example, so that no message may be sent with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from publisher.channel import MessageChannel
from publisher.links import find_example_host

if TYPE_CHECKING:
    from publisher.channel import Channel
    from publisher.newsletter import Newsletter
    from publisher.toml import TomlDocument


class ExampleAddress(NamedTuple):
    """A value on a host that is reserved for examples, such as example.org.

    `channel`: the channel whose subscribers get it, "" for all. `message` begins with publisher.toml:LINE:COLUMN,
    `hint` is the line to write.
    """

    channel: str
    message: str
    hint: str


def find_example_addresses(
    document: TomlDocument, newsletter: Newsletter, channels: Iterable[Channel]
) -> Iterator[ExampleAddress]:
    """Yield the URLs and senders of a newsletter that lead nowhere."""
    for key, value in (("url", newsletter.url), ("email", newsletter.email)):
        if host := find_example_host(value):
            yield _describe(document, ("newsletter", key), value, host)
    for channel in channels:
        if isinstance(channel, MessageChannel):
            for key, value in channel.public_addresses.items():
                if host := find_example_host(value):
                    yield _describe(document, ("channels", channel.name, key), value, host)


def _describe(document: TomlDocument, keys: tuple[str, ...], value: str, host: str) -> ExampleAddress:
    *table, key = keys
    match key:
        case "url":  # with the placeholders that the pages are at, such as {id}
            own = "https://YOUR-HOST/" + "".join(value.partition("{")[1:])
        case "unsubscribe":
            own = "https://YOUR-HOST/…"
        case _:
            own = "you@YOUR-HOST"
    error = document.error(keys, f"{key} is on {host}, a name for examples", f'change this line: {key} = "{own}"')
    return ExampleAddress(table[1] if len(table) > 1 else "", error.message, error.hint)
