"""Renders an issue, or a notice about it, to a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from publisher.channel import Context, Entry, Part, Rendering
from publisher.channels.email import layout
from publisher.channels.email.headers import build_header, build_mailto_link
from publisher.channels.email.layout import write_end, write_online_link
from publisher.channels.email.message import ReplyTo, build_message
from publisher.channels.email.settings import parse_mailbox_setting, resolve_sender
from publisher.channels.email.wrapping import TextBuffer, Wrap, format_fixed_lines, format_flowed_lines, is_flowed
from publisher.labels import get_labels
from publisher.mail_address import Mailbox, clean_text
from publisher.model import Issue
from publisher.newsletter import Newsletter

if TYPE_CHECKING:
    from publisher.channels.email.settings import EmailSettings


def render(settings: EmailSettings, issue: Issue, context: Context) -> Rendering:
    """Render the message of an issue, and its text as a preview; without a server, the text is a part too.

    Raises ValueError without `context.entry`, ConfigError without a usable sender.
    """
    entry, newsletter = context.require_entry(), context.newsletter
    lines = layout.layout_issue(
        issue, entry, newsletter, settings.width, wrap=settings.line_breaks, unsubscribe_url=settings.unsubscribe_url
    )
    mail = _render_message(settings, lines, entry, newsletter)
    folder = f"outbox/{entry.date.isoformat()}/email"
    parts = [Part(f"{folder}/message.eml", "message/rfc822", mail)]
    text = "\n".join([*format_fixed_lines(lines), ""]).encode()
    previews = [Part(f"{folder}/message.txt", "text/plain; charset=utf-8", text)]
    if not settings.sends:
        parts, previews = parts + previews, []
    count = sum(1 for _ in issue.items)
    # the longest line: the body is base64 in lines of 76 characters, so only headers can be longer
    octets = max(map(len, mail.partition(b"\r\n\r\n")[0].split(b"\r\n")))
    report = {"items": count, "lines": len(lines), "bytes": len(mail), "octets": octets}
    return Rendering(tuple(parts), report=report, previews=tuple(previews))


def render_notice_mail(settings: EmailSettings, text: str, issue_parts: Sequence[Part], context: Context) -> Rendering:
    """Render a notice as a reply to the email of the issue, whose parts are `issue_parts`.

    Raises ValueError without `context.entry`, ConfigError without a usable sender.
    """
    entry, newsletter = context.require_entry(), context.newsletter
    reply_to_mail = ReplyTo.from_mail(issue_parts[0].body, text)
    lines = _layout_notice(
        text, entry, newsletter, settings.width, wrap=settings.line_breaks, unsubscribe_url=settings.unsubscribe_url
    )
    key = f"outbox/{entry.date.isoformat()}/email/notice-{reply_to_mail.text_digest[:12]}.eml"
    return Rendering((Part(key, "message/rfc822", _render_message(settings, lines, entry, newsletter, reply_to_mail)),))


def _render_message(
    settings: EmailSettings,
    lines: Sequence[str],
    entry: Entry,
    newsletter: Newsletter,
    reply_to_mail: ReplyTo | None = None,
) -> bytes:
    """Return the message with these lines, addressed to `to` or to the sender."""
    sender, reply_to = resolve_sender(settings, newsletter)
    flowed = is_flowed(lines)
    text = "\r\n".join([*(format_flowed_lines(lines) if flowed else format_fixed_lines(lines)), ""])
    return build_message(
        text,
        sender,
        reply_to,
        parse_mailbox_setting("to", settings.to) if settings.to else sender,
        entry,
        newsletter,
        unsubscribe_headers=_build_unsubscribe_headers(settings, reply_to),
        flowed=flowed,
        reply_to_mail=reply_to_mail,
    )


def _build_unsubscribe_headers(settings: EmailSettings, reply_to: Mailbox) -> bytes:
    """Return List-Unsubscribe (RFC 2369, section 3.2) and List-Unsubscribe-Post (RFC 8058)."""
    links = [build_mailto_link(reply_to.address, "unsubscribe")]
    if settings.unsubscribe_url:
        links.insert(0, f"<{settings.unsubscribe_url}>,")
    headers = build_header("List-Unsubscribe", *links)
    if "{token}" in settings.unsubscribe_url:  # without a token, anyone could unsubscribe others in one request
        headers += build_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return headers


def _layout_notice(
    text: str, entry: Entry, newsletter: Newsletter, width: int, *, wrap: Wrap, unsubscribe_url: str
) -> list[str]:
    """Return the lines of a notice, in the form of `TextBuffer.lines`; line breaks in `text` are kept."""
    labels = get_labels(newsletter.lang)
    buffer = TextBuffer(width, wrap=wrap)
    for line in map(clean_text, text.splitlines()):
        if line:
            buffer.write(line)
        elif buffer.lines and buffer.lines[-1]:
            buffer.write_blank()
    if buffer.lines[-1]:
        buffer.write_blank()
    write_online_link(buffer, entry, labels)
    write_end(buffer, newsletter, unsubscribe_url, labels)
    return buffer.lines
