"""Returned emails, as servers write them."""

from __future__ import annotations

BOUNCES = "bounces@news.example"
TOKEN = "k3j9x0q7m2ab"

_DSN = """\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_X"

--=_X
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--=_X
Content-Type: {type}

Reporting-MTA: dns; mx.example
X-Postfix-Queue-ID: 4F1C2A

{recipients}
--=_X
Content-Type: text/rfc822-headers

Return-Path: <{to}>
From: Tide <captain@news.example>
Subject: Issue 12

--=_X--
"""

_RECIPIENT = """\
Final-Recipient: rfc822; lin@example.net
Original-Recipient: rfc822;lin@example.net
Action: {action}
Status: {status}
"""

_COMPLAINT = """\
Return-Path: <fbl@provider.example>
From: <fbl@provider.example>
To: <{to}>
Subject: FW: Issue 12
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=_Y"

--=_Y
Content-Type: text/plain

This is an email abuse report.

--=_Y
Content-Type: message/feedback-report

Feedback-Type: {type}
User-Agent: SomeGenerator/1.0
Version: 1
{fields}
--=_Y
Content-Type: {original}

{returned}From: Tide <captain@news.example>
Subject: Issue 12

The text of the issue.

--=_Y--
"""


def sender(token: str = TOKEN) -> str:
    """The envelope sender of a delivery."""
    return BOUNCES.replace("@", f"+{token}@")


def block(diagnosis: str = "", status: str = "5.0.0", action: str = "failed") -> str:
    """The fields about one recipient."""
    text = _RECIPIENT.format(action=action, status=status)
    return text + (f"Diagnostic-Code: {diagnosis}\n" if diagnosis else "")


def delivery_status(*recipients: str, to: str = sender(), type_: str = "message/delivery-status") -> bytes:
    """A delivery status notification (RFC 3464)."""
    return _DSN.format(to=to, type=type_, recipients="\n".join(recipients)).encode()


def feedback_report(
    type_: str = "abuse",
    to: str = "fbl@news.example",
    mail_from: str = sender(),
    returned: str = "",
    *,
    fields: str = "",
    headers: str = "",
    original: str = "message/rfc822",
) -> bytes:
    """A feedback report (RFC 5965) with further `fields`.

    `returned` is the envelope sender in the email that it has, of the type `original` and with more `headers`.
    """
    fields += f"Original-Mail-From: <{mail_from}>\n" if mail_from else ""
    headers += f"Return-Path: <{returned}>\n" if returned else ""
    return _COMPLAINT.format(to=to, type=type_, fields=fields, returned=headers, original=original).encode()


def plain(text: str, to: str = sender(), headers: str = "Return-Path: <>\n") -> bytes:
    """An email without a report."""
    return f"{headers}From: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: failure notice\n\n{text}".encode()
