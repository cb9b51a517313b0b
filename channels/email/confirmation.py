"""The email that asks an address whether it wants the newsletter, before anything else is sent to it (double opt-in).

A form that sends email to any address is misused to flood people with it. So the email has nothing that a visitor of
the form typed: only what the newsletter is called, the day, and two links. It is no bulk email.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from publisher.channels.email.headers import build_header, build_mailbox_header, build_text_header, format_rfc5322_date
from publisher.channels.email.message import build_message_id, encode_base64_lines
from publisher.channels.email.personalize import PersonalizedMail
from publisher.channels.email.settings import EmailSettings, resolve_sender
from publisher.channels.email.wrapping import SIGNATURE_DELIMITER, TextBuffer, format_fixed_lines
from publisher.channels.email.writer import format_url
from publisher.labels import get_labels
from publisher.links import to_ascii_url
from publisher.localized import format_date
from publisher.mail_address import Mailbox, clean_text
from publisher.newsletter import Newsletter


def render_confirmation(
    settings: EmailSettings, newsletter: Newsletter, address: str, confirm_url: str, refuse_url: str, now: dt.datetime
) -> PersonalizedMail:
    """Render the email to an address. `confirm_url` is the page that confirms, `refuse_url` the one that stops such
    emails for good; `now` is aware, in the newsletter's time zone.

    Auto-Submitted keeps programs from replying (RFC 3834). It has no List-Unsubscribe: there is no subscription yet.
    Raises ConfigError without a usable sender.
    """
    labels = get_labels(newsletter.lang)
    sender, reply_to = resolve_sender(settings, newsletter)
    lines = _layout_lines(newsletter, settings.width, confirm_url, refuse_url, now.date())
    body = encode_base64_lines("\r\n".join([*format_fixed_lines(lines), ""]).encode())
    message_id = build_message_id(f"confirm {confirm_url} {now.isoformat()}", address, f"{now:%Y-%m-%d}", sender.domain)
    headers = [
        build_mailbox_header("From", sender),
        build_mailbox_header("Reply-To", reply_to) if reply_to.address != sender.address else b"",
        build_mailbox_header("To", Mailbox("", address)),
        build_text_header("Subject", labels["confirm_subject"].format(newsletter.name)),
        build_header("Date", format_rfc5322_date(now)),
        build_header("Message-ID", message_id),
        build_header("Auto-Submitted", "auto-generated"),
        build_header("MIME-Version", "1.0"),
        build_header("Content-Type", "text/plain; charset=utf-8"),
        build_header("Content-Transfer-Encoding", "base64"),
        b"\r\n",
    ]
    return PersonalizedMail(b"".join(headers), body, hashlib.sha256(body).digest())


def _layout_lines(newsletter: Newsletter, width: int, confirm_url: str, refuse_url: str, day: dt.date) -> list[str]:
    """Return the lines: each link on a line of its own and whole, so that every mail program finds it."""
    labels, name = get_labels(newsletter.lang), clean_text(newsletter.name)
    buffer = TextBuffer(width, wrap="hard")
    buffer.write(f"{name} · {format_date(day, newsletter.lang)}")
    for text, url in (("confirm_ask", confirm_url), ("confirm_refuse", refuse_url)):
        buffer.write_blank()
        buffer.write(labels[text].format(name))
        buffer.write_blank()
        buffer.lines.append(url)
    buffer.write_blank()
    buffer.lines.append(SIGNATURE_DELIMITER)
    buffer.write(f"{name} {format_url(to_ascii_url(newsletter.base))}")
    return buffer.lines
