"""The mail as it goes over the wire. All recipients get the same but for a few header lines at the end of the
head, so that the text is laid out and encoded once however many they are."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from binascii import b2a_base64
from typing import NamedTuple

from publisher.channel import Entry
from publisher.channels.email.headers import (
    Mailbox,
    build_header,
    build_mailbox_header,
    build_mailto_link,
    build_text_header,
    clean_text,
    encode_phrase,
    format_rfc5322_date,
)
from publisher.dataclass import dataclass
from publisher.links import to_ascii_url
from publisher.newsletter import Newsletter

_MAX_HEADER_LENGTH = 998  # RFC 5322, section 2.1.1
_BASE64_LINE_LENGTH = 76  # RFC 2045, section 6.8


class ReplyTo(NamedTuple):
    """What makes a mail an answer: the Message-ID and the subject of the one before, when it is written, and
    what tells it from other answers."""

    message_id: str
    subject: tuple[str, ...]
    written_at: dt.datetime
    text_digest: str

    @classmethod
    def from_mail(cls, mail: bytes, written_at: dt.datetime, text: str) -> ReplyTo:
        """An answer with this text to a mail of this house."""
        head = mail.partition(b"\r\n\r\n")[0].decode()
        to = search_headers(r"^Message-ID: <([^>]+)>", head)
        subject = search_headers(r"^Subject: ([^\r]*(?:\r\n [^\r]*)*)", head).split()
        return cls(to, tuple(subject), written_at, hashlib.sha256(clean_text(text).encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """A mail without its recipient: its header lines and its encoded text, as they are sent. `id` tells it
    from all other mails of the newsletter, `domain` is the sender's; `thread` are the header lines that put
    it below another one."""

    headers: bytes
    body: bytes
    id: str
    domain: str
    thread_headers: bytes = b""

    def render_for(self, recipient: Mailbox, unsubscribe_headers: bytes) -> bytes:
        """The copy for a recipient; `unsubscribe` are the header lines by which this one leaves the list. The
        Message-ID is the same however often the copy is made, so that servers and readers see when they have
        it already."""
        day, _, _ = self.id.partition(" ")
        token = hashlib.sha256(f"{self.id} {recipient.address}".encode()).hexdigest()[:20]
        own = build_mailbox_header("To", recipient) + build_header(
            "Message-ID", f"<{day}.{token}@{self.domain}>"
        )
        return b"".join([self.headers, own, self.thread_headers, unsubscribe_headers, b"\r\n", self.body])


def build_message(
    text: str,
    sender: Mailbox,
    reply_to: Mailbox,
    entry: Entry,
    newsletter: Newsletter,
    *,
    flowed: bool,
    reply_to_mail: ReplyTo | None = None,
) -> MailTemplate:
    """The mail about an issue with this text, whose lines end in CRLF; the issue itself, or an answer to it.

    Sources of the header lines: RFC 5322; RFC 2369 and 2919 (List-*), RFC 5064 (Archived-At), RFC 3834
    (Auto-Submitted), RFC 3676 (Content-Type), support.google.com/mail/answer/6254652 (Feedback-ID).
    """
    label, list_id = _build_list_id(newsletter)
    sender_id = hashlib.sha256(list_id.encode()).hexdigest()[:12]
    kind = "notice" if reply_to_mail else "newsletter"
    head = [
        build_mailbox_header("From", sender),
        build_mailbox_header("Reply-To", reply_to) if reply_to.address != sender.address else b"",
        build_header("Subject", "Re:", *reply_to_mail.subject)
        if reply_to_mail
        else build_text_header("Subject", entry.title),
        build_header(
            "Date", format_rfc5322_date(reply_to_mail.written_at if reply_to_mail else entry.published)
        ),
        build_header("List-Id", *encode_phrase(newsletter.name), f"<{list_id}>"),
        _build_url_header("List-Archive", newsletter.base),
        build_header("List-Help", build_mailto_link(reply_to.address, "help")),
        build_header("List-Post", "NO"),
        b"" if reply_to_mail else _build_url_header("Archived-At", entry.url),
        build_header("Precedence", "bulk"),
        build_header("Auto-Submitted", "auto-generated"),
        build_header("Feedback-ID", f"{entry.date:%Y%m%d}:{label}:{kind}:{sender_id}"),
        build_header("MIME-Version", "1.0"),
        build_header(
            "Content-Type", "text/plain; charset=utf-8" + ("; format=flowed; delsp=yes" if flowed else "")
        ),
        build_header("Content-Transfer-Encoding", "base64"),
    ]
    name = f"{entry.date.isoformat()} {entry.id} {list_id}" + (
        f" {reply_to_mail.text_digest}" if reply_to_mail else ""
    )
    below = build_thread_headers(f"<{reply_to_mail.message_id}>") if reply_to_mail else b""
    return MailTemplate(b"".join(head), encode_base64_lines(text.encode()), name, sender.domain, below)


def build_thread_headers(parent_id: str) -> bytes:
    """The header lines of an answer to the mail of this Message-ID (RFC 5322, section 3.6.4)."""
    return build_header("In-Reply-To", parent_id) + build_header("References", parent_id)


def search_headers(pattern: str, headers: str) -> str:
    """What a pattern finds in the head of a mail of this house."""
    match = re.search(pattern, headers, re.MULTILINE)
    if match is None:
        raise ValueError(f"not a mail of this house: no {pattern}")
    return match[1]


def encode_base64_lines(text: bytes) -> bytes:
    """A text as lines of base64."""
    whole = b2a_base64(text, newline=False)
    lines = [whole[at : at + _BASE64_LINE_LENGTH] for at in range(0, len(whole), _BASE64_LINE_LENGTH)]
    return b"\r\n".join([*lines, b""])


def _build_list_id(newsletter: Newsletter) -> tuple[str, str]:
    """The label of the mailing list and its whole id. They follow from the newsletter's tag: URI (RFC 4151),
    because both must never change."""
    authority, _, rest = newsletter.id.removeprefix("tag:").partition(",")
    label = re.sub(r"[^a-z0-9]+", "-", rest.partition(":")[2].lower()).strip("-")[:63] or "newsletter"
    return label, f"{label}.{authority.rpartition('@')[2]}"


def _build_url_header(name: str, url: str) -> bytes:
    """A header line with an address, which must stand on one line; none for an address too long for that."""
    line = build_header(name, f"<{to_ascii_url(url)}>")
    return line if len(line) <= _MAX_HEADER_LENGTH else b""
