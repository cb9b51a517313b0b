"""Worker processes that are alive: those of a newsletter, until they end, are killed, or are not heard of any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from publisher.ledger import Ledger
from publisher.ledger import worker_heartbeats as heartbeats
from publisher.ledger.meta import select_clock, upsert_meta
from publisher.ledger.models import format_utc
from publisher.ledger.process_id import format_owner, get_process_id
from publisher.ledger.worker_heartbeats import list_workers, record_worker, remove_worker

LETTER = "tag:e.org,2021:n"
ELSEWHERE = "process 7 on pier, begun 1 of another"


@pytest.fixture
def record(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Records a process as a worker of a newsletter."""

    def record(owner: str, newsletter: str) -> None:
        with monkeypatch.context() as patch, ledger.transaction() as tx:
            patch.setattr(heartbeats, "get_process_id", lambda: owner)
            record_worker(tx, ledger.dialect, newsletter)

    return record


def alive(ledger: Ledger, newsletter: str = LETTER) -> list[str]:
    with ledger.transaction() as tx:
        return list_workers(tx, ledger.dialect, newsletter)


def test_processes_that_are_alive(ledger: Ledger, record: Callable[[str, str], None]) -> None:
    here = get_process_id()
    for _ in range(2):
        record(here, LETTER)
        record(ELSEWHERE, LETTER)
    record(ELSEWHERE, f"{LETTER}o")
    assert alive(ledger) == sorted([format_owner(here), "process 7 on pier"])
    assert alive(ledger, f"{LETTER}o") == ["process 7 on pier"]
    assert alive(ledger, "tag:e.org,2021:") == []
    with ledger.transaction() as tx:
        remove_worker(tx, LETTER)
    assert alive(ledger) == ["process 7 on pier"]


def test_a_process_that_was_killed_on_this_machine(ledger: Ledger, record: Callable[[str, str], None]) -> None:
    record(get_process_id().replace("begun ", "begun 9"), LETTER)
    assert alive(ledger) == []


def test_a_process_that_has_not_been_heard_of_is_forgotten(ledger: Ledger, record: Callable[[str, str], None]) -> None:
    name = f"worker of {LETTER}: {ELSEWHERE}"
    for seconds, expected in ((25, ["process 7 on pier"]), (31, [])):
        with ledger.transaction() as tx:
            then = select_clock(tx, ledger.dialect) - dt.timedelta(seconds=seconds)
            upsert_meta(tx, name, format_utc(then))
        assert alive(ledger) == expected
    record("process 8 on pier, begun 1 of another", LETTER)
    with ledger.transaction() as tx:
        assert tx.fetch_all("SELECT 1 FROM meta WHERE name = ?", name) == []
