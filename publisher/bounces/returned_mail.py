"""An email that came to the address for bounces → what it reports: a bounce, a complaint, or nothing of ours.

Delivery status notifications (RFC 3464), with the addresses of RFC 6533 as well, feedback reports (ARF, RFC 5965), and
returned emails of servers that write neither. The envelope sender of the delivery says whose it is (`publisher.verp`).
In a complaint, whose sender may have been rewritten on the way, the link to leave does so, too: it is a secret of the
recipient, and allows no less. What else names a recipient, such as Original-Rcpt-To, can be made up by anyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from itertools import islice

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource, build_evidence, classify_diagnosis
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.reply_text import decode_reply
from publisher.signing import Purpose
from publisher.verp import find_verp_token

MAX_MAIL_BYTES = 2_000_000
"""A longer email is no report: a report returns the headers of an email, or one of ours."""

_MAX_PARTS, _MAX_RECIPIENTS, _MAX_REPLY_LINES = 5_000, 100, 100
"""A report has a few of each; to read many takes long."""

_MAX_FIELD_LENGTH = 2_000  # characters

_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To", "X-Envelope-To", "To")
"""Where the servers that receive for the address for bounces write whom an email was for."""

_GLOBAL_TYPE = re.compile(rb"message/global-delivery-status", re.IGNORECASE)
"""The type of a report with other addresses (RFC 6533), of the same form, which the parser of Python does not know."""

_COMPLAINTS = ("abuse", "fraud", "opt-out")
"""Types of feedback that are complaints; the others are about viruses and authentication, or take a complaint back:
https://www.iana.org/assignments/marf-parameters"""

_FAILED, _STILL_TRYING = "failed", "delayed"  # RFC 3464, section 2.3.3
_LEAST_HARMFUL_FIRST = [*FeedbackKind]
_LEAST_HARMFUL_FIRST.reverse()
_LEAVE_LINK = lazy_pattern(rf"/{Purpose.LEAVE.value}/([A-Za-z0-9]+)>")
_REPLY_LINE = lazy_pattern(r"(?<![\d.])[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b)?")

Fields = Mapping[str, str]
"""The fields of a report, by name in lower case."""


class ReturnedMail(NamedTuple):
    """What an email reports; `reason` says why that is nothing. `token` is that of its delivery, "" if it has none."""

    feedback: Feedback | None = None
    reason: str = ""
    token: str = ""


def parse_returned_mail(raw: bytes, address: str) -> ReturnedMail:
    """Return what an email reports. Never raises.

    `address` is the one for bounces, without a token. An automatic reply is returned as one; it has no effect.
    """
    if len(raw) > MAX_MAIL_BYTES:
        return ReturnedMail(reason=f"it has more than {MAX_MAIL_BYTES:,} bytes")
    if raw.count(b"\n--") > _MAX_PARTS:
        return ReturnedMail(reason=f"it has more than {_MAX_PARTS:,} parts")
    try:
        mail = message_from_bytes(_GLOBAL_TYPE.sub(b"message/delivery-status", raw))
        parts = list(mail.walk())
        token = _find_token(mail, parts, address)
        return _parse(mail, parts, token)._replace(token=token)
    except (
        MessageError,
        RecursionError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # parts nested in parts …
        return ReturnedMail(reason=f"it cannot be read: {type(error).__name__}")


def _parse(mail: Message, parts: Sequence[Message], token: str) -> ReturnedMail:
    types = {part.get_content_type(): part for part in reversed(parts)}
    if report := types.get("message/feedback-report"):
        return _parse_complaint(_read_blocks(report), token, "" if token else _find_leave_token(parts))
    if status := types.get("message/delivery-status"):
        return _parse_status(_read_blocks(status)[1:], token)
    if not token:
        return ReturnedMail(reason="its recipient is none of the senders of a delivery")
    if _is_automatic_reply(mail):
        return ReturnedMail(Feedback(FeedbackKind.AUTO_REPLY, FeedbackSource.EMAIL, token=token))
    if _get(mail, "Return-Path").strip() == "<>" or _get(mail, "From").lower().startswith(("mailer-daemon", "<mailer")):
        return _parse_unstructured(parts, token)
    return ReturnedMail(reason="it is neither a bounce nor a complaint")


def _get(mail: Message, name: str) -> str:
    """Return a header as text, "" if it is not there."""
    return str(mail.get(name, ""))


def _find_token(mail: Message, parts: Sequence[Message], address: str) -> str:
    """Return the token of the envelope sender that an email was returned to, or that the report names."""
    recipients = [str(value) for name in _RECIPIENT_HEADERS for value in mail.get_all(name, [])]
    returned = [_get(part, "Return-Path") for part in parts[1:]]
    for text in (*recipients, *returned):
        if token := find_verp_token(text, address):
            return token
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            for fields in _read_blocks(part):
                if token := find_verp_token(fields.get("original-mail-from", ""), address):
                    return token
    return ""


def _find_leave_token(parts: Sequence[Message]) -> str:
    """Return the token of the link to leave in the header of the email that a report returns, whole or its header."""
    for part in parts[1:]:
        header = part
        if part.get_content_type() == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            header = message_from_bytes(payload if isinstance(payload, bytes) else b"")
        if found := _LEAVE_LINK.search(_get(header, "List-Unsubscribe")):
            return found[1]
    return ""


def _read_blocks(part: Message) -> list[Fields]:
    """Return the fields of a report: a block about the email, then one about each recipient."""
    blocks = part.get_payload()
    return [
        {name.lower(): _decode_field(str(value)) for name, value in block.raw_items()}
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, Message)
    ]


