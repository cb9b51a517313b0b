"""`publish doctor`, and the words all commands use."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher import config, linkcheck, registry
from publisher.cards import social
from publisher.channel import Finding, FindingLevel
from publisher.linkcheck import LinkResult, LinkState
from publisher.reports.doctor import diagnose
from publisher.run import RunContext
from publisher.theme import Theme
from tests.support.fake_channel import Chat
from tests.support.newsletter import CHAT_SETTINGS, NOON, CommandProject

# ---------------------------------------------------------------------- doctor


HOME = "https://e.org/"
CHECK_LINKS = linkcheck.check_links


@pytest.fixture(autouse=True)
def home_page(monkeypatch: pytest.MonkeyPatch) -> dict[str, LinkResult]:
    """What pages answer, by URL."""
    answers = {HOME: LinkResult(LinkState.OK, "200")}
    monkeypatch.setattr(linkcheck, "check_links", lambda urls, *_: {url: answers[url] for url in urls})
    return answers


@pytest.fixture(autouse=True)
def fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with fonts for everything."""
    monkeypatch.setattr(social, "can_draw", lambda _: True)


def add_license(letter: CommandProject) -> None:
    place = letter.root / "publisher.toml"
    place.write_text(place.read_text().replace("[newsletter]", '[newsletter]\nlicense = "CC-BY-SA-4.0"', 1))


def test_a_healthy_newsletter_is_one_line(letter: CommandProject) -> None:
    add_license(letter)
    letter.run("--yes")
    said = letter.run("doctor")
    assert said.out == "✓ settings, site, web, chat, folders, ledger, daemon, clock, programs: fine\n"
    assert said.err == "nothing to fix · -v shows everything that was checked\n"


def test_a_folder_that_may_not_be_looked_into(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    letter.run("--yes")
    exists = Path.exists

    def deny(path: Path) -> bool:
        if path.parent.name == ".publisher":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", deny)
    said = letter.run("doctor").out
    assert f"✗ ledger    cannot use {letter.root}/.publisher/ledger.db: Permission denied · check its owner" in said
    assert "PermissionError" not in said
    assert letter.run("status").code == 6


def test_words_of_cards_without_a_font(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(social, "can_draw", lambda card: card.plain)
    [line] = [line for line in letter.lines("doctor") if "social cards" in line]
    assert line.startswith("! web")
    assert "3 of 3 social cards have no words" in line, "two issues, and the newsletter itself"


def test_verbose_shows_everything(letter: CommandProject) -> None:
    add_license(letter)
    letter.run("--yes")
    lines = letter.lines("doctor", "-v")
    assert {line[0] for line in lines} == {"✓"}
    subjects = list(dict.fromkeys(line.split()[1] for line in lines))
    assert subjects == ["settings", "site", "web", "chat", "folders", "ledger", "daemon", "clock", "programs"]
    assert "✓ settings  the license is CC-BY-SA-4.0" in lines
    assert "✓ site      https://e.org/ answers" in lines
    assert "✓ web       writes files to public/" in lines
    assert "✓ chat      may write to @readers" in lines
    assert "✓ folders   public/ is writable" in lines
    assert "✓ ledger    its pages are intact" in lines
    assert any(re.match(r"✓ clock     2021-07-18 12:00:\d\d \+0800 in Asia/Shanghai", line) for line in lines)
    assert any("mistune 3" in line and "feedgen 1" in line for line in lines)
    assert len(letter.world.calls) == 3
    assert letter.run("doctor", "--verbose").err == "nothing to fix\n"


@pytest.mark.parametrize("name", ["public", "outbox", ".publisher"])
def test_a_file_in_the_place_of_a_folder(letter: CommandProject, name: str) -> None:
    (letter.root / name).write_text("mine", "utf-8")
    finding = f"✗ folders  {letter.root / name} is not a folder · move it away"
    assert finding in [line.replace("folders   ", "folders  ") for line in letter.lines("doctor", code=2)]


def test_what_is_ill_and_what_mends_it(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    add_license(letter)
    assert "✓ ledger    none yet, created by the first publish" in letter.lines("doctor", "-v")
    letter.orders("2 vanish")
    letter.run("--yes")
    letter.orders("deaf")
    letter.place.chmod(0o644)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "public")
    assert letter.lines("doctor", code=2) == [
        "✗ chat     the chat does not answer · look at the network",
        f"✗ folders  public/ is not writable · grant write access: chmod u+wx {letter.root}/public",
        "! ledger   its mode is 644 · run chmod 600 on the file",
        "! ledger   unknown: deliveries of 2021-07-18 · publish status",
        "✓ settings, site, web, daemon, clock, programs: fine",
    ]
    said = letter.run("doctor", "--json")
    found = json.loads(said.out)
    assert found["exit"] == 2
    assert {
        "subject": "chat",
        "level": "bad",
        "message": "the chat does not answer",
        "hint": "look at the network",
    } in found["findings"]
    assert {finding["level"] for finding in found["findings"]} == {"good", "doubtful", "bad"}
    assert said.err == "2 errors, 2 warnings · -v shows everything that was checked\n"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (LinkResult(LinkState.GONE, "e.org answers 404: not found"), "the home page https://e.org/ is missing: e.org"),
        (LinkResult(LinkState.UNKNOWN, "e.org answers 503"), "cannot tell whether https://e.org/ works: e.org answers"),
    ],
)
def test_the_address_is_asked(
    letter: CommandProject, home_page: dict[str, LinkResult], answer: LinkResult, line: str
) -> None:
    home_page[HOME] = answer
    (about,) = [said for said in letter.lines("doctor") if "site  " in said]
    assert about.startswith("! site")
    assert line in about
    assert "upload public/ to your web server, or correct `url`" in about


