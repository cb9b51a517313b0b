"""Header lines in ASCII, as bytes that no library folds or decodes again.

CPython's email package would: it encodes an address in angle brackets that is longer than its line, and some
versions let an encoded line break in a subject begin a header of its own.
"""

from __future__ import annotations

import datetime as dt
import re
from binascii import b2a_base64
from typing import NamedTuple
from urllib.parse import quote

from publisher.patterns import lazy_pattern

_MAX_LINE_LENGTH = 76  # RFC 2047, section 2; without encoded words RFC 5322 would allow 78
_MAX_ENCODED_BYTES = (
    36  # bytes in an encoded word: with the longest name before it a line has 76 (RFC 2047, section 2)
)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = lazy_pattern(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_ATOM_PHRASE = lazy_pattern(rf"{_ATOM}(?: {_ATOM})*")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Mailbox(NamedTuple):
    """Someone's address, and the name shown for it, which may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The part behind the @."""
        return self.address.rpartition("@")[2]


def parse_mailbox(text: str) -> Mailbox | None:
    """The mailbox written as `address` or `Name <address>`; None when it is not one that every server takes:
    ASCII, not quoted, one line."""
    text = text.strip()
    name, bracket, address = text.removesuffix(">").rpartition("<")
    if text.endswith(">") != bool(bracket) or not text.isprintable():
        return None
    local = address.rpartition("@")[0]
    if not _ADDRESS.fullmatch(address) or len(local) > 64 or len(address) > 254:  # RFC 5321, section 4.5.3.1
        return None
    return Mailbox(clean_text(name).strip('"'), address)


def build_header(name: str, *words: str) -> bytes:
    """A header line of words in ASCII, folded between them where it gets too long."""
    return _fold_header(name, *words).encode("ascii")


def _fold_header(name: str, *words: str) -> str:
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _MAX_LINE_LENGTH:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def build_text_header(name: str, text: str) -> bytes:
    """A header line of free text, whatever is in it."""
    words = clean_text(text).split(" ")
    if not _is_plain_ascii(words):
        words = _encode_words(" ".join(words))
    return build_header(name, *words)


def build_mailbox_header(name: str, mailbox: Mailbox) -> bytes:
    """A header line that names a mailbox, whose address may have other letters than those of ASCII (RFC 6532,
    section 3.2)."""
    return _fold_header(
        name, *encode_phrase(mailbox.name), f"<{mailbox.address}>" if mailbox.name else mailbox.address
    ).encode()


def build_mailto_link(address: str, subject: str) -> str:
    """The address of a mail to write, in angle brackets (RFC 6068)."""
    return f"<mailto:{quote(address, safe='@')}?subject={quote(subject)}>"


def encode_phrase(text: str) -> list[str]:
    """The words that stand for a name before an address in angle brackets (RFC 5322, section 3.2.5)."""
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
    """An aware time as RFC 5322 writes it, section 3.3."""
    day, month = _DAYS[time.weekday()], _MONTHS[time.month - 1]
    return f"{day}, {time.day:02} {month} {time.year:04} {time:%H:%M:%S} {time:%z}"


def _is_plain_ascii(words: list[str]) -> bool:
    """Whether words can stand as they are: ASCII, short enough to fold between, none that looks encoded."""
    return all(word.isascii() and len(word) <= _MAX_LINE_LENGTH // 2 and "=?" not in word for word in words)


def _encode_words(text: str) -> list[str]:
    """The encoded words of a text, none of which ends within a character."""
    chunks = [b""]
    for char in text:
        octets = char.encode()
        if len(chunks[-1]) + len(octets) > _MAX_ENCODED_BYTES:
            chunks.append(b"")
        chunks[-1] += octets
    return [f"=?utf-8?b?{b2a_base64(chunk, newline=False).decode()}?=" for chunk in chunks]


_WHITESPACE = lazy_pattern(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
# controls, what turns text around (UAX 9), what takes no room, what UTF-8 has no way to write
_INVISIBLE_CHARACTERS = lazy_pattern(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


def clean_text(text: str) -> str:
    """The text on one line, single spaces in it, and nothing nobody should see."""
    if "  " in text or not text.isprintable():
        text = _WHITESPACE.sub(" ", _INVISIBLE_CHARACTERS.sub("", text))
    return text.strip(" ")


def clean_code_line(line: str) -> str:
    """A line of code with its own spaces, tabs as spaces, and nothing nobody should see."""
    return " ".join(_INVISIBLE_CHARACTERS.sub("", line.expandtabs(4)).splitlines()).rstrip()
