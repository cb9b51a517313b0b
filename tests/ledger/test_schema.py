"""The tables from one version to the next, and the statements that use them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from publisher.errors import StorageError
from publisher.ledger import Ledger, schema
from publisher.ledger.queries import find_status
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, begun, ended, rows, turn

STEPS = schema.MIGRATIONS
LEDGER = Path(schema.__file__).parent


def version(ledger: Ledger) -> int:
    with ledger.transaction() as tx:
        return ledger._database.get_version(tx)


def test_tables_are_made_once(open_ledger: Open) -> None:
    begun(open_ledger())
    again = open_ledger()
    assert version(again) == len(STEPS)
    assert find_status(again, KEY)


def test_a_step_to_the_next_version_keeps_everything(
    open_ledger: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 54: an upgrade with a publication under way."""
    old = open_ledger()
    first = begun(old, a="one", b="two")
    (a,) = turn(old, first, size=1)
    before = find_status(old, KEY)
    step = (
        "ALTER TABLE delivery ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",
        "CREATE TABLE more (id {id})",
    )
    monkeypatch.setattr(schema, "MIGRATIONS", (*STEPS, step))
    new = open_ledger()
    assert version(new) == len(STEPS) + 1
    assert find_status(new, KEY) == before
    assert rows(new, "SELECT DISTINCT note FROM delivery") == [("none",)]
    (b,) = turn(new, first, ended(a))
    turn(new, first, ended(b))
    open_ledger()
    assert version(new) == len(STEPS) + 1, "a step is taken once"


def test_a_step_that_fails_leaves_everything_as_it_was(
    open_ledger: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = open_ledger()
    begun(old)
    before = find_status(old, KEY)
    good, bad = (
        ("ALTER TABLE delivery ADD COLUMN note TEXT",),
        ("CREATE TABLE more (id {id})", "DROP TABLE less"),
    )
    monkeypatch.setattr(schema, "MIGRATIONS", (*STEPS, good, bad))
    with pytest.raises(StorageError, match="less"):
        open_ledger()
    assert version(old) == len(STEPS)
    assert find_status(old, KEY) == before
    monkeypatch.setattr(schema, "MIGRATIONS", (*STEPS, good))
    assert version(open_ledger()) == len(STEPS) + 1, (
        "the good step can still be taken, and was not taken before"
    )


def test_a_ledger_of_a_newer_publisher_is_refused(open_ledger: Open) -> None:
    old = open_ledger()
    begun(old)
    with old.transaction() as tx:
        old._database.set_version(tx, 77)
    with pytest.raises(StorageError) as caught:
        open_ledger()
    assert caught.value.message == "the ledger has schema version 77, written by a newer publisher"
    assert caught.value.hint == "nothing was sent: upgrade publisher"
    assert version(old) == 77


def test_no_statement_changes_or_removes_an_attempt() -> None:
    source = "".join(path.read_text("utf-8") for path in sorted(LEDGER.glob("*.py")))
    touching = re.findall(r"\b(\w+(?:\s+\w+)?)\s+attempt\b", source)
    assert "INSERT INTO" in touching, "nothing was looked at"
    assert not {"UPDATE", "DELETE FROM", "REPLACE INTO", "DROP TABLE"} & set(touching)
    assert not re.search(r"CASCADE|OR REPLACE|TRUNCATE", source)
