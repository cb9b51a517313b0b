"""Whom a mail goes to: addresses as people write them, and lists of them."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import mail_address
from publisher.channels.email import Email
from publisher.channels.email.recipients import load_mailboxes, read_recipients, source_changed_at, source_version
from publisher.errors import ConfigError
from publisher.mail_address import Mailbox, normalize_address, parse_recipient


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("lin@example.org", "", "lin@example.org"),
        ("  Lin.Xi+tide@Mail.Example.ORG\t", "", "Lin.Xi+tide@mail.example.org"),
        ("林汐 <lin@example.org>", "林汐", "lin@example.org"),
        ('"Lin, Xi" <lin@example.org>', "Lin, Xi", "lin@example.org"),
        ("林汐　＜lin＠example．org＞", "林汐", "lin@example.org"),
        ("ｌｉｎ＠ｅｘａｍｐｌｅ．ｏｒｇ", "", "lin@example.org"),
        ("林（汐） <lin@example.org>", "林（汐）", "lin@example.org"),
        ("lin@例子.example", "", "lin@xn--fsqu00a.example"),
        ("lin@faß.example", "", "lin@xn--fa-hia.example"),  # IDNA 2003 would make fass of it
        ("lin@例子。example", "", "lin@xn--fsqu00a.example"),
        ("lin@XN--FSQU00A.example", "", "lin@xn--fsqu00a.example"),
        ("林汐@example.org", "", "林汐@example.org"),
        ("lin@localhost", "", "lin@localhost"),
        (f"{'a' * 64}@example.org", "", f"{'a' * 64}@example.org"),
    ],
)
def test_an_address(written: str, name: str, address: str) -> None:
    assert parse_recipient(written)[:2] == (name, address)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("lin@example.org\r\nBcc: x@example.net", "it contains a carriage return"),
        ("lin@example.org\nRCPT TO:<x@example.net>", "it contains a line break"),
        ("lin\0@example.org", "it contains a NUL"),
        ("lin@example.org\x0b", "it contains an invisible character (U+000B)"),
        ("lin\x85@example.org", "it contains an invisible character (U+0085)"),
        ("lin\u2028x@example.org", "it contains an invisible character (U+2028)"),
        ("\u202elin@example.org", "it contains an invisible character (U+202E)"),
        ("lin\u200b@example.org", "it contains an invisible character (U+200B)"),
        ("=?utf-8?q?x?= <lin@example.org>", "it contains an encoded word"),
        ("=?utf-8?q?lin=40?=@example.org", "it contains an encoded word"),
        ("Lin", "it has no @"),
        ("Lin <lin>", "it has no @"),
        ("@example.org", "the part before the @ is empty"),
        ("lin@", "the domain after the @ is missing"),
        ("lin@xi@example.org", "it has more than one @"),
        ("lin@example.org, xi@example.org", "it has more than one @"),
        ("lin@example.org <lin@example.org", "the angle brackets do not match"),
        ("lin@example.org>", "the angle brackets do not match"),
        ("<lin@example.org> x", "the angle brackets do not match"),
        ("<<lin@example.org>>", "the angle brackets do not match"),
        ('"lin xi"@example.org', "the part before the @ is quoted, which few servers accept"),
        ("lin xi@example.org", "a space is not allowed before the @"),
        ("lin,xi@example.org", ", is not allowed before the @"),
        ("(lin)@example.org", "( is not allowed before the @"),
        ("lin..xi@example.org", "it has a leading, trailing or double dot before the @"),
        (".lin@example.org", "it has a leading, trailing or double dot before the @"),
        ("lin@[127.0.0.1]", "it has an IP address instead of a domain"),
        ("lin@example", "the domain example is invalid"),
        ("lin@exam ple.org", "the domain exam ple.org is invalid"),
        ("lin@-example.org", "the domain -example.org is invalid"),
        ("lin@example..org", "the domain example..org is invalid"),
        ("lin@例 子.example", "the domain 例 子.example is invalid"),
        ("lin@☃️.example", "the domain ☃️.example is invalid"),
        (f"{'a' * 65}@example.org", "it is longer than 64 bytes before the @ or 254 in all"),
        (f"{'林' * 22}@example.org", "it is longer than 64 bytes before the @ or 254 in all"),
        (f"lin@{'a.' * 125}org", "it is longer than 64 bytes before the @ or 254 in all"),
    ],
)
def test_no_address(written: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_recipient(written)
    assert caught.value.message.startswith(f"invalid email address: {why}")
    assert caught.value.hint


@given(st.text())
def test_nothing_gets_through_that_could_end_a_command(text: str) -> None:
    for written in (text, f"{text}@example.org", f"lin@{text}", f"{text} <lin@example.org>"):
        try:
            box = parse_recipient(written)
        except ConfigError:
            continue
        assert box.address.isprintable()
        assert not set(box.address) & set("<> \t\r\n\0")
        assert box.domain.isascii()
        assert "\n" not in box.name
        assert "\r" not in box.name


def test_what_is_the_same_address() -> None:
    written = ("Lin@Example.org", "lin@example.org", "LIN+tide@example.org", "ｌｉｎ@example.org", "lin+@example.org")
    assert {normalize_address(parse_recipient(one).address) for one in written} == {"lin@example.org"}
    assert normalize_address("+tide@example.org") == "+tide@example.org"
    assert normalize_address("lin@example.org") != normalize_address("lin@mail.example.org")
    assert normalize_address("l.in@example.org") != normalize_address("lin@example.org")


# --------------------------------------------------------------------- lists

LIST = """\
\ufeff# who reads us
lin@example.org

  # friends
