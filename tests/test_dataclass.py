"""Our dataclasses against those of the standard library, which mypy takes them for."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable

import pytest

from publisher.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Berth:
    """Where a ship lies."""

    pier: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class Buoy:
    """Not a berth, though its fields are the same."""

    pier: str
    number: int = 1


@dataclass(slots=True)
class Log:
    """One that changes."""

    lines: list[str] = dataclasses.field(default_factory=list)


Theirs = dataclasses.make_dataclass(
    "Berth", [("pier", str), ("number", int, 1)], frozen=True, slots=True, order=True
)


@pytest.mark.parametrize("asked", [repr, hash, dataclasses.astuple, dataclasses.asdict])
def test_the_same_answers(asked: Callable[[object], object]) -> None:
    assert asked(Berth("East", 7)) == asked(Theirs("East", 7))


def test_equality() -> None:
    assert Berth("East") == Berth("East", 1)
    assert Berth("East") != Berth("East", 2)
    assert Berth("East") != Buoy("East")
    assert Log() == Log([])


def test_order() -> None:
    east, west = Berth("East", 9), Berth("West", 1)
    assert east < west
    assert east <= west
    assert west > east
    assert west >= east
    assert not east < Berth("East", 9)
    with pytest.raises(TypeError):
        east < Buoy("West")  # type: ignore[operator]  # noqa: B015


def test_what_changes_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Log())
    assert Log().lines is not Log().lines


def test_tools_of_the_standard_library() -> None:
    berth = Berth("East", 7)
    assert dataclasses.replace(berth, number=8) == Berth("East", 8)
    assert pickle.loads(pickle.dumps(berth)) == berth
    assert not hasattr(berth, "__dict__")
    match berth:
        case Berth(pier, number):
            assert (pier, number) == ("East", 7)
