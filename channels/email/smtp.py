"""A connection to a mail server: smtplib opens it, and the few words for each mail are spoken here, in one
write where the server lets them come together (RFC 2920).

smtplib's own `sendmail` says the same for a connection that broke before a mail was complete and after.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from publisher.channels.email.replies import SmtpReply
from publisher.channels.email.settings import SmtpServer
from publisher.credentials import redact, resolve_secret
from publisher.errors import ConfigError, DeliveryError, OutcomeUnknownError

if TYPE_CHECKING:
    from smtplib import SMTP

CONNECT_TIMEOUT, COMMAND_TIMEOUT = 30.0, 60.0
"""Seconds for a connection, and for the answer to a command."""

DATA_TIMEOUT = 600.0
"""Seconds for the answer to a whole mail: who hangs up earlier sends it twice (RFC 5321, section
4.5.3.2.6)."""

_QUIT_TIMEOUT = 2.0
"""Seconds for the answer to QUIT."""

_CONNECT_RETRY_DELAY = 10.0
"""Seconds to leave a server alone that does not answer."""

_STAGES = ("MAIL", "RCPT", "DATA")


class SmtpRefusedError(Exception):
    """The server refused a mail: its reply, and to which of MAIL, RCPT, DATA and `.` it was."""

    def __init__(self, reply: SmtpReply, stage: str) -> None:
        super().__init__(f"{stage}: {reply}")
        self.reply = reply
        self.stage = stage


class SmtpDisconnectedError(Exception):
    """The connection broke before the server had the whole mail."""


class SmtpConnection:
    """A connection to a server, closed until `open`; it can be opened again. For one thread at a time."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.sent_count = 0
        """How many mails it took since it was opened."""
        self._smtp: SMTP | None = None

    def __enter__(self) -> Self:
        """Open it."""
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether it was opened, and not closed since by this side."""
        return self._smtp is not None

    @property
    def features(self) -> dict[str, str]:
        """What the server offers, each in lower case with its parameters."""
        return self._smtp.esmtp_features if self._smtp else {}

    # ------------------------------------------------------------ open and close

    def open(self) -> None:
        """Connect, begin TLS, log in. Raises DeliveryError when that may work later, ConfigError when it will
        not."""
        import smtplib

        password = resolve_secret(self.server.password) if self.server.password else ""
        self._disconnect()
        try:
            self._smtp = smtp = self._connect()
            smtp.ehlo_or_helo_if_needed()
            if not (self.server.tls or self.server.is_local):
                self._start_tls(smtp)
            if password:
                self._authenticate(smtp, password)
        except (OSError, smtplib.SMTPException) as error:
            self._disconnect()
            raise self._build_connect_error(error) from None
        except BaseException:
            self._disconnect()
            raise
        self.sent_count = 0

    def _connect(self) -> SMTP:
        import smtplib
        import socket

        place, own = (self.server.host, self.server.port), "localhost"
        smtp: SMTP
        if self.server.tls:
            context = ssl.create_default_context()
            smtp = smtplib.SMTP_SSL(*place, local_hostname=own, timeout=CONNECT_TIMEOUT, context=context)
        else:
            smtp = smtplib.SMTP(*place, local_hostname=own, timeout=CONNECT_TIMEOUT)
        assert smtp.sock is not None
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.sock.settimeout(COMMAND_TIMEOUT)
        # to look for the name of this machine takes seconds where it has none: RFC 5321, section 4.1.4
        own, *_ = smtp.sock.getsockname()
        smtp.local_hostname = f"[IPv6:{own}]" if ":" in own else f"[{own}]"
        return smtp

    def _start_tls(self, smtp: SMTP) -> None:
        if not smtp.has_extn("starttls"):
            raise ConfigError(
                f"{self.server} offers no TLS, so nothing is sent there",
                "with smtps:// it may, on port 465; without, only a server on this machine is spoken to",
            )
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()

    def _authenticate(self, smtp: SMTP, password: str) -> None:
        import smtplib

        try:
            smtp.login(self.server.user, password)
        except smtplib.SMTPNotSupportedError:
            raise ConfigError(
                f"{self.server} lets nobody log in", "leave out `user` and `password`, or look at the port"
            ) from None
        except UnicodeError:  # what it says contains the password
            raise ConfigError(
                "`user` and `password` must be in ASCII", "set another password there"
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            reply = _parse_error_reply(error)
            if reply.code < 500:
                raise
            raise ConfigError(
                f"{self.server} does not let {self.server.user} in: {reply}",
                "look at `user` and at where `password` leads; QQ, 163 and Gmail want a password made for "
                "programs",
            ) from None

    def _build_connect_error(self, error: Exception) -> DeliveryError:
        """What to tell when it does not open."""
        import smtplib

        hint = "look at `server` in publisher.toml and at the network"
        if isinstance(error, smtplib.SMTPResponseException):
            said = str(_parse_error_reply(error))
        elif isinstance(error, ssl.SSLCertVerificationError):
            said = f"its certificate is not good: {error.verify_message}"
            hint = "`server` must be the name that the certificate is made out to"
        elif isinstance(error, TimeoutError):
            said = "it does not answer"
        else:
            said = redact(getattr(error, "strerror", None) or str(error))
        return DeliveryError(f"{self.server} cannot be used: {said}", hint, retry_after=_CONNECT_RETRY_DELAY)

    def close(self) -> None:
        """Say goodbye and hang up. What goes wrong with that is of no importance."""
        with suppress(SmtpDisconnectedError):
            self._write(b"QUIT\r\n", _QUIT_TIMEOUT)
            self._read_reply()
        self._disconnect()

    def _disconnect(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp:
            smtp.close()

    def noop(self) -> SmtpReply:
        """What the server says to NOOP. Raises LostError."""
        self._write(b"NOOP\r\n", COMMAND_TIMEOUT)
        return self._read_reply()

    # ---------------------------------------------------------------- one mail

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Have the server take a mail to one reader; when this returns, it did.

        Raises RefusedError and LostError when it did not, OutcomeUnknownError when nobody knows.
        """
        self._send_envelope(sender, recipient, message)
        # with the last byte not handed over, the server cannot have the whole mail
        self._write(message.replace(b"\r\n.", b"\r\n..") + b".\r\n", COMMAND_TIMEOUT)
        try:
            reply = self._read_reply(DATA_TIMEOUT)
        except SmtpDisconnectedError as error:
            raise OutcomeUnknownError(
                f"the connection to {self.server} broke after the mail to {recipient} was there: {error}",
                "look into that mailbox, or into the log of the server",
            ) from None
        if 200 <= reply.code < 300:
            self.sent_count += 1
        elif 400 <= reply.code < 600:
            raise SmtpRefusedError(reply, ".")
        else:
            self._disconnect()
            raise OutcomeUnknownError(f"{self.server} said to the mail to {recipient}: {reply}")

    def _send_envelope(self, sender: str, recipient: str, message: bytes) -> None:
        """Say from whom and to whom, until the server wants the mail."""
        options = f" SIZE={len(message)}" if "size" in self.features else ""
        if not message.isascii():
            options += " BODY=8BITMIME SMTPUTF8"
        lines = [f"MAIL FROM:<{sender}>{options}\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n"]
        together = len(lines) if "pipelining" in self.features else 1
        refused: SmtpRefusedError | None = None
        reply = SmtpReply(0, b"")
        for at in range(0, len(lines), together):
            self._write("".join(lines[at : at + together]).encode(), COMMAND_TIMEOUT)
            for stage in _STAGES[at : at + together]:
                try:
                    reply = self._read_reply()
                except SmtpDisconnectedError:
                    if refused:
                        raise refused from None
                    raise
                if reply.code >= 400:
                    refused = refused or SmtpRefusedError(reply, stage)
                elif reply.code // 100 != (3 if stage == "DATA" else 2):
                    self._disconnect()
                    raise SmtpDisconnectedError(f"it said {reply} to {stage}")
            if refused:
                self._reset(expects_data=stage == "DATA" and reply.code < 400)
                raise refused

    def _reset(self, *, expects_data: bool) -> None:
        """Begin anew after a refusal, which stands whatever happens now."""
        try:
            if expects_data:  # though it has no reader to give it to: RFC 2920, section 3.1
                self._write(b".\r\n", COMMAND_TIMEOUT)
                self._read_reply()
            self._write(b"RSET\r\n", COMMAND_TIMEOUT)
            if self._read_reply().code != 250:
                self._disconnect()
        except SmtpDisconnectedError:
            pass

    def _write(self, data: bytes, timeout: float) -> None:
        if self._smtp is None or self._smtp.sock is None:
            raise SmtpDisconnectedError("it is closed")
        try:
            self._smtp.sock.settimeout(timeout)
            self._smtp.sock.sendall(data)
        except OSError as error:
            self._disconnect()
            raise SmtpDisconnectedError(error.strerror or str(error)) from None

    def _read_reply(self, timeout: float = 0.0) -> SmtpReply:
        import smtplib

        if self._smtp is None or self._smtp.sock is None:
            raise SmtpDisconnectedError("it is closed")
        try:
            if timeout:
                self._smtp.sock.settimeout(timeout)
            return SmtpReply(*self._smtp.getreply())
        except (OSError, smtplib.SMTPException) as error:
            self._disconnect()
            raise SmtpDisconnectedError(redact(str(error))) from None


def _parse_error_reply(error: object) -> SmtpReply:
    code, text = getattr(error, "smtp_code", -1), getattr(error, "smtp_error", b"")
    return SmtpReply(code, text if isinstance(text, bytes) else str(text).encode())
