"""Regular expressions: compiled at first use, and none takes the square of what it searches."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import permutations
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from publisher.patterns import any_of, lazy_pattern
from tests.support import regex_steps
from tests.support.regex_steps import spell_character, step_counter

_SIZES = (12, 24, 48)
_METHODS = {"search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
_ROOMS = (
    "reader", "checks", "writers", "transforms", "outline", "derived_texts", "inline_nodes", "links",
    "channels/rss", "channels/telegram", "channels/web", "channels/wechat", "channels/email/writer",
    "channels/email/wrapping", "channels/email/headers", "channels/email/items", "channels/email/layout",
)  # fmt: skip
"""The modules that read text of issues; a pattern for a line of settings is not searched in 8 MB."""

Use = tuple[str, str, re.Pattern[str]]
"""Where a pattern is used, with which method, and the pattern."""


def _find_uses(root: Path) -> Iterator[Use]:
    for room in _ROOMS:
        folder = root / room if room.startswith("channels") else root / "publisher" / room
        files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
        for file in files:
            path = file.relative_to(root).with_suffix("")
            name = ".".join(path.parts).removesuffix(".__init__")
            yield from _find_in(file, name if name.startswith("publisher") else f"publisher.{name}")


def _find_in(file: Path, name: str) -> Iterator[Use]:
    names = vars(import_module(name))
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=method), args=[pattern, *_]):
                source = f"re.compile({ast.unparse(pattern)})"
            case ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr=method)):
                source = owner.id
            case _:
                continue
        if method not in _METHODS:
            continue
        try:
            found = eval(source, names)
        except NameError:  # a local variable
            continue
        if hasattr(found, "finditer"):
            yield f"{name}:{node.lineno}", method, re.compile(found.pattern, found.flags)


def _sample(parsed: Any, flags: int) -> list[str]:
    """Return a character for each element of a pattern, in its order."""
    samples: list[str] = []
    for kind, value in parsed:
        match kind:
            case op.LITERAL:
                samples.append(chr(value))
            case op.NOT_LITERAL | op.ANY:
                samples.append("x" if value != ord("x") else "y")
            case op.IN:
                test = re.compile(spell_character(kind, value), flags & re.ASCII)
                samples += [char for char in " a1-.x[](){}<>\"'`$&;:/\\【（，\n_*#=\u0301" if test.match(char)][:2]
            case op.BRANCH:
                samples += [char for way in value[1] for char in _sample(way, flags)]
            case op.SUBPATTERN:
                samples += _sample(value[3], flags)
            case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
                samples += _sample(value[2], flags)
            case op.ATOMIC_GROUP:
                samples += _sample(value, flags)
            case op.ASSERT | op.ASSERT_NOT:
                samples += _sample(value[1], flags)
    return samples


def _attack(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield a beginning and what is repeated after it: characters of the pattern, alone and in pairs."""
    samples = _sample(_parser.parse(pattern.pattern, pattern.flags), pattern.flags)
    parts = [*dict.fromkeys(samples)][:8]
    yield from (("", part) for part in parts)
    yield from (("", "".join(samples[:length])) for length in range(2, min(len(samples), 8) + 1))
    for first, second in permutations(parts, 2):
        yield "", first + second
        yield first, second
    yield from (("".join(samples[:length]), part) for length in range(2, min(len(samples), 8) + 1) for part in parts)


def _count_steps(method: str, pattern: re.Pattern[str], text: str) -> int:
    """Return the steps of a search over the text, for all that is found if the method finds all."""
    counter, size = step_counter(pattern), len(text)
    if method in ("match", "fullmatch"):
        return counter.count(method, text, 0, size, 0)
    steps = start = 0
    for found in pattern.finditer(text):
        steps += counter.count("search", text, start, size, found.start())
        if method == "search":
            return steps
        start = found.end()
    return steps + counter.count("search", text, start, size, size)


