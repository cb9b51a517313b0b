"""The daemon as a real process: what it sends, what it writes into the journal, how it leaves."""

from __future__ import annotations

import datetime as dt
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from publisher.cli.main import main
from publisher.daemon import alarm
from publisher.ledger import DeliveryCounts, Ledger, PublicationKey
from publisher.ledger.meta import load_activity
from publisher.ledger.queries import find_status
from tests.support.fake_channel import World

ROOT = Path(__file__).parents[2]
TIMEOUT = 1800.0

SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{{date}}/"
id = "tag:e.org,2021:slow"
timezone = "UTC"

[schedule]
at = "00:00"
{schedule}

[channels.rss]
enabled = false

[channels.chat]
room = "@readers"
"""


class Daemon:
    """A newsletter whose issue of three messages is due today, and processes that serve it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.world = World(root / "world")
        self.today = dt.datetime.now(dt.UTC).date()
        (root / "issues").mkdir(parents=True)
        self.set_up()
        self.write(str(self.today), "一", "二", "三")
        self._processes: list[subprocess.Popen[str]] = []

    def set_up(self, schedule: str = "") -> None:
        (self.root / "publisher.toml").write_text(SETTINGS.format(schedule=schedule))

    def write(self, date: str, *topics: str) -> None:
        text = f"# 慢刊 ({date})：{'/'.join(topics)}\n\n## 新闻\n\n- [条目](https://e.org/{date})\n"
        (self.root / "issues" / f"{date}.md").write_text(text)

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.daemon.program", *words]
        began = subprocess.Popen(
            command,
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(self.root / "cache")} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(began)
        return began

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=TIMEOUT)
        return process.returncode, out, err

    def wait_for(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + TIMEOUT
        while not true():
            assert time.monotonic() < end, [self.end(one) for one in self._processes]
            time.sleep(0.02)

    def end(self, process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
        """Send SIGTERM; exit code, lines of the journal, and what was said beside it."""
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT)
        return process.returncode, out.splitlines(), err

    @property
    def counts(self) -> DeliveryCounts:
        with closing(self.ledger) as ledger:
            key = PublicationKey(f"tag:e.org,2021:slow/{self.today}", "chat", "@readers")
            found = find_status(ledger, key)
        return found.counts if found else DeliveryCounts()

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / ".publisher" / "ledger.db")

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "letter")
    yield made
    made.close()


def test_it_publishes_and_leaves(daemon: Daemon, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        process = daemon.start("daemon", NOTIFY_SOCKET=str(tmp_path / "notify"))
        daemon.wait_for(lambda: daemon.counts.sent == 3)
        with closing(daemon.ledger) as ledger:
            assert load_activity(ledger, "tag:e.org,2021:slow").heartbeat
        code, lines, err = daemon.end(process)
        heard = []
        while select.select([ear], [], [], 0)[0]:
            heard.append(ear.recv(100).decode())
    assert (code, err) == (0, "")
    assert (heard[0], heard[-1]) == ("READY=1", "STOPPING=1")
    assert {*heard[1:-1]} == {"WATCHDOG=1"}
    assert lines[0] == "started"
    assert lines[-1] == "stopped"
    day = daemon.today
    assert [line.partition(": late by")[0] for line in lines[1:-1]] == [
        f"{day} publishing web",
        f"{day} published web: 8 files written",
        f"{day} publishing chat",
        f"{day} published chat: @readers · 3 sent · https://chat.example/89",
    ]
    assert daemon.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    with closing(daemon.ledger) as ledger:
        assert load_activity(ledger, "tag:e.org,2021:slow").heartbeat is None


def test_it_says_what_is_next(daemon: Daemon) -> None:
    tomorrow = daemon.today + dt.timedelta(days=1)
    daemon.write(str(tomorrow), "四")
    process = daemon.start("daemon")
    daemon.wait_for(lambda: daemon.counts.sent == 3)
    code, lines, _ = daemon.end(process)
    assert code == 0
    assert lines[-2] == f"{tomorrow} next web,chat: {tomorrow} 00:00 UTC"


def test_the_journal_for_machines(daemon: Daemon) -> None:
    process = daemon.start("daemon", "--log", "json")
    daemon.wait_for(lambda: daemon.counts.sent == 3)
    code, lines, _ = daemon.end(process)
    assert code == 0
    found = [json.loads(line) for line in lines]
    assert [one["what"] for one in found] == [
        *("started", "publishing", "published", "publishing", "published", "stopped")
    ]
    assert found[4]["channels"] == ["chat"]
    assert {"at", "what", "issue", "channels", "message", "hint", "alarm"} == found[4].keys()


def test_a_term_in_mid_send(daemon: Daemon) -> None:
    """Fault 9: what is under way is ended and noted, and the rest goes out after the next start."""
    process = daemon.start("daemon", PUBLISHER_FAILPOINT="acted:wait:3")
    daemon.wait_for(lambda: daemon.world.calls)
    code, lines, _ = daemon.end(process)
    assert code == 0
    done = len(daemon.world.calls)
    assert 1 <= done < 3
    assert daemon.counts == DeliveryCounts(planned=3 - done, sent=done)
    assert lines[-1] == "stopped"
    second = daemon.start("daemon")
    daemon.wait_for(lambda: daemon.counts.sent == 3)
    daemon.end(second)
    assert daemon.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]


