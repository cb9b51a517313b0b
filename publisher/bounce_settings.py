"""The table [bounces] of publisher.toml: where bounces and complaints come from."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation at start

from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from msgspec import Meta, Struct

from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

_PORT, _TLS_PORT = 143, 993
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

_TOPIC = lazy_pattern(r"arn:aws(?:-cn|-us-gov)?:sns:[a-z0-9-]+:\d{12}:[\w.-]{1,256}")


class BounceSettings(Struct, frozen=True):
    """The keys of [bounces]: where reports about the emails to subscribers come from."""

    maildir: Annotated[
        str,
        Meta(
            description="folder (Maildir) of the mailbox for `[subscribers] bounces`, which is read on each tick",
            examples=["/var/mail/bounces"],
        ),
    ] = ""
    imap: Annotated[
        str,
        Meta(
            description="URL of that mailbox on an IMAP server, with the user name; a folder but INBOX is its path",
            examples=["imaps://bounces@mail.example.org"],
        ),
    ] = ""
    password: Annotated[
        Reference, Meta(description="reference to the password for `imap`", examples=["env:BOUNCES_PASSWORD"])
    ] = Reference()
    ses: Annotated[
        tuple[str, ...],
        Meta(
            description="list of the SNS topics (ARNs) to which Amazon SES reports; its webhook is `/webhooks/ses` "
            "below `[subscribers] url`, and those of the others are named likewise",
            examples=[["arn:aws:sns:eu-west-1:123456789012:bounces"]],
        ),
    ] = ()
    postmark: Annotated[
        Reference,
        Meta(
            description="reference to a password of your choice, which is part of the webhook's URL in Postmark",
            examples=["env:POSTMARK_WEBHOOK"],
        ),
    ] = Reference()
    mailgun: Annotated[
        Reference,
        Meta(description="reference to the webhook signing key of Mailgun", examples=["env:MAILGUN_SIGNING_KEY"]),
    ] = Reference()
    sendgrid: Annotated[
        str,
        Meta(
            description="the verification key of SendGrid's signed event webhook, which is public",
            examples=["MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE…"],
        ),
    ] = ""

    @property
    def webhooks(self) -> tuple[str, ...]:
        """The providers whose webhooks are accepted."""
        keys = {"ses": self.ses, "postmark": self.postmark, "mailgun": self.mailgun, "sendgrid": self.sendgrid}
        return tuple(name for name, value in keys.items() if value)

    @property
    def has_mailbox(self) -> bool:
        """Whether bounces are read from a mailbox."""
        return bool(self.maildir or self.imap)

    def __post_init__(self) -> None:
        if self.imap:
            ImapAddress.parse(self.imap)
        if self.imap and not self.password:
            raise ConfigError("imap needs a password", 'set it: password = "env:BOUNCES_PASSWORD"')
        for topic in self.ses:
            if not _TOPIC.fullmatch(topic):
                hint = 'like ses = ["arn:aws:sns:eu-west-1:123456789012:bounces"]'
                raise ConfigError(f"ses must have topics of Amazon SNS, not {topic}", hint)


class ImapAddress(NamedTuple):
    """A mailbox on a server; `folder` as IMAP names it."""

    host: str
    port: int
    user: str
    folder: str
    uses_tls: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL as `imaps://USER@HOST:PORT/FOLDER` (RFC 5092), by default the folder INBOX.

        `imap:` is for a server on this machine only. Raises ConfigError.
        """
        try:
            parts = urlsplit(url)
            host, user, port = parts.hostname or "", unquote(parts.username or ""), parts.port
        except ValueError:
            host, user, port, parts = "", "", None, urlsplit("")
        if parts.scheme not in ("imap", "imaps") or not host or not user:
            raise ConfigError("imap must be the URL of a mailbox", 'like imap = "imaps://bounces@mail.example.org"')
        if parts.password is not None:
            raise ConfigError("imap contains a password", "set `password` to a reference to it")
        uses_tls = parts.scheme == "imaps"
        if not uses_tls and host not in _LOCAL_HOSTS:
            raise ConfigError("imap would send the password unencrypted", f"use imaps://{user}@{host}")
        folder = unquote(parts.path.lstrip("/")) or "INBOX"
        if not (user + folder).isprintable():
            raise ConfigError("imap must be the URL of a mailbox", 'like imap = "imaps://bounces@mail.example.org"')
        return cls(host, port or (_TLS_PORT if uses_tls else _PORT), user, folder, uses_tls)
