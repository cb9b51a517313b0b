"""Errors of `publish`: one line and an exit code each."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from publisher import registry
from publisher.archive.lock import acquire_lock
from publisher.cli import publish as publish_module
from publisher.errors import DeliveryError
from publisher.folder_session import FolderSession
from tests.cli.conftest import SETTINGS, Command, Said, files, without_times

ALL = ", ".join(registry.channel_names())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--channel", "rsss"), f"there is no channel rsss · did you mean rss? channels: {ALL}"),
        (("--channel", "web,nowhere"), f"there is no channel nowhere · channels: {ALL}"),
        (("rss",), "rss is a channel · publish --channel rss"),
        (("chanels",), "unknown command chanels · did you mean channels?"),
        (("--dry-run", "new"), "new must come first · publish new"),
        (("--chanel", "rss"), "unknown option --chanel · did you mean --channel?"),
        (("channels", "--out", "x"), "unknown option --out · publish channels --help shows the options"),
        (("adopt", "now"), "unexpected argument now · publish adopt --help"),
        (("2021-07-04", "2021-07-05"), "unexpected argument 2021-07-05 · publish --help"),
        (("2021-07-05",), "there is no issue 2021-07-05 · did you mean 2021-07-04?"),
        (("issues/2021-07-05.md",), "there is no issue issues/2021-07-05.md · did you mean issues/2021-07-04.md?"),
        (
            ("2021-08-01",),
            "issues/2021-08-01.md is dated in the future: 2021-08-01, and today is 2021-07-18"
            " · publish it on that day, or correct its date",
        ),
        (("2021-07-04", "--issue", "latest"), "two issues given: 2021-07-04 and latest · give only one"),
        (("new", "yesterday"), "yesterday is not a date · like 2021-08-01"),
    ],
)
def test_wrong_arguments_are_one_line(letter: Path, run: Command, words: tuple[str, ...], line: str) -> None:
    before = files(letter)
    assert run(*words) == Said(2, "", f"error: {line}\n")
    assert files(letter) - before <= {".publisher/lock"}


def test_no_newsletter_here(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path.resolve()
    assert run() == Said(2, "", f"error: there is no publisher.toml in {here} or above it · create one: publish init\n")


@pytest.mark.parametrize("kind", ["folder", "broken link", "pipe"])
@pytest.mark.parametrize(
    "words", ["", "check", "check issues/2021-07-04.md", "status", "channels", "config", "doctor", "tick"]
)
def test_settings_that_are_no_file(letter: Path, run: Command, kind: str, words: str) -> None:
    """The newsletter above is not taken for this one, and `publish init` is possible afterwards."""
    folder = letter / "issues"
    path = folder / "publisher.toml"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case _:
            path.symlink_to("missing.toml")
    os.chdir(folder)
    reason = "is a link to nothing" if kind == "broken link" else "is a folder or a device"
    hint = "move it away, then create it: publish init"
    line = f"error: {folder.resolve()}/publisher.toml {reason}, not a file · {hint}\n"
    assert run(*words.split()) == Said(2, "", line)


@pytest.mark.parametrize(
    "words",
    ["", "--dry-run", "--channel all", "--yes", "--to-me", "diff", "status", "retry", "correct latest", "hold latest"],
)
def test_no_channel_is_enabled(letter: Path, run: Command, words: str) -> None:
    """Otherwise nothing would be done, and reported as published and unchanged."""
    tables = "".join(f"[channels.{name}]\nenabled = false\n" for name in registry.channel_names())
    (letter / "publisher.toml").write_text(SETTINGS.partition("[channels")[0] + tables)
    said = run(*words.split())
    hint = "set enabled = true in [channels.web] of publisher.toml"
    assert (said.code, said.err) == (2, f"error: no channel is enabled · {hint}\n")


def test_broken_settings(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(SETTINGS.replace("timezone", "timezome"))
    said = run()
    assert said.code == 2
    assert said.err.startswith("error: publisher.toml:5:1: ")
    assert said.err.endswith("did you mean timezone?\n")
    assert said.err.count("\n") == 1


def test_a_file_of_another_folder(letter: Path, run: Command, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Other (2021-07-04)")
    assert run("../other.md") == Said(
        2, "", f"error: ../other.md is not below {letter} · give an issue of this newsletter\n"
    )


def test_the_issue_is_not_utf_8(letter: Path, run: Command) -> None:
    (letter / "issues" / "2021-07-18.md").write_bytes("# 慢刊".encode("gbk"))
    said = run()
    assert said.code == 1
    assert said.err.startswith("error: issues/2021-07-18.md:1:3: ")
    assert not (letter / "public").exists()


def test_two_issues_with_one_id(letter: Path, run: Command) -> None:
    (letter / "issues" / "copy.md").write_bytes((letter / "issues" / "2021-07-18.md").read_bytes())
    assert run() == Said(
        1,
        "",
        "error: issues/2021-07-18.md and issues/copy.md both have the id 2021-07-18"
        " · set another `id:` in the front matter of one of them\n",
    )


def test_another_publish_is_running(letter: Path, run: Command) -> None:
    with acquire_lock(letter / ".publisher" / "lock"):
        assert run() == Said(
            5, "", f"error: another publish is running here (process {os.getpid()}) · wait until it is done\n"
        )


def test_a_folder_without_permissions(letter: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        if "public" in str(path) and flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, mode)

    (letter / "public" / "2021-07-18").mkdir(parents=True)
    monkeypatch.setattr(os, "open", refuse)
    said = run("--channel", "web")
    assert said.code == 6
    lines = said.out.splitlines()
    assert re.fullmatch(rf"✗ web       cannot write {letter}/public/\S+/index.html: Permission denied", lines[1])
    assert lines[2:] == [
        "  = fix: check its owner and permissions, or publish as that user",
        "0 of 1 channels done · exit 6",
    ]
    assert files(letter / "public") == set()


def test_an_output_folder_that_is_a_file(letter: Path, run: Command) -> None:
    (letter / "taken").write_text("I am a file")
    said = run("--out", "taken")
    assert said.code == 6
    assert f"cannot write {letter}/taken/public/" in said.out
    assert "Not a directory" in said.out


def test_a_failed_channel_and_a_good_one(letter: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = FolderSession.deliver

    def refuse(self: FolderSession, part, destination):  # type: ignore[no-untyped-def]
        if part.key.endswith(".html"):
            raise DeliveryError("the server said no", "ask it why")
        return deliver(self, part, destination)

    monkeypatch.setattr(FolderSession, "deliver", refuse)
    said = run()
    assert said.code == 3
    assert without_times(said.out).splitlines()[1:] == [
        "✓ rss       public/feed.xml, atom.xml, feed.json · 2 issues · 10 files written, 0 unchanged",
        "✗ web       the server said no",
        "  = fix: ask it why",
        "1 of 2 channels done · exit 3",
    ]


def test_an_internal_error_is_one_line(letter: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("division by zero\nand more")

    monkeypatch.setattr(publish_module, "check_up_to_date", fail)
    monkeypatch.delenv("PUBLISHER_DEBUG", raising=False)
    assert run() == Said(
        70,
        "",
        "error: internal error: ZeroDivisionError: division by zero · please report it with the output of --debug\n",
    )
    said = run("--debug")
    assert said.code == 70
    assert said.err.startswith("Traceback (most recent call last):\n")
    assert "ZeroDivisionError: division by zero\nand more\nerror: internal error: Zero" in said.err
    monkeypatch.setenv("PUBLISHER_DEBUG", "1")
    assert run() == said


def test_keyboard_interrupt(letter: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(publish_module, "check_up_to_date", interrupt)
    assert run() == Said(130, "", "error: interrupted\n")


def test_publish_without_a_home_folder(letter: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container, where a user may have only a number."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert run("--channel", "web").code == 0
