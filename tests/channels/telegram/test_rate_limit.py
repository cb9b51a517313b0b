"""No chat gets messages faster than it takes them, for which the ledger keeps count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from publisher.channel import Rendering, Session
from publisher.channels.telegram import Telegram
from publisher.channels.telegram.rate_limit import CHAT_LIMIT
from publisher.channels.telegram.session import ChatSession
from publisher.clock import Clock as RunClock
from publisher.delivery.job import DeliveryJob
from publisher.delivery.plan import DeliveryPlan, plan_delivery
from publisher.errors import DeliveryError
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.queries import find_status
from tests.channels.telegram.api_server import Clock, part
from tests.support.servers.telegram_api import TelegramServer

MORNING = dt.datetime(2024, 5, 20, 8, tzinfo=dt.UTC)


class Chat:
    """A chat on a server that refuses what comes too fast; time passes while somebody waits for it."""

    def __init__(self, server: TelegramServer, clock: Clock, ledger: Ledger) -> None:
        server.api.enforces_pace = True
        self.server = server
        self._ledger = ledger
        self._clock = RunClock(lambda: MORNING + dt.timedelta(seconds=clock.now), clock.sleep)

    def send(self, *texts: str, issue: str = "2024-05-20") -> None:
        """Send an issue of these messages, or change it to these."""
        channel = Telegram(token="env:TIDE_TOKEN", chat="@tide", api=self.server.url)
        key = PublicationKey(f"tide/{issue}", "telegram", "@tide")
        parts = tuple(part(text, number) for number, text in enumerate(texts, 1))
        status = find_status(self._ledger, key)
        plan: DeliveryPlan = plan_delivery(channel, Rendering(parts), key, status)
        DeliveryJob(self._ledger, plan, self._clock, 0.0, Event(), Event(), dt.UTC).run()

    @property
    def times(self) -> list[float]:
        return [call["at"] for call in self.server.calls]


@pytest.fixture
def chat(environment: None, server: TelegramServer, clock: Clock, tmp_path: Path) -> Iterator[Chat]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        yield Chat(server, clock, ledger)


def check(times: list[float]) -> None:
    assert min(after - before for before, after in pairwise(times)) >= 1
    assert min(after - before for before, after in zip(times, times[20:], strict=False)) >= 60


def test_no_chat_gets_more_than_it_takes(chat: Chat) -> None:
    """Not even when a second issue follows at once, and the first is changed meanwhile."""
    chat.send(*map(str, range(25)))
    chat.send(*map(str, range(10)), issue="2024-05-21")
    chat.send(*(f"{number}改" for number in range(25)))
    methods = [call["method"] for call in chat.server.calls]
    assert methods == ["sendMessage"] * 35 + ["editMessageText"] * 25
    check(chat.times)


def test_a_few_messages_go_out_quickly(chat: Chat) -> None:
    chat.send("一", "二", "三", "四", "五")
    times = chat.times
    assert [time - times[0] for time in times] == [0, 1, 2, 3, 4]


def test_a_pin_counts_as_a_message(server: TelegramServer, connect: Callable[..., ChatSession], clock: Clock) -> None:
    with connect(pin=True) as session:
        session.deliver(part(), "@tide")
    assert clock.slept == [1.0]
    assert CHAT_LIMIT.per_minute + CHAT_LIMIT.burst + 1 <= 20


def test_the_server_would_not_take_them_faster(server: TelegramServer, session: Session) -> None:
    server.api.enforces_pace = True
    session.deliver(part(), "@tide")
    with pytest.raises(DeliveryError) as caught:
        session.deliver(part(), "@tide")
    assert caught.value.retry_after
