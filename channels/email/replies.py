"""What a refusal of a mail server means: try again, later, or never; and what to tell people.

RFC 5321, section 4.2.1: a code that begins with 4 is about now, one with 5 is for good. Some providers keep
to neither, and their words decide. Sources: RFC 3463 (enhanced codes); smtp.codes/qq and the pages it
names; NetEase's list of replies (mail.163.com/postmaster); learn.microsoft.com "550 5.7.515".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from publisher.channels.email.headers import clean_text
from publisher.credentials import redact
from publisher.errors import DeliveryError

_MAX_REPLY_LENGTH = 200  # characters of what a server said


class SmtpReply(NamedTuple):
    """A server's answer: its code, -1 for one that is no answer, and its words."""

    code: int
    raw_text: bytes

    @property
    def text(self) -> str:
        """The words, on one line and without a secret."""
        words = clean_text(redact(self.raw_text.decode("utf-8", "replace")))
        return words if len(words) <= _MAX_REPLY_LENGTH else words[: _MAX_REPLY_LENGTH - 1] + "…"

    @property
    def ends_connection(self) -> bool:
        """Whether the next mail needs another connection, by which it may well go."""
        return self.code == 421 or bool(re.search(rb"(?:MI|RP):D[MR]C", self.raw_text))

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class ReplyRule(NamedTuple):
    """Words of a server, and how to mend what they say. They are about now when there is a `later`: the
    seconds after which the server may take mails again, 0 when they are about one reader."""

    pattern: str
    hint: str
    retry_after: float | None = None


_SLOW_DOWN_HINT = "wait, and send less at a time: connections = 1"

REPLY_RULES = (
    # QQ Mail says 550 to all of it
    ReplyRule(r"(?:connection|ip|domain|sender) frequency limited", _SLOW_DOWN_HINT, 300),
    ReplyRule(r"mailbox unavailable or access denied", "this mailbox gets too much mail just now", 0),
    ReplyRule(r"mail content denied", "QQ Mail takes the issue for spam: many readers may have marked it so"),
    # NetEase: 163, 126, yeah.net
    ReplyRule(r"HL:ICC", "there are too many connections: connections = 1", 60),
    ReplyRule(r"HL:(?:IFC|REP|MEP)|MI:SFQ|RP:QRC", _SLOW_DOWN_HINT, 900),
    ReplyRule(r"MI:STC|RP:(?:TRC|TRF)", "that was all for today: publish again tomorrow", 3600),
    ReplyRule(r"(?:MI|RP):D[MR]C", "this connection had its share of mails", 0),
    ReplyRule(r"DT:(?:SPM|SUM)|HL:ITC", "NetEase takes the issue for spam: sign it, and look at its links"),
    ReplyRule(r"must equal authorized user|MI:NHD", "`from` must be the address that `user` logs in with"),
    # Aliyun DirectMail
    ReplyRule(
        r"(?:daily|monthly|not enough) sending quota", "the quota is used up: publish again later", 3600
    ),
    # others
    ReplyRule(r"5\.7\.515|5\.7\.26", "big receivers want SPF, DKIM and DMARC for the domain of `from`"),
    ReplyRule(
        r"[45]\.1\.1|user (?:unknown|not found)|no such (?:user|mailbox)|mailbox not found",
        "nobody has this address: take it off the list",
    ),
    ReplyRule(r"[45]\.2\.2|(?:mailbox|quota) (?:is )?(?:full|exceeded)", "the mailbox is full"),
)
"""The first whose words are in what a server said is the one."""

_SENDER_REFUSED_DELAY = 300.0


def classify_reply(reply: SmtpReply, stage: str, recipient: str) -> DeliveryError:
    """The error to raise for a reply of 400 or more to MAIL, RCPT, DATA or the `.` at the end of a mail:
    nothing went out to the reader. What a server says to MAIL is about all readers."""
    text = reply.text
    found = next((one for one in REPLY_RULES if re.search(one.pattern, text, re.IGNORECASE)), None)
    hint = found.hint if found else ""
    if stage == "MAIL" and reply.code >= 500 and not (found and found.retry_after is not None):
        hint = hint or "look at `from`, and at what its server asks of those who send"
        return DeliveryError(f"no mail can be sent: {reply}", hint, retry_after=_SENDER_REFUSED_DELAY)
    message = f"{recipient} is refused: {reply}"
    if found and found.retry_after is not None:
        return DeliveryError(message, hint, retry_after=found.retry_after or None)
    return DeliveryError(message, hint, permanent=reply.code >= 500)
