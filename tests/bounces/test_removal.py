"""Who is taken off the list because of bounces, and who is not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.bounces.models import FeedbackKind, FeedbackSource
from publisher.bounces.removal import Bounce, SentIssue, find_removal_reason

START = dt.datetime(2026, 1, 4, tzinfo=dt.UTC)
NO_RECIPIENT, FULL, LATER = FeedbackKind.NO_RECIPIENT, FeedbackKind.MAILBOX_FULL, FeedbackKind.LATER
SENDER, CONTENT, UNKNOWN = FeedbackKind.SENDER, FeedbackKind.CONTENT, FeedbackKind.UNKNOWN
REPLY, EMAIL, WEBHOOK = FeedbackSource.REPLY, FeedbackSource.EMAIL, FeedbackSource.WEBHOOK


def sent(count: int, days: int = 7) -> list[SentIssue]:
    return [SentIssue(str(number), START + dt.timedelta(days=number * days)) for number in range(count)]


def bounced(kind: FeedbackKind, *issues: int, source: FeedbackSource = EMAIL, final: bool = True) -> list[Bounce]:
    return [Bounce(str(issue), source, kind, final, kind.value) for issue in issues]


@pytest.mark.parametrize("source", [EMAIL, WEBHOOK])
def test_one_report_that_there_is_no_mailbox_is_enough(source: FeedbackSource) -> None:
    assert find_removal_reason(bounced(NO_RECIPIENT, 0, source=source), sent(1)) == "no recipient"
    assert find_removal_reason(bounced(NO_RECIPIENT, 0, source=source), []) == "no recipient"
    assert not find_removal_reason(bounced(NO_RECIPIENT, 0, source=source, final=False), sent(1))


def test_replies_have_to_refuse_two_issues_in_a_row() -> None:
    def reason(*issues: int, final: bool = True) -> str:
        return find_removal_reason(bounced(NO_RECIPIENT, *issues, source=REPLY, final=final), sent(4))

    assert not reason(0)
    assert not reason(3)
    assert reason(0, 1) == reason(2, 3) == "2 issues: no recipient"
    assert not reason(0, 2)  # the one in between arrived
    assert not reason(0, 1, final=False)


@pytest.mark.parametrize("kind", [FULL, LATER])
@pytest.mark.parametrize("source", [REPLY, EMAIL])
@pytest.mark.parametrize(
    ("count", "days", "is_removed"), [(5, 15, True), (4, 30, False), (5, 14, False), (9, 7, False), (10, 7, True)]
)
def test_a_full_mailbox_has_five_issues_and_sixty_days(
    kind: FeedbackKind, source: FeedbackSource, count: int, days: int, is_removed: bool
) -> None:
    reason = find_removal_reason(bounced(kind, *range(count), source=source, final=False), sent(count, days))
    assert bool(reason) == is_removed
    assert reason == (f"{count} issues in {(count - 1) * days} days: {kind.value}" if is_removed else "")


def test_an_issue_that_arrived_begins_the_count_again() -> None:
    assert not find_removal_reason(bounced(FULL, 0, 1, 2, 4, 5), sent(6, 30))
    assert find_removal_reason(bounced(FULL, 0, 2, 3, 4, 5, 6), sent(7, 30))


def test_issues_whose_bounce_may_still_come_are_no_success() -> None:
    assert find_removal_reason(bounced(FULL, 0, 1, 2, 3, 4), sent(20, 30))


def test_other_refusals_in_between_count_neither_way() -> None:
    refused = [*bounced(FULL, 0, 1, 3, 4, 5), *bounced(CONTENT, 2)]
    assert find_removal_reason(refused, sent(6, 30)).startswith("5 issues")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from([SENDER, CONTENT, UNKNOWN]), st.sampled_from(FeedbackSource))
    ),
    st.integers(0, 40),
)
def test_what_is_about_the_sender_or_the_content_never_removes(
    reports: list[tuple[int, FeedbackKind, FeedbackSource]], count: int
) -> None:
    bounces = [one for issue, kind, source in reports for one in bounced(kind, issue, source=source)]
    assert not find_removal_reason(bounces, sent(count, 30))
