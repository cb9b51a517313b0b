"""Publishers that die, and what is left of their work. A script, so that it can fork in peace:

    python -m tests.support.crash loop --seed 7 --rounds 10 --ledger FOLDER
    python -m tests.support.crash edges --ledger FOLDER

prints one JSON object per round. `--postgres ADDRESS` keeps the ledger there instead, and then two publishers
are at work at a time.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from publisher import failpoints
from publisher.channel import Capabilities, Part, Rendering
from publisher.clock import Clock
from publisher.delivery.job import DeliveryJob
from publisher.delivery.plan import plan_delivery
from publisher.errors import BusyError, PublisherError
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.queries import find_status
from tests.support.fake_channel import Letters, Post, World

EDGES = ("planning", "planned", "begun", "sending", "acted", "confirming", "confirmed")
ONCE = ("planning", "planned", "confirmed")
"""Where a publisher comes by once, and elsewhere for each window."""

KILLS = 4
MANY = 1_000
LINE = 110
"""About the bytes of an effect."""


class Pings(Post, frozen=True):
    """To tell twice is the same as once."""

    name: ClassVar[str] = "pings"
    capabilities: ClassVar[Capabilities] = Capabilities(can_edit=True, idempotent=True, timeout=10.0)


class Round(Struct, frozen=True):
    """One publication, from the first try until nothing more can be done by itself."""

    place: Path | str
    channel: Post
    key: PublicationKey
    rendering: Rendering

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.place)

    def publish(self) -> int:
        """One publisher's work; its exit code."""
        ledger = self.ledger
        known = find_status(ledger, self.key)
        clock = Clock.running(dt.datetime.now(dt.UTC))
        todo = plan_delivery(self.channel, self.rendering, self.key, known)
        try:
            DeliveryJob(ledger, todo, clock, 5.0, Event(), Event(), dt.UTC).run()
        except PublisherError as error:
            return error.exit_code
        finally:
            ledger.close()
        return 0

    def result(self, kills: int, code: int) -> dict[str, object]:
        """What a counter needs to know."""
        ledger = self.ledger
        found = find_status(ledger, self.key)
        ledger.close()
        world = World(self.channel.world.path)
        return {
            "counts": found.counts._asdict() if found else {},
            "reached": len(world.sent),
            "twice": sum(1 for count in world.sent.values() if count > 1),
            "kills": kills,
            "window": self.channel.concurrency,
            "code": code,
        }


def child(work: Callable[[], int], failpoint: str = "") -> int:
    """Start a process that does `work`; its number."""
    number = os.fork()
    if number:
        return number
    failpoints._SPEC = failpoint
    failpoints._hits.clear()
    code = 70
    with suppress(BaseException):
        code = work()
    os._exit(code)


def end(number: int) -> int:
    """Wait for a process; its exit code, negative when a signal ended it."""
    _, status = os.waitpid(number, 0)
    return os.waitstatus_to_exitcode(status)


