"""Words stay words: what Telegram takes for a link is one only if it was written as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.channels.telegram.autolinks import WORD_JOINER, prevent_autolinks
from publisher.channels.telegram.entities import Span, normalize_text, span_text
from publisher.links import find_emails
from tests.channels.telegram.conftest import stretch

# each of these is clickable in Telegram when it is sent as it stands
TEMPTING = [
    "README.md", "main.rs", "build.rs", "setup.py", "run.sh", "a.zip", "x.ai", "ASP.NET", "socket.io",
    "deno.land", "看 https://e.com/a，然后 b", "http://1.5倍", "www.example.com", "t.me/abc",
    "官网.在线", "sub.domain.公司", "10.0.0.1", "v 1.2.3.4:80", "tg://resolve", "#大模型",
    "TON://x", "①#标签", "##abc", "@user", "（@user）", "$USD", "用 /start 开始", "CPU /GPU",
    "4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004",
]  # fmt: skip
# and none of these
HARMLESS = [
    "3.5 倍", "提升 1.9倍", "v2.4.0", "等等。然后", "C++ 与 C#", "a/b", "和/或", "2021/07/18", "No. 1",
    "e.g.", "U.S.A.", "price: $5", "100%", "a@", "12:30", "2021.1.110",
]  # fmt: skip


@pytest.mark.parametrize("text", TEMPTING)
def test_nothing_becomes_a_link(text: str, judge) -> None:
    assert judge.found(text), "Telegram leaves this alone anyway"
    kept = span_text(prevent_autolinks((Span(text),)))
    assert judge.found(kept) == []
    assert kept.replace(WORD_JOINER, "") == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_is_as_it_was(text: str, judge) -> None:
    assert judge.found(text) == []
    assert span_text(prevent_autolinks((Span(text),))) == text


def test_links_and_code_are_as_they_were() -> None:
    runs = (Span("README.md", url="https://e.org/"), Span("main.rs", "code"), Span("x.ai", "pre"))
    assert prevent_autolinks(runs) == runs


def test_marks_do_not_hide_what_they_divide(judge) -> None:
    """README in bold and .md behind it are one word to Telegram."""
    runs = (Span("READ"), Span("ME", "bold"), Span(".md 和 #"), Span("标签", "italic"))
    assert judge.found(span_text(runs))
    assert judge.found(span_text(prevent_autolinks(runs))) == []


def test_half_a_word_in_a_link(judge) -> None:
    """What touches a link is none: Telegram keeps the link and drops what it found."""
    runs = prevent_autolinks((Span("README", url="https://e.org/"), Span(".md")))
    link = {"type": "text_link", "offset": 0, "length": 6, "url": "https://e.org/"}
    assert judge.accidents(span_text(runs), [link]) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Write to me.too@example.org now", "me.too@example.org"),
        ("写信到me.too@sub.example.org，或者", "me.too@sub.example.org"),
        ("(a_b+c@example.community).", "a_b+c@example.community"),
        ("me@example.org#tag", "me@example.org"),
        ("me@example.org/start", "me@example.org"),
    ],
)
def test_an_email_address_stays_whole(text: str, address: str, judge) -> None:
    for runs in ((Span(text),), (Span(text, "bold"),), (Span(text[:9]), Span(text[9:], "italic"))):
        kept = span_text(prevent_autolinks(runs))
        assert [stretch(kept, *ends) for ends in judge.found(kept)] == [address]
        assert kept.replace(WORD_JOINER, "") == text


LETTERS = "ab1.@#$/:-_ ~中，。\n🙂"
PIECES = st.sampled_from(
    [*LETTERS, "http", "https://", "com", "md", "公司", "1234567", "tg://", "me@example.org", *TEMPTING]
)


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=20).map("".join)))
def test_whatever_the_text(judge, text: str) -> None:
    text = normalize_text(text)
    kept = span_text(prevent_autolinks((Span(text),)))
    emails = {url.partition(":")[2] for _, _, url in find_emails(kept)}
    assert {stretch(kept, *ends) for ends in judge.found(kept)} <= emails
    assert kept.replace(WORD_JOINER, "") == text.replace(WORD_JOINER, "")
