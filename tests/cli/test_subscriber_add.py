"""`publish subscribers add` and `erase`: over a mail server, and nothing of an address is left in any file."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.cli.main import main
from publisher.cli.output import Output
from publisher.run import RunContext
from publisher.signing import Purpose
from publisher.subscribers.models import Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.cli.conftest import NOW, Command, Said
from tests.support.servers.mail_server import Fault, MailServer

SETTINGS = """
[subscribers]
url = "https://ferry.net/list/"
key = "env:LIST_KEY"

[channels.email]
from = "Lin <lin@ferry.net>"
server = "SERVER"
"""


@pytest.fixture(autouse=True)
def server(letter: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """Takes the emails of the newsletter."""
    monkeypatch.setenv("LIST_KEY", "a secret of the tests, long enough")
    with MailServer() as running:
        with (letter / "publisher.toml").open("a") as file:
            file.write(SETTINGS.replace("SERVER", running.url))
        yield running


@pytest.fixture
def known(letter: Path) -> SubscriberList:
    """The list, as other rooms see it."""
    from publisher.cli.actions import load_project

    found = RunContext.open(*load_project(), NOW, lambda _: None).subscribers
    assert found
    return found


def said_by(run: Command, *words: str, code: int = 0, now: dt.datetime = NOW) -> Said:
    said = run("subscribers", *words, now=now)
    assert said.code == code, said
    return said


def links_of(server: MailServer) -> list[str]:
    text = email.message_from_bytes(server.mails[-1].body, policy=email.policy.default).get_content()
    return re.findall(r"https://ferry.net/list/(\w+)/(\w+)", text)


# ------------------------------------------------------------------------ add


def test_an_added_address_is_asked_and_not_subscribed(run: Command, server: MailServer, known: SubscriberList) -> None:
    said = said_by(run, "add", "Xi <Xi@ferry.net>")
    assert said.out == "✓ Xi@ferry.net was asked, and is on the list when they confirm it\n"
    (mail,) = server.mails
    assert mail.reader == "Xi@ferry.net"
    assert [purpose for purpose, _ in links_of(server)] == ["confirm", "refuse"]
    assert said_by(run, "list").out.split()[:2] == ["Xi@ferry.net", "asked"]
    subscriber = known.find_by_tag(known.keys.verify(links_of(server)[0][1], Purpose.CONFIRM))
    assert subscriber
    assert known.confirm(subscriber.key, Origin(NOW, "test"))
    said = said_by(run, "add", "xi@ferry.net")
    assert said.out == "Xi@ferry.net is on the list already: confirmed\n"
    assert len(server.mails) == 1


def test_an_address_is_asked_once_a_day_and_three_times_in_all(run: Command, server: MailServer) -> None:
    for day in range(6):
        for hour in range(2):
            run("subscribers", "add", "xi@ferry.net", now=NOW + dt.timedelta(days=day, hours=hour))
    assert len(server.mails) == 3
    said = said_by(run, "add", "xi@ferry.net", code=2, now=NOW + dt.timedelta(days=9))
    assert said.err.startswith("error: nothing was sent: the address was asked already, which may happen once a day")


def test_who_was_not_asked_may_be_asked_again(run: Command, server: MailServer) -> None:
    server.script(Fault("MAIL", "451 4.3.0 later"))
    said = said_by(run, "add", "xi@ferry.net", code=3)
    assert "451 4.3.0 later" in said.err
    said_by(run, "add", "xi@ferry.net")
    assert len(server.mails) == 1


def test_who_refused_any_mail_is_asked_only_if_they_want_it(
    run: Command, server: MailServer, known: SubscriberList
) -> None:
    known.refuse(known.keys.make_tag(known.newsletter, "xi@ferry.net"), Origin(NOW, "test"))
    said = said_by(run, "add", "xi@ferry.net", code=2)
    assert said.err == (
        "error: nothing was sent: xi@ferry.net refused all emails · if they have asked you for it since, use --yes\n"
    )
    assert server.mails == []
    said_by(run, "add", "xi@ferry.net", "--yes")
    assert len(server.mails) == 1


def test_who_left_is_asked_and_stays_out_until_they_confirm(run: Command, server: MailServer, letter: Path) -> None:
    (letter / "a.txt").write_text("xi@ferry.net\n")
    said_by(run, "import", "a.txt", "--consent", "the fair", "--yes")
    said_by(run, "remove", "xi@ferry.net")
    said_by(run, "add", "xi@ferry.net")
    assert len(server.mails) == 1
    assert said_by(run, "why", "xi@ferry.net").out.splitlines()[0] == (
        "xi@ferry.net  left · since 2021-07-18 12:00 · asked again 2021-07-18 12:00"
    )


def test_without_an_email_channel_that_sends_nothing_is_recorded(run: Command, letter: Path) -> None:
    settings = letter / "publisher.toml"
    text = settings.read_text("utf-8")
    for changed, message in (
        (text.partition("[channels.email]")[0], "no confirmation can be sent: there is no [channels.email]"),
        (re.sub("server = .*", "", text), "not set up to send, only writes files"),
        (f"{text}\nsend = false\n", "send = false"),
    ):
        settings.write_text(changed, "utf-8")
        assert message in said_by(run, "add", "xi@ferry.net", code=2).err
    assert said_by(run, "list").out == ""


# ---------------------------------------------------------------------- erase


def files_with(folder: Path, word: str) -> list[str]:
    """The files that contain a word in any case, also in UTF-16, and those named so."""
    forms = [word.lower().encode(), word.encode("utf-16-le")]
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (any(form in path.read_bytes().lower() for form in forms) or word in path.name)
    ]


def test_nothing_of_an_erased_address_is_left_in_any_file(run: Command, server: MailServer, letter: Path) -> None:
    people = "\n".join(f"reader{n}@ferry.net" for n in range(50))
    (letter / "a.txt").write_text(f"{people}\nSecret Person <Secret.Person+news@ferry.net>\n")
    said_by(run, "import", "a.txt", "--consent", "the fair", "--yes")
    (letter / "a.txt").unlink()
    server.script(
        Fault("RCPT", "550 5.1.1 no Secret.Person+news@ferry.net here", reader="Secret.Person+news@ferry.net")
    )
    published = run("--channel", "email", "--yes")
    assert published.code == 0, "what one of them refused is nothing to be done about"
    assert len(server.mails) == 50
    run("--channel", "email", "--dry-run")
    assert files_with(letter, "secret.person"), "it is there before"
    said = said_by(run, "erase", "secret.person@ferry.net", "--yes")
    assert said.out == "✓ everything about the address was erased; it stays out, by a keyed hash\n"
    copies = "the logs of the daemon and of mail servers; copies of ledger.backup elsewhere"
    assert said.err == f"  not reached, and may have it: {copies}\n"
    assert files_with(letter, "secret.person") == []
    assert files_with(letter, "secret person") == []
    assert len(said_by(run, "list").out.splitlines()) == 50
    why = said_by(run, "why", "secret.person@ferry.net", code=1)
    assert why.out == "secret.person@ferry.net is not on the list, and suppressed: erased\n"
    (letter / "a.txt").write_text("Secret.Person@ferry.net\n")
    assert said_by(run, "import", "a.txt").out == "plain text: 1 suppressed\n"


def test_an_address_that_is_not_known_is_kept_out_too(run: Command, letter: Path) -> None:
    said = said_by(run, "erase", "secret@ferry.net", "--yes")
    assert said.out == "✓ nothing was known of the address; it stays out, by a keyed hash\n"
    assert files_with(letter, "secret@") == []


def test_erasing_is_confirmed(
    run: Command, letter: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (letter / "a.txt").write_text("xi@ferry.net\n")
    said_by(run, "import", "a.txt", "--consent", "the fair", "--yes")
    said = said_by(run, "erase", "xi@ferry.net", code=2)
    assert said.err == "error: nothing was erased: confirmation required (no terminal) · use --yes\n"
    monkeypatch.setattr(Output, "is_interactive", True)
    for answer, listed in ((False, 1), (True, 0)):
        monkeypatch.setattr(Output, "ask", [lambda *_: False, lambda *_: True][answer])
        assert main(["subscribers", "erase", "xi@ferry.net"], NOW) == 0
        capsys.readouterr()
        assert len(said_by(run, "list").out.splitlines()) == listed


# ----------------------------------------------------------------- after an issue


def test_who_was_refused_is_named_once_and_nothing_is_to_be_done(
    run: Command, server: MailServer, letter: Path
) -> None:
    (letter / "a.txt").write_text("bo@ferry.net\nlin@ferry.net\n")
    said_by(run, "import", "a.txt", "--consent", "the fair", "--yes")
    server.script(Fault("RCPT", "550 5.1.1 no such user", reader="bo@ferry.net"))
    published = run("--channel", "email", "--yes")
    assert (published.code, "1 sent, 1 refused by their servers" in published.out) == (0, True)
    issue = run("status", "latest").out.splitlines()
    [line] = [line.strip() for line in issue if "bo@ferry.net" in line]
    assert line == "bo@ferry.net dropped: was refused: 550 5.1.1 no such user"
    assert not [line for line in issue if line.lstrip().startswith("→") and "email" in line]
