"""SIGTERM and Ctrl+C end `publish tick` after the deliveries in progress; a second one ends it at once."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from publisher.cli.tick import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_pass_and_does_not_end_the_process(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.wait(300)
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_process(first: signal.Signals, second: signal.Signals) -> None:
    """Also one that waits for what does not end."""
    script = """
from threading import Thread
from time import sleep
from publisher.cli.tick import stop_on_signals

with stop_on_signals() as stop:
    thread = Thread(target=sleep, args=[600])
    thread.start()
    print("ready", flush=True)
    stop.wait()
    print("stopping", flush=True)
    thread.join()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(first)
        try:
            assert process.stdout.readline() == "stopping\n"
            process.send_signal(second)
            assert process.wait(300) == -second
        finally:
            process.kill()
