"""What holds the promises is taken out, one thing at a time, and some test must miss it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Mutant(NamedTuple):
    """A change of a file of the ledger, and the tests that must notice it."""

    file: str
    old: str
    new: str
    tests: str
    chosen: str


MUTANTS = {
    "no fence where results are entered": Mutant(
        "transitions.py",
        "AND delivery.state = 'sending' AND delivery.fence = new.fence",
        "",
        "test_lease.py",
        "former_owner_tells_late",
    ),
    "no fence where the next ones are started": Mutant(
        "leases.py", "id_, lease.fence))", "id_, lease.fence)) or True", "test_interleavings.py", "given_out_once"
    ),
    "two rows for one publication": Mutant(
        "schema.py",
        "UNIQUE (issue, channel, destination)",
        "CHECK (fence >= 0)",
        "test_races.py",
        "six_processes and sqlite",
    ),
    "two rows for one delivery": Mutant(
        "schema.py",
        "UNIQUE (publication, recipient, part)",
        "CHECK (fence >= 0)",
        "test_plan.py",
        "second_row_for_a_delivery",
    ),
    "the same recipient twice": Mutant(
        "listing.py", "TEXT NOT NULL UNIQUE", "TEXT NOT NULL", "test_plan.py", "on_the_list_twice"
    ),
    "no flush": Mutant(
        "sqlite.py", "PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF", "test_power_cut.py", "noted or flushes"
    ),
    "no word before the act": Mutant(
        "queues.py",
        "SET state = 'sending', tries = new.tries",
        "SET tries = new.tries",
        "test_checkpoint.py",
        "begun_before_it_is_given",
    ),
    "a shard of a plan in the middle": Mutant(
        "leases.py", "is_open and not planning and fence", "is_open and fence", "test_planning.py", "cannot_be_claimed"
    ),
    "a shard that another process has": Mutant(
        "leases.py",
        "or is_held(owner, leased_until, now):",
        "or is_held('', leased_until, now):",
        "test_shards.py",
        "shard_of_its_own",
    ),
    "a publication of which another process has a shard": Mutant(
        "leases.py", ", *_select_holders(tx, publication)]", "]", "test_shards.py", "busy_while_a_shard"
    ),
    "no fence where a shard is claimed": Mutant(
        "leases.py", "not planning and fence in (None, shard_fence)", "not planning", "test_shards.py", "comes_twice"
    ),
    "what is unknown is sent again": Mutant(
        "transitions.py",
        "repeatable = idempotent or remote_id",
        "repeatable = True",
        "test_lease.py",
        "begun_and_not_ended",
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, and of its ledger's tests with what they need."""
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("publisher", "tests/ledger", "tests/support"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unwanted)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(copy: Path, tests: str, chosen: str) -> subprocess.CompletedProcess[str]:
    """Run some of the tests against the copy."""
    chosen = f"({chosen}) and not postgres"
    plugins = ["-p", "no:cacheprovider", "-p", "pytest_timeout"]
    command = [sys.executable, "-m", "pytest", "-xq", *plugins, f"tests/ledger/{tests}", "-k", chosen]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # which are loaded as slowly as these tests run
    return subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=1800)


@pytest.mark.parametrize("name", MUTANTS)
def test_it_is_missed(name: str, copy: Path) -> None:
    mutant = MUTANTS[name]
    file = copy / "publisher" / "ledger" / mutant.file
    source = file.read_text("utf-8")
    assert source.count(mutant.old) == 1
    file.write_text(source.replace(mutant.old, mutant.new), "utf-8")
    done = run(copy, mutant.tests, mutant.chosen)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr


def test_nothing_is_missed_when_nothing_is_missing(copy: Path) -> None:
    done = run(copy, "test_lease.py", "former_owner or begun_and_not_ended")
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
