"""From an issue, or from what there is to say about it, to its mail, as the settings of the channel want."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from publisher.channel import Context, Entry, Part, Rendering
from publisher.channels.email import layout
from publisher.channels.email.headers import Mailbox, header, mailbox, mailto, tidy
from publisher.channels.email.layout import write_place, write_signature
from publisher.channels.email.message import Answer, message
from publisher.channels.email.settings import sender as parse_sender
from publisher.channels.email.wrapping import Sheet, flowed, hard
from publisher.errors import ConfigError
from publisher.model import Issue, Publication
from publisher.words import words

if TYPE_CHECKING:
    from publisher.channels.email.settings import Settings


def render(settings: Settings, issue: Issue, context: Context) -> Rendering:
    """The message, and its text for the eye; needs `context.entry`."""
    entry, publication = context.entry, context.publication
    if entry is None:
        raise ValueError("a mail needs the issue's entry in the archive")
    lines = layout.lines(
        issue, entry, publication, settings.width, broken=settings.wrap != "none", leave=settings.unsubscribe
    )
    wire = _wire(settings, lines, entry, publication)
    folder = f"outbox/{entry.date.isoformat()}/email"
    parts = [Part(f"{folder}/message.eml", "message/rfc822", wire)]
    text = "\n".join([*hard(lines), ""]).encode()
    seen = [Part(f"{folder}/message.txt", "text/plain; charset=utf-8", text)]
    if not settings.server:
        parts, seen = parts + seen, []
    count = sum(1 for _ in issue.items)
    octets = max(map(len, wire.partition(b"\r\n\r\n")[0].split(b"\r\n")))  # lines of base64 have 76
    report = {"items": count, "lines": len(lines), "bytes": len(wire), "octets": octets}
    return Rendering(tuple(parts), report=report, previews=tuple(seen))


def follow_up(
    settings: Settings, text: str, first: Sequence[Part], context: Context, when: dt.datetime
) -> Rendering:
    """A mail below that of the issue."""
    entry, publication = context.entry, context.publication
    if entry is None:
        raise ValueError("a notice needs the issue's entry in the archive")
    answer = Answer.below(first[0].body, when, text)
    lines = notice_lines(
        text, entry, publication, settings.width, broken=settings.wrap != "none", leave=settings.unsubscribe
    )
    key = f"outbox/{entry.date.isoformat()}/email/notice-{answer.name[:12]}.eml"
    return Rendering((Part(key, "message/rfc822", _wire(settings, lines, entry, publication, answer)),))


def _wire(
    settings: Settings,
    lines: Sequence[str],
    entry: Entry,
    publication: Publication,
    answer: Answer | None = None,
) -> bytes:
    """A mail with the lines of a sheet, to whom it goes when it goes to one address."""
    sender, reply_to = _sender(settings, publication)
    is_flowed = settings.wrap == "flowed"
    text = "\r\n".join([*(flowed(lines) if is_flowed else hard(lines)), ""])
    mail = message(text, sender, reply_to, entry, publication, flowed=is_flowed, answer=answer)
    to = parse_sender("to", settings.to) if settings.to else sender
    return mail.to(to, _leaving(settings, reply_to))


def _leaving(settings: Settings, reply_to: Mailbox) -> bytes:
    """The header lines by which a reader leaves the list: RFC 2369, section 3.2, and RFC 8058."""
    ways = [mailto(reply_to.address, "unsubscribe")]
    if settings.unsubscribe:
        ways.insert(0, f"<{settings.unsubscribe}>,")
    leave = header("List-Unsubscribe", *ways)
    if "{token}" in settings.unsubscribe:  # else whoever guesses the address could do it
        leave += header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return leave


def _sender(settings: Settings, publication: Publication) -> tuple[Mailbox, Mailbox]:
    """Who sends, and who reads the answers."""
    own = publication.email or f"newsletter@{urlsplit(publication.base).hostname}"
    reader = mailbox(own)
    sender = parse_sender("from", settings.from_) if settings.from_ else reader
    if sender is None:
        raise ConfigError(
            f"{own} is not an address that every mail server takes",
            'write one in ASCII below [channels.email]: from = "editor@example.org"',
        )
    named = sender if sender.name else sender._replace(name=publication.name)
    return named, reader if reader and publication.email else sender


def notice_lines(
    text: str, entry: Entry, publication: Publication, width: int, *, broken: bool, leave: str = ""
) -> list[str]:
    """The lines of the mail, as those of a Sheet. Those of the text stay apart; `leave` is as for issues."""
    say = words(publication.lang)
    sheet = Sheet(width, broken=broken)
    for line in map(tidy, text.splitlines()):
        if line:
            sheet.write(line)
        elif sheet.lines and sheet.lines[-1]:
            sheet.blank()
    if sheet.lines[-1]:
        sheet.blank()
    write_place(sheet, entry, say)
    write_signature(sheet, publication, leave, say)
    return sheet.lines
