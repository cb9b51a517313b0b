"""The units checked by systemd-analyze, and the program within their sandbox."""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import registry
from publisher.credentials import resolve_secret

UNITS = ["publish.service", "publish-tick.service", "publish-worker@.service"]
LONGEST_ANSWER = 600  # of a mail server, in seconds: RFC 5321, section 4.5.3.2.6

# The site and its health, asked for once, and an issue on all its channels.
AT_WORK = """
import datetime as dt, sys, urllib.request
from pathlib import Path
from publisher.cli.main import main
from publisher.listen_address import ListenAddress
from publisher.server import run_server
from publisher.server.state import DaemonState

now = dt.datetime.now(dt.UTC)
with run_server(ListenAddress("127.0.0.1", 0), Path("public"), lambda: DaemonState(now, now)) as address:
    urllib.request.urlopen(address + "healthz", timeout=300).read()
    code = main([])
    urllib.request.urlopen(address + "feed.xml", timeout=300).read()
sys.exit(code)
"""
WITHOUT_WRITABLE_CODE = """
import ctypes, os, sys
refused = ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE: what MemoryDenyWriteExecute= asks for
os.execv(sys.executable, [sys.executable, *sys.argv[1:]]) if not refused else sys.exit(77)
"""


@pytest.fixture(scope="session")
def analyze(need: Callable[[str], str]) -> Callable[..., str]:
    """analyze("verify", unit) returns the output of systemd-analyze."""
    program = need("systemd-analyze")

    def run(*arguments: str | Path) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    return run


def settings(unit: Path) -> list[tuple[str, str]]:
    """Return the keys and values of a unit, in order."""
    return re.findall(r"(?m)^(\w+)=(.*)$", unit.read_text("utf-8"))


def values(unit: Path, key: str) -> list[str]:
    return [value for name, value in settings(unit) if name == key]


@pytest.fixture
def installed(deploy: Path, tmp_path: Path) -> Path:
    """The units as installed, with the path of the program on this machine."""
    for name in (*UNITS, "publish-tick.timer"):
        text = (deploy / name).read_text("utf-8")
        program = str(Path(sys.executable).with_name("publish"))
        (tmp_path / name).write_text(text.replace("/opt/publisher/bin/publish", program), "utf-8")
    return tmp_path


@pytest.mark.parametrize("name", [*UNITS, "publish-tick.timer"])
def test_units_are_valid(name: str, installed: Path, analyze: Callable[..., str]) -> None:
    assert analyze("verify", "--man=no", installed / name) == ""


def test_an_error_is_found(installed: Path, analyze: Callable[..., str]) -> None:
    unit = installed / "publish.service"
    unit.write_text(unit.read_text("utf-8").replace("ProtectClock=", "ProtectClok="), "utf-8")
    assert "'ProtectClok'" in analyze("verify", "--man=no", unit)


@pytest.mark.parametrize("name", UNITS)
def test_little_is_exposed(name: str, deploy: Path, analyze: Callable[..., str]) -> None:
    said = analyze("security", "--offline=true", "--no-pager", deploy / name)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found
    assert float(found[1]) <= 2.0


@pytest.mark.parametrize(
    ("name", "different"),
    [
        ("publish-tick.service", "Type Restart RestartSec RestartPreventExitStatus WatchdogSec WantedBy"),
        ("publish-worker@.service", "LoadCredential WatchdogSec"),
    ],
)
def test_all_services_have_the_same_sandbox(name: str, different: str, deploy: Path) -> None:
    daemon, other = (dict.fromkeys(settings(deploy / unit)) for unit in ("publish.service", name))
    differ = {key for key, _ in daemon.keys() ^ other.keys()}
    assert differ == {"Description", "ExecStart", *different.split()}


@pytest.mark.parametrize("name", UNITS)
def test_the_longest_delivery_may_end(name: str, deploy: Path) -> None:
    """What is under way when the daemon is stopped ends by itself, before systemd kills it."""
    timeouts = {channel: registry.load_channel(channel).capabilities.timeout for channel in registry.channel_names()}
    assert max(timeouts, key=lambda channel: timeouts[channel]) == "email"
    assert timeouts["email"] > LONGEST_ANSWER
    for key in ("TimeoutStopSec", "WatchdogSec") if name == "publish.service" else ("TimeoutStopSec",):
        [value] = values(deploy / name, key)
        assert int(value.removesuffix("min")) * 60 > max(timeouts.values())


def test_the_page_says_when_a_stuck_daemon_is_restarted(deploy: Path) -> None:
    assert values(deploy / "publish.service", "WatchdogSec") == ["15min"]
    page = " ".join((deploy / "README.md").read_text("utf-8").split())
    assert "no progress for a quarter of an hour longer than any delivery may take" in page


