"""The email channel: an issue as one mail of plain text.

`render` lays the text out once and wraps it in a message. Without a `server` that is written as a file, which
any mail program opens; with one, every reader gets a copy by SMTP.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from publisher.channel import Context, Finding, Part, Rendering, Session
from publisher.channels.email import settings
from publisher.channels.email.settings import EmailSettings, parse_server
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue


@dataclass(frozen=True, slots=True)
class Email(EmailSettings):
    """A list of readers, with its settings."""

    name: ClassVar[str] = "email"
    limits: ClassVar[Mapping[str, int]] = {"octets": 998}  # in a line: RFC 5322, section 2.1.1
    can_edit: ClassVar[bool] = False
    ordered: ClassVar[bool] = False
    idempotent: ClassVar[bool] = False
    timeout: ClassVar[float] = 1200.0  # a mail may take ten minutes, and then another to wait for its turn

    @property
    def destination(self) -> str:
        """One name for all readers, whatever the sender is called; empty as long as there is no server."""
        return "readers" if self.server else ""

    @property
    def test_recipient(self) -> str:
        """The editor's own address."""
        return self.me

    @property
    def concurrency(self) -> int:
        """How many connections are open at a time: those wanted, if the server takes as many."""
        from publisher.channels.email.rate_limit import find_provider_limits

        found = (
            find_provider_limits(parse_server(self.server, self.user, self.password).host)
            if self.server
            else None
        )
        return min(self.connections, found.connections) if found else self.connections

    def recipients(self) -> Iterator[str]:
        """The readers, each once, by what is the same for all ways to write the address."""
        from publisher.channels.email.recipients import read_recipients

        return (one.key for one in read_recipients(self._recipient_source))

    @property
    def recipients_version(self) -> object:
        """What changes when the list does."""
        from publisher.channels.email.recipients import source_version

        return source_version(self._recipient_source)

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The message of an issue that went through `publishable` and `absolute`, and its text for the eye;
        needs `context.entry`.

        Raises ConfigError when no address can be made of the newsletter's.
        """
        from publisher.channels.email.render import render

        return render(self, issue, context)

    def render_notice(
        self, text: str, first: Sequence[Part], context: Context, when: dt.datetime
    ) -> Rendering:
        """A mail that programs show below that of the issue; they want the same subject for that, too."""
        from publisher.channels.email.render import render_notice_mail

        return render_notice_mail(self, text, first, context, when)

    def session(self) -> AbstractContextManager[Session]:
        """A connection that sends to its destinations, readers or any address; without a server it writes
        files below it."""
        if not self.server:
            return FolderSession()
        from publisher.channels.email.rate_limit import SHARED_RATE_LIMITER
        from publisher.channels.email.session import MailSession
        from publisher.channels.email.smtp import SmtpConnection

        return MailSession(
            SmtpConnection(parse_server(self.server, self.user, self.password)),
            SHARED_RATE_LIMITER,
            self._recipient_source,
            settings.parse_mailbox_setting("from", self.from_).address,
            self.unsubscribe,
            self.unsubscribe_key,
            (self.dkim, self.dkim_key) if self.dkim else None,
        )

    def diagnose(self) -> Iterator[Finding]:
        """Whether it could send, and whether its list can be read. Raises ConfigError when there is no
        server to ask."""
        if not self.server:
            raise ConfigError(
                "there is no server, so the mail is written as a file",
                'name the one that sends your mail: server = "smtp://mail.example.org:587"',
            )
        from publisher.channels.email.doctor import diagnose
        from publisher.channels.email.smtp import SmtpConnection

        connection = SmtpConnection(parse_server(self.server, self.user, self.password))
        return diagnose(connection, self._recipient_source, (self.dkim, self.dkim_key), self.unsubscribe_key)

    @property
    def _recipient_source(self) -> tuple[str, ...] | Path:
        return self.recipients_ or (self.to,)
