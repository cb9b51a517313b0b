"""The list of recipients: a text file with one address per line, or addresses in publisher.toml.

In the file, empty lines and lines that begin with # are ignored, and a # after an address begins a comment.
The list is read line by line, so memory use does not grow with the size of the file.

Addresses are parsed, rejected with a reason, and normalized so that duplicates are found.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from publisher.channels.email.headers import Mailbox, clean_text
from publisher.errors import ConfigError, PublisherError
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
            text = line.decode("utf-8-sig").strip(" \t")
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


_NAME_AND_ADDRESS = lazy_pattern(r"(?P<name>[^<>＜＞]*)[<＜](?P<address>[^<>＜＞]*)[>＞]")
_LOCAL_PART = lazy_pattern(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")  # RFC 5322, 3.2.3, and RFC 6531, 3.3
_DOMAIN_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = lazy_pattern(rf"{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})+|localhost")
_PLAIN_ADDRESS = lazy_pattern(
    r"[a-z0-9]++(?:[._-][a-z0-9]++)*+@[a-z0-9]++(?:-++[a-z0-9]++)*+(?:\.[a-z0-9]++(?:-++[a-z0-9]++)*+)++"
)
_MAX_LOCAL_BYTES, _MAX_ADDRESS_BYTES = 64, 254  # RFC 5321, section 4.5.3.1
# full-width characters that Chinese input methods produce instead of ASCII
_FULLWIDTH_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_CONTROL_NAMES = {"\r": "a carriage return", "\n": "a line break", "\0": "a NUL"}


def parse_recipient(text: str) -> Mailbox:
    """Parse `address` or `Name <address>`.

    The domain is converted to ASCII (UTS 46); the local part is kept, in Unicode form NFC. `written` is what
    stands there instead, if it differs. Raises ConfigError with the reason when the address is invalid.
    """
    return Mailbox("", text) if _is_plain(text) else _parse_any_recipient(text)


def _is_plain(address: str) -> bool:
    """Whether an address is valid, and its own normalized form: a fast path, for most of a list."""
    return len(address) <= _MAX_LOCAL_BYTES and _PLAIN_ADDRESS.fullmatch(address) is not None


def _parse_any_recipient(text: str) -> Mailbox:
    text = text.replace("\u3000", " ").replace("\xa0", " ").strip(" \t")
    for char in "" if text.isprintable() else text:
        if not char.isprintable() and char != "\t":
            raise _build_address_error(
                f"it contains {_CONTROL_NAMES.get(char) or f'an invisible character (U+{ord(char):04X})'}"
            )
    if "=?" in text:
        raise _build_address_error("it contains an encoded word (=?…?=)")
    match = _NAME_AND_ADDRESS.fullmatch(text)
    name, address = (match["name"], match["address"]) if match else ("", text)
    if not match and re.search("[<>＜＞]", text):
        raise _build_address_error("the angle brackets do not match")
    written = address.strip()
    address = _parse_address(written.translate(_FULLWIDTH_TO_ASCII))
    return Mailbox(clean_text(name).strip('"'), address, "" if written == address else written)


def normalize_address(address: str) -> str:
    """Return the form that is the same for all spellings of an address: case, width and +tag are ignored.

    Only for comparison: email sent to it may not arrive.
    """
    if _is_plain(address):
        return address
    local, _, domain = unicodedata.normalize("NFKC", address).casefold().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _parse_address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise _build_address_error("it has no @")
    if not local:
        raise _build_address_error("the part before the @ is empty")
    if local.startswith('"'):
        raise _build_address_error("the part before the @ is quoted, which few servers accept")
    if "@" in local:
        raise _build_address_error("it has more than one @")
    if not domain:
        raise _build_address_error("the domain after the @ is missing")
    if not _LOCAL_PART.fullmatch(local):
        raise _build_address_error(f"{_describe_character(_LOCAL_PART.sub('', local)[0])} is not allowed before the @")
    if local[0] == "." or local[-1] == "." or ".." in local:
        raise _build_address_error("it has a leading, trailing or double dot before the @")
    address = f"{unicodedata.normalize('NFC', local)}@{_encode_domain(domain)}"
    local = address.rpartition("@")[0]
    if len(local.encode()) > _MAX_LOCAL_BYTES or len(address.encode()) > _MAX_ADDRESS_BYTES:
        raise _build_address_error(
            f"it is longer than {_MAX_LOCAL_BYTES} bytes before the @ or {_MAX_ADDRESS_BYTES} in all"
        )
    return address


def _encode_domain(text: str) -> str:
    domain = text.lower()
    if not text.isascii():
        import idna

        try:
            domain = idna.encode(text, uts46=True).decode()
        except idna.IDNAError as error:
            raise _build_address_error(f"the domain {text} is invalid: {error}") from None
    if domain.startswith("["):
        raise _build_address_error("it has an IP address instead of a domain")
    if not _DOMAIN.fullmatch(domain):
        raise _build_address_error(f"the domain {text} is invalid")
    return domain


def _describe_character(char: str) -> str:
    return "a space" if char.isspace() else char


def _build_address_error(reason: str) -> ConfigError:
    return ConfigError(f"invalid email address: {reason}", "write it as name@example.org or Name <name@example.org>")
