"""The loop over issues and channels, with two made-up channels that write plain text."""

from __future__ import annotations

import datetime as dt
import hashlib
import operator
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from publisher import config as settings
from publisher import reader, registry
from publisher.archive.lock import held
from publisher.channel import Context, Entry, Group, Part, Receipt, Rendering
from publisher.config import Config
from publisher.errors import BusyError, ConfigError, DeliveryError, IssueError
from publisher.files import TEMPORARY, FolderSession
from publisher.model import Issue, Publication
from publisher.pipeline import crew as crew_module
from publisher.pipeline.crew import Crew
from publisher.pipeline.events import ChannelOutcome, Chosen, Outcome, Request, Warned
from publisher.pipeline.publishing import publish
from publisher.pipeline.quick import nothing_to_do
from publisher.theme import Theme

NOON = dt.datetime(2021, 7, 18, 4, 0, 0, 123_456, tzinfo=dt.UTC)  # 12:00 in China


# ruff: noqa: ARG002 - a channel is asked for more than these two care about


@dataclass(frozen=True)
class Pages:
    """A page per issue that names its neighbours, and an index."""

    name: ClassVar[str] = "pages"
    keeps: ClassVar[bool] = False
    rendered: list[str] = field(default_factory=list, compare=False)

    def render(self, issue: Issue, context: Context) -> Rendering:
        self.rendered.append(issue.id)
        if "渲染失败" in context.entry.title:
            raise ZeroDivisionError("no such thing")
        near = [one.title if one else "-" for one in (context.previous, context.next)]
        lines = [context.entry.title, *near, str(context.entry.updated), issue.source.sha256]
        body = "\n".join(lines).encode()
        return Rendering(
            (Part(f"public/{issue.id}.html", "text/html", body),), warnings=(f"dull: {issue.id}",)
        )

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[Group]:
        text = "\n".join(entry.title for entry in entries).encode()
        digest = hashlib.sha256(text).hexdigest()
        yield Group("index", digest, lambda: [Part("public/index.html", "text/html", text)])

    def session(self) -> FolderSession:
        return FolderSession()


@dataclass(frozen=True)
class Feed:
    """The two newest issues in one file, and all of a year in another."""

    name: ClassVar[str] = "feed"
    keeps: ClassVar[bool] = True

    def render(self, issue: Issue, context: Context) -> Rendering:
        text = f"{context.entry.id} {context.entry.updated} {issue.source.sha256}\n"
        return Rendering((Part("kept", "text/plain", text.encode()),))

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[Group]:
        for key, some in (("2020", [e for e in entries if e.date.year == 2020]), ("feed", entries[:2])):
            digest = hashlib.sha256(repr([(e.id, e.revision, e.updated) for e in some]).encode()).hexdigest()
            yield Group(key, digest, lambda key=key, some=some: self.files(key, [*map(body, some)]))

    def files(self, key: str, bodies: list[bytes]) -> list[Part]:
        text = b"".join(bodies)
        return [Part(f"public/{key}.txt{end}", "text/plain", text) for end in ("", ".gz")]

    def session(self) -> FolderSession:
        return FolderSession()


class Newsletter:
    """A newsletter in a folder, and what its last run told."""

    def __init__(self, root: Path, *channels: Any) -> None:
        self.root = root
        self.pages = Pages()
        publication = Publication("慢刊", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:n")
        self.config = Config(
            root / "publisher.toml", root, publication, channels=channels or (self.pages, Feed())
        )
        self.now = NOON
        self.events: list[Any] = []
        (root / "issues").mkdir(parents=True)
        (root / "publisher.toml").write_text("[newsletter]")

    def write(
        self, date: str, topic: str = "题", text: str = "正文", front: str = "", name: str = ""
    ) -> Path:
        path = self.root / "issues" / f"{name or date}.md"
        path.write_text(
            f"{front}# 慢刊 ({date})：{topic}\n\n## 新闻\n\n- [条目](https://e.org/{date})\n摘要：{text}。\n"
        )
        os.utime(path, ns=(1, 1_600_000_000_000_000_001 + hash(path.read_bytes()) % 10**9))
        return path

    def publish(self, *channels: str, **request: Any) -> Outcome:
        self.events = []
        self.pages.rendered.clear()
        wish = Request(channels=channels, **request)
        return publish(self.config, Theme.load(), wish, self.now, self.events.append)

    def quick(self, *channels: str, **request: Any) -> Outcome | None:
        return nothing_to_do(self.root, Request(channels=channels, **request), self.now)

    def text(self, name: str) -> str:
        return (self.root / "public" / name).read_text()

    @property
    def warnings(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Warned)]


