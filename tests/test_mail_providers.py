"""What large providers require of those who send them many emails."""

from __future__ import annotations

import pytest

from publisher.channel import FindingLevel
from publisher.mail_providers import add_up_at_providers, count_at_providers, diagnose_complaints, diagnose_volume

WARNING, ERROR = FindingLevel.WARNING, FindingLevel.ERROR


def test_recipients_are_counted_by_provider() -> None:
    addresses = ["a@gmail.com", "b@googlemail.com", "c@GMAIL.com", "d@yahoo.co.uk", "e@hotmail.fr", "f@outlook.com.br"]
    others = ["g@ferry.net", "h@gmail.com.ferry.net", "i@notgmail.com", "@@", ""]
    assert count_at_providers([*addresses, *others]) == {"Gmail": 3, "Yahoo": 1, "Outlook": 2}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (3_999, None),
        (4_000, "4,000 recipients at Gmail, which will soon treat you as a bulk sender: 5,000 a day"),
        (4_999, "4,999 recipients at Gmail, which will soon treat you as a bulk sender: 5,000 a day"),
        (5_000, "5,000 recipients at Gmail, which treats you as a bulk sender: 5,000 a day"),
    ],
)
def test_bulk_senders_are_warned_before_they_are(number: int, said: str | None) -> None:
    found = [*diagnose_volume({"Gmail": number, "Yahoo": 3})]
    assert [(one.level, one.message) for one in found] == ([(WARNING, said)] if said else [])


def test_numbers_of_domains_are_added_up() -> None:
    assert add_up_at_providers({"gmail.com": 3, "googlemail.com": 4, "ferry.net": 9}) == {"Gmail": 7}


@pytest.mark.parametrize(
    ("sent", "complaints", "level", "rate"),
    [
        (10_000, 9, None, ""),
        (10_000, 10, WARNING, "0.10%"),
        (10_000, 29, WARNING, "0.29%"),
        (10_000, 30, ERROR, "0.30%"),
        (100, 1, None, ""),
        (100, 2, ERROR, "2.00%"),
        (0, 2, ERROR, "100.00%"),
        (10_000, 0, None, ""),
    ],
)
def test_complaints_are_a_warning_before_emails_are_refused(
    sent: int, complaints: int, level: FindingLevel | None, rate: str
) -> None:
    found = [*diagnose_complaints({"Yahoo": sent, "Gmail": 9}, {"Yahoo": complaints}, "28 days")]
    said = f"{complaints} complaints about {sent:,} emails to Yahoo in 28 days: {rate}, and at most 0.3 % is accepted"
    assert [(one.level, one.message) for one in found] == ([(level, said)] if level else [])
