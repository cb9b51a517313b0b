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

_LINE = 76  # RFC 2047, section 2; without encoded words RFC 5322 would allow 78
_ENCODED = 36  # bytes in an encoded word: with the longest name before it a line has 76 (RFC 2047, section 2)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = lazy_pattern(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_ATOMS = lazy_pattern(rf"{_ATOM}(?: {_ATOM})*")
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


def mailbox(text: str) -> Mailbox | None:
    """The mailbox written as `address` or `Name <address>`; None when it is not one that every server takes:
    ASCII, not quoted, one line."""
    text = text.strip()
    name, bracket, address = text.removesuffix(">").rpartition("<")
    if text.endswith(">") != bool(bracket) or not text.isprintable():
        return None
    local = address.rpartition("@")[0]
    if not _ADDRESS.fullmatch(address) or len(local) > 64 or len(address) > 254:  # RFC 5321, section 4.5.3.1
        return None
    return Mailbox(tidy(name).strip('"'), address)


def header(name: str, *words: str) -> bytes:
    """A header line of words in ASCII, folded between them where it gets too long."""
    return _folded(name, *words).encode("ascii")


def _folded(name: str, *words: str) -> str:
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def text_header(name: str, text: str) -> bytes:
    """A header line of free text, whatever is in it."""
    words = tidy(text).split(" ")
    if not _is_plain(words):
        words = _encoded(" ".join(words))
    return header(name, *words)


def mailbox_header(name: str, box: Mailbox) -> bytes:
    """A header line that names a mailbox, whose address may have other letters than those of ASCII (RFC 6532,
    section 3.2)."""
    return _folded(name, *phrase(box.name), f"<{box.address}>" if box.name else box.address).encode()


def mailto(address: str, subject: str) -> str:
    """The address of a mail to write, in angle brackets (RFC 6068)."""
    return f"<mailto:{quote(address, safe='@')}?subject={quote(subject)}>"


def phrase(text: str) -> list[str]:
    """The words that stand for a name before an address in angle brackets (RFC 5322, section 3.2.5)."""
    words = tidy(text).split(" ")
    whole = " ".join(words)
    if not whole:
        return []
    if not _is_plain(words):
        return _encoded(whole)
    if _ATOMS.fullmatch(whole):
        return words
    escaped = re.sub(r'(["\\])', r"\\\1", whole)
    return [f'"{escaped}"'] if len(escaped) < _LINE // 2 else _encoded(whole)


def date(moment: dt.datetime) -> str:
    """An aware time as RFC 5322 writes it, section 3.3."""
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} {moment:%z}"


def _is_plain(words: list[str]) -> bool:
    """Whether words can stand as they are: ASCII, short enough to fold between, none that looks encoded."""
    return all(word.isascii() and len(word) <= _LINE // 2 and "=?" not in word for word in words)


def _encoded(text: str) -> list[str]:
    """The encoded words of a text, none of which ends within a character."""
    chunks = [b""]
    for char in text:
        octets = char.encode()
        if len(chunks[-1]) + len(octets) > _ENCODED:
            chunks.append(b"")
        chunks[-1] += octets
    return [f"=?utf-8?b?{b2a_base64(chunk, newline=False).decode()}?=" for chunk in chunks]


_SPACES = lazy_pattern(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
# controls, what turns text around (UAX 9), what takes no room, what UTF-8 has no way to write
_UNSEEN = lazy_pattern(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


def tidy(text: str) -> str:
    """The text on one line, single spaces in it, and nothing nobody should see."""
    if "  " in text or not text.isprintable():
        text = _SPACES.sub(" ", _UNSEEN.sub("", text))
    return text.strip(" ")


def tidy_code(line: str) -> str:
    """A line of code with its own spaces, tabs as spaces, and nothing nobody should see."""
    return " ".join(_UNSEEN.sub("", line.expandtabs(4)).splitlines()).rstrip()
