"""What a refusal of a mail server means: try again, later, or never; and what to tell people.

RFC 5321, section 4.2.1: a code that begins with 4 is about now, one with 5 is for good. Some providers keep
to neither, and their words decide. Sources: RFC 3463 (enhanced codes); smtp.codes/qq and the pages it
names; NetEase's list of replies (mail.163.com/postmaster); learn.microsoft.com "550 5.7.515".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from publisher.channels.email.headers import tidy
from publisher.credentials import redact
from publisher.errors import DeliveryError

_LONGEST = 200  # characters of what a server said


class Reply(NamedTuple):
    """A server's answer: its code, -1 for one that is no answer, and its words."""

    code: int
    said: bytes

    @property
    def text(self) -> str:
        """The words, on one line and without a secret."""
        words = tidy(redact(self.said.decode("utf-8", "replace")))
        return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"

    @property
    def ends_connection(self) -> bool:
        """Whether the next mail needs another connection, by which it may well go."""
        return self.code == 421 or bool(re.search(rb"(?:MI|RP):D[MR]C", self.said))

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class Meaning(NamedTuple):
    """Words of a server, and how to mend what they say. They are about now when there is a `later`: the
    seconds after which the server may take mails again, 0 when they are about one reader."""

    said: str
    hint: str
    later: float | None = None


_SLOWER = "wait, and send less at a time: connections = 1"

MEANINGS = (
    # QQ Mail says 550 to all of it
    Meaning(r"(?:connection|ip|domain|sender) frequency limited", _SLOWER, 300),
    Meaning(r"mailbox unavailable or access denied", "this mailbox gets too much mail just now", 0),
    Meaning(r"mail content denied", "QQ Mail takes the issue for spam: many readers may have marked it so"),
    # NetEase: 163, 126, yeah.net
    Meaning(r"HL:ICC", "there are too many connections: connections = 1", 60),
    Meaning(r"HL:(?:IFC|REP|MEP)|MI:SFQ|RP:QRC", _SLOWER, 900),
    Meaning(r"MI:STC|RP:(?:TRC|TRF)", "that was all for today: publish again tomorrow", 3600),
    Meaning(r"(?:MI|RP):D[MR]C", "this connection had its share of mails", 0),
    Meaning(r"DT:(?:SPM|SUM)|HL:ITC", "NetEase takes the issue for spam: sign it, and look at its links"),
    Meaning(r"must equal authorized user|MI:NHD", "`from` must be the address that `user` logs in with"),
    # Aliyun DirectMail
    Meaning(r"(?:daily|monthly|not enough) sending quota", "the quota is used up: publish again later", 3600),
    # others
    Meaning(r"5\.7\.515|5\.7\.26", "big receivers want SPF, DKIM and DMARC for the domain of `from`"),
    Meaning(
        r"[45]\.1\.1|user (?:unknown|not found)|no such (?:user|mailbox)|mailbox not found",
        "nobody has this address: take it off the list",
    ),
    Meaning(r"[45]\.2\.2|(?:mailbox|quota) (?:is )?(?:full|exceeded)", "the mailbox is full"),
)
"""The first whose words are in what a server said is the one."""

_NOBODY = 300.0


def refusal(reply: Reply, stage: str, reader: str) -> DeliveryError:
    """The error to raise for a reply of 400 or more to MAIL, RCPT, DATA or the `.` at the end of a mail:
    nothing went out to the reader. What a server says to MAIL is about all readers."""
    text = reply.text
    found = next((one for one in MEANINGS if re.search(one.said, text, re.IGNORECASE)), None)
    hint = found.hint if found else ""
    if stage == "MAIL" and reply.code >= 500 and not (found and found.later is not None):
        hint = hint or "look at `from`, and at what its server asks of those who send"
        return DeliveryError(f"no mail can be sent: {reply}", hint, retry_after=_NOBODY)
    message = f"{reader} is refused: {reply}"
    if found and found.later is not None:
        return DeliveryError(message, hint, retry_after=found.later or None)
    return DeliveryError(message, hint, permanent=reply.code >= 500)
