"""Classifies the replies of mail servers: retry now, retry later or fail, with a hint for the editor.

RFC 5321, section 4.2.1: codes that begin with 4 are transient, codes that begin with 5 are permanent. Some
providers do not follow this, so the text of the reply decides. Sources: RFC 3463 (enhanced codes);
smtp.codes/qq and the pages it links; NetEase's list of replies (mail.163.com/postmaster); learn.microsoft.com
"550 5.7.515".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from publisher.channels.email.headers import clean_text
from publisher.credentials import redact
from publisher.errors import DeliveryError

_MAX_REPLY_LENGTH = 200  # characters


class SmtpReply(NamedTuple):
    """A server's reply: its code, -1 when it has none, and its text."""

    code: int
    raw_text: bytes

    @property
    def text(self) -> str:
        """The text on one line, without secrets, at most 200 characters."""
        text = clean_text(redact(self.raw_text.decode("utf-8", "replace")))
        return text if len(text) <= _MAX_REPLY_LENGTH else text[: _MAX_REPLY_LENGTH - 1] + "…"

    @property
    def ends_connection(self) -> bool:
        """Whether the server accepts no more on this connection, but may on a new one."""
        return self.code == 421 or bool(re.search(rb"(?:MI|RP):D[MR]C", self.raw_text))

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class ReplyRule(NamedTuple):
    """A pattern for the text of a reply, and a hint how to fix its cause.

    With `retry_after` the reply is transient: seconds until the server may accept email again, 0 when only
    one recipient is affected.
    """

    pattern: str
    hint: str
    retry_after: float | None = None


_SLOW_DOWN_HINT = "wait, and use fewer connections: connections = 1"

REPLY_RULES = (
    # QQ Mail: the code is always 550
    ReplyRule(r"(?:connection|ip|domain|sender) frequency limited", _SLOW_DOWN_HINT, 300),
    ReplyRule(r"mailbox unavailable or access denied", "this mailbox is receiving too much email right now", 0),
    ReplyRule(r"mail content denied", "QQ Mail classified the issue as spam: recipients may have reported it"),
    # NetEase: 163, 126, yeah.net
    ReplyRule(r"HL:ICC", "too many connections: connections = 1", 60),
    ReplyRule(r"HL:(?:IFC|REP|MEP)|MI:SFQ|RP:QRC", _SLOW_DOWN_HINT, 900),
    ReplyRule(r"MI:STC|RP:(?:TRC|TRF)", "the daily limit is reached: publish again tomorrow", 3600),
    ReplyRule(r"(?:MI|RP):D[MR]C", "the limit of emails on one connection is reached", 0),
    ReplyRule(r"DT:(?:SPM|SUM)|HL:ITC", "NetEase classified the issue as spam: sign emails, and check its links"),
    ReplyRule(r"must equal authorized user|MI:NHD", "`from` must be the address that `user` logs in with"),
    # Aliyun DirectMail
    ReplyRule(r"(?:daily|monthly|not enough) sending quota", "the quota is used up: publish again later", 3600),
    # other providers
    ReplyRule(r"5\.7\.515|5\.7\.26", "large providers require SPF, DKIM and DMARC for the domain of `from`"),
    ReplyRule(
        r"[45]\.1\.1|user (?:unknown|not found)|no such (?:user|mailbox)|mailbox not found",
        "the address does not exist: remove it from the list",
    ),
    ReplyRule(r"[45]\.2\.2|(?:mailbox|quota) (?:is )?(?:full|exceeded)", "the mailbox is full"),
)
"""The first rule that matches the text of a reply applies."""

_SENDER_REFUSED_DELAY = 300.0
"""Seconds until the next attempt after the server refused the sender."""


def classify_reply(reply: SmtpReply, stage: str, recipient: str) -> DeliveryError:
    """Return the error to raise for a reply of 400 or more: nothing was sent to the recipient.

    `stage` is MAIL, RCPT, DATA or "." (the end of the message). A refusal at MAIL concerns all recipients.
    """
    text = reply.text
    rule = next((rule for rule in REPLY_RULES if re.search(rule.pattern, text, re.IGNORECASE)), None)
    hint = rule.hint if rule else ""
    if stage == "MAIL" and reply.code >= 500 and not (rule and rule.retry_after is not None):
        hint = hint or "check `from`, and the server's requirements for senders"
        return DeliveryError(f"the server refused the sender: {reply}", hint, retry_after=_SENDER_REFUSED_DELAY)
    message = f"{recipient} was refused: {reply}"
    if rule and rule.retry_after is not None:
        return DeliveryError(message, hint, retry_after=rule.retry_after or None)
    return DeliveryError(message, hint, permanent=reply.code >= 500)
