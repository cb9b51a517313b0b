"""A connection to a mail server: smtplib opens it, and the few words for each mail are spoken here, in one
write where the server lets them come together (RFC 2920).

smtplib's own `sendmail` says the same for a connection that broke before a mail was complete and after.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from publisher.channels.email.replies import Reply
from publisher.channels.email.settings import Server
from publisher.credentials import redact, resolve
from publisher.errors import ConfigError, DeliveryError, OutcomeUnknownError

if TYPE_CHECKING:
    from smtplib import SMTP

CONNECT, COMMAND = 30.0, 60.0
"""Seconds for a connection, and for the answer to a command."""

ANSWER = 600.0
"""Seconds for the answer to a whole mail: who hangs up earlier sends it twice (RFC 5321, section
4.5.3.2.6)."""

_GOODBYE = 2.0
"""Seconds for the answer to QUIT."""

_AWAY = 10.0
"""Seconds to leave a server alone that does not answer."""

_STAGES = ("MAIL", "RCPT", "DATA")


class RefusedError(Exception):
    """The server refused a mail: its reply, and to which of MAIL, RCPT, DATA and `.` it was."""

    def __init__(self, reply: Reply, stage: str) -> None:
        super().__init__(f"{stage}: {reply}")
        self.reply = reply
        self.stage = stage


class LostError(Exception):
    """The connection broke before the server had the whole mail."""


class Connection:
    """A connection to a server, closed until `open`; it can be opened again. For one thread at a time."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sent = 0
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

        password = resolve(self.server.password) if self.server.password else ""
        self._hang_up()
        try:
            self._smtp = smtp = self._connect()
            smtp.ehlo_or_helo_if_needed()
            if not (self.server.tls or self.server.is_here):
                self._begin_tls(smtp)
            if password:
                self._log_in(smtp, password)
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise self._failure(error) from None
        except BaseException:
            self._hang_up()
            raise
        self.sent = 0

    def _connect(self) -> SMTP:
        import smtplib
        import socket

        place, own = (self.server.host, self.server.port), "localhost"
        smtp: SMTP
        if self.server.tls:
            context = ssl.create_default_context()
            smtp = smtplib.SMTP_SSL(*place, local_hostname=own, timeout=CONNECT, context=context)
        else:
            smtp = smtplib.SMTP(*place, local_hostname=own, timeout=CONNECT)
        assert smtp.sock is not None
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.sock.settimeout(COMMAND)
        # to look for the name of this machine takes seconds where it has none: RFC 5321, section 4.1.4
        own, *_ = smtp.sock.getsockname()
        smtp.local_hostname = f"[IPv6:{own}]" if ":" in own else f"[{own}]"
        return smtp

    def _begin_tls(self, smtp: SMTP) -> None:
        if not smtp.has_extn("starttls"):
            raise ConfigError(
                f"{self.server} offers no TLS, so nothing is sent there",
                "with smtps:// it may, on port 465; without, only a server on this machine is spoken to",
            )
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()

    def _log_in(self, smtp: SMTP, password: str) -> None:
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
            reply = _reply_of(error)
            if reply.code < 500:
                raise
            raise ConfigError(
                f"{self.server} does not let {self.server.user} in: {reply}",
                "look at `user` and at where `password` leads; QQ, 163 and Gmail want a password made for "
                "programs",
            ) from None

    def _failure(self, error: Exception) -> DeliveryError:
        """What to tell when it does not open."""
        import smtplib

        hint = "look at `server` in publisher.toml and at the network"
        if isinstance(error, smtplib.SMTPResponseException):
            said = str(_reply_of(error))
        elif isinstance(error, ssl.SSLCertVerificationError):
            said = f"its certificate is not good: {error.verify_message}"
            hint = "`server` must be the name that the certificate is made out to"
        elif isinstance(error, TimeoutError):
            said = "it does not answer"
        else:
            said = redact(getattr(error, "strerror", None) or str(error))
        return DeliveryError(f"{self.server} cannot be used: {said}", hint, retry_after=_AWAY)

    def close(self) -> None:
        """Say goodbye and hang up. What goes wrong with that is of no importance."""
        with suppress(LostError):
            self._write(b"QUIT\r\n", _GOODBYE)
            self._reply()
        self._hang_up()

    def _hang_up(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp:
            smtp.close()

    def ask(self) -> Reply:
        """What the server says to NOOP. Raises LostError."""
        self._write(b"NOOP\r\n", COMMAND)
        return self._reply()

    # ---------------------------------------------------------------- one mail

    def send(self, sender: str, reader: str, mail: bytes) -> None:
        """Have the server take a mail to one reader; when this returns, it did.

        Raises RefusedError and LostError when it did not, OutcomeUnknownError when nobody knows.
        """
        self._address(sender, reader, mail)
        # with the last byte not handed over, the server cannot have the whole mail
        self._write(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n", COMMAND)
        try:
            reply = self._reply(ANSWER)
        except LostError as error:
            raise OutcomeUnknownError(
                f"the connection to {self.server} broke after the mail to {reader} was there: {error}",
                "look into that mailbox, or into the log of the server",
            ) from None
        if 200 <= reply.code < 300:
            self.sent += 1
        elif 400 <= reply.code < 600:
            raise RefusedError(reply, ".")
        else:
            self._hang_up()
            raise OutcomeUnknownError(f"{self.server} said to the mail to {reader}: {reply}")

    def _address(self, sender: str, reader: str, mail: bytes) -> None:
        """Say from whom and to whom, until the server wants the mail."""
        options = f" SIZE={len(mail)}" if "size" in self.features else ""
        if not mail.isascii():
            options += " BODY=8BITMIME SMTPUTF8"
        lines = [f"MAIL FROM:<{sender}>{options}\r\n", f"RCPT TO:<{reader}>\r\n", "DATA\r\n"]
        together = len(lines) if "pipelining" in self.features else 1
        refused: RefusedError | None = None
        reply = Reply(0, b"")
        for at in range(0, len(lines), together):
            self._write("".join(lines[at : at + together]).encode(), COMMAND)
            for stage in _STAGES[at : at + together]:
                try:
                    reply = self._reply()
                except LostError:
                    if refused:
                        raise refused from None
                    raise
                if reply.code >= 400:
                    refused = refused or RefusedError(reply, stage)
                elif reply.code // 100 != (3 if stage == "DATA" else 2):
                    self._hang_up()
                    raise LostError(f"it said {reply} to {stage}")
            if refused:
                self._forget(wants_mail=stage == "DATA" and reply.code < 400)
                raise refused

    def _forget(self, *, wants_mail: bool) -> None:
        """Begin anew after a refusal, which stands whatever happens now."""
        try:
            if wants_mail:  # though it has no reader to give it to: RFC 2920, section 3.1
                self._write(b".\r\n", COMMAND)
                self._reply()
            self._write(b"RSET\r\n", COMMAND)
            if self._reply().code != 250:
                self._hang_up()
        except LostError:
            pass

    def _write(self, octets: bytes, seconds: float) -> None:
        if self._smtp is None or self._smtp.sock is None:
            raise LostError("it is closed")
        try:
            self._smtp.sock.settimeout(seconds)
            self._smtp.sock.sendall(octets)
        except OSError as error:
            self._hang_up()
            raise LostError(error.strerror or str(error)) from None

    def _reply(self, seconds: float = 0.0) -> Reply:
        import smtplib

        if self._smtp is None or self._smtp.sock is None:
            raise LostError("it is closed")
        try:
            if seconds:
                self._smtp.sock.settimeout(seconds)
            return Reply(*self._smtp.getreply())
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise LostError(redact(str(error))) from None


def _reply_of(error: object) -> Reply:
    code, text = getattr(error, "smtp_code", -1), getattr(error, "smtp_error", b"")
    return Reply(code, text if isinstance(text, bytes) else str(text).encode())
