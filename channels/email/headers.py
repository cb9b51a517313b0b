"""Email headers, built as bytes and not with CPython's email package.

That package encodes an address in angle brackets that is longer than its line, and so breaks one-click
unsubscription (`List-Unsubscribe: =?utf-8?q?=3Chttps=3A//…` with policy.SMTP of Python 3.11); and in some
versions an encoded line break in a subject starts a new header.
"""

from __future__ import annotations

import datetime as dt
import re
from binascii import b2a_base64
from urllib.parse import quote

from publisher.mail_address import INVISIBLE_CHARACTERS, Mailbox, clean_text
from publisher.patterns import lazy_pattern

_MAX_LINE_LENGTH = 76  # RFC 2047, section 2; without encoded words RFC 5322 would allow 78
# bytes in an encoded word: after the longest header name the line has 76 characters (RFC 2047, section 2)
_MAX_ENCODED_BYTES = 36
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = lazy_pattern(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_ATOM_PHRASE = lazy_pattern(rf"{_ATOM}(?: {_ATOM})*")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_mailbox(text: str) -> Mailbox | None:
    """Parse `address` or `Name <address>`.

    Return None unless every server accepts the address: ASCII, without a quoted local part, on one line.
    """
    text = text.strip()
    name, bracket, address = text.removesuffix(">").rpartition("<")
    if text.endswith(">") != bool(bracket) or not text.isprintable():
        return None
    local = address.rpartition("@")[0]
    if not _ADDRESS.fullmatch(address) or len(local) > 64 or len(address) > 254:  # RFC 5321, section 4.5.3.1
        return None
    return Mailbox(clean_text(name).strip('"'), address)


def build_header(name: str, *words: str) -> bytes:
    """Return a header of ASCII words, folded between words at 76 characters."""
    return _fold_header(name, *words).encode("ascii")


def _fold_header(name: str, *words: str) -> str:
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _MAX_LINE_LENGTH:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def build_text_header(name: str, text: str) -> bytes:
    """Return a header of any text, with encoded words where it needs them (RFC 2047)."""
    words = clean_text(text).split(" ")
    if not _is_plain_ascii(words):
        words = _encode_words(" ".join(words))
    return build_header(name, *words)


def build_mailbox_header(name: str, mailbox: Mailbox) -> bytes:
    """Return a header with a mailbox, whose address may be non-ASCII UTF-8 (RFC 6532, section 3.2)."""
    return _fold_header(
        name, *encode_phrase(mailbox.name), f"<{mailbox.address}>" if mailbox.name else mailbox.address
    ).encode()


def build_mailto_link(address: str, subject: str) -> str:
    """Return a mailto: URL in angle brackets (RFC 6068)."""
    return f"<mailto:{quote(address, safe='@')}?subject={quote(subject)}>"


def encode_phrase(text: str) -> list[str]:
    """Return a display name as header words: atoms, quoted or encoded (RFC 5322, section 3.2.5)."""
    words = clean_text(text).split(" ")
    whole = " ".join(words)
    if not whole:
        return []
    if not _is_plain_ascii(words):
        return _encode_words(whole)
    if _ATOM_PHRASE.fullmatch(whole):
        return words
    escaped = re.sub(r'(["\\])', r"\\\1", whole)
    return [f'"{escaped}"'] if len(escaped) < _MAX_LINE_LENGTH // 2 else _encode_words(whole)


def format_rfc5322_date(time: dt.datetime) -> str:
    """Format an aware datetime as in RFC 5322, section 3.3."""
    day, month = _DAYS[time.weekday()], _MONTHS[time.month - 1]
    return f"{day}, {time.day:02} {month} {time.year:04} {time:%H:%M:%S %z}"


def _is_plain_ascii(words: list[str]) -> bool:
    """Return whether words need no encoding: ASCII, short enough to fold between, none like an encoded word."""
    return all(word.isascii() and len(word) <= _MAX_LINE_LENGTH // 2 and "=?" not in word for word in words)


def _encode_words(text: str) -> list[str]:
    """Return a text as encoded words, without splitting a character between two of them."""
    chunks = [b""]
    for char in text:
        octets = char.encode()
        if len(chunks[-1]) + len(octets) > _MAX_ENCODED_BYTES:
            chunks.append(b"")
        chunks[-1] += octets
    return [f"=?utf-8?b?{b2a_base64(chunk, newline=False).decode()}?=" for chunk in chunks]


def clean_code_line(line: str) -> str:
    """Return a line of code: spaces kept, tabs expanded to 4 columns, no invisible characters."""
    return " ".join(INVISIBLE_CHARACTERS.sub("", line.expandtabs(4)).splitlines()).rstrip()