def _decode_field(value: str) -> str:
    return decode_reply(value[:_MAX_FIELD_LENGTH].encode("ascii", "surrogateescape"))


# ----------------------------------------------------------------- complaints


def _parse_complaint(blocks: Sequence[Fields], token: str, leave_token: str) -> ReturnedMail:
    fields = blocks[0] if blocks else {}
    kind = fields.get("feedback-type", "").strip().lower()
    if kind not in _COMPLAINTS:
        return ReturnedMail(reason=f"a report of the type {kind or 'unknown'} is no complaint")
    if not (token or leave_token):
        return ReturnedMail(reason="it does not say which delivery the complaint is about")
    evidence = build_evidence(kind, fields.get("user-agent", ""))
    complaint = Feedback(FeedbackKind.COMPLAINT, FeedbackSource.EMAIL, True, evidence, token, leave_token=leave_token)
    return ReturnedMail(complaint)


# -------------------------------------------------------------------- bounces


def _parse_status(recipients: Sequence[Fields], token: str) -> ReturnedMail:
    """The delivery had one recipient; several are those of an alias, which is not gone while one of them gets mail."""
    actions = [fields.get("action", "").strip().lower() for fields in recipients]
    if not token:
        return ReturnedMail(reason="its recipient is none of the senders of a delivery")
    if len(actions) > _MAX_RECIPIENTS:
        return ReturnedMail(reason=f"it is about more than {_MAX_RECIPIENTS} recipients")
    if not actions or any(action != _FAILED for action in actions):
        tries_again = _STILL_TRYING in actions
        return ReturnedMail(reason="the server tries again" if tries_again else "it does not report a failure")
    failures = [_read_failure(fields, token) for fields in recipients]
    return ReturnedMail(min(failures, key=lambda one: (_LEAST_HARMFUL_FIRST.index(one.kind), one.is_final)))


def _read_failure(fields: Fields, token: str) -> Feedback:
    diagnosis, status = fields.get("diagnostic-code", ""), fields.get("status", "")
    _, separator, reply = diagnosis.partition(";")
    text = reply if separator else diagnosis
    kind, is_permanent = classify_diagnosis(text, status)
    return Feedback(kind, FeedbackSource.EMAIL, is_permanent, build_evidence(text or status), token)


def _parse_unstructured(parts: Sequence[Message], token: str) -> ReturnedMail:
    """A returned email without a report says in its text what a server replied."""
    for line in islice(_list_reply_lines(parts), _MAX_REPLY_LINES):
        kind, is_permanent = classify_diagnosis(line)
        if kind is not FeedbackKind.UNKNOWN:
            return ReturnedMail(Feedback(kind, FeedbackSource.EMAIL, is_permanent, build_evidence(line), token))
    return ReturnedMail(Feedback(FeedbackKind.UNKNOWN, FeedbackSource.EMAIL, token=token))


def _list_reply_lines(parts: Sequence[Message]) -> Iterator[str]:
    """Yield the replies in the first text of an email, each from its code on, before the email that it returns."""
    for part in parts:
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            for line in text.partition("\nReturn-Path:")[0].splitlines():
                if found := _REPLY_LINE.search(line):
                    yield line[found.start() :][:_MAX_FIELD_LENGTH]
            return


def _is_automatic_reply(mail: Message) -> bool:
    """Whether a program answered for a person, who is away (RFC 3834, section 5), or for a server that asks back."""
    submitted = _get(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    precedence = _get(mail, "Precedence").strip().lower()
    markers = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
    return submitted == "auto-replied" or precedence == "auto_reply" or any(marker in mail for marker in markers)
