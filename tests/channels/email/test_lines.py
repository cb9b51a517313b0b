"""A sheet's lines, for people and as RFC 3676 wants them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.channels.email.wrapping import (
    SIGNATURE_DELIMITER,
    TextBuffer,
    Wrap,
    count_columns,
    format_fixed_lines,
    format_flowed_lines,
)


def unflowed(lines: list[str]) -> list[str]:
    """What a reader makes of lines under format=flowed; delsp=yes (RFC 3676, sections 4.1 to 4.6)."""
    made, pending = [], ""
    for line in lines:
        text = line[1:] if line.startswith(" ") else line
        if text.endswith(" ") and text != SIGNATURE_DELIMITER:
            pending += text[:-1]
        else:
            made.append(pending + text)
            pending = ""
    assert not pending, "the last line asks for one more"
    return made


def sheet(*rows: tuple[str, ...], width: int = 12, wrap: Wrap = "flowed") -> list[str]:
    made = TextBuffer(width, wrap=wrap)
    for row in rows:
        made.write(*row)
    return made.lines


def test_a_paragraph_flows() -> None:
    lines = sheet(("一二三四五六七八",))
    assert lines == ["一二三四五六 ", "七八"]
    assert format_fixed_lines(lines) == ["一二三四五六", "七八"]
    assert format_flowed_lines(lines) == ["一二三四五六 ", "七八"]


def test_the_space_of_the_text_stays_before_the_soft_one() -> None:
    lines = sheet(("one two three four",))
    assert format_flowed_lines(lines) == ["one two  ", "three four"]
    assert format_fixed_lines(lines) == ["one two", "three four"]


def test_hard_lines_are_those_of_a_flowed_paragraph_without_spaces() -> None:
    for text in ("一二三四五六七八", "one two three four"):
        assert sheet((text,), wrap="hard") == format_fixed_lines(sheet((text,)))


def test_what_hangs_does_not_flow() -> None:
    lines = sheet(("一二三四五六", "  - ", "    "))
    assert lines == ["  - 一二三四", "    五六"]
    assert format_flowed_lines(lines) == ["   - 一二三四", "     五六"]  # stuffed alike, so still aligned


def test_a_line_that_looks_special_is_stuffed() -> None:
    lines = sheet(("> 不是引用",), ("From 这里",), ("Fromage",), ("  缩进",), ("-- ",))
    assert format_flowed_lines(lines) == [" > 不是引用", " From 这里", "Fromage", "   缩进", "--"]


def test_only_the_signature_keeps_its_space() -> None:
    made = TextBuffer(40)
    made.write("尾 ")
    made.lines.append(SIGNATURE_DELIMITER)
    made.write("", "  - ", "    ")
    assert format_fixed_lines(made.lines) == [*format_flowed_lines(made.lines[:2]), "  -"] == ["尾", "-- ", "  -"]


def test_without_breaking_a_text_is_one_line() -> None:
    assert sheet(("一二三四五六七八", "  - ", "    "), wrap="none") == ["  - 一二三四五六七八"]


WORDS = st.text(
    st.sampled_from("一二三四五六。，（）“”abc XYZ 12.>-FromFrom e\u0301👍🏽\u200d❤\ufe0f"), max_size=300
).map(lambda text: " ".join(text.split(" ")).strip(" "))


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(40, 76))
def test_flowed_lines_give_back_the_text(texts: list[str], width: int) -> None:
    lines = sheet(*[(text,) for text in texts], width=width)
    assert unflowed(format_flowed_lines(lines)) == texts


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(40, 76))
def test_flowed_lines_fit_and_begin_with_nothing_special(texts: list[str], width: int) -> None:
    for line in format_flowed_lines(sheet(*[(text,) for text in texts], width=width)):
        assert count_columns(line) <= width + 3  # a space of the text, the soft one, a stuffed one
        assert not line.startswith((">", "From "))


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(40, 76))
def test_hard_lines_fit_and_end_in_no_space(texts: list[str], width: int) -> None:
    rows = [(text, "  - ", "    ") for text in texts]
    for line in format_fixed_lines(sheet(*rows, width=width)):
        assert count_columns(line) <= width
        assert line == line.rstrip(" ")


@pytest.mark.parametrize("text", ["https://e.org/" + "x" * 200, "见 https://e.org/" + "x" * 200 + " 后"])
def test_an_address_stays_whole_in_every_form(text: str) -> None:
    lines = sheet((text, "     ", "     "), width=72)
    address = "https://e.org/" + "x" * 200
    assert any(address in line for line in format_fixed_lines(lines))
    assert any(address in line for line in format_flowed_lines(lines))
