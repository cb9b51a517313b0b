"""Several processes deliver one publication, and are killed or suspended wherever it may hurt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOTAL = 600


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> list[str]:
    """Where the ledger is: no argument for SQLite."""
    if request.param == "sqlite":
        return []
    return ["--postgres", request.getfixturevalue("postgres").address()]


def crash(what: str, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.support.crash_workers", what, "--ledger", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(found: dict[str, Any]) -> None:
    """No one got it twice, no one is lost, and few are unknown."""
    counts = found["counts"]
    assert found["twice"] == 0, found
    assert counts["sent"] + counts["unknown"] == TOTAL, found
    assert counts["sent"] <= found["reached"] <= TOTAL, found
    assert counts["unknown"] <= found["window"] * found["kills"], found
    assert found["done"], "the publication is done if nothing is unknown, and only then"
    assert set(found["codes"]) == {0}, found


@pytest.mark.parametrize("seed", range(2))
def test_workers_are_killed_and_replaced(tmp_path: Path, place: list[str], seed: int) -> None:
    results = crash("kills", tmp_path, "--rounds", "4", "--seed", str(seed), *place)
    assert len(results) == 4
    assert any(found["kills"] for found in results)
    for found in results:
        check(found)


def test_a_worker_is_killed_at_every_edge(tmp_path: Path, place: list[str]) -> None:
    results = crash("edges", tmp_path, *place)
    assert len(results) == 10
    assert sum(found["died"] for found in results) > 5
    for found in results:
        check(found)


def test_nothing_is_sent_before_the_plan_is_whole(tmp_path: Path, place: list[str]) -> None:
    results = crash("planners", tmp_path, *place)
    assert [found["name"] for found in results if not found["died"]] == []
    assert len(results) == 5
    for found in results:
        check(found)
        assert found["counts"]["sent"] == TOTAL, found


def test_a_worker_that_was_suspended_too_long_does_no_harm(tmp_path: Path, place: list[str]) -> None:
    results = crash("stopped", tmp_path, *place)
    assert len(results) == 3
    for found in results:
        assert found["busy"] == 5 or not found["was_leased"], "no one plans while a worker has a shard"
        check(found)