def _grows_faster(method: str, pattern: re.Pattern[str], begin: str, part: str, sizes: tuple[int, ...]) -> bool:
    small, double, fourfold = (_count_steps(method, pattern, begin + part * n + "\x01") for n in sizes)
    if fourfold >= regex_steps.MAX_STEPS:
        return True
    return fourfold - double > 3.2 * (double - small) + 4 * sizes[0] and double > 2.2 * small


def _find_attack(method: str, pattern: re.Pattern[str]) -> str:
    """Return a text that takes more than n log n steps; empty if there is none.

    A repeat with a limit grows up to that limit, so what looks wrong is tried again with more.
    """
    for begin, part in _attack(pattern):
        if _grows_faster(method, pattern, begin, part, _SIZES):
            longer = tuple(8 * size for size in _SIZES)
            if _grows_faster(method, pattern, begin, part, longer):
                return begin + part * 3
    return ""


@pytest.fixture(scope="module", autouse=True)
def _few_steps() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20 * limit)  # a repeat of a group calls itself
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regex_steps, "MAX_STEPS", 200_000)
        yield
    sys.setrecursionlimit(limit)


def test_no_pattern_takes_the_square_of_a_text(root: Path) -> None:
    uses = [*_find_uses(root)]
    assert len(uses) > 100
    attacks: dict[tuple[str, re.Pattern[str]], str] = {}
    for _, method, pattern in uses:
        kind = "match" if method in ("match", "fullmatch") else "search" if method == "search" else "all"
        if (kind, pattern) not in attacks:
            attacks[kind, pattern] = _find_attack(method, pattern)
    assert not {pattern.pattern: attack for (_, pattern), attack in attacks.items() if attack}


@pytest.mark.parametrize(
    ("method", "source", "grows"),
    [
        ("search", "[a-z]{2,}[,.]? ", True),
        ("search", "(?<![a-z])[a-z]{2,}[,.]? ", False),
        ("match", r"(?:\{%.*?%\})+\Z", True),
        ("match", r"(?:\{%(?>.*?%\}))+\Z", False),
        ("match", "(?:a+)+b", True),
        ("match", "(?:a++)+b", False),
        ("findall", "<[^>]*>", True),
        ("findall", "<[^<>]*>", False),
    ],
)
def test_the_square_is_noticed(method: str, source: str, grows: bool) -> None:
    assert bool(_find_attack(method, re.compile(source))) is grows


@pytest.mark.parametrize(
    "source",
    ["a*b", "(a|ab)(c|bcd)(d*)", "(?:a+)+b",
     r"(`+)(?!`).*?(?<!`)\1(?!`)", "(?>a*)b", "a*+b", "[a-c]{2,3}?d", r"\ba\b|^b|c$",
     "(?:ab|a)*?c", "(?i:A)b*", "(?:a?)*b", r"(a)|b\1", r"(?:x|(a))*\1"],
)  # fmt: skip
def test_steps_are_those_of_the_same_search(source: str) -> None:
    pattern = re.compile(source)
    for number in range(3_000):
        text = "".join("abcd`x\nA"[int(digit)] for digit in oct(number * 7919 % 262_144)[2:])
        for start in range(len(text) + 1):
            found = pattern.match(text, start)
            assert step_counter(pattern).find_end(text, start) == (found.end() if found else -1)


def test_any_of_finds_what_an_alternation_finds() -> None:
    quick = re.compile(any_of(("ab", "c+"), (r"b\]", ""), ("c", r"(?=\Z)")))
    plain = re.compile(r"[ab]c+|[b\]]|c(?=\Z)")
    texts = ["".join(" abc]"[int(digit) % 5] for digit in oct(number)[2:]) for number in range(5_000)]
    assert [quick.findall(text) for text in texts] == [plain.findall(text) for text in texts]


def test_a_lazy_pattern_is_compiled_at_first_use() -> None:
    pattern = lazy_pattern("[")  # not valid
    with pytest.raises(re.error):
        pattern.match("a")
