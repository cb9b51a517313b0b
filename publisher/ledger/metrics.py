"""The ledger in numbers, for those who watch over a daemon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import ADOPTED, Key, State, moment
from publisher.ledger.process_id import myself


class Figures(NamedTuple):
    """`deliveries` counts by channel and state; `published` is when an issue was last out, by channel."""

    deliveries: Mapping[tuple[str, str], int] = {}
    published: Mapping[str, dt.datetime] = {}


def figures(ledger: Ledger, newsletter: str, channels: Iterable[str]) -> Figures:
    """The figures of one newsletter, by its id. States that nothing is in are told, too, of these channels
    and of all that ever had a delivery."""
    prefix = f"{newsletter}/"
    with ledger.transaction() as books:
        counted = books.rows(
            # by publication first, which is the order of the index: a million take a twentieth of the time
            """SELECT channel, state, SUM(number) FROM publication
               JOIN (SELECT publication, state, COUNT(*) AS number FROM delivery GROUP BY publication, state)
               AS counted ON counted.publication = publication.id
               WHERE issue = ? OR SUBSTR(issue, 1, ?) = ? GROUP BY channel, state""",
            *(newsletter, len(prefix), prefix),
        )
        last = books.rows(
            """SELECT channel, destination, MAX(published) AS last FROM publication
               WHERE SUBSTR(issue, 1, ?) = ? AND published <> '' AND digest <> ?
               GROUP BY channel, destination ORDER BY last""",
            *(len(prefix), prefix, ADOPTED),
        )
    names = dict.fromkeys([*channels, *(channel for channel, _, _ in counted)])
    deliveries = {(channel, state.value): 0 for channel in names for state in State}
    deliveries |= {(channel, state): int(number) for channel, state, number in counted}
    issues = [(channel, when) for channel, where, when in last if not Key("", channel, where).followed]
    return Figures(deliveries, {channel: moment(when) for channel, when in issues})


def promised(ledger: Ledger) -> dt.datetime | None:
    """When something of what this process is sending must have come of it at the latest; None when it sends
    nothing. Whoever has a publication in hand puts this off with every turn."""
    with ledger.transaction() as books:
        [(first,)] = books.rows("SELECT MIN(lease) FROM publication WHERE owner = ?", myself())
    return moment(first) if first else None
