"""A notice to the recipients of an issue: in reply to its email, once, and to no one else."""

from __future__ import annotations

import email
import email.policy
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from publisher.channel import Context, Part
from publisher.channels.email import Email
from publisher.channels.email.dkim import DkimSigner
from publisher.channels.email.headers import Mailbox
from publisher.channels.email.personalize import MailPersonalizer
from publisher.reader import parse_issue
from publisher.theme import Theme
from tests.channels.email.conftest import PUBLICATION, SAMPLE, entry_of, render
from tests.channels.email.test_personalize import LIVE, PAGE, save
from tests.channels.email.test_publish import READERS, Letter
from tests.channels.email.wire import faults
from tests.support.servers.mail_server import Fault, Mail, MailServer

WORDS = "摘要里的数字错了：是三，不是五。"
NOTICE = ("correct", "2021-07-18", "--channel", "email", "--yes", "--notice")
LIN = Mailbox("", "lin@example.net")


def parsed(wire: bytes) -> EmailMessage:
    found = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


# ------------------------------------------------------------------- the mail


def notice(text: str, **settings: object) -> Part:
    """A notice about the sample issue, a day after it, by a channel with these settings."""
    channel = Email(**LIVE | settings)  # type: ignore[arg-type]
    issue = parse_issue(SAMPLE, "2024-03-07.md")
    entry = entry_of(issue, PUBLICATION)
    when = entry.published.replace(day=8, hour=18)
    first = render(issue, channel).parts
    [part] = channel.render_notice(text, first, Context(PUBLICATION, Theme.load(None), entry), when).parts
    return part


def text_of(part: Part) -> str:
    """The text as it is sent, without what every mail ends with."""
    return b64decode(part.body.partition(b"\r\n\r\n")[2]).decode().partition("\r\n-- \r\n")[0]


def test_what_a_notice_looks_like() -> None:
    part = notice(WORDS)
    assert part.key.startswith("outbox/2024-03-07/email/notice-")
    assert text_of(part) == f"{WORDS}\r\n\r\n在线阅读：https://ferry.example.org/weekly/2024-03-07/\r\n"
    mail = parsed(part.body)
    first = parsed(render(parse_issue(SAMPLE, "2024-03-07.md"), Email(**LIVE)).parts[0].body)  # type: ignore[arg-type]
    assert mail["Subject"] == f"Re: {first['Subject']}"
    assert mail["Date"] == "Fri, 08 Mar 2024 18:45:00 +0800"
    assert mail["In-Reply-To"] == mail["References"] == first["Message-ID"]
    assert mail["Feedback-ID"].split(":")[2] == "notice"
    same = ("From", "Reply-To", "To", "List-Id", "List-Unsubscribe", "List-Help", "List-Post", "Precedence")
    assert [mail[name] for name in same] == [first[name] for name in same]
    assert mail["Archived-At"] is None, "the page is the issue's, not the notice's"
    assert mail.get_content().partition("-- \n")[2] == first.get_content().partition("-- \n")[2]


@pytest.mark.parametrize("wrap", ["flowed", "hard", "none"])
def test_lines_are_broken_as_those_of_an_issue(wrap: str) -> None:
    long = "浮标是七月十五日联网的，不是五月十五日；" * 3
    part = notice(f"{long}\n> 引文\nFrom the editor:\n\n\n  -- \n第二段。\n\n", wrap=wrap)
    assert faults(part.body, 72 if wrap != "none" else 200) == []
    lines = text_of(part).split("\r\n")
    stuffed = " " if wrap == "flowed" else ""
    last = lines.index(f"{stuffed}> 引文")
    assert lines[last:] == [
        *(f"{stuffed}> 引文", f"{stuffed}From the editor:", "", "--", "第二段。", ""),
        *("在线阅读：https://ferry.example.org/weekly/2024-03-07/", ""),
    ]
    assert last == (1 if wrap == "none" else 2)
    assert "".join(line.rstrip() for line in lines[:last]) == long


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: evil@example.org\r\n\r\nb",
        "=?UTF-8?Q?=0A?=Bcc: evil@example.org",
        "a\x00\x85Bcc: evil@example.org\u2028\u202eb\udcff",
    ],
)
def test_no_text_gets_into_the_head(text: str) -> None:
    plain, hostile = notice("a"), notice(text)
    assert faults(hostile.body) == []
    assert parsed(hostile.body).keys() == parsed(plain.body).keys()
    own = ("Message-ID",)
    assert [value for name, value in parsed(hostile.body).items() if name not in own] == [
        value for name, value in parsed(plain.body).items() if name not in own
    ]