@pytest.fixture
def letter(tmp_path: Path) -> Newsletter:
    made = Newsletter(tmp_path / "letter")
    for date in ("2020-12-06", "2021-06-20", "2021-07-04", "2021-07-18"):
        made.write(date, topic=f"第{date}题")
    return made


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were parsed, in order."""
    paths: list[str] = []
    read = reader.read
    monkeypatch.setattr(reader, "read", lambda text, path: (paths.append(path), read(text, path))[1])
    return paths


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were put in place, in order."""
    names: list[str] = []
    replace_file = Path.replace

    def note(self: Path, target: Path) -> Path:
        names.append(Path(target).name)
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", note)
    return names


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files
    }


# ------------------------------------------------------------ what is written


def test_pages_come_before_the_index_and_the_index_before_the_feeds(
    letter: Newsletter, replaced: list[str]
) -> None:
    letter.publish()
    made = [name for name in replaced if name.endswith((".html", ".txt"))]
    assert sorted(made[:4]) == [
        f"{date}.html" for date in ("2020-12-06", "2021-06-20", "2021-07-04", "2021-07-18")
    ]
    assert made[4:] == ["index.html", "2020.txt", "feed.txt"]
    assert replaced.index("revisions.json") < replaced.index("2021-07-18.html")
    assert replaced.index("feed.txt.gz") < replaced.index("site.json")


def test_what_a_first_run_gives(letter: Newsletter) -> None:
    outcome = letter.publish()
    assert outcome.exit_code == 0
    assert outcome.issue
    assert (outcome.issue.path, outcome.issue.title) == (
        "issues/2021-07-18.md",
        "慢刊 (2021-07-18)：第2021-07-18题",
    )
    pages, feed = outcome.channels["pages"], outcome.channels["feed"]
    assert (len(pages.written), pages.unchanged, pages.issues) == (5, 0, 4)
    assert pages.shown == ("public/index.html",)
    assert feed.written == ("public/2020.txt", "public/2020.txt.gz", "public/feed.txt", "public/feed.txt.gz")
    assert feed.shown == ("public/feed.txt",)
    assert letter.text("index.html").splitlines() == [
        f"慢刊 ({date})：第{date}题" for date in ("2021-07-18", "2021-07-04", "2021-06-20", "2020-12-06")
    ]
    told = [event for event in letter.events if isinstance(event, Chosen | ChannelOutcome)]
    assert told == [Chosen(outcome.issue, newest=True), pages, feed]
    assert letter.warnings == ["pages: dull: 2021-07-18"]


def test_a_page_knows_its_neighbours(letter: Newsletter) -> None:
    letter.publish()
    assert letter.text("2021-07-04.html").splitlines()[1:3] == [
        "慢刊 (2021-06-20)：第2021-06-20题",
        "慢刊 (2021-07-18)：第2021-07-18题",
    ]
    assert letter.text("2020-12-06.html").splitlines()[1] == "-"
    assert letter.text("2021-07-18.html").splitlines()[2] == "-"


def test_entries_have_the_ids_and_times_of_the_newsletter(letter: Newsletter) -> None:
    letter.publish()
    first, second = letter.text("feed.txt").splitlines()
    assert first.startswith("tag:e.org,2021:n/2021-07-18 2021-07-18 09:45:00+08:00 ")
    assert second.startswith("tag:e.org,2021:n/2021-07-04 2021-07-04 09:45:00+08:00 ")


# ------------------------------------------------------ what is not done again


def test_a_second_run_reads_nothing_and_writes_nothing(
    letter: Newsletter, parsed: list[str], replaced: list[str]
) -> None:
    first = letter.publish()
    assert len(parsed) == 4
    before = tree(letter.root)
    parsed.clear()
    replaced.clear()
    second = letter.publish()
    assert (parsed, letter.pages.rendered, replaced) == ([], [], [])
    assert second.nothing_to_do
    assert second.channels["pages"].unchanged == 5
    assert tree(letter.root) == before
    quick = letter.quick()
    assert quick
    assert quick.nothing_to_do
    assert quick.issue == first.issue
    assert [(name, one.unchanged) for name, one in quick.channels.items()] == [("pages", 5), ("feed", 4)]


