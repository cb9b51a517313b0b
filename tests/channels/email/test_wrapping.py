"""Where lines end: a table of cases counted by hand, and what must hold for any text."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcwidth

from publisher.channels.email import wrapping
from publisher.channels.email.wrapping import count_columns, truncate_to_columns, wrap_text

COLUMNS = [
    ("", 0),
    ("abc", 3),
    ("中文", 4),
    ("，。", 4),
    ("ＡＢ", 4),
    ("ｱｲ", 2),  # half-width katakana
    ("“引”…", 5),  # ambiguous ones take one
    ("café", 4),
    ("cafe\u0301", 4),  # the accent is a character of its own
    ("👍", 2),
    ("👍🏽", 4),  # terminals differ about the modifier; the wider reading is the safe one
    ("👩\u200d🔬", 4),
    ("❤\ufe0f", 2),
    ("🇨🇳", 2),
    ("한글", 4),
    ("한", 2),  # one syllable in three pieces
    ("\u3000", 2),
    ("ไทย", 3),
]


@pytest.mark.parametrize(("text", "width"), COLUMNS)
def test_columns(text: str, width: int) -> None:
    assert count_columns(text) == width


def test_the_quick_way_counts_as_the_exact_one() -> None:
    usual = [char for char in map(chr, range(0xD800)) if wrapping._COMMON_CHARACTERS.fullmatch(char)]
    usual += [char for char in map(chr, range(0xE000, 0x10000)) if wrapping._COMMON_CHARACTERS.fullmatch(char)]
    assert len(usual) > 40_000
    exact = [wrapping._CLASS_WIDTHS.get(wrapping._CHARACTER_CLASSES[char], 1) for char in usual]
    assert list(wrapping._measure_characters("".join(usual))) == exact


# every case in lines of ten columns
PIECES: list[tuple[str, list[str]]] = [
    ("一二三四五", ["一二三四五"]),
    ("一二三四五六", ["一二三四五", "六"]),
    ("one two three", ["one two ", "three"]),
    ("one two thr", ["one two ", "thr"]),
    ("12345 7890", ["12345 7890"]),
    ("12345 7890 x", ["12345 7890 ", "x"]),  # the space hangs over the edge
    ("用Python写的程序", ["用Python写", "的程序"]),
    ("我们用Python写", ["我们用", "Python写"]),  # a word stays whole
    # no line starts with a closing mark
    ("一二三四五。六", ["一二三四", "五。六"]),
    ("一二三四五），六", ["一二三四", "五），六"]),
    ("一二三四五”说六七", ["一二三四", "五”说六七"]),
    ("一二三四五……六", ["一二三四", "五……六"]),
    ("一二三四五——六", ["一二三四", "五——六"]),
    ("一二三四五,六", ["一二三四", "五,六"]),
    ("一二三四五)六", ["一二三四", "五)六"]),
    ("カタカナデータ", ["カタカナ", "データ"]),
    # none ends with an opening one
    ("一二三四（五六", ["一二三四", "（五六"]),
    ("一二三四《五六", ["一二三四", "《五六"]),
    ("一二三四“五六", ["一二三四", "“五六"]),
    ("一二三四 (ab)", ["一二三四 ", "(ab)"]),
    ("标题字 | 来源", ["标题字 ", "| 来源"]),
    ("（ 一二三四五", ["（ 一二三", "四五"]),
    ("一二三（ 四五六", ["一二三", "（ 四五六"]),
    # in Latin text marks belong to their words
    ("use .NET or", ["use .NET ", "or"]),
    ("1,000.5元和2,000元", ["1,000.5元", "和2,000元"]),
    ("don’t stop", ["don’t stop"]),
    ("we don’t do", ["we don’t ", "do"]),
    ("x — y — z w", ["x — y — z ", "w"]),
    ("abcd efgh — i", ["abcd ", "efgh — i"]),
    ("一二三四[1]五", ["一二三", "四[1]五"]),  # the number of an address stays at its word
    ('一二三四"五"六', ["一二三", '四"五"六']),  # nobody knows which side a straight quote is on
    ("一二三四五-六", ["一二三四", "五-六"]),
    # too long for any line
    ("abcdefghijklmno", ["abcdefghij", "klmno"]),
    ("abcd-efg/hijklm", ["abcd-efg/", "hijklm"]),  # at its joint
    ("ab/cdefgh[1]。x", ["ab/cdefgh", "[1]。x"]),
    ("abcdefghij。x", ["abcdefghi", "j。x"]),
    ("。。。。。。。", ["。。。。。", "。。"]),
    ("见https://e.org/a/b/c。后", ["见", "https://e.org/a/b/c。", "后"]),
    ("https://e.org/a/b/c 见", ["https://e.org/a/b/c ", "见"]),
    ("https://e.org/a,b(c)-d.e", ["https://e.org/a,b(c)-d.e"]),
    # what is one character to people stays one
    ("一二三四👩\u200d🔬", ["一二三四", "👩\u200d🔬"]),
    ("一二三四五🏽", ["一二三四", "五🏽"]),
    ("一二三四e\u0301e\u0301e\u0301", ["一二三四", "e\u0301e\u0301e\u0301"]),
    ("一二三四葛\U000e0100六", ["一二三四葛\U000e0100", "六"]),  # after an ideograph with its variant
    ("e\u0301" * 11, ["e\u0301" * 10, "e\u0301"]),
    ("abcdefghij\u200dk", ["abcdefghi", "j\u200dk"]),
    ("一二三四x❤\ufe0f", ["一二三四", "x❤\ufe0f"]),
    ("一二三四五\u3000六", ["一二三四", "五\u3000六"]),
    ("123456\u00a0kg 1", ["123456\u00a0kg ", "1"]),
    ("ab12345\u00a0kgs", ["ab12345\u00a0kg", "s"]),
]


@pytest.mark.parametrize(("text", "expected"), PIECES)
def test_pieces(text: str, expected: list[str]) -> None:
    assert wrap_text(text, 10, 10) == expected


def test_the_first_line_may_have_other_room() -> None:
    assert wrap_text("一二三四五六七八", 6, 10) == ["一二三", "四五六七八"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一二三四五", "一二三四五"),
        ("一二三四五六", "一二三四…"),
        ("one two three", "one two…"),
        ("一二三四，五六", "一二三…"),
        ("一二三四（五六）", "一二三四…"),
        ("abcdefghijkl", "abcdefghi…"),
    ],
)
def test_shorten(text: str, expected: str) -> None:
    assert truncate_to_columns(text, 10) == expected


# ------------------------------------------------------------ any text at all

TEXTS = st.text(
    st.one_of(
        st.sampled_from("一二三四五六七八，。、（）《》“”‘’…—！？「」ーッ한글"),
        st.sampled_from("abcXYZ 0123 ,.()-/[]:;'\"|%"),
        st.sampled_from("e\u0301\ufe0f\u200d👩👍🏽❤🇨🇳\u0e44\u0e17葛\U000e0100\u3000\u00a0"),
        st.characters(codec="utf-8"),
    ),
    max_size=160,
)
CLOSING = "，。、；：？！）》」』】〉〕”’…·—～％"  # clreq, and the marks of the same kind
OPENING = "（《「『【〈〔“‘"


@given(TEXTS, st.integers(20, 76), st.integers(20, 76))
def test_pieces_join_to_the_text(text: str, first: int, rest: int) -> None:
    assert "".join(wrap_text(text, first, rest)) == text


@given(TEXTS, st.integers(20, 76))
def test_no_line_is_too_wide(text: str, width: int) -> None:
    for line in wrap_text(text, width, width):
        marks = all(unicodedata.category(char) in ("Mn", "Me", "Cf") for char in line[1:])
        assert count_columns(line.rstrip(" ")) <= width or "://" in line or marks


@given(TEXTS, st.integers(20, 76))
def test_no_mark_is_on_the_wrong_side(text: str, width: int) -> None:
    """Unless a line has no other place to end, which needs as many marks as half a line holds."""
    glued = [char in CLOSING + OPENING or not char.isalnum() for char in text]
    if any(all(glued[start : start + 8]) for start in range(len(text))):
        return
    lines = wrap_text(text, width, width)
    for line, after in pairwise(lines):
        assert after[0] not in CLOSING
        assert line.rstrip(" ")[-1] not in OPENING


@given(
    st.lists(
        st.sampled_from(["看", "https://e.org/a-b,c(d)/%E4?x=1&y=2#z", "，", "word", " ", "（", "）"]), max_size=40
    )
)
def test_an_address_is_never_broken(parts: list[str]) -> None:
    text = "".join(parts)
    whole = sum("https://" in part for part in parts)
    lines = wrap_text(text, 24, 24)
    assert sum(line.count("https://e.org/a-b,c(d)/%E4?x=1&y=2#z") for line in lines) == whole


# Hangul fillers: letters that are shown as nothing, or as a wide blank
_FILLERS = {"\u3164", "\uffa0"}


def test_every_character_is_as_wide_as_for_wcwidth() -> None:
    """Marks, symbols and format characters aside, about which terminals and versions of Unicode differ."""
    characters = [chr(code) for code in range(0x20, 0x110000)]
    compared = [char for char in characters if unicodedata.category(char)[0] in "LNPZ"]
    other = {char for char in compared if count_columns(char) != wcwidth(char)} - _FILLERS
    assert {char for char in other if unicodedata.category(char) not in ("Zl", "Zp", "No")} == set()
    assert len(compared) > 130_000
