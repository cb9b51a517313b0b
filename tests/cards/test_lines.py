"""Lines are broken where readers of each script expect it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.cards.lines import break_lines, fit_text


def measure(text: str) -> float:
    """Half a column for a Latin letter, one for an ideograph."""
    return sum(1.0 if char >= "\u1100" else 0.5 for char in text)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 4, ["one two", "three"]),
        ("one two three", 3, ["one", "two", "three"]),
        ("灯塔周报，关于雾", 4, ["灯塔周", "报，关于", "雾"]),
        ("灯塔（周报）雾", 3, ["灯塔", "（周", "报）雾"]),
        ("灯塔「周」", 3, ["灯塔", "「周」"]),
        ("用GPU算", 2, ["用", "GPU", "算"]),
        ("A / B / C", 1.5, ["A /", "B /", "C"]),
        ("새로운 소식", 4, ["새로운", "소식"]),
        ("データー、ウェブ", 3, ["デー", "ター、", "ウェブ"]),
        ("与“雾”光", 2, ["与", "“雾”", "光"]),
        ("abcdefgh", 2, ["abcd", "efgh"]),
        ("a abcdefghij b", 2, ["a", "abcd", "efgh", "ij b"]),
        ("", 3, [""]),
    ],
)
def test_lines(text: str, width: float, lines: list[str]) -> None:
    assert break_lines(text, measure, width) == lines


TEXTS = st.text(st.sampled_from("ab灯雾，。）（「」“”、 /—ー가é"), max_size=40)


@given(TEXTS, st.integers(3, 12))
def test_every_letter_is_on_a_line(text: str, width: int) -> None:
    lines = break_lines(text, measure, width)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(TEXTS, st.integers(3, 12))
def test_no_line_begins_with_what_ends_a_clause(text: str, width: int) -> None:
    for line in break_lines(text.lstrip("，。）」”、/—ー "), measure, width)[1:]:
        assert line[:1] not in {*"，。）」”、ー"}


@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=12), st.integers(3, 12))
def test_words_stay_whole(words: list[str], width: int) -> None:
    lines = break_lines(" ".join(words), measure, width)
    assert [word for line in lines for word in line.split()] == words
    assert all(measure(line) <= width for line in lines)


def fit(text: str, width: int = 100, rows: int = 2) -> tuple[tuple[str, ...], int]:
    return fit_text(text, measure, width, (20, 10), lambda _: rows)


def test_the_largest_size_that_fits() -> None:
    assert fit("one") == (("one",), 20)
    assert fit("one two three") == (("one two", "three"), 20)
    assert fit("one two three four five") == (("one two three", "four five"), 10)


def test_a_word_is_not_torn_if_a_smaller_font_helps() -> None:
    assert fit("abcdefghijklmnop") == (("abcdefghijklmnop",), 10)


def test_what_does_not_fit_is_cut() -> None:
    (first, second), size = fit("one two three four five six seven eight nine ten")
    assert (first, size) == ("one two three four", 10)
    assert second == "five six seven…"
    assert fit("字" * 50)[0] == ("字" * 10, "字" * 9 + "…")
    assert fit("x" * 200, rows=1)[0] == ("x" * 18 + "…",)


def test_lines_are_about_equally_long() -> None:
    assert fit("aaa bbb ccc ddd", width=140)[0] == ("aaa bbb", "ccc ddd")
    assert fit("灯塔周报的雾", width=100)[0] == ("灯塔周", "报的雾")


@given(TEXTS, st.integers(1, 4))
def test_fitted_text_is_whole_or_cut(text: str, rows: int) -> None:
    lines, size = fit(" ".join(text.split()), rows=rows)
    said, whole = "".join("".join(lines).split()), "".join(text.split())
    assert said == whole or (said.endswith("…") and size == 10 and len(lines) == rows)
    assert len(lines) <= rows


def test_a_line_ends_where_the_sentence_pauses() -> None:
    assert fit("灯塔，周报的雾", width=100)[0] == ("灯塔，", "周报的雾")
    assert fit("ABCDE 驱动更新", width=130)[0] == ("ABCDE", "驱动更新")
