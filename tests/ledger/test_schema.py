"""The tables, ledgers with others, and the statements that use them."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from publisher.errors import StorageError
from publisher.ledger import Ledger, schema
from publisher.ledger.models import format_utc, parse_utc
from publisher.ledger.queries import find_status
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, begun

LEDGER = Path(schema.__file__).parent


def version(ledger: Ledger) -> int:
    with ledger.transaction() as tx:
        return ledger._database.get_version(tx)[0]


def test_tables_are_made_once(open_ledger: Open) -> None:
    begun(open_ledger())
    again = open_ledger()
    assert version(again) == schema.compute_version()
    assert find_status(again, KEY)


@pytest.mark.parametrize("other", [1, 4, 77], ids=["first", "before", "later"])
def test_a_ledger_with_other_tables_is_refused_and_left_alone(open_ledger: Open, other: int) -> None:
    ledger = open_ledger()
    begun(ledger)
    before = find_status(ledger, KEY)
    with ledger.transaction() as tx:
        ledger._database.set_version(tx, other)
    with pytest.raises(StorageError) as caught:
        open_ledger()
    assert caught.value.exit_code == 6
    assert caught.value.message.startswith("the ledger was written by another version of publisher")
    assert version(ledger) == other
    assert find_status(ledger, KEY) == before


def test_a_file_with_other_tables_keeps_its_bytes(file: Path) -> None:
    with closing(Ledger(file)) as ledger, ledger.transaction() as tx:
        ledger._database.set_version(tx, 4)
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    with pytest.raises(StorageError):
        Ledger(file)
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before


@pytest.mark.parametrize("number", [0, 1, 77])
@pytest.mark.parametrize("table", ["part", "foo"])
def test_a_database_of_another_program_keeps_its_bytes(file: Path, table: str, number: int) -> None:
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"CREATE TABLE {table} (name TEXT)")
        other.execute(f"PRAGMA user_version = {number}")
    before = file.read_bytes()
    with pytest.raises(StorageError, match="another version of publisher, which has other tables"):
        Ledger(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("number", range(len(schema.STATEMENTS)))
def test_any_other_statement_makes_another_version(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema.compute_version()
    statements = list(schema.STATEMENTS)
    statements[number] = statements[number].replace("(", "( ", 1)
    monkeypatch.setattr(schema, "STATEMENTS", tuple(statements))
    assert schema.compute_version() not in (0, before)


def test_no_statement_changes_or_removes_an_attempt() -> None:
    source = "".join(path.read_text("utf-8") for path in sorted(LEDGER.glob("*.py")))
    touching = re.findall(r"\b(\w+(?:\s+\w+)?)\s+attempt\b", source)
    assert "INSERT INTO" in touching, "nothing was looked at"
    assert not {"UPDATE", "DELETE FROM", "REPLACE INTO", "DROP TABLE"} & set(touching)
    assert not re.search(r"CASCADE|OR REPLACE|TRUNCATE(?!\))", source), "but for cutting the log of SQLite"


def test_only_erasing_an_address_changes_the_evidence_of_an_attempt() -> None:
    changing = [path.name for path in LEDGER.glob("*.py") if '"attempt", "evidence"' in path.read_text("utf-8")]
    assert changing == ["erasure.py"]


@pytest.mark.parametrize("year", [1, 21, 999, 9999])
def test_times_of_any_year_are_read_as_they_were_written(year: int) -> None:
    time = dt.datetime(year, 7, 18, 1, 2, 3, 4, dt.UTC)
    assert parse_utc(format_utc(time)) == time
    assert len(format_utc(time)) == len("2021-07-18T01:02:03.000004Z"), "times sort as text"
