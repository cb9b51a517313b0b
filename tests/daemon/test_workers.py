"""Workers send what another process has planned, from a folder of their own with publisher.toml alone."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import closing
from pathlib import Path
from time import sleep

import pytest

from publisher.channels.email.rate_limit import build_rate_limits
from publisher.daemon.shard_worker import share_threads
from publisher.delivery.engine import LaneThreads
from publisher.ledger import Ledger
from tests.daemon.worker_letter import KEY, MANY, SEND, Letter, addresses, eventually
from tests.support.postgres import Postgres
from tests.support.servers.mail_server import Fault, MailServer


def test_an_issue_is_planned_here_and_sent_there(letter: Letter, server: MailServer) -> None:
    everyone = addresses(MANY) + addresses(3, "qq.com")
    letter.enter(everyone)
    planned = letter.publish(*SEND)["channels"]["email"]
    assert (planned["queued"], planned["sent"], planned["error"]) == (MANY + 3, 0, None)
    assert letter.publish(*SEND)["channels"]["email"]["queued"] == MANY + 3
    assert server.mails == []
    waiting = letter.status(code=0)
    assert (waiting["condition"], waiting["counts"]["planned"]) == ("busy", MANY + 3)
    assert {lane["lane"]: (lane["open"], lane["held"], lane["deliveries"]["planned"]) for lane in waiting["lanes"]} == {
        "qq.com": (1, 0, 3),
        "other": (3, 0, MANY),
    }
    with letter.worker(), letter.worker("--threads", "1"):
        eventually(lambda: len(server.mails) >= MANY + 3)
        eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(everyone)
    assert letter.publish(*SEND)["channels"]["email"]["queued"] == 0
    assert KEY not in letter.said


def test_nothing_is_planned_without_the_tables(tmp_path: Path, server: MailServer, postgres: Postgres) -> None:
    letter = Letter(tmp_path, server.url, postgres.address())
    letter.enter(addresses(2))
    outcome = letter.publish(*SEND, code=2)["channels"]["email"]
    assert outcome["error"] == {
        "message": "the queue of the workers has no tables yet",
        "hint": "create them: publish worker --setup",
    }
    assert letter.status()["counts"]["planned"] == 0
    letter.publish("tick", code=1)  # it is too late for an issue of long ago
    with letter.worker(code=2) as worker:
        worker.wait(300)
    assert letter.said.startswith("error: the queue of the workers has no tables yet")
    assert letter.publish("worker", "--setup")["scripts"] != []
    assert letter.publish("worker", "--setup")["scripts"] == []
    assert letter.publish(*SEND)["channels"]["email"]["queued"] == 2


def test_a_worker_that_is_stopped_leaves_the_rest_to_others(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(MANY))
    letter.publish(*SEND)
    with letter.worker():
        eventually(lambda: len(server.mails) > 100)
    counts = letter.count()
    assert (counts["unknown"], counts["sending"], counts["sent"]) == (0, 0, len(server.mails))
    assert counts["planned"] > 0, "it was stopped too late to show anything"
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(addresses(MANY))


def test_a_worker_whose_database_is_gone_can_be_stopped(letter: Letter, postgres: Postgres) -> None:
    letter.enter(addresses(2))
    letter.publish(*SEND)
    with letter.worker() as worker:
        assert worker.stdout
        assert [worker.stdout.readline() for _ in range(2)][1] == "2021-07-18 sent email: 2 in lane other\n"
        postgres.stop("immediate")
        assert worker.stdout.readline().startswith("failed: ")
    assert letter.said.endswith("stopped\n")


def test_a_worker_that_is_killed_leaves_as_much_unknown_as_it_was_sending(letter: Letter, server: MailServer) -> None:
    everyone = addresses(MANY) + [one for lane in build_rate_limits() for one in addresses(2, lane)]
    letter.enter(everyone)
    letter.publish(*SEND)
    server.script(Fault(".", hangs=True, at=0))
    with letter.worker("--threads", "6", code=-signal.SIGKILL) as victim:
        eventually(lambda: letter.count()["sending"] >= 6)
        sleep(2)  # enough to begin with others, if it would
        victim.kill()
        victim.wait()
    server.script()
    with letter.worker():
        eventually(lambda: letter.count()["planned"] + letter.count()["sending"] == 0)
    counts = letter.count()
    assert (counts["unknown"], counts["sent"]) == (6, len(everyone) - 6)
    assert max(Counter(server.readers).values()) == 1
    with letter.start("resolve", "2021-07-18", "--channel", "email", "--resend") as process:
        assert "the workers send the rest: publish status" in "".join(process.communicate(timeout=300))


@pytest.mark.parametrize("lanes", [("",), ("163.com",), ("", "163.com"), ("", "163.com", "qq.com", "sina.com")])
def test_threads_are_shared_among_the_lanes(lanes: tuple[str, ...]) -> None:
    limited = {*lanes} - {""}
    for messages in range(1, 12):
        groups, left = share_threads(lanes, messages)
        assert sorted(lane for group in groups for lane in group.lanes) == sorted(lanes)
        assert min(group.threads for group in groups) >= 1
        total = sum(group.threads for group in groups) + left
        assert total == (messages if "" in lanes else min(messages, len(limited)))
        own = [LaneThreads([lane], 1) for lane in sorted(limited)]
        assert messages <= len(limited) or groups[: len(own)] == own
        assert not left or groups[-1] == LaneThreads([""], 2)


def test_jobs_that_are_lost_are_enqueued_again(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(MANY))
    letter.publish(*SEND)
    truncate = "TRUNCATE procrastinate_jobs CASCADE"
    with closing(Ledger(letter.database)) as ledger:
        with ledger.transaction() as tx:
            tx.execute(truncate)
        letter.publish("tick")
        with ledger.transaction() as tx:
            assert tx.fetch_all("SELECT COUNT(*) FROM procrastinate_jobs") == [(2,)]
        with letter.worker("--threads", "6"):
            eventually(lambda: len(server.mails) > 100)
            with ledger.transaction() as tx:
                tx.execute(truncate)
            eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(addresses(MANY))


def test_a_job_that_comes_twice_has_an_effect_once(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(MANY))
    letter.publish(*SEND)
    with closing(Ledger(letter.database)) as ledger, ledger.transaction() as tx:
        copied = "INSERT INTO procrastinate_jobs (queue_name, task_name, args) SELECT queue_name, task_name, args"
        for _ in range(3):
            tx.execute(f"{copied} FROM procrastinate_jobs")
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(addresses(MANY))


def test_a_worker_of_one_lane_leaves_the_others(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(3) + addresses(1, "qq.com"))
    letter.publish(*SEND)
    with letter.worker("--lanes", "qq.com,163.com"):
        eventually(lambda: len(server.mails) == 1)
        sleep(1)
    assert server.readers == addresses(1, "qq.com")
    with letter.worker("--lanes", "other"):
        eventually(lambda: letter.status()["condition"] == "published")
    assert len(server.readers) == 4
