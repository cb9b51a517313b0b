"""The list of those who get the mail: a text file with one address a line, or the addresses themselves.

In the file, empty lines and those that begin with # say nothing, and a # after an address begins a remark.
All who read the list read it line by line, so that a long one costs no more memory than what is kept of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from publisher.channels.email.addresses import folded, recipient
from publisher.channels.email.headers import Mailbox
from publisher.errors import ConfigError, PublisherError

Source = tuple[str, ...] | Path
"""Addresses, or the file that holds them."""

_LONGEST_LINE = 1000  # octets
_REMARK = re.compile(r"(\S+|[^>]*>)\s+#.*")
_reading = Lock()


class Reader(NamedTuple):
    """Somebody on the list. `key` is the same for all ways to write the address; `place` is where it
    stands."""

    key: str
    box: Mailbox
    place: str


def readers(source: Source) -> Iterator[Reader]:
    """Everybody, each once, in the order of the list. Raises ConfigError for a line that is no address, for a
    file that cannot be read, and in the end for a list with nobody on it."""
    seen: set[str] = set()
    for found in entries(source):
        if isinstance(found, PublisherError):
            raise found
        if found.key not in seen:
            seen.add(found.key)
            yield found
    if not seen:
        raise ConfigError(f"{_name(source)} has no address in it", "write one address on each line")


def entries(source: Source) -> Iterator[Reader | ConfigError]:
    """Every address of the list, even twice, or what is wrong with it. Raises ConfigError when the file
    cannot be read."""
    for place, line in _lines(source):
        try:
            text = line.decode("utf-8-sig").strip(" \t")
            if text and not text.startswith("#"):
                if len(line) > _LONGEST_LINE:
                    raise ConfigError("this line is too long for an address", "write one address on a line")
                box = recipient(_REMARK.sub(r"\1", text) if "#" in text else text)
                yield Reader(folded(box.address), box, place)
        except UnicodeDecodeError:
            yield ConfigError(f"{place}: not UTF-8", "save the file as UTF-8")
        except ConfigError as error:
            yield ConfigError(f"{place}: {error.message}", error.hint)


def spelled(source: Source) -> dict[str, Mailbox]:
    """Those by their key whose mailbox is more than that: written in another case, or with a name. Kept until
    the file changes; safe to ask from several threads. Raises ConfigError as `readers` does."""
    with _reading:
        return _spelled(source, state(source))


@lru_cache(maxsize=1)
def _spelled(source: Source, state: tuple[int, int]) -> dict[str, Mailbox]:  # noqa: ARG001 - remembered by both
    return {one.key: one.box for one in readers(source) if one.box != ("", one.key)}


def state(source: Source) -> tuple[int, int]:
    """What changes when the file does. Raises ConfigError when there is none."""
    if isinstance(source, tuple):
        return 0, 0
    try:
        found = source.stat()
    except OSError as error:
        raise _unreadable(source, error) from None
    return found.st_mtime_ns, found.st_size


def _lines(source: Source) -> Iterator[tuple[str, bytes]]:
    """The lines, each with its place."""
    if isinstance(source, tuple):
        for text in source:
            yield "recipients", text.encode("utf-8", "surrogatepass")
        return
    try:
        with source.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield f"{source.name}:{number}", line.removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        raise _unreadable(source, error) from None


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path}: {error.strerror or error}",
        "`recipients` in publisher.toml names the file with the addresses",
    )


def _name(source: Source) -> str:
    return "recipients" if isinstance(source, tuple) else source.name
