"""A connection to a mail server. smtplib opens it; the commands for each message are sent here.

smtplib's `sendmail` raises the same error whether the connection broke before or after the message was
complete, and does not pipeline commands (RFC 2920). Everything ends at a deadline, however slowly a server answers.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self

from publisher.channels.email.replies import SmtpReply
from publisher.channels.email.settings import SmtpServer
from publisher.credentials import resolve_secret
from publisher.deadline import Deadline
from publisher.errors import ConfigError, DeliveryError, OutcomeUnknownError, RefusalKind
from publisher.redaction import redact, register_secret

if TYPE_CHECKING:
    from publisher.channels.email.smtp_protocol import SmtpClient

DELIVERY_TIMEOUT = 630.0
"""Seconds for one message in all, from a new connection, if it needs one, to the reply to the complete message."""

CONNECT_TIMEOUT = 60.0
"""Seconds for connecting, TLS and login together."""

SEND_TIMEOUT = 120.0
"""Seconds for all that comes before the reply to a complete message; a server that slows senders down needs them."""

DATA_TIMEOUT = 600.0
"""Seconds for the reply to a complete message; a shorter timeout causes duplicates (RFC 5321, 4.5.3.2.6)."""

_NOOP_TIMEOUT, _QUIT_TIMEOUT = 60.0, 2.0
"""Seconds for NOOP, and for QUIT, with the reply."""

_CONNECT_RETRY_DELAY = 10.0
"""Seconds until the next attempt when the server cannot be reached."""

_STAGES = ("MAIL", "RCPT", "DATA")


class SmtpRefusedError(Exception):
    """The server refused a message; `stage` is the command it replied to: MAIL, RCPT, DATA or "."."""

    def __init__(self, reply: SmtpReply, stage: str) -> None:
        super().__init__(f"{stage}: {reply}")
        self.reply = reply
        self.stage = stage


class SmtpDisconnectedError(Exception):
    """The connection broke before the server had the whole message."""


class SmtpConnection:
    """A connection to a server, for one thread at a time. It is closed until `open`, and can be reopened."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.sent_count = 0
        """The number of messages the server accepted since the connection was opened."""
        self._smtp: SmtpClient | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether it was opened and not closed by this side; the server may have closed it."""
        return self._smtp is not None

    @property
    def features(self) -> dict[str, str]:
        """The extensions of the server: name in lower case → parameters."""
        return self._smtp.esmtp_features if self._smtp else {}

    @property
    def host_name(self) -> str:
        """What the server calls itself (RFC 5321, section 4.1.1.1); "" while the connection is closed."""
        answer = (self._smtp.ehlo_resp if self._smtp else None) or b""
        return answer.split(maxsplit=1)[0].decode("ascii", "replace").lower() if answer.strip() else ""

    # ------------------------------------------------------------ open and close

    def open(self, deadline: Deadline | None = None) -> None:
        """Connect, start TLS, log in, until the deadline at the latest.

        Raises DeliveryError when it may work later, ConfigError when the settings must change.
        """
        import smtplib

        password = resolve_secret(self.server.password) if self.server.password else ""
        self._disconnect()
        try:
            until = deadline.within(CONNECT_TIMEOUT) if deadline else Deadline(CONNECT_TIMEOUT)
            self._smtp = smtp = self._connect(until)
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

    def _connect(self, deadline: Deadline) -> SmtpClient:
        import socket

        from publisher.channels.email.smtp_protocol import SmtpClient

        context = ssl.create_default_context() if self.server.tls else None
        smtp = SmtpClient(self.server.host, self.server.port, deadline, context)
        assert smtp.sock is not None
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # EHLO gets the IP address (RFC 5321, section 4.1.4): looking up a missing host name takes seconds
        local_name, *_ = smtp.sock.getsockname()
        smtp.local_hostname = f"[IPv6:{local_name}]" if ":" in local_name else f"[{local_name}]"
        return smtp

    def _start_tls(self, smtp: SmtpClient) -> None:
        if not smtp.has_extn("starttls"):
            raise ConfigError(
                f"{self.server} does not offer TLS (STARTTLS)",
                "try smtps:// and port 465; without TLS only a server on this machine is allowed",
            )
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()

    def _authenticate(self, smtp: SmtpClient, password: str) -> None:
        import smtplib

        _register_login(self.server.user, password)
        # smtplib has no hook that tells the answer to a challenge, which must be redacted, too
        smtp.auth_cram_md5 = partial(_answer_challenge, smtp.auth_cram_md5)  # type: ignore[assignment, method-assign]
        try:
            smtp.login(self.server.user, password)
        except smtplib.SMTPNotSupportedError:
            raise ConfigError(
                f"{self.server} does not support login", "remove `user` and `password`, or check the port"
            ) from None
        except UnicodeError:  # not shown: the error text contains the password
            raise ConfigError(
                "`user` and `password` must be ASCII", "choose an ASCII password at your mail provider"
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            reply = _parse_error_reply(error)
            if reply.code < 500:
                raise
            raise ConfigError(
                f"{self.server} refused the login of {self.server.user}: {reply}",
                "check `user` and the source of `password`; QQ, 163 and Gmail require an app password",
            ) from None

    def _build_connect_error(self, error: Exception) -> DeliveryError:
        import smtplib

        hint = "check `server` in publisher.toml and the network"
        if isinstance(error, smtplib.SMTPResponseException):
            reason = str(_parse_error_reply(error))
        elif isinstance(error, ssl.SSLCertVerificationError):
            reason = f"invalid certificate: {error.verify_message}"
            hint = "`server` must have a host name that the certificate is valid for"
        else:
            reason = _describe_failure(error)
        return DeliveryError(
            f"cannot connect to {self.server}: {reason}", hint, retry_after=_CONNECT_RETRY_DELAY, kind=RefusalKind.LATER
        )

    def close(self) -> None:
        """Send QUIT and close the connection. Errors are ignored, and so is a server that does not answer."""
        with suppress(SmtpDisconnectedError):
            self._set_deadline(Deadline(_QUIT_TIMEOUT))
            self._write(b"QUIT\r\n")
            self._read_reply()
        self._disconnect()

    def _disconnect(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp:
            smtp.close()

    def noop(self) -> SmtpReply:
        """Return the reply to NOOP. Raises SmtpDisconnectedError."""
        self._set_deadline(Deadline(_NOOP_TIMEOUT))
        self._write(b"NOOP\r\n")
        return self._read_reply()

    # ---------------------------------------------------------------- one message

    def send(self, sender: str, recipient: str, message: bytes, deadline: Deadline | None = None) -> None:
        """Send a message to one recipient, until the deadline at the latest; when this returns, the server has
        accepted it.

        Raises SmtpRefusedError or SmtpDisconnectedError when it was not sent, OutcomeUnknownError when it may
        have been sent.
        """
        deadline = deadline or Deadline(DELIVERY_TIMEOUT)
        self._set_deadline(deadline.within(SEND_TIMEOUT))
        self._send_envelope(sender, recipient, message)
        # if this write fails, the last byte is missing, so the server cannot have accepted the message
        self._write(_stuff_dots(message) + b".\r\n")
        try:
            self._set_deadline(deadline.within(DATA_TIMEOUT))
            reply = self._read_reply()
        except SmtpDisconnectedError as error:
            raise OutcomeUnknownError(
                f"the connection to {self.server} broke after the email to {recipient} was sent: {error}",
                "check that mailbox or the server's log",
            ) from None
        if 200 <= reply.code < 300:
            self.sent_count += 1
        elif 400 <= reply.code < 600:
            raise SmtpRefusedError(reply, ".")
        else:
            self._disconnect()
            raise OutcomeUnknownError(f"{self.server} sent an unexpected reply to the email to {recipient}: {reply}")

    def _send_envelope(self, sender: str, recipient: str, message: bytes) -> None:
        """Send MAIL, RCPT and DATA, in one write if the server supports pipelining."""
        options = f" SIZE={len(message)}" if "size" in self.features else ""
        if not message.isascii():
            options += " BODY=8BITMIME SMTPUTF8"
        commands = [f"MAIL FROM:<{sender}>{options}\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n"]
        batch_size = len(commands) if "pipelining" in self.features else 1
        refusal: SmtpRefusedError | None = None
        accepted: set[str] = set()
        for start in range(0, len(commands), batch_size):
            self._write("".join(commands[start : start + batch_size]).encode())
            for stage in _STAGES[start : start + batch_size]:
                try:
                    reply = self._read_reply()
                except SmtpDisconnectedError:
                    if refusal:
                        raise refusal from None
                    raise
                if reply.code >= 400:
                    refusal = refusal or SmtpRefusedError(reply, stage)
                elif reply.code // 100 != (3 if stage == "DATA" else 2):
                    self._disconnect()
                    raise SmtpDisconnectedError(f"unexpected reply to {stage}: {reply}")
                else:
                    accepted.add(stage)
            if refusal:
                self._reset(accepted)
                raise refusal

    def _reset(self, accepted: Collection[str]) -> None:
        """Reset the transaction after a refusal; a failure here does not change the outcome.

        `accepted` are the commands that the server accepted. It may accept DATA although it refused another one
        (RFC 2920, 3.1), and then it expects a message. Without a recipient that is ended at once; with one, the
        recipient would get an empty email, which the end of the connection prevents.
        """
        if {"RCPT", "DATA"} <= set(accepted):
            self._disconnect()
            return
        try:
            if "DATA" in accepted:
                self._write(b".\r\n")
                self._read_reply()
            self._write(b"RSET\r\n")
            if self._read_reply().code != 250:
                self._disconnect()
        except SmtpDisconnectedError:
            pass

    def _set_deadline(self, deadline: Deadline) -> None:
        if self._smtp:
            self._smtp.deadline = deadline

    def _write(self, data: bytes) -> None:
        import smtplib

        if self._smtp is None:
            raise SmtpDisconnectedError("the connection is closed")
        try:
            self._smtp.send(data)
        except (OSError, smtplib.SMTPException) as error:
            self._disconnect()
            raise SmtpDisconnectedError(_describe_failure(error)) from None

    def _read_reply(self) -> SmtpReply:
        import smtplib

        if self._smtp is None:
            raise SmtpDisconnectedError("the connection is closed")
        try:
            return SmtpReply(*self._smtp.getreply())
        except (OSError, smtplib.SMTPException) as error:
            self._disconnect()
            raise SmtpDisconnectedError(_describe_failure(error)) from None


def _stuff_dots(message: bytes) -> bytes:
    """Return a message with another dot before each line that begins with one (RFC 5321, section 4.5.2).

    Only what has dots is searched: base64, most of a message, has none, and ends it.
    """
    end = message.rfind(b".") + 1
    return message[:end].replace(b"\r\n.", b"\r\n..") + message[end:]


def _describe_failure(error: Exception) -> str:
    """Describe an error without secrets."""
    if isinstance(error, TimeoutError):
        return "no answer within the time limit"
    return redact(getattr(error, "strerror", None) or str(error))


def _register_login(user: str, password: str) -> None:
    """Have the login redacted as it is sent, because some servers repeat it: for PLAIN both together, for LOGIN
    one after the other (the password is known already)."""
    from base64 import b64encode

    register_secret(f"\0{user}\0{password}")
    register_secret(b64encode(user.encode("utf-8", "replace")).decode())


def _answer_challenge(answer: Callable[[bytes | None], str | None], challenge: bytes | None = None) -> str | None:
    """Return the answer of CRAM-MD5 to a challenge, which would give away a weak password."""
    response = answer(challenge)
    if response:
        register_secret(response)
    return response


def _parse_error_reply(error: object) -> SmtpReply:
    code, text = getattr(error, "smtp_code", -1), getattr(error, "smtp_error", b"")
    return SmtpReply(code, text if isinstance(text, bytes) else str(text).encode())
