"""Who has a publication in hand, and what becomes of it when that one is gone."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.errors import BusyError
from publisher.ledger import DeliveryState, Lease, LeaseLostError, Ledger, PublicationKey
from publisher.ledger.process_id import format_owner, get_process_id, is_process_gone
from publisher.ledger.queries import find_status
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, SECOND, begun, claim, ended, parts, plan, rows, states, turn
from tests.support.attempts import load_attempts

ROOT = Path(__file__).parents[2]
ELSEWHERE = "process 1 on elsewhere, begun 1 of another"


def take(ledger: Ledger, owner: str) -> None:
    """Have somebody else hold the publication until a minute past noon."""
    claim(ledger)
    with ledger.transaction() as tx:
        tx.execute("UPDATE publication SET owner = ?", owner)


def test_one_has_it_and_no_other(open_ledger: Open) -> None:
    first, second = open_ledger(), open_ledger()
    claim(first)
    with pytest.raises(BusyError) as caught:
        claim(second, NOON + MINUTE - SECOND)
    assert caught.value.message == f"@readers is being published by process {os.getpid()} on {platform.node()}"
    assert caught.value.hint.endswith("its lease ends at 2021-07-18T12:01:00Z unless it is extended")
    with pytest.raises(BusyError):
        claim(first)  # nor another thread of the same process


@pytest.mark.parametrize("other", [("another", "post", "@readers"), ("", "fax", "@readers"), ("", "post", "@all")])
def test_another_issue_channel_or_destination_is_another_publication(ledger: Ledger, other: tuple[str, ...]) -> None:
    first = claim(ledger)
    issue, channel, destination = other
    second = claim(ledger, key=PublicationKey(issue or KEY.issue, channel, destination))
    assert first.publication_id != second.publication_id
    assert (first.fence, second.fence) == (1, 1)


def test_it_is_free_after_the_lease(ledger: Ledger) -> None:
    first = claim(ledger)
    assert claim(ledger, NOON + MINUTE) == Lease(first.publication_id, first.fence + 1)


def test_every_turn_makes_the_lease_longer(ledger: Ledger) -> None:
    first = begun(ledger)
    turn(ledger, first, now=NOON + MINUTE - SECOND)
    with pytest.raises(BusyError):
        claim(ledger, NOON + 2 * MINUTE - 2 * SECOND)
    assert claim(ledger, NOON + 2 * MINUTE - SECOND).fence == 2


def test_it_is_free_once_released(ledger: Ledger) -> None:
    first = claim(ledger)
    ledger.release(first, NOON)
    assert claim(ledger).fence == 2


def test_a_dead_process_of_this_machine_is_noticed_at_once(ledger: Ledger, place: Path | str) -> None:
    code = f"""
from pathlib import Path
from publisher.ledger import Ledger
from tests.ledger.shortcuts import claim
claim(Ledger({f"Path({str(place)!r})" if isinstance(place, Path) else repr(place)}))
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as process:
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # nobody takes note of its end yet
        assert ended
        assert ended.si_status == 0
        assert claim(ledger).fence == 2


@pytest.mark.parametrize(
    "owner",
    [
        lambda: ELSEWHERE,
        lambda: get_process_id().replace(" of ", " of another-"),  # a container, or a machine of the same name
        lambda: "somebody",
    ],
    ids=["elsewhere", "same-name", "somebody"],
)
def test_of_another_machine_nobody_can_tell(ledger: Ledger, owner: Callable[[], str]) -> None:
    take(ledger, owner())
    with pytest.raises(BusyError):
        claim(ledger, NOON + MINUTE - SECOND)
    assert claim(ledger, NOON + MINUTE).fence == 2


def test_processes_are_distinguished() -> None:
    me = get_process_id()
    assert not is_process_gone(me)
    assert is_process_gone(me.replace("begun ", "begun 1")), "another process got the number of the owner"
    assert not is_process_gone(me.replace("begun ", "begun 1").replace(platform.node(), "elsewhere"))
    free = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    assert is_process_gone(me.replace(f"process {os.getpid()}", f"process {free}"))
    assert format_owner(me) == f"process {os.getpid()} on {platform.node()}"


def test_who_has_it_is_shown(ledger: Ledger) -> None:
    take(ledger, ELSEWHERE)
    found = find_status(ledger, KEY)
    assert found
    assert found.owner == "process 1 on elsewhere"


# ------------------------------------------------------------ what was left behind


