"""No sentence twice: what is true of several channels is said of all of them at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import registry
from publisher.channel import Context, Rendering
from publisher.channels.wechat import WeChat
from publisher.cli.outcome_text import explain_unchanged, format_changes, group_by_sentence, group_warnings
from publisher.events import ChannelOutcome, Outcome, Request
from publisher.ledger import Ledger
from publisher.model import Issue
from tests.support.fake_channel import Chat
from tests.support.newsletter import CommandProject, command_project


class Room(Chat, frozen=True):
    """A second chat."""

    name = "room"


SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"

[channels.web]
[channels.rss]

[channels.chat]
room = "@readers"

[channels.room]
room = "@room"

[channels.wechat]
[channels.telegram]

[channels.email]
from = "lin@e.org"
"""
NAMES = ("web", "rss", "chat", "room", "wechat", "telegram", "email")


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    """A newsletter with all channels, two of which send."""
    project = command_project(tmp_path, monkeypatch, capsys)
    load = registry.load_channel
    monkeypatch.setattr(registry, "load_channel", lambda name: Room if name == "room" else load(name))
    project.path("2021-08-01").unlink()
    (project.root / "publisher.toml").write_text(SETTINGS, "utf-8")
    return project


State = Callable[[CommandProject, pytest.MonkeyPatch], tuple[str, ...]]
"""Brings about a state; the command to run in it."""


def nothing_to_do(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.run("--yes")
    return ("2021-07-18",)


def one_has_something_to_do(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.run("--yes", "--channel", "rss,chat,room,wechat,telegram,email")
    return ()


def only_files(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    settings = letter.root / "publisher.toml"
    settings.write_text(re.sub(r"(\[channels\.(chat|room|telegram|wechat|email)\])", r"\1\nsend = false", SETTINGS))
    letter.run("--yes")
    return ()


def no_terminal(_: CommandProject, __: pytest.MonkeyPatch) -> tuple[str, ...]:
    return ()


def refused(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.orders("1 refuse", "2 rest")
    return ("--yes",)


def vanished(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.orders("1 vanish")
    return ("--yes",)


def refused_before(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.orders("2 refuse")
    letter.run("--yes")
    return ("--yes",)


def longer(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "二", "三", "四")
    return ("--yes",)


def locked_ledger(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    from publisher.errors import StorageError

    def refuse(*_: object, **__: object) -> None:
        raise StorageError("the ledger is locked by another process", "try again")

    monkeypatch.setattr(Ledger, "claim", refuse)
    return ("--yes",)


def unwritable(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    (letter.root / "outbox").write_text("a file where a folder must be")
    (letter.root / "public").write_text("a file where a folder must be")
    return ("--yes",)


def too_long(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.write("2021-07-18", "一", text="长" * 21_000)
    return ("--yes",)


def broken(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    def fail(self: object, issue: Issue, context: Context) -> Rendering:
        raise ZeroDivisionError("no such thing")

    from publisher.channels.telegram import Telegram

    for channel in (WeChat, Telegram, Chat):
        monkeypatch.setattr(channel, "render", fail)
    return ("--yes",)


def correct_what_is_not_out(letter: CommandProject, _: pytest.MonkeyPatch) -> tuple[str, ...]:
    letter.run("--yes", "--channel", "chat")
    return ("correct", "2021-07-18", "--yes")


def sent_to_me(_: CommandProject, __: pytest.MonkeyPatch) -> tuple[str, ...]:
    return ("--to-me",)


STATES: list[State] = [
    nothing_to_do, one_has_something_to_do, only_files, no_terminal, refused, vanished, refused_before, longer,
    locked_ledger, unwritable, too_long, broken, correct_what_is_not_out, sent_to_me,
]  # fmt: skip


@pytest.mark.parametrize("dry_run", [False, True], ids=["", "dry"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_no_sentence_is_printed_twice(
    letter: CommandProject, monkeypatch: pytest.MonkeyPatch, state: State, dry_run: bool
) -> None:
    words = state(letter, monkeypatch)
    said = letter.run(*words, *(["--dry-run"] if dry_run else []))
    lines = (said.out + said.err).splitlines()
    assert len(lines) >= 2
    sentences = [re.sub(rf"\b({'|'.join(NAMES)})\b", "NAME", re.sub(r"[\d.,]+ s$| {2,}", " ", line)) for line in lines]
    assert [sentence for sentence, number in Counter(sentences).items() if number > 1] == []


def test_channels_that_fail_alike_are_one_line(letter: CommandProject) -> None:
    letter.orders("1 refuse")
    letter.run("--yes")
    lines = letter.lines("2021-07-18", "--yes", code=3)
    start = next(number for number, line in enumerate(lines) if line.startswith("✗"))
    assert lines[start : start + 2] == [
        "✗ chat, room  1 of 3 failed: the chat said no · ask it why",
        "  = fix: when the cause is fixed: publish retry 2021-07-18 --channel chat,room",
    ]


def test_a_terminal_is_missing_for_all(letter: CommandProject) -> None:
    lines = letter.lines(code=2)
    (line,) = [line for line in lines if line.startswith("✗")]
    assert line.startswith("✗ chat, room  not sent: confirmation required (no terminal): chat: @readers")


# ------------------------------------------------------------------- grouping


def test_a_name_is_replaced_where_it_names_the_channel() -> None:
    said = [
        ("web", "web is gone from the web: web.html · publish --channel web · [channels.web]"),
        ("rss", "rss is gone from the web: web.html · publish --channel rss · [channels.rss]"),
    ]
    assert [*group_by_sentence(said)] == [
        (
            "web, rss",
            "web, rss is gone from the web: web.html · publish --channel web,rss · [channels.web], [channels.rss]",
        )
    ]
    said = [("web", "website is gone"), ("rss", "website is gone"), ("web", "the web"), ("rss", "the rss")]
    assert [*group_by_sentence(said)] == [("web, rss", "website is gone"), ("web", "the web"), ("rss", "the rss")]


def test_warnings_of_channels_are_grouped() -> None:
    warnings = ["left out: a.md", "chat: too long", "left out: a.md", "room: too long", "room: too short"]
    assert [*group_warnings(warnings)] == ["left out: a.md", "chat, room: too long", "room: too short"]


def test_what_cannot_be_changed_any_more_is_not_called_unchanged() -> None:
    channel = ChannelOutcome("chat", held_reason="it cannot be edited")
    said = explain_unchanged(Outcome(None, {"chat": channel}), Request())
    assert said == "nothing to do: what is published stays as it is"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"sent": 1}, "1 message to @chat"),
        ({"sent": 1234}, "1,234 messages to @chat"),
        ({"changed": 2}, "2 messages changed in @chat"),
        ({"sent": 1, "changed": 2}, "1 message to @chat, 2 messages changed"),
        ({"written": ("a.html",), "created": ("a.html",)}, "1 page new: a.html"),
        ({"written": ("b.html", "a.html"), "created": ("a.html",)}, "1 page new, 1 changed: a.html, b.html"),
        ({"written": ("f/b.xml", "f/b.xml.gz", "f/a.json")}, "2 files changed: f/a.json, b.xml"),
    ],
)
def test_what_a_dry_run_would_change(outcome: dict[str, int], said: str) -> None:
    assert format_changes(ChannelOutcome("chat", destination="@chat")._replace(**outcome)) == said
