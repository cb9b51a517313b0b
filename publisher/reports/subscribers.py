"""Reports on the newsletter's own list: how many subscribers there are, and whether it is backed up. Read-only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from publisher.channel import Finding, FindingLevel, MessageChannel
from publisher.errors import ConfigError
from publisher.ledger.subscriber_counts import count_by_domain
from publisher.ledger.subscribers import count_subscribers
from publisher.mail_providers import add_up_at_providers, diagnose_complaints, diagnose_volume
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext
from publisher.subscribers.list_import import require_known_keys
from publisher.subscribers.models import SubscriberState

MAX_BACKUP_AGE = dt.timedelta(days=1)
"""A backup of the list that is older is reported: addresses that were confirmed since would be lost with the disk."""

_COMPLAINT_PERIOD = dt.timedelta(days=28)
"""Over which complaints are counted: long enough for a weekly newsletter to have sent several issues."""


class SubscriberSummary(NamedTuple):
    """Subscribers by state, without those erased, and when the list was last backed up; None: never.

    `is_backed_up_elsewhere`: the database is not a file, so its backups are up to its administrator.
    """

    counts: Mapping[SubscriberState, int]
    last_backup: dt.datetime | None = None
    is_backed_up_elsewhere: bool = False

    def describe(self) -> str:
        """Return the counts in a line: "1,204 subscribers · 3 asked · 37 left"."""
        confirmed = self.counts.get(SubscriberState.CONFIRMED, 0)
        parts = ["1 subscriber" if confirmed == 1 else f"{confirmed:,} subscribers"]
        for state in SubscriberState:
            if state is not SubscriberState.CONFIRMED and (count := self.counts.get(state, 0)):
                parts.append(f"{count:,} {state.value}")
        return " · ".join(parts)

    def find_backup_problem(self, now: dt.datetime) -> str:
        """Return what is wrong with the backup of the list, "" if nothing is."""
        if self.is_backed_up_elsewhere or not self.counts:
            return ""
        if self.last_backup is None:
            return "the list of subscribers has no backup yet"
        age = now - self.last_backup
        if age <= MAX_BACKUP_AGE:
            return ""
        days = age.days
        return f"the last backup of the list of subscribers is {days} day{'s' if days > 1 else ''} old"


BACKUP_HINT = "publish daemon or publish tick writes one each day, and so does publish when it sends"


def summarize_subscribers(run: RunContext) -> SubscriberSummary | None:
    """Return what is known of the list; None without [subscribers]. Raises StorageError."""
    if run.config.subscribers is None:
        return None
    if not run.has_ledger:
        return SubscriberSummary({})
    with run.ledger.transaction() as tx:
        counts = count_subscribers(tx, run.config.newsletter.id)
    by_state = {state: counts[state.value] for state in SubscriberState if state.value in counts}
    return SubscriberSummary(by_state, run.ledger.find_backup_time(), bool(run.config.ledger))


def diagnose_subscribers(run: RunContext) -> Iterator[Finding]:
    """Check the list, its keys and its backup. Raises ConfigError for a key that cannot be read, and StorageError."""
    summary, settings = summarize_subscribers(run), run.config.subscribers
    if summary is None or settings is None:
        return
    settings.load_keys()
    if subscribers := run.subscribers if run.has_ledger else None:
        try:
            require_known_keys(subscribers)
        except ConfigError as error:
            yield Finding(FindingLevel.ERROR, error.message, error.hint)
    if summary.counts.get(SubscriberState.CONFIRMED):
        yield Finding(FindingLevel.OK, summary.describe())
    else:
        hint = f"publish subscribers import FILE; people subscribe at {settings.url}"
        yield Finding(FindingLevel.WARNING, summary.describe(), hint)
    if problem := summary.find_backup_problem(run.clock.time()):
        yield Finding(FindingLevel.WARNING, problem, BACKUP_HINT)


def diagnose_mail_volume(run: RunContext, channel: MessageChannel) -> Iterator[Finding]:
    """Report providers that treat the newsletter as a bulk sender, and rates of complaints that are too high.

    For a channel whose recipients are the subscribers in the ledger; for others, and without a ledger, nothing.
    """
    if not (channel.subscribers_of and run.has_ledger):
        return
    counts = count_by_domain(run.ledger, channel.subscribers_of, channel.name, run.clock.time() - _COMPLAINT_PERIOD)
    subscribers, sent, complaints = map(add_up_at_providers, counts)
    yield from diagnose_volume(subscribers)
    yield from diagnose_complaints(sent, complaints, f"{_COMPLAINT_PERIOD.days} days")
    total, all_sent = sum(counts.complaints.values()), sum(counts.sent.values())
    if all_sent:
        said = f"{total:,} of {all_sent:,} emails to subscribers were reported as spam in {_COMPLAINT_PERIOD.days} days"
        yield Finding(FindingLevel.OK, said)
