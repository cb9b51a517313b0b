"""/healthz and /metrics, and how the server begins and ends."""

from __future__ import annotations

import datetime as dt
import json
import socket
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from publisher import __version__
from publisher.errors import ConfigError
from publisher.installation import install_command
from publisher.ledger.lane_metrics import LaneMetrics
from publisher.listen_address import ListenAddress
from publisher.server import build_exposure_warning, run_server
from publisher.server.state import DaemonState, render_metrics
from tests.server.conftest import Daemon, Get

NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
BERLIN = dt.timezone(dt.timedelta(hours=1))


@pytest.mark.parametrize(
    ("ago", "status", "word"), [(None, 503, "starting"), (0, 200, "ok"), (120, 200, "ok"), (121, 503, "late")]
)
def test_health(ago: int | None, status: int, word: str, get: Get, daemon: Daemon) -> None:
    last = None if ago is None else NOON - dt.timedelta(seconds=ago)
    daemon.state = DaemonState(NOON, last, dt.datetime(2024, 3, 1, 9, 45, tzinfo=BERLIN))
    found = get("/healthz")
    assert found.status == status
    assert found.headers["Content-Type"] == "application/json"
    assert found.headers["Cache-Control"] == "no-store"
    assert json.loads(found.body) == {
        "status": word,
        "version": __version__,
        "heartbeat": last.isoformat() if last else None,
        "next_due": "2024-03-01T09:45:00+01:00",
    }


def test_a_state_that_raises_is_unhealthy(get: Get, daemon: Daemon) -> None:
    daemon.state = None
    assert (get("/healthz").status, json.loads(get("/healthz").body)) == (503, {"status": "unknown"})
    assert get("/metrics").status == 503


def test_metrics_are_what_prometheus_reads(get: Get, daemon: Daemon) -> None:
    daemon.state = DaemonState(
        NOON,
        heartbeat=NOON - dt.timedelta(milliseconds=500),
        next_due=dt.datetime(2024, 3, 1, 9, 45, tzinfo=BERLIN),
        issues={"published": 41, "held": 1},
        deliveries={("telegram", "sent"): 120, ("telegram", "unknown"): 2, ('o"d\\d\n', "sent"): 1},
        last_published={"telegram": NOON - dt.timedelta(days=7)},
        lanes=(
            LaneMetrics("email", "qq.com", {"sent": 7}, {"open": 2, "held": 1}, 0.5),
            LaneMetrics("email", "gone.example", is_closed=True),
        ),
        ledger_errors=3,
    )
    found = get("/metrics")
    assert found.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(found.body.decode())}
    read = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert read == {
        ("publisher_build_info", __version__): 1,
        ("publisher_issues", "published"): 41,
        ("publisher_issues", "held"): 1,
        ("publisher_deliveries", "telegram", "sent"): 120,
        ("publisher_deliveries", "telegram", "unknown"): 2,
        ("publisher_deliveries", 'o"d\\d\n', "sent"): 1,
        ("publisher_last_published_timestamp_seconds", "telegram"): 1708603200,
        ("publisher_lane_deliveries", "email", "qq.com", "sent"): 7,
        ("publisher_shards", "email", "qq.com", "open"): 2,
        ("publisher_shards", "email", "qq.com", "held"): 1,
        ("publisher_lane_tokens", "email", "qq.com"): 0.5,
        ("publisher_lane_closed", "email", "qq.com"): 0,
        ("publisher_lane_closed", "email", "gone.example"): 1,
        ("publisher_ledger_errors_total",): 3,
        ("publisher_heartbeat_timestamp_seconds",): 1709207999.5,
        ("publisher_next_due_timestamp_seconds",): 1709282700,
    }
    assert families["publisher_ledger_errors"].type == "counter"
    assert families["publisher_issues"].type == "gauge"


def test_a_moment_that_there_is_none_of_has_no_line() -> None:
    samples = [line for line in render_metrics(DaemonState(NOON)).splitlines() if not line.startswith("#")]
    assert samples == [f'publisher_build_info{{version="{__version__}"}} 1', "publisher_ledger_errors_total 0"]


# ------------------------------------------------------------ beginning and end


def servers() -> set[threading.Thread]:
    """The threads that serve; those of a pool beside them may stay a while."""
    return {thread for thread in threading.enumerate() if thread.name == "http"}


def test_it_ends_with_its_context(tmp_path: Path) -> None:
    before = servers()
    with run_server(ListenAddress("127.0.0.1", 0), tmp_path, lambda: DaemonState(NOON, NOON)) as address:
        get = Get(address)
        assert get("/").status == 404
        (tmp_path / "index.html").write_text("flood", "utf-8")
        assert get("/").body == b"flood"
        port = int(address.rstrip("/").rpartition(":")[2])
    assert servers() == before
    with pytest.raises(ConnectionRefusedError):
        Get(address)("/")
    with run_server(ListenAddress("127.0.0.1", port), tmp_path, lambda: DaemonState(NOON)) as again:
        assert again == address


def test_an_ipv6_address_is_served(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with run_server(ListenAddress("::1", 0), tmp_path, lambda: DaemonState(NOON, NOON)) as address:
        assert address.startswith("http://[::1]:")
        assert Get(address)("/healthz").status == 200


def test_an_address_in_use_is_reported(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError) as raised, run_server(ListenAddress("127.0.0.1", port), tmp_path, Daemon()):
            pass
    assert raised.value.message == f"cannot listen on 127.0.0.1:{port}: Address already in use"


def test_the_extra_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ConfigError) as raised, run_server(ListenAddress("127.0.0.1", 0), tmp_path, Daemon()):
        pass
    assert raised.value.hint == install_command("server")


def test_what_others_may_reach_is_warned_of() -> None:
    assert (
        build_exposure_warning(ListenAddress("127.0.0.1", 8080))
        == build_exposure_warning(ListenAddress("::1", 8080))
        == ""
    )
    assert build_exposure_warning(ListenAddress("0.0.0.0", 8080)).startswith('[server] listen = "0.0.0.0:8080" exposes')