Xi Lin <Xi@Example.org>   # since 2021
Hai@example.org
zhou@example.net  # moved
 zhou+old@EXAMPLE.net
LIN@example.org
林汐@例子.example\r
ｍｅｉ＠example.org
"""


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "readers.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_list_with_every_irregularity(tmp_path: Path) -> None:
    file = write(tmp_path, LIST)
    xi, hai = Mailbox("Xi Lin", "Xi@example.org", "Xi@Example.org"), Mailbox("", "Hai@example.org")
    lin = Mailbox("", "林汐@xn--fsqu00a.example", "林汐@例子.example")
    mei = Mailbox("", "mei@example.org", "ｍｅｉ＠example.org")
    assert [(one.key, one.mailbox, one.location) for one in read_recipients(file)] == [
        ("lin@example.org", Mailbox("", "lin@example.org"), "readers.txt:2"),
        ("xi@example.org", xi, "readers.txt:5"),
        ("hai@example.org", hai, "readers.txt:6"),
        ("zhou@example.net", Mailbox("", "zhou@example.net"), "readers.txt:7"),
        ("林汐@xn--fsqu00a.example", lin, "readers.txt:10"),
        ("mei@example.org", mei, "readers.txt:11"),
    ]
    assert load_mailboxes(file) == {one.address.lower(): one for one in (xi, hai, lin, mei)}


def test_the_same_list_in_the_settings() -> None:
    channel = Email(from_="a@e.org", server="smtp://localhost", recipients_=("Lin@example.org", "lin@example.org"))
    assert [*channel.recipients()] == ["lin@example.org"]
    with pytest.raises(ConfigError, match="recipients: invalid email address: it has no @"):
        Email(from_="a@e.org", server="smtp://localhost", recipients_=("lin@example.org", "xi"))


def test_one_address_stands_for_a_list_kept_elsewhere() -> None:
    channel = Email(from_="a@e.org", server="smtp://localhost", to="List <List@example.org>")
    assert [*channel.recipients()] == ["list@example.org"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lin@example.org\nxi\n", "readers.txt:2: invalid email address: it has no @"),
        ("lin@example.org\n\nxi@e\0.org\n", "readers.txt:3: invalid email address: it contains a NUL"),
        ("lin@example.org\rxi@example.org\n", "readers.txt:1: invalid email address: it contains a carriage"),
        (b"lin@example.org\n\xc1\xd6@example.org\n", "readers.txt:2: not UTF-8"),
        (f"lin@example.org\n{'x' * 1001}\n", "readers.txt:2: the line is too long for an address"),
        ("# nobody yet\n\n", "readers.txt has no addresses"),
        ("", "readers.txt has no addresses"),
    ],
)
def test_an_invalid_line_is_reported_with_its_location(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        [*read_recipients(write(tmp_path, text))]
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    for read in (read_recipients, load_mailboxes):
        with pytest.raises(ConfigError, match="No such file") as caught:
            [*read(tmp_path / "none.txt")]
        assert "`recipients`" in caught.value.hint


def test_a_changed_list_is_read_again(tmp_path: Path) -> None:
    file = write(tmp_path, "Lin <lin@example.org>\n")
    assert [*load_mailboxes(file)] == ["lin@example.org"]
    write(tmp_path, "Lin <lin@example.org>\nXi <xi@example.org>\n")
    assert [*load_mailboxes(file)] == ["lin@example.org", "xi@example.org"]


def test_who_is_not_on_the_list_right_now_keeps_their_spelling(tmp_path: Path) -> None:
    """The list may be half written while somebody's mail is made: their key is no address to send to."""
    file = write(tmp_path, "Lin+tide@example.org\nXi <xi@example.org>\n")
    load_mailboxes(file)
    write(tmp_path, "Xi <xi@example.org>\n")
    assert load_mailboxes(file)["lin@example.org"].address == "Lin+tide@example.org"
    write(tmp_path, "lin@example.org\n")
    assert set(load_mailboxes(file)) == {"xi@example.org"}


