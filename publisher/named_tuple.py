"""`NamedTuple` as that of typing, in a third of the time.

A run that publishes one issue creates ninety such classes, and those of typing take 15 ms of it, more than bare Python
needs to start: they compile each annotation by itself, and no one asks for the result. Since Python 3.14 they do not,
and a class tells of its annotations in another way.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING or sys.version_info >= (3, 14):
    from typing import NamedTuple as NamedTuple
else:
    from collections import namedtuple

    class _Builder(type):
        """Makes a `collections.namedtuple` of a class with annotations; type checkers see that of typing."""

        def __new__(cls, name: str, _bases: tuple[type, ...], namespace: dict[str, object]) -> type:
            """Return the class. The fields are those with an annotation, and their values the defaults."""
            fields = namespace.get("__annotations__", {})
            defaults = [namespace.pop(field) for field in fields if field in namespace]
            built = namedtuple(name, fields, defaults=defaults, module=namespace["__module__"])
            for key, value in namespace.items():
                setattr(built, key, value)
            return built

    NamedTuple = type.__new__(_Builder, "NamedTuple", (), {})