def test_one_changed_issue_is_parsed_once(letter: Newsletter, parsed: list[str], replaced: list[str]) -> None:
    letter.publish()
    letter.write("2021-06-20", topic="第2021-06-20题", text="改过的正文")
    parsed.clear()
    replaced.clear()
    assert letter.quick() is None
    outcome = letter.publish()
    assert parsed == ["issues/2021-06-20.md"]
    assert letter.pages.rendered == ["2021-06-20"]
    assert outcome.channels["pages"].written == ("public/2021-06-20.html",)
    assert outcome.channels["feed"].written == ()  # not among the two newest, and not of 2020
    assert letter.text("2021-06-20.html").splitlines()[3] == "2021-07-18 12:00:00+08:00"


def test_a_changed_title_shows_on_the_neighbours(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    letter.write("2021-06-20", topic="新题")
    parsed.clear()
    outcome = letter.publish()
    assert sorted(parsed) == [f"issues/{date}.md" for date in ("2020-12-06", "2021-06-20", "2021-07-04")]
    assert len(outcome.channels["pages"].written) == 4
    assert letter.text("2020-12-06.html").splitlines()[2] == "慢刊 (2021-06-20)：新题"


def test_a_new_issue_costs_two_parses(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    letter.write("2021-07-19", topic="增刊")
    letter.now += dt.timedelta(days=1)
    parsed.clear()
    outcome = letter.publish()
    assert sorted(parsed) == ["issues/2021-07-18.md", "issues/2021-07-19.md"]
    assert sorted(outcome.channels["pages"].written) == [
        "public/2021-07-18.html",
        "public/2021-07-19.html",
        "public/index.html",
    ]


def test_a_touched_file_is_not_parsed(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    os.utime(letter.root / "issues" / "2021-07-04.md", ns=(1, 1_650_000_000_000_000_001))
    parsed.clear()
    assert letter.quick() is None
    assert letter.publish().nothing_to_do
    assert parsed == []
    assert letter.quick()


def test_an_edit_in_the_moment_of_a_run_is_not_missed(letter: Newsletter) -> None:
    path = letter.write("2021-07-18", text="甲")
    path.touch()
    moment = path.stat().st_mtime_ns
    letter.publish()
    letter.write("2021-07-18", text="乙")  # as many bytes, and the clock of the file system has not moved
    os.utime(path, ns=(moment, moment))
    assert letter.quick() is None
    assert letter.publish().channels["pages"].written == ("public/2021-07-18.html",)


def test_channels_are_remembered_apart(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    letter.write("2021-07-18", topic="第2021-07-18题", text="改")
    outcome = letter.publish("feed")
    assert list(outcome.channels) == ["feed"]
    assert letter.quick("feed")
    assert letter.quick() is None
    parsed.clear()
    outcome = letter.publish()
    assert parsed == ["issues/2021-07-18.md"]
    assert outcome.channels["pages"].written == ("public/2021-07-18.html",)
    assert outcome.channels["feed"].written == ()


# ------------------------------------------------------------------ what heals


@pytest.mark.parametrize("name", ["2020-12-06.html", "index.html", "feed.txt", "2020.txt.gz"])
@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_an_output_that_was_lost_comes_back(letter: Newsletter, name: str, how: str) -> None:
    letter.publish()
    path = letter.root / "public" / name
    body = path.read_bytes()
    path.unlink() if how == "deleted" else path.write_bytes(b"")
    assert letter.quick() is None
    outcome = letter.publish()
    assert path.read_bytes() == body
    assert [key for one in outcome.channels.values() for key in one.written] == [f"public/{name}"]


@pytest.mark.parametrize("name", ["index.json", "site.json", "bodies-0.pack"])
@pytest.mark.parametrize("how", ["deleted", "cut", "rubbish"])
def test_a_damaged_cache_is_made_again_and_no_file_is_touched(
    letter: Newsletter, name: str, how: str
) -> None:
    letter.publish()
    before = tree(letter.root / "public")
    path = letter.root / ".publisher" / "cache" / name
    if how == "deleted":
        path.unlink()
    else:
        body = path.read_bytes()
        path.write_bytes(body[: len(body) // 2] if how == "cut" else b"{}" * len(body))
    letter.write("2020-12-06", topic="第2020-12-06题", text="改")  # so that there is something to do
    outcome = letter.publish()
    assert outcome.exit_code == 0
    after = tree(letter.root / "public")
    changed = {"2020-12-06.html", "2020.txt", "2020.txt.gz"}
    assert {key for key in before if before[key] != after[key]} == changed
    assert letter.quick()


def test_a_killed_run_leaves_nothing_behind(letter: Newsletter) -> None:
    letter.publish()
    (letter.root / ".publisher" / "lock").write_text("4711\n")
    strays = [letter.root / "public" / f"{TEMPORARY}1-1", letter.root / ".publisher" / f"{TEMPORARY}1-2"]
    for stray in strays:
        stray.write_bytes(b"half")
    letter.publish()
    assert not any(stray.exists() for stray in strays)


def test_one_at_a_time(letter: Newsletter) -> None:
    with held(letter.root / ".publisher" / "lock"):
        before = tree(letter.root)
        with pytest.raises(BusyError):
            letter.publish()
        assert tree(letter.root) == before


# --------------------------------------------------------------------- dry run


def test_a_dry_run_says_what_a_run_does_and_touches_nothing(letter: Newsletter) -> None:
    before = tree(letter.root)
    dry = letter.publish(dry_run=True)
    assert tree(letter.root) == before
    assert not (letter.root / ".publisher").exists()
    assert {n: one.written for n, one in letter.publish().channels.items()} == {
        name: one.written for name, one in dry.channels.items()
    }
    letter.write("2021-07-18", topic="第2021-07-18题", text="改")
    before = tree(letter.root)
    dry = letter.publish(dry_run=True)
    assert tree(letter.root) == before
    assert dry.channels["pages"].written == ("public/2021-07-18.html",)
    assert dry.channels["feed"].written == ("public/feed.txt", "public/feed.txt.gz")


def test_another_folder_to_write_to(letter: Newsletter, tmp_path: Path) -> None:
    letter.publish(out=tmp_path / "elsewhere")
    assert not (letter.root / "public").exists()
    assert len(list((tmp_path / "elsewhere" / "public").iterdir())) == 9
    assert letter.quick(out=tmp_path / "elsewhere")
    assert letter.quick() is None
    letter.publish()
    assert len(list((letter.root / "public").iterdir())) == 9


# ---------------------------------------------------------------- which issues


def test_drafts_and_future_issues_are_left_out_in_silence(letter: Newsletter) -> None:
    letter.write("2021-07-20")
    letter.write("2021-07-10", front="---\ndraft: true\n---\n")
    outcome = letter.publish()
    assert outcome.channels["pages"].issues == 4
    assert [text for text in letter.warnings if not text.startswith("pages: ")] == []


def test_an_issue_appears_on_its_day_by_itself(letter: Newsletter) -> None:
    letter.write("2021-07-20")
    letter.publish()
    letter.now = dt.datetime(2021, 7, 19, 15, 59, tzinfo=dt.UTC)  # 23:59 in China
    assert letter.quick()
    letter.now += dt.timedelta(minutes=1)
    assert letter.quick() is None
    outcome = letter.publish()
    assert outcome.issue
    assert outcome.issue.date == "2021-07-20"
    assert outcome.channels["pages"].issues == 5


def test_none_is_due(tmp_path: Path) -> None:
    letter = Newsletter(tmp_path / "letter")
    letter.write("2021-08-01")
    outcome = letter.publish()
    assert (outcome.issue, outcome.until, outcome.nothing_to_do) == (None, "2021-08-01", True)
    assert not (letter.root / "public").exists()


def test_no_file_at_all(tmp_path: Path) -> None:
    letter = Newsletter(tmp_path / "letter")
    with pytest.raises(ConfigError) as caught:
        letter.publish()
    assert caught.value.message == f"no file matches issues = 'issues/*.md' of {letter.root}/publisher.toml"


def test_a_broken_issue_stops_no_other(letter: Newsletter) -> None:
    for name, body in (("2021-01-03.md", "# 慢刊 (2021-01-03)".encode("gbk")), ("notes.md", b"# Notes")):
        (letter.root / "issues" / name).write_bytes(body)
        os.utime(letter.root / "issues" / name, ns=(1, 1_600_000_000_000_000_001))
    outcome = letter.publish()
    assert outcome.channels["pages"].issues == 4
    left_out = [text for text in letter.warnings if not text.startswith("pages: ")]
    assert left_out[0].startswith("left out: issues/2021-01-03.md:1:3: ")
    assert left_out[1] == "left out: issues/notes.md has no date"
    quick = letter.quick()
    assert quick
    assert list(quick.warnings) == left_out


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("# 慢刊 (2021-07-xx)：题", "issues/2021-07-19.md:1:3: the date 2021-07-xx is not complete"),
        ("---\nid: ../../etc\n---\n# 慢刊 (2021-07-04)", "cannot be part of an address"),
    ],
)
def test_the_issue_to_publish_is_broken(letter: Newsletter, body: str, message: str) -> None:
    letter.config = replace(
        letter.config, publication=replace(letter.config.publication, url="https://e.org/{id}/")
    )
    letter.now += dt.timedelta(days=1)
    (letter.root / "issues" / "2021-07-19.md").write_text(body)
    with pytest.raises(IssueError, match=message):
        letter.publish()
    assert not (letter.root / "public").exists()


def test_an_issue_that_cannot_be_read_again(letter: Newsletter) -> None:
    letter.publish()
    path = letter.root / "issues" / "2021-07-04.md"
    before = path.stat()
    path.write_bytes(b"\xff" * before.st_size)
    os.utime(path, ns=(1, before.st_mtime_ns))  # as if nothing had happened
    (letter.root / "public" / "2021-07-04.html").unlink()
    outcome = letter.publish("pages")
    assert outcome.exit_code == 1
    error = outcome.channels["pages"].error
    assert error
    assert error.message.startswith("issues/2021-07-04.md:1:1: ")


def test_two_issues_of_one_day(letter: Newsletter) -> None:
    letter.write("2021-07-18", name="copy")
    with pytest.raises(IssueError) as caught:
        letter.publish()
    assert caught.value.message == ("issues/2021-07-18.md and issues/copy.md are both the issue 2021-07-18")
    assert not (letter.root / "public").exists()


def test_an_issue_that_is_gone_is_dropped_but_its_page_is_not_deleted(letter: Newsletter) -> None:
    letter.publish()
    (letter.root / "issues" / "2021-07-04.md").unlink()
    outcome = letter.publish()
    assert outcome.channels["pages"].gone == ("public/2021-07-04.html",)
    assert (letter.root / "public" / "2021-07-04.html").exists()
    assert "2021-07-04" not in letter.text("index.html")
    assert "2021-07-04" not in letter.text("feed.txt")
    assert "第2021-06-20题" in letter.text("2021-07-18.html")
    assert letter.publish().channels["pages"].gone == ()


def test_a_renamed_file_changes_nothing(letter: Newsletter) -> None:
    letter.publish()
    folder = letter.root / "issues"
    (folder / "2021-07-04.md").rename(folder / "another.md")
    before = tree(letter.root / "public")
    assert letter.publish().channels["pages"].gone == ()
    assert tree(letter.root / "public") == before


def test_times_of_correction_that_are_lost_are_lost_everywhere(letter: Newsletter) -> None:
    letter.publish()
    letter.write("2020-12-06", topic="第2020-12-06题", text="改")
    letter.publish()
    assert letter.text("2020-12-06.html").splitlines()[3] == "2021-07-18 12:00:00+08:00"
    (letter.root / ".publisher" / "revisions.json").unlink()
    letter.write("2021-07-18", topic="第2021-07-18题", text="改")
    letter.publish()
    assert letter.text("2020-12-06.html").splitlines()[3] == "2020-12-06 09:45:00+08:00"


def test_damaged_revisions_are_told_and_written_anew(letter: Newsletter) -> None:
    letter.publish()
    path = letter.root / ".publisher" / "revisions.json"
    path.write_text("<<<<<<<")
    letter.write("2021-07-18", text="改")
    letter.publish()
    assert f"{path} is damaged: every issue counts as never corrected" in letter.warnings
    assert path.read_text().startswith('{"tag:e.org,2021:n/2020-12-06"')


def test_a_huge_file_is_left_out_unread(letter: Newsletter) -> None:
    path = letter.root / "issues" / "2021-07-11.md"
    with path.open("wb") as file:
        file.truncate(50 << 20)
    outcome = letter.publish()
    assert letter.warnings[0] == "left out: issues/2021-07-11.md has 50 MB, and an issue at most 8"
    assert outcome.exit_code == 0


# ---------------------------------------------------- channels without an archive


@dataclass(frozen=True)
class Post:
    """One file per issue, for the issue to publish only."""

    name: ClassVar[str] = "post"
    live: bool = False
    sent: list[str] = field(default_factory=list, compare=False)

    def render(self, issue: Issue, context: Context) -> Rendering:
        text = context.entry.title.encode()
        return Rendering((Part(f"outbox/{issue.id}/post.txt", "text/plain", text),), ("a bit long",))

    def session(self) -> Any:
        return Mailbox(self.sent) if self.live else FolderSession()


class Mailbox:
    """A session that leaves nothing in the folder."""

    def __init__(self, sent: list[str]) -> None:
        self.sent = sent

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def deliver(self, part: Part, destination: str) -> Receipt:
        self.sent.append(part.key)
        return Receipt()


def test_a_channel_without_an_archive_gets_the_issue_to_publish(letter: Newsletter) -> None:
    letter.config = replace(letter.config, channels=(Post(),))
    assert letter.publish().channels["post"].written == ("outbox/2021-07-18/post.txt",)
    assert letter.warnings == ["post: a bit long"]
    outcome = letter.publish(issue="2021-07-04")
    assert outcome.channels["post"].written == ("outbox/2021-07-04/post.txt",)
    assert outcome.channels["post"].gone == ()
    path = letter.root / "outbox" / "2021-07-04" / "post.txt"
    path.unlink()
    assert letter.publish(issue="2021-07-04").channels["post"].written == ("outbox/2021-07-04/post.txt",)
    path.unlink()
    assert letter.publish().nothing_to_do  # the older issue is not its business any more


def test_what_was_sent_is_not_sent_again(letter: Newsletter) -> None:
    post = Post(live=True)
    letter.config = replace(letter.config, channels=(post,))
    letter.publish()
    (letter.root / "issues" / "2021-06-20.md").touch()  # so that the run has a look
    assert letter.publish().nothing_to_do
    letter.write("2020-12-06", topic="改过的题")
    letter.publish()
    assert post.sent == ["outbox/2021-07-18/post.txt"]


# ------------------------------------------------------------ channels that fail


class Refusing(FolderSession):
    """A session that fails on one part."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__()
        self.name = name
        self.error = error

    def deliver(self, part: Part, destination: str) -> Receipt:
        if part.key.endswith(self.name):
            raise self.error
        return super().deliver(part, destination)


@dataclass(frozen=True)
class Troubled(Pages):
    """Pages, whose delivery fails on one part."""

    part: str = ""
    error: Exception | None = None

    def session(self) -> FolderSession:
        return Refusing(self.part, self.error) if self.error else FolderSession()


def troubled(letter: Newsletter, part: str, error: Exception) -> Outcome:
    letter.config = replace(letter.config, channels=(Troubled(part=part, error=error), Feed()))
    outcome = letter.publish()
    assert (letter.root / "public" / "feed.txt").exists(), "one channel stopped the other"
    return outcome


def test_a_channel_that_fails_stops_no_other(letter: Newsletter) -> None:
    outcome = troubled(letter, "2020-12-06.html", DeliveryError("no room", permanent=True))
    assert outcome.exit_code == 3
    assert outcome.channels["feed"].error is None
    assert not (letter.root / "public" / "index.html").exists(), "the index leads to a page that is not there"
    assert letter.quick() is None
    letter.config = replace(letter.config, channels=(Pages(), Feed()))
    assert letter.publish().exit_code == 0
    assert letter.text("index.html").count("\n") == 3


def test_nothing_is_sent_after_a_failure(letter: Newsletter) -> None:
    outcome = troubled(letter, "2021-07-18.html", DeliveryError("no room"))  # the first to be delivered
    assert outcome.channels["pages"].written == ()
    assert not list((letter.root / "public").glob("*.html"))


def test_a_failing_index_leaves_the_pages(letter: Newsletter) -> None:
    outcome = troubled(letter, "index.html", DeliveryError("no room"))
    assert outcome.exit_code == 3
    assert len(outcome.channels["pages"].written) == 4


def test_an_unknown_outcome_is_told_as_such(letter: Newsletter) -> None:
    outcome = troubled(letter, "index.html", ConnectionResetError("by peer"))
    assert outcome.exit_code == 4
    error = outcome.channels["pages"].error
    assert error
    assert error.message == (
        "pages: nobody knows whether public/index.html went out: ConnectionResetError: by peer"
    )


def test_a_channel_that_fails_on_one_issue_publishes_the_others(letter: Newsletter) -> None:
    letter.write("2020-12-06", topic="渲染失败")
    outcome = letter.publish()
    assert outcome.exit_code == 3
    error = outcome.channels["pages"].error
    assert error
    assert error.message == "pages cannot render issues/2020-12-06.md: ZeroDivisionError: no such thing"
    assert letter.text("index.html").count("\n") == 2
    assert outcome.channels["feed"].error is None


def test_a_channel_that_fails_on_every_issue_keeps_its_old_index(letter: Newsletter) -> None:
    letter.publish()
    old = letter.text("index.html")
    for path in sorted((letter.root / "issues").iterdir()):
        letter.write(path.stem, topic="渲染失败")
    assert letter.publish().exit_code == 3
    assert letter.text("index.html") == old


def test_channels_that_are_not_there_or_off(letter: Newsletter) -> None:
    with pytest.raises(ConfigError, match=r"^there is no channel rsss$"):
        letter.publish("rsss")
    with pytest.raises(ConfigError) as caught:
        letter.publish("rss")
    assert caught.value.message == "the channel rss is off"
    assert caught.value.hint == "switch it on: [channels.rss] in publisher.toml"
    assert not (letter.root / "public").exists()


# ------------------------------------------------------------------- processes


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_processors", lambda: 2)


@pytest.mark.usefixtures("two")
def test_a_crew_does_all_jobs_once() -> None:
    with Crew(100) as crew:
        assert sorted(crew.do(operator.add, range(60), 60)) == list(range(100, 160))
        assert sorted(crew.do(operator.sub, iter(range(30)), 30)) == list(range(71, 101))
        crew.close()
        assert sorted(crew.do(operator.add, range(30), 30)) == list(range(100, 130))


@pytest.mark.usefixtures("two")
def test_a_crew_takes_jobs_larger_than_a_pipe_holds() -> None:
    with Crew(b"") as crew:
        assert sum(map(len, crew.do(operator.add, [bytes(1_000_000)] * 30, 30))) == 30_000_000


@pytest.mark.usefixtures("two")
def test_a_mistake_in_a_worker_is_told() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"), Crew(1) as crew:
        list(crew.do(operator.truediv, [1] + [0] * 30, 31))


@pytest.mark.usefixtures("two")
def test_a_worker_that_dies_is_noticed() -> None:
    with pytest.raises(RuntimeError, match="a worker process died"), Crew(eval) as crew:
        list(crew.do(operator.call, ["1"] + ["__import__('os')._exit(3)"] * 30, 31))


ORPHANS = """
import operator, os, sys, time
from itertools import islice
from publisher.pipeline import crew
crew._processors = lambda: 2
with crew.Crew(time.sleep) as them:
    for _ in islice(them.do(operator.call, [0.01] * 2000, 2000), 1, None):
        print(*(process.pid for process in them._workers.values()), flush=True)
"""


def test_workers_of_a_killed_parent_end() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        workers = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    assert len(workers) == 2
    end = dt.datetime.now() + dt.timedelta(seconds=20)
    while any(map(is_alive, workers)) and dt.datetime.now() < end:
        pass
    assert not any(map(is_alive, workers))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.usefixtures("two")
def test_many_issues_give_the_same_bytes_in_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = Newsletter(tmp_path / "letter")
    (letter.root / "publisher.toml").write_text(
        '[newsletter]\nname = "慢刊"\nurl = "https://e.org/{date}/"\nid = "tag:e.org,2021:n"\n'
    )
    letter.config = settings.load(letter.root / "publisher.toml", registry.load)
    for day in range(1, 31):
        letter.write(f"2021-06-{day:02}", topic=f"第 {day} 日", name=f"issue-{31 - day}")
    letter.publish()
    monkeypatch.setattr(crew_module, "_processors", lambda: 1)
    letter.publish(out=tmp_path / "alone")
    together, alone = tree(letter.root / "public"), tree(tmp_path / "alone" / "public")
    assert {key: body for key, (body, _) in together.items()} == {
        key: body for key, (body, _) in alone.items()
    }
    assert "2021-06-30/index.html" in together
    assert "第 29 日" in together["2021-06-30/index.html"][0].decode()
