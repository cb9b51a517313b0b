"""A dataclass decorator that is fast at import.

The decorator of the standard library compiles up to ten methods for each class, and a run defines sixty
classes, which took a tenth of its time. Here only `__init__` is compiled; all classes share the other
methods. mypy sees the decorator of the standard library. That frozen fields are not assigned to is checked by
mypy only, not at run time.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, order: bool = False
    ) -> Callable[[type], type]:
        """Turn a class into a dataclass, like dataclasses.dataclass."""

        def decorate(cls: type) -> type:
            cls = dataclasses.dataclass(eq=False, repr=False, slots=slots)(cls)
            cls.__repr__ = _repr
            cls.__eq__ = _eq
            cls.__hash__ = _hash if frozen else None
            if order:
                cls.__lt__, cls.__le__, cls.__gt__, cls.__ge__ = _lt, _le, _gt, _ge
            return cls

        return decorate


def _field_values(instance: Any) -> tuple[object, ...]:
    return tuple([getattr(instance, name) for name in instance.__match_args__])


def _repr(self: Any) -> str:
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({values})"


def _hash(self: Any) -> int:
    return hash(_field_values(self))


def _build_comparison(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    def method(self: object, other: object) -> bool:
        return (
            compare(_field_values(self), _field_values(other))
            if type(self) is type(other)
            else NotImplemented
        )

    return method


_eq = _build_comparison(operator.eq)
_lt, _le = _build_comparison(operator.lt), _build_comparison(operator.le)
_gt, _ge = _build_comparison(operator.gt), _build_comparison(operator.ge)
