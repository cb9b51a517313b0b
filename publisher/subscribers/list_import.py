"""Imports entries into the list: new addresses are added, and no one comes back who left, complained or was erased."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.errors import ConfigError
from publisher.ledger.models import format_utc
from publisher.ledger.subscribers import (
    SubscriberRow,
    insert_consents,
    insert_subscribers,
    select_sample_hashes,
    select_subscribers,
    select_suppressions,
)
from publisher.mail_address import normalize_address
from publisher.subscribers.models import ConsentEvent, ImportEntry, ImportOutcome, Origin
from publisher.subscribers.subscriber_list import SubscriberList, build_consent_row


def import_entries(
    subscribers: SubscriberList, entries: Sequence[ImportEntry], origin: Origin, *, dry_run: bool
) -> list[ImportOutcome]:
    """Add the entries whose address is new, all of them or none. Return the outcome of each entry.

    A known subscriber keeps their state, whatever the entry says: only a confirmation that was asked for changes it.
    The `text` of the origin is what they agreed to. A dry run changes nothing. Raises ConfigError as
    `require_known_keys`.
    """
    require_known_keys(subscribers)
    newsletter, keys = subscribers.newsletter, subscribers.keys
    by_key = [(normalize_address(entry.address), entry) for entry in entries]
    names = {name: key for key, _ in by_key for name in keys.list_suppression_names(newsletter, key)}
    with subscribers.ledger.transaction() as tx:
        rows = select_subscribers(tx, newsletter, {key for key, _ in by_key})
        suppressed = {names[name]: reason for name, reason in select_suppressions(tx, newsletter, names).items()}
        outcomes, new = [], dict[str, SubscriberRow]()
        for key, entry in by_key:
            if key in new:
                outcome = ImportOutcome.REPEATED
            elif key in rows:
                outcome = ImportOutcome(rows[key].state)
            elif key in suppressed:
                outcome = ImportOutcome(suppressed[key])
            else:
                outcome = ImportOutcome.NEW
                new[key] = _build_row(entry, key, keys.make_tag(newsletter, key), origin)
            outcomes.append(outcome)
        if not dry_run:
            subscribers.ledger.note_change()
            insert_subscribers(tx, newsletter, [*new.values()])
            record = origin.record(ConsentEvent.IMPORTED)
            insert_consents(tx, newsletter, [build_consent_row(key, record) for key in new])
    return outcomes


def require_known_keys(subscribers: SubscriberList) -> None:
    """Raise ConfigError if an address was suppressed with a key that is not known: it would not be recognised."""
    with subscribers.ledger.transaction() as tx:
        names = select_sample_hashes(tx, subscribers.newsletter)
    if not all(map(subscribers.keys.knows, names)):
        raise ConfigError(
            "addresses that must stay out were hashed with a key of [subscribers] that is not set any more",
            'add the reference to that secret: old_keys = ["…"]',
        )


def _build_row(entry: ImportEntry, key: str, tag: str, origin: Origin) -> SubscriberRow:
    until = format_utc(entry.paused_until) if entry.paused_until else ""
    since = format_utc(entry.since or origin.at)
    return SubscriberRow(key, entry.address, entry.name, entry.state.value, since, tag, paused_until=until)
