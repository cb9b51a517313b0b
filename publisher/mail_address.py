"""Email addresses: parsed, rejected with a reason, and normalized so that duplicates are found."""

from __future__ import annotations

import re
import unicodedata

from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

_NAME_AND_ADDRESS = lazy_pattern(r"(?P<name>[^<>＜＞]*)[<＜](?P<address>[^<>＜＞]*)[>＞]")
_LOCAL_PART = lazy_pattern(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")  # RFC 5322, 3.2.3, and RFC 6531, 3.3
_DOMAIN_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = lazy_pattern(rf"{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})+|localhost")
_PRIVATE_DOMAINS = ("localhost", "localdomain", "local", "internal", "invalid")  # RFC 6761, RFC 6762, ICANN
_PLAIN_ADDRESS = lazy_pattern(
    r"[a-z0-9]++(?:[._-][a-z0-9]++)*+@[a-z0-9]++(?:-++[a-z0-9]++)*+(?:\.[a-z0-9]++(?:-++[a-z0-9]++)*+)++"
)
_MAX_LOCAL_BYTES, _MAX_ADDRESS_BYTES = 64, 254  # RFC 5321, section 4.5.3.1
# full-width characters that Chinese input methods produce instead of ASCII
_FULLWIDTH_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_CONTROL_NAMES = {"\r": "a carriage return", "\n": "a line break", "\0": "a NUL"}


class Mailbox(NamedTuple):
    """An email address and its display name, which may be empty.

    `written` is the address as it stands on the list of recipients, "" if it does not differ.
    """

    name: str
    address: str
    written: str = ""

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]

    @property
    def is_public(self) -> bool:
        """Whether a mailbox at this domain can be one on the Internet: no name of a private network, no IP address."""
        last = self.domain.rpartition(".")[2]
        return last not in _PRIVATE_DOMAINS and not last.isdecimal()


def parse_recipient(text: str) -> Mailbox:
    """Parse `address` or `Name <address>`.

    The domain is converted to ASCII (UTS 46); the local part is kept, in Unicode form NFC. `written` is what
    stands there instead, if it differs. Raises ConfigError with the reason when the address is invalid.
    """
    return Mailbox("", text) if _is_plain(text) else _parse_any_recipient(text)


def _is_plain(address: str) -> bool:
    """Return whether an address is valid, and its own normalized form: a fast path, for most of a list."""
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


_WHITESPACE = lazy_pattern(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
# control characters, bidirectional controls (UAX 9), zero-width characters, lone surrogates
INVISIBLE_CHARACTERS = lazy_pattern(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


def clean_text(text: str) -> str:
    """Return the text on one line with single spaces, without invisible characters."""
    if "  " in text or not text.isprintable():
        text = _WHITESPACE.sub(" ", INVISIBLE_CHARACTERS.sub("", text))
    return text.strip(" ")
