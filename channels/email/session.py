"""Sending mails to readers, one at a time on one connection."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from publisher.channel import Part, Receipt
from publisher.channels.email.headers import Mailbox
from publisher.channels.email.personalize import MailPersonalizer
from publisher.channels.email.rate_limit import MailRateLimiter, find_provider_limits
from publisher.channels.email.recipients import (
    RecipientSource,
    load_mailboxes,
    normalize_address,
    parse_recipient,
)
from publisher.channels.email.replies import classify_reply
from publisher.channels.email.smtp import SmtpConnection, SmtpDisconnectedError, SmtpRefusedError
from publisher.credentials import Reference, resolve_secret
from publisher.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from publisher.channels.email.dkim import DkimSigner

_RECONNECT_DELAY = 10.0
"""Seconds to leave a server alone that hangs up."""


class MailSession:
    """A Session; its destinations are readers of the list `source`, by their key, or any mail address.
    `sender` gets what comes back. `leave` and `secret` are as for Copies; `signing` says where the public
    key is and where the private one."""

    def __init__(
        self,
        connection: SmtpConnection,
        rate_limiter: MailRateLimiter,
        source: RecipientSource,
        sender: str,
        unsubscribe_url: str = "",
        secret: Reference = "",
        signing: tuple[str, Reference] | None = None,
    ) -> None:
        self._connection = connection
        self._rate_limiter = rate_limiter
        self._source = source
        self._sender = sender
        self._unsubscribe_url = unsubscribe_url
        self._secret = secret
        self._signing = signing
        self._signer: DkimSigner | None = None
        self._cached_personalizer: tuple[Part, MailPersonalizer] | None = None
        found = find_provider_limits(connection.server.host)
        self._per_connection = found.per_connection if found else 0

    def __enter__(self) -> Self:
        """Raises ConfigError when the server, the login, a key or the list is not good; DeliveryError when
        the server cannot be reached."""
        load_mailboxes(self._source)
        self._unsubscribe_key = resolve_secret(self._secret) if self._secret else ""
        if self._signing:
            from publisher.channels.email.dkim import DkimSigner

            self._signer = DkimSigner(*self._signing)
        self._connection.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def deliver(self, part: Part, destination: str) -> Receipt:
        """Send the copy of a mail that is for one reader; the same bytes each time."""
        box = self._resolve_mailbox(destination)
        mail = self._build_mail(part, box)
        self._rate_limiter.wait(box.domain, self._connection.server.host)
        self._send(box.address, mail)
        return Receipt()

    def _resolve_mailbox(self, destination: str) -> Mailbox:
        try:
            readers = load_mailboxes(self._source)
        except ConfigError as error:  # somebody is at work on the list
            raise DeliveryError(error.message, error.hint) from None
        if known := readers.get(destination):
            return known
        try:
            box = parse_recipient(destination)
        except ConfigError as error:
            raise DeliveryError(error.message, error.hint, permanent=True) from None
        return readers.get(normalize_address(box.address), box)

    def _build_mail(self, part: Part, mailbox: Mailbox) -> bytes:
        if self._cached_personalizer is None or self._cached_personalizer[0] != part:
            self._cached_personalizer = (
                part,
                MailPersonalizer(part.body, self._unsubscribe_url, self._unsubscribe_key),
            )
        copy = self._cached_personalizer[1].personalize(mailbox)
        signature = self._signer.sign(copy) if self._signer else b""
        return b"".join([signature, copy.headers, copy.body])

    def _send(self, recipient: str, mail: bytes) -> None:
        """Send a mail; a connection that was kept and is no longer good is replaced once."""
        connection = self._connection
        if self._per_connection and connection.sent_count >= self._per_connection:
            connection.close()
        is_kept = connection.is_open and connection.sent_count > 0
        while True:
            self._ensure_open()
            self._check_server_supports(recipient, mail)
            try:
                connection.send(self._sender, recipient, mail)
                return
            except SmtpDisconnectedError as error:
                fault = DeliveryError(
                    f"the connection to {connection.server} broke before {recipient} had the mail: {error}",
                    retry_after=_RECONNECT_DELAY,
                )
            except SmtpRefusedError as error:
                fault = classify_reply(error.reply, error.stage, recipient)
                if not error.reply.ends_connection:
                    raise fault from None
                connection.close()
                wait = fault.retry_after
                fault.retry_after = _RECONNECT_DELAY if wait is None else wait
                is_kept = is_kept and wait is None
            if not is_kept:
                raise fault from None
            is_kept = False

    def _ensure_open(self) -> None:
        if not self._connection.is_open:
            try:
                self._connection.open()
            except ConfigError as error:  # it was good before, so it may be again
                raise DeliveryError(error.message, error.hint, retry_after=_RECONNECT_DELAY) from None

    def _check_server_supports(self, recipient: str, mail: bytes) -> None:
        """Raise DeliveryError for a mail that the server cannot take."""
        features, server = self._connection.features, self._connection.server
        if not recipient.isascii() and "smtputf8" not in features:
            raise DeliveryError(
                f"{server} takes no address like {recipient}",
                "its first part is not in ASCII; ask that reader for another address",
                permanent=True,
            )
        most = features.get("size", "").split()
        if most and most[0].isdigit() and 0 < int(most[0]) < len(mail):
            raise DeliveryError(
                f"{server} takes {most[0]} bytes at most, and the mail has {len(mail)}",
                'a narrower mail is no smaller: shorten the issue, or wrap = "none"',
                permanent=True,
            )
