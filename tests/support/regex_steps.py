"""Counts the steps that a search with a regular expression takes.

`re` has no such counter, so the parsed pattern is run here once more, by backtracking as `re` does it: one step
for each element that is tried at a place. Only the steps are of interest; the result of a search is that of
`re` itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_Matcher = Callable[[int], int]
"""Matches from a place on and returns where the whole match ends, or -1."""

MAX_STEPS = 1_000_000
"""A search that takes more steps than this is hopeless, and is not counted to its end."""


class _HopelessError(Exception):
    """The search has taken MAX_STEPS."""


class StepCounter:
    """A pattern that can count its steps."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self._parsed = _parser.parse(pattern.pattern, pattern.flags)
        self._flags = self._parsed.state.flags
        self._text: str | bytes = ""
        self._end = 0
        self._groups: dict[int, tuple[int, int]] = {}
        self._steps = 0
        self._whole_only = False
        self._match = self._sequence(list(self._parsed), self._finish)

    def count(self, method: str, text: str | bytes, start: int, end: int, last: int) -> int:
        """Return the steps of `search`, `match` or `fullmatch`, of which each place from `start` to `last` is tried.

        `last`: where `re` has found a match, or where it gives up.
        """
        self._text, self._end, self._steps = text, end, 0
        self._whole_only = method == "fullmatch"
        for at in range(start, (last if method == "search" else start) + 1):
            self._groups = {}
            self._steps += 1
            try:
                if self._match(at) >= 0:
                    break
            except _HopelessError:
                break
        return self._steps

    def find_end(self, text: str | bytes, start: int) -> int:
        """Return where a match from `start` on ends, or -1."""
        self._text, self._end, self._steps, self._groups = text, len(text), 0, {}
        self._whole_only = False
        return self._match(start)

    def _finish(self, at: int) -> int:
        return at if not self._whole_only or at == self._end else -1

    def _sequence(self, nodes: Sequence[Any], after: _Matcher) -> _Matcher:
        for node in reversed(nodes):
            after = self._node(node, after)
        return after

    def _node(self, node: Any, after: _Matcher) -> _Matcher:
        kind, value = node
        if (test := _single(kind, value, self._flags)) is not None:
            return self._one(test, after)
        if kind is op.BRANCH:
            return self._branch([self._sequence(list(one), after) for one in value[1]])
        if kind is op.SUBPATTERN:
            group, added, removed, inside = value
            flags, self._flags = self._flags, self._flags & ~removed | added
            matcher = self._sequence(list(inside), after) if group is None else self._group(group, list(inside), after)
            self._flags = flags
            return matcher
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self._repeat(kind, *value, after)
        if kind is op.ATOMIC_GROUP:
            return self._atomic(self._sequence(list(value), lambda at: at), after)
        if kind in (op.ASSERT, op.ASSERT_NOT):
            direction, inside = value
            width = inside.getwidth()[0] if direction < 0 else 0
            return self._assertion(kind is op.ASSERT, width, self._sequence(list(inside), lambda at: at), after)
        if kind is op.AT:
            return self._place(value, after)
        if kind is op.GROUPREF:
            return self._reference(value, after)
        raise NotImplementedError(str(kind))

    def _one(self, test: Callable[[Any], bool], after: _Matcher) -> _Matcher:
        def match(at: int) -> int:
            self._steps += 1
            return after(at + 1) if at < self._end and test(self._text[at]) else -1

        return match

    def _branch(self, ways: list[_Matcher]) -> _Matcher:
        def match(at: int) -> int:
            for way in ways:
                self._steps += 1
                if (found := way(at)) >= 0:
                    return found
            return -1

        return match

    def _group(self, group: int, inside: list[Any], after: _Matcher) -> _Matcher:
        begins: list[int] = []

        def close(at: int) -> int:
            before = self._groups.get(group)
            begin = begins.pop()
            self._groups[group] = (begin, at)
            if (found := after(at)) < 0:
                begins.append(begin)
                if before is None:
                    del self._groups[group]
                else:
                    self._groups[group] = before
            return found

        inner = self._sequence(inside, close)

        def match(at: int) -> int:
            begins.append(at)
            found = inner(at)
            if found < 0:
                begins.pop()
            return found

        return match

    def _repeat(self, kind: Any, least: int, most: Any, body: Any, after: _Matcher) -> _Matcher:
        most = 1 << 60 if most is op.MAXREPEAT else most
        nodes = list(body)
        if len(nodes) == 1 and (test := _single(*nodes[0], self._flags)) is not None:
            return self._repeat_one(kind, least, most, test, after)
        if kind is op.POSSESSIVE_REPEAT:
            return self._atomic(self._repeat(op.MAX_REPEAT, least, most, body, lambda at: at), after)
        greedy = kind is op.MAX_REPEAT
        state: list[tuple[int, int]] = [(0, -1)]  # how many there are, and where the last one began

        def go_on(at: int) -> int:
            number, begin = state[-1]
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise _HopelessError
            again = number < most and (number < least or at != begin)
            if greedy and again and (found := once_more(at)) >= 0:
                return found
            if number >= least:
                top = state.pop()
                found = after(at)
                state.append(top)
                if found >= 0:
                    return found
            return once_more(at) if again and not greedy else -1

        def once_more(at: int) -> int:
            state.append((state[-1][0] + 1, at))
            found = inner(at)
            state.pop()
            return found

        inner = self._sequence(nodes, go_on)

        def match(at: int) -> int:
            state.append((0, -1))
            found = go_on(at)
            state.pop()
            return found

        return match

    def _repeat_one(self, kind: Any, least: int, most: int, test: Callable[[Any], bool], after: _Matcher) -> _Matcher:
        def match(at: int) -> int:
            text, limit = self._text, min(self._end, at + most)
            end = at
            if kind is op.MIN_REPEAT:
                while True:
                    self._steps += 1
                    if end - at >= least and (found := after(end)) >= 0:
                        return found
                    if end >= limit or not test(text[end]):
                        return -1
                    end += 1
            while end < limit and test(text[end]):
                end += 1
            self._steps += end - at + 1
            if kind is op.POSSESSIVE_REPEAT:
                return after(end) if end - at >= least else -1
            for cut in range(end, at + least - 1, -1):
                self._steps += 1
                if (found := after(cut)) >= 0:
                    return found
            return -1

        return match

    def _atomic(self, inside: _Matcher, after: _Matcher) -> _Matcher:
        def match(at: int) -> int:
            found = inside(at)
            return after(found) if found >= 0 else -1

        return match

    def _assertion(self, wanted: bool, width: int, inside: _Matcher, after: _Matcher) -> _Matcher:
        def match(at: int) -> int:
            self._steps += 1
            holds = at >= width and inside(at - width) >= 0
            return after(at) if holds is wanted else -1

        return match

    def _place(self, place: Any, after: _Matcher) -> _Matcher:
        def match(at: int) -> int:
            self._steps += 1
            return after(at) if _is_at(place, self._text, at, self._end) else -1

        return match

    def _reference(self, group: int, after: _Matcher) -> _Matcher:
        def match(at: int) -> int:
            if group not in self._groups:
                return -1
            begin, end = self._groups[group]
            while begin < end and at < self._end and self._text[at] == self._text[begin]:
                self._steps += 1
                begin, at = begin + 1, at + 1
            self._steps += 1
            return after(at) if begin == end else -1

        return match


