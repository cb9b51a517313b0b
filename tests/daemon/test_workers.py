"""Workers send what another process has planned, from a folder of their own with publisher.toml alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from publisher.channels.email.rate_limit import build_rate_limits
from publisher.daemon.shard_worker import share_threads
from publisher.delivery.engine import LaneThreads
from publisher.ledger import Ledger
from publisher.ledger.meta import get_meta, set_meta
from publisher.signing import SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.support.newsletter import NOON, ProcessProject
from tests.support.postgres import Postgres
from tests.support.servers.mail_server import Fault, MailServer

NEWSLETTER = "tag:example.org,2021:slow"
KEY = "slack-water-4711-and-more"
SEND = ("--channel", "email", "--yes")
MANY = 1_020


class Letter(ProcessProject):
    """A newsletter with its own list in a database, and workers with folders of their own."""

    def __init__(self, root: Path, url: str, database: str, login: str = "") -> None:
        self.database = database
        tables = f"""[schedule]
at = "09:45"
on_failure = "sh -c 'cat >> {root}/alarms; echo >> {root}/alarms'"

[ledger]
postgres = "env:LEDGER"
workers = true

[subscribers]
url = "https://list.slow.press/n"
key = "env:LIST_KEY"

[channels.email]
from = "editor@slow.press"
server = "{url}"
{login}"""
        super().__init__(root / "letter", tables, {"LIST_KEY": KEY, "LEDGER": database, "MAIL_PASSWORD": "neap"})
        (self.root / "issues" / "2021-07-18.md").write_text(
            "# 慢工 (2021-07-18)：题\n\n## 新闻\n\n- [条目](https://e.org/1)\n摘要：一句。\n", "utf-8"
        )
        self.alarms = root / "alarms"
        self._elsewhere = root / "elsewhere"
        self._elsewhere.mkdir()

    def enter(self, addresses: list[str]) -> None:
        """Import these into the list."""
        with closing(Ledger(self.database)) as ledger:
            people = SubscriberList(ledger, NEWSLETTER, SigningKeys(KEY))
            import_entries(people, [ImportEntry(one) for one in addresses], Origin(NOON, "import"), dry_run=False)

    @contextmanager
    def worker(self, *options: str, code: int = 0) -> Iterator[subprocess.Popen[str]]:
        """Run a worker until the end of the block, in a folder with nothing but publisher.toml."""
        shutil.copy(self.root / "publisher.toml", self._elsewhere)
        with subprocess.Popen(
            [sys.executable, "-m", "publisher", "worker", *options],
            cwd=self._elsewhere,
            env=os.environ | self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                self.said = process.communicate(timeout=1800)[0]
        assert process.returncode == code, self.said
        assert [path.name for path in self._elsewhere.iterdir()] == ["publisher.toml"]

    def count(self) -> dict[str, Any]:
        """What the status says of the deliveries."""
        row: dict[str, Any] = self.status()
        counts: dict[str, Any] = row["counts"]
        return counts

    def status(self, code: int | None = None) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert code is None or done.code == code, done
        rows: list[dict[str, Any]] = json.loads(done.out)["rows"]
        return next(row for row in rows if row["channel"] == "email")


def eventually(is_so: Callable[[], bool]) -> None:
    end = monotonic() + 300
    while not is_so():
        assert monotonic() < end, "it has not become so"
        sleep(0.05)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def letter(tmp_path: Path, server: MailServer, postgres: Postgres) -> Letter:
    letter = Letter(tmp_path, server.url, postgres.address())
    letter.publish("worker", "--setup")
    return letter


def addresses(number: int, domain: str = "example.net") -> list[str]:
    return [f"reader{one}@{domain}" for one in range(number)]


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


def test_what_a_person_sees(letter: Letter) -> None:
    letter.enter(addresses(2))
    out = letter.run(*SEND).out
    assert re.search(r"^✓ email +2 messages are with the workers: publish status$", out, re.MULTILINE)
    status = letter.run("status")
    assert "being published" in status.out
    assert "by workers: 0 of 2 in lane other" in status.out
    assert "no worker is running: publish worker" in status.errors
    findings = letter.publish("doctor", "--verbose", code=2)["findings"]
    [finding] = [one for one in findings if one["subject"] == "workers"]
    assert finding["message"] == "no worker is running, and messages wait for one"
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "published")
        findings = letter.publish("doctor", "--verbose")["findings"]
        [message] = [one["message"] for one in findings if one["subject"] == "workers"]
        assert re.fullmatch(r"1 worker alive: process \d+ on \S+", message)
    assert re.findall(r"^(?:started|stopped|2021.*)$", letter.said, re.MULTILINE) == [
        "started",
        "2021-07-18 sent email: 2 in lane other",
        "stopped",
    ]


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
        with letter.worker("--threads", "1"):
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


def test_a_failure_is_reported_once_by_all_workers_together(tmp_path: Path, postgres: Postgres) -> None:
    with MailServer(user="lin", password="spring") as server:
        login = 'user = "lin"\npassword = "env:MAIL_PASSWORD"\n'
        letter = Letter(tmp_path, server.url, postgres.address(), login)
        letter.publish("worker", "--setup")
        letter.enter(addresses(MANY))
        letter.publish(*SEND)
        with letter.worker(), letter.worker():
            eventually(letter.alarms.exists)
            sleep(3)
        assert len(letter.alarms.read_text("utf-8").splitlines()) == 1
        assert "refused the login of lin" in letter.said
        assert letter.count()["planned"] == MANY
        letter.env["MAIL_PASSWORD"] = "spring"
        with letter.worker():
            eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(addresses(MANY))


def test_failed_deliveries_are_the_daemons_to_report_and_a_persons_to_retry(letter: Letter, server: MailServer) -> None:
    server.script(Fault("RCPT", "554 5.7.1 mail content denied", reader="reader1@example.net", at=0))
    letter.enter(addresses(3))
    letter.publish(*SEND)
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "failed")
    assert not letter.alarms.exists()
    letter.publish("tick", code=3)
    letter.publish("tick")
    assert len(letter.alarms.read_text("utf-8").splitlines()) == 1
    server.script()
    assert letter.publish("retry", "2021-07-18", *SEND)["channels"]["email"]["queued"] == 1
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(addresses(3))


def test_the_status_says_why_messages_wait(letter: Letter, server: MailServer) -> None:
    server.script(Fault("MAIL", "550 5.7.1 sender blocked", at=0))
    letter.enter(addresses(3))
    letter.publish(*SEND)
    assert letter.status()["detail"] == "by workers: 0 of 3 in lane other"
    with letter.worker():
        eventually(lambda: letter.status()["detail"] != "by workers: 0 of 3 in lane other")
    detail = "by workers: 0 of 3 in lane other · the server refused the sender: 550 5.7.1 sender blocked"
    assert letter.status()["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lanes", "qq"), "there is no lane qq with a rate limit of its own"),
        (("--threads", "0"), "0 is not a number of threads"),
        (("--threads", "x"), "x is not a number of threads"),
    ],
)
def test_wrong_options(letter: Letter, options: tuple[str, ...], message: str) -> None:
    with letter.worker(*options, code=2) as worker:
        worker.wait(300)
    assert message in letter.said


def test_a_worker_with_other_settings_sends_nothing(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(3))
    letter.publish(*SEND)
    letter.env["LIST_KEY"] = "another-key-of-the-list-0815"
    with letter.worker(code=2) as worker:
        worker.wait(300)
    assert letter.said == (
        "error: not the same here as in the process that plans the issues: [subscribers] key"
        " · copy its publisher.toml and secrets; if they were changed there: publish tick\n"
    )
    findings = letter.publish("doctor", "--verbose", code=2)["findings"]
    [message] = [one["message"] for one in findings if one["subject"] == "workers"]
    assert message.endswith("plans the issues: [subscribers] key")
    letter.env["LIST_KEY"] = KEY
    settings = letter.root / "publisher.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("editor@slow.press", "other@slow.press"), "utf-8")
    with letter.worker(code=2) as worker:
        worker.wait(300)
    assert "[channels.email] from" in letter.said
    letter.publish("tick")
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "published")
    assert {mail.sender for mail in server.mails} == {"other@slow.press"}


def test_a_worker_whose_settings_become_others_sends_nothing(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(3))
    with letter.worker() as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "started\n"
        with closing(Ledger(letter.database)) as ledger:
            name = f"settings of what is sent of {NEWSLETTER}"
            letter.publish(*SEND)
            eventually(lambda: len(server.mails) == 3)
            right = get_meta(ledger, name)
            set_meta(ledger, name, right.replace("editor@", "other@"))
            assert "[channels.email] from" in next(line for line in worker.stdout if line.startswith("failed"))
            set_meta(ledger, name, right)
            assert next(line for line in worker.stdout if line.startswith("recovered"))


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
