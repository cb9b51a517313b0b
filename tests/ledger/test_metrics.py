"""The ledger in numbers, and what it is promised by whoever sends."""

from __future__ import annotations

from publisher.ledger import Key, Ledger, State
from publisher.ledger.calendar import adopt
from publisher.ledger.metrics import Figures, figures, promised
from publisher.ledger.models import stamp
from publisher.ledger.outputs import begin_files, end_files
from publisher.ledger.process_id import myself
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, rows, send_all, turn

NEWSLETTER = "tag:e.org,2021:n"


def test_deliveries_are_counted_by_channel_and_state(ledger: Ledger) -> None:
    assert figures(ledger, NEWSLETTER, []) == Figures()
    claimed = begun(ledger, "a@e.org", "b@e.org", "c@e.org", "d@e.org")
    a, b, c = turn(ledger, claimed, size=3)
    turn(ledger, claimed, ended(a), ended(b, State.FAILED), ended(c, State.UNKNOWN), size=0)
    other = begun(ledger, key=Key(f"{NEWSLETTER}/2021-07-04", "post", "@readers"))
    send_all(ledger, other)
    begun(ledger, key=Key(NEWSLETTER, "websub", "https://hub.example/"))
    begun(ledger, key=Key(f"{NEWSLETTER}-of-another/2021-07-04", "post", "@readers"))
    found = figures(ledger, NEWSLETTER, ["post", "mail"]).deliveries
    assert {place: number for place, number in found.items() if number} == {
        ("post", "planned"): 1,
        ("post", "sent"): 2,
        ("post", "failed"): 1,
        ("post", "unknown"): 1,
        ("websub", "planned"): 1,
    }
    assert found["mail", "failed"] == found["post", "sending"] == found["websub", "failed"] == 0


def test_when_a_channel_last_had_an_issue_out(ledger: Ledger) -> None:
    key = Key(f"{NEWSLETTER}/2021-07-04", "web", "public")
    begin_files(ledger, {key: "x"}, NOON - 2 * MINUTE)
    end_files(ledger, [("web", "public")], NOON - MINUTE)
    send_all(ledger, begun(ledger))
    send_all(ledger, begun(ledger, key=Key(NEWSLETTER, "websub", "https://hub.example/")))
    notice = begun(ledger, key=KEY.notice("0123456789ab"))
    send_all(ledger, notice)
    with ledger.transaction() as books:
        books.run("UPDATE publication SET published = ? WHERE id = ?", stamp(NOON + MINUTE), notice.id)
    adopt(ledger, {Key(f"{NEWSLETTER}/2020-01-01", "mail", "list"): NOON}, NOON)
    assert figures(ledger, NEWSLETTER, []).published == {"post": NOON, "web": NOON - MINUTE}


def test_the_first_of_all_promises_counts(ledger: Ledger) -> None:
    assert promised(ledger) is None
    first = claim(ledger)
    second = claim(ledger, NOON + MINUTE, key=KEY._replace(channel="mail"))
    assert promised(ledger) == NOON + MINUTE
    turn(ledger, first, now=NOON + 3 * MINUTE)
    assert promised(ledger) == NOON + 2 * MINUTE
    ledger.release(second, NOON)
    assert promised(ledger) == NOON + 4 * MINUTE
    with ledger.transaction() as books:
        books.run("UPDATE publication SET owner = ? WHERE owner = ?", f"{myself()} of old", myself())
    assert promised(ledger) is None, "of another process"
    assert rows(ledger, "SELECT COUNT(*) FROM publication WHERE lease <> ''") == [(1,)]
