"""The command line: exact output and exit codes."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from publisher import registry
from publisher.archive.lock import acquire_lock
from publisher.cli import publish as publish_module
from publisher.cli.console import RunConsole
from publisher.cli.main import main
from publisher.cli.output import Output
from publisher.cli.parser import COMMANDS, build_main_parser
from publisher.errors import DeliveryError
from publisher.events import Progress, Request
from publisher.files import FolderSession

NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)

SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
timezone = "Asia/Shanghai"
"""

ALL = ", ".join(registry.channel_names())


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter with two due issues and an upcoming one, as the current folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "letter"
    (root / "issues").mkdir(parents=True)
    (root / "publisher.toml").write_text(SETTINGS)
    for date in ("2021-07-04", "2021-07-18", "2021-08-01"):
        text = f"# 慢刊 ({date})：题目\n\n## 新闻\n\n- [条目](https://e.org/{date})\n摘要：正文。\n"
        (root / "issues" / f"{date}.md").write_text(text)
        os.utime(root / "issues" / f"{date}.md", ns=(1, 1_600_000_000_000_000_001))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*words: str, now: dt.datetime = NOW) -> Said:
        code = main(list(words), now)
        return Said(code, *capsys.readouterr())

    return call


def without_times(text: str) -> str:
    return re.sub(r"  \d+\.\d s$", "", text, flags=re.MULTILINE)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------- what it does


def test_publish(letter: Path, run: Command) -> None:
    said = run()
    assert said.code == 0
    assert said.err == ""
    assert without_times(said.out).splitlines() == [
        "issue 2021-07-18 · latest due",
        "✓ web       public/index.html · 2 issues · 4 files written, 0 unchanged",
        "✓ rss       public/feed.xml, atom.xml, feed.json · 2 issues · 10 files written, 0 unchanged",
    ]
    assert {"public/2021-07-18/index.html", "public/index.html", "public/feed.xml"} <= files(letter)
    assert (letter / ".publisher" / ".gitignore").read_text() == "/cache/\n/lock\n/ledger.*\n"


def test_publish_one_channel(letter: Path, run: Command) -> None:
    said = run("--channel", "rss")
    assert said.code == 0
    assert [line[:5] for line in said.out.splitlines()] == ["issue", "✓ rss"]
    assert not (letter / "public" / "index.html").exists()


def test_nothing_to_do(letter: Path, run: Command) -> None:
    run()
    assert run() == Said(0, "issue 2021-07-18 · latest due\nnothing to do\n", "")


def test_one_channel_has_something_to_do(letter: Path, run: Command) -> None:
    run("--channel", "rss")
    said = run()
    assert [line[:5] for line in said.out.splitlines()] == ["issue", "✓ web", "  rss"]
    assert said.out.splitlines()[2] == "  rss       unchanged"


@pytest.mark.parametrize(
    "words",
    [
        ("2021-07-04",),
        ("issues/2021-07-04.md",),
        ("--issue", "2021-07-04"),
        ("-i", "issues/2021-07-04.md"),
        ("--channel", "web,rss", "2021-07-04"),
        ("-c", "web", "-c", "rss", "--issue=2021-07-04"),
    ],
)
def test_an_issue_by_name(letter: Path, run: Command, words: tuple[str, ...]) -> None:
    said = run(*words)
    assert said.code == 0
    assert said.out.splitlines()[0] == "issue 2021-07-04 · issues/2021-07-04.md"
    assert (letter / "public" / "2021-07-18" / "index.html").exists()


