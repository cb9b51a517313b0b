"""The email channel: an issue as one plain-text email.

`render` lays the text out once and builds a message from it. Without a `server` the message is written as a
file that any mail program opens; with one, each recipient gets a copy over SMTP.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from publisher.channel import Capabilities, Context, Finding, MessageChannel, Part, RateLimit, Rendering, Session
from publisher.channels.email import settings
from publisher.channels.email.settings import EmailSettings, parse_server
from publisher.errors import ConfigError
from publisher.folder_session import FolderSession
from publisher.labels import get_labels
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.subscription import SubscribeOption

if TYPE_CHECKING:
    from publisher.channels.email.session import MailSession


class Email(EmailSettings, MessageChannel, frozen=True):
    """A plain-text email to each recipient."""

    name: ClassVar[str] = "email"
    capabilities: ClassVar[Capabilities] = Capabilities(
        limits={"octets": 998},  # in a line: RFC 5322, section 2.1.1
        templates=(),
        can_send_notices=True,
        timeout=640.0,  # a server may take 600 seconds to accept a message: DELIVERY_TIMEOUT in smtp.py
    )

    @property
    def destination(self) -> str:
        """The same constant for every list and sender; empty without a server."""
        return "readers" if self.server else ""

    @property
    def is_local(self) -> bool:
        """Whether the mail server is on this machine."""
        return bool(self.server) and parse_server(self.server).is_local

    @property
    def public_addresses(self) -> dict[str, str]:
        """The sender, and the page to unsubscribe; that of [subscribers] is no key of the channel."""
        return {"from": self.from_} | ({} if self._subscribers else {"unsubscribe": self.unsubscribe_url})

    @property
    def sent_settings(self) -> dict[str, str]:
        """The envelope sender, who signs, and what is done when an outcome is unknown."""
        return {"from": self.from_, "dkim": self.dkim, "uncertain": self.uncertain}

    @property
    def test_recipient(self) -> str:
        """The editor's address (`me`), for test sends."""
        return self.me

    @property
    def concurrency(self) -> int:
        """The number of parallel connections: `connections`, capped by the limit of the provider."""
        from publisher.channels.email.rate_limit import find_provider_limits

        limits = find_provider_limits(parse_server(self.server).host) if self.server else None
        return min(self.connections, limits.connections) if limits else self.connections

    @property
    def on_unknown(self) -> str:
        """The setting `uncertain`."""
        return self.uncertain

    @property
    def subscribers_of(self) -> str:
        """The newsletter's id with [subscribers]."""
        return self._subscribers_of

    def recipients(self) -> Iterator[str]:
        """Yield the normalized address of each recipient, without duplicates; none with [subscribers].

        Raises ConfigError when the list cannot be read.
        """
        if self._subscribers:
            return iter(())
        from publisher.channels.email.recipients import read_recipients

        return (recipient.key for recipient in read_recipients(self._recipient_source))

    @property
    def recipients_version(self) -> object:
        """A value that changes when the file with the list does, or is replaced."""
        from publisher.channels.email.recipients import source_version

        return source_version(self._recipient_source)

    @property
    def recipients_changed_at(self) -> dt.datetime | None:
        """The modification time of the file with the list, None for a list in publisher.toml."""
        from publisher.channels.email.recipients import source_changed_at

        return source_changed_at(self._recipient_source)

    def find_lane(self, recipient: str) -> str:
        """Return the provider of the recipient's mailbox; that of the server, if it limits all that is sent."""
        from publisher.channels.email.rate_limit import find_lane

        return find_lane(parse_server(self.server, self.user, self.password).host, recipient)

    @property
    def rate_limits(self) -> Mapping[str, RateLimit]:
        """The limits of the providers that are known to have one."""
        from publisher.channels.email.rate_limit import build_rate_limits

        return build_rate_limits()

    def build_subscribe_option(self, newsletter: Newsletter) -> SubscribeOption | None:
        """Return the form of [subscribers], or the address of the editor; None if no email is sent."""
        if not self.active_destination:
            return None
        labels = get_labels(newsletter.lang)
        if self._subscribers:
            form = f"{self._subscribers.base}/subscribe"
            return SubscribeOption(labels["email"], labels["subscribe_mail"], form=form)
        _, reply_to = settings.resolve_sender(self, newsletter)
        url = f"mailto:{quote(reply_to.address, safe='@')}?subject={quote(labels['subscribe'])}"
        return SubscribeOption(labels["email"], labels["subscribe_mailto"], reply_to.address, url)

    def render(self, issue: Issue, context: Context) -> Rendering:
        """Render the message, and its text as a preview.

        The issue has passed `publishable` and `absolute`. Needs `context.entry`. Raises ConfigError when the
        newsletter's address cannot be used as sender.
        """
        from publisher.channels.email.render import render

        return render(self, issue, context)

    def render_notice(self, text: str, first: Sequence[Part], context: Context) -> Rendering:
        """Render a reply to the email of the issue.

        It repeats the subject, because mail programs need that as well to show both in one thread.
        """
        from publisher.channels.email.render import render_notice_mail

        return render_notice_mail(self, text, first, context)

    def session(self) -> Session:
        """Return a session that sends to any email address; without a server, one that writes files."""
        return self._build_session() if self.server else FolderSession()

    def _build_session(self) -> MailSession:
        from publisher.channels.email.session import MailSession
        from publisher.channels.email.smtp import SmtpConnection

        return MailSession(
            SmtpConnection(parse_server(self.server, self.user, self.password)),
            self._recipient_source,
            settings.parse_mailbox_setting("from", self.from_).address,
            self.unsubscribe_url,
            self.unsubscribe_key,
            (self.dkim, self.dkim_key) if self.dkim else None,
            self._subscribers,
            self._subscribers_of,
        )

    def send_confirmation(
        self, newsletter: Newsletter, address: str, confirm_url: str, refuse_url: str, now: dt.datetime
    ) -> None:
        """Ask an address now, over a connection of its own, whether it wants the newsletter: once, without a retry.

        The arguments are those of `render_confirmation`. Raises ConfigError without a server; DeliveryError when
        nothing was sent, OutcomeUnknownError when it may have been sent.
        """
        if not self.active_destination:
            raise ConfigError(
                "no confirmation can be sent: [channels.email] sends nothing",
                'set the SMTP server: server = "smtp://mail.example.org:587"',
            )
        from publisher.channels.email.confirmation import render_confirmation

        mail = render_confirmation(self, newsletter, address, confirm_url, refuse_url, now)
        with self._build_session() as session:
            session.send_mail(address, mail)

    def diagnose(self) -> Iterator[Finding]:
        """Check the recipients, the keys and the server. Raises ConfigError when no server is configured."""
        if not self.server:
            raise ConfigError(
                "no server is configured, so the email is written as a file",
                'to send it, set the SMTP server: server = "smtp://mail.example.org:587"',
            )
        from publisher.channels.email.doctor import diagnose
        from publisher.channels.email.smtp import SmtpConnection

        return diagnose(
            SmtpConnection(parse_server(self.server, self.user, self.password)),
            None if self._subscribers else self._recipient_source,
            (self.dkim, self.dkim_key),
            self.unsubscribe_key,
            settings.parse_mailbox_setting("from", self.from_).domain.lower(),
            self.recipients(),
        )

    @property
    def _recipient_source(self) -> tuple[str, ...] | Path:
        if self._subscribers:
            return ()
        if isinstance(self.recipients_, str):
            return Path(self._root, self.recipients_)
        return self.recipients_ or (self.to,)
