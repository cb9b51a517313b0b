"""The table [subscribers] of publisher.toml. Invalid values raise ConfigError."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from publisher.credentials import Reference, resolve_secret
from publisher.errors import ConfigError
from publisher.links import is_loopback_host
from publisher.mail_address import Mailbox, parse_recipient
from publisher.signing import SigningKeys

_MAX_URL_LENGTH = 900
"""So that a header with a link to a page fits on one line: RFC 5322, section 2.1.1."""

_MAX_LOCAL_LENGTH = 32
"""So that an address with a token has at most 64 octets before the @: RFC 5321, section 4.5.3.1.1."""

_MIN_KEY_LENGTH = 16
"""Characters of the secret: fewer can be guessed from a link by trying them all."""


class SubscriberSettings(Struct, frozen=True):
    """The keys of [subscribers]: the newsletter's own list."""

    url: Annotated[
        str,
        Meta(
            description="URL of the pages where people subscribe and leave, which the daemon serves; a web server in "
            "front of it passes on what begins with it",
            examples=["https://example.org/list"],
            extra_json_schema={"pattern": "^https?://.+$"},
        ),
    ]
    key: Annotated[
        Reference,
        Meta(
            description="reference to a secret that you make up, of 16 characters or more; links in emails and the "
            "hashes of erased addresses are made with it",
            examples=["file:subscribers.key"],
        ),
    ]
    old_keys: Annotated[
        tuple[Reference, ...],
        Meta(
            description="list of references to former secrets, so that links in emails already sent go on working",
            examples=[["file:subscribers-2025.key"]],
        ),
    ] = ()
    bounces: Annotated[
        str,
        Meta(
            description="address for returned emails, whose mailbox takes `bounces+ANYTHING@` as well; default: the "
            "sender",
            examples=["bounces@example.org"],
        ),
    ] = ""
    captcha: Annotated[
        str,
        Meta(
            description="`altcha` has the browsers of those who subscribe solve a puzzle first: they need JavaScript, "
            "and no other host takes part",
            examples=["altcha"],
            extra_json_schema={"enum": ["", "altcha"]},
        ),
    ] = ""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname or "", parts.port  # reading the port checks it
        except ValueError:
            host = ""
        is_plain = re.fullmatch(r"https?://[!-~]+", self.url) and not re.search(r"[?#<>{}\"\\@]", self.url)
        if not (host and is_plain) or len(self.url) > _MAX_URL_LENGTH:
            raise ConfigError(
                f"url must be an absolute https URL without ? and #, not {self.url}",
                'like url = "https://example.org/list"',
            )
        if parts.scheme == "http" and not is_loopback_host(host):
            raise ConfigError(
                f"url must begin with https, not {self.url}", "addresses of subscribers are sent to it: use https"
            )
        if self.bounces:
            _validate_bounce_address(self.bounces)
        if self.captcha not in ("", "altcha"):
            raise ConfigError(
                f'captcha must be altcha, not "{self.captcha}"', 'set captcha = "altcha", or leave it out'
            )

    @property
    def base(self) -> str:
        """The URL that the paths of the pages follow, without a slash at its end."""
        return self.url.rstrip("/")

    def load_keys(self) -> SigningKeys:
        """Return the keys. Raises ConfigError when a secret cannot be read or is too short."""
        secrets = [resolve_secret(reference) for reference in (self.key, *self.old_keys)]
        if len(secrets[0]) < _MIN_KEY_LENGTH:
            raise ConfigError(
                f"{self.key}: the key of [subscribers] is shorter than {_MIN_KEY_LENGTH} characters",
                "make a longer one, as with: openssl rand -hex 32",
            )
        return SigningKeys(secrets[0], tuple(secrets[1:]))


def _validate_bounce_address(address: str) -> None:
    local = address.rpartition("@")[0]
    try:
        is_plain = parse_recipient(address) == Mailbox("", address) and address.isascii()
    except ConfigError:
        is_plain = False
    if not (is_plain and re.fullmatch(r"[\w.-]+", local)):
        raise ConfigError(
            f'bounces must be one email address of letters, digits and . _ -, not "{address}"',
            'like bounces = "bounces@example.org"',
        )
    if len(local) > _MAX_LOCAL_LENGTH:
        raise ConfigError(
            f"bounces has {len(local)} characters before the @, and {_MAX_LOCAL_LENGTH} are allowed",
            "each delivery adds some: choose a shorter address",
        )
