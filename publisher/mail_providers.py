"""The large providers of mailboxes, and what they require of those who send them many emails. For `publish doctor`.

A bulk sender sends about 5,000 emails a day to one of them; for Gmail that status is permanent. Sources:
https://support.google.com/a/answer/81126, https://senders.yahooinc.com/best-practices/ and
https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/4399730.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from publisher.channel import Finding, FindingLevel
from publisher.patterns import lazy_pattern

BULK_PER_DAY = 5_000
"""Emails a day to one provider that make a bulk sender."""

NEARLY_BULK_PER_DAY = 4_000
"""From here on `publish doctor` warns: the rules must be met before the limit is reached."""

_HIGH_COMPLAINT_RATE, _MAX_COMPLAINT_RATE = 0.001, 0.003
_MIN_COMPLAINTS = 2
"""One complaint is an accident, whatever the rate that it makes on a small list."""

_DOMAINS = {
    "Gmail": lazy_pattern(r"(?:gmail|googlemail)\.com"),
    "Outlook": lazy_pattern(r"(?:outlook|hotmail|live|msn)\.[a-z]{2,3}(?:\.[a-z]{2})?"),
    "Yahoo": lazy_pattern(r"(?:yahoo\.[a-z]{2,3}(?:\.[a-z]{2})?|ymail\.com|rocketmail\.com|aol\.com)"),
}


def _find_mail_provider(domain: str) -> str:
    """Return the large provider of the mailboxes at a domain, such as Gmail; "" if it is none of them.

    Domains of companies are not known, and do not count for the limits.
    """
    return next((name for name, pattern in _DOMAINS.items() if pattern.fullmatch(domain.lower())), "")


def count_at_providers(addresses: Iterable[str]) -> Counter[str]:
    """Count addresses by the large provider of their mailbox."""
    return add_up_at_providers(Counter(address.rpartition("@")[2] for address in addresses))


def add_up_at_providers(by_domain: Mapping[str, int]) -> Counter[str]:
    """Add up numbers by domain to numbers by large provider."""
    counts: Counter[str] = Counter()
    for domain, number in by_domain.items():
        if provider := _find_mail_provider(domain):
            counts[provider] += number
    return counts


def diagnose_volume(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Warn of providers, by the number of recipients there, for which an issue nearly makes a bulk sender."""
    for provider, number in sorted(counts.items()):
        if number >= NEARLY_BULK_PER_DAY:
            treats = "treats" if number >= BULK_PER_DAY else "will soon treat"
            yield Finding(
                FindingLevel.WARNING,
                f"{number:,} recipients at {provider}, which {treats} you as a bulk sender: {BULK_PER_DAY:,} a day",
                "its rules then apply for good: SPF, DKIM and DMARC, one-click unsubscribe, complaints below 0.3 %",
            )


def diagnose_complaints(sent: Mapping[str, int], complaints: Mapping[str, int], period: str) -> Iterator[Finding]:
    """Check the rate of complaints in a period, by provider: 0.1 % is high, and from 0.3 % on emails are refused.

    `sent` and `complaints` count emails and those that were reported as spam.
    """
    for provider, number in sorted(complaints.items()):
        rate = number / max(sent.get(provider, 0), number, 1)
        if number < _MIN_COMPLAINTS or rate < _HIGH_COMPLAINT_RATE:
            continue
        yield Finding(
            FindingLevel.ERROR if rate >= _MAX_COMPLAINT_RATE else FindingLevel.WARNING,
            f"{number:,} complaints about {sent.get(provider, 0):,} emails to {provider} in {period}: {rate:.2%}, "
            "and at most 0.3 % is accepted",
            "send nothing to people who did not ask for it: publish subscribers why ADDRESS says how they came",
        )
