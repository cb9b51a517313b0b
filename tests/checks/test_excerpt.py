"""The excerpt of the source below a problem, and its carets."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from publisher.checks.codes import Problem
from publisher.cli.excerpt import format_excerpt, measure_columns
from publisher.cli.formats import format_full
from publisher.model import Pos
from tests.checks.conftest import Check, broken


@pytest.mark.parametrize(
    ("text", "start", "end", "line", "carets"),
    [
        ("abc", 2, 3, "abc", " ^"),
        ("甲乙c", 2, 3, "甲乙c", "  ^^"),
        ("甲乙c", 3, 4, "甲乙c", "    ^"),
        ("abc", 4, 5, "abc", "   ^"),
        ("a\tb", 3, 4, "a    b", "     ^"),
        ("e\u0301b", 3, 4, "e\u0301b", " ^"),
        ("\x1b[31mred", 6, 9, "\ufffd[31mred", "     ^^^"),
        ("", 1, 2, "", "^"),
    ],
)
def test_carets_are_below_the_marked_text(text: str, start: int, end: int, line: str, carets: str) -> None:
    assert format_excerpt(text, start, end) == (line, carets)


def test_long_line_is_cut_around_the_problem() -> None:
    text = "字" * 300 + "x" + "句" * 300
    line, carets = format_excerpt(text, 301, 302)
    assert measure_columns(line) <= 100
    assert line.startswith("…")
    assert line.endswith("…")
    at = carets.index("^")
    assert measure_columns(line[: line.index("x")]) == at


@pytest.mark.parametrize("columns", [60, 90, 300])
def test_excerpt_fits_the_terminal(columns: int) -> None:
    problem = Problem(Pos(1, 301, 1, 340), "empty-url", "m")
    said = [*format_full("a.md", ["字" * 300 + "x" * 300], [problem], lambda text, _: text, columns)]
    assert max(map(measure_columns, said)) <= min(columns, 104)
    assert said[4].index("^") == measure_columns(said[3].partition("x")[0])


def test_very_long_line_is_cut_around_the_problem() -> None:
    text = "字" * 300_000 + "x" + "句" * 300_000
    assert format_excerpt(text, 300_001, 300_002) == format_excerpt(text[299_000:301_000], 1_001, 1_002)


def test_excerpt_shows_some_text_after_the_problem() -> None:
    line, carets = format_excerpt("字" * 300 + "x" + "句" * 300, 301, 302)
    assert line.partition("x")[2] == "句" * 8 + "…"
    assert format_excerpt("字" * 300 + "x", 301, 302)[0] == "…" + "字" * 48 + "x"
    assert carets == " " * measure_columns(line.partition("x")[0]) + "^"


@pytest.mark.parametrize("text", ["👩\u200d👩\u200d👧x", "☀\ufe0fx", "\u0627\u0644\u202ex", "\x1b[2Jx", "e\u0301x"])
def test_wide_and_invisible_characters_do_not_shift_carets(text: str) -> None:
    line, carets = format_excerpt(text, len(text), len(text) + 1)
    assert not {"Cc", "Cf"} & {*map(unicodedata.category, line)}
    assert measure_columns(line.removesuffix("x")) == carets.index("^")


def test_control_characters_in_messages_are_escaped(check: Check, letter: Path) -> None:
    broken(letter).write_text("# 慢刊 (2021-07-18)\n\n> 导读：好的。\n\n## 新\x1b[2J\u202e闻\n", "utf-8")
    for form in ("full", "concise"):
        said = check("2021-07-18", "--format", form).out
        assert "section-empty" in said
        assert not {"\x1b", "\u202e"} & {*said}
