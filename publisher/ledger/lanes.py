"""Rate limits of lanes. A lane is the recipients that one provider receives for.

A limit is a token bucket, one row of the ledger, so that it holds for all processes together: a delivery takes
a token, and tokens come back at a constant rate.
"""

from __future__ import annotations

import datetime as dt

from publisher.channel import RateLimit
from publisher.ledger.database import Transaction
from publisher.ledger.models import format_utc, parse_utc

_ALMOST_ONE = 1 - 1e-6
"""A token that has come back but for a rounding error."""


def take_tokens(
    tx: Transaction, dialect: dict[str, str], channel: str, lane: str, limit: RateLimit, wanted: int, now: dt.datetime
) -> tuple[int, dt.datetime]:
    """Take at most `wanted` tokens of a lane. Return how many, and when the next one is there.

    The row is locked until the transaction ends.
    """
    tx.execute(
        "INSERT INTO lane (channel, name, tokens, filled_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        *(channel, lane, float(limit.burst), format_utc(now)),
    )
    [(tokens, filled_at, ready_at)] = tx.fetch_all(
        f"SELECT tokens, filled_at, ready_at FROM lane WHERE channel = ? AND name = ? {dialect['lock']}", channel, lane
    )
    per_second = limit.per_minute / 60
    # a clock that was ahead once must not close the lane until that time
    passed = max(0.0, (now - parse_utc(filled_at)).total_seconds())
    tokens = min(float(limit.burst), tokens + passed * per_second)
    ready = parse_utc(ready_at) if ready_at else now
    is_ready = ready <= now or (ready - now).total_seconds() > limit.interval
    available = int(tokens + 1 - _ALMOST_ONE) if is_ready else 0
    taken = min(wanted, available, 1 if limit.interval else available)
    tokens -= taken
    if taken:
        ready = now + dt.timedelta(seconds=limit.interval)
    refilled = now + dt.timedelta(seconds=max(0.0, 1 - tokens) / per_second)
    tx.execute(
        "UPDATE lane SET tokens = ?, filled_at = ?, ready_at = ? WHERE channel = ? AND name = ?",
        *(tokens, format_utc(now), format_utc(ready) if limit.interval else "", channel, lane),
    )
    return taken, max(refilled, ready)


def delay_lane(tx: Transaction, channel: str, lane: str, limit: RateLimit | None, ended_at: dt.datetime) -> None:
    """Count the interval of a lane from the end of a delivery, so that its duration brings no two closer together."""
    if limit and limit.interval:
        ready_at = ended_at + dt.timedelta(seconds=limit.interval)
        tx.execute("UPDATE lane SET ready_at = ? WHERE channel = ? AND name = ?", format_utc(ready_at), channel, lane)
