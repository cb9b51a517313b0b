"""Signing mails: DKIM with RSA and SHA-256, by the package `cryptography` (RFC 6376, RFC 8301).

The head is signed relaxed. The body is signed as it is: lines of base64, which nobody on the way has a reason
to change.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from publisher.channels.email.headers import build_header
from publisher.channels.email.personalize import PersonalizedMail
from publisher.credentials import Reference, resolve_secret
from publisher.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_MIN_KEY_BITS = 1024  # bits, and 2048 are advised: RFC 8301, section 3.2
_CHARACTERS_PER_LINE = 72
# once more than they are there, so that nobody adds one: RFC 6376, section 8.15
_OVERSIGNED_HEADERS = ("from", "to", "reply-to", "subject", "date", "content-type", "list-unsubscribe")


class DkimSigner:
    """Signs with the key that `reference` leads to, which is in PEM. `place` is where the public key is in
    the DNS: SELECTOR._domainkey.DOMAIN.

    Raises ConfigError when the key is not there or not of RSA, and without the package.
    """

    def __init__(self, dns_name: str, reference: Reference) -> None:
        self._selector, _, self._domain = dns_name.partition("._domainkey.")
        self._key = _load_private_key(reference)

    @property
    def dns_record(self) -> str:
        """What the DNS must say there: RFC 6376, section 3.6.1."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"

    def sign(self, mail: PersonalizedMail) -> bytes:
        """The header line to put before the others of a copy."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        lines = re.findall(rb"([^:\r]+):((?:[^\r]|\r\n[ \t])*)\r\n", mail.headers)
        names = [name.decode().lower() for name, _ in lines]
        signed = [*names, *[name for name in _OVERSIGNED_HEADERS if name in names or name == "reply-to"]]
        line = build_header(
            "DKIM-Signature",
            *("v=1;", "a=rsa-sha256;", "c=relaxed/simple;", f"d={self._domain};", f"s={self._selector};"),
            *("h=" + " : ".join(signed) + ";").split(" "),
            f"bh={b64encode(mail.digest).decode()};",
        ).removesuffix(b"\r\n")
        line += b"\r\n b="
        # of several lines with one name the last is signed first, and no name comes twice here
        told = b"".join([_canonicalize_header(*one) + b"\r\n" for one in lines]) + _canonicalize_header(
            *line.split(b":", 1)
        )
        value = b64encode(self._key.sign(told, PKCS1v15(), SHA256()))
        return (
            line
            + b"\r\n ".join(
                value[at : at + _CHARACTERS_PER_LINE] for at in range(0, len(value), _CHARACTERS_PER_LINE)
            )
            + b"\r\n"
        )


def _canonicalize_header(name: bytes, value: bytes) -> bytes:
    """A header line in its relaxed form, RFC 6376, section 3.4.2."""
    return name.lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()


def _load_private_key(reference: Reference) -> RSAPrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise ConfigError(
            "mails are to be signed, and cryptography is not installed",
            "pip install 'newsletter-publisher[dkim]'",
        ) from None
    pem = resolve_secret(reference, lines=True)
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):  # what they say may contain some of it
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _MIN_KEY_BITS:
        raise ConfigError(
            f"{reference}: not an RSA private key of at least {_MIN_KEY_BITS} bits in PEM without a password",
            "openssl genrsa -out dkim.pem 2048",
        )
    return key
