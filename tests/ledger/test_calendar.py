"""What a person decided, what was told, and what the ledger knows of itself."""

from __future__ import annotations

import pytest

from publisher.ledger import Key, Ledger, State
from publisher.ledger.calendar import (
    Decision,
    Insistence,
    adopt,
    decide,
    decisions,
    insist,
    insistences,
    published,
    ready,
    tell_once,
    told,
    unfinished,
)
from publisher.ledger.meta import Watch, beat, count, look, note, recall, watch
from publisher.ledger.queries import standing
from tests.ledger.conftest import Open
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, ended, turn

ISSUE = KEY.issue
LETTER = "tag:e.org,2021:n"
OTHER = Key("tag:e.org,2021:n/2021-07-04", "post", "@readers")


def test_a_decision_changes_only_what_it_is_about(ledger: Ledger) -> None:
    assert decisions(ledger) == {}
    decide(ledger, ISSUE, ["post", "web"], held=True)
    decide(ledger, ISSUE, ["post"], due=NOON)
    decide(ledger, ISSUE, ["web"], held=False)
    decide(ledger, OTHER.issue, ["web"], due=NOON)
    decide(ledger, OTHER.issue, ["web"], due=NOON + MINUTE)
    assert decisions(ledger) == {
        (ISSUE, "post"): Decision(True, NOON),
        (ISSUE, "web"): Decision(False, None),
        (OTHER.issue, "web"): Decision(False, NOON + MINUTE),
    }


def test_everything_is_told_once(ledger: Ledger, open_ledger: Open) -> None:
    both = [(ISSUE, "web"), (ISSUE, "post")]
    assert tell_once(ledger, both[:1], "draft", "", NOON) == both[:1]
    assert tell_once(open_ledger(), both, "draft", "", NOON) == both[1:]
    assert tell_once(ledger, both, "draft", "", NOON) == []
    assert tell_once(ledger, both[:1], "draft", "another reason", NOON) == both[:1]


def test_what_was_told_is_known(ledger: Ledger) -> None:
    tell_once(ledger, [(ISSUE, "web"), (ISSUE, "post")], "unsound", "1 error", NOON)
    tell_once(ledger, [(ISSUE, "post")], "unsound", "2 errors", NOON)
    tell_once(ledger, [(OTHER.issue, "post")], "draft", "", NOON)
    assert told(ledger, "unsound") == {(ISSUE, "web"), (ISSUE, "post")}


def test_whoever_insists_is_remembered(ledger: Ledger, open_ledger: Open) -> None:
    assert insistences(ledger) == {}
    insist(ledger, ISSUE, "aa", "empty-url at line 5", NOON)
    insist(ledger, OTHER.issue, "aa", "stale-copy at line 1", NOON)
    insist(ledger, ISSUE, "bb", "too-long for wechat", NOON + MINUTE)
    assert insistences(open_ledger()) == {
        ISSUE: (
            Insistence("aa", "empty-url at line 5", NOON),
            Insistence("bb", "too-long for wechat", NOON + MINUTE),
        ),
        OTHER.issue: (Insistence("aa", "stale-copy at line 1", NOON),),
    }


def test_what_is_done_and_what_is_not(ledger: Ledger) -> None:
    claim = begun(ledger, a="one", b="two")
    (a,) = turn(ledger, claim, size=1)
    assert published(ledger) == frozenset()
    assert unfinished(ledger)[KEY].counts.planned == 1
    assert ready(ledger, NOON) == {KEY}
    (b,) = turn(ledger, claim, ended(a))
    later = ended(b, State.PLANNED, next_at=NOON + 2 * MINUTE)
    turn(ledger, claim, later)
    assert ready(ledger, NOON + MINUTE) == frozenset()
    assert ready(ledger, NOON + 2 * MINUTE) == {KEY}
    (b,) = turn(ledger, claim, now=NOON + 2 * MINUTE)
    turn(ledger, claim, ended(b), size=0)
    ledger.release(claim, NOON)
    assert published(ledger) == {KEY}
    assert unfinished(ledger) == {}


def test_what_was_out_before_is_done_and_nothing_else_changes(ledger: Ledger) -> None:
    claim = begun(ledger, a="one")
    assert adopt(ledger, {KEY: NOON, OTHER: NOON}, NOON + MINUTE) == {OTHER}
    assert adopt(ledger, {OTHER: NOON + MINUTE}, NOON) == frozenset()
    found = standing(ledger, OTHER)
    assert found
    assert (found.done, found.is_adopted, found.published, found.counts.total) == (True, True, NOON, 0)
    mine = standing(ledger, KEY)
    assert mine
    assert not mine.is_adopted
    assert len(turn(ledger, claim)) == 1


def test_facts_are_remembered(ledger: Ledger, open_ledger: Open) -> None:
    assert recall(ledger, "machine") == ""
    note(ledger, "machine", "a")
    note(ledger, "machine", "b")
    assert recall(open_ledger(), "machine") == "b"
    assert [count(ledger, "uses"), count(open_ledger(), "uses"), count(ledger, "uses", 10)] == [1, 2, 11]


def test_who_looks_at_the_clock(ledger: Ledger, open_ledger: Open) -> None:
    assert watch(ledger, LETTER) == Watch()
    beat(ledger, LETTER, NOON)
    assert watch(open_ledger(), LETTER) == Watch(NOON)
    look(ledger, LETTER, NOON + MINUTE)
    assert watch(ledger, LETTER) == Watch(None, NOON + MINUTE), "somebody came in its place"
    beat(ledger, LETTER, NOON + 2 * MINUTE)
    assert watch(ledger, LETTER) == Watch(NOON + 2 * MINUTE, NOON + MINUTE)
    beat(ledger, LETTER, None)
    assert watch(ledger, LETTER).heartbeat is None
    beat(ledger, "tag:e.org,2021:other", NOON + 3 * MINUTE)
    assert watch(ledger, LETTER).heartbeat is None, "several newsletters may share a ledger"


@pytest.mark.parametrize(
    ("alive", "looked", "silent", "kept"),
    [
        (None, None, False, False),
        (2, None, False, True),
        (3, None, True, False),
        (3, 4, True, False),
        (None, 25 * 60, False, True),
        (None, 25 * 60 + 1, False, False),
    ],
)
def test_who_is_missed(alive: int | None, looked: int | None, silent: bool, kept: bool) -> None:
    """Minutes ago."""
    found = Watch(*(None if one is None else NOON - one * MINUTE for one in (alive, looked)))
    assert (found.is_silent(NOON), found.is_kept(NOON)) == (silent, kept)
