"""Counts and reads the recipients of a channel: subscribers in the ledger, or a list, once it is complete.

While a list is being written it lacks the recipients that come last. So it is read only when it has not changed
for a while, and again if it changes while it is read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import TypeVar

from publisher.channel import MessageChannel
from publisher.clock import Clock
from publisher.errors import DeliveryError, NoSubscribersError, PublisherError, StorageError
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.plan import verify_recipients
from publisher.ledger.subscriber_recipients import ListedCounts, SubscriberSelection, count_listed, select_active

LONGEST_WAIT = dt.timedelta(seconds=60)
"""How long to wait for a list that keeps changing."""

_SETTLE_TIME = dt.timedelta(seconds=2)
"""A list that has not changed for this long is complete."""

_POLL_SECONDS = 0.5

T = TypeVar("T")


class _ListChangedError(Exception):
    """The list changed while it was read."""


def use_recipients(
    channel: MessageChannel, clock: Clock, stop: Event, use: Callable[[Iterable[str]], T]
) -> tuple[object, T]:
    """Wait until the list of recipients is complete. Return its version, and what `use` returns for it.

    `use` is called again if the list changes meanwhile, so it must not have had an effect when its argument
    raises. Raises StorageError when the list does not come to rest, DeliveryError when `stop` was set before,
    and the errors of the channel and of `use`.
    """
    deadline = clock.time() + LONGEST_WAIT
    while True:
        version = _wait_until_settled(channel, clock, stop, deadline)
        try:
            return version, use(_read(channel, version))
        except _ListChangedError:
            _pause(clock, stop, deadline)


def count_recipients(
    channel: MessageChannel, ledger: Ledger | None, clock: Clock, stop: Event, wanted: Callable[[str], bool]
) -> int:
    """Return how many recipients on the list are `wanted`. Raises as `use_recipients`.

    `ledger` is None if nothing was ever sent; then there are no subscribers either.
    """
    if not channel.subscribers_of:
        return use_recipients(channel, clock, stop, lambda recipients: sum(map(wanted, recipients)))[1]
    if ledger is None:
        return 0
    with ledger.transaction() as tx:
        keys = select_active(tx, SubscriberSelection(channel.subscribers_of, clock.time()))
    return sum(map(wanted, keys))


def count_new_recipients(
    channel: MessageChannel,
    key: PublicationKey,
    ledger: Ledger | None,
    clock: Clock,
    stop: Event,
    *,
    accept_fewer: bool,
) -> int:
    """Return how many recipients a publication would have. Raises as `use_recipients`, and FewerRecipientsError.

    `ledger` is None if nothing was ever sent.
    """
    if channel.subscribers_of:
        counts = require_subscribers(channel.subscribers_of, ledger, clock)
    else:
        listed = count_recipients(channel, ledger, clock, stop, lambda _: True)
        counts = ListedCounts(listed, listed)
    if ledger and not accept_fewer:
        with ledger.transaction() as tx:
            verify_recipients(tx, key, counts)
    return counts.listed


def build_selection(channel: MessageChannel, clock: Clock) -> SubscriberSelection | None:
    """Return whom to send to now if the recipients are subscribers, None for other lists."""
    newsletter = channel.subscribers_of
    return SubscriberSelection(newsletter, clock.time()) if newsletter else None


def require_subscribers(newsletter: str, ledger: Ledger | None, clock: Clock) -> ListedCounts:
    """Return how many subscribers a newsletter (by its id) has. Raises NoSubscribersError if it has none."""
    counts = ListedCounts(0, 0)
    if ledger:
        with ledger.transaction() as tx:
            counts = count_listed(tx, SubscriberSelection(newsletter, clock.time()))
    if not counts.listed:
        raise NoSubscribersError(
            "there are no subscribers yet",
            "import a list: publish subscribers import FILE; people subscribe at the url in [subscribers]",
        )
    return counts


def _read(channel: MessageChannel, version: object) -> Iterator[str]:
    try:
        yield from channel.recipients()
    except PublisherError:
        if channel.recipients_version == version:
            raise
        raise _ListChangedError from None  # a line that was cut, for example
    if channel.recipients_version != version:
        raise _ListChangedError


def _wait_until_settled(channel: MessageChannel, clock: Clock, stop: Event, deadline: dt.datetime) -> object:
    """Wait until the list has not changed for a while, by its own time or while we watch. Return its version.

    The time of a list may lie in the future, by a clock that is wrong or a copy that keeps times.
    """
    version, seen_at = channel.recipients_version, clock.time()
    while True:
        changed_at, now = channel.recipients_changed_at, clock.time()
        if changed_at is None or min(changed_at, seen_at) <= now - _SETTLE_TIME:
            return version
        _pause(clock, stop, deadline)
        if (latest := channel.recipients_version) != version:
            version, seen_at = latest, clock.time()


def _pause(clock: Clock, stop: Event, deadline: dt.datetime) -> None:
    if stop.is_set():
        raise DeliveryError("stopped before the list of recipients was complete", "run publish again")
    if clock.time() >= deadline:
        raise StorageError(
            f"the list of recipients still changes after {LONGEST_WAIT.total_seconds():.0f} seconds",
            "write it to another file and rename that, then run publish again",
        )
    clock.wait(_POLL_SECONDS)
