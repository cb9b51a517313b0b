"""A notice to the recipients of an issue: in reply to its email, once, and to no one else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channels.email.notices import WORDS, parsed
from tests.channels.email.test_publish import READERS, Letter
from tests.channels.email.wire import faults
from tests.support.servers.mail_server import Fault, Mail, MailServer

NOTICE = ("correct", "2021-07-18", "--channel", "email", "--yes", "--notice")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def letter(server: MailServer, tmp_path: Path) -> Letter:
    """A newsletter whose issue is not out yet."""
    return Letter(tmp_path / "letter", server.url, 'connections = 1\nme = "editor@example.org"')


def head(mail: Mail, name: str) -> str:
    return str(parsed(mail.body)[name])


def take(server: MailServer) -> list[Mail]:
    """The mails that came since the last time."""
    taken = list(server.mails)
    server.mails.clear()
    return taken


def test_every_reader_gets_it_below_their_own_mail(letter: Letter, server: MailServer) -> None:
    """Even when title and sender are others by now: what counts is what they have."""
    letter.publish()
    first = {mail.reader: mail for mail in take(server)}
    issue = letter.root / "issues" / "2021-07-18.md"
    issue.write_text(issue.read_text("utf-8").replace("：题", "：另一个题"), "utf-8")
    settings = letter.root / "publisher.toml"
    settings.write_text(settings.read_text().replace("editor@example.org", "editor@other.example"))
    letter.publish(*NOTICE, WORDS)
    mails = take(server)
    assert Counter(mail.reader for mail in mails) == Counter(READERS)
    for mail in mails:
        assert faults(mail.body) == []
        assert head(mail, "In-Reply-To") == head(mail, "References") == head(first[mail.reader], "Message-ID")
        assert head(mail, "Subject") == "Re: 慢工 (2021-07-18)：题"
    assert len({head(mail, "Message-ID") for mail in (*mails, *first.values())}) == 40


def test_once_for_the_same_words(letter: Letter, server: MailServer) -> None:
    letter.publish()
    take(server)
    assert letter.publish(*NOTICE, WORDS)["channels"]["email"]["sent"] == 20
    assert letter.publish(*NOTICE, f" {WORDS}\n")["channels"]["email"]["sent"] == 0
    letter.publish("retry", "2021-07-18", *("--channel", "email", "--yes"))
    assert len(take(server)) == 20
    letter.publish(*NOTICE, "还有一处。")
    assert Counter(mail.reader for mail in take(server)) == Counter(READERS)


def test_without_a_notice_nobody_is_written_to(letter: Letter, server: MailServer) -> None:
    letter.publish()
    issue = letter.root / "issues" / "2021-07-18.md"
    issue.write_text(issue.read_text("utf-8").replace("一句", "两句"), "utf-8")
    letter.publish(*NOTICE[:-1])
    letter.publish()
    assert len(server.mails) == 20


AGAIN = [(*NOTICE, WORDS), ("retry", "2021-07-18", "--channel", "email", "--yes")]


@pytest.mark.parametrize("again", AGAIN)
def test_killed_again_and_again(letter: Letter, server: MailServer, again: tuple[str, ...]) -> None:
    """Each reader once but for the one whose mail was under way; the words need not be said again."""
    letter.publish()
    take(server)
    letter.publish(*NOTICE, WORDS, code=-9, env={"PUBLISHER_FAILPOINT": "acted:kill:7"})
    letter.publish(*again, code=-9, env={"PUBLISHER_FAILPOINT": "confirming:kill:6"})
    letter.publish("status", code=4)
    assert len(take(server)) == 7 + 5
    letter.publish(*again, code=4)
    assert len(take(server)) == 20 - 12
    letter.publish(*again, code=4)
    assert take(server) == []


@pytest.mark.parametrize("again", AGAIN)
def test_killed_at_the_last_one(letter: Letter, server: MailServer, again: tuple[str, ...]) -> None:
    """Its outcome is unknown, although nothing is left to send."""
    letter.publish()
    letter.publish(*NOTICE, WORDS, code=-9, env={"PUBLISHER_FAILPOINT": "acted:kill:20"})
    letter.publish(*again, code=4)
    assert "unknown whether 1 of 20 were sent" in letter.said
    assert len(server.mails) == 40


def test_killed_before_it_is_planned(letter: Letter, server: MailServer) -> None:
    letter.publish()
    take(server)
    letter.publish(*NOTICE, WORDS, code=-9, env={"PUBLISHER_FAILPOINT": "planning:kill:1"})
    letter.publish("retry", "2021-07-18", "--channel", "email", "--yes")
    letter.publish("status")
    assert take(server) == []
    letter.publish(*NOTICE, WORDS)
    assert Counter(mail.reader for mail in take(server)) == Counter(READERS)


@pytest.mark.parametrize(("policy", "mails"), [("resend", 2), ("skip", 1), ("ask", 1)])
def test_an_unknown_outcome_follows_the_policy(letter: Letter, server: MailServer, policy: str, mails: int) -> None:
    settings = letter.root / "publisher.toml"
    settings.write_text(f'{settings.read_text()}uncertain = "{policy}"\n')
    letter.publish()
    take(server)
    server.script(Fault(".", acts=True, reader="reader5@example.net"))
    code = 4 if policy == "ask" else 0
    letter.publish(*NOTICE, WORDS, code=code)
    letter.publish(*NOTICE, WORDS, code=code)
    copies = [mail.body for mail in take(server) if mail.reader == "reader5@example.net"]
    assert (len(copies), len(set(copies))) == (mails, 1)


def test_only_those_who_have_the_issue_and_are_still_there(letter: Letter, server: MailServer) -> None:
    server.script(Fault("RCPT", "550 5.1.1 no such user", at=0, reader="reader7@example.net"))
    letter.publish(code=3)
    take(server)
    server.script()
    left, late = "reader9@example.net", "late@example.net"
    letter.write_readers(READERS - {left} | {late})
    letter.publish(*NOTICE, WORDS)
    assert Counter(mail.reader for mail in take(server)) == Counter(READERS - {left, "reader7@example.net"})
    assert "1 of 20 did not get the issue and get no notice" in letter.said
    # both have it later, and may get the notice then, in the same words
    letter.publish("retry", "2021-07-18", "--channel", "email", "--yes")
    letter.publish(*NOTICE, WORDS)
    letter.publish(*NOTICE, WORDS)
    both = {"reader7@example.net": 2, late: 2}
    assert Counter(mail.reader for mail in take(server)) == both, "the issue, and then the notice"


def test_who_leaves_while_it_is_under_way(letter: Letter, server: MailServer) -> None:
    letter.publish()
    take(server)
    letter.publish(*NOTICE, WORDS, code=-9, env={"PUBLISHER_FAILPOINT": "begun:kill:4"})
    notified = {mail.reader for mail in take(server)}
    left = max(READERS - notified)
    letter.write_readers(READERS - {left})
    letter.publish(*NOTICE, WORDS, code=4)
    assert left not in {mail.reader for mail in take(server)}
    letter.write_readers(["somebody@example.net"])
    letter.publish(*NOTICE, "还有一处。", code=2)
    assert "no recipient of the issue is on the list any more" in letter.said
    assert take(server) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--channel", "web", "--notice", WORDS), "notices cannot be sent on web · --channel email"),
        (("--channel", "web,email", "--notice", WORDS), "notices cannot be sent on web · --channel email"),
        (("--notice", WORDS), "notices cannot be sent on web, rss, telegram · --channel email"),
        (("--channel", "email", "--notice", " \n\u200b\u3000"), "the notice is empty"),
        (("--channel", "email", "--notice", ""), "the notice is empty"),
        (("--channel", "email", "--to-me"), "--to-me needs a notice to test"),
    ],
)
def test_refused(letter: Letter, server: MailServer, words: tuple[str, ...], said: str) -> None:
    settings = letter.root / "publisher.toml"
    settings.write_text(f"{settings.read_text()}\n[channels.web]\n[channels.telegram]\n")
    letter.publish()
    take(server)
    letter.publish("correct", "2021-07-18", "--yes", *words, code=2)
    assert said in letter.said
    assert "Traceback" not in letter.said
    assert take(server) == []


def test_refused_where_nobody_has_the_issue(letter: Letter, server: MailServer) -> None:
    letter.publish(*NOTICE, WORDS, code=2)
    assert "the issue 2021-07-18 was not sent yet · publish 2021-07-18 --channel email" in letter.said
    letter.publish("adopt")
    letter.publish(*NOTICE, WORDS, code=2)
    assert "the issue was published before the ledger began, so its recipients are unknown" in letter.said
    settings = letter.root / "publisher.toml"
    settings.write_text(settings.read_text().partition("from = ")[0])
    letter.publish(*NOTICE, WORDS, code=2)
    assert "email: not set up to send, only writes files" in letter.said
    assert server.mails == []


def test_it_is_asked_shown_and_proved_before(letter: Letter, server: MailServer) -> None:
    letter.publish()
    first = {mail.reader: mail for mail in take(server)}
    ask = [word for word in (*NOTICE, WORDS) if word != "--yes"]
    done = letter.publish(*ask, "--dry-run")
    assert done["channels"]["email"]["sent"] == 20
    letter.publish(*ask, code=2)
    assert "20 messages that cannot be unsent" in letter.said
    assert server.mails == []
    assert letter.publish(*ask, "--to-me")["proof"]
    letter.publish("status", "2021-07-18")
    assert "notice " not in letter.said.partition('"rows"')[2], "a test send is not recorded"
    letter.publish(*NOTICE, WORDS)
    test_mail, *mails = take(server)
    assert test_mail.reader == "editor@example.org"
    assert {mail.reader for mail in mails} == set(first)
    assert parsed(test_mail.body).get_content() == parsed(mails[0].body).get_content()


def test_status_retry_and_resolve_report_a_notice(letter: Letter, server: MailServer) -> None:
    """Status, retry and resolve know a notice; diff compares issues, and is not confused by one."""
    letter.publish()
    take(server)
    server.script(
        Fault("RCPT", "550 5.1.1 gone", at=0, reader="reader3@example.net"),
        Fault(".", acts=True, reader="reader5@example.net"),
    )
    letter.publish(*NOTICE, WORDS, code=4)
    take(server)
    server.script()
    rows = letter.publish("status", code=4)["rows"]
    issue, row = [one for one in rows if one["channel"] == "email"]
    assert (issue["condition"], issue["notice"]) == ("published", False)
    assert (row["condition"], row["notice"]) == ("unknown", True)
    assert row["destination"].startswith("readers, notice ")
    assert row["next"] == "publish resolve 2021-07-18 --channel email"
    [case] = letter.publish("resolve", "2021-07-18", code=4)["unknown"]
    assert [one["recipient"] for one in case["deliveries"]] == ["reader5@example.net"]
    letter.publish("resolve", "2021-07-18", "--channel", "email", "--resend")
    assert "next: publish retry 2021-07-18 --channel email sends the rest" in letter.said
    row = letter.publish("status", code=3)["rows"][-1]
    assert (row["condition"], row["next"]) == ("failed", "publish retry 2021-07-18 --channel email")
    retry = ("retry", "2021-07-18", "--channel", "email")
    assert letter.publish(*retry, "--dry-run")["channels"]["email"]["sent"] == 2
    assert letter.publish(*retry, "--yes")["channels"]["email"]["sent"] == 2
    assert sorted(mail.reader for mail in take(server)) == ["reader3@example.net", "reader5@example.net"]
    row = letter.publish("status")["rows"][-1]
    assert (row["condition"], row["notice"], row["next"]) == ("published", True, "")
    assert letter.publish("diff", "2021-07-18", "--channel", "email")["differences"] == []


def test_a_notice_that_waits_is_not_lost(letter: Letter, server: MailServer) -> None:
    """Nor does a timer take it for an issue without a file."""
    letter.publish()
    take(server)
    server.script(Fault("RCPT", "450 4.2.1 busy", at=0, reader="reader8@example.net"))
    letter.publish(*NOTICE, WORDS, "--max-wait", "0", code=3)
    assert len(take(server)) == 19
    row = letter.publish("status")["rows"][-1]
    assert (row["condition"], row["next"]) == ("waiting", "publish retry 2021-07-18 --channel email")
    letter.said = ""
    letter.publish("tick")
    assert "gone" not in letter.said
    server.script()
    letter.publish("retry", "2021-07-18", "--channel", "email", "--yes")
    assert [mail.reader for mail in take(server)] == ["reader8@example.net"]


def test_an_answer_that_could_mean_two_is_asked_about(letter: Letter, server: MailServer) -> None:
    server.script(Fault(".", acts=True, reader="reader2@example.net"))
    letter.publish(code=4)
    letter.publish(*NOTICE, WORDS, code=0)
    server.script(Fault(".", acts=True, reader="reader5@example.net"))
    letter.publish(*NOTICE, "还有一处。", code=4)
    settle = ("resolve", "2021-07-18", "--channel", "email", "--sent")
    letter.publish(*settle, code=2)
    assert "the issue and notices about it have unknown outcomes: readers; readers, notice " in letter.said
    assert letter.publish(*settle, "--part", "message.eml")["settled"] == 1
    assert letter.publish(*settle)["settled"] == 1
    letter.publish("status")
