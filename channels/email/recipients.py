"""The list of those who get the mail: a text file with one address a line, or the addresses themselves.

In the file, empty lines and those that begin with # say nothing, and a # after an address begins a remark.
All who read the list read it line by line, so that a long one costs no more memory than what is kept of it.

The addresses of readers as people write them: read, refused with a reason, and folded, so that nobody is
on a list twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from publisher.channels.email.headers import Mailbox, clean_text
from publisher.errors import ConfigError, PublisherError
from publisher.patterns import lazy_pattern

RecipientSource = tuple[str, ...] | Path
"""Addresses, or the file that holds them."""

_MAX_LINE_BYTES = 1000  # octets
_COMMENT = lazy_pattern(r"(\S+|[^>]*>)\s+#.*")
_mailboxes_lock = Lock()


class Recipient(NamedTuple):
    """Somebody on the list. `key` is the same for all ways to write the address; `place` is where it
    stands."""

    key: str
    mailbox: Mailbox
    location: str


def read_recipients(source: RecipientSource) -> Iterator[Recipient]:
    """Everybody, each once, in the order of the list. Raises ConfigError for a line that is no address, for a
    file that cannot be read, and in the end for a list with nobody on it."""
    seen: set[str] = set()
    for found in parse_recipients(source):
        if isinstance(found, PublisherError):
            raise found
        if found.key not in seen:
            seen.add(found.key)
            yield found
    if not seen:
        raise ConfigError(f"{_source_name(source)} has no address in it", "write one address on each line")


def parse_recipients(source: RecipientSource) -> Iterator[Recipient | ConfigError]:
    """Every address of the list, even twice, or what is wrong with it. Raises ConfigError when the file
    cannot be read."""
    for place, line in _read_list_lines(source):
        try:
            text = line.decode("utf-8-sig").strip(" \t")
            if text and not text.startswith("#"):
                if len(line) > _MAX_LINE_BYTES:
                    raise ConfigError("this line is too long for an address", "write one address on a line")
                box = parse_recipient(_COMMENT.sub(r"\1", text) if "#" in text else text)
                yield Recipient(normalize_address(box.address), box, place)
        except UnicodeDecodeError:
            yield ConfigError(f"{place}: not UTF-8", "save the file as UTF-8")
        except ConfigError as error:
            yield ConfigError(f"{place}: {error.message}", error.hint)


def load_mailboxes(source: RecipientSource) -> dict[str, Mailbox]:
    """Those by their key whose mailbox is more than that: written in another case, or with a name. Kept until
    the file changes; safe to ask from several threads. Raises ConfigError as `readers` does."""
    with _mailboxes_lock:
        return _read_mailboxes(source, source_version(source))


@lru_cache(maxsize=1)
def _read_mailboxes(source: RecipientSource, version: tuple[int, int]) -> dict[str, Mailbox]:  # noqa: ARG001 - remembered by both
    return {one.key: one.mailbox for one in read_recipients(source) if one.mailbox != ("", one.key)}


def source_version(source: RecipientSource) -> tuple[int, int]:
    """What changes when the file does. Raises ConfigError when there is none."""
    if isinstance(source, tuple):
        return 0, 0
    try:
        found = source.stat()
    except OSError as error:
        raise _build_unreadable_error(source, error) from None
    return found.st_mtime_ns, found.st_size


def _read_list_lines(source: RecipientSource) -> Iterator[tuple[str, bytes]]:
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
        raise _build_unreadable_error(source, error) from None


def _build_unreadable_error(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path}: {error.strerror or error}",
        "`recipients` in publisher.toml names the file with the addresses",
    )


def _source_name(source: RecipientSource) -> str:
    return "recipients" if isinstance(source, tuple) else source.name


_NAME_AND_ADDRESS = lazy_pattern(r"(?P<name>[^<>＜＞]*)[<＜](?P<address>[^<>＜＞]*)[>＞]")
_LOCAL_PART = lazy_pattern(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+"
)  # RFC 5322, 3.2.3, and RFC 6531, 3.3
_DOMAIN_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = lazy_pattern(rf"{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})+|localhost")
_MAX_LOCAL_BYTES, _MAX_ADDRESS_BYTES = 64, 254  # octets: RFC 5321, section 4.5.3.1
# what an input method for Chinese writes in place of ASCII
_FULLWIDTH_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_CONTROL_NAMES = {"\r": "a carriage return", "\n": "a line break", "\0": "a NUL"}


def parse_recipient(text: str) -> Mailbox:
    """Whoever is written as `address` or `Name <address>`. The domain is in ASCII afterwards (UTS 46); the
    part before the @ stays as it is.

    Raises ConfigError, which says what is wrong with it.
    """
    text = text.replace("\u3000", " ").replace("\xa0", " ").strip(" \t")
    for char in "" if text.isprintable() else text:
        if not char.isprintable() and char != "\t":
            raise _build_address_error(
                f"there is {_CONTROL_NAMES.get(char) or f'an unseen character (U+{ord(char):04X})'} in it"
            )
    if "=?" in text:
        raise _build_address_error("there is an encoded word in it")
    found = _NAME_AND_ADDRESS.fullmatch(text)
    name, address = (found["name"], found["address"]) if found else ("", text)
    if not found and re.search("[<>＜＞]", text):
        raise _build_address_error("the angle brackets do not match")
    return Mailbox(
        clean_text(name).strip('"'), _parse_address(address.translate(_FULLWIDTH_TO_ASCII).strip())
    )


def normalize_address(address: str) -> str:
    """What is the same for all ways to write somebody's address: of any case or width, with or without a
    +tag. Mail to it may not arrive, mail to the address as it was written does."""
    local, _, domain = unicodedata.normalize("NFKC", address).casefold().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _parse_address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise _build_address_error("there is no @ in it")
    if not local:
        raise _build_address_error("there is nothing before the @")
    if local.startswith('"'):
        raise _build_address_error("its first part is quoted, which few servers take")
    if "@" in local:
        raise _build_address_error("there is more than one @ in it")
    if not domain:
        raise _build_address_error("there is no domain behind the @")
    if not _LOCAL_PART.fullmatch(local):
        raise _build_address_error(
            f"{_describe_character(_LOCAL_PART.sub('', local)[0])} has no place before the @"
        )
    if local[0] == "." or local[-1] == "." or ".." in local:
        raise _build_address_error("there is a dot too many before the @")
    address = f"{unicodedata.normalize('NFC', local)}@{_encode_domain(domain)}"
    local = address.rpartition("@")[0]
    if len(local.encode()) > _MAX_LOCAL_BYTES or len(address.encode()) > _MAX_ADDRESS_BYTES:
        raise _build_address_error("it is longer than any address may be")
    return address


def _encode_domain(text: str) -> str:
    domain = text.lower()
    if not text.isascii():
        import idna

        try:
            domain = idna.encode(text, uts46=True).decode()
        except idna.IDNAError as error:
            raise _build_address_error(f"there can be no domain {text}: {error}") from None
    if domain.startswith("["):
        raise _build_address_error("it has an IP address in place of a domain")
    if not _DOMAIN.fullmatch(domain):
        raise _build_address_error(f"there can be no domain {text}")
    return domain


def _describe_character(char: str) -> str:
    return "a space" if char.isspace() else char


def _build_address_error(reason: str) -> ConfigError:
    return ConfigError(
        f"this is no address to send to: {reason}", "write one as name@example.org or Name <name@example.org>"
    )
