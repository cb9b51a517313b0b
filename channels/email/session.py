"""Sending mails to readers, one at a time on one connection."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from publisher.channel import Part, Receipt
from publisher.channels.email.headers import Mailbox
from publisher.channels.email.personalize import Copies
from publisher.channels.email.rate_limit import Pace, limits
from publisher.channels.email.recipients import Source, folded, recipient, spelled
from publisher.channels.email.replies import refusal
from publisher.channels.email.smtp import Connection, LostError, RefusedError
from publisher.credentials import Reference, resolve
from publisher.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from publisher.channels.email.dkim import Signer

_AWAY = 10.0
"""Seconds to leave a server alone that hangs up."""


class MailSession:
    """A Session; its destinations are readers of the list `source`, by their key, or any mail address.
    `sender` gets what comes back. `leave` and `secret` are as for Copies; `signing` says where the public
    key is and where the private one."""

    def __init__(
        self,
        connection: Connection,
        pace: Pace,
        source: Source,
        sender: str,
        leave: str = "",
        secret: Reference = "",
        signing: tuple[str, Reference] | None = None,
    ) -> None:
        self._connection = connection
        self._pace = pace
        self._source = source
        self._sender = sender
        self._leave = leave
        self._secret = secret
        self._signing = signing
        self._signer: Signer | None = None
        self._made: tuple[Part, Copies] | None = None
        found = limits(connection.server.host)
        self._per_connection = found.per_connection if found else 0

    def __enter__(self) -> Self:
        """Raises ConfigError when the server, the login, a key or the list is not good; DeliveryError when
        the server cannot be reached."""
        spelled(self._source)
        self._key = resolve(self._secret) if self._secret else ""
        if self._signing:
            from publisher.channels.email.dkim import Signer

            self._signer = Signer(*self._signing)
        self._connection.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def deliver(self, part: Part, destination: str) -> Receipt:
        """Send the copy of a mail that is for one reader; the same bytes each time."""
        box = self._box(destination)
        mail = self._copy(part, box)
        self._pace.wait(box.domain, self._connection.server.host)
        self._send(box.address, mail)
        return Receipt()

    def _box(self, destination: str) -> Mailbox:
        try:
            readers = spelled(self._source)
        except ConfigError as error:  # somebody is at work on the list
            raise DeliveryError(error.message, error.hint) from None
        if known := readers.get(destination):
            return known
        try:
            box = recipient(destination)
        except ConfigError as error:
            raise DeliveryError(error.message, error.hint, permanent=True) from None
        return readers.get(folded(box.address), box)

    def _copy(self, part: Part, box: Mailbox) -> bytes:
        if self._made is None or self._made[0] != part:
            self._made = (part, Copies(part.body, self._leave, self._key))
        copy = self._made[1].to(box)
        signature = self._signer.signature(copy) if self._signer else b""
        return b"".join([signature, copy.head, copy.body])

    def _send(self, reader: str, mail: bytes) -> None:
        """Send a mail; a connection that was kept and is no longer good is replaced once."""
        connection = self._connection
        if self._per_connection and connection.sent >= self._per_connection:
            connection.close()
        is_kept = connection.is_open and connection.sent > 0
        while True:
            self._open()
            self._check(reader, mail)
            try:
                connection.send(self._sender, reader, mail)
                return
            except LostError as error:
                fault = DeliveryError(
                    f"the connection to {connection.server} broke before {reader} had the mail: {error}",
                    retry_after=_AWAY,
                )
            except RefusedError as error:
                fault = refusal(error.reply, error.stage, reader)
                if not error.reply.ends_connection:
                    raise fault from None
                connection.close()
                wait = fault.retry_after
                fault.retry_after = _AWAY if wait is None else wait
                is_kept = is_kept and wait is None
            if not is_kept:
                raise fault from None
            is_kept = False

    def _open(self) -> None:
        if not self._connection.is_open:
            try:
                self._connection.open()
            except ConfigError as error:  # it was good before, so it may be again
                raise DeliveryError(error.message, error.hint, retry_after=_AWAY) from None

    def _check(self, reader: str, mail: bytes) -> None:
        """Raise DeliveryError for a mail that the server cannot take."""
        features, server = self._connection.features, self._connection.server
        if not reader.isascii() and "smtputf8" not in features:
            raise DeliveryError(
                f"{server} takes no address like {reader}",
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
