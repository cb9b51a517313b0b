"""What the list knows of a subscriber. All plain data; datetimes are aware."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import Enum

from msgspec import Struct


class SubscriberState(Enum):
    """The state of a subscriber. Issues are sent only to those who are confirmed.

    `asked`: someone asked for the newsletter, and the owner of the mailbox has not confirmed it. `paused`: gets
    nothing until a time, or until they resume. `gone`: the mailbox does not exist any more. `complained`: reported
    an issue as spam. `erased`: everything about them was deleted but for a keyed hash of their address.
    """

    ASKED = "asked"
    CONFIRMED = "confirmed"
    PAUSED = "paused"
    LEFT = "left"
    GONE = "gone"
    COMPLAINED = "complained"
    ERASED = "erased"


_S = SubscriberState

TRANSITIONS: Mapping[SubscriberState, frozenset[SubscriberState]] = {
    _S.ASKED: frozenset({_S.CONFIRMED, _S.ERASED}),
    _S.CONFIRMED: frozenset({_S.PAUSED, _S.LEFT, _S.GONE, _S.COMPLAINED, _S.ERASED}),
    _S.PAUSED: frozenset({_S.CONFIRMED, _S.LEFT, _S.GONE, _S.COMPLAINED, _S.ERASED}),
    _S.LEFT: frozenset({_S.CONFIRMED, _S.COMPLAINED, _S.ERASED}),
    _S.GONE: frozenset({_S.CONFIRMED, _S.LEFT, _S.COMPLAINED, _S.ERASED}),
    _S.COMPLAINED: frozenset({_S.CONFIRMED, _S.ERASED}),
    _S.ERASED: frozenset({_S.ASKED}),
}
"""Which states may follow which. From left, gone and complained to confirmed: only by a confirmation that was asked for
after that."""

STATES_OUTSIDE = frozenset({_S.LEFT, _S.GONE, _S.COMPLAINED, _S.ERASED})
"""Only a new double opt-in leads back from these."""


class ConsentEvent(Enum):
    """What a consent record is about: the change of a subscriber's state."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    IMPORTED = "imported"
    PAUSED = "paused"
    RESUMED = "resumed"
    LEFT = "left"
    REFUSED = "refused"
    GONE = "gone"
    COMPLAINED = "complained"


class Subscriber(Struct, frozen=True):
    """An entry of the list. `key` is the normalized address, `address` as the subscriber writes it.

    `since` is when the state began. `asked_at` is when a confirmation was asked for last, None if none is pending:
    also for those who left before. `paused_until` is None if a pause has no end. `tag` stands for the subscriber in
    links and envelope senders: 12 characters a-z0-9.
    """

    key: str
    address: str
    name: str
    state: SubscriberState
    since: dt.datetime
    tag: str
    asked_at: dt.datetime | None = None
    paused_until: dt.datetime | None = None


class ConsentRecord(Struct, frozen=True):
    """What a subscriber did or agreed to, as evidence.

    `via` is how: "form", "link", "one-click", "import", "command", "bounce" …. `text` is what they agreed to, the
    reason of a bounce, or whatever else explains it. `network` is the prefix of their IP address, "" if unknown.
    """

    event: ConsentEvent
    at: dt.datetime
    via: str = ""
    text: str = ""
    network: str = ""


class Origin(Struct, frozen=True):
    """Where a change of the list comes from, for its consent record; `at` is aware."""

    at: dt.datetime
    via: str
    text: str = ""
    network: str = ""

    def record(self, event: ConsentEvent) -> ConsentRecord:
        """Return the consent record of a change that comes from here."""
        return ConsentRecord(event, self.at, self.via, self.text, self.network)


class SuppressionReason(Enum):
    """Why an address is suppressed: its owner never wants a mail again, or all that was known of them was erased."""

    REFUSED = "refused"
    ERASED = "erased"


class Asked(Struct, frozen=True):
    """The answer to a request to join: whether a confirmation is to be sent, and to whom.

    The visitor must not learn which of them it was. `subscriber` is None if the address refused to get any mail.
    """

    send_confirmation: bool
    subscriber: Subscriber | None = None


class ImportEntry(Struct, frozen=True):
    """An address to import with the state that it had elsewhere: confirmed, paused, or one that keeps it out.

    `since` is when that state began, None if it is not known.
    """

    address: str
    name: str = ""
    state: SubscriberState = SubscriberState.CONFIRMED
    since: dt.datetime | None = None
    paused_until: dt.datetime | None = None


class ImportOutcome(Enum):
    """What an import does with an entry: adds it, or why it does not.

    `repeated`: the same subscriber as an entry before it. `refused` and `erased`: suppressed. The other names are the
    states that the list has.
    """

    NEW = "new"
    REPEATED = "repeated"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    PAUSED = "paused"
    LEFT = "left"
    GONE = "gone"
    COMPLAINED = "complained"
    REFUSED = "refused"
    ERASED = "erased"
