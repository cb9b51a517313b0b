"""A process that delivers to many recipients over a channel that only counts them: its time is the ledger's.

`python send.py LEDGER RECIPIENTS CONNECTIONS` prints seconds of wall clock and of processor time, as JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import ClassVar

from publisher.channel import Capabilities, Context, MessageChannel, Part, Receipt, Rendering, Session
from publisher.clock import Clock
from publisher.delivery.job import DeliveryJob
from publisher.delivery.plan import plan_delivery
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.queries import find_status
from publisher.model import Issue

KEY = PublicationKey("tag:example.org,2025:bench/2025-01-01", "counted", "@readers")


class Counting(Session):
    """Takes everything, and gives it a number as a mail server does."""

    def __init__(self) -> None:
        self.count = 0

    def deliver(self, part: Part, destination: str, first_attempt: dt.datetime | None = None) -> Receipt:  # noqa: ARG002
        self.count += 1
        return Receipt(remote_id=f"<{self.count:08x}.{id(self):x}@example.org>")


class Counted(MessageChannel, frozen=True):
    """A list of invented addresses."""

    name: ClassVar[str] = "counted"
    capabilities: ClassVar[Capabilities] = Capabilities()
    destination: str = "@readers"
    number: int = 1
    connections: int = 1

    @property
    def concurrency(self) -> int:
        return self.connections

    def render(self, issue: Issue, context: Context) -> Rendering:
        raise NotImplementedError

    def recipients(self) -> Iterable[str]:
        return (f"reader{n}@example.net" for n in range(self.number))

    def session(self) -> Session:
        return Counting()


def main(place: str, number: int, connections: int) -> None:
    ledger = Ledger(place if place.startswith("postgresql:") else Path(place))
    clock = Clock(lambda: dt.datetime.now(dt.UTC), time.sleep)
    channel = Counted(number=number, connections=connections)
    rendering = Rendering((Part("message.eml", "message/rfc822", b"text"),))
    plan = plan_delivery(channel, rendering, KEY, None)
    began, busy = time.perf_counter(), time.process_time()
    DeliveryJob(ledger, plan, clock, 60.0, Event(), Event(), dt.UTC).run()
    taken, busy = time.perf_counter() - began, time.process_time() - busy
    status = find_status(ledger, KEY)
    if not status or status.counts.sent != number or not status.done:
        raise SystemExit(f"not all were delivered: {status}")
    ledger.close()
    print(json.dumps({"seconds": taken, "processor": busy}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
