"""Sends emails to recipients one after another over one connection."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from publisher.channel import Part, Receipt, Session
from publisher.channels.email import smtp
from publisher.channels.email.personalize import MailTemplate, PersonalizedMail
from publisher.channels.email.rate_limit import find_provider_limits
from publisher.channels.email.recipients import RecipientSource, load_mailboxes
from publisher.channels.email.replies import classify_reply
from publisher.channels.email.smtp import SmtpConnection, SmtpDisconnectedError, SmtpRefusedError
from publisher.credentials import Reference, resolve_secret
from publisher.deadline import Deadline
from publisher.errors import ConfigError, DeliveryError, RefusalKind
from publisher.mail_address import Mailbox, normalize_address, parse_recipient
from publisher.signing import Purpose, SigningKeys
from publisher.subscriber_settings import SubscriberSettings
from publisher.subscription import SubscriberAddress

if TYPE_CHECKING:
    from publisher.channels.email.dkim import DkimSigner

_NO_REFERENCE = Reference()
_RECONNECT_DELAY = 10.0
"""Seconds until the next attempt after the server closed the connection."""


class MailSession(Session):
    """A destination is the key of a recipient in `source`, or any email address.

    `sender` is the envelope sender, who gets bounces. `unsubscribe_url` is as for MailTemplate, `unsubscribe_key`
    the reference to the key of its tokens. `signing` is the DNS name of the public DKIM key, and the private key.
    With `subscribers` the recipients are those of the newsletter with the id `subscribers_of`, and not of `source`.
    """

    def __init__(
        self,
        connection: SmtpConnection,
        source: RecipientSource,
        sender: str,
        unsubscribe_url: str = "",
        unsubscribe_key: Reference = _NO_REFERENCE,
        signing: tuple[str, Reference] | None = None,
        subscribers: SubscriberSettings | None = None,
        subscribers_of: str = "",
    ) -> None:
        self._connection = connection
        self._source = source
        self._sender = sender
        self._unsubscribe_url = unsubscribe_url
        self._unsubscribe_key = unsubscribe_key
        self._token_secret = ""
        self._signing = signing
        self._subscribers = subscribers
        self._subscribers_of = subscribers_of
        self._subscriber_keys: SigningKeys | None = None
        self._signer: DkimSigner | None = None
        self._cached_template: tuple[Part, MailTemplate] | None = None
        limits = find_provider_limits(connection.server.host)
        self._per_connection = limits.per_connection if limits else 0

    def __enter__(self) -> Self:
        """Read the list and the keys, and connect.

        Raises ConfigError for an invalid server, login, key or list; DeliveryError for an unreachable server.
        """
        if self._subscribers:
            self._subscriber_keys = self._subscribers.load_keys()
        else:
            load_mailboxes(self._source)
        self._token_secret = resolve_secret(self._unsubscribe_key) if self._unsubscribe_key else ""
        if self._signing:
            from publisher.channels.email.dkim import DkimSigner

            self._signer = DkimSigner(*self._signing)
        self._connection.open()
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def deliver(
        self,
        part: Part,
        destination: str,
        first_attempt: dt.datetime | None = None,
        subscriber: SubscriberAddress | None = None,
    ) -> Receipt:
        """Send a recipient's copy of the message, dated `first_attempt`; the same bytes each time.

        Raises DeliveryError when it was not sent, OutcomeUnknownError when it may have been sent.
        """
        mailbox, sender = self._resolve_mailbox(destination, subscriber), self._sender
        if subscriber and self._subscribers and self._subscribers.bounces:
            sender = subscriber.build_envelope_sender(self._subscribers.bounces)
        copy = self._personalize(part, mailbox, first_attempt, self._build_leave_token(mailbox, subscriber))
        self._send(sender, mailbox.address, self._sign(copy))
        return Receipt()

    def send_mail(self, address: str, mail: PersonalizedMail) -> None:
        """Send a message that is no issue to one address. Raises as `deliver`."""
        self._send(self._sender, address, self._sign(mail))

    def _build_leave_token(self, mailbox: Mailbox, subscriber: SubscriberAddress | None) -> str:
        """Return the token of a recipient for the page for leaving the list, "" without [subscribers].

        That of a test send is as long, and does nothing unless its recipient is a subscriber.
        """
        keys = self._subscriber_keys
        if keys is None:
            return ""
        tag = subscriber.tag if subscriber else keys.make_tag(self._subscribers_of, normalize_address(mailbox.address))
        return keys.sign(Purpose.LEAVE, tag)

    def _resolve_mailbox(self, destination: str, subscriber: SubscriberAddress | None) -> Mailbox:
        if subscriber:
            return Mailbox(subscriber.name, subscriber.address)
        try:
            mailboxes = load_mailboxes(self._source) if self._subscribers is None else {}
        except ConfigError as error:  # retried: the list may be being edited
            raise DeliveryError(error.message, error.hint) from None
        if mailbox := mailboxes.get(destination):
            return mailbox
        try:
            mailbox = parse_recipient(destination)
        except ConfigError as error:
            raise DeliveryError(error.message, error.hint, permanent=True, kind=RefusalKind.NO_RECIPIENT) from None
        return mailboxes.get(normalize_address(mailbox.address), mailbox)

    def _personalize(
        self, part: Part, mailbox: Mailbox, first_attempt: dt.datetime | None, token: str
    ) -> PersonalizedMail:
        if self._cached_template is None or self._cached_template[0] != part:
            self._cached_template = (part, MailTemplate(part.body, self._unsubscribe_url, self._token_secret))
        return self._cached_template[1].personalize(mailbox, first_attempt, token)

    def _sign(self, mail: PersonalizedMail) -> bytes:
        signature = self._signer.sign(mail) if self._signer else b""
        return b"".join([signature, mail.headers, mail.body])

    def _send(self, sender: str, recipient: str, mail: bytes) -> None:
        """Send a message. A connection used before may be stale, so it is replaced once."""
        connection, deadline = self._connection, Deadline(smtp.DELIVERY_TIMEOUT)
        if self._per_connection and connection.sent_count >= self._per_connection:
            connection.close()
        is_reused = connection.is_open and connection.sent_count > 0
        while True:
            self._ensure_open(deadline)
            self._check_server_supports(recipient, mail)
            try:
                connection.send(sender, recipient, mail, deadline)
                return
            except SmtpDisconnectedError as error:
                failure = DeliveryError(
                    f"the connection to {connection.server} broke before the email to {recipient} was sent: {error}",
                    retry_after=_RECONNECT_DELAY,
                    kind=RefusalKind.LATER,
                )
            except SmtpRefusedError as error:
                failure = classify_reply(error.reply, error.stage, recipient)
                if not error.reply.ends_connection:
                    raise failure from None
                connection.close()
                delay = failure.retry_after
                failure.retry_after = _RECONNECT_DELAY if delay is None else delay
                is_reused = is_reused and delay is None
            if not is_reused:
                raise failure from None
            is_reused = False

    def _ensure_open(self, deadline: Deadline) -> None:
        if not self._connection.is_open:
            try:
                self._connection.open(deadline)
            except ConfigError as error:  # retried: the same settings worked when the session was opened
                raise DeliveryError(error.message, error.hint, retry_after=_RECONNECT_DELAY) from None

    def _check_server_supports(self, recipient: str, mail: bytes) -> None:
        """Raise DeliveryError for an email that the server does not support."""
        features, server = self._connection.features, self._connection.server
        if not recipient.isascii() and "smtputf8" not in features:
            raise DeliveryError(
                f"{server} does not support non-ASCII addresses (SMTPUTF8) such as {recipient}",
                "ask the recipient for an ASCII address",
                permanent=True,
            )
        size = features.get("size", "").split()
        if size and size[0].isdigit() and 0 < int(size[0]) < len(mail):
            raise DeliveryError(
                f"{server} accepts at most {size[0]} bytes, and the email has {len(mail)}",
                'shorten the issue, or set wrap = "none"; a smaller `width` does not help',
                permanent=True,
                kind=RefusalKind.CONTENT,
            )
