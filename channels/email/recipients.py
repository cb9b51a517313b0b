"""The list of recipients: a text file with one address per line, or addresses in publisher.toml.

In the file, empty lines and lines that begin with # are ignored, and a # after an address begins a comment.
The list is read line by line, so memory use does not grow with the size of the file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

from publisher.errors import ConfigError, PublisherError
from publisher.mail_address import Mailbox, normalize_address, parse_recipient
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

RecipientSource = tuple[str, ...] | Path
"""Addresses, or the path of the file that holds them."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LATEST = 250_000_000_000
"""Seconds since the epoch, in the year 9892."""

_MAX_LINE_BYTES = 1000
_COMMENT = lazy_pattern(r"(\S+|[^>]*>)\s+#.*")
_mailboxes_lock = Lock()
_mailboxes: dict[RecipientSource, tuple[SourceVersion, dict[str, Mailbox]]] = {}
"""What was read last, for one list."""


class SourceVersion(NamedTuple):
    """Tells the states of a file apart: times in ns since the epoch, the size in bytes, and the inode.

    `changed_ns` and `inode` are for a file that was replaced by one of the same size and modification time.
    """

    modified_ns: int = 0
    changed_ns: int = 0
    size: int = 0
    inode: int = 0


class Recipient(NamedTuple):
    """An entry of the list; `key` is the normalized address, `location` is FILE:LINE or "recipients"."""

    key: str
    mailbox: Mailbox
    location: str


def read_recipients(source: RecipientSource) -> Iterator[Recipient]:
    """Yield the recipients in the order of the list, without duplicates.

    Raises ConfigError for an invalid line, for an unreadable file, and at the end for an empty list.
    """
    seen: set[str] = set()
    for recipient in parse_recipients(source):
        if isinstance(recipient, PublisherError):
            raise recipient
        if recipient.key not in seen:
            seen.add(recipient.key)
            yield recipient
    if not seen:
        raise ConfigError(f"{_source_name(source)} has no addresses", "write one address on each line")


def parse_recipients(source: RecipientSource) -> Iterator[Recipient | ConfigError]:
    """Yield each recipient of the list, duplicates too, or a ConfigError for an invalid line.

    Raises ConfigError when the file cannot be read.
    """
    for location, line in _read_list_lines(source):
        try:
            text = line.decode().removeprefix("\ufeff").strip(" \t")
            if text and not text.startswith("#"):
                if len(line) > _MAX_LINE_BYTES:
                    raise ConfigError("the line is too long for an address", "write one address on each line")
                mailbox = parse_recipient(_COMMENT.sub(r"\1", text) if "#" in text else text)
                yield Recipient(normalize_address(mailbox.address), mailbox, location)
        except UnicodeDecodeError:
            yield ConfigError(f"{location}: not UTF-8", "save the file as UTF-8")
        except ConfigError as error:
            yield ConfigError(f"{location}: {error.message}", error.hint)


def load_mailboxes(source: RecipientSource) -> dict[str, Mailbox]:
    """Return by key the mailboxes that differ from their key: with a name or another spelling.

    All who were on the list before are among them, because the list may be being written: their key is not an
    address that mail should be sent to. Cached until the file changes; safe to call from several threads. Raises
    ConfigError for an invalid list.
    """
    with _mailboxes_lock:
        version = source_version(source)
        known = _mailboxes.get(source)
        if known is None or known[0] != version:
            mailboxes = _read_mailboxes(source, known[1] if known else {})
            _mailboxes.clear()
            _mailboxes[source] = known = version, mailboxes
        return known[1]


def _read_mailboxes(source: RecipientSource, before: Mapping[str, Mailbox]) -> dict[str, Mailbox]:
    mailboxes = dict(before)
    for recipient in read_recipients(source):
        if recipient.mailbox == Mailbox("", recipient.key):
            mailboxes.pop(recipient.key, None)
        else:
            mailboxes[recipient.key] = recipient.mailbox
    return mailboxes


def source_version(source: RecipientSource) -> SourceVersion:
    """Return the version of the file, zeros for addresses. Raises ConfigError when the file is missing."""
    if isinstance(source, tuple):
        return SourceVersion()
    try:
        stat = source.stat()
    except OSError as error:
        raise _build_unreadable_error(source, error) from None
    return SourceVersion(stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)


def source_changed_at(source: RecipientSource) -> dt.datetime | None:
    """Return when the file was modified last, in UTC, as far as a datetime can express it; None for addresses.

    Raises ConfigError when the file is missing.
    """
    if isinstance(source, tuple):
        return None
    seconds = source_version(source).modified_ns // 1_000_000_000
    return _EPOCH + dt.timedelta(seconds=min(max(seconds, 0), _LATEST))


def _read_list_lines(source: RecipientSource) -> Iterator[tuple[str, bytes]]:
    """Yield the location and the bytes of each line."""
    if isinstance(source, tuple):
        for text in source:
            yield "recipients", text.encode("utf-8", "surrogatepass")
        return
    try:
        with source.open("rb") as file:
            name = source.name
            for number, line in enumerate(file, 1):
                yield f"{name}:{number}", line.removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        raise _build_unreadable_error(source, error) from None


def _build_unreadable_error(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path}: {error.strerror or error}", "set `recipients` in publisher.toml to the file with the addresses"
    )


def _source_name(source: RecipientSource) -> str:
    return "recipients" if isinstance(source, tuple) else source.name