def wait_until_suspended(number: int, place: Path | str) -> None:
    """Wait until a process has suspended itself, in no transaction of the ledger: another of its threads may be in
    one, and goes on until that is over. A lock is not taken over, as a lease is."""
    while True:
        _, status = os.waitpid(number, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        if not is_locked(place):
            return
        os.kill(number, signal.SIGCONT)
        time.sleep(0.001)
        os.kill(number, signal.SIGSTOP)


def is_locked(place: Path | str) -> bool:
    """Whether a process is in a transaction of the ledger."""
    if isinstance(place, str):
        import psycopg

        sql = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> %s"
        with psycopg.connect(place, autocommit=True) as connection:
            return bool(connection.execute(sql, (connection.info.backend_pid,)).fetchall())
    with closing(sqlite3.connect(place, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
            return True
        return False


def rounds(arguments: argparse.Namespace) -> Iterator[tuple[random.Random, Round]]:
    for number in range(arguments.rounds):
        name = f"{arguments.seed}-{number}"
        channel = Letters(World(arguments.ledger / f"world-{name}"), count=MANY)
        rendering = Rendering((Part("mail", "text/plain", b"text"),))
        place = arguments.postgres or arguments.ledger / f"ledger-{name}.db"
        key = PublicationKey(f"tag:e.org,2021:{name}", channel.name, channel.destination)
        yield random.Random(name), Round(place, channel, key, rendering)


def loop(arguments: argparse.Namespace) -> None:
    """Kill publishers at random places, then let one finish."""
    for chance, one in rounds(arguments):
        kills = 0
        for _ in range(KILLS):
            edge = chance.choice(EDGES)
            times = 1 if edge in ONCE else chance.randrange(1, MANY // one.channel.concurrency // KILLS)
            kills += end(child(one.publish, f"{edge}:kill:{times}")) == -signal.SIGKILL
        print(json.dumps(one.result(kills, end(child(one.publish)))), flush=True)


def pairs(arguments: argparse.Namespace) -> None:
    """Two publishers at a time, one of which is killed now and then; the survivor continues."""
    for chance, one in rounds(arguments):
        kills = 0

        def persist(one: Round = one) -> int:
            while (code := one.publish()) == BusyError.exit_code:
                time.sleep(0.01)
            return code

        living = [child(persist) for _ in range(2)]
        for reached in sorted(chance.sample(range(MANY), KILLS)):
            wait_until_reached(one.channel.world, reached)
            victim = living.pop(chance.randrange(2))
            os.kill(victim, signal.SIGKILL)
            kills += end(victim) == -signal.SIGKILL
            living.append(child(persist))
        codes = [end(number) for number in living]
        print(json.dumps(one.result(kills, max(codes))), flush=True)


def wait_until_reached(world: World, count: int) -> None:
    """Wait until the world has that many effects, or after the first no more come: some are left to a person."""
    size, seen = 0, time.monotonic()
    while size < count * LINE and (not size or time.monotonic() - seen < 0.5):
        now = world.path.stat().st_size if world.path.exists() else 0
        if now > size:
            size, seen = now, time.monotonic()
        time.sleep(0.001)


def edges(arguments: argparse.Namespace) -> None:
    """Every place × every kind of channel × every way to fail, then one run that finds no obstacle."""
    parts = tuple(Part(str(number), "text/plain", b"text") for number in range(3))
    for kind in (Post, Letters, Pings):
        for edge in EDGES:
            for action in ("kill", "raise", "full"):
                name = f"{kind.name}-{edge}-{action}"
                channel = kind(World(arguments.ledger / f"world-{name}"), count=1 if kind is Post else 15)
                chosen = Rendering(parts if kind is Post else parts[:1])
                key = PublicationKey(f"tag:e.org,2021:{name}", channel.name, channel.destination)
                place = arguments.postgres or arguments.ledger / f"ledger-{name}.db"
                one = Round(place, channel, key, chosen)
                first = end(child(one.publish, f"{edge}:{action}:{1 if edge in ONCE else 2}"))
                code = end(child(one.publish))
                found = one.result(1, code) | {"name": name, "first": first, "total": 3 if kind is Post else 15}
                print(json.dumps(found), flush=True)


def stopped(arguments: argparse.Namespace) -> None:
    """A publisher that is stopped past its lease, while another takes over."""

    class Brief(Letters, frozen=True):
        capabilities: ClassVar[Capabilities] = Capabilities(timeout=1.0)

    for edge in ("begun", "sending", "acted", "confirming"):
        channel = Brief(World(arguments.ledger / f"world-{edge}"), count=40)
        key = PublicationKey(f"tag:e.org,2021:{edge}", channel.name, channel.destination)
        rendering = Rendering((Part("mail", "text/plain", b"text"),))
        place = arguments.postgres or arguments.ledger / f"ledger-{edge}.db"
        one = Round(place, channel, key, rendering)
        begun = time.monotonic()
        first = child(one.publish, f"{edge}:stop:2")
        wait_until_suspended(first, place)
        try:
            busy = end(child(one.publish))
            was_leased = time.monotonic() - begun < 2 * Brief.capabilities.timeout  # a busy machine may take longer
            time.sleep(2.2)
            code = end(child(replace(one).publish))
        finally:  # a stopped process would keep the pipe to the test open
            os.kill(first, signal.SIGCONT)
        found = one.result(1, code) | {"name": edge, "busy": busy, "was_leased": was_leased, "late": end(first)}
        print(json.dumps(found), flush=True)


def race(arguments: argparse.Namespace) -> None:
    """Six publishers of one issue at once."""
    parts = tuple(Part(str(number), "text/plain", b"text") for number in range(3))
    for number in range(arguments.rounds):
        channel = Post(World(arguments.ledger / f"world-{number}"))
        key = PublicationKey(f"tag:e.org,2021:{number}", channel.name, channel.destination)
        place = arguments.postgres or arguments.ledger / "ledger.db"
        one = Round(place, channel, key, Rendering(parts))
        start = time.monotonic() + 0.05

        def publish(one: Round = one, start: float = start) -> int:
            time.sleep(max(0.0, start - time.monotonic()))
            return one.publish()

        codes = [end(number) for number in [child(publish) for _ in range(6)]]
        print(json.dumps(one.result(0, min(codes)) | {"codes": codes}), flush=True)


def build_parser(names: list[str]) -> argparse.ArgumentParser:
    """The arguments of a script with these scenes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=names)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--postgres", default="")
    return parser


if __name__ == "__main__":
    scenes = {"loop": loop, "pairs": pairs, "edges": edges, "stopped": stopped, "race": race}
    given = build_parser([*scenes]).parse_args()
    sys.exit(scenes[given.what](given))