def test_personalize_are_below_those_of_the_issue() -> None:
    settings = {"unsubscribe": PAGE, "unsubscribe_key": "env:KEY"}
    issue = render(parse_issue(SAMPLE, "2024-03-07.md"), Email(**LIVE | settings)).parts[0]  # type: ignore[arg-type]
    known = set()
    for address in ("lin@example.net", "Xi+list@example.net", "周@example.net"):
        box = Mailbox("", address)
        first = MailPersonalizer(issue.body, PAGE, "secret").personalize(box)
        copies = [
            MailPersonalizer(notice(text, **settings).body, PAGE, "secret").personalize(box)
            for text in ("a", "b")
        ]
        of_first = parsed(first.headers)
        for copy in copies:
            own = parsed(copy.headers + copy.body)
            assert own["In-Reply-To"] == own["References"] == of_first["Message-ID"]
            assert own["List-Unsubscribe"] == of_first["List-Unsubscribe"]
        known |= {parsed(one.headers)["Message-ID"] for one in (first, *copies)}
    assert len(known) == 9


def test_its_place_in_the_thread_is_signed(tmp_path: Path) -> None:
    signer = DkimSigner("s._domainkey.example.org", save(tmp_path, rsa.generate_private_key(65537, 2048)))
    copy = MailPersonalizer(notice(WORDS).body).personalize(LIN)
    signed = parsed(signer.sign(copy) + copy.headers + copy.body)["DKIM-Signature"]
    names = signed.partition("h=")[2].partition(";")[0].replace(" ", "").split(":")
    assert {"in-reply-to", "references", "message-id", "list-unsubscribe"} <= set(names)


def test_the_same_words_make_the_same_message_id() -> None:
    made = [parsed(notice(text).body)["Message-ID"] for text in ("a b", "a\n b ", "a c")]
    assert made[0] == made[1] != made[2]


def test_a_mail_of_another_house_cannot_be_answered() -> None:
    channel = Email(**LIVE)  # type: ignore[arg-type]
    entry = entry_of(parse_issue(SAMPLE, "2024-03-07.md"), PUBLICATION)
    context = Context(PUBLICATION, Theme.load(None), entry)
    strange = (Part("message.eml", "message/rfc822", b"Subject: x\r\n\r\nMessage-ID: <a.b@c>\r\n"),)
    with pytest.raises(ValueError, match="not a mail of this house"):
        channel.render_notice("a", strange, context, entry.published)
    with pytest.raises(ValueError, match="entry"):
        channel.render_notice("a", strange, replace(context, entry=None), entry.published)


# ---------------------------------------------------------------- on its way


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
def test_an_unknown_outcome_follows_the_policy(
    letter: Letter, server: MailServer, policy: str, mails: int
) -> None:
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
    (letter.root / "readers.txt").write_text("\n".join(sorted(READERS - {left} | {late})))
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
    reached = {mail.reader for mail in take(server)}
    left = max(READERS - reached)
    (letter.root / "readers.txt").write_text("\n".join(sorted(READERS - {left})))
    letter.publish(*NOTICE, WORDS, code=4)
    assert left not in {mail.reader for mail in take(server)}
    (letter.root / "readers.txt").write_text("somebody@example.net\n")
    letter.publish(*NOTICE, "还有一处。", code=2)
    assert "nobody who has the issue is on the list any more" in letter.said
    assert take(server) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--channel", "web", "--notice", WORDS), "no notice can be written on web · --channel email"),
        (("--channel", "web,email", "--notice", WORDS), "no notice can be written on web · --channel email"),
        (("--notice", WORDS), "no notice can be written on web, rss, telegram · --channel email"),
        (("--channel", "email", "--notice", " \n\u200b\u3000"), "the notice says nothing"),
        (("--channel", "email", "--notice", ""), "the notice says nothing"),
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
    assert "nobody has the issue 2021-07-18 yet · publish 2021-07-18 --channel email" in letter.said
    letter.publish("adopt")
    letter.publish(*NOTICE, WORDS, code=2)
    assert "the issue was published before the ledger began, so its recipients are unknown" in letter.said
    settings = letter.root / "publisher.toml"
    settings.write_text(settings.read_text().partition("from = ")[0])
    letter.publish(*NOTICE, WORDS, code=2)
    assert "email is not set up to send, it only writes files" in letter.said
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
    test_send, *mails = take(server)
    assert test_send.reader == "editor@example.org"
    assert {mail.reader for mail in mails} == set(first)
    assert parsed(test_send.body).get_content() == parsed(mails[0].body).get_content()


def test_a_notice_in_status_retry_resolve_and_diff(letter: Letter, server: MailServer) -> None:
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
