"""Header lines: what they may hold, and what no content can put into them."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from collections.abc import Callable
from email.header import decode_header, make_header
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.channels.email.headers import (
    build_header,
    build_mailbox_header,
    build_mailto_link,
    build_text_header,
    format_rfc5322_date,
    parse_mailbox,
)
from publisher.mail_address import Mailbox, clean_text


def read(line: bytes) -> email.message.EmailMessage:
    """A message of this one header line, as Python reads it."""
    found = email.message_from_bytes(line + b"\r\n", policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


# ----------------------------------------------------------------- free text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Night Ferry 12", b"Subject: Night Ferry 12\r\n"),
        ("夜航", b"Subject: =?utf-8?b?5aSc6Iiq?=\r\n"),
        # 40 letters are too long a word to fold around
        ("a" * 40, b"Subject: =?utf-8?b?" + b"YWFh" * 12 + b"?=\r\n =?utf-8?b?YWFhYQ==?=\r\n"),
        ("=?utf-8?q?x?=", b"Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n"),
    ],
)  # fmt: skip
def test_text_header(text: str, line: bytes) -> None:
    assert build_text_header("Subject", text) == line


def test_a_long_line_is_folded_between_words() -> None:
    line = build_text_header("Subject", " ".join(["word"] * 40))
    assert max(map(len, line.split(b"\r\n"))) <= 78
    assert line.replace(b"\r\n", b"") == b"Subject: " + b" ".join([b"word"] * 40)


def test_no_character_is_torn_apart() -> None:
    for part in build_text_header("Subject", "灯塔👍🏽" * 30).split(b"\r\n "):
        for word in part.removeprefix(b"Subject: ").split():
            make_header(decode_header(word.decode()))  # raises when a word is no UTF-8 by itself


@given(st.text(max_size=200))
@example("\u00a0" * 10 + "𐀀" * 13)  # two encoded words on one line
def test_every_text_comes_back(text: str) -> None:
    line = build_text_header("Subject", f"题 {text} 尾")
    assert line.isascii()
    assert max(map(len, line.split(b"\r\n"))) <= 76
    assert str(make_header(decode_header(line[9:-2].decode()))) == clean_text(f"题 {text} 尾")


INJECTIONS = [
    "题\r\nBcc: x@example.net",
    "题\nBcc: x@example.net",
    "题\rBcc: x@example.net",
    "题\r\n\r\n<script>",
    "题\0Bcc: x@example.net",
    "题\x0bBcc: x@example.net",
    "题\x85Bcc: x@example.net",
    "题\u2028Bcc: x@example.net",
    "=?UTF-8?Q?=0A?=Bcc: x@example.net",  # github.com/python/cpython/issues/121650
    "=?UTF-8?Q?=0D=0ABcc:_x@example.net?=",
    "plain =?UTF-8?B?DQpCY2M6IHhAZXhhbXBsZS5uZXQ=?=",
    "\u202e题",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_text_begins_a_header_of_its_own(text: str) -> None:
    line = build_text_header("Subject", text)
    assert line.count(b"\r\n") == line.count(b"\r\n ") + 1
    assert b"\n" not in line.replace(b"\r\n", b"")
    assert b"\0" not in line
    found = read(line)
    assert found.keys() == ["Subject"]
    assert found["Subject"] == clean_text(text)
    assert "\u202e" not in found["Subject"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_title_does(mail: Callable[..., object], text: str) -> None:
    made = mail(entry={"title": text}).message  # type: ignore[attr-defined]
    assert "bcc" not in [name.lower() for name in made.keys()]  # noqa: SIM118
    assert made["Subject"] == clean_text(text)
    made = mail(f"# {text}\n\n## 论文\n\n- [{text}](https://example.org/)\n").message  # type: ignore[attr-defined]
    assert "bcc" not in [name.lower() for name in made.keys()]  # noqa: SIM118


def test_a_long_address_is_neither_folded_nor_encoded(mail: Callable[..., object]) -> None:
    """github.com/odoo/odoo/pull/289182: from 78 characters on, CPython makes an encoded word of it."""
    for length in (77, 78, 79, 200, 900):
        url = "https://ferry.example.org/".ljust(length, "x")
        line = mail(entry={"url": url}).header("Archived-At")  # type: ignore[attr-defined]
        assert line == f"<{url}>".encode()


def test_an_address_too_long_for_any_line_is_left_out(mail: Callable[..., object]) -> None:
    made = mail(entry={"url": "https://ferry.example.org/".ljust(1000, "x")})
    assert made.message["Archived-At"] is None  # type: ignore[attr-defined]
    assert max(map(len, made.wire.split(b"\r\n"))) <= 998  # type: ignore[attr-defined]


# ----------------------------------------------------------------- mailboxes


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a@example.org", Mailbox("", "a@example.org")),
        (" a.b+c@mail.example.org ", Mailbox("", "a.b+c@mail.example.org")),
        ("夜航船 <a@example.org>", Mailbox("夜航船", "a@example.org")),
        ('"Night, Ferry" <a@example.org>', Mailbox("Night, Ferry", "a@example.org")),
        ("<a@example.org>", Mailbox("", "a@example.org")),
        ("a@xn--fsqu00a.org", Mailbox("", "a@xn--fsqu00a.org")),
        ("a@localhost", Mailbox("", "a@localhost")),
        ("", None),
        ("a", None),
        ("@example.org", None),
        ("a@", None),
        ("a@b@example.org", None),
        ("a b@example.org", None),
        ("a..b@example.org", None),
        (".a@example.org", None),
        ('"a b"@example.org', None),
        ("a@example.org, b@example.org", None),
        ("x <a@example.org", None),
        ("a@example.org>", None),
        ("x <a@example.org> y", None),
        ("张@example.org", None),
        ("a@例子.org", None),
        ("a@[127.0.0.1]", None),
        ("a@-example.org", None),
        ("a@example.org\r\nBcc: b@example.org", None),
        ("x\0 <a@example.org>", None),
        ("x\u2028y <a@example.org>", None),
        (f"{'a' * 65}@example.org", None),
    ],
)
def test_mailbox(written: str, found: Mailbox | None) -> None:
    assert parse_mailbox(written) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", b"a@example.org"),
        ("Night Ferry", b"Night Ferry <a@example.org>"),
        ("Ferry, Inc.", b'"Ferry, Inc." <a@example.org>'),
        ('The "Ferry"', b'"The \\"Ferry\\"" <a@example.org>'),
        ("夜航", b"=?utf-8?b?5aSc6Iiq?= <a@example.org>"),
        ("=?utf-8?q?x?=", b"=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@example.org>"),
    ],
)
def test_mailbox_header(name: str, value: bytes) -> None:
    line = build_mailbox_header("From", Mailbox(name, "a@example.org"))
    assert line == b"From: " + value + b"\r\n"
    (found,) = read(line)["From"].addresses
    assert (found.display_name, found.addr_spec) == (name, "a@example.org")


def test_the_address_of_a_long_name_is_whole() -> None:
    line = build_mailbox_header("Reply-To", Mailbox("夜航船周报编辑部" * 8, "editor@ferry.example.org"))
    assert max(map(len, line.split(b"\r\n"))) <= 78
    (found,) = read(line)["Reply-To"].addresses
    # RFC 2047 takes the space between encoded words away, Python's package leaves it in names
    assert found.display_name.replace(" ", "") == "夜航船周报编辑部" * 8
    assert found.addr_spec == "editor@ferry.example.org"


def test_the_address_of_a_mail_to_write() -> None:
    assert build_mailto_link("a+b&c@e.org", "un subscribe") == "<mailto:a%2Bb%26c@e.org?subject=un%20subscribe>"


# --------------------------------------------------------------------- dates


@given(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2200, 1, 1)), st.integers(-12 * 60, 14 * 60))
def test_a_date_is_as_python_writes_it(moment: dt.datetime, minutes: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    assert format_rfc5322_date(aware) == format_datetime(aware)
    assert parsedate_to_datetime(format_rfc5322_date(aware)) == aware


def test_words_are_folded_where_the_line_is_full() -> None:
    assert build_header("X", "a" * 68, "b" * 4, "c") == b"X: " + b"a" * 68 + b" bbbb\r\n c\r\n"