def test_an_address_that_is_an_example_is_not_asked(letter: CommandProject, home_page: dict[str, LinkResult]) -> None:
    home_page.clear()  # so that a request would be an error
    place = letter.root / "publisher.toml"
    place.write_text(place.read_text().replace("https://e.org/", "https://example.org/"))
    lines = letter.lines("doctor")
    assert lines[0].startswith("! settings  publisher.toml:3:1: url is on example.org")
    assert "site" in lines[-1]


def test_a_site_on_this_machine_is_asked(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkcheck, "check_links", CHECK_LINKS)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=_answer_once, args=(server,))
        thread.start()
        place = letter.root / "publisher.toml"
        place.write_text(
            CHAT_SETTINGS.partition("[channels.chat]")[0].replace("https://e.org", f"http://127.0.0.1:{port}")
        )
        assert f"✓ site      http://127.0.0.1:{port}/ answers" in letter.lines("doctor", "-v")
        thread.join()


def _answer_once(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


MAIL = """
[channels.email]
server = "smtp://127.0.0.1:1"
recipients = ["lin@e.org"]
from = "a@e.org"
"""


def test_email_needs_a_page_to_unsubscribe(letter: CommandProject) -> None:
    place = letter.root / "publisher.toml"
    line = (
        "! settings  email has no page to unsubscribe: recipients can only reply"
        ' · add unsubscribe = "https://YOUR-HOST/…" to [channels.email]'
    )
    place.write_text(CHAT_SETTINGS + MAIL)
    assert line in letter.lines("doctor", code=2)
    place.write_text(CHAT_SETTINGS + MAIL + 'unsubscribe = "https://e.org/leave"\n')
    assert "unsubscribe" not in letter.run("doctor").out
    place.write_text(CHAT_SETTINGS + MAIL + "send = false\n")
    assert "unsubscribe" not in letter.run("doctor").out


def test_a_license_is_a_tip_and_no_warning(letter: CommandProject) -> None:
    line = letter.lines("doctor")[0]
    assert line.startswith("✓ settings  no license is set: all rights are reserved · ")
    assert line.endswith('license = "CC-BY-SA-4.0"')


def test_a_template_that_replaces_none(letter: CommandProject) -> None:
    folder = letter.root / "templates"
    folder.mkdir()
    (folder / "isue.html").write_text("")
    (folder / "our-footer.html").write_text("")  # for a template of the user's own to include
    assert [line for line in letter.lines("doctor") if "templates/" in line] == [
        "! folders   templates/isue.html does not replace any built-in template · did you mean issue.html?"
    ]


def test_warnings_are_no_failure(letter: CommandProject) -> None:
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace('me = "@me"', ""))
    assert '! chat      no proofs can be sent · add me = "…"' in letter.lines("doctor")


def test_the_same_finding_is_one_line(letter: CommandProject) -> None:
    settings = CHAT_SETTINGS.replace('room = "@readers"', "")
    (letter.root / "publisher.toml").write_text(f"{settings}\n[channels.telegram]\n[channels.wechat]\n")
    (line,) = [line for line in letter.lines("doctor") if "only writes files" in line]
    assert line == "✓ chat, telegram, wechat  not set up to send, only writes files"


def test_a_clock_that_was_set_back(letter: CommandProject) -> None:
    letter.run("--yes")
    said = letter.run("doctor", now=NOON - dt.timedelta(days=1))
    assert said.code == 2
    assert re.search(r"✗ ledger    the last publication, at 2021-07-18 12:00:\d\d \+0800, lies in the future", said.out)
    assert "if the clock is behind, correct it" in said.out
    assert "future" not in letter.run("doctor").out


def test_one_who_does_not_answer_is_not_waited_for(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(self: Chat) -> Iterator[Finding]:
        released.wait(60)
        yield Finding(FindingLevel.OK, "too late")

    monkeypatch.setattr(Chat, "diagnose", hang)
    found = config.load_config(letter.root / "publisher.toml", registry.load_channel)
    run = RunContext.open(found, Theme.load(), NOON)
    examined = {one.subject: one.findings for one in diagnose(run, timeout=0.2)}
    released.set()
    assert [finding.message for finding in examined["chat"]] == ["no answer within 0.2 seconds"]


# ----------------------------------------------------------------- their words


@pytest.mark.parametrize("name", ["status", "retry", "resolve", "correct", "diff", "doctor"])
def test_help_fits_the_screen(letter: CommandProject, name: str) -> None:
    shown = letter.lines(name, "--help")
    assert shown[0].startswith((f"publish {name} ", f"publish {name}: "))
    assert "--json" in "".join(shown)
    assert max(map(len, shown)) <= 100


def test_nothing_is_wider_than_the_screen(letter: CommandProject) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    assert max(map(len, letter.lines("status", code=3))) <= 80
