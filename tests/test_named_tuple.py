"""`publisher.named_tuple` against that of typing: a class differs in nothing that the program uses."""

from __future__ import annotations

import pickle
import typing

import msgspec
import pytest

from publisher.named_tuple import NamedTuple


class Point(NamedTuple):
    """A place."""

    x: int
    y: list[str] = []  # noqa: RUF012 - shared, as a default of a function is
    label: str | None = None

    @property
    def double(self) -> int:
        """Twice x."""
        return self.x * 2

    @classmethod
    def origin(cls) -> Point:
        """The first place."""
        return cls(0)


class Usual(typing.NamedTuple):
    """A place."""

    x: int
    y: list[str] = []  # noqa: RUF012 - as above
    label: str | None = None


def test_fields_and_defaults() -> None:
    assert Point(1) == (1, [], None) == Point._make([1, [], None])
    assert Point(1)._replace(label="a").label == "a"
    assert (Point(x=2).double, Point.origin().x) == (4, 0)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]  # that is the test


def test_like_that_of_typing() -> None:
    for name in ("__doc__", "_fields", "_field_defaults", "__match_args__", "__module__", "__slots__"):
        assert getattr(Point, name) == getattr(Usual, name), name
    assert repr(Point(1)) == repr(Usual(1)).replace("Usual", "Point")
    assert not hasattr(Point(1), "__dict__")
    assert typing.get_type_hints(Point) == typing.get_type_hints(Usual)


def test_between_processes() -> None:
    point = Point(1, ["a"], "b")
    assert pickle.loads(pickle.dumps(point)) == point
    assert type(msgspec.json.decode(msgspec.json.encode(point), type=Point)) is Point
    with pytest.raises(msgspec.ValidationError, match="Expected `int`"):
        msgspec.convert(["a"], Point)


def test_class_inside_a_function() -> None:
    class Inner(NamedTuple):
        a: int

    assert Inner.__qualname__.endswith("<locals>.Inner")
