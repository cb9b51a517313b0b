"""What an email that was returned reports: whose delivery, what about, and for good or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource
from publisher.bounces.returned_mail import MAX_MAIL_BYTES, ReturnedMail, parse_returned_mail
from publisher.errors import RefusalKind
from tests.bounces.mails import BOUNCES, TOKEN, block, delivery_status, feedback_report, plain, sender
from tests.channels.email.test_replies import REPLIES

NO_RECIPIENT, FULL, LATER = FeedbackKind.NO_RECIPIENT, FeedbackKind.MAILBOX_FULL, FeedbackKind.LATER
SENDER, CONTENT, UNKNOWN = FeedbackKind.SENDER, FeedbackKind.CONTENT, FeedbackKind.UNKNOWN


def read(raw: bytes) -> ReturnedMail:
    return parse_returned_mail(raw, BOUNCES)


def report(raw: bytes) -> Feedback:
    feedback = read(raw).feedback
    assert feedback is not None
    return feedback


def about(raw: bytes) -> tuple[FeedbackKind, bool]:
    feedback = report(raw)
    assert feedback.token == TOKEN
    assert feedback.source is FeedbackSource.EMAIL
    return feedback.kind, feedback.is_final


@pytest.mark.parametrize(("reply", "kind"), REPLIES.values(), ids=REPLIES.keys())
def test_a_reply_means_the_same_in_a_bounce(reply: str, kind: RefusalKind) -> None:
    """A server on the way writes the reply into the Diagnostic-Code, folded, with codes only where they differ."""
    folded = reply.replace("\n", "\n    ")
    assert about(delivery_status(block(f"smtp; {folded}", ""))) == (FeedbackKind(kind.value), reply[0] == "5")


@pytest.mark.parametrize(
    ("diagnosis", "status", "kind", "is_final"),
    [
        ("smtp; 550 5.1.1 <lin@example.net>... User unknown", "5.1.1", NO_RECIPIENT, True),
        ("X-Postfix; User unknown", "5.1.1", NO_RECIPIENT, True),
        ("", "5.1.1", NO_RECIPIENT, True),
        ("", "5.1.1 (bad destination mailbox address)", NO_RECIPIENT, True),
        ("smtp; 550 Requested action not taken", "5.1.10", NO_RECIPIENT, True),
        ("X-Postfix; delivery temporarily suspended: Host or domain name not found", "4.4.3", NO_RECIPIENT, False),
        ("smtp; 552 5.2.2 Mailbox full", "5.2.2", FULL, True),
        ("smtp; 452 4.2.2 over quota", "4.2.2", FULL, False),
        ("X-Postfix; connect to mx.example[192.0.2.7]:25: Connection timed out", "4.4.1", LATER, False),
        ("smtp; 550-5.7.26 This mail has been blocked because the sender is unauthenticated", "5.7.26", SENDER, True),
        ("smtp; 554 5.7.1 Message rejected as spam", "5.7.1", CONTENT, True),
        ("smtp; 550 5.0.0 Something else", "5.0.0", UNKNOWN, True),
        ("", "", UNKNOWN, True),
    ],
)
def test_bounces(diagnosis: str, status: str, kind: FeedbackKind, is_final: bool) -> None:
    assert about(delivery_status(block(diagnosis, status))) == (kind, is_final)


def test_internationalized_addresses_have_a_report_of_another_type() -> None:
    mail = delivery_status(block("smtp; 550 5.1.1 unknown", "5.1.1"), type_="message/global-delivery-status")
    assert about(mail) == (NO_RECIPIENT, True)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_what_is_no_failure_reports_nothing(action: str) -> None:
    found = read(delivery_status(block("smtp; 550 5.1.1 User unknown", "5.1.1", action)))
    assert found.feedback is None
    assert found.reason


def test_an_alias_is_not_gone_while_one_of_its_recipients_gets_mail() -> None:
    gone, there = block("smtp; 550 5.1.1 User unknown", "5.1.1"), block("", "2.0.0", "relayed")
    assert read(delivery_status(gone, there)).feedback is None
    full = block("smtp; 452 4.2.2 Mailbox full", "4.2.2")
    assert about(delivery_status(gone, full)) == (FULL, False)
    assert about(delivery_status(full, gone)) == (FULL, False)


@pytest.mark.parametrize(
    "to",
    [
        "lin@example.net",
        "bounces@news.example",
        f"bounces+{TOKEN}@news.example.org",
        f"bounces+{TOKEN}@evil.example",
        f"xbounces+{TOKEN}@news.example",
        "bounces+@news.example",
        "bounces+a b@news.example",
    ],
)
def test_what_names_no_delivery_has_no_effect(to: str) -> None:
    """Original-Recipient may be an alias, and anyone can write a bounce."""
    assert read(delivery_status(block("smtp; 550 5.1.1 User unknown", "5.1.1"), to=to)).feedback is None
    assert read(plain("550 5.1.1 User unknown", to=to)).feedback is None


def test_the_case_of_an_address_may_change_on_the_way() -> None:
    assert about(delivery_status(block("", "5.1.1"), to=sender().upper())) == (NO_RECIPIENT, True)


def test_the_evidence_has_no_address() -> None:
    found = report(delivery_status(block("smtp; 550 5.1.1 <lin@example.net> unknown (lin@example.net)", "5.1.1")))
    assert found.evidence == "550 5.1.1 unknown ()"
    long = report(delivery_status(block("smtp; 550 5.1.1 " + "unknown " * 100, "5.1.1")))
    assert len(long.evidence) == 300


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out", "Abuse"])
def test_complaints(kind: str) -> None:
    assert about(feedback_report(kind)) == (FeedbackKind.COMPLAINT, True)


def test_a_complaint_may_name_the_delivery_in_the_email_that_it_returns() -> None:
    assert about(feedback_report(mail_from="", returned=sender())) == (FeedbackKind.COMPLAINT, True)
    assert read(feedback_report(mail_from="", returned="")).reason == (
        "it does not say which delivery the complaint is about"
    )


@pytest.mark.parametrize("original", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize("mailto", ["", " <mailto:x@news.example>,"])
def test_a_complaint_may_have_no_more_than_the_link_to_leave(original: str, mailto: str) -> None:
    link = f"List-Unsubscribe:{mailto}\n <https://news.example/list/leave/{'k' * 30}>\n"
    feedback = report(feedback_report(mail_from="", headers=link, original=original))
    assert (feedback.kind, feedback.token, feedback.leave_token) == (FeedbackKind.COMPLAINT, "", "k" * 30)


def test_a_complaint_that_only_names_a_recipient_is_not_believed() -> None:
    """Anyone can write one, about anyone."""
    fields = "Original-Rcpt-To: lin@example.net\nRemoval-Recipient: lin@example.net\n"
    assert read(feedback_report(mail_from="", fields=fields)).feedback is None


@pytest.mark.parametrize("kind", ["not-spam", "virus", "auth-failure", "other", ""])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    assert read(feedback_report(kind)).feedback is None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied; owner-email=x",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Auto-Response-Suppress: All",
    ],
)
def test_automatic_replies(header: str) -> None:
    mail = plain("I am away: 550 5.1.1 user unknown", headers=f"Return-Path: <lin@example.net>\n{header}\n")
    assert report(mail).kind is FeedbackKind.AUTO_REPLY


@pytest.mark.parametrize(
    ("text", "kind", "is_final"),
    [
        (
            "Hi. This is the qmail-send program.\n\n<lin@example.net>:\n550 5.1.1 No such user here\n",
            NO_RECIPIENT,
            True,
        ),
        (
            "A message that you sent could not be delivered.\n\n  lin@example.net\n"
            "    host mx.example [192.0.2.7]\n    SMTP error from remote mail server after RCPT TO:<lin@example.net>:\n"
            "    552 5.2.2 Mailbox is full\n",
            FULL,
            True,
        ),
        ("It failed.\n\nReturn-Path: <x>\n550 5.1.1 No such user here\n", UNKNOWN, False),
        ("It failed.", UNKNOWN, False),
        ("550 Something else\n" * 100 + "550 5.1.1 No such user here\n", UNKNOWN, False),
    ],
)
def test_bounces_without_a_report(text: str, kind: FeedbackKind, is_final: bool) -> None:
    assert about(plain(text)) == (kind, is_final)


def test_a_person_writes_to_the_address_for_bounces() -> None:
    mail = plain("550 5.1.1 user unknown", headers="Return-Path: <lin@example.net>\n").replace(b"MAILER-DAEMON", b"lin")
    assert read(mail).feedback is None


def test_what_is_too_long_or_nested_is_not_read() -> None:
    assert "bytes" in read(b"x" * (MAX_MAIL_BYTES + 1)).reason
    assert "parts" in read(plain("--x\n" * 5_001)).reason
    assert "recipients" in read(delivery_status(*[block("smtp; 550 5.1.1 User unknown")] * 101)).reason
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(20_000))
    assert read(b"From: x\n" + nested).feedback is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 1500), st.integers(0, 60))
def test_damage_raises_nothing(noise: bytes, place: int, cut: int) -> None:
    for mail in (delivery_status(block("smtp; 550 5.1.1 User unknown", "5.1.1")), feedback_report(), noise):
        damaged = mail[:place] + noise + mail[place + cut :]
        found = read(damaged)
        assert bool(found.feedback) != bool(found.reason)
