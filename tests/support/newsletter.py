"""A newsletter folder for tests, used in three ways.

`Project` publishes and runs the scheduler in this process, on fake channels and a clock that a test sets.
`CommandProject` runs commands in this process as an editor types them, on the channel `Chat`.
`ProcessProject` runs commands in processes of their own, on a real channel that reaches a test server.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from publisher import registry
from publisher.build.up_to_date import check_up_to_date
from publisher.calendar.calendar import Upcoming, find_upcoming
from publisher.channel import Channel
from publisher.cli.main import main
from publisher.clock import Clock
from publisher.config import Config
from publisher.daemon.alerts import DaemonEvent
from publisher.daemon.heartbeat import Heartbeat
from publisher.daemon.scheduler import PassResult, Scheduler
from publisher.events import ChannelOutcome, Outcome, Request, RunWarning
from publisher.ledger import Ledger, PublicationKey
from publisher.listen_address import ListenAddress
from publisher.newsletter import Newsletter
from publisher.pipeline.publish import publish
from publisher.run import RunContext
from publisher.theme import Theme
from publisher.timetable import Schedule
from tests.support.command_server import Done, run_command
from tests.support.fake_channel import Behaviour, Chat, Post, World

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def at(text: str) -> dt.datetime:
    """A moment in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


DUE = at("2021-07-18T01:45")
"""09:45 in Shanghai."""

NOON = at("2021-07-18T04:00")
"""12:00 in Shanghai."""

ISSUE = "tag:e.org,2021:n/2021-07-18"
"""The id of that day's issue in the ledger."""

CHAT_SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
timezone = "Asia/Shanghai"

[channels.rss]
enabled = false

