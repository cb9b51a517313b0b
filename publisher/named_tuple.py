"""`NamedTuple` as that of typing, in a seventh of the time.

A run that publishes one issue creates ninety such classes, and those of typing take 15 ms of it, more than bare Python
needs to start: they compile each annotation by itself, and no one asks for the result; and `collections.namedtuple`
makes six functions for each class, one of them by `eval`. Here the classes have their methods in common, and what
creates an instance is compiled for the first one: most classes have none in a run. Since Python 3.14 a class tells of
its annotations in another way.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING or sys.version_info >= (3, 14):
    from typing import NamedTuple as NamedTuple
else:
    from collections import _tuplegetter

    _MAX_FIELDS = 50
    _GETTERS = [_tuplegetter(index, f"Alias for field number {index}") for index in range(_MAX_FIELDS)]

    class _Fields(tuple):
        """What all named tuples have in common, as `collections.namedtuple` gives it to each."""

        __slots__ = ()
        _fields = ()
        _field_defaults = {}  # noqa: RUF012 - each class has its own

        def __new__(cls, /, *values, **named):
            """Compile what takes the fields as arguments, and create the first instance by it."""
            names = ", ".join(cls._fields)
            source = f"lambda _cls, {names}: _new(_cls, ({names},))"
            create = eval(source, {"_new": tuple.__new__})
            create.__name__, create.__qualname__ = "__new__", f"{cls.__qualname__}.__new__"
            create.__defaults__ = tuple(cls._field_defaults.values())
            cls.__new__ = create
            return create(cls, *values, **named)

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changes):
            made = self._make(map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"Got unexpected field names: {[*changes]}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            values = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({values})"

        def __getnewargs__(self):
            return tuple(self)

    class _Builder(type):
        """Makes a named tuple of a class with annotations; type checkers see that of typing."""

        def __new__(cls, name: str, _bases: tuple[type, ...], namespace: dict[str, object]) -> type:
            """Return the class. The fields are those with an annotation, and their values the defaults."""
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace[field] for field in fields if field in namespace}
            own = {"__slots__": (), "__match_args__": fields, "_fields": fields, "_field_defaults": defaults}
            return type(name, (_Fields,), namespace | own | dict(zip(fields, _GETTERS[: len(fields)], strict=True)))

    NamedTuple = type.__new__(_Builder, "NamedTuple", (), {})