def test_it_shows_the_site_and_itself(daemon: Daemon) -> None:
    with (daemon.root / "publisher.toml").open("a") as settings:
        settings.write('[server]\nlisten = "127.0.0.1:0"\n')
    process = daemon.start("daemon")
    assert process.stdout
    what, _, address = process.stdout.readline().strip().partition(": ")
    assert what == "listening"
    daemon.wait_for(lambda: daemon.counts.sent == 3)

    def get(path: str) -> str:
        with urllib.request.urlopen(address + path, timeout=TIMEOUT) as answer:
            body: str = answer.read().decode()
        return body

    daemon.wait_for(lambda: 'publisher_issues{state="done"} 1' in get("metrics"))
    assert json.loads(get("healthz"))["status"] == "ok"
    assert "慢刊" in get(f"{daemon.today}/")
    assert daemon.end(process)[0] == 0


@pytest.mark.parametrize(("proxies", "are_open"), [('["127.0.0.1"]', True), ("[]", False)])
def test_a_web_server_in_front_of_it_has_no_limit(daemon: Daemon, proxies: str, are_open: bool) -> None:
    with (daemon.root / "publisher.toml").open("a") as settings:
        settings.write(f'[server]\nlisten = "127.0.0.1:0"\nproxies = {proxies}\n')
    process = daemon.start("daemon")
    assert process.stdout
    _, _, address = process.stdout.readline().strip().partition(": ")
    with ExitStack() as held:
        place = ("127.0.0.1", urlsplit(address).port)
        first, *_ = [held.enter_context(socket.create_connection(place, TIMEOUT)) for _ in range(40)]
        if are_open:
            first.sendall(b"GET /healthz HTTP/1.1\r\nHost: e.org\r\n\r\n")
        assert first.recv(5) == (b"HTTP/" if are_open else b"")
    daemon.wait_for(lambda: daemon.counts.sent == 3)
    assert daemon.end(process)[0] == 0


def test_its_numbers_are_what_the_ledger_has(daemon: Daemon) -> None:
    with (daemon.root / "publisher.toml").open("a") as settings:
        settings.write('[server]\nlisten = "127.0.0.1:0"\n')
    daemon.write(str(daemon.today + dt.timedelta(days=1)), "四")
    (daemon.root / "orders").write_text("2 refuse")
    process = daemon.start("daemon")
    assert process.stdout
    _, _, address = process.stdout.readline().strip().partition(": ")

    def numbers() -> dict[tuple[str, ...], float]:
        with urllib.request.urlopen(f"{address}metrics", timeout=TIMEOUT) as answer:
            text: str = answer.read().decode()
        return {
            (sample.name.removeprefix("publisher_"), *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    daemon.wait_for(lambda: ("next_due_timestamp_seconds",) in numbers())  # it comes last
    found = numbers()
    assert {key[2]: count for key, count in found.items() if key[:2] == ("deliveries", "chat")} == {
        "planned": 1,
        "sending": 0,
        "sent": 1,
        "failed": 1,
        "unknown": 0,
        "dropped": 0,
        "unlisted": 0,
    }
    midnight = dt.datetime.combine(daemon.today, dt.time(), dt.UTC)
    assert found["next_due_timestamp_seconds",] == (midnight + dt.timedelta(days=1)).timestamp()
    assert midnight.timestamp() < found["last_published_timestamp_seconds", "web"]
    assert ("last_published_timestamp_seconds", "chat") not in found
    assert found["heartbeat_timestamp_seconds",] > midnight.timestamp()
    assert found["issues", "open"] == 1
    assert found["ledger_errors_total",] == 0
    assert daemon.end(process)[0] == 0


def test_a_delivery_that_hangs_is_given_up(daemon: Daemon) -> None:
    """It holds up neither the next issue nor a SIGTERM."""
    process = daemon.start("daemon", HURRY="2", PUBLISHER_FAILPOINT="acted:wait:600")
    daemon.wait_for(lambda: daemon.counts.unknown == 1)
    code, lines, _ = daemon.end(process)
    assert code == 0
    assert any(line.startswith(f"{daemon.today} unknown chat: unknown whether 1 of 3") for line in lines)
    assert daemon.world.calls == ["deliver 1 一"]


def test_a_term_while_a_delivery_hangs(daemon: Daemon) -> None:
    """The process ends at the channel's timeout, and what may have been sent is unknown."""
    process = daemon.start("daemon", HURRY="2", PUBLISHER_FAILPOINT="acted:wait:600")
    daemon.wait_for(lambda: daemon.world.calls)
    assert daemon.end(process)[0] == 0
    assert daemon.counts == DeliveryCounts(planned=2, unknown=1)


def test_a_ledger_that_hangs_starves_the_watchdog(daemon: Daemon, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))

        def heard() -> list[str]:
            words = []
            while select.select([ear], [], [], 0)[0]:
                words.append(ear.recv(100).decode())
            return words

        process = daemon.start(
            "daemon", NOTIFY_SOCKET=str(tmp_path / "notify"), HURRY="0.3", PUBLISHER_FAILPOINT="confirming:wait:600"
        )
        assert process.stdout
        while not (line := process.stdout.readline()).startswith("hangs"):
            assert line, process.communicate()
        assert line == (
            "hangs: the daemon is stuck: the current run makes no progress · "
            "restart publish daemon if systemd does not, then run publish status\n"
        )
        assert heard().count("WATCHDOG=1") > 1, "as long as it might have gone on"
        time.sleep(2)
        assert heard() == []
    process.kill()
    with closing(daemon.ledger) as ledger:
        assert load_activity(ledger, "tag:e.org,2021:slow").heartbeat
    second = daemon.start("daemon")
    daemon.wait_for(lambda: daemon.counts.sent == 3)
    daemon.end(second)
    assert len(daemon.world.calls) == 3


def test_two_of_them_and_a_hand(daemon: Daemon) -> None:
    """Faults 16 and 17."""
    two = [daemon.start("daemon", PUBLISHER_FAILPOINT="acted:wait:0.2") for _ in range(2)]
    code, _, _ = daemon.run("--yes")
    assert code in (0, 5)
    assert [process.stdout.readline() for process in two if process.stdout] == ["started\n"] * 2
    daemon.wait_for(lambda: daemon.counts.sent == 3)
    assert [daemon.end(process)[0] for process in two] == [0, 0]
    assert daemon.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]


