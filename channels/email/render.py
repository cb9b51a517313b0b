"""From an issue, or from what there is to say about it, to its mail, as the settings of the channel want."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from publisher.channel import Context, Entry, Part, Rendering
from publisher.channels.email import layout
from publisher.channels.email.headers import (
    Mailbox,
    build_header,
    build_mailto_link,
    clean_text,
    parse_mailbox,
)
from publisher.channels.email.layout import write_online_link, write_signature
from publisher.channels.email.message import ReplyTo, build_message
from publisher.channels.email.settings import parse_mailbox_setting as parse_sender
from publisher.channels.email.wrapping import TextBuffer, format_fixed_lines, format_flowed_lines
from publisher.errors import ConfigError
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.words import get_labels

if TYPE_CHECKING:
    from publisher.channels.email.settings import EmailSettings


def render(settings: EmailSettings, issue: Issue, context: Context) -> Rendering:
    """The message, and its text for the eye; needs `context.entry`."""
    entry, newsletter = context.entry, context.newsletter
    if entry is None:
        raise ValueError("a mail needs the issue's entry in the archive")
    lines = layout.layout_issue(
        issue,
        entry,
        newsletter,
        settings.width,
        wrap=settings.wrap != "none",
        unsubscribe_url=settings.unsubscribe,
    )
    wire = _render_message(settings, lines, entry, newsletter)
    folder = f"outbox/{entry.date.isoformat()}/email"
    parts = [Part(f"{folder}/message.eml", "message/rfc822", wire)]
    text = "\n".join([*format_fixed_lines(lines), ""]).encode()
    seen = [Part(f"{folder}/message.txt", "text/plain; charset=utf-8", text)]
    if not settings.server:
        parts, seen = parts + seen, []
    count = sum(1 for _ in issue.items)
    octets = max(map(len, wire.partition(b"\r\n\r\n")[0].split(b"\r\n")))  # lines of base64 have 76
    report = {"items": count, "lines": len(lines), "bytes": len(wire), "octets": octets}
    return Rendering(tuple(parts), report=report, previews=tuple(seen))


def render_notice_mail(
    settings: EmailSettings, text: str, issue_parts: Sequence[Part], context: Context, written_at: dt.datetime
) -> Rendering:
    """A mail below that of the issue."""
    entry, newsletter = context.entry, context.newsletter
    if entry is None:
        raise ValueError("a notice needs the issue's entry in the archive")
    answer = ReplyTo.from_mail(issue_parts[0].body, written_at, text)
    lines = layout_notice(
        text,
        entry,
        newsletter,
        settings.width,
        wrap=settings.wrap != "none",
        unsubscribe_url=settings.unsubscribe,
    )
    key = f"outbox/{entry.date.isoformat()}/email/notice-{answer.text_digest[:12]}.eml"
    return Rendering(
        (Part(key, "message/rfc822", _render_message(settings, lines, entry, newsletter, answer)),)
    )


def _render_message(
    settings: EmailSettings,
    lines: Sequence[str],
    entry: Entry,
    newsletter: Newsletter,
    reply_to_mail: ReplyTo | None = None,
) -> bytes:
    """A mail with the lines of a sheet, to whom it goes when it goes to one address."""
    sender, reply_to = _resolve_sender(settings, newsletter)
    is_flowed = settings.wrap == "flowed"
    text = "\r\n".join([*(format_flowed_lines(lines) if is_flowed else format_fixed_lines(lines)), ""])
    mail = build_message(
        text, sender, reply_to, entry, newsletter, flowed=is_flowed, reply_to_mail=reply_to_mail
    )
    to = parse_sender("to", settings.to) if settings.to else sender
    return mail.render_for(to, _build_unsubscribe_headers(settings, reply_to))


def _build_unsubscribe_headers(settings: EmailSettings, reply_to: Mailbox) -> bytes:
    """The header lines by which a reader leaves the list: RFC 2369, section 3.2, and RFC 8058."""
    ways = [build_mailto_link(reply_to.address, "unsubscribe")]
    if settings.unsubscribe:
        ways.insert(0, f"<{settings.unsubscribe}>,")
    leave = build_header("List-Unsubscribe", *ways)
    if "{token}" in settings.unsubscribe:  # else whoever guesses the address could do it
        leave += build_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return leave


def _resolve_sender(settings: EmailSettings, newsletter: Newsletter) -> tuple[Mailbox, Mailbox]:
    """Who sends, and who reads the answers."""
    own = newsletter.email or f"newsletter@{urlsplit(newsletter.base).hostname}"
    reader = parse_mailbox(own)
    sender = parse_sender("from", settings.from_) if settings.from_ else reader
    if sender is None:
        raise ConfigError(
            f"{own} is not an address that every mail server takes",
            'write one in ASCII below [channels.email]: from = "editor@example.org"',
        )
    named = sender if sender.name else sender._replace(name=newsletter.name)
    return named, reader if reader and newsletter.email else sender


def layout_notice(
    text: str, entry: Entry, newsletter: Newsletter, width: int, *, wrap: bool, unsubscribe_url: str = ""
) -> list[str]:
    """The lines of the mail, as those of a Sheet. Those of the text stay apart; `leave` is as for issues."""
    say = get_labels(newsletter.lang)
    sheet = TextBuffer(width, wrap=wrap)
    for line in map(clean_text, text.splitlines()):
        if line:
            sheet.write(line)
        elif sheet.lines and sheet.lines[-1]:
            sheet.write_blank()
    if sheet.lines[-1]:
        sheet.write_blank()
    write_online_link(sheet, entry, say)
    write_signature(sheet, newsletter, unsubscribe_url, say)
    return sheet.lines
