"""Metrics of the ledger, and the expiry of leases."""

from __future__ import annotations

from publisher.ledger import DeliveryState, Ledger, PublicationKey
from publisher.ledger.calendar import adopt_publications
from publisher.ledger.metrics import LedgerMetrics, collect_metrics, find_lease_expiry
from publisher.ledger.models import format_utc
from publisher.ledger.outputs import record_files_done, record_files_started
from publisher.ledger.process_id import get_process_id
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, rows, send_all, turn

NEWSLETTER = "tag:e.org,2021:n"


def test_deliveries_are_counted_by_channel_and_state(ledger: Ledger) -> None:
    assert collect_metrics(ledger, NEWSLETTER, []) == LedgerMetrics()
    lease = begun(ledger, "a@e.org", "b@e.org", "c@e.org", "d@e.org")
    a, b, c = turn(ledger, lease, size=3)
    turn(ledger, lease, ended(a), ended(b, DeliveryState.FAILED), ended(c, DeliveryState.UNKNOWN), size=0)
    other = begun(ledger, key=PublicationKey(f"{NEWSLETTER}/2021-07-04", "post", "@readers"))
    send_all(ledger, other)
    begun(ledger, key=PublicationKey(NEWSLETTER, "websub", "https://hub.example/"))
    begun(ledger, key=PublicationKey(f"{NEWSLETTER}-of-another/2021-07-04", "post", "@readers"))
    found = collect_metrics(ledger, NEWSLETTER, ["post", "mail"]).deliveries
    assert {place: number for place, number in found.items() if number} == {
        ("post", "planned"): 1,
        ("post", "sent"): 2,
        ("post", "failed"): 1,
        ("post", "unknown"): 1,
        ("websub", "planned"): 1,
    }
    assert found["mail", "failed"] == found["post", "sending"] == found["websub", "failed"] == 0


def test_when_a_channel_last_had_an_issue_out(ledger: Ledger) -> None:
    key = PublicationKey(f"{NEWSLETTER}/2021-07-04", "web", "public")
    record_files_started(ledger, {key: "x"}, NOON - 2 * MINUTE)
    record_files_done(ledger, {("web", "public"): ()}, NOON - MINUTE)
    send_all(ledger, begun(ledger))
    send_all(ledger, begun(ledger, key=PublicationKey(NEWSLETTER, "websub", "https://hub.example/")))
    notice = begun(ledger, key=KEY.for_notice("0123456789ab"))
    send_all(ledger, notice)
    with ledger.transaction() as tx:
        tx.execute(
            "UPDATE publication SET published_at = ? WHERE id = ?", format_utc(NOON + MINUTE), notice.publication_id
        )
    adopt_publications(ledger, {PublicationKey(f"{NEWSLETTER}/2020-01-01", "mail", "list"): NOON}, NOON)
    assert collect_metrics(ledger, NEWSLETTER, []).last_published == {"post": NOON, "web": NOON - MINUTE}


def test_the_first_of_all_promises_counts(ledger: Ledger) -> None:
    assert find_lease_expiry(ledger) is None
    first = claim(ledger)
    second = claim(ledger, NOON + MINUTE, key=KEY._replace(channel="mail"))
    assert find_lease_expiry(ledger) == NOON + MINUTE
    turn(ledger, first, now=NOON + 3 * MINUTE)
    assert find_lease_expiry(ledger) == NOON + 2 * MINUTE
    ledger.release(second, NOON)
    assert find_lease_expiry(ledger) == NOON + 4 * MINUTE
    with ledger.transaction() as tx:
        tx.execute("UPDATE publication SET owner = ? WHERE owner = ?", f"{get_process_id()} of old", get_process_id())
    assert find_lease_expiry(ledger) is None, "of another process"
    assert rows(ledger, "SELECT COUNT(*) FROM publication WHERE leased_until <> ''") == [(1,)]
