"""Builds the message in its wire format, from which `personalize` makes the recipients' copies.

Copies differ only in a few headers at the end, so the text is laid out and encoded once for all recipients.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64

from publisher.channel import Entry
from publisher.channels.email.headers import (
    build_header,
    build_mailbox_header,
    build_mailto_link,
    build_text_header,
    encode_phrase,
    format_rfc5322_date,
)
from publisher.links import to_ascii_url
from publisher.mail_address import Mailbox, clean_text
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter

_MAX_HEADER_LENGTH = 998  # RFC 5322, section 2.1.1
_BASE64_LINE_LENGTH = 76  # RFC 2045, section 6.8


class ReplyTo(NamedTuple):
    """What a reply needs: Message-ID and subject (as header words) of the original.

    `text_digest` is the SHA-256 (hex) of its text, which makes its Message-ID unique.
    """

    message_id: str
    subject: tuple[str, ...]
    text_digest: str

    @classmethod
    def from_mail(cls, mail: bytes, text: str) -> ReplyTo:
        """Return the reply with this text to `mail`. Raises ValueError unless `build_message` made it."""
        headers = mail.partition(b"\r\n\r\n")[0].decode()
        message_id = search_headers(r"^Message-ID: <([^>]+)>", headers)
        subject = search_headers(r"^Subject: ([^\r]*(?:\r\n [^\r]*)*)", headers).split()
        text_digest = hashlib.sha256(clean_text(text).encode()).hexdigest()
        return cls(message_id, tuple(subject), text_digest)


def build_message(
    text: str,
    sender: Mailbox,
    reply_to: Mailbox,
    to: Mailbox,
    entry: Entry,
    newsletter: Newsletter,
    *,
    unsubscribe_headers: bytes,
    flowed: bool,
    reply_to_mail: ReplyTo | None = None,
) -> bytes:
    """Return the message of an issue, or with `reply_to_mail` a reply to it. The lines of `text` end in CRLF.

    It is dated as the issue is; copies get the time when they are sent.

    Sources of the headers: RFC 5322; RFC 2369 and 2919 (List-*), RFC 5064 (Archived-At), RFC 3834
    (Auto-Submitted), RFC 3676 (Content-Type), support.google.com/mail/answer/6254652 (Feedback-ID).
    """
    label, list_id = _build_list_id(newsletter)
    sender_id = hashlib.sha256(list_id.encode()).hexdigest()[:12]
    kind = "notice" if reply_to_mail else "newsletter"
    headers = [
        build_mailbox_header("From", sender),
        build_mailbox_header("Reply-To", reply_to) if reply_to.address != sender.address else b"",
        build_header("Subject", "Re:", *reply_to_mail.subject)
        if reply_to_mail
        else build_text_header("Subject", entry.title),
        build_header("Date", format_rfc5322_date(entry.published)),
        build_header("List-Id", *encode_phrase(newsletter.name), f"<{list_id}>"),
        _build_url_header("List-Archive", newsletter.base),
        build_header("List-Help", build_mailto_link(reply_to.address, "help")),
        build_header("List-Post", "NO"),
        b"" if reply_to_mail else _build_url_header("Archived-At", entry.url),
        build_header("Precedence", "bulk"),
        build_header("Auto-Submitted", "auto-generated"),
        build_header("Feedback-ID", f"{entry.date:%Y%m%d}:{label}:{kind}:{sender_id}"),
        build_header("MIME-Version", "1.0"),
        build_header("Content-Type", "text/plain; charset=utf-8" + ("; format=flowed; delsp=yes" if flowed else "")),
        build_header("Content-Transfer-Encoding", "base64"),
    ]
    seed = f"{entry.date.isoformat()} {entry.id} {list_id}"
    if reply_to_mail:
        seed += f" {reply_to_mail.text_digest}"
    headers += [
        build_mailbox_header("To", to),
        build_header("Message-ID", build_message_id(seed, to.address, entry.date.isoformat(), sender.domain)),
        build_thread_headers(f"<{reply_to_mail.message_id}>") if reply_to_mail else b"",
        unsubscribe_headers,
        b"\r\n",
    ]
    return b"".join(headers) + encode_base64_lines(text.encode())


def build_message_id(seed: str, address: str, day: str, domain: str) -> str:
    """Return the Message-ID of the copy for an address: the same each time, so that mail servers and programs
    recognize a duplicate. `seed` identifies the message."""
    token = hashlib.sha256(f"{seed} {address}".encode()).hexdigest()[:20]
    return f"<{day}.{token}@{domain}>"


def build_thread_headers(parent_id: str) -> bytes:
    """Return the headers of a reply to the message with this Message-ID (RFC 5322, section 3.6.4)."""
    return build_header("In-Reply-To", parent_id) + build_header("References", parent_id)


def search_headers(pattern: str, headers: str) -> str:
    """Return the first group of `pattern` in the headers of a message made by `build_message`.

    Raises ValueError when it does not match.
    """
    match = re.search(pattern, headers, re.MULTILINE)
    if match is None:
        raise ValueError(f"not a message made by publisher: no match for {pattern}")
    return match[1]


def encode_base64_lines(text: bytes) -> bytes:
    """Return base64 in lines of 76 characters that end in CRLF."""
    encoded = b2a_base64(text, newline=False)
    lines = [encoded[start : start + _BASE64_LINE_LENGTH] for start in range(0, len(encoded), _BASE64_LINE_LENGTH)]
    return b"\r\n".join([*lines, b""])


def _build_list_id(newsletter: Newsletter) -> tuple[str, str]:
    """Return the label of the mailing list and its List-Id (RFC 2919).

    Both must never change, so they are derived from the newsletter's tag: URI (RFC 4151).
    """
    authority, _, rest = newsletter.id.removeprefix("tag:").partition(",")
    label = re.sub(r"[^a-z0-9]+", "-", rest.partition(":")[2].lower()).strip("-")[:63] or "newsletter"
    return label, f"{label}.{authority.rpartition('@')[2]}"


def _build_url_header(name: str, url: str) -> bytes:
    """Return a header with a URL, which must not be folded; empty when the line would be too long."""
    line = build_header(name, f"<{to_ascii_url(url)}>")
    return line if len(line) <= _MAX_HEADER_LENGTH else b""