def test_a_failure_is_reported_to_a_command(daemon: Daemon) -> None:
    (daemon.root / "hook.py").write_text("import sys; open('heard', 'a').write(sys.stdin.read() + '\\n')")
    daemon.set_up(f'on_failure = "{sys.executable} hook.py"')
    (daemon.root / "orders").write_text("2 refuse")
    process = daemon.start("daemon")
    daemon.wait_for((daemon.root / "heard").exists)
    code, lines, _ = daemon.end(process)
    assert code == 0
    [heard] = [json.loads(line) for line in (daemon.root / "heard").read_text().splitlines()]
    assert (heard["what"], heard["channels"], heard["newsletter"]) == ("failed", ["chat"], "慢刊")
    assert heard["message"] == "1 of 3 failed: the chat said no · ask it why"
    assert heard["text"].startswith(f"慢刊: {daemon.today} failed chat: 1 of 3 failed")
    assert lines[-2].startswith(f"{daemon.today} failed chat: 1 of 3 failed")


def test_a_lasting_error_is_reported_once(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = SETTINGS.partition("[channels")[0].format(schedule="")
    (daemon.root / "publisher.toml").write_text(f"{settings}[channels.web]\n")
    monkeypatch.chdir(daemon.root)

    def wake(tick: Callable[[], object], _: object, tell: Callable[[str], None], *__: object) -> None:
        for _ in range(3):
            tell("internal error: ZeroDivisionError: by zero")
        tick()
        tell("internal error: ZeroDivisionError: by zero")

    monkeypatch.setattr(alarm, "run_alarm", wake)
    assert main(["daemon"]) == 0
    reported = capsys.readouterr().out.splitlines()
    error = "failed: internal error: ZeroDivisionError: by zero"
    changes = [line for line in reported if line.startswith(("failed", "recovered"))]
    assert changes == [error, "recovered", error]


def test_wrong_settings_stop_it_at_the_start(daemon: Daemon) -> None:
    """Fault 46."""
    with (daemon.root / "publisher.toml").open("a") as settings:
        settings.write("roon = 1")
    code, _, err = daemon.run("daemon")
    assert code == 2
    assert err.startswith("error: publisher.toml:16:1: unknown key roon in [channels.chat]")
    assert daemon.world.calls == []


def test_a_single_tick(daemon: Daemon) -> None:
    (daemon.root / "orders").write_text("1 vanish")
    code, out, _ = daemon.run("tick", "--json")
    found = json.loads(out)
    assert (code, found["exit"], found["next"]) == (4, 4, None)
    assert [one["what"] for one in found["news"]][-1] == "unknown"
    assert daemon.run("tick")[:2] == (0, ""), "it is told once"
    assert daemon.world.calls == ["deliver 1 一"]
