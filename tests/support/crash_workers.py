"""Processes that deliver the shards of one publication together, and die. A script, as crash.py is:

    python -m tests.support.crash_workers kills --rounds 3 --ledger FOLDER
    python -m tests.support.crash_workers edges --ledger FOLDER --postgres ADDRESS

prints one JSON object per round.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import signal
import sys
import time
from contextlib import closing
from functools import partial
from threading import Event, Semaphore
from typing import ClassVar

from publisher.channel import Capabilities, Part, Rendering
from publisher.clock import Clock
from publisher.delivery import job
from publisher.delivery.plan import plan_delivery
from publisher.delivery.shard_delivery import deliver_shard
from publisher.errors import PublisherError
from publisher.ledger import PublicationKey, listing, rolling
from publisher.ledger.open_shards import select_open_shards
from publisher.ledger.queries import find_status
from tests.support.crash import Round, build_parser, child, end, wait_until_reached, wait_until_suspended
from tests.support.fake_channel import Letters, Post, World

MANY, SHARD, BATCH = 600, 20, 100
WORKERS = 3
EDGES = ("begun", "sending", "acted", "confirming", "confirmed")
PLANNING_EDGES = ("planning:kill:1", "rolled:kill:1", "rolled:kill:3", "rolled:kill:9", "planned:kill:1")
ENOUGH_SECONDS = 600


class Brief(Letters, frozen=True):
    """Letters whose leases are short."""

    capabilities: ClassVar[Capabilities] = Capabilities(timeout=3.0)


def plan(one: Round) -> int:
    """Plan a publication for workers; the exit code."""
    with closing(one.ledger) as ledger:
        known = find_status(ledger, one.key)
        todo = plan_delivery(one.channel, one.rendering, one.key, known)
        clock = Clock.running(dt.datetime.now(dt.UTC))
        planning = job.DeliveryJob(ledger, todo, clock, 5.0, Event(), Event(), dt.UTC, on_open=lambda *_: None)
        try:
            planning.run()
        except PublisherError as error:
            return error.exit_code
    return 0


def work(one: Round) -> int:
    """Deliver any shards until none is left; the exit code."""
    clock, chance = Clock.running(dt.datetime.now(dt.UTC)), random.Random(os.getpid())
    deadline = time.monotonic() + ENOUGH_SECONDS
    with closing(one.ledger) as ledger:
        while time.monotonic() < deadline:
            with ledger.transaction() as tx:
                shards = select_open_shards(tx, one.key.issue, one.channel.name, "", clock.time(), 5)
            if shards:
                shard = chance.choice(shards)
                deliver_shard(
                    *(ledger, one.channel, shard.id),
                    clock=clock,
                    stop=Event(),
                    zone=dt.UTC,
                    fence=shard.fence,
                    spare=Semaphore(one.channel.concurrency - 1),
                )
                continue
            status = find_status(ledger, one.key)
            if status and not status.counts.planned + status.counts.sending:
                return 0
            time.sleep(0.02)
    return 70


def make(folder_name: str, arguments: argparse.Namespace, channel_kind: type[Post] = Letters) -> Round:
    """A publication of its own."""
    channel = channel_kind(World(arguments.ledger / f"world-{folder_name}"), count=MANY)
    rendering = Rendering((Part("mail", "text/plain", b"text"),))
    place = arguments.postgres or arguments.ledger / f"ledger-{folder_name}.db"
    return Round(place, channel, PublicationKey(f"tag:e.org,2021:{folder_name}", channel.name, "@readers"), rendering)


def tell(one: Round, kills: int, codes: list[int], **more: object) -> None:
    """Print what a counter needs to know."""
    with closing(one.ledger) as ledger:
        found = find_status(ledger, one.key)
    left = found.counts.unknown if found else 0
    done = bool(found and found.done) == (not left)
    print(json.dumps(one.result(kills, 4 if left else 0) | {"codes": codes, "done": done} | more), flush=True)


def kills(arguments: argparse.Namespace) -> None:
    """Workers are killed at any moment, and replaced."""
    for number in range(arguments.rounds):
        chance, one = random.Random(f"{arguments.seed}-{number}"), make(f"kills-{arguments.seed}-{number}", arguments)
        assert end(child(partial(plan, one))) == 0
        living, killed = [child(partial(work, one)) for _ in range(WORKERS)], 0
        for reached in sorted(chance.sample(range(MANY), 4)):
            wait_until_reached(one.channel.world, reached)
            victim = living.pop(chance.randrange(WORKERS))
            os.kill(victim, signal.SIGKILL)
            killed += end(victim) == -signal.SIGKILL
            living.append(child(partial(work, one)))
        tell(one, killed, [end(number) for number in living])


def edges(arguments: argparse.Namespace) -> None:
    """Of two workers one dies at each place, early and late; the other goes on."""
    for edge in EDGES:
        for hit in (1, 7):
            one = make(f"edge-{edge}-{hit}", arguments)
            assert end(child(partial(plan, one))) == 0
            first = child(partial(work, one), f"{edge}:kill:{hit}")
            second = child(partial(work, one))
            killed = end(first) == -signal.SIGKILL
            tell(one, killed, [end(second)], name=f"{edge} {hit}", died=killed)


def planners(arguments: argparse.Namespace) -> None:
    """Who plans dies in between: nothing is sent until another has planned the rest."""
    for edge in PLANNING_EDGES:
        one = make(f"plan-{edge.replace(':', '-')}", arguments)
        died = end(child(partial(plan, one), edge)) == -signal.SIGKILL
        whole = edge.startswith("planned")
        if not whole:
            with closing(one.ledger) as ledger, ledger.transaction() as tx:
                now = dt.datetime.now(dt.UTC)
                assert not select_open_shards(tx, one.key.issue, one.channel.name, "", now, 5), edge
        again = end(child(partial(plan, one)))
        workers = [child(partial(work, one)) for _ in range(2)]
        tell(one, 0, [again, *(end(number) for number in workers)], name=edge, died=died)


def stopped(arguments: argparse.Namespace) -> None:
    """A worker is suspended for longer than its lease, while another takes over its shard."""
    for edge in ("begun", "acted", "confirming"):
        one = make(f"stopped-{edge}", arguments, Brief)
        assert end(child(partial(plan, one))) == 0
        begun = time.monotonic()
        first = child(partial(work, one), f"{edge}:stop:3")
        wait_until_suspended(first, one.place)
        try:
            busy = end(child(partial(plan, one)))
            was_leased = time.monotonic() - begun < 2 * Brief.capabilities.timeout  # a busy machine may take longer
            code = end(child(partial(work, one)))
        finally:  # a stopped process would keep the pipe to the test open
            os.kill(first, signal.SIGCONT)
        tell(one, 1, [code, end(first)], name=edge, busy=busy, was_leased=was_leased)


if __name__ == "__main__":
    job.RECIPIENTS_PER_SHARD = SHARD
    rolling.ROWS_PER_TRANSACTION = listing.ROWS_PER_TRANSACTION = BATCH
    scenes = {"kills": kills, "edges": edges, "planners": planners, "stopped": stopped}
    given = build_parser([*scenes]).parse_args()
    sys.exit(scenes[given.what](given))
