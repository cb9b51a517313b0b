"""The email channel: an issue as one mail of plain text.

`render` lays the text out once and wraps it in a message; delivering it over SMTP is not built yet, so the
message is written as a file that any mail program opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar
from urllib.parse import urlsplit

from publisher.channel import Context, Part, Rendering, Session
from publisher.channels.email import layout
from publisher.channels.email.headers import Mailbox, header, mailbox, mailto
from publisher.channels.email.message import message
from publisher.channels.email.sheet import flowed, hard
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue, Publication

_WRAPS = ("flowed", "hard", "none")
_WIDTHS = range(40, 77)  # a flowed line has two more and must not have over 78 (RFC 3676, section 4.2)


@dataclass(frozen=True, slots=True)
class Email:
    """`from_` is who sends and `to` who gets the mail, as `address` or `Name <address>`; left out, the
    newsletter's own address does for both.

    Lines are `width` columns wide. `wrap` says who breaks them: "flowed" lets readers join them again and
    break them anew, "hard" does not, "none" leaves it to readers alone.
    """

    name: ClassVar[str] = "email"
    limits: ClassVar[Mapping[str, int]] = {"octets": 998}  # in a line: RFC 5322, section 2.1.1

    from_: str = ""
    to: str = ""
    width: int = 72
    wrap: str = "flowed"

    def __post_init__(self) -> None:
        for key, value in (("from", self.from_), ("to", self.to)):
            if value:
                _mailbox(key, value)
        if self.width not in _WIDTHS:
            raise ConfigError(
                f"width must be {_WIDTHS[0]} to {_WIDTHS[-1]} columns, not {self.width}",
                "72 leaves room for the marks of two replies in a window of 80",
            )
        if self.wrap not in _WRAPS:
            raise ConfigError(
                f'wrap must be one of {", ".join(_WRAPS)}, not "{self.wrap}"',
                '"flowed" suits most readers: wrap = "flowed"',
            )

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The message of an issue that went through `publishable` and `absolute`, and its text for the eye;
        needs `context.entry`.

        Raises ConfigError when no address can be made of the newsletter's.
        """
        entry, publication = context.entry, context.publication
        if entry is None:
            raise ValueError("a mail needs the issue's entry in the archive")
        sender, reply_to = self._sender(publication)
        lines = layout.lines(issue, entry, publication, self.width, broken=self.wrap != "none")
        shown = hard(lines)
        text = "\r\n".join([*(flowed(lines) if self.wrap == "flowed" else shown), ""])
        mail = message(text, sender, reply_to, entry, publication, flowed=self.wrap == "flowed")
        leave = header("List-Unsubscribe", mailto(reply_to.address, "unsubscribe"))
        wire = mail.to(_mailbox("to", self.to) if self.to else sender, leave)
        folder = f"outbox/{entry.date.isoformat()}/email"
        parts = (
            Part(f"{folder}/message.eml", "message/rfc822", wire),
            Part(f"{folder}/message.txt", "text/plain; charset=utf-8", "\n".join([*shown, ""]).encode()),
        )
        count = sum(1 for _ in issue.items)
        octets = max(map(len, wire.partition(b"\r\n\r\n")[0].split(b"\r\n")))  # lines of base64 have 76
        report = {"items": count, "lines": len(lines), "bytes": len(wire), "octets": octets}
        return Rendering(parts, report=report)

    def session(self) -> AbstractContextManager[Session]:
        """A connection that writes files below its destination."""
        return FolderSession()

    def _sender(self, publication: Publication) -> tuple[Mailbox, Mailbox]:
        """Who sends, and who reads the answers."""
        own = publication.email or f"newsletter@{urlsplit(publication.base).hostname}"
        reader = mailbox(own)
        sender = _mailbox("from", self.from_) if self.from_ else reader
        if sender is None:
            raise ConfigError(
                f"{own} is not an address that every mail server takes",
                'write one in ASCII below [channels.email]: from = "editor@example.org"',
            )
        named = sender if sender.name else sender._replace(name=publication.name)
        return named, reader if reader and publication.email else sender


def _mailbox(key: str, value: str) -> Mailbox:
    found = mailbox(value)
    if found is None:
        raise ConfigError(
            f'{key} must be one mail address in ASCII, not "{value}"',
            f'like {key} = "editor@example.org" or "Name <editor@example.org>"; a host of other letters has '
            "an ASCII form that begins with xn--",
        )
    return found
