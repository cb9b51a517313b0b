"""Workers on several machines send one issue: some are killed, one is frozen for longer than its lease, the database is
restarted, and the queue is lost. `make simulate` does the same with a large list."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulate.account import compare
from tests.simulate.kills import KillLoop, Plan
from tests.simulate.letter import Letter, empty_queue, plan_issue
from tests.simulate.processes import ProcessGroup
from tests.support.postgres import Postgres
from tests.support.servers.mail_recorder import MailRecorder

WINDOW = 6
"""How many emails a worker sends at a time."""

SENT = ["sent"] * 4


def test_two_workers_that_are_killed(tmp_path: Path, postgres: Postgres) -> None:
    plan = Plan(readers=2_000, processes=2, kills=2, lease=8.0)
    with MailRecorder(tmp_path / "arrived", delay=0.001) as recorder:
        letter = Letter(tmp_path / "letter", postgres.address(), recorder.port)
        letter.subscribe(range(plan.readers))
        plan_issue(letter, tmp_path / "log")
        words, timeout = ("worker", f"--threads={WINDOW}"), str(plan.lease / 2)
        with ProcessGroup(letter, words, plan.processes, tmp_path / "log", TIMEOUT=timeout) as group:
            ending = KillLoop(plan, letter, group, recorder.file, postgres).run(lambda: empty_queue(letter))
    account = ending.account
    assert (account.duplicates, account.lost, account.misjudged, account.open) == (0, 0, 0, 0), ending
    assert account.states.keys() <= {"sent", "unknown"}, ending
    assert account.unknown <= WINDOW * ending.losses, ending
    assert ending.losses >= plan.kills, ending
    assert set(ending.codes) == {0}, "those that are left stop at once when they are asked to"


@pytest.mark.parametrize(
    ("arrivals", "states", "found"),
    [
        ([1, 1, 1, 1], SENT, (0, 0, 0, 0)),
        ([1, 1, 1, 2], SENT, (1, 0, 0, 0)),
        ([3, 1, 2, 1], SENT, (3, 0, 0, 0)),
        ([1, 1, 1, 0], SENT, (0, 1, 0, 0)),
        ([1, 1, 1, 0], ["sent", "sent", "sent"], (0, 1, 0, 0)),
        ([1, 1, 1, 0], ["sent", "sent", "sent", "planned"], (0, 1, 0, 1)),
        ([1, 1, 1, 0], ["sent", "sent", "sent", "unknown"], (0, 0, 0, 0)),
        ([1, 1, 1, 1], ["sent", "sent", "sent", "unknown"], (0, 0, 0, 0)),
        ([1, 1, 1, 0], ["sent", "sent", "sent", "failed"], (0, 0, 0, 0)),
        ([1, 1, 1, 1], ["sent", "sent", "sent", "failed"], (0, 0, 1, 0)),
        ([1, 1, 1, 1], ["sent", "sent", "sending", "planned"], (0, 0, 2, 2)),
    ],
)
def test_what_the_count_finds(arrivals: list[int], states: list[str], found: tuple[int, int, int, int]) -> None:
    account = compare(bytearray(arrivals), [(f"reader{number}@mail.example", one) for number, one in enumerate(states)])
    assert (account.duplicates, account.lost, account.misjudged, account.open) == found
