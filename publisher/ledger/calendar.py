"""What the ledger knows of issues to come: what a person decided about them, what was told already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from publisher.ledger.ledger import Ledger
from publisher.ledger.models import ADOPTED, Key, Standing, moment, stamp
from publisher.ledger.queries import standings


class Decision(NamedTuple):
    """What a person decided about an issue on a channel: to hold it, to have it go out at another time."""

    held: bool = False
    due: dt.datetime | None = None


def decide(
    ledger: Ledger,
    issue: str,
    channels: Iterable[str],
    *,
    held: bool | None = None,
    due: dt.datetime | None = None,
) -> None:
    """Note a decision about an issue on these channels; what is None stays as it was."""
    flag, when = None if held is None else int(held), stamp(due) if due else None
    with ledger.transaction() as books:
        for channel in channels:
            books.run(
                """INSERT INTO decision (issue, channel, held, due)
                   VALUES (?, ?, COALESCE(?, 0), COALESCE(?, ''))
                   ON CONFLICT (issue, channel) DO UPDATE
                   SET held = COALESCE(?, decision.held), due = COALESCE(?, decision.due)""",
                *(issue, channel, flag, when, flag, when),
            )


def decisions(ledger: Ledger) -> dict[tuple[str, str], Decision]:
    """What was decided, by issue and channel."""
    with ledger.transaction() as books:
        found = books.rows("SELECT issue, channel, held, due FROM decision")
    return {
        (issue, channel): Decision(bool(held), moment(due) if due else None)
        for issue, channel, held, due in found
    }


class Insistence(NamedTuple):
    """That a person wanted a text out although it has errors. `source` is the SHA-256 of the text."""

    source: str
    errors: str
    at: dt.datetime


def insist(ledger: Ledger, issue: str, source: str, errors: str, now: dt.datetime) -> None:
    """Note that a person wants this text of an issue out, whatever errors it has."""
    with ledger.transaction() as books:
        books.run(
            "INSERT INTO insistence (issue, source, errors, at) VALUES (?, ?, ?, ?)",
            *(issue, source, errors, stamp(now)),
        )


def insistences(ledger: Ledger) -> dict[str, tuple[Insistence, ...]]:
    """By issue, the texts that a person insisted on, the last one at the end."""
    found: dict[str, tuple[Insistence, ...]] = {}
    with ledger.transaction() as books:
        rows = books.rows("SELECT issue, source, errors, at FROM insistence ORDER BY id")
    for issue, source, errors, at in rows:
        found[issue] = (*found.get(issue, ()), Insistence(source, errors, moment(at)))
    return found


def published(ledger: Ledger) -> frozenset[Key]:
    """The publications that were done once."""
    with ledger.transaction() as books:
        found = books.rows("SELECT issue, channel, destination FROM publication WHERE published <> ''")
    return frozenset(Key(*row) for row in found)


def unfinished(ledger: Ledger) -> dict[Key, Standing]:
    """How the publications stand that were begun and never done."""
    with ledger.transaction() as books:
        issues = books.rows("SELECT DISTINCT issue FROM publication WHERE published = '' ORDER BY issue")
    found = standings(ledger, [issue for (issue,) in issues])
    return {one.key: one for one in found if one.published is None}


def ready(ledger: Ledger, now: dt.datetime) -> frozenset[Key]:
    """The publications with planned deliveries that nobody has to wait for any more."""
    with ledger.transaction() as books:
        found = books.rows(
            """SELECT issue, channel, destination FROM publication WHERE published = '' AND EXISTS (
               SELECT 1 FROM delivery WHERE delivery.publication = publication.id AND state = 'planned'
               AND next_at <= ?)""",
            stamp(now),
        )
    return frozenset(Key(*row) for row in found)


def adopt(
    ledger: Ledger, out: Mapping[Key, dt.datetime], now: dt.datetime, digest: str = ADOPTED
) -> frozenset[Key]:
    """Take publications as done that were out before the ledger began, since these moments; those that were
    not known. With a `digest` it is known of what, and an edit since can be told."""
    with ledger.transaction() as books:
        return frozenset(
            key
            for key, since in sorted(out.items())
            if books.run(
                """INSERT INTO publication (issue, channel, destination, done, digest, published, changed)
                   VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING""",
                *(*key, digest, stamp(since), stamp(now)),
            )
        )


def told(ledger: Ledger, what: str) -> frozenset[tuple[str, str]]:
    """The issues and channels of which that was told once."""
    with ledger.transaction() as books:
        return frozenset(
            (str(a), str(b))
            for a, b in books.rows("SELECT DISTINCT issue, channel FROM told WHERE what = ?", what)
        )


def tell_once(
    ledger: Ledger, about: Iterable[tuple[str, str]], what: str, detail: str, now: dt.datetime
) -> list[tuple[str, str]]:
    """Note that something is told about these issues and channels; those of whom it was not told before."""
    with ledger.transaction() as books:
        return [
            one
            for one in sorted(about)  # in one order, or two who tell at once wait for each other
            if books.run(
                """INSERT INTO told (issue, channel, what, detail, at) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT DO NOTHING""",
                *(*one, what, detail, stamp(now)),
            )
        ]