@cache
def step_counter(pattern: re.Pattern[Any]) -> StepCounter:
    """Return the counter of a pattern."""
    return StepCounter(pattern)


def _is_at(place: Any, text: Any, at: int, end: int) -> bool:
    match place:
        case op.AT_BEGINNING_STRING:
            return at == 0
        case op.AT_BEGINNING:
            return at == 0
        case op.AT_BEGINNING_LINE:
            return at == 0 or text[at - 1] == "\n"
        case op.AT_END_STRING:
            return at == end
        case op.AT_END:
            return at == end or (at == end - 1 and text[at] == "\n")
        case op.AT_END_LINE:
            return at == end or text[at] == "\n"
    words = [0 <= one < end and (text[one].isalnum() or text[one] == "_") for one in (at - 1, at)]
    return (words[0] != words[1]) is (place is op.AT_BOUNDARY)


def _single(kind: Any, value: Any, flags: int) -> Callable[[Any], bool] | None:
    """Return the test of an element that takes exactly one character; None for other elements."""
    if kind not in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
        return None
    source = spell_character(kind, value)
    used = flags & (re.ASCII | re.IGNORECASE | re.DOTALL)
    return _Test(source, used)


class _Test:
    """Whether a character is one of a class; each character is looked at once."""

    def __init__(self, source: str, flags: int) -> None:
        self._pattern = re.compile(source, flags)
        self._known: dict[Any, bool] = {}

    def __call__(self, char: Any) -> bool:
        known = self._known.get(char)
        if known is None:
            text = chr(char) if isinstance(char, int) else char
            known = self._known[char] = self._pattern.match(text) is not None
        return known


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def spell_character(kind: Any, value: Any) -> str:
    """Return an element of one character as a pattern again."""
    match kind:
        case op.LITERAL:
            return f"\\U{value:08x}"
        case op.NOT_LITERAL:
            return f"[^\\U{value:08x}]"
        case op.ANY:
            return "."
        case op.RANGE:
            return f"\\U{value[0]:08x}-\\U{value[1]:08x}"
        case op.CATEGORY:
            return _CATEGORIES[value]
        case op.NEGATE:
            return "^"
    return f"[{''.join(spell_character(*one) for one in value)}]"