def test_from_a_folder_below(letter: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(letter / "issues")
    assert run("2021-07-04.md").code == 0
    assert (letter / "public" / "index.html").exists()


def test_all_channels_by_name(letter: Path, run: Command) -> None:
    assert len(run("--channel", "all").out.splitlines()) == 3


def test_a_dry_run(letter: Path, run: Command) -> None:
    before = files(letter)
    said = run("--dry-run", "--channel", "web")
    assert without_times(said.out).splitlines() == [
        "issue 2021-07-18 · latest due · dry run: nothing is written",
        "✓ web       public/index.html · 2 issues · 4 files would change, 0 unchanged",
        *sorted(f"    public/{name}/index.html" for name in ("2021-07-04", "2021-07-18"))[::-1],
        "    public/subscribe.html",
        "    public/index.html",
    ]
    assert files(letter) == before
    assert not (letter.parent / "cache").exists()


def test_another_folder(letter: Path, run: Command, tmp_path: Path) -> None:
    assert run("--out", "../elsewhere").code == 0
    assert (tmp_path / "elsewhere" / "public" / "feed.xml").exists()
    assert not (letter / "public").exists()


def test_json(letter: Path, run: Command) -> None:
    (letter / "issues" / "2021-07-18.md").write_text(
        "# 慢刊 (2021-07-18)：题\n\n## 新闻\n\n- [条目 | ](https://e.org/9)\n"
    )
    said = run("--json", "--channel", "web")
    result = json.loads(said.out)
    assert result["exit"] == said.code == 0
    assert result["issue"] == {
        "id": "2021-07-18",
        "date": "2021-07-18",
        "title": "慢刊 (2021-07-18)：题",
        "url": "https://e.org/2021-07-18/",
        "path": "issues/2021-07-18.md",
        "problems": ["5:7 empty-source"],
    }
    assert set(result["channels"]) == {"web"}
    assert len(result["channels"]["web"]["written"]) == 4
    assert result["channels"]["web"]["error"] is None
    assert (result["dry_run"], result["warnings"]) == (False, [])


def test_json_of_nothing_to_do(letter: Path, run: Command) -> None:
    run()
    result = json.loads(run("--json").out)
    web = result["channels"]["web"]
    assert (web["written"], web["unchanged"], web["sent"], web["error"]) == ([], 4, 0, None)


def test_json_of_an_error(letter: Path, run: Command) -> None:
    said = run("--json", "--issue", "2021-07-05")
    assert said.code == 2
    assert json.loads(said.out) == {
        "error": {"message": "there is no issue 2021-07-05", "hint": "did you mean 2021-07-04?"},
        "exit": 2,
    }


def test_problems_of_the_issue_are_reported_on_one_line(letter: Path, run: Command) -> None:
    items = "".join(f"- [条目 {number} | ](https://e.org/{number})\n" for number in range(4))
    (letter / "issues" / "2021-07-18.md").write_text(f"# 慢刊 (2021-07-18)：题\n\n## 新闻\n\n{items}")
    said = run()
    assert said.code == 0
    listed = "5:9 empty-source, 6:9 empty-source, 7:9 empty-source, …"
    assert said.err == f"warning: 4 problems in issues/2021-07-18.md: {listed}\n"


def test_an_issue_without_a_date_is_one_line(letter: Path, run: Command) -> None:
    (letter / "issues" / "notes.md").write_text("# Notes\n")
    assert run().err == "warning: left out: issues/notes.md has no date\n"


def test_a_page_without_an_issue_is_reported(letter: Path, run: Command) -> None:
    run()
    (letter / "issues" / "2021-07-04.md").unlink()
    said = run()
    assert said.err == (
        "note: public/2021-07-04/index.html no longer belongs to an issue; it is not deleted\n"
    )


def test_no_issue_is_due(letter: Path, run: Command) -> None:
    said = run(now=dt.datetime(2021, 7, 1, tzinfo=dt.UTC))
    assert said == Said(0, "nothing to do: no issue is due; the next is dated 2021-07-04\n", "")


# ------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--channel", "rsss"), f"there is no channel rsss · did you mean rss? channels: {ALL}"),
        (("--channel", "web,nowhere"), f"there is no channel nowhere · channels: {ALL}"),
        (("rss",), "rss is a channel · publish --channel rss"),
        (("chanels",), "unknown command chanels · did you mean channels?"),
        (("--dry-run", "new"), "new must come first · publish new"),
        (("--chanel", "rss"), "unknown option --chanel · did you mean --channel?"),
        (("--channel",), "argument -c/--channel: expected one argument · publish --help"),
        (("channels", "--out", "x"), "unknown option --out · known here: --json, --debug, -h, --help"),
        (("adopt", "now"), "unexpected argument now · publish adopt --help"),
        (("help",), "help is an option · publish --help"),
        (("2021-07-04", "2021-07-05"), "unexpected argument 2021-07-05 · publish --help"),
        (("2021-07-05",), "there is no issue 2021-07-05 · did you mean 2021-07-04?"),
        (
            ("issues/2021-07-05.md",),
            "there is no issue issues/2021-07-05.md · did you mean issues/2021-07-04.md?",
        ),
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


def test_completion_of_an_unknown_shell(run: Command) -> None:
    said = run("completion", "fish")
    assert (said.code, said.out) == (2, "")
    # each version of Python words the middle in its own way
    assert re.fullmatch(r"error: .*invalid choice: 'fish'.*bash.* · publish completion --help\n", said.err)


def test_no_newsletter_here(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path.resolve()
    assert run() == Said(
        2, "", f"error: there is no publisher.toml in {here} or above it · create one: publish init\n"
    )


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
            5,
            "",
            f"error: another publish is running here (process {os.getpid()}) · wait until it is done\n",
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
    assert re.fullmatch(
        rf"✗ web       cannot write {letter}/public/\S+/index.html: Permission denied", lines[1]
    )
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
        "✗ web       the server said no",
        "  = fix: ask it why",
        "✓ rss       public/feed.xml, atom.xml, feed.json · 2 issues · 10 files written, 0 unchanged",
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
        "error: internal error: ZeroDivisionError: division by zero"
        " · please report it with the output of --debug\n",
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


# -------------------------------------------------------------------- other commands


def test_init_and_new(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    said = run("init", "letter")
    assert said.code == 0
    assert said.out.splitlines()[0] == "created letter/publisher.toml"
    assert said.err == "next: cd letter && publish\n"
    monkeypatch.chdir(tmp_path / "letter")
    assert run().code == 0
    said = run("new")
    assert said.code == 0
    assert re.fullmatch(
        r"created issues/\S+\.md  \(next date by your schedule: every 14 days; last issue \S+\)\n", said.out
    )
    said = run("new", "2031-01-01")
    assert said.out.startswith("created issues/2031-01-01.md  (last issue ")
    again = run("new", "2031-01-01")
    assert again.code == 2
    assert "issues/2031-01-01.md already exists" in again.err
    assert json.loads(run("new", "2032-02-02", "--json").out) == {
        "created": "issues/2032-02-02.md",
        "date": "2032-02-02",
        "exit": 0,
    }


def test_channels(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(SETTINGS + "[channels.web]\nenabled = false\n")
    lines = {line.split()[0]: line.split(None, 2)[1:] for line in run("channels").out.splitlines()}
    assert list(lines) == list(registry.channel_names())
    assert lines.pop("rss") == ["enabled", 'path = "public/feed.xml"  entries = 20']
    assert all(rest == ["disabled"] for rest in lines.values())
    listed = json.loads(run("channels", "--json").out)["channels"]
    assert listed["web"] == {"on": False, "settings": {}}
    assert listed["rss"]["settings"]["entries"] == 20


def test_channels_outside_of_a_newsletter(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [line.split() for line in run("channels").out.splitlines()] == [
        [n, "disabled"] for n in registry.channel_names()
    ]


def test_channels_shows_only_real_keys(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(
        SETTINGS + '[channels.telegram]\ntoken = "env:TOKEN"\nchat = "@my_channel"\n[channels.wechat]\n'
    )
    lines = {line.split()[0]: line.split(None, 2)[1:] for line in run("channels").out.splitlines()}
    assert lines["telegram"][1].startswith('token = "env:TOKEN"  chat = "@my_channel"  detail = "summaries"')
    assert "button = true" in lines["telegram"][1]
    assert "_root" not in lines["wechat"][1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_has_every_command(run: Command, shell: str) -> None:
    said = run("completion", shell)
    assert said.code == 0
    for word in ("--channel", "--dry-run", "--out", *COMMANDS):
        assert word.lstrip("-") in said.out


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("new", "--help"), ("2021-07-04", "--help")])
def test_help(run: Command, words: tuple[str, ...]) -> None:
    said = run(*words)
    assert (said.code, said.err) == (0, "")
    assert said.out.lower().startswith("publish")
    assert max(map(len, said.out.splitlines())) <= 96


def test_help_names_every_command_and_option(run: Command) -> None:
    shown = run("--help").out
    for word in (*COMMANDS, *build_main_parser()._option_string_actions):
        assert re.search(rf"(?<![\w-]){re.escape(word)}\b", shown), word


def test_version(run: Command) -> None:
    assert re.fullmatch(r"publish \d+\.\d+\.\d+\n", run("--version").out)


# ---------------------------------------------------------------------------- streams


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    def shown() -> str:
        screen = Terminal()
        Output(screen, screen).finish_with_error("no", "why not", 2)
        return screen.getvalue()

    assert shown() == "\x1b[1;31merror:\x1b[0m no · why not\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown() == "error: no · why not\n"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert shown() == "error: no · why not\n"


def test_progress_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    with RunConsole(Output(io.StringIO(), screen), Request()) as story:
        for done in range(1, 101):
            story.print_event(Progress("reading", done, 100))
    assert "reading issues" in screen.getvalue()
    assert "100%" in screen.getvalue()


def test_progress_is_one_line_without_a_terminal() -> None:
    paper = io.StringIO()
    with RunConsole(Output(io.StringIO(), paper), Request()) as story:
        for stage in ("reading", "writing"):
            for done in range(1, 101):
                story.print_event(Progress(stage, done, 100))
        story.print_event(Progress("reading", 1, 3))
    assert paper.getvalue() == "reading 100 issues\nwriting 100 issues\n"


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "publisher", *words]


def test_as_a_process(letter: Path) -> None:
    done = subprocess.run(command("--issue", "2099-01-01"), capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no issue 2099-01-01")
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_does_not_stop_the_work(letter: Path) -> None:
    with subprocess.Popen(command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
    assert (letter / "public" / "feed.xml").exists()


def test_a_terminal_without_unicode_symbols(letter: Path) -> None:
    plain = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command("--channel", "web"), capture_output=True, env=plain)
    assert done.returncode == 0
    assert done.stdout.startswith(b"issue 2")
    assert b"\n? web " in done.stdout
