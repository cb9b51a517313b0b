"""The list of a newsletter's subscribers. Every method is one transaction, and writes its consent record there.

A method that finds nothing to do returns False or None and changes nothing, so that a link may be followed twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

from publisher.ledger import Ledger
from publisher.ledger.database import Transaction
from publisher.ledger.erasure import ErasedName, restore_recipient
from publisher.ledger.models import format_utc, parse_utc
from publisher.ledger.subscriber_recipients import drop_deliveries, unlist_deliveries
from publisher.ledger.subscribers import (
    ConsentRow,
    SubscriberRow,
    count_subscribers,
    count_suppressions,
    delete_subscriber,
    delete_suppressions,
    insert_consents,
    insert_subscribers,
    insert_suppression,
    list_subscribers,
    lock_subscriber,
    select_consents,
    select_expired,
    select_pauses_over,
    select_subscriber,
    select_suppressions,
    update_subscriber,
)
from publisher.mail_address import Mailbox, normalize_address
from publisher.signing import SigningKeys
from publisher.subscribers.models import (
    STATES_OUTSIDE,
    TRANSITIONS,
    Asked,
    ConsentEvent,
    ConsentRecord,
    Origin,
    Subscriber,
    SubscriberState,
    SuppressionReason,
)

CONFIRMATION_PERIOD = dt.timedelta(days=7)
"""How long a confirmation can be given after it was asked for; then an address that was not confirmed is deleted."""


class SubscriberList:
    """The list of a newsletter (by its id). Subscribers are named by their key, the normalized address."""

    def __init__(self, ledger: Ledger, newsletter: str, keys: SigningKeys) -> None:
        self.ledger = ledger
        self.newsletter = newsletter
        self.keys = keys

    # -------------------------------------------------------------------- queries

    def find(self, key: str) -> Subscriber | None:
        """Return the subscriber with this key. One who was erased is not found: see `find_suppression`."""
        with self.ledger.transaction() as tx:
            row = select_subscriber(tx, self.newsletter, key=key)
        return _build_subscriber(row) if row else None

    def find_by_tag(self, tag: str) -> Subscriber | None:
        """Return the subscriber who has, or had, this tag.

        One who was deleted and came back after the key was changed has a new tag; links in earlier emails have the old.
        """
        with self.ledger.transaction() as tx:
            row = select_subscriber(tx, self.newsletter, tag=tag)
        if row:
            return _build_subscriber(row)
        if not (tag and self.keys.old):
            return None
        names = self.keys.list_suppression_names
        return next((one for one in self.iterate() if tag in names(self.newsletter, one.key)), None)

    def find_suppression(self, key: str) -> SuppressionReason | None:
        """Return why an address is suppressed; None if it is not."""
        with self.ledger.transaction() as tx:
            return self._get_suppression(tx, key)

    def load_consents(self, key: str) -> list[ConsentRecord]:
        """Return the consent records of a subscriber, oldest first."""
        with self.ledger.transaction() as tx:
            rows = select_consents(tx, self.newsletter, key)
        return [
            ConsentRecord(ConsentEvent(row.event), parse_utc(row.at), row.via, row.text, row.network) for row in rows
        ]

    def iterate(self, *states: SubscriberState) -> Iterator[Subscriber]:
        """Yield the subscribers in one of these states, by default all, in the order of their keys."""
        names, last = [state.value for state in states], ""
        while True:
            with self.ledger.transaction() as tx:
                rows = list_subscribers(tx, self.newsletter, names, last)
            if not rows:
                return
            yield from map(_build_subscriber, rows)
            last = rows[-1].key

    def count(self) -> Mapping[SubscriberState, int]:
        """Return how many subscribers there are by state; erased ones are those that are suppressed for it."""
        with self.ledger.transaction() as tx:
            by_state = count_subscribers(tx, self.newsletter)
            erased = count_suppressions(tx, self.newsletter).get(SuppressionReason.ERASED.value, 0)
        return {state: by_state.get(state.value, 0) for state in SubscriberState} | {SubscriberState.ERASED: erased}

    # ------------------------------------------------------------ joining the list

    def ask(self, mailbox: Mailbox, origin: Origin, *, lift_refusal: bool = False) -> Asked:
        """Record that someone wants this mailbox to be subscribed; its owner has to confirm it.

        No confirmation is sent to a subscriber, nor to an owner who never wants a mail again, unless the editor lifts
        that because the owner asked for it. One who left, complained or was erased stays so until they confirm.
        """
        key, at = normalize_address(mailbox.address), format_utc(origin.at)
        new = SubscriberRow(
            *(key, mailbox.address, mailbox.name, SubscriberState.ASKED.value, at),
            *(self.keys.make_tag(self.newsletter, key), at),
        )
        with self.ledger.transaction() as tx:
            if self._get_suppression(tx, key) is SuppressionReason.REFUSED:
                if not lift_refusal:
                    return Asked(send_confirmation=False)
                delete_suppressions(tx, self.newsletter, self.keys.list_suppression_names(self.newsletter, key))
            if not insert_subscribers(tx, self.newsletter, [new]):
                row = lock_subscriber(tx, self.ledger.dialect, self.newsletter, key)
                if row is None:  # erased in between
                    return Asked(send_confirmation=False)
                if row.state in ("confirmed", "paused"):
                    return Asked(send_confirmation=False, subscriber=_build_subscriber(row))
                new = new._replace(state=row.state, since=row.since, tag=row.tag)
                update_subscriber(tx, self.newsletter, new)
            self._record(tx, key, origin.record(ConsentEvent.ASKED))
        return Asked(send_confirmation=True, subscriber=_build_subscriber(new))

    def confirm(self, key: str, origin: Origin) -> Subscriber | None:
        """Subscribe someone who confirms in time. Return None if no confirmation is pending.

        The subscriber, unchanged, is returned also if they are subscribed already.
        """

        def apply(tx: Transaction, row: SubscriberRow) -> SubscriberRow | None:
            if not row.asked_at or parse_utc(row.asked_at) + CONFIRMATION_PERIOD < origin.at:
                return None
            names = self.keys.list_suppression_names(self.newsletter, key)
            suppressed = select_suppressions(tx, self.newsletter, names)
            restore_recipient(tx, self.newsletter, key, map(ErasedName, suppressed))
            delete_suppressions(tx, self.newsletter, names)
            return row._replace(state="confirmed", since=format_utc(origin.at), asked_at="", paused_until="")

        changed = self._change(key, SubscriberState.CONFIRMED, origin, ConsentEvent.CONFIRMED, apply)
        if changed is None and (subscriber := self.find(key)) and subscriber.state is SubscriberState.CONFIRMED:
            return subscriber
        return changed

    # ----------------------------------------------------------- leaving the list

    def leave(self, key: str, origin: Origin) -> Subscriber | None:
        """Take a subscriber off the list, and drop what is planned for them. None: there was nothing to do."""
        return self._end(key, SubscriberState.LEFT, origin, ConsentEvent.LEFT, "left the list")

    def mark_gone(self, key: str, origin: Origin) -> Subscriber | None:
        """Record that a mailbox does not exist any more, and drop what is planned for it."""
        return self._end(key, SubscriberState.GONE, origin, ConsentEvent.GONE, "the mailbox does not exist")

    def mark_complained(self, key: str, origin: Origin) -> Subscriber | None:
        """Record that a subscriber reported an issue as spam, and drop what is planned for them."""
        return self._end(key, SubscriberState.COMPLAINED, origin, ConsentEvent.COMPLAINED, "complained")

    def refuse(self, tag: str, origin: Origin) -> bool:
        """Never write again to the address that this tag was made of, known or not: suppress it, and take it off the
        list; delete it there if it was only asked.

        Return whether anything changed.
        """
        at, found = format_utc(origin.at), self.find_by_tag(tag)
        with self.ledger.transaction() as tx:
            row = lock_subscriber(tx, self.ledger.dialect, self.newsletter, found.key) if found else None
            name = self.keys.hash_address(row.key) if row else tag
            is_new = insert_suppression(tx, self.newsletter, name, SuppressionReason.REFUSED.value, at)
            if row is None:
                return is_new
            drop_deliveries(tx, self.newsletter, row.key, "refused any mail")
            if row.state == "asked":
                delete_subscriber(tx, self.newsletter, row.key)
                return True
            is_outside = SubscriberState(row.state) in STATES_OUTSIDE
            if is_outside and not is_new:
                return False
            row = row if is_outside else row._replace(state="left", since=at, paused_until="")
            update_subscriber(tx, self.newsletter, row._replace(asked_at=""))
            self._record(tx, row.key, origin.record(ConsentEvent.REFUSED))
        return True

    def pause(self, key: str, until: dt.datetime | None, origin: Origin) -> Subscriber | None:
        """Send nothing until a time, or until `resume`. Issues under way wait for the subscriber.

        None if they have paused until that day already.
        """

        def apply(tx: Transaction, row: SubscriberRow) -> SubscriberRow | None:
            if row.state == "paused" and _is_same_day(row.paused_until, until):
                return None
            unlist_deliveries(tx, self.newsletter, key)
            since = format_utc(origin.at) if row.state != "paused" else row.since
            return row._replace(state="paused", since=since, paused_until=format_utc(until) if until else "")

        return self._change(key, SubscriberState.PAUSED, origin, ConsentEvent.PAUSED, apply, again=True)

    def resume(self, key: str, origin: Origin) -> Subscriber | None:
        """End a pause."""

        def apply(_: Transaction, row: SubscriberRow) -> SubscriberRow | None:
            return _resume(row, origin.at) if row.state == "paused" else None

        return self._change(key, SubscriberState.CONFIRMED, origin, ConsentEvent.RESUMED, apply)

    def expire(self, now: dt.datetime) -> int:
        """Delete those who did not confirm in time, and end the pauses that are over. Return how many were deleted.

        Of those who had left before only the request is forgotten.
        """
        deleted = 0
        with self.ledger.transaction() as tx:
            for row in select_expired(tx, self.newsletter, format_utc(now - CONFIRMATION_PERIOD)):
                if row.state == "asked":
                    delete_subscriber(tx, self.newsletter, row.key)
                    deleted += 1
                else:
                    update_subscriber(tx, self.newsletter, row._replace(asked_at=""))
            for row in select_pauses_over(tx, self.newsletter, format_utc(now)):
                ended_at = parse_utc(row.paused_until)
                update_subscriber(tx, self.newsletter, _resume(row, ended_at))
                self._record(tx, row.key, ConsentRecord(ConsentEvent.RESUMED, ended_at, "end of the pause"))
        return deleted

    # ------------------------------------------------------------------ internals

    def _end(
        self, key: str, state: SubscriberState, origin: Origin, event: ConsentEvent, reason: str
    ) -> Subscriber | None:
        def apply(tx: Transaction, row: SubscriberRow) -> SubscriberRow:
            drop_deliveries(tx, self.newsletter, key, reason)
            return row._replace(state=state.value, since=format_utc(origin.at), asked_at="", paused_until="")

        return self._change(key, state, origin, event, apply)

    def _change(
        self,
        key: str,
        state: SubscriberState,
        origin: Origin,
        event: ConsentEvent,
        apply: Callable[[Transaction, SubscriberRow], SubscriberRow | None],
        *,
        again: bool = False,
    ) -> Subscriber | None:
        """Change a subscriber by `apply`, if `state` may follow theirs; `again`: also if it is theirs."""
        with self.ledger.transaction() as tx:
            row = lock_subscriber(tx, self.ledger.dialect, self.newsletter, key)
            if row is None:
                return None
            before = SubscriberState(row.state)
            if not (state in TRANSITIONS[before] or (again and state is before)):
                return None
            changed = apply(tx, row)
            if changed is None:
                return None
            update_subscriber(tx, self.newsletter, changed)
            self._record(tx, key, origin.record(event))
        return _build_subscriber(changed)

    def _record(self, tx: Transaction, key: str, *records: ConsentRecord) -> None:
        self.ledger.note_change()
        insert_consents(tx, self.newsletter, [build_consent_row(key, record) for record in records])

    def _get_suppression(self, tx: Transaction, key: str) -> SuppressionReason | None:
        reasons = select_suppressions(
            tx, self.newsletter, self.keys.list_suppression_names(self.newsletter, key)
        ).values()
        return min(map(SuppressionReason, reasons), key=[*SuppressionReason].index, default=None)


def _is_same_day(paused_until: str, until: dt.datetime | None) -> bool:
    if not (paused_until and until):
        return not (paused_until or until)
    return abs(parse_utc(paused_until) - until) < dt.timedelta(days=1)


def _resume(row: SubscriberRow, at: dt.datetime) -> SubscriberRow:
    return row._replace(state="confirmed", since=format_utc(at), paused_until="")


def _build_subscriber(row: SubscriberRow) -> Subscriber:
    """Return a row of the ledger as a subscriber."""
    return Subscriber(
        row.key,
        row.address,
        row.name,
        SubscriberState(row.state),
        parse_utc(row.since),
        row.tag,
        parse_utc(row.asked_at) if row.asked_at else None,
        parse_utc(row.paused_until) if row.paused_until else None,
    )


def build_consent_row(key: str, record: ConsentRecord) -> ConsentRow:
    """Return a consent record as a row of the ledger."""
    return ConsentRow(key, record.event.value, format_utc(record.at), record.via, record.text, record.network)
