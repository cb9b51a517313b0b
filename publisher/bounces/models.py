"""What a bounce or a complaint says, whatever way it came."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation at start

import datetime as dt
from enum import Enum

from msgspec import Struct

from publisher.errors import RefusalKind
from publisher.patterns import lazy_pattern
from publisher.reply_text import find_rule, remove_addresses

_MAX_EVIDENCE_LENGTH = 300  # characters
_CODE = lazy_pattern(r"(?<![\d.])([245])(?:\d\d|\.\d{1,3}\.\d{1,3})(?![\d.])")


class FeedbackKind(Enum):
    """What a report about an email is about: the kinds of refusals, complaints, and automatic replies.

    Only `NO_RECIPIENT`, `MAILBOX_FULL`, `LATER` and `COMPLAINT` say something about the subscriber.
    """

    NO_RECIPIENT = RefusalKind.NO_RECIPIENT.value
    MAILBOX_FULL = RefusalKind.MAILBOX_FULL.value
    LATER = RefusalKind.LATER.value
    SENDER = RefusalKind.SENDER.value
    CONTENT = RefusalKind.CONTENT.value
    UNKNOWN = RefusalKind.UNKNOWN.value
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"


class FeedbackSource(Enum):
    """How a report came: the reply of a server while sending, a bounce by email, or the webhook of a provider."""

    REPLY = "reply"
    EMAIL = "email"
    WEBHOOK = "webhook"


class Feedback(Struct, frozen=True):
    """A report about one email to one recipient.

    `is_final`: the provider has given up, and reports a permanent error (RFC 3463: class 5). `evidence` is what it
    said, on one line without addresses. Whom it is about is said by one of three, and the others may be "": `token` is
    that of the envelope sender, `leave_token` that of the link to leave in the email that was reported, and `address`
    the recipient, only set by what is authenticated. `at` (aware) is when it happened, None if that is not known.
    """

    kind: FeedbackKind
    source: FeedbackSource
    is_final: bool = False
    evidence: str = ""
    token: str = ""
    address: str = ""
    at: dt.datetime | None = None
    leave_token: str = ""


def classify_diagnosis(
    diagnosis: str, status: str = "", otherwise: FeedbackKind = FeedbackKind.UNKNOWN
) -> tuple[FeedbackKind, bool]:
    """Return what a bounce is about, and whether its error is permanent.

    `diagnosis` is the reply of the server that refused (Diagnostic-Code without its type), `status` the enhanced code
    of RFC 3463, which servers on the way translate; either may be "". The words of the reply decide, then the code.
    `otherwise` is what the provider says, for a bounce with neither.
    """
    kind = FeedbackKind(find_rule(diagnosis).kind.value)
    if kind is FeedbackKind.UNKNOWN and status:
        kind = FeedbackKind(find_rule(status).kind.value)
    if kind is FeedbackKind.UNKNOWN:
        kind = otherwise
    code = _CODE.search(status) or _CODE.search(remove_addresses(diagnosis))
    return kind, not (code and code[1] == "4")


def build_evidence(*texts: str) -> str:
    """Return what a provider said on one line, without addresses, so that erasing a subscriber leaves none behind."""
    text = remove_addresses(" ".join(text for text in texts if text))
    return text if len(text) <= _MAX_EVIDENCE_LENGTH else text[: _MAX_EVIDENCE_LENGTH - 1] + "…"
