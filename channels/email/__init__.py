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
from urllib.parse import urlsplit

from publisher.channel import Context, Entry, Finding, Part, Rendering, Session
from publisher.channels.email import layout, notice, settings
from publisher.channels.email.headers import Mailbox, header, mailbox, mailto
from publisher.channels.email.message import Answer, message
from publisher.channels.email.server import server
from publisher.channels.email.sheet import flowed, hard
from publisher.credentials import Reference
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue, Publication

_WRAPS = ("flowed", "hard", "none")
_WIDTHS = range(40, 77)  # a flowed line has two more and must not have over 78 (RFC 3676, section 4.2)
_ROOM = "72 leaves room for the marks of two replies in a window of 80"
_POLICIES = ("ask", "resend", "skip")
_CONNECTIONS = range(1, 101)


@dataclass(frozen=True, slots=True)
class Email:
    """`from_` is who sends and `to` who gets the mail, as `address` or `Name <address>`; left out, the
    newsletter's own address does for both.

    Lines are `width` columns wide. `wrap` says who breaks them: "flowed" lets readers join them again and
    break them anew, "hard" does not, "none" leaves it to readers alone.

    `server` takes the mails, like smtp://mail.example.org:587; `user` logs in there, with the password that
    `password` leads to. `recipients` are the readers, or the file with their addresses, and `me` is the
    editor's own address, for proofs. `connections` are open at a time. `uncertain` says what to do when
    nobody knows whether somebody got the mail: "ask" the editor, "resend" it once, "skip" them.

    `unsubscribe` is the address of a page by which readers leave; {address} and {token} in it become
    theirs, and `unsubscribe_key` leads to what tokens are made with. `dkim` is where in the DNS the public
    key is that mails are signed for, and `dkim_key` leads to the private one.
    """

    name: ClassVar[str] = "email"
    limits: ClassVar[Mapping[str, int]] = {"octets": 998}  # in a line: RFC 5322, section 2.1.1
    updates: ClassVar[bool] = False
    ordered: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False
    patience: ClassVar[float] = 1200.0  # a mail may take ten minutes, and then another to wait for its turn

    from_: str = ""
    to: str = ""
    width: int = 72
    wrap: str = "flowed"
    server: str = ""
    user: str = ""
    password: Reference = ""
    recipients_: tuple[str, ...] | Path = ()
    connections: int = 10
    uncertain: str = "ask"
    me: str = ""
    unsubscribe: str = ""
    unsubscribe_key: Reference = ""
    dkim: str = ""
    dkim_key: Reference = ""

    def __post_init__(self) -> None:
        for key, value in (("from", self.from_), ("to", self.to), ("me", self.me)):
            if value:
                settings.sender(key, value)
        settings.between("width", self.width, _WIDTHS, "columns", _ROOM)
        settings.between("connections", self.connections, _CONNECTIONS, "at a time", "most servers take 10")
        settings.one_of("wrap", self.wrap, _WRAPS, '"flowed" suits most readers: wrap = "flowed"')
        settings.one_of("uncertain", self.uncertain, _POLICIES, 'without it, it is uncertain = "ask"')
        if self.server:
            server(self.server, self.user, self.password)
            settings.readers(self.from_, self.to, self.recipients_)
        else:
            for key in ("user", "password", "recipients", "me", "dkim"):
                settings.needs("server", key, getattr(self, "recipients_" if key == "recipients" else key))
        if self.unsubscribe:
            settings.page(self.unsubscribe, self.unsubscribe_key, sends=bool(self.server))
        else:
            settings.needs("unsubscribe", "unsubscribe_key", self.unsubscribe_key)
        if self.dkim:
            settings.signing(self.dkim, self.dkim_key, self.from_)
        else:
            settings.needs("dkim", "dkim_key", self.dkim_key)

    @property
    def destination(self) -> str:
        """One name for all readers, whatever the sender is called; empty as long as there is no server."""
        return "readers" if self.server else ""

    @property
    def own(self) -> str:
        """The editor's own address."""
        return self.me

    @property
    def window(self) -> int:
        """How many connections are open at a time: those wanted, if the server takes as many."""
        from publisher.channels.email.pace import limits

        found = limits(server(self.server, self.user, self.password).host) if self.server else None
        return min(self.connections, found.connections) if found else self.connections

    def recipients(self) -> Iterator[str]:
        """The readers, each once, by what is the same for all ways to write the address."""
        from publisher.channels.email.roster import readers

        return (one.key for one in readers(self._source))

    @property
    def recipients_state(self) -> object:
        """What changes when the list does."""
        from publisher.channels.email.roster import state

        return state(self._source)

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The message of an issue that went through `publishable` and `absolute`, and its text for the eye;
        needs `context.entry`.

        Raises ConfigError when no address can be made of the newsletter's.
        """
        entry, publication = context.entry, context.publication
        if entry is None:
            raise ValueError("a mail needs the issue's entry in the archive")
        lines = layout.lines(
            issue, entry, publication, self.width, broken=self.wrap != "none", leave=self.unsubscribe
        )
        wire = self._wire(lines, entry, publication)
        folder = f"outbox/{entry.date.isoformat()}/email"
        parts = [Part(f"{folder}/message.eml", "message/rfc822", wire)]
        text = "\n".join([*hard(lines), ""]).encode()
        seen = [Part(f"{folder}/message.txt", "text/plain; charset=utf-8", text)]
        if not self.server:
            parts, seen = parts + seen, []
        count = sum(1 for _ in issue.items)
        octets = max(map(len, wire.partition(b"\r\n\r\n")[0].split(b"\r\n")))  # lines of base64 have 76
        report = {"items": count, "lines": len(lines), "bytes": len(wire), "octets": octets}
        return Rendering(tuple(parts), report=report, previews=tuple(seen))

    def follow_up(self, text: str, first: Sequence[Part], context: Context, when: dt.datetime) -> Rendering:
        """A mail that programs show below that of the issue; they want the same subject for that, too."""
        entry, publication = context.entry, context.publication
        if entry is None:
            raise ValueError("a notice needs the issue's entry in the archive")
        answer = Answer.below(first[0].body, when, text)
        lines = notice.lines(
            text, entry, publication, self.width, broken=self.wrap != "none", leave=self.unsubscribe
        )
        key = f"outbox/{entry.date.isoformat()}/email/notice-{answer.name[:12]}.eml"
        return Rendering((Part(key, "message/rfc822", self._wire(lines, entry, publication, answer)),))

    def session(self) -> AbstractContextManager[Session]:
        """A connection that sends to its destinations, readers or any address; without a server it writes
        files below it."""
        if not self.server:
            return FolderSession()
        from publisher.channels.email.connection import Connection
        from publisher.channels.email.pace import PACE
        from publisher.channels.email.session import MailSession

        return MailSession(
            Connection(server(self.server, self.user, self.password)),
            PACE,
            self._source,
            settings.sender("from", self.from_).address,
            self.unsubscribe,
            self.unsubscribe_key,
            (self.dkim, self.dkim_key) if self.dkim else None,
        )

    def examine(self) -> Iterator[Finding]:
        """Whether it could send, and whether its list can be read. Raises ConfigError when there is no
        server to ask."""
        if not self.server:
            raise ConfigError(
                "there is no server, so the mail is written as a file",
                'name the one that sends your mail: server = "smtp://mail.example.org:587"',
            )
        from publisher.channels.email.connection import Connection
        from publisher.channels.email.examination import examine

        connection = Connection(server(self.server, self.user, self.password))
        return examine(connection, self._source, (self.dkim, self.dkim_key), self.unsubscribe_key)

    @property
    def _source(self) -> tuple[str, ...] | Path:
        return self.recipients_ or (self.to,)

    def _wire(
        self, lines: Sequence[str], entry: Entry, publication: Publication, answer: Answer | None = None
    ) -> bytes:
        """A mail with the lines of a sheet, to whom it goes when it goes to one address."""
        sender, reply_to = self._sender(publication)
        is_flowed = self.wrap == "flowed"
        text = "\r\n".join([*(flowed(lines) if is_flowed else hard(lines)), ""])
        mail = message(text, sender, reply_to, entry, publication, flowed=is_flowed, answer=answer)
        to = settings.sender("to", self.to) if self.to else sender
        return mail.to(to, self._leaving(reply_to))

    def _leaving(self, reply_to: Mailbox) -> bytes:
        """The header lines by which a reader leaves the list: RFC 2369, section 3.2, and RFC 8058."""
        ways = [mailto(reply_to.address, "unsubscribe")]
        if self.unsubscribe:
            ways.insert(0, f"<{self.unsubscribe}>,")
        leave = header("List-Unsubscribe", *ways)
        if "{token}" in self.unsubscribe:  # else whoever guesses the address could do it
            leave += header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        return leave

    def _sender(self, publication: Publication) -> tuple[Mailbox, Mailbox]:
        """Who sends, and who reads the answers."""
        own = publication.email or f"newsletter@{urlsplit(publication.base).hostname}"
        reader = mailbox(own)
        sender = settings.sender("from", self.from_) if self.from_ else reader
        if sender is None:
            raise ConfigError(
                f"{own} is not an address that every mail server takes",
                'write one in ASCII below [channels.email]: from = "editor@example.org"',
            )
        named = sender if sender.name else sender._replace(name=publication.name)
        return named, reader if reader and publication.email else sender