def test_another_file_of_the_same_size_and_time_is_another_version(tmp_path: Path) -> None:
    file, other = write(tmp_path, "lin@example.org\n"), tmp_path / "other.txt"
    os.utime(file, (1, 1))
    before = source_version(file)
    assert source_version(file) == before
    other.write_text("mei@example.org\n")
    os.utime(other, (1, 1))
    other.rename(file)
    assert source_version(file) != before


@pytest.mark.parametrize("seconds", [-(2**31), 0, 1_600_000_000, 2**33, 2**40])
def test_a_file_may_be_of_any_time(tmp_path: Path, seconds: int) -> None:
    file = write(tmp_path, "lin@example.org\n")
    os.utime(file, (seconds, seconds))
    changed_at = source_changed_at(file)
    assert changed_at
    assert changed_at.utcoffset() == dt.timedelta(0)
    if seconds == 1_600_000_000:
        assert changed_at == dt.datetime(2020, 9, 13, 12, 26, 40, tzinfo=dt.UTC)
    assert source_changed_at(("lin@example.org",)) is None


@given(
    st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9.-]{1,20}", fullmatch=True)
    | st.text("aZ09._+-@ä", min_size=1, max_size=70)
)
def test_the_fast_path_decides_as_the_whole_rule_does(text: str) -> None:
    def outcome(parse: Callable[[str], Mailbox]) -> object:
        try:
            mailbox = parse(text)
        except ConfigError as error:
            return error.message
        return mailbox, normalize_address(mailbox.address)

    assert outcome(parse_recipient) == outcome(mail_address._parse_any_recipient)
    if mail_address._is_plain(text):
        assert normalize_address(text) == normalize_address(text.upper()), "and its key is that of other spellings"


PROGRAM = """
import resource, sys
from pathlib import Path
from publisher.channels.email import Email
from publisher.channels.email.recipients import load_mailboxes
def held(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
channel = Email(from_="a@e.org", server="smtp://localhost", recipients_=Path(sys.argv[1]))
[*Email(from_="a@e.org", server="smtp://localhost", recipients_=("a@e.org",)).recipients()]
before = held()
everybody = [*channel.recipients()]
named = load_mailboxes(channel.recipients_)
print(len(everybody), len(named), (held() - before) // 1024)
"""


@pytest.mark.parametrize("line", ["reader{}@example.org", "Reader {} <Reader{}@Example.org>"])
def test_a_long_list_costs_little_memory(tmp_path: Path, line: str) -> None:
    """All of it at once in a list, as the ledger takes it, is under 80 MB, even when everybody has a name."""
    file = write(tmp_path, "".join(f"{line.replace('{}', str(n))}\n" for n in range(100_000)))
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(file)], capture_output=True, text=True, check=True)
    total, named, grown = map(int, done.stdout.split())
    assert total == 100_000
    assert named == (100_000 if "<" in line else 0)
    assert grown < 80
