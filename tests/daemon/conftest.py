"""What the tests of the daemon share."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.calendar.calendar import Upcoming, find_upcoming
from publisher.channel import Receipt
from publisher.clock import Clock
from publisher.config import Config, ListenAddress
from publisher.daemon.alerts import DaemonEvent
from publisher.daemon.heartbeat import Heartbeat
from publisher.daemon.scheduler import PassResult, Scheduler
from publisher.errors import DeliveryError
from publisher.events import Outcome, Request
from publisher.ledger import Ledger, PublicationKey
from publisher.newsletter import Newsletter
from publisher.pipeline.publish import publish
from publisher.theme import Theme
from publisher.timetable import Schedule
from tests.support.fake_channel import Behaviour, Call, Post, World

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def at(text: str) -> dt.datetime:
    """A moment in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


DUE = at("2021-07-18T01:45")
"""09:45 in Shanghai."""


def refuse(error: Exception, times: int = 99, *, acts: bool = False) -> Behaviour:
    """Fail so many times, with the effect or without, and then do as asked."""
    left = [times]

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if not left[0]:
            return effect()
        left[0] -= 1
        if acts:
            effect()
        raise error

    return behave


def rest() -> Receipt:
    """The platform wants to be left alone for a while."""
    raise DeliveryError("tired", retry_after=3600)


@dataclass
class Project:
    """Issues, channels, a schedule, and a time that stands still until it is set."""

    root: Path
    now: dt.datetime = DUE
    channels: tuple[Any, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    zone: str = "Asia/Shanghai"
    events: list[DaemonEvent] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    listen: ListenAddress | None = None

    def __post_init__(self) -> None:
        (self.root / "issues").mkdir(parents=True, exist_ok=True)
        (self.root / "publisher.toml").write_text("[newsletter]")
        self.world = World(self.root / "world")
        self.channels = self.channels or (Post(self.world),)
        self._ticker = self.ticker()

    def ticker(self, heartbeat: Heartbeat | None = None) -> Scheduler:
        return Scheduler(self.events.append, self.stop, heartbeat)

    def restart(self) -> None:
        """Forget all that only a process knows."""
        self._ticker = self.ticker()

    def path(self, date: str) -> Path:
        return self.root / "issues" / f"{date}.md"

    def write(self, date: str, *topics: str, head: str = "") -> None:
        text = f"{head}# 慢刊 ({date})：{'/'.join(topics)}\n\n## 新闻\n\n- [条目](https://e.org/{date})\n"
        self.path(date).write_text(text)

    @property
    def config(self) -> Config:
        base = "https://e.org/"
        newsletter = Newsletter("慢刊", f"{base}{{date}}/", base, "tag:e.org,2021:n", timezone=self.zone)
        path = self.root / "publisher.toml"
        return Config(
            path,
            self.root,
            newsletter,
            channels=self.channels,
            schedule=self.schedule,
            listen=self.listen,
        )

    @property
    def clock(self) -> Clock:
        def wait(seconds: float) -> None:
            self.now += dt.timedelta(seconds=seconds)

        return Clock(lambda: self.now, wait)

    def tick(self, ticker: Scheduler | None = None) -> PassResult:
        return (ticker or self._ticker).run_pass(self.config, Theme.load(), self.clock)

    def publish(self, issue: str = "", **request: Any) -> Outcome:
        """Publish by hand."""
        asked = Request(issue, **request)
        return publish(self.config, Theme.load(), asked, self.now, lambda _: None, self.clock)

    def coming(self) -> Upcoming:
        return find_upcoming(self.config, Theme.load(), self.now)

    def said(self, what: str) -> list[DaemonEvent]:
        return [news for news in self.events if news.what == what]

    @property
    def sent(self) -> list[str]:
        """The texts that reached readers, in order."""
        return [call.text for call in self.world if call.act == "deliver"]

    @property
    def place(self) -> Path:
        return self.root / ".publisher" / "ledger.db"

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.place)

    def key(self, date: str = "2021-07-18", channel: str = "post") -> PublicationKey:
        return PublicationKey(f"tag:e.org,2021:n/{date}", channel, "@readers")

    def with_post(self, **changed: Any) -> None:
        self.channels = (replace(self.channels[0], **changed), *self.channels[1:])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One issue of one message, due right now."""
    return due_project(tmp_path / "letter")
