"""Short words for what tests of the ledger do all the time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from publisher.channel import Part, Receipt
from publisher.ledger import Delivery, DeliveryState, Lease, Ledger, PublicationKey, Result
from publisher.ledger.queues import QueueSelection

NOON = dt.datetime(2021, 7, 18, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
KEY = PublicationKey("tag:e.org,2021:n/2021-07-18", "post", "@readers")


def parts(**texts: str) -> list[Part]:
    """parts(a="text") are the part a."""
    return [Part(key, "text/plain", text.encode()) for key, text in texts.items()]


def claim(ledger: Ledger, now: dt.datetime = NOON, *, key: PublicationKey = KEY, repeatable: bool = False) -> Lease:
    """Take the publication in hand for a minute."""
    return ledger.claim(key, now, MINUTE, idempotent=repeatable)


def plan(
    ledger: Ledger,
    lease: Lease,
    content: Sequence[Part],
    recipients: Iterable[str] = ("@readers",),
    *,
    now: dt.datetime = NOON,
    keep: bool = False,
) -> None:
    """Plan these parts for the one reader, or for others."""
    ledger.plan(lease, content, recipients, now, keep_content=keep)


def begun(ledger: Ledger, *recipients: str, key: PublicationKey = KEY, **texts: str) -> Lease:
    """A publication in hand, and planned."""
    lease = claim(ledger, key=key)
    plan(ledger, lease, parts(**(texts or {"a": "one"})), recipients or ("@readers",))
    return lease


def turn(
    ledger: Ledger, lease: Lease, *results: Result, size: int = 10, now: dt.datetime = NOON, ordered: bool = False
) -> list[Delivery]:
    """Tell results, get tasks."""
    wanted = QueueSelection(KEY.channel, size, ordered=ordered)
    return ledger.checkpoint(lease, results, wanted, now, MINUTE).deliveries


def ended(task: Delivery, state: DeliveryState = DeliveryState.SENT, **more: Any) -> Result:
    """What came of a task."""
    names = [name for name in ("remote_id", "url") if name in more]
    receipt = Receipt(**{"remote_id": f"id-{task.part}", **{name: more.pop(name) for name in names}})
    arrived = state is DeliveryState.SENT or names
    return Result(task, state, more.pop("ended_at", task.started_at + SECOND), receipt if arrived else None, **more)


def send_all(ledger: Ledger, lease: Lease) -> None:
    """Have all that is due arrive, and let the publication go."""
    results: list[Result] = []
    while tasks := turn(ledger, lease, *results):
        results = [ended(task) for task in tasks]
    ledger.release(lease, NOON)


def rows(ledger: Ledger, sql: str, *values: object) -> list[Any]:
    """What a query finds."""
    with ledger.transaction() as tx:
        return tx.fetch_all(sql, *values)


def states(ledger: Ledger) -> dict[str, str]:
    """State by part, or by recipient and part when there are several recipients."""
    found = rows(ledger, "SELECT recipient, part, state FROM delivery ORDER BY id")
    several = len({who for who, _, _ in found}) > 1
    return {f"{who} {part}" if several else part: state for who, part, state in found}
