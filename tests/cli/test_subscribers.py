"""`publish subscribers`: a file in, the list shown and written out, one address changed, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from publisher.cli.output import Output
from publisher.run import RunContext
from publisher.subscribers.models import Origin, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList
from tests.cli.conftest import NOW, Command, Said

KEY = "a secret of the tests, long enough"
CONSENT = "signed up at the harbour fair, May 2021"
FAIR = "# the fair\nlin@ferry.net\nXi <xi@ferry.net>\nnot an address\nLIN@ferry.net\nmei+news@ferry.net\n"


@pytest.fixture(autouse=True)
def settings(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIST_KEY", KEY)
    with (letter / "publisher.toml").open("a") as file:
        file.write('\n[subscribers]\nurl = "https://ferry.net/list"\nkey = "env:LIST_KEY"\n')


@pytest.fixture
def fair(letter: Path) -> str:
    (letter / "fair.txt").write_text(FAIR, "utf-8")
    return "fair.txt"


def said_by(run: Command, *words: str, code: int = 0, now: dt.datetime = NOW) -> Said:
    said = run("subscribers", *words, now=now)
    assert said.code == code, said
    return said


def load(run: Command, *words: str, code: int = 0) -> dict[str, object]:
    found: dict[str, object] = json.loads(said_by(run, *words, "--json", code=code).out)
    return found


# ---------------------------------------------------------------------- import


def test_import_first_says_what_it_would_do(run: Command, fair: str) -> None:
    said = said_by(run, "import", fair)
    assert said.out == "plain text: 3 new · 1 repeated in the file · 1 no address (line 4)\n"
    assert said.err.splitlines() == [
        "  fair.txt:4: invalid email address: it has no @",
        'next: publish subscribers import fair.txt --consent "WHAT THEY AGREED TO, WHERE AND WHEN" --yes',
    ]
    assert said_by(run, "list").err == "the list is empty\n"


def test_with_the_consent_it_says_what_to_type(run: Command, fair: str) -> None:
    last = said_by(run, "import", fair, "--consent", CONSENT).err.splitlines()[-1]
    assert last == f"next: publish subscribers import fair.txt --consent '{CONSENT}' --yes"
    assert said_by(run, "list").out == ""


def test_without_the_consent_nothing_is_imported(run: Command, fair: str) -> None:
    for consent in ((), ("--consent", " ")):
        said = said_by(run, "import", fair, "--yes", *consent, code=2)
        assert "error: nothing was imported: --consent is missing · say what the people" in said.err
    assert said_by(run, "list").out == ""


def test_imported_people_are_on_the_list_with_their_consent(run: Command, fair: str) -> None:
    said = said_by(run, "import", fair, "--consent", CONSENT, "--yes")
    assert said.out.splitlines()[-1] == "✓ 3 subscribers added"
    assert said_by(run, "list").out.splitlines() == [
        "lin@ferry.net       confirmed   2021-07-18 12:00",
        "mei+news@ferry.net  confirmed   2021-07-18 12:00",
        "xi@ferry.net        confirmed   2021-07-18 12:00  Xi",
    ]
    assert said_by(run, "list").err == "3 confirmed\n"
    assert said_by(run, "why", "XI@ferry.net").out.splitlines() == [
        "xi@ferry.net  confirmed · since 2021-07-18 12:00",
        f"  2021-07-18 12:00  imported    publish subscribers import · {CONSENT}",
    ]
    again = said_by(run, "import", fair, "--consent", "another", "--yes")
    assert again.out.splitlines() == [
        "plain text: 4 on the list already · 1 no address (line 4)",
        "✓ 0 subscribers added",
    ]
    assert CONSENT in said_by(run, "why", "xi@ferry.net").out


GHOST = """\
id,email,name,subscribed_to_emails,created_at,deleted_at
1,new@ferry.net,New,true,2020-01-02T03:04:05.000Z,
2,there@ferry.net,,false,2020-01-02T03:04:05.000Z,
3,left@ferry.net,,true,2020-01-02T03:04:05.000Z,
4,Complained+x@ferry.net,,true,2020-01-02T03:04:05.000Z,
5,ｇｏｎｅ＠ferry.net,,true,2020-01-02T03:04:05.000Z,
6,refused@ferry.net,,true,2020-01-02T03:04:05.000Z,
7,later@ferry.net,,true,2031-01-02T03:04:05.000Z,
8,,,true,,
"""


def test_an_import_brings_no_one_back(run: Command, letter: Path, known: SubscriberList) -> None:
    origin = Origin(NOW, "test")
    for local, end in (("left", known.leave), ("complained", known.mark_complained), ("gone", known.mark_gone)):
        (letter / "one.txt").write_text(f"{local}@ferry.net\n")
        said_by(run, "import", "one.txt", "--consent", CONSENT, "--yes")
        assert end(f"{local}@ferry.net", origin)
    assert known.refuse(known.keys.make_tag(known.newsletter, "refused@ferry.net"), origin)
    (letter / "ghost.csv").write_text(GHOST, "utf-8")
    for _ in range(2):
        said = said_by(run, "import", "ghost.csv", "--consent", CONSENT, "--yes")
    assert said.out.splitlines() == [
        "Ghost: 2 on the list already · 2 left before: stay out · 1 bounced before: stay out"
        " · 1 complained before: stay out · 1 suppressed · 1 no address (line 9)",
        "✓ 0 subscribers added",
    ]
    states = {line.split()[0].partition("@")[0]: line.split()[1] for line in said_by(run, "list").out.splitlines()}
    assert states == {
        "complained": "complained",
        "gone": "gone",
        "later": "confirmed",
        "left": "left",
        "new": "confirmed",
        "there": "left",
    }
    since = {one.key: one.since.replace(microsecond=0) for one in known.iterate()}
    assert since["new@ferry.net"] == dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert since["later@ferry.net"] == NOW, "not later than the import"


@pytest.fixture
def known(letter: Path) -> SubscriberList:
    """The list, as other rooms see it."""
    from publisher.cli.actions import load_project

    found = RunContext.open(*load_project(), NOW, lambda _: None).subscribers
    assert found
    return found


def test_an_address_that_is_twice_in_a_file_stays_out_if_one_line_says_so(run: Command, letter: Path) -> None:
    (letter / "a.csv").write_text(GHOST.replace("there@", "new@"))
    said = said_by(run, "import", "a.csv")
    assert said.out.startswith("Ghost: 5 new · 1 left there: stay out · 1 repeated in the file")


def test_what_only_was_asked_elsewhere_is_not_added(run: Command, letter: Path) -> None:
    (letter / "a.csv").write_text("email_address,type\nlin@ferry.net,unactivated\nxi@ferry.net,regular\n")
    assert said_by(run, "import", "a.csv").out == "Buttondown: 1 new · 1 never confirmed there: not added\n"
    said_by(run, "import", "a.csv", "--consent", CONSENT, "--yes")
    assert said_by(run, "list").err == "1 confirmed\n"


def test_the_warning_of_a_format_is_shown(run: Command, letter: Path) -> None:
    (letter / "a.csv").write_text("uuid,email,status\nu,lin@ferry.net,enabled\n")
    assert "warning: listmonk's export does not say who left a list" in said_by(run, "import", "a.csv").err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read a.csv: No such file or directory"),
        ("", "a.csv is empty"),
        ("email,status\n", "a.csv:1: the column `status` is not of a known program"),
    ],
)
def test_a_file_that_is_no_list(run: Command, letter: Path, text: str | None, message: str) -> None:
    if text is not None:
        (letter / "a.csv").write_text(text)
    said = said_by(run, "import", "a.csv", "--consent", CONSENT, "--yes", code=2)
    assert said.err.startswith(f"error: {message}")
    assert len(said.err.splitlines()) == 1


def test_import_as_json(run: Command, fair: str) -> None:
    found = load(run, "import", fair)
    assert found == {
        "imported": False,
        "format": "plain text",
        "counts": {"new": 3, "repeated in the file": 1},
        "rejected": [{"line": 4, "reason": "invalid email address: it has no @"}],
        "exit": 0,
    }
    assert load(run, "import", fair, "--consent", CONSENT, "--yes")["imported"] is True


@pytest.mark.parametrize(("answer", "added"), [(True, 3), (False, 0)])
def test_on_a_terminal_it_asks(
    run: Command, fair: str, monkeypatch: pytest.MonkeyPatch, answer: bool, added: int
) -> None:
    questions: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(Output, "is_interactive", True)
        patch.setattr(Output, "ask", lambda _, question: questions.append(question) or answer)
        said_by(run, "import", fair, "--consent", CONSENT)
    assert questions == ["Add 3 subscribers?"]
    assert len(said_by(run, "list").out.splitlines()) == added


# ---------------------------------------------------------------------- export


def test_an_export_can_be_imported_elsewhere_and_is_the_same_then(
    run: Command, letter: Path, fair: str, known: SubscriberList
) -> None:
    said_by(run, "import", fair, "--consent", CONSENT, "--yes")
    origin = Origin(NOW + dt.timedelta(hours=1), "test")
    known.leave("lin@ferry.net", origin)
    known.pause("mei@ferry.net", NOW + dt.timedelta(days=30), origin)
    first = said_by(run, "export").out
    assert first.splitlines()[1:] == [
        "lin@ferry.net,,left,2021-07-18T05:00:00+00:00,",
        "mei+news@ferry.net,,paused,2021-07-18T05:00:00+00:00,2021-08-17T04:00:00+00:00",
        "xi@ferry.net,Xi,confirmed,2021-07-18T04:00:00+00:00,",
    ]
    (letter / "export.csv").write_text(first, "utf-8")
    settings = letter / "publisher.toml"
    settings.write_text(settings.read_text("utf-8").replace("2021:slow", "2021:other"), "utf-8")
    assert said_by(run, "export").out == "email,name,state,since,paused_until\n"
    later = NOW + dt.timedelta(days=2)
    said = said_by(run, "import", "export.csv", "--consent", CONSENT, "--yes", now=later)
    assert said.out.startswith("publisher: 1 new · 1 new and paused · 1 left there: stay out\n✓ 2 subscribers added")
    assert said_by(run, "export").out == first


# ---------------------------------------------------------------------- one address


def test_remove(run: Command, fair: str) -> None:
    said_by(run, "import", fair, "--consent", CONSENT, "--yes")
    said = said_by(run, "remove", "Xi <XI@ferry.net>")
    assert said.out == "xi@ferry.net has left the list, and gets nothing any more\n"
    assert said.err == "next: publish subscribers add xi@ferry.net asks whether they want it again\n"
    assert said_by(run, "remove", "xi@ferry.net").out == "xi@ferry.net is not subscribed: left\n"
    assert said_by(run, "list", "--state", "left").out.split()[:2] == ["xi@ferry.net", "left"]
    assert "left        publish subscribers remove" in said_by(run, "why", "xi@ferry.net").out


def test_why_as_json(run: Command, fair: str) -> None:
    said_by(run, "import", fair, "--consent", CONSENT, "--yes")
    found = load(run, "why", "xi@ferry.net")
    assert found == {
        "subscriber": {
            "address": "xi@ferry.net",
            "name": "Xi",
            "state": "confirmed",
            "since": "2021-07-18T12:00:00+08:00",
            "paused_until": None,
        },
        "suppressed": None,
        "consent": [
            {
                "event": "imported",
                "at": "2021-07-18T12:00:00+08:00",
                "via": "publish subscribers import",
                "text": CONSENT,
                "network": "",
            }
        ],
        "exit": 0,
    }


def test_why_says_that_a_subscriber_refused_any_mail(run: Command, fair: str, known: SubscriberList) -> None:
    said_by(run, "import", fair, "--consent", CONSENT, "--yes")
    known.refuse(known.keys.make_tag(known.newsletter, "xi@ferry.net"), Origin(NOW, "link"))
    assert said_by(run, "why", "xi@ferry.net").out.splitlines() == [
        "xi@ferry.net  left · since 2021-07-18 12:00",
        "  suppressed: refused",
        f"  2021-07-18 12:00  imported    publish subscribers import · {CONSENT}",
        "  2021-07-18 12:00  refused     link",
    ]


@pytest.mark.parametrize("action", ["why", "remove"])
def test_an_address_that_is_not_on_the_list(run: Command, known: SubscriberList, action: str) -> None:
    assert said_by(run, action, "lin@ferry.net", code=1).out == "lin@ferry.net is not on the list\n"
    known.refuse(known.keys.make_tag(known.newsletter, "lin@ferry.net"), Origin(NOW, "test"))
    said = said_by(run, action, "lin@ferry.net", code=1)
    assert said.out == "lin@ferry.net is not on the list, and suppressed: refused\n"


# ---------------------------------------------------------------------- what is typed wrong


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ((), "ACTION is missing", "publish subscribers ACTION [FILE|ADDRESS]"),
        (("imprt",), "unknown action imprt", "did you mean import?"),
        (("import",), "FILE is missing", "publish subscribers import FILE"),
        (("why",), "ADDRESS is missing", "publish subscribers why ADDRESS"),
        (("list", "lin@ferry.net"), "unexpected argument lin@ferry.net", "publish subscribers list"),
        (("export", "a.csv"), "unexpected argument a.csv", "publish subscribers export"),
        (("list", "--consent", "x"), "--consent is for publish subscribers import", "publish subscribers list"),
        (("why", "a@b.net", "--state", "left"), "--state is for publish subscribers list", "publish subscribers why"),
        (("list", "--state", "happy"), "unknown state happy", "known here: asked, confirmed"),
        (("why", "lin"), "invalid email address: it has no @", "write it as name@example.org"),
        (("why", "a\nb@c.net"), "invalid email address: it contains a line break", "write it as name@example.org"),
    ],
)
def test_mistakes(run: Command, words: tuple[str, ...], message: str, hint: str) -> None:
    error = load(run, *words, code=2)["error"]
    assert isinstance(error, dict)
    assert error["message"] == message
    assert str(error["hint"]).startswith(hint), error


def test_without_a_list_it_says_how_to_get_one(run: Command, letter: Path) -> None:
    settings = letter / "publisher.toml"
    settings.write_text(settings.read_text().partition("[subscribers]")[0])
    said = said_by(run, "list", code=2)
    assert said.err.startswith(
        "error: there is no list of subscribers: publisher.toml has no table [subscribers] · add"
    )


def test_every_state_can_be_chosen(run: Command) -> None:
    for state in SubscriberState:
        if state is not SubscriberState.ERASED:
            assert said_by(run, "list", "--state", state.value).out == ""
