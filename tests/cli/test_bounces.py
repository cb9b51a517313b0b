"""`publish bounces`, as a mail server runs it, and the mailboxes that are read on each tick."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from publisher.cli.main import main
from publisher.ledger import Ledger
from publisher.subscribers.models import SubscriberState
from tests.bounces.mailing import LIN, START, XI, Mailing
from tests.bounces.mails import BOUNCES, block, delivery_status, feedback_report, plain, sender
from tests.support.servers.imap_server import ImapServer

NEWSLETTER = "tag:example.org,2021:slow"
CONFIRMED, GONE, COMPLAINED = SubscriberState.CONFIRMED, SubscriberState.GONE, SubscriberState.COMPLAINED
NOW = START + dt.timedelta(days=1)
SETTINGS = f"""\
[newsletter]
name = "Slow"
url = "https://example.org/{{date}}/"
id = "{NEWSLETTER}"

[subscribers]
url = "http://localhost:8080/list"
key = "file:subscribers.key"
bounces = "{BOUNCES}"
"""


class Letter:
    """A newsletter with a list of two, who got an issue."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch, self._capsys = monkeypatch, capsys
        (folder / "issues").mkdir()
        (folder / "issues" / "2026-01-04.md").write_text("# Slow\n\n## [One](https://example.net/1)\n\nText.\n")
        (folder / "subscribers.key").write_text("0123456789abcdef")
        (folder / "subscribers.key").chmod(0o600)
        (folder / ".publisher").mkdir()
        self.configure()
        self.tokens: dict[str, str] = {}
        self.use(self._fill)

    def configure(self, more: str = "") -> None:
        (self.folder / "publisher.toml").write_text(SETTINGS + more, "utf-8")

    def use(self, act: Callable[[Mailing], object]) -> object:
        with closing(Ledger(self.folder / ".publisher" / "ledger.db")) as ledger:
            return act(Mailing(ledger, NEWSLETTER))

    def _fill(self, mailing: Mailing) -> None:
        mailing.subscribe(LIN, XI)
        mailing.send("1")
        self.tokens = {key: mailing.token(key, "1") for key in (LIN, XI)}

    def state(self, key: str) -> object:
        return self.use(lambda mailing: mailing.state(key))

    def gone(self, key: str = LIN) -> bytes:
        """A bounce of a mailbox that does not exist."""
        return delivery_status(block(f"smtp; 550 5.1.1 <{key}>: User unknown", "5.1.1"), to=sender(self.tokens[key]))

    def pipe(self, raw: bytes, *words: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw), isatty=lambda: False))
        return self.run("bounces", *words)

    def run(self, *words: str, now: dt.datetime = NOW) -> tuple[int, str, str]:
        code = main(list(words), now)
        return code, *self._capsys.readouterr()


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Letter]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "letter").mkdir()
    monkeypatch.chdir(tmp_path / "letter")
    return Letter(tmp_path / "letter", monkeypatch, capsys)


def test_a_report_on_standard_input_is_recorded(letter: Letter) -> None:
    code, out, _ = letter.pipe(letter.gone(), "--json")
    assert code == 0
    result = json.loads(out)
    assert (result["recorded"], result["kind"], result["state"]) == (True, "no recipient", "gone")
    assert (letter.state(LIN), letter.state(XI)) == (GONE, CONFIRMED)
    assert letter.pipe(feedback_report(mail_from=sender(letter.tokens[XI])))[0] == 0
    assert letter.state(XI) is COMPLAINED


def test_a_report_of_nothing_is_taken_and_has_no_effect(letter: Letter) -> None:
    delayed = delivery_status(block("smtp; 451 4.4.1", "4.4.1", "delayed"), to=sender(letter.tokens[LIN]))
    away = plain("I am away", to=sender(letter.tokens[LIN]), headers="Auto-Submitted: auto-replied\n")
    for raw in (delayed, away):
        assert letter.pipe(raw)[0] == 0
    assert letter.state(LIN) is CONFIRMED


def test_other_emails_go_back_to_their_senders(letter: Letter) -> None:
    letter_to_us = plain("Hello", to=BOUNCES, headers="Return-Path: <lin@example.net>\n")
    made_up = delivery_status(block("", "5.1.1"), to=sender("aaaaaaaaaaaa-1"))
    for raw in (letter_to_us, made_up, b"", b"\xff" * 100):
        code, _, errors = letter.pipe(raw)
        assert code == 1
        assert errors.startswith("not recorded: ")
    assert letter.state(LIN) is CONFIRMED


