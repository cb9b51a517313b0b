"""What is remembered of an issue, and for how long."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from publisher import reuse
from publisher.reader import parse_issue
from publisher.reuse import begin_issue, reuse_results


@pytest.fixture
def counted() -> tuple[Callable[..., list[object]], list[object]]:
    """A function with a memory, and the calls that it did not remember."""
    calls: list[object] = []

    @reuse_results
    def repeat(value: object, *, often: int = 1) -> list[object]:
        calls.append((value, often))
        return [value] * often

    return repeat, calls


def test_the_same_is_computed_once(counted: tuple[Callable[..., list[object]], list[object]]) -> None:
    repeat, calls = counted
    results = [repeat("a"), repeat("a"), repeat("b"), repeat("a", often=2), repeat("a", often=2), repeat("a")]
    assert results == [["a"], ["a"], ["b"], ["a", "a"], ["a", "a"], ["a"]]
    assert calls == [("a", 1), ("b", 1), ("a", 2)]


def test_what_is_used_in_each_issue_stays(counted: tuple[Callable[..., list[object]], list[object]]) -> None:
    repeat, calls = counted
    for word in ("a", "b", "c", "d"):
        begin_issue()
        repeat("always")
        repeat(word)
    assert calls == [("always", 1), *((word, 1) for word in "abcd")]


@pytest.mark.parametrize(("begun", "is_remembered"), [(0, True), (1, True), (2, False)])
def test_what_two_issues_did_not_use_is_forgotten(
    counted: tuple[Callable[..., list[object]], list[object]], begun: int, is_remembered: bool
) -> None:
    repeat, calls = counted
    repeat("a")
    for _ in range(begun):
        begin_issue()
    repeat("a")
    assert len(calls) == (1 if is_remembered else 2)


def test_an_issue_that_is_parsed_is_a_new_one(counted: tuple[Callable[..., list[object]], list[object]]) -> None:
    repeat, calls = counted
    repeat("a")
    for text in ("# One\n", "# Two\n"):
        parse_issue(text)
    repeat("a")
    assert len(calls) == 2


def test_without_new_issues_there_is_an_end_to_it(
    counted: tuple[Callable[..., list[object]], list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reuse, "_MAX_RESULTS", 10)
    repeat, calls = counted
    for number in range(35):
        repeat(number)
    calls.clear()
    for number in reversed(range(35)):
        repeat(number)
    assert len(calls) >= 15  # at most two generations of ten were there
    assert (34, 1) not in calls


def test_an_error_is_not_remembered() -> None:
    answers = iter([KeyError, 1])

    @reuse_results
    def fail_once() -> int:
        answer = next(answers)
        if isinstance(answer, int):
            return answer
        raise answer

    with pytest.raises(KeyError):
        fail_once()
    assert fail_once() == 1
