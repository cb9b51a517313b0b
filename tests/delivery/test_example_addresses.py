"""Nothing is sent while publisher.toml has an address of an example: it would lead subscribers nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from publisher.links import find_example_host, is_loopback_host
from tests.support.newsletter import CHAT_SETTINGS, CommandProject, command_project
from tests.support.servers.telegram_api import TelegramServer
from tests.support.servers.telegram_rules import TOKEN, BotApi

EXAMPLE = CHAT_SETTINGS.replace("https://e.org/", "https://harbour.example.org/")
SAID = "publisher.toml:3:1: url is on harbour.example.org, a name for examples"
FIX = 'change this line: url = "https://YOUR-HOST/{date}/"'


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    project = command_project(tmp_path, monkeypatch, capsys)
    configure(project, EXAMPLE)
    return project


def configure(letter: CommandProject, text: str) -> None:
    (letter.root / "publisher.toml").write_text(text, "utf-8")


def test_publish_writes_files_and_sends_nothing(letter: CommandProject) -> None:
    lines = letter.lines("--yes", code=2)
    assert lines[1].startswith("✓ web")
    assert lines[2:4] == [f"✗ chat      not sent: {SAID}", f"  = fix: {FIX}"]
    assert [*letter.world] == []
    assert (letter.root / "public/2021-07-18/index.html").exists()
    configure(letter, CHAT_SETTINGS)
    letter.run("--yes")
    assert [call.text for call in letter.world] == ["一", "二", "三"]


@pytest.mark.parametrize("words", [("--dry-run",), ("--channel", "chat"), ("--force",), ("--again",)])
def test_no_option_sends_anyway(letter: CommandProject, words: tuple[str, ...]) -> None:
    said = letter.run(*words, *([] if "--dry-run" in words else ["--yes"]))
    assert said.code == 2
    assert SAID in said.out + said.err
    assert [*letter.world] == []


def test_a_retry_sends_nothing(letter: CommandProject) -> None:
    configure(letter, CHAT_SETTINGS)
    letter.orders("2 refuse")
    assert letter.run("--yes").code == 3
    letter.orders()
    configure(letter, EXAMPLE)
    assert letter.run("retry", "--yes").code == 2
    assert [call.text for call in letter.world] == ["一"]


def test_tick_writes_files_and_sends_nothing(letter: CommandProject) -> None:
    letter.path("2021-07-04").unlink()
    configure(letter, f"{EXAMPLE}[schedule]\nat = '09:45'\n")
    for _ in range(2):
        assert letter.run("tick").code == 2
    assert [*letter.world] == []
    assert (letter.root / "public/2021-07-18/index.html").exists()


def test_an_edit_is_not_sent_either(letter: CommandProject) -> None:
    configure(letter, CHAT_SETTINGS)
    letter.run("--yes")
    configure(letter, EXAMPLE)
    letter.write("2021-07-18", "一", "二", "又")
    assert letter.run("2021-07-18", "--yes").code == 2
    assert {call.act for call in letter.world} == {"deliver"}


def test_a_file_needs_no_address(letter: CommandProject) -> None:
    configure(letter, EXAMPLE.replace('room = "@readers"\n', ""))
    assert letter.run("--yes").code == 0


def test_check_and_doctor_warn(letter: CommandProject) -> None:
    said = letter.run("check", "2021-07-18")
    assert said.err == f"warning: {SAID} · {FIX}\n"
    assert said.code == 0
    assert json.loads(letter.run("check", "--json").out)["warnings"] == [SAID]
    findings = json.loads(letter.run("doctor", "--json").out)["findings"]
    assert {"subject": "settings", "level": "doubtful", "message": SAID, "hint": FIX} in findings
    configure(letter, CHAT_SETTINGS)
    assert letter.run("check", "2021-07-18").err == ""
    assert SAID not in letter.run("doctor").out


MAIL = '[channels.email]\nserver = "smtp://mail.invalid:587"\nrecipients = ["lin@e.org"]\n'
LIST = (
    '[channels.email]\nserver = "smtp://mail.invalid:587"\nfrom = "a@e.org"\n'
    '[subscribers]\nkey = "env:KEY"\nurl = "https://{}/list"\n'
)
SENDERS = [
    (LIST.format("list.example.org"), "url is on list.example.org"),
    (f'{MAIL}from = "a@example.com"\n', "from is on example.com"),
    (f'{MAIL}from = "Lin <a@news.example.net>"\n', "from is on news.example.net"),
    (f'{MAIL}from = "a@e.org"\nunsubscribe = "https://example.org/leave"\n', "unsubscribe is on example.org"),
]


@pytest.mark.parametrize(("table", "problem"), SENDERS)
def test_a_sender_of_an_example(letter: CommandProject, table: str, problem: str) -> None:
    """The other channels have their own."""
    configure(letter, CHAT_SETTINGS + table)
    lines = letter.lines("--yes", code=2)
    (line,) = [line for line in lines if line.startswith("✗")]
    assert problem in line
    assert line.startswith("✗ email     not sent: publisher.toml:")
    assert len([*letter.world]) == 3


def test_the_address_that_answers_go_to(letter: CommandProject) -> None:
    configure(letter, CHAT_SETTINGS.replace("\n\n", '\nemail = "editor@example.org"\n\n', 1))
    assert letter.run("--yes").code == 2
    assert [*letter.world] == []
    assert "email is on example.org" in letter.run("check").err


def test_a_server_on_this_machine_gets_everything(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """So anyone can try it out."""
    monkeypatch.setenv("BOT", TOKEN)
    monkeypatch.setenv("NO_PROXY", "*")
    with TelegramServer(BotApi()) as server:
        configure(
            letter,
            EXAMPLE.partition("[channels")[0]
            + f'[channels.telegram]\ntoken = "env:BOT"\nchat = "@tide"\napi = "{server.url}"\n',
        )
        said = letter.run("--yes")
    assert said.code == 0, said
    assert "✓ telegram  @tide · 1 sent" in said.out


EXAMPLES = """
example.org example.com example.net EXAMPLE.ORG news.example.org example a.example x.invalid x.test localhost.test
example.org."""


@pytest.mark.parametrize("host", EXAMPLES.split())
def test_a_host_for_examples(host: str) -> None:
    assert find_example_host(f"https://{host}/{{date}}/") == host.lower()
    assert find_example_host(f"https://user@{host}:8443/{{date}}/") == host.lower()
    assert find_example_host(f"Lin <lin@{host}>").lower() == host.lower()


@pytest.mark.parametrize(
    "host",
    ["e.org", "example.de", "myexample.org", "example.org.cn", "test.org", "invalid.com", "localhost", "testing"],
)
def test_a_host_that_someone_owns(host: str) -> None:
    assert find_example_host(f"https://{host}/example.org/") == ""
    assert find_example_host(f"example.org@{host}") == ""


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback_host(host)


def test_the_line_to_write_keeps_the_placeholders(letter: CommandProject) -> None:
    configure(letter, EXAMPLE.replace("{date}", "{year}/{id}"))
    assert 'url = "https://YOUR-HOST/{year}/{id}/"' in letter.run("check").err
