"""Many at once: processes that want the same, and threads that share a ledger."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from publisher.ledger import Ledger, Result
from publisher.ledger.queries import ResolutionChoice, resolve_deliveries, retry_deliveries
from publisher.ledger.queues import QueueSelection
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, rows, turn
from tests.support.attempts import load_attempts

ROOT = Path(__file__).parents[2]

CHILD = """
import sys
from pathlib import Path
from publisher.errors import BusyError
from publisher.ledger import PublicationKey, Ledger
from tests.ledger.shortcuts import claim
kind, place = sys.argv[1:3]
place = Path(place) if kind == "PosixPath" else place
"""


class Crowd:
    """Processes that run `code`, which prints one line for each line it reads."""

    def __init__(self, number: int, code: str, place: Path | str, stack: ExitStack) -> None:
        command = [sys.executable, "-c", CHILD + code, type(place).__name__, str(place)]
        self._all = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(number)
        ]
        self.said()

    def call(self, word: object) -> list[str]:
        """Tell all the same, in one moment; what they say."""
        for process in self._all:
            assert process.stdin
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
        return self.said()

    def said(self) -> list[str]:
        """What they say next."""
        return [process.stdout.readline().strip() for process in self._all if process.stdout]


@contextmanager
def crowd(number: int, code: str, place: Path | str) -> Iterator[Crowd]:
    """So many processes, which end when their input does."""
    with ExitStack() as stack:
        yield Crowd(number, code, place, stack)


def test_six_processes_want_it_and_one_gets_it(place: Path | str) -> None:
    code = """
ledger = Ledger(place)
print("ready", flush=True)
for issue in sys.stdin:
    try:
        print("fence", claim(ledger, key=PublicationKey(issue, "post", "@readers")).fence, flush=True)
    except BusyError:
        print("busy", flush=True)
"""
    with crowd(6, code, place) as six:
        for number in range(50):
            assert sorted(six.call(number)) == ["busy"] * 5 + ["fence 1"]


def test_twelve_processes_make_the_tables_at_once(place: Path | str) -> None:
    code = """
print("ready", flush=True)
sys.stdin.readline()
ledger = Ledger(place)
print(claim(ledger, key=PublicationKey(str(id(sys)), str(__import__("os").getpid()), "")).fence, flush=True)
"""
    with crowd(12, code, place) as twelve:
        assert twelve.call("go") == ["1"] * 12


# ------------------------------------------------------------------------ threads


def test_threads_share_a_ledger(ledger: Ledger) -> None:
    def publish(number: int) -> int:
        mine = begun(ledger, *"abcdefgh", key=KEY._replace(issue=str(number)))
        sent, tasks = 0, turn(ledger, mine, size=3)
        while tasks:
            sent += len(tasks)
            tasks = turn(ledger, mine, *map(ended, tasks), size=3)
        ledger.release(mine, NOON)
        return sent

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(publish, range(12))) == [8] * 12
    assert rows(ledger, "SELECT state, COUNT(*) FROM delivery GROUP BY state") == [("sent", 96)]
    assert rows(ledger, "SELECT done, COUNT(*) FROM publication GROUP BY done") == [(1, 12)]


def test_threads_with_a_ledger_each(open_ledger: Open) -> None:
    ledgers = [open_ledger() for _ in range(4)]

    def work(ledger: Ledger) -> list[str]:
        try:
            mine = claim(ledger)
        except Exception as error:
            return [type(error).__name__]
        ledger.plan(mine, [], [], NOON, keep_content=False)
        return ["claimed"]

    with ThreadPoolExecutor(4) as threads:
        done = [outcome for one in threads.map(work, ledgers) for outcome in one]
    assert sorted(done) == ["BusyError"] * 3 + ["claimed"]


def test_who_takes_over_waits_for_results_that_are_being_noted(open_ledger: Open) -> None:
    first, second = open_ledger(), open_ledger()
    mine = begun(first, *"ab")
    a, b = turn(first, mine)
    with ThreadPoolExecutor(1) as threads:

        class Results(list[Result]):
            def __iter__(self) -> Iterator[Result]:
                if hasattr(self, "taken"):
                    yield from super().__iter__()
                    return
                yield ended(a)
                self.taken = threads.submit(claim, second, NOON + MINUTE)
                time.sleep(0.3)  # long enough for it to get stuck where it may
                yield ended(b)

        results = Results([ended(a), ended(b)])
        first.checkpoint(mine, results, QueueSelection(KEY.channel, 0), NOON, MINUTE)
        assert results.taken.result().fence == mine.fence + 1
    assert [one.outcome for one in load_attempts(first, KEY)] == ["sent", "sent"]


def test_two_people_decide_and_one_of_them_is_first(open_ledger: Open) -> None:
    ledger, another = open_ledger(), open_ledger()
    turn(ledger, begun(ledger, *"abcdef"))
    claim(ledger, NOON + MINUTE)
    with ThreadPoolExecutor(2) as threads:
        sent = threads.submit(resolve_deliveries, ledger, KEY, ResolutionChoice.SENT, NOON)
        resend = threads.submit(resolve_deliveries, another, KEY, ResolutionChoice.RESEND, NOON)
        assert sorted([sent.result(), resend.result()]) == [0, 6]
    assert retry_deliveries(ledger, KEY, NOON) == 0
