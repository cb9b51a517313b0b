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
    date,
    header,
    mailbox_header,
    mailto,
    phrase,
    text_header,
    tidy,
)
from publisher.dataclass import dataclass
from publisher.links import ascii_url
from publisher.model import Publication

_LONGEST_LINE = 998  # RFC 5322, section 2.1.1
_ENCODED_LINE = 76  # RFC 2045, section 6.8


class Answer(NamedTuple):
    """What makes a mail an answer: the Message-ID and the subject of the one before, when it is written, and
    what tells it from other answers."""

    to: str
    subject: tuple[str, ...]
    when: dt.datetime
    name: str

    @classmethod
    def below(cls, mail: bytes, when: dt.datetime, text: str) -> Answer:
        """An answer with this text to a mail of this house."""
        head = mail.partition(b"\r\n\r\n")[0].decode()
        to = found(r"^Message-ID: <([^>]+)>", head)
        subject = found(r"^Subject: ([^\r]*(?:\r\n [^\r]*)*)", head).split()
        return cls(to, tuple(subject), when, hashlib.sha256(tidy(text).encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Message:
    """A mail without its recipient: its header lines and its encoded text, as they are sent. `id` tells it
    from all other mails of the newsletter, `domain` is the sender's; `thread` are the header lines that put
    it below another one."""

    head: bytes
    body: bytes
    id: str
    domain: str
    thread: bytes = b""

    def to(self, recipient: Mailbox, unsubscribe: bytes) -> bytes:
        """The copy for a recipient; `unsubscribe` are the header lines by which this one leaves the list. The
        Message-ID is the same however often the copy is made, so that servers and readers see when they have
        it already."""
        day, _, _ = self.id.partition(" ")
        token = hashlib.sha256(f"{self.id} {recipient.address}".encode()).hexdigest()[:20]
        own = mailbox_header("To", recipient) + header("Message-ID", f"<{day}.{token}@{self.domain}>")
        return b"".join([self.head, own, self.thread, unsubscribe, b"\r\n", self.body])


def message(
    text: str,
    sender: Mailbox,
    reply_to: Mailbox,
    entry: Entry,
    publication: Publication,
    *,
    flowed: bool,
    answer: Answer | None = None,
) -> Message:
    """The mail about an issue with this text, whose lines end in CRLF; the issue itself, or an answer to it.

    Sources of the header lines: RFC 5322; RFC 2369 and 2919 (List-*), RFC 5064 (Archived-At), RFC 3834
    (Auto-Submitted), RFC 3676 (Content-Type), support.google.com/mail/answer/6254652 (Feedback-ID).
    """
    label, list_id = _list_id(publication)
    sender_id = hashlib.sha256(list_id.encode()).hexdigest()[:12]
    kind = "notice" if answer else "newsletter"
    head = [
        mailbox_header("From", sender),
        mailbox_header("Reply-To", reply_to) if reply_to.address != sender.address else b"",
        header("Subject", "Re:", *answer.subject) if answer else text_header("Subject", entry.title),
        header("Date", date(answer.when if answer else entry.published)),
        header("List-Id", *phrase(publication.name), f"<{list_id}>"),
        _address_header("List-Archive", publication.base),
        header("List-Help", mailto(reply_to.address, "help")),
        header("List-Post", "NO"),
        b"" if answer else _address_header("Archived-At", entry.url),
        header("Precedence", "bulk"),
        header("Auto-Submitted", "auto-generated"),
        header("Feedback-ID", f"{entry.date:%Y%m%d}:{label}:{kind}:{sender_id}"),
        header("MIME-Version", "1.0"),
        header(
            "Content-Type", "text/plain; charset=utf-8" + ("; format=flowed; delsp=yes" if flowed else "")
        ),
        header("Content-Transfer-Encoding", "base64"),
    ]
    name = f"{entry.date.isoformat()} {entry.id} {list_id}" + (f" {answer.name}" if answer else "")
    below = thread(f"<{answer.to}>") if answer else b""
    return Message(b"".join(head), encoded(text.encode()), name, sender.domain, below)


def thread(first: str) -> bytes:
    """The header lines of an answer to the mail of this Message-ID (RFC 5322, section 3.6.4)."""
    return header("In-Reply-To", first) + header("References", first)


def found(pattern: str, head: str) -> str:
    """What a pattern finds in the head of a mail of this house."""
    match = re.search(pattern, head, re.MULTILINE)
    if match is None:
        raise ValueError(f"not a mail of this house: no {pattern}")
    return match[1]


def encoded(text: bytes) -> bytes:
    """A text as lines of base64."""
    whole = b2a_base64(text, newline=False)
    lines = [whole[at : at + _ENCODED_LINE] for at in range(0, len(whole), _ENCODED_LINE)]
    return b"\r\n".join([*lines, b""])


def _list_id(publication: Publication) -> tuple[str, str]:
    """The label of the mailing list and its whole id. They follow from the newsletter's tag: URI (RFC 4151),
    because both must never change."""
    authority, _, rest = publication.id.removeprefix("tag:").partition(",")
    label = re.sub(r"[^a-z0-9]+", "-", rest.partition(":")[2].lower()).strip("-")[:63] or "newsletter"
    return label, f"{label}.{authority.rpartition('@')[2]}"


def _address_header(name: str, url: str) -> bytes:
    """A header line with an address, which must stand on one line; none for an address too long for that."""
    line = header(name, f"<{ascii_url(url)}>")
    return line if len(line) <= _LONGEST_LINE else b""
