"""Mail from the command line to a server: each reader once, whatever the server and the machine do."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from publisher.channels.email import Email
from publisher.errors import DeliveryError
from publisher.events import ChannelOutcome
from publisher.ledger.models import PublicationKey
from publisher.ledger.queries import find_status
from tests.support.newsletter import ISSUE, ProcessProject, Project, write_settled
from tests.support.servers import smtp_sink
from tests.support.servers.mail_server import Fault, MailServer
from tests.support.servers.smtp_sink import SmtpSink

SEND = ("--channel", "email", "--yes")
SECRET = "slack-water-4711"
READERS = {f"reader{n}@example.net" for n in range(20)}


class Letter(ProcessProject):
    """A newsletter with twenty readers."""

    def __init__(self, root: Path, url: str, more: str = "") -> None:
        channel = f"""[channels.email]
from = "editor@example.org"
server = "{url}"
recipients = "readers.txt"
{more}"""
        super().__init__(root, channel, {"SLOW_PASSWORD": SECRET})
        self.write_readers(READERS)
        (root / "issues" / "2021-07-18.md").write_text(
            "# 慢工 (2021-07-18)：题\n\n## 新闻\n\n- [条目](https://example.org/1)\n摘要：一句。\n", "utf-8"
        )

    def write_readers(self, readers: Iterable[str]) -> None:
        write_settled(self.root / "readers.txt", "".join(f"{reader}\n" for reader in sorted(readers)))

    def publish(self, *words: str, code: int = 0, env: dict[str, str] | None = None) -> dict[str, Any]:
        """`said` has what all commands printed."""
        before = self.said
        try:
            return super().publish(*(words or SEND), code=code, env=env)
        finally:
            self.said = before + self.said


@pytest.fixture
def sink(need: Callable[[str], str]) -> Iterator[SmtpSink]:
    need(smtp_sink.PROGRAM)
    with SmtpSink() as running:
        yield running


def test_once_and_only_once(sink: SmtpSink, tmp_path: Path) -> None:
    letter = Letter(tmp_path / "letter", sink.url)
    assert letter.publish()["channels"]["email"]["sent"] == 20
    assert sink.readers == Counter(READERS)
    letter.publish()
    issue = letter.root / "issues" / "2021-07-18.md"
    issue.write_text(issue.read_text("utf-8").replace("一句", "两句"), "utf-8")
    letter.publish()
    assert sink.readers == Counter(READERS)


def test_a_dry_run_speaks_to_nobody(tmp_path: Path) -> None:
    letter = Letter(tmp_path / "letter", "smtp://127.0.0.1:1")
    letter.publish("--channel", "email", "--dry-run")
    letter.publish("--channel", "email", "--out", "copy")
    assert (letter.root / "copy" / "outbox" / "2021-07-18" / "email" / "message.eml").exists()


def test_a_bad_line_stops_it_before_the_first_mail(sink: SmtpSink, tmp_path: Path) -> None:
    letter = Letter(tmp_path / "letter", sink.url)
    letter.write_readers([*READERS, "reader~"])
    for words in (SEND, ("--channel", "email", "--dry-run")):
        letter.said = ""
        letter.publish(*words, code=2)
        assert "readers.txt:21: invalid email address: it has no @" in letter.said
    assert sink.mails == []


def test_after_a_whole_mail_nobody_knows(sink: SmtpSink, tmp_path: Path) -> None:
    sink.stop()
    sink.start("-q", ".")
    letter = Letter(tmp_path / "letter", sink.url)
    letter.publish(code=4)
    assert "unknown whether 20 of 20 were sent" in letter.said
    assert sink.readers == Counter(READERS)
    sink.stop()
    sink.start()
    letter.publish(code=4)
    assert sink.readers == Counter(READERS)


def test_one_who_is_refused_stops_nobody_else(tmp_path: Path) -> None:
    with MailServer() as server:
        server.script(Fault("RCPT", "550 5.1.1 no such user", at=0, reader="reader7@example.net"))
        letter = Letter(tmp_path / "letter", server.url)
        letter.publish(code=3)
        assert Counter(server.readers) == Counter(READERS - {"reader7@example.net"})
        assert "1 of 20 failed: reader7@example.net was refused: 550 5.1.1 no such user" in letter.said
        assert "remove it from the list" in letter.said
        letter.publish(code=3)
        assert len(server.mails) == 19


def test_status_lists_refused_and_deferred_recipients(tmp_path: Path) -> None:
    with MailServer() as server:
        no, later = ("RCPT", "550 5.1.1 no such user"), ("RCPT", "450 4.2.1 busy")
        server.script(Fault(*later, at=0, reader="reader12@example.net"), Fault(*no, reader="reader7@example.net"))
        letter = Letter(tmp_path / "letter", server.url)
        letter.publish(*SEND, "--max-wait", "0", code=3)
        [row] = [one for one in letter.publish("status", "2021-07-18", code=3)["rows"] if one["missed"]]
        assert [(one["recipient"], one["state"]) for one in row["missed"]] == [
            ("reader7@example.net", "failed"),
            ("reader12@example.net", "planned"),
        ]
        assert "450 4.2.1 busy" in row["missed"][1]["reason"]


def test_killed_in_the_middle(tmp_path: Path) -> None:
    """The one mail that was being sent has an unknown outcome, and is not sent again."""
    with MailServer() as server:
        letter = Letter(tmp_path / "letter", server.url, "connections = 1")
        letter.publish(code=-9, env={"PUBLISHER_FAILPOINT": "acted:kill:8"})
        assert len(server.mails) == 8
        letter.publish(code=4)
        assert Counter(server.readers) == Counter(READERS)
        assert "unknown whether 1 of 20 were sent" in letter.said


DEATHS = ("acted:kill:137", "begun:kill:40", "confirming:kill:25", "sending:kill:333", "acted:kill:512")


@pytest.mark.parametrize("policy", ["ask", "skip", "resend"])
def test_three_thousand_readers_and_five_deaths(sink: SmtpSink, tmp_path: Path, policy: str) -> None:
    """Every loss is reported, no one else gets it, and no one gets it twice unless `resend` is set."""
    letter = Letter(tmp_path / "letter", sink.url, f'uncertain = "{policy}"')
    everybody = {f"reader{n}@example.net" for n in range(3000)}
    letter.write_readers(everybody)
    for death in DEATHS:
        letter.publish(code=-9, env={"PUBLISHER_FAILPOINT": death})
    letter.said = ""
    letter.publish(code=4 if policy == "ask" else 0)
    arrived = sink.readers
    assert set(arrived) <= everybody
    missing = everybody - set(arrived)
    if policy == "resend":
        assert missing == set()
        assert sum(arrived.values()) - 3000 <= 10 * len(DEATHS)
    else:
        assert set(arrived.values()) == {1}
        with closing(sqlite3.connect(letter.root / ".publisher" / "ledger.db")) as tx:
            rows = tx.execute("SELECT recipient FROM delivery WHERE state IN ('unknown', 'dropped')")
            doubtful = {reader for (reader,) in rows}
        assert missing <= doubtful
        assert len(doubtful) <= 10 * len(DEATHS)
        if policy == "ask":
            letter.publish("resolve", "2021-07-18", "--channel", "email", code=4)
            assert doubtful == set(re.findall(r"reader\d+@example\.net", letter.said))
    letter.publish(code=4 if policy == "ask" else 0)
    assert sink.readers == arrived


def test_a_person_says_what_came_of_each(sink: SmtpSink, tmp_path: Path) -> None:
    """All of them are listed, by the subject to look for, and known by their address in any case."""
    sink.stop()
    sink.start("-q", ".")
    letter = Letter(tmp_path / "letter", sink.url)
    letter.write_readers(one.capitalize() for one in READERS)
    letter.publish(code=4)
    resolve = [sys.executable, "-m", "publisher", "resolve", "2021-07-18", "--channel", "email"]

    def say(*words: str) -> str:
        done = subprocess.run([*resolve, *words], cwd=letter.root, capture_output=True, text=True)
        return done.stdout + done.stderr

    listed = say()
    assert set(re.findall(r"reader\d+@example\.net(?=  started)", listed)) == READERS
    assert "look for: Subject: 慢工 (2021-07-18)：题" in listed
    assert re.search(r"--channel email --sent +it arrived\n", listed)
    assert say("--to", "Reader7@example.net", "--sent") == "email · readers · 1 marked as sent\n"
    assert "unknown are: reader0@example.net, reader10@" in say("--to", "Reader7@example.net", "--sent")


def test_what_to_do_when_nobody_knows(tmp_path: Path) -> None:
    """Once more with the same mail, or never again; either way it is over, and said of whom."""
    for policy, mails in (("resend", 21), ("skip", 20)):
        with MailServer() as server:
            server.script(Fault(".", acts=True, reader="reader5@example.net"))
            letter = Letter(tmp_path / policy, server.url, f'uncertain = "{policy}"')
            letter.publish()
            copies = [mail.body for mail in server.mails if mail.reader == "reader5@example.net"]
            assert (len(server.mails), len(copies), len(set(copies))) == (mails, mails - 19, 1)
            assert ("unknown whether reader5@example.net received it" in letter.said) == (policy == "skip")
            letter.publish()
            assert len(server.mails) == mails
            [row] = [one for one in letter.publish("status", "2021-07-18")["rows"] if one["missed"]] or [{}]
            assert [one["recipient"] for one in row.get("missed", [])] == (
                ["reader5@example.net"] if policy == "skip" else []
            )


def test_a_test_send_goes_to_the_editor_alone(tmp_path: Path) -> None:
    with MailServer() as server:
        letter = Letter(tmp_path / "letter", server.url, 'me = "editor@example.org"')
        letter.publish("--channel", "email", "--to-me")
        assert server.readers == ["editor@example.org"]
        letter.publish()
        assert Counter(server.readers[1:]) == Counter(READERS)
        test_body, sent = server.mails[0].body, server.mails[1].body
        # only its headers may differ
        assert test_body.partition(b"\r\n\r\n")[2] == sent.partition(b"\r\n\r\n")[2]


def test_no_password_is_shown(tmp_path: Path) -> None:
    with MailServer(user="lin", password=SECRET) as server:
        login = 'user = "lin"\npassword = "env:SLOW_PASSWORD"'
        letter = Letter(tmp_path / "letter", server.url, login)
        server.script(Fault("AUTH", f"535 5.7.8 wrong: {SECRET}", at=0))
        letter.publish(code=2)
        assert server.mails == []
        server.script(Fault("RCPT", f"550 {SECRET}", reader="reader3@example.net"))
        letter.publish("--debug", *SEND, code=3)
        assert len(server.mails) == 19
    assert "[secret]" in letter.said
    shown = letter.said.encode() + b"".join(file.read_bytes() for file in letter.root.rglob("*") if file.is_file())
    assert SECRET.encode() not in shown


# ----------------------------------------------------------- without real time


class Slow(Project):
    """A newsletter that goes to readers by a server, on a clock that only waiting moves."""

    def send(self, server: MailServer, **settings: Any) -> ChannelOutcome:
        readers = tuple(f"{name}@example.net" for name in ("lin", "xi", "zhou"))
        known = {"from_": "editor@e.org", "server": server.url, "recipients_": readers, "connections": 1}
        return self.publish(Email(**known | settings)).channels["email"]


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    made = Slow(tmp_path / "slow")
    made.write("2021-07-18", "一")
    return made


READER = ["lin@example.net", "xi@example.net", "zhou@example.net"]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_what_is_about_now_is_tried_again(slow: Slow, command: str) -> None:
    with MailServer() as server:
        server.script(Fault(command, "450 4.2.1 busy"), Fault(command, "450 4.2.1 busy", at=2))
        done = slow.send(server)
        assert (done.sent, done.error) == (3, None)
        assert sorted(server.readers) == READER
        assert 0 < slow.waited < 60


@pytest.mark.parametrize("reply", ["421 4.3.2 going down", ""])
def test_a_server_that_goes_down_in_the_middle(slow: Slow, reply: str) -> None:
    with MailServer() as server:
        server.script(Fault("MAIL", reply, at=2), Fault("CONNECT", "421 4.3.2 wait"))
        done = slow.send(server)
        assert (done.sent, done.error) == (3, None)
        assert sorted(server.readers) == READER
        assert slow.waited > 0


def test_a_server_that_stays_down(slow: Slow) -> None:
    with MailServer() as server:
        server.script(Fault("CONNECT", "554 5.7.1 no", at=0))
        done = slow.send(server)
        assert isinstance(done.error, DeliveryError)
        assert done.error.message.startswith("3 of 3 not sent yet")
        assert server.mails == []
        server.script()
        assert slow.send(server).sent == 3
        assert sorted(server.readers) == READER


def test_a_sender_who_may_not_send_asks_once(slow: Slow) -> None:
    """What is said of the sender holds for all readers, so they are not tried one by one."""
    with MailServer() as server:
        server.script(Fault("MAIL", "550 5.7.1 you may not", at=0))
        done = slow.send(server)
        assert done.error
        assert "3 of 3 not sent yet" in done.error.message
        assert "the server refused the sender: 550 5.7.1 you may not" in done.error.message
        assert len([one for one in server.commands if one.startswith("MAIL")]) == 1


def test_another_sender_or_list_is_the_same_publication(slow: Slow) -> None:
    with MailServer() as server:
        slow.send(server)
        slow.send(server, from_="other@e.org", recipients_=("LIN@example.net",))
        assert sorted(server.readers) == READER
    with closing(slow.ledger) as ledger:
        found = find_status(ledger, PublicationKey(ISSUE, "email", "readers"))
    assert found
    assert found.done


def test_who_leaves_while_it_goes_out_does_not_get_it(slow: Slow, tmp_path: Path) -> None:
    """And who joins meanwhile does, at the address as it was written."""
    readers = tmp_path / "readers.txt"
    write_settled(readers, "lin@example.net\nxi@example.net\nzhou@example.net\n")
    slow.meanwhile = lambda: write_settled(readers, "xi@example.net\nzhou@example.net\nMo <Mo+news@example.net>\n")
    with MailServer() as server:
        server.script(Fault("RCPT", "450 4.2.1 busy", reader="lin@example.net"))
        done = slow.send(server, recipients_=readers)
        assert (done.sent, done.error) == (3, None)
        assert server.readers == ["xi@example.net", "zhou@example.net", "Mo+news@example.net"]


def test_a_list_that_is_half_written_while_it_goes_out(slow: Slow, tmp_path: Path) -> None:
    """It stops, and what was sent until then is not sent again."""
    readers = tmp_path / "readers.txt"
    write_settled(readers, "lin@example.net\nxi@example.net\n")
    slow.meanwhile = lambda: write_settled(readers, "lin@example.net\nx\n")
    with MailServer() as server:
        server.script(Fault("RCPT", "450 4.2.1 busy", reader="lin@example.net"))
        error = slow.send(server, recipients_=readers).error
        assert error
        assert error.message.startswith("readers.txt:2: invalid email address")
        assert server.readers == ["xi@example.net"]
        slow.meanwhile = None
        write_settled(readers, "lin@example.net\nxi@example.net\n")
        assert slow.send(server, recipients_=readers).sent == 1
        assert server.readers == ["xi@example.net", "lin@example.net"]


def test_a_login_that_a_server_repeats_is_kept_nowhere(tmp_path: Path) -> None:
    plain = b64encode(f"\0lin\0{SECRET}".encode()).decode()
    shapes = (plain, plain[3:], quote(plain, safe=""), b64encode(SECRET.encode()).decode(), SECRET.encode().hex())
    with MailServer(user="lin", password=SECRET) as server:
        server.script(Fault("RCPT", f"550 5.1.1 no: AUTH PLAIN {' '.join(shapes)}", at=0))
        letter = Letter(tmp_path / "letter", server.url, 'user = "lin"\npassword = "env:SLOW_PASSWORD"')
        letter.publish(code=3)
        letter.publish("status", code=3)
        kept = [path.read_bytes() for path in (letter.root / ".publisher").rglob("*") if path.is_file()]
    assert "no: AUTH PLAIN [secret] " in letter.said
    assert any(b"no: AUTH PLAIN [secret] " in body for body in kept)
    for text in (*shapes, SECRET):
        assert text not in letter.said
        assert not any(text.encode() in body for body in kept)
