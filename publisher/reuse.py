"""Remembers what pure functions returned for the parts of an issue, from one rendering of it to the next.

After an edit most of an issue is what it was, and several channels ask for the same. What is remembered is what the
last two issues that were read needed, or one issue twice: so its size is that of the issues, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_MAX_RESULTS = 10_000
"""Of each function and generation, so that one huge issue is not remembered whole."""

_advances: list[Callable[[], None]] = []


def reuse_results(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Return a pure function, whose arguments can be hashed, with a memory. What it returns must not be changed."""
    recent: dict[Hashable, _Result] = {}
    older: dict[Hashable, _Result] = {}

    def advance() -> None:
        nonlocal recent, older
        recent, older = {}, recent

    @wraps(function)
    def look_up(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
        key = (arguments, *named.items())
        try:  # not `key in recent`, which would hash the key, often a whole item, twice
            return recent[key]
        except KeyError:
            pass
        try:
            result = older[key]
        except KeyError:
            result = function(*arguments, **named)
        if len(recent) >= _MAX_RESULTS:
            advance()
        recent[key] = result
        return result

    _advances.append(advance)
    return look_up


def begin_issue() -> None:
    """Forget what neither the issue read last nor the one before it needed. Called before one is parsed, or decoded
    where another process has parsed it."""
    for advance in _advances:
        advance()