@pytest.mark.parametrize("name", UNITS)
def test_secrets_are_credentials_only(name: str, deploy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd copies each file to $CREDENTIALS_DIRECTORY under its name."""
    assert values(deploy / name, "EnvironmentFile") == []
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    credentials = re.findall(r"(?m)^#?LoadCredential=([\w-]+):/etc/newsletter/([\w-]+)$", (deploy / name).read_text())
    assert len(credentials) == 3
    for credential, file in credentials:
        assert credential == file
        (tmp_path / credential).write_text(f"the {file}\n", "utf-8")
        assert resolve_secret(f"credential:{credential}") == f"the {file}"


@pytest.mark.parametrize(
    ("after", "times"),
    [
        ("2024-02-28 23:00", ["02-29 01:45:00", "02-29 02:00:00", "02-29 02:15:00", "02-29 02:30:00"]),
        ("2024-02-29 14:30", ["02-29 14:45:00", "03-01 01:45:00", "03-01 02:00:00", "03-01 02:15:00"]),
    ],
)
def test_the_timer_looks_when_issues_are_due(
    after: str, times: list[str], deploy: Path, analyze: Callable[..., str]
) -> None:
    """09:45 in Shanghai is 01:45 UTC all year round."""
    due = []
    for calendar in values(deploy / "publish-tick.timer", "OnCalendar"):
        said = analyze("calendar", f"--base-time={after} UTC", "--iterations=4", calendar)
        due += re.findall(r"(?:Next elapse|Iter\. #\d+|\(in UTC\)): \w+ (\S+ \S+) UTC", said)
    found = sorted({dt.datetime.fromisoformat(one) for one in due})[:4]
    assert [f"{one:%m-%d %H:%M:%S}" for one in found] == times


@pytest.mark.parametrize("name", UNITS)
def test_what_the_unit_runs_is_a_command(name: str, deploy: Path, publish, tmp_path: Path) -> None:
    [line] = values(deploy / name, "ExecStart")
    program, command = line.split()
    assert program == "/opt/publisher/bin/publish"
    publish(command, "--help", folder=tmp_path)


# ------------------------------------------------------------------ within the walls


@pytest.fixture
def fresh(tmp_path: Path, publish) -> Path:
    """The unpublished sample newsletter."""
    publish("init", "--lang", "zh", "letter", folder=tmp_path)
    return tmp_path / "letter"


@pytest.mark.parametrize("name", UNITS)
def test_it_makes_only_allowed_system_calls(
    name: str, deploy: Path, fresh: Path, analyze: Callable[..., str], need: Callable[[str], str]
) -> None:
    def calls(group: str) -> set[str]:
        lines = [line.strip() for line in analyze("syscall-filter", group).splitlines()[1:]]
        words = [line for line in lines if line and not line.startswith("#")]
        return set().union(*(calls(word) if word.startswith("@") else {word} for word in words))

    allowed = calls("@default")
    for value in values(deploy / name, "SystemCallFilter"):
        for group in value.removeprefix("~").split():
            allowed = allowed - calls(group) if value.startswith("~") else allowed | calls(group)

    trace = fresh.parent / "trace"
    command = [need("strace"), "-f", "-qq", "-o", str(trace), sys.executable, "-c", AT_WORK]
    done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    made = set(re.findall(r"(?m)^\d+ +([a-z]\w+)\(", trace.read_text("utf-8", "replace")))
    assert {"execve", "bind", "fsync"} <= made
    # SQLite does it as root alone: https://github.com/sqlite/sqlite/blob/master/src/os_unix.c, robustFchown
    assert made - allowed - {"fchown"} == set()


def test_it_needs_no_writable_executable_memory(fresh: Path, publish) -> None:
    command = [sys.executable, "-c", WITHOUT_WRITABLE_CODE, "-c", AT_WORK]
    done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=1800)
    if done.returncode == 77:
        pytest.skip("Linux 6.3 or newer is needed")
    assert done.returncode == 0, done.stderr
    assert (fresh / "public" / "feed.xml").exists()


def test_the_daemon_says_what_systemd_waits_for(fresh: Path, publish, tmp_path: Path) -> None:
    """Type=notify, WatchdogSec= and an orderly stop: sd_notify(3)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as place:
        place.bind(str(tmp_path / "notify"))
        place.settimeout(300)
        command = [sys.executable, "-m", "publisher", "daemon"]
        env = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "900000000"}
        heard: list[str] = []

        def hear_until(word: str) -> None:
            while word not in heard:
                heard.extend(place.recv(4096).decode().split("\n"))

        with subprocess.Popen(command, cwd=fresh, env=env, stderr=subprocess.PIPE, text=True) as daemon:
            hear_until("WATCHDOG=1")
            daemon.terminate()
            _, said = daemon.communicate(timeout=1800)
            hear_until("STOPPING=1")
    assert daemon.returncode == 0, said
    assert heard[0] == "READY=1"