[channels.chat]
room = "@readers"
me = "@me"
"""


def write_settled(path: Path, text: str) -> None:
    """Write a file as if long ago: what was written just now is read only when it is still."""
    path.write_text(text, "utf-8")
    os.utime(path, ns=(1, 1_600_000_000_000_000_001 + zlib.crc32(path.read_bytes())))


class NewsletterFolder:
    """The files of a newsletter: its settings, its issues and its ledger."""

    def __init__(self, root: Path, settings: str = "[newsletter]") -> None:
        self.root = root
        self.world = World(root / "world")
        (root / "issues").mkdir(parents=True, exist_ok=True)
        (root / "publisher.toml").write_text(settings, "utf-8")

    def path(self, date: str) -> Path:
        """Return the file of an issue."""
        return self.root / "issues" / f"{date}.md"

    def write(self, date: str, *topics: str, head: str = "", text: str = "", name: str = "") -> Path:
        """Write an issue of one item below the front matter `head`.

        `text` is the summary of the item, and `name` a file name other than the date. The modification time
        is in the past and differs with the content: a run would read a file written just now again.
        """
        path = self.path(name or date)
        summary = f"摘要：{text}。\n" if text else ""
        write_settled(
            path,
            f"{head}# 慢刊 ({date})：{'/'.join(topics) or '题'}\n\n"
            f"## 新闻\n\n- [条目](https://e.org/{date})\n{summary}",
        )
        return path

    @property
    def place(self) -> Path:
        """The file of the ledger."""
        return self.root / ".publisher" / "ledger.db"

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.place)


class Project(NewsletterFolder):
    """A newsletter in this process, whose time stands still until it is set or waited for.

    Whenever something waits, `meanwhile` is called first, and the seconds are added to `waited`.
    """

    def __init__(self, root: Path, channels: tuple[Channel, ...] = (), now: dt.datetime = NOON) -> None:
        super().__init__(root)
        self.channels: tuple[Any, ...] = channels or (Post(self.world),)
        self.newsletter = Newsletter("慢刊", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:n")
        self.schedule = Schedule()
        self.listen: ListenAddress | None = None
        self.private_files: tuple[str, ...] = ()
        self.now = now
        self.waited = 0.0
        self.meanwhile: Callable[[], object] | None = None
        self.clock = Clock(lambda: self.now, self._wait)
        self.stop = Event()
        self.run_events: list[Any] = []
        """The events of the last run by hand."""
        self.events: list[DaemonEvent] = []
        """The events of the scheduler."""
        self._ticker = self.ticker()

    @property
    def zone(self) -> str:
        return self.newsletter.timezone

    @zone.setter
    def zone(self, name: str) -> None:
        self.newsletter = replace(self.newsletter, timezone=name)

    @property
    def config(self) -> Config:
        return Config(
            self.root / "publisher.toml",
            self.root,
            self.newsletter,
            channels=self.channels,
            schedule=self.schedule,
            listen=self.listen,
            private_files=self.private_files,
        )

    def _wait(self, seconds: float) -> None:
        if self.meanwhile:
            self.meanwhile()
        self.waited += seconds
        self.now += dt.timedelta(seconds=seconds)

    # ------------------------------------------------------------ publishing by hand

    def publish(self, *channels: Any, **request: Any) -> Outcome:
        """Publish by hand: to these channels, which replace those of the project, or to its own."""
        self.run_events = []
        config = replace(self.config, channels=channels or self.channels)
        wanted = Request(**request)
        return publish(config, Theme.load(), wanted, self.now, self.run_events.append, self.clock, self.stop)

    def post(self, behaves: Behaviour | None = None, **request: Any) -> ChannelOutcome:
        """Publish to one fake channel, whose deliveries go as `behaves` says."""
        return self.publish(Post(self.world, behaves=behaves), **request).channels["post"]

    def with_post(self, **changed: Any) -> None:
        """Change the first channel."""
        self.channels = (replace(self.channels[0], **changed), *self.channels[1:])

    def quick(self, *channels: str, **request: Any) -> Outcome | None:
        """Return the outcome of a run that would change nothing, found without parsing."""
        return check_up_to_date(self.root, Request(channels=channels, **request), self.now)

    def text(self, name: str) -> str:
        """A file of the web site."""
        return (self.root / "public" / name).read_text("utf-8")

    @property
    def warnings(self) -> list[str]:
        return [event.message for event in self.run_events if isinstance(event, RunWarning)]

    @property
    def sent(self) -> list[str]:
        """The texts that were delivered, in order."""
        return [call.text for call in self.world if call.act == "deliver"]

    def key(self, date: str = "2021-07-18", channel: str = "post") -> PublicationKey:
        return PublicationKey(f"tag:e.org,2021:n/{date}", channel, "@readers")

    # ----------------------------------------------------------------- the scheduler

    def ticker(self, heartbeat: Heartbeat | None = None) -> Scheduler:
        return Scheduler(self.events.append, self.stop, heartbeat)

    def restart(self) -> None:
        """Replace the scheduler, so that it forgets what only its process knew."""
        self._ticker = self.ticker()

    def tick(self, ticker: Scheduler | None = None) -> PassResult:
        return (ticker or self._ticker).run_pass(self.config, Theme.load(), self.clock)

    def coming(self) -> Upcoming:
        with self.open_run() as run:
            return find_upcoming(run)

    def open_run(self) -> closing[RunContext]:
        return closing(RunContext.open(self.config, Theme.load(), self.now))

    def said(self, what: str) -> list[DaemonEvent]:
        return [news for news in self.events if news.what == what]


def due_project(root: Path) -> Project:
    """Return a project whose one issue, of one message, is due right now."""
    project = Project(root, now=DUE)
    project.write("2021-07-18", "一")
    return project


class Said(NamedTuple):
    code: int
    out: str
    err: str


class CommandProject(NewsletterFolder):
    """A newsletter of an old issue, a new one and a draft, with web pages and a chat."""

    def __init__(self, root: Path, say: Callable[[], tuple[str, str]]) -> None:
        super().__init__(root, CHAT_SETTINGS)
        self._say = say
        self.write("2021-07-04", "旧")
        self.write("2021-07-18", "一", "二", "三")
        self.write("2021-08-01", "草", "稿", head="---\ndraft: true\n---\n")

    def orders(self, *orders: str) -> None:
        """Say what the chat does to parts, see `Chat`."""
        (self.root / "orders").write_text("\n".join(orders))

    def run(self, *words: str, now: dt.datetime = NOON) -> Said:
        code = main(list(words), now)
        return Said(code, *self._say())

    def lines(self, *words: str, code: int = 0, now: dt.datetime = NOON) -> list[str]:
        """The lines of the result, without times that differ from run to run."""
        said = self.run(*words, now=now)
        assert said.code == code, said
        return re.sub(r"  \d+\.\d s$", "", said.out, flags=re.MULTILINE).splitlines()

    def chat(self, *words: str, code: int = 0) -> str:
        """What `publish status` says of the newest issue on the chat."""
        rows = self.lines("status", "2021-07-18", *words, code=code)
        start = next(number for number, row in enumerate(rows) if row.startswith("  chat"))
        mine = [row[8:] for row in rows[start:] if row.startswith(("  chat", " " * 8))]
        return "\n".join(mine)


def command_project(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandProject:
    """Return such a project below a folder, which is made the working directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    load = registry.load_channel
    monkeypatch.setattr(registry, "load_channel", lambda name: Chat if name == "chat" else load(name))
    project = CommandProject(folder / "letter", capsys.readouterr)
    monkeypatch.chdir(project.root)
    return project


class ProcessProject(NewsletterFolder):
    """A newsletter on one real channel, for commands in processes of their own."""

    def __init__(self, root: Path, channel: str, env: dict[str, str]) -> None:
        super().__init__(root)
        self.env = env
        self.said = ""
        """What the last command printed, on both streams."""
        self.configure_channel(channel)

    def configure_channel(self, channel: str) -> None:
        """Write publisher.toml; `channel` is the table of the channel."""
        (self.root / "publisher.toml").write_text(
            f"""[newsletter]
name = "慢工"
url = "https://example.org/{{date}}/"
id = "tag:example.org,2021:slow"

{channel}
""",
            "utf-8",
        )

    def start(self, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "publisher", *words],
            cwd=self.root,
            env=os.environ | self.env | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *words: str, env: dict[str, str] | None = None) -> Done:
        """Run a command until it ends."""
        return run_command(words, self.root, os.environ | self.env | (env or {}))

    def publish(self, *words: str, code: int = 0, env: dict[str, str] | None = None) -> dict[str, Any]:
        """Run a command with --json and return its result."""
        done = self.run(*words, "--json", env=env)
        self.said = done.out + done.errors
        assert done.code == code, self.said
        result: dict[str, Any] = json.loads(done.out) if done.out else {}
        return result