def test_what_was_begun_and_not_ended_is_unknown(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two")
    (a,) = turn(ledger, first, size=1)
    claim(ledger, NOON + MINUTE)
    assert states(ledger) == {"a": "unknown", "b": "planned"}
    (attempt,) = load_attempts(ledger, KEY)
    assert (attempt.part, attempt.started_at, attempt.ended_at) == ("a", a.started_at, NOON + MINUTE)
    assert (attempt.outcome, attempt.evidence) == ("unknown", "the process ended before the outcome was known")
    found = find_status(ledger, KEY)
    assert found
    assert found.reasons == ("the process ended before the outcome was known",)


def test_it_is_planned_again_where_twice_is_the_same_as_once(ledger: Ledger) -> None:
    turn(ledger, begun(ledger))
    again = claim(ledger, NOON + MINUTE, repeatable=True)
    assert states(ledger) == {"a": "planned"}
    (task,) = turn(ledger, again)
    assert task.tries == 2
    assert [attempt.outcome for attempt in load_attempts(ledger, KEY)] == ["unknown"]


def test_a_change_is_planned_again(ledger: Ledger) -> None:
    first = begun(ledger)
    (task,) = turn(ledger, first)
    turn(ledger, first, ended(task))
    plan(ledger, first, parts(a="another"))
    (task,) = turn(ledger, first)
    assert task.remote_id == "id-a"
    again = claim(ledger, NOON + MINUTE)
    assert states(ledger) == {"a": "planned"}
    (task,) = turn(ledger, again)
    assert task.remote_id == "id-a"


# ------------------------------------------------------------------------- fences


def test_what_a_former_owner_tells_late_is_evidence_and_nothing_else(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two", c="three")
    a, b = turn(ledger, first, size=2)
    second = claim(ledger, NOON + MINUTE)
    late = ended(a, url="https://e.org/1"), ended(b, DeliveryState.PLANNED, next_at=NOON)
    with pytest.raises(LeaseLostError, match="another process took over this publication"):
        turn(ledger, first, *late)
    assert states(ledger) == {"a": "unknown", "b": "unknown", "c": "planned"}
    assert rows(ledger, "SELECT url, fence FROM publication") == [("", second.fence)]
    caught = [(attempt.part, attempt.outcome) for attempt in load_attempts(ledger, KEY)]
    assert caught == [("a", "unknown"), ("b", "unknown"), ("a", "sent"), ("b", "planned")]
    assert [row[0] for row in rows(ledger, "SELECT fence FROM attempt ORDER BY id")] == [1, 1, 1, 1]


def test_not_even_when_the_same_delivery_is_under_way_again(ledger: Ledger) -> None:
    first = begun(ledger)
    (task,) = turn(ledger, first)
    second = claim(ledger, NOON + MINUTE, repeatable=True)
    turn(ledger, second, now=NOON + MINUTE)
    with pytest.raises(LeaseLostError):
        turn(ledger, first, ended(task, DeliveryState.FAILED))
    assert states(ledger) == {"a": "sending"}


def test_a_former_owner_gets_nothing_more_to_do(ledger: Ledger) -> None:
    first = begun(ledger)
    second = claim(ledger, NOON + MINUTE)
    with pytest.raises(LeaseLostError):
        turn(ledger, first)
    assert states(ledger) == {"a": "planned"}
    with pytest.raises(LeaseLostError):
        plan(ledger, first, parts(a="changed", b="more"))
    assert states(ledger) == {"a": "planned"}
    ledger.release(first, NOON)
    with pytest.raises(BusyError):
        claim(ledger, NOON + MINUTE)
    assert len(turn(ledger, second)) == 1


def test_a_former_owner_does_not_make_the_lease_longer(ledger: Ledger) -> None:
    first = begun(ledger)
    claim(ledger, NOON + MINUTE)
    with pytest.raises(LeaseLostError):
        turn(ledger, first, now=NOON + 30 * MINUTE)
    assert claim(ledger, NOON + 2 * MINUTE).fence == 3


# ------------------------------------------------------------------ the last word


def test_it_is_done_when_nothing_is_left_to_do(ledger: Ledger) -> None:
    first = begun(ledger, a="one", b="two")
    a, b = turn(ledger, first)
    ledger.release(first, NOON)
    assert rows(ledger, "SELECT done, published_at, owner FROM publication") == [(0, "", "")]
    turn(ledger, first, ended(a), ended(b))
    ledger.release(first, NOON + SECOND)
    found = find_status(ledger, KEY)
    assert found
    assert (found.done, found.published, found.owner) == (True, NOON + SECOND, "")
    again = claim(ledger)
    ledger.release(again, NOON + MINUTE)
    found = find_status(ledger, KEY)
    assert found
    assert found.published == NOON + SECOND, "the first time counts"


@pytest.mark.parametrize("state", [DeliveryState.PLANNED, DeliveryState.FAILED, DeliveryState.UNKNOWN])
def test_it_is_not_done_while_something_is_left(ledger: Ledger, state: DeliveryState) -> None:
    first = begun(ledger, a="one", b="two")
    a, b = turn(ledger, first)
    turn(ledger, first, ended(a), ended(b, state), size=0)
    ledger.release(first, NOON)
    assert rows(ledger, "SELECT done FROM publication") == [(0,)]


def test_what_was_never_planned_is_not_done(ledger: Ledger) -> None:
    ledger.release(claim(ledger), NOON)
    assert rows(ledger, "SELECT done, published_at FROM publication") == [(0, "")]
