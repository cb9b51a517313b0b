"""A ledger that is damaged or lost, and the copy that was kept of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.ledger import sqlite as rooms
from publisher.ledger.queries import find_status
from tests.ledger.shortcuts import KEY, NOON, begun, turn
from tests.ledger.sqlite_files import opened, refusal, send_some


def garble(file: Path) -> None:
    """Overwrite what is in the middle."""
    body = bytearray(file.read_bytes())
    body[4096:] = b"\xa5" * (len(body) - 4096)
    file.write_bytes(body)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "in the middle": garble,
    "at the beginning": lambda file: file.write_bytes(b"x" * 100 + file.read_bytes()[100:]),
    "another file": lambda file: file.write_bytes(b"Dear diary" * 1000),
    "its end is missing": lambda file: os.truncate(file, 3 * 4096),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_ledger_is_left_alone(file: Path, damage: str) -> None:
    """Fault 14."""
    with opened(file) as ledger:
        send_some(ledger, 200)
    DAMAGES[damage](file)
    broken = file.read_bytes()
    error = refusal(file)
    assert error.message.startswith(f"the ledger {file} is damaged: ")
    assert error.hint == (
        "nothing is sent: move ledger.db* away, copy ledger.backup to ledger.db, "
        "and compare it with what was sent since"
    )
    assert file.read_bytes() == broken
    file.with_suffix(".backup").rename(file.with_suffix(".other"))
    assert refusal(file).hint == (
        "nothing is sent: replace ledger.db* with your own backup, and compare it with what was sent since"
    )
    assert file.read_bytes() == broken


def test_damage_found_later_is_reported_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "_MAX_CHECKED_BYTES", 0)  # skip the check at opening
    with opened(file) as ledger:
        send_some(ledger, 200)
    copy = file.with_suffix(".backup")
    before = copy.read_bytes()
    garble(file)

    def use(ledger: Ledger) -> None:
        ledger._is_modified = True
        find_status(ledger, KEY)

    assert "is damaged" in refusal(file, use).message
    assert copy.read_bytes() == before, "what is damaged is not worth a copy"
    assert {path.name for path in file.parent.iterdir()} <= {file.name, copy.name, "ledger.db-wal", "ledger.db-shm"}


def test_the_copy_holds_what_was_sent(file: Path) -> None:
    with opened(file) as ledger:
        send_some(ledger)
        before = find_status(ledger, KEY)
    for path in file.parent.glob("ledger.db*"):
        path.unlink()
    error = refusal(file)
    assert error.message == f"the ledger {file} is missing"
    assert "copy ledger.backup to ledger.db" in error.hint
    assert not file.exists()
    file.write_bytes(b"")
    assert refusal(file).message == f"the ledger {file} is missing"
    file.write_bytes(file.with_suffix(".backup").read_bytes())
    with opened(file) as ledger:
        assert find_status(ledger, KEY) == before


def test_a_copy_is_made_when_there_is_something_new(file: Path) -> None:
    copy = file.with_suffix(".backup")
    with opened(file) as ledger:
        lease = begun(ledger)
        assert not copy.exists()
        turn(ledger, lease)
        ledger.release(lease, NOON)
    assert not copy.exists()
    with opened(file) as ledger:
        send_some(ledger)
    before = copy.stat().st_ino
    with opened(file) as ledger:
        find_status(ledger, KEY)
    assert copy.stat().st_ino == before


def test_a_copy_that_cannot_be_made_is_no_harm(file: Path) -> None:
    copy = file.with_suffix(".backup")
    with opened(file) as ledger:
        copy.mkdir()
        send_some(ledger)
    assert copy.is_dir()
    assert {path.name for path in file.parent.iterdir()} == {file.name, copy.name}
