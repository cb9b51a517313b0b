"""What may stand below [channels.email]. Each function takes values as they were written, and raises
ConfigError with what is wrong and how it is written right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from publisher.channels.email.headers import Mailbox, mailbox
from publisher.errors import ConfigError

_LONGEST_ADDRESS = 900  # octets, so that its header has a line to itself: RFC 5322, section 2.1.1
_PAGE = re.compile(r"https://[^\s<>{}?#\"/]+(?:[/?](?:[!#-;=?-z|~]|\{address\}|\{token\})*)?")
_KEY = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\._domainkey\.(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)+)")


def sender(key: str, value: str) -> Mailbox:
    """The mailbox written as `address` or `Name <address>`."""
    found = mailbox(value)
    if found is None:
        raise ConfigError(
            f'{key} must be one mail address in ASCII, not "{value}"',
            f'like {key} = "editor@example.org" or "Name <editor@example.org>"; a host of other letters has '
            "an ASCII form that begins with xn--",
        )
    return found


def one_of(key: str, value: str, known: Sequence[str], hint: str) -> None:
    """Only what is known."""
    if value not in known:
        raise ConfigError(f'{key} must be one of {", ".join(known)}, not "{value}"', hint)


def between(key: str, value: int, known: range, unit: str, hint: str) -> None:
    """Only what is in the range."""
    if value not in known:
        raise ConfigError(f"{key} must be {known[0]} to {known[-1]} {unit}, not {value}", hint)


def readers(sender: str, to: str, written: tuple[str, ...] | Path) -> None:
    """Who sends, and who gets it: a list, or one address that stands for it. A file is read later."""
    if not sender:
        raise ConfigError(
            "there is a server and no sender", 'say who sends the mail: from = "Name <editor@example.org>"'
        )
    if not written and not to:
        raise ConfigError(
            "there is a server and nobody to send to",
            'name the file with the addresses: recipients = "readers.txt"',
        )
    if isinstance(written, tuple) and written:
        from publisher.channels.email.recipients import readers

        for _ in readers(written):
            pass


def page(address: str, key: str, *, sends: bool) -> None:
    """The address of a page to leave the list by."""
    if not _PAGE.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        raise ConfigError(
            f"unsubscribe must be an https address, with {{address}} and {{token}} at most, not {address}",
            'like unsubscribe = "https://example.org/leave?who={address}&token={token}"',
        )
    if ("{token}" in address) != bool(key):
        raise ConfigError(
            "a {token} in `unsubscribe` is made with `unsubscribe_key`, so there must be both or none",
            'say where the key is: unsubscribe_key = "env:UNSUBSCRIBE_KEY"',
        )
    if "{" in address and not sends:
        raise ConfigError(
            "without a server all get the same mail, and `unsubscribe` can be no other address for each",
            "set `server` as well",
        )


def signing(place: str, key: str, written: str) -> None:
    """Where the keys for DKIM are, for the domain of the sender or one above it (RFC 7489, section 3.1)."""
    found = _KEY.fullmatch(place)
    if not found:
        raise ConfigError(
            f'dkim must be the name of the public key in the DNS, not "{place}"',
            'selector, _domainkey and domain, as in dkim = "s1._domainkey.example.org"',
        )
    if not key:
        raise ConfigError("there is `dkim` and no key", 'say where it is: dkim_key = "file:dkim.pem"')
    domain = sender("from", written).domain.lower()
    if not f".{domain}".endswith(f".{found['domain']}"):
        raise ConfigError(
            f"dkim signs for {found['domain']}, and `from` is of {domain}",
            "receivers ask for a signature of the sender's own domain",
        )


def needs(other: str, key: str, value: object) -> None:
    """Nothing in a key that says nothing without the other."""
    if value:
        raise ConfigError(f"there is `{key}` and no `{other}`", f"add `{other}`, or leave `{key}` out")
