"""Differences word by word: what is new can be read, and old and new text can be rebuilt from them."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.channel import Part
from publisher.reports.readable import extract_visible_lines
from publisher.reports.word_diff import Line, PieceKind, diff_words

MARKS = {PieceKind.SAME: "{}", PieceKind.OLD: "[-{}-]", PieceKind.NEW: "{{+{}+}}"}


def show(line: Line) -> str:
    return "".join(MARKS[piece.kind].format(piece.text) for piece in line)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a tide table", "a wave table", "a [-tide-]{+wave+} table"),
        ("the tide is high", "the tide is very high", "the tide is {+very+} high"),
        ("the tide is very high", "the tide is high", "the tide is [-very-] high"),
        ("浮标联网了，每分钟报一次水温", "浮标联网了，每小时报一次水温", "浮标联网了，每[-分钟-]{+小时+}报一次水温"),
        ("用 Rust 写成的浮标固件发布了", "用 Zig 写成的浮标固件发布了", "用 [-Rust-]{+Zig+} 写成的浮标固件发布了"),
        (
            "水温 <https://e.org/a> 的记录",
            "水温 <https://e.org/b> 的记录",
            "水温 <[-https://e.org/a-]{+https://e.org/b+}> 的记录",
        ),
        (
            "one, two and three of them",
            "four, two and five of them",
            "[-one-]{+four+}, two and [-three-]{+five+} of them",
        ),
        ("it costs 3.50 euros now", "it costs 4.50 euros now", "it costs [-3-]{+4+}.50 euros now"),
        ("潮汐和浪高的记录", "潮位和浪长的记录", "潮[-汐和浪高-]{+位和浪长+}的记录"),
        ("潮汐表和浪高表都在这里", "潮位表和浪长表都在这里", "潮[-汐-]{+位+}表和浪[-高-]{+长+}表都在这里"),
    ],
)
def test_words(old: str, new: str, shown: str) -> None:
    [[line]] = diff_words([old], [new])
    assert show(line) == shown


def test_passages_have_a_line_around_them() -> None:
    old = ["one", "two", "three", "four", "five", "six", "seven and eight"]
    new = ["one", "two", "three!", "four", "five", "six", "seven or eight"]
    assert [[show(line) for line in passage] for passage in diff_words(old, new)] == [
        ["two", "three{+!+}", "four"],
        ["six", "seven [-and-]{+or+} eight"],
    ]


def test_what_has_nothing_in_common_is_shown_whole() -> None:
    [lines] = diff_words(["a completely different thing"], ["浮标联网了"])
    assert [show(line) for line in lines] == ["[-a completely different thing-]", "{+浮标联网了+}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["a b", "", "  c"], ["a b", "c"]),
        (["wrapped at", "another place"], ["wrapped", "at another place"]),
        (["title", "====="], ["title", "========"]),
        ([], []),
    ],
)
def test_what_readers_do_not_see_is_no_difference(old: list[str], new: list[str]) -> None:
    assert diff_words(old, new) == []


TEXT = st.lists(st.lists(st.sampled_from([*"ab浮标,。 \n", "tide", " "]), max_size=12).map("".join), max_size=6)


def spaceless(text: str) -> str:
    return re.sub(r"[\s—|#*=_·-]", "", text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT, TEXT)
def test_both_texts_can_be_rebuilt(old: list[str], new: list[str]) -> None:
    old, new = ("\n".join(lines).splitlines() for lines in (old, new))
    pieces = [piece for passage in diff_words(old, new, context=1000) for line in passage for piece in line]
    if not pieces:
        assert spaceless("".join(old)) == spaceless("".join(new))
        return
    for lines, kind in ((old, PieceKind.NEW), (new, PieceKind.OLD)):
        rebuilt = "".join(piece.text for piece in pieces if piece.kind is not kind)
        assert spaceless(rebuilt) == spaceless("".join(lines))


def test_a_very_long_passage_is_shown_whole() -> None:
    old, new = (" ".join(f"{word}{number}" for number in range(3000)) for word in ("a", "b"))
    [lines] = diff_words([old], [new])
    assert [piece.kind for line in lines for piece in line] == [PieceKind.OLD, PieceKind.NEW]


PAGE = b"""<!doctype html><head><title>T</title><style>p{}</style></head><body><nav>menu</nav><main>
<article><h1>Tides<br>and waves</h1><p>See <a href="https://e.org/a">the <b>table</b></a>, &amp; <a href="#x">here</a>.
<a href="#y">#</a></p><article>inner</article><ul><li>one<li><img src="b.png" alt="A buoy"> two</ul></article>
<article>another</article></main><footer>end</footer>"""


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        (
            "text/html; charset=utf-8",
            PAGE,
            ["Tides", "and waves", "See the table <https://e.org/a> , & here.", "inner", "one", "A buoy two"],
        ),
        ("text/html", b"<p>a</p><main>b<p>c</main>d", ["b", "c"]),
        ("text/html", b"<p>a<p>b", ["a", "b"]),
        ("text/html", b"</a></article></p>a<a href='https://e.org/'>", ["a"]),
        ("application/json", b'{"text": "A b", "type": "text_link", "content": "<p>c</p><p>d</p>"}', ["A b", "c", "d"]),
        ("message/rfc822", b"Subject: A\nFrom: b@e.org\n\ntext\n", ["Subject: A", "", "text"]),
        ("text/plain", b"<p>a</p>", ["<p>a</p>"]),
        ("image/png", b"\x89PNG\xff", []),
    ],
)
def test_what_readers_see(kind: str, body: bytes, shown: list[str]) -> None:
    assert extract_visible_lines(Part("key", kind, body)) == shown
