"""What the daemon tells systemd, which may not listen."""

from __future__ import annotations

import socket
from pathlib import Path
from threading import Thread

import pytest

from publisher.daemon import systemd
from publisher.daemon.systemd import notify_systemd


@pytest.fixture
def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A socket in place of systemd's."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(tmp_path / "notify"))
    return ear


def test_states_are_sent_on_a_line_each(ear: socket.socket) -> None:
    with ear:
        notify_systemd("READY=1", "STATUS=waiting")
        assert ear.recv(100) == b"READY=1\nSTATUS=waiting"


def test_one_that_reads_nothing_does_not_hold_up_the_daemon(
    ear: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system keeps some of the states, and then lets the sender wait."""
    monkeypatch.setattr(systemd, "_TIMEOUT", 0.001)
    with ear:
        sender = Thread(target=lambda: [notify_systemd("WATCHDOG=1") for _ in range(1000)], daemon=True)
        sender.start()
        sender.join(timeout=300)
        assert not sender.is_alive()
        assert ear.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "relative", "/no/such/socket", "@no-such-socket"])
def test_without_systemd_nothing_happens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify_systemd("READY=1")
