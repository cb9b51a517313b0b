"""Tags, tokens and hashes: what stands for a subscriber outside of the list, made with the list's secret key.

All are lower-case letters and digits, so that they survive mail gateways that change case or refuse other characters,
and are short, so that a header with a link stays on one line.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from enum import Enum
from functools import cached_property

from msgspec import Struct

TAG_LENGTH = 12
_KEY_ID_LENGTH = 2
_SIGNATURE_LENGTH = 16
"""Characters of 5 bits: 80 bits, of which no one can try many over HTTP."""

_HASH_LENGTH = 32


class Purpose(Enum):
    """What a token allows to do: each only that. `FORM` is for the form to subscribe; its tag is a time."""

    CONFIRM = "confirm"
    LEAVE = "leave"
    PREFERENCES = "preferences"
    REFUSE = "refuse"
    FORM = "form"


class _Key(Struct, frozen=True, dict=True):
    secret: str

    def compute(self, subject: str, length: int) -> str:
        """Return the first characters (a-z2-7) of an HMAC-SHA256 over a subject."""
        mac = hmac.digest(self.secret.encode(), subject.encode(), "sha256")
        return b32encode(mac).decode().lower()[:length]

    @cached_property
    def id(self) -> str:
        return self.compute("key id", _KEY_ID_LENGTH)


class SigningKeys(Struct, frozen=True, dict=True):
    """The secret of a list, and those it had before: what was made with these stays valid."""

    current: str
    old: tuple[str, ...] = ()

    def sign(self, purpose: Purpose, tag: str) -> str:
        """Return the token for a subscriber, by their tag: 30 characters a-z0-9. The same each time."""
        key = self._keys[0]
        return f"{key.id}{tag}{_sign(key, purpose, tag)}"

    def verify(self, token: str, purpose: Purpose) -> str:
        """Return the tag of a token, "" if it was not made for this purpose with one of the keys.

        Capital letters are the same as small ones.
        """
        token = token.lower()
        tag, signature = token[_KEY_ID_LENGTH:-_SIGNATURE_LENGTH], token[-_SIGNATURE_LENGTH:]
        if len(tag) != TAG_LENGTH or not token.isascii():
            return ""
        keys = [key for key in self._keys if key.id == token[:_KEY_ID_LENGTH]]
        return tag if any(hmac.compare_digest(_sign(key, purpose, tag), signature) for key in keys) else ""

    def make_tag(self, newsletter: str, key: str) -> str:
        """Return what stands for a new subscriber: an HMAC of the newsletter's id and the normalized address."""
        return _make_tag(self._keys[0], newsletter, key)

    def hash_address(self, key: str) -> str:
        """Return the keyed hash under which a normalized address is suppressed.

        It begins with the id of the key, and does not depend on the newsletter's id, which may change.
        """
        return _hash_address(self._keys[0], key)

    def list_suppression_names(self, newsletter: str, key: str) -> list[str]:
        """Return all names that a normalized address may be suppressed under: hashes and tags by each of the keys.

        A tag is the only thing known of a person who refuses any mail after their address was deleted.
        """
        return [name for one in self._keys for name in (_hash_address(one, key), _make_tag(one, newsletter, key))]

    def knows(self, name: str) -> bool:
        """Return whether a suppressed name may have been made with one of the keys: a hash by its key id; a tag
        always."""
        return len(name) == TAG_LENGTH or any(name.startswith(key.id) for key in self._keys)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """What tells one key from another without revealing it, the current one first."""
        return tuple(key.compute("fingerprint", _HASH_LENGTH) for key in self._keys)

    @cached_property
    def _keys(self) -> tuple[_Key, ...]:
        return (_Key(self.current), *map(_Key, self.old))


def _sign(key: _Key, purpose: Purpose, tag: str) -> str:
    return key.compute(f"token {purpose.value} {tag}", _SIGNATURE_LENGTH)


def _hash_address(key: _Key, address: str) -> str:
    return f"{key.id}{key.compute(f'address {address}', _HASH_LENGTH)}"


def _make_tag(key: _Key, newsletter: str, address: str) -> str:
    return key.compute(f"tag {newsletter} {address}", TAG_LENGTH)
