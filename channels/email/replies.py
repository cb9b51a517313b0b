"""Classifies the replies of mail servers: what they are about, whether to retry and when, with a hint for the editor.

RFC 5321, section 4.2.1: codes that begin with 4 are transient, codes that begin with 5 are permanent. Some
providers do not follow this, so the text of the reply decides; publisher/reply_rules.py has the table and its sources.
"""

from __future__ import annotations

import re
from typing import assert_never

from publisher.errors import DeliveryError, RefusalKind
from publisher.mail_address import clean_text
from publisher.named_tuple import NamedTuple
from publisher.redaction import redact
from publisher.reply_rules import CONNECTION_IS_USED_UP, FROM_HINT, TOO_LARGE, ReplyRule
from publisher.reply_text import decode_reply, find_rule

_MAX_SHOWN_LENGTH = 200  # characters

_SENDER_REFUSED_DELAY = 300.0
"""Seconds until the next attempt after the server refused the sender."""


class SmtpReply(NamedTuple):
    """A server's reply: its code, -1 when it has none, and its text, whose lines end with newlines."""

    code: int
    raw_text: bytes

    @property
    def text(self) -> str:
        """The text on one line, without secrets, at most 200 characters."""
        text = clean_text(redact(decode_reply(self.raw_text)))
        return text if len(text) <= _MAX_SHOWN_LENGTH else text[: _MAX_SHOWN_LENGTH - 1] + "…"

    @property
    def ends_connection(self) -> bool:
        """Whether the server accepts no more on this connection, but may on a new one."""
        return self.code == 421 or bool(re.search(CONNECTION_IS_USED_UP, decode_reply(self.raw_text), re.IGNORECASE))

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


def classify(reply: SmtpReply) -> ReplyRule:
    """Return the rule for a refusal, the reply to any command: what it is about, a hint, and when to retry."""
    text = decode_reply(reply.raw_text)
    return find_rule(f"{reply.code} {text}" if reply.code > 0 else text)


def classify_reply(reply: SmtpReply, stage: str, recipient: str) -> DeliveryError:
    """Return the error to raise for a reply of 400 or more: nothing was sent to the recipient.

    `stage` is MAIL, RCPT, DATA or "." (the end of the message). One about the sender is never permanent: the recipient
    may get the message once its cause is fixed. A refusal at MAIL comes before any recipient is named, so it concerns
    those at all providers: the whole channel waits, and not the recipients at one provider, whom `SENDER` is about.
    """
    rule = classify(reply)
    kind, delay, is_permanent = rule.kind, rule.retry_after, reply.code >= 500
    message = f"{recipient} was refused: {reply}"
    if stage == "MAIL" and kind is not RefusalKind.LATER and rule is not TOO_LARGE:
        if is_permanent:
            message = f"the server refused the sender: {reply}"
        hint = rule.hint if kind is RefusalKind.SENDER else ""
        return DeliveryError(message, hint or FROM_HINT, retry_after=delay or _SENDER_REFUSED_DELAY)
    match kind:
        case RefusalKind.SENDER:
            return DeliveryError(message, rule.hint, kind=kind, retry_after=delay or _SENDER_REFUSED_DELAY)
        case RefusalKind.LATER:
            return DeliveryError(message, rule.hint, kind=kind, retry_after=delay or None)
        case RefusalKind.NO_RECIPIENT | RefusalKind.MAILBOX_FULL | RefusalKind.CONTENT | RefusalKind.UNKNOWN:
            return DeliveryError(message, rule.hint, kind=kind, permanent=is_permanent)
        case _:
            assert_never(kind)
