"""What bounces and complaints do to the list, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource
from publisher.bounces.webhook import WebhookReport
from publisher.errors import RefusalKind
from publisher.ledger.bounces import select_bounces
from publisher.ledger.meta import rename_newsletter
from publisher.mail_address import Mailbox
from publisher.signing import Purpose
from publisher.subscribers.models import ConsentEvent, Origin, SubscriberState
from tests.bounces.mailing import LIN, NEWSLETTER, XI, ZHOU, Mailing, Refusal

NO_RECIPIENT, FULL, LATER = FeedbackKind.NO_RECIPIENT, FeedbackKind.MAILBOX_FULL, FeedbackKind.LATER
CONFIRMED, GONE, COMPLAINED = SubscriberState.CONFIRMED, SubscriberState.GONE, SubscriberState.COMPLAINED
UNKNOWN_USER = Refusal(RefusalKind.NO_RECIPIENT)
FULL_NOW = Refusal(RefusalKind.MAILBOX_FULL, False, "452 4.2.2 Mailbox full")
UNAUTHENTICATED = Refusal(RefusalKind.SENDER, False, "550 5.7.26 unauthenticated")
NOTHING_COUNTS = (FeedbackKind.SENDER, FeedbackKind.CONTENT, FeedbackKind.UNKNOWN, FeedbackKind.AUTO_REPLY)


def kinds(mailing: Mailing, key: str, newsletter: str = NEWSLETTER) -> list[tuple[str, str]]:
    with mailing.ledger.transaction() as tx:
        return [(row.source, row.kind) for row in select_bounces(tx, newsletter, key)]


def webhook(kind: FeedbackKind, address: str, at: dt.datetime | None = None) -> Feedback:
    return Feedback(kind, FeedbackSource.WEBHOOK, True, "it says so", address=address, at=at)


def test_a_complaint_takes_effect_at_once(mailing: Mailing) -> None:
    mailing.subscribe(LIN, XI)
    mailing.send("1")
    effect = mailing.report(LIN, "1", FeedbackKind.COMPLAINT)
    assert effect is not None
    assert (effect.key, effect.state) == (LIN, COMPLAINED)
    assert mailing.send("2") == [XI]
    record = mailing.subscribers.load_consents(LIN)[-1]
    assert (record.event, record.via, record.text) == (ConsentEvent.COMPLAINED, "email", "it says complaint")


@pytest.mark.parametrize("purpose", Purpose)
def test_a_complaint_is_known_by_the_link_to_leave_and_by_no_other_token(mailing: Mailing, purpose: Purpose) -> None:
    mailing.subscribe(LIN, XI)
    subscriber = mailing.subscribers.find(LIN)
    assert subscriber
    token = mailing.subscribers.keys.sign(purpose, subscriber.tag)
    feedback = Feedback(FeedbackKind.COMPLAINT, FeedbackSource.EMAIL, True, "abuse", leave_token=token)
    effect = mailing.recorder.record(feedback, mailing.now)
    if purpose is Purpose.LEAVE:
        assert effect
        assert (effect.key, mailing.state(LIN), mailing.state(XI)) == (LIN, COMPLAINED, CONFIRMED)
    else:
        assert (effect, mailing.state(LIN)) == (None, CONFIRMED)


def test_a_mailbox_that_does_not_exist_is_out_after_one_bounce(mailing: Mailing) -> None:
    mailing.subscribe(LIN, XI)
    mailing.send("1")
    mailing.report(LIN, "1", NO_RECIPIENT)
    assert (mailing.state(LIN), mailing.state(XI)) == (GONE, CONFIRMED)
    assert mailing.send("2") == [XI]
    assert mailing.subscribers.load_consents(LIN)[-1].text == "it says no recipient"


def test_a_complaint_about_the_confirmation_ends_them(mailing: Mailing) -> None:
    asked = mailing.subscribers.ask(Mailbox("", LIN), Origin(mailing.now, "form"))
    assert asked.send_confirmation
    effect = mailing.recorder.record(webhook(FeedbackKind.COMPLAINT, LIN), mailing.now)
    assert effect is not None
    assert effect.state is COMPLAINED
    mailing.wait(2)
    assert not mailing.subscribers.ask(Mailbox("", LIN), Origin(mailing.now, "form")).send_confirmation


def test_a_reply_has_to_refuse_two_issues(mailing: Mailing) -> None:
    mailing.subscribe(LIN, XI)
    mailing.send("1", {LIN: UNKNOWN_USER})
    assert mailing.recorder.review_replies(mailing.now) == []
    mailing.wait(7)
    mailing.send("2", {LIN: UNKNOWN_USER})
    [effect] = mailing.recorder.review_replies(mailing.now)
    assert (effect.key, effect.state) == (LIN, GONE)
    assert mailing.state(XI) is CONFIRMED
    text = mailing.subscribers.load_consents(LIN)[-1].text
    assert text == "2 issues: was refused: 550 5.1.1 User unknown"
    assert mailing.recorder.review_replies(mailing.now) == []


def test_an_issue_that_arrives_in_between_begins_again(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    for issue, refusals in (("1", {LIN: UNKNOWN_USER}), ("2", {}), ("3", {LIN: UNKNOWN_USER})):
        mailing.send(issue, refusals)
        mailing.wait(7)
    assert mailing.recorder.review_replies(mailing.now) == []


def test_a_refusal_is_forgotten_when_a_retry_arrives(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    mailing.send("1", {LIN: FULL_NOW})
    assert kinds(mailing, LIN) == [("reply", "mailbox full")]
    mailing.wait(1)
    assert mailing.send("1") == [LIN]
    assert kinds(mailing, LIN) == []


def test_a_full_mailbox_is_out_after_five_issues_and_sixty_days(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    for number in range(9):
        mailing.send(str(number), {LIN: FULL_NOW})
        assert mailing.recorder.review_replies(mailing.now) == []
        assert kinds(mailing, LIN) == [("reply", "mailbox full")] * (number + 1)
        mailing.wait(7)
    mailing.send("9", {LIN: FULL_NOW})
    [effect] = mailing.recorder.review_replies(mailing.now)
    assert (effect.key, effect.state) == (LIN, GONE)


def test_bounces_and_replies_count_together(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    for number in range(5):
        mailing.send(str(number), {LIN: FULL_NOW} if number % 2 else {})
        if number % 2 == 0:
            mailing.report(LIN, str(number), FULL, final=False)
        mailing.wait(16)
    assert mailing.state(LIN) is GONE


def test_what_is_about_us_never_counts(mailing: Mailing) -> None:
    mailing.subscribe(LIN, XI)
    for number in range(30):
        mailing.send(str(number), {XI: Refusal(RefusalKind.CONTENT), ZHOU: UNAUTHENTICATED})
        for kind in NOTHING_COUNTS:
            mailing.report(LIN, str(number), kind)
        mailing.wait(30)
    assert mailing.recorder.review_replies(mailing.now) == []
    assert (mailing.state(LIN), mailing.state(XI)) == (CONFIRMED, CONFIRMED)
    assert kinds(mailing, XI) == []


def test_only_a_fresh_confirmation_leads_back_and_begins_again(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    mailing.send("1")
    mailing.report(LIN, "1", NO_RECIPIENT)
    mailing.wait(1)
    mailing.subscribe(LIN)
    assert mailing.state(LIN) is CONFIRMED
    mailing.report(LIN, "1", NO_RECIPIENT)  # it comes once more
    assert mailing.state(LIN) is CONFIRMED
    assert mailing.send("2") == [LIN]
    mailing.report(LIN, "2", NO_RECIPIENT)
    assert mailing.state(LIN) is GONE


def test_the_same_report_twice_counts_once(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    for number in range(2):
        mailing.send(str(number))
        for _ in range(5):
            mailing.report(LIN, str(number), FULL)
        mailing.wait(100)
    assert kinds(mailing, LIN) == [("email", "mailbox full")] * 2
    assert mailing.state(LIN) is CONFIRMED


@pytest.mark.parametrize("token", ["", "x", "a-1", "aaaaaaaaaaaa-1", "aaaaaaaaaaaa-ffffffffffffffff"])
def test_a_token_that_was_made_up_has_no_effect(mailing: Mailing, token: str) -> None:
    mailing.subscribe(LIN)
    mailing.send("1")
    feedback = Feedback(FeedbackKind.COMPLAINT, FeedbackSource.EMAIL, True, "", token)
    assert mailing.recorder.record(feedback, mailing.now) is None
    assert mailing.state(LIN) is CONFIRMED


def test_a_token_is_of_one_delivery(mailing: Mailing) -> None:
    """Neither that of another subscriber, nor of another newsletter in the same ledger."""
    mailing.subscribe(LIN, XI)
    mailing.send("1")
    tag, _, _ = mailing.token(LIN, "1").partition("-")
    _, _, number = mailing.token(XI, "1").partition("-")
    feedback = Feedback(FeedbackKind.COMPLAINT, FeedbackSource.EMAIL, True, "", f"{tag}-{number}")
    assert mailing.recorder.record(feedback, mailing.now) is None
    other = Mailing(mailing.ledger, "tag:other.example,2021:tide")
    other.subscribe(LIN)
    feedback = Feedback(FeedbackKind.COMPLAINT, FeedbackSource.EMAIL, True, "", mailing.token(LIN, "1"))
    assert other.recorder.record(feedback, other.now) is None
    assert (mailing.state(LIN), mailing.state(XI), other.state(LIN)) == (CONFIRMED, CONFIRMED, CONFIRMED)


def test_a_webhook_names_the_address(mailing: Mailing) -> None:
    """The issue is the last one that was sent before."""
    mailing.subscribe(LIN, XI)
    mailing.send("1")
    before = mailing.now
    mailing.wait(7)
    mailing.send("2")
    effect = mailing.recorder.record(webhook(FULL, "Lin@EXAMPLE.net", before), mailing.now)
    assert effect is not None
    assert effect.key == LIN
    with mailing.ledger.transaction() as tx:
        assert [row.issue for row in select_bounces(tx, NEWSLETTER, LIN)] == [f"{NEWSLETTER}/1"]
    mailing.recorder.record(webhook(FeedbackKind.COMPLAINT, XI), mailing.now)
    assert mailing.state(XI) is COMPLAINED
    for address in ("", "nobody", ZHOU):
        assert mailing.recorder.record(webhook(FeedbackKind.COMPLAINT, address), mailing.now) is None


def test_a_webhook_has_an_effect_once(mailing: Mailing) -> None:
    mailing.subscribe(LIN, XI)
    mailing.send("1")
    first = WebhookReport((webhook(FeedbackKind.COMPLAINT, LIN),), "mailgun:1")
    assert len(mailing.recorder.record_webhook(first, mailing.now)) == 1
    again = WebhookReport((webhook(FeedbackKind.COMPLAINT, XI),), "mailgun:1")  # Mailgun signs no event
    assert mailing.recorder.record_webhook(again, mailing.now) == []
    assert mailing.state(XI) is CONFIRMED
    mailing.wait(10)
    mailing.recorder.review_replies(mailing.now)  # forgets old ids: what is so old is not accepted any more
    assert len(mailing.recorder.record_webhook(again, mailing.now)) == 1


def test_bounces_are_renamed_with_the_newsletter_and_forgotten_when_they_are_old(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    mailing.send("1", {LIN: FULL_NOW})
    rename_newsletter(mailing.ledger, NEWSLETTER, "tag:new.example,2026:tide")
    assert kinds(mailing, LIN) == []
    assert len(kinds(mailing, LIN, "tag:new.example,2026:tide")) == 1
    renamed = Mailing(mailing.ledger, "tag:new.example,2026:tide")
    renamed.now = mailing.now
    renamed.wait(401)
    renamed.recorder.review_replies(renamed.now)
    assert kinds(mailing, LIN, "tag:new.example,2026:tide") == []


def test_who_left_stays_out(mailing: Mailing) -> None:
    mailing.subscribe(LIN)
    mailing.send("1")
    mailing.subscribers.leave(LIN, Origin(mailing.now, "link"))
    mailing.report(LIN, "1", FULL)
    assert mailing.state(LIN) is SubscriberState.LEFT
    mailing.report(LIN, "1", FeedbackKind.COMPLAINT)
    assert mailing.state(LIN) is COMPLAINED