def test_the_mail_server_tries_again_when_the_ledger_cannot_be_used(letter: Letter) -> None:
    file = letter.folder / ".publisher" / "ledger.db"
    whole = file.read_bytes()
    file.write_bytes(b"no database" * 1000)
    assert letter.pipe(letter.gone())[0] == 75
    file.write_bytes(whole)
    letter.configure("[bounces]\nmaildirr = 1\n")
    assert letter.pipe(letter.gone())[0] == 75
    letter.configure()
    assert letter.pipe(letter.gone())[0] == 0


def test_without_an_email_it_says_what_to_do(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    code, _, errors = letter.run("bounces")
    assert code == 2
    assert "publish bounces < returned.eml" in errors


def test_a_tick_reads_the_maildir_and_keeps_what_is_no_report(letter: Letter) -> None:
    maildir = letter.folder / "mail"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True)
    (maildir / "new" / "1.a").write_bytes(letter.gone())
    (maildir / "new" / "2.a").write_bytes(b"To: captain@news.example\n\nHello\n")
    letter.configure('[bounces]\nmaildir = "mail"\n')
    code, out, _ = letter.run("tick")
    assert code == 0
    assert "taken off the list: 1 whose mailbox does not exist any more" in out
    assert LIN not in out
    assert letter.state(LIN) is GONE
    assert [file.name for file in maildir.rglob("*.a*")] == ["2.a:2,"]


def test_a_tick_reads_the_imap_mailbox_every_five_minutes(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNCES_PASSWORD", "opensesame")
    with ImapServer() as server:
        server.add(letter.gone(), b"To: captain@news.example\n\nHello\n")
        table = f'[bounces]\nimap = "imap://bounces@localhost:{server.port}"\npassword = "env:BOUNCES_PASSWORD"\n'
        letter.configure(table)
        assert letter.run("tick")[0] == 0
        assert letter.state(LIN) is GONE
        assert list(server.messages) == [2]
        server.add(letter.gone(XI))
        letter.run("tick", now=NOW + dt.timedelta(minutes=4))
        assert letter.state(XI) is CONFIRMED
        letter.run("tick", now=NOW + dt.timedelta(minutes=6))
        assert letter.state(XI) is GONE
        fetched = [command for command in server.commands if "BODY" in command]
        assert fetched == [f"UID FETCH {uid} (BODY.PEEK[])" for uid in (1, 2, 3)]


def test_a_mailbox_that_cannot_be_read_is_reported_once_a_day_and_the_rest_goes_on(letter: Letter) -> None:
    letter.configure('[bounces]\nmaildir = "nowhere"\n')
    said = [letter.run("tick", now=NOW + dt.timedelta(hours=hours)) for hours in (0, 1, 24)]
    assert ["is not a Maildir" in out for _, out, _ in said] == [True, False, True]
    assert (letter.folder / "public" / "index.html").exists()


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('[bounces]\nimap = "imap://bounces@mail.example"\n', "unencrypted"),
        ('[bounces]\nimap = "imaps://bounces@mail.example"\n', "imap needs a password"),
        ('[bounces]\nses = ["bounces"]\n', "topics of Amazon SNS"),
        ('[bounces]\nmaildirs = "mail"\n', "did you mean maildir?"),
    ],
)
def test_mistakes_in_the_table_are_located(letter: Letter, table: str, reason: str) -> None:
    letter.configure(table)
    code, _, errors = letter.run("status")
    assert code == 2
    assert "publisher.toml:1" in errors
    assert reason in errors


def test_a_table_without_a_list_or_an_address_is_a_mistake(letter: Letter) -> None:
    path = letter.folder / "publisher.toml"
    path.write_text(SETTINGS.partition("[subscribers]")[0] + "[bounces]\n")
    assert "add [subscribers]" in letter.run("status")[2]
    path.write_text(SETTINGS.replace(f'bounces = "{BOUNCES}"', "") + '[bounces]\nmaildir = "mail"\n')
    assert "`maildir` is set, but `bounces` in [subscribers] is not" in letter.run("status")[2]
