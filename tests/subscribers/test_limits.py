"""How many confirmations the form lets through: to one address, for one client, and in all."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from publisher.ledger import Ledger
from publisher.signing import SigningKeys
from publisher.subscribers.limits import LIMITS, LimitKind, SignUpLimits, find_network

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
KEYS = SigningKeys("low tide")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    place = tmp_path / "ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres").address()
    ledger = Ledger(place)
    yield ledger
    ledger.close()


@pytest.fixture
def limits(ledger: Ledger) -> SignUpLimits:
    return SignUpLimits(ledger, "tag:example.org,2024:tides", KEYS)


def get_most(kind: LimitKind, window: dt.timedelta | None) -> int:
    return next(most for one, most, length in LIMITS if (one, length) == (kind, window))


def test_an_address_gets_one_a_day_and_three_ever(limits: SignUpLimits) -> None:
    admitted = [limits.admit("ana@example.org", "", NOW + hours * HOUR) is None for hours in range(0, 24 * 10, 6)]
    assert [number * 6 for number, is_admitted in enumerate(admitted) if is_admitted] == [0, 24, 48]
    assert limits.admit("ana@example.org", "", NOW + 4000 * DAY) is LimitKind.ADDRESS
    assert limits.admit("ben@example.org", "", NOW) is None


def test_a_subscriber_who_confirmed_counts_no_more(limits: SignUpLimits) -> None:
    for day in range(3):
        assert limits.admit("ana@example.org", "", NOW + day * DAY) is None
    limits.forget("ana@example.org")
    assert limits.admit("ana@example.org", "", NOW + 3 * DAY) is None


def test_a_request_without_a_mail_does_not_count(limits: SignUpLimits) -> None:
    for day in range(5):
        assert limits.admit("ana@example.org", "", NOW + day * DAY) is None
        if day % 2:
            limits.forget("ana@example.org", NOW + day * DAY)
    assert limits.admit("ana@example.org", "", NOW + 9 * DAY) is LimitKind.ADDRESS


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("a.na@gmail.com", "an.a@gmail.com", True),
        ("a.na@googlemail.com", "ana@googlemail.com", True),
        ("ana@googlemail.com", "ana@gmail.com", True),
        ("a.na@example.org", "ana@example.org", False),
    ],
)
def test_one_mailbox_has_no_thousand_addresses(limits: SignUpLimits, first: str, second: str, same: bool) -> None:
    assert limits.admit(first, "", NOW) is None
    assert limits.admit(second, "", NOW) is (LimitKind.ADDRESS if same else None)


@pytest.mark.parametrize(
    ("kind", "window", "client", "domain"),
    [
        (LimitKind.CLIENT, HOUR, "203.0.113.7", "d{}.example"),
        (LimitKind.NETWORK, DAY, "203.0.113.{}", "d{}.example"),
        (LimitKind.NETWORK, DAY, "2001:db8:7:{}::/64", "d{}.example"),
        (LimitKind.DOMAIN, DAY, "198.51.{}.1", "example.org"),
        (LimitKind.TOTAL, HOUR, "198.51.{}.1", "d{}.example"),
        (LimitKind.TOTAL, HOUR, "", "gmail.com"),
    ],
)
def test_each_limit_holds_by_itself(
    limits: SignUpLimits, kind: LimitKind, window: dt.timedelta, client: str, domain: str
) -> None:
    most = get_most(kind, window)
    reached = [limits.admit(f"v{n}@{domain.format(n)}", client.format(n), NOW) for n in range(most + 1)]
    assert reached == [None] * most + [kind]
    assert limits.admit(f"w@{domain.format('w')}", client.format(0), NOW + window) is None


def test_people_of_a_big_provider_do_not_keep_each_other_out(limits: SignUpLimits) -> None:
    number = get_most(LimitKind.DOMAIN, DAY) + 1
    assert {limits.admit(f"v{n}@gmail.com", f"198.51.{n}.1", NOW) for n in range(number)} == {None}


def test_lists_in_one_database_have_limits_of_their_own(ledger: Ledger) -> None:
    for newsletter in ("tag:example.org,2024:tides", "tag:example.org,2024:tides/evening"):
        assert SignUpLimits(ledger, newsletter, KEYS).admit("ana@example.org", "203.0.113.7", NOW) is None


def test_requests_at_the_same_time_pass_no_limit(limits: SignUpLimits) -> None:
    with ThreadPoolExecutor(8) as pool:
        reached = list(pool.map(lambda _: limits.admit("ana@example.org", "203.0.113.7", NOW), range(40)))
    assert reached.count(None) == 1


def test_processes_at_the_same_time_pass_no_limit(postgres) -> None:
    ledgers = [Ledger(place) for place in [postgres.address()] * 8]
    every = [SignUpLimits(ledger, "tides", KEYS) for ledger in ledgers]
    with ThreadPoolExecutor(8) as pool:
        reached = list(pool.map(lambda number: every[number % 8].admit("ana@example.org", "", NOW), range(80)))
    for ledger in ledgers:
        ledger.close()
    assert reached.count(None) == 1


def test_ten_thousand_sign_ups_from_five_hundred_addresses(tmp_path: Path) -> None:
    """An attacker signs up victims for a day, each several times, as fast as it goes."""
    ledger, random, sent = Ledger(tmp_path / "ledger.db"), Random(7), Counter[str]()
    limits = SignUpLimits(ledger, "tides", KEYS)
    clients = [f"{random.randrange(1, 224)}.{random.randrange(256)}.{n % 256}.{n // 256}" for n in range(500)]
    domains = ["gmail.com", "qq.com", "example.org", *(f"d{n}.example" for n in range(300))]
    victims = [f"victim{n}@{domains[n % len(domains)]}" for n in range(10_000)]
    hours = Counter[int]()
    for number, victim in enumerate(victims):
        now = NOW + dt.timedelta(seconds=number * 8.64)
        for target in {victim, victims[random.randrange(number + 1)]}:
            if limits.admit(target, random.choice(clients), now) is None:
                sent[target] += 1
                hours[number * 8640 // 3_600_000] += 1
    ledger.close()
    assert max(sent.values()) == 1
    assert sent.total() <= get_most(LimitKind.TOTAL, DAY)
    assert max(hours.values()) <= get_most(LimitKind.TOTAL, HOUR)


def test_no_address_is_stored(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    SignUpLimits(ledger, "tides", KEYS).admit("ana@example.org", "203.0.113.7", NOW)
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.db") as database:
        rows = str(database.execute("SELECT * FROM request").fetchall())
    database.close()
    assert "address" in rows
    assert not [word for word in ("ana", "example", "203") if word in rows]


def test_what_counts_no_more_is_deleted(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    limits = SignUpLimits(ledger, "tides", KEYS)
    for day in range(3):
        limits.admit(f"v{day}@example.org", "203.0.113.7", NOW + day * DAY)
    with ledger.transaction() as tx:
        kinds = Counter(kind for (kind,) in tx.fetch_all("SELECT kind FROM request"))
    ledger.close()
    assert kinds == {"total": 1, "client": 1, "network": 1, "domain": 1, "address": 3}


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:7:8::/64", "2001:db8:7::/48"),
        ("2001:db8:7:8:9::1", "2001:db8:7::/48"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_the_network_of_a_client(client: str, network: str) -> None:
    assert find_network(client) == network
