"""SIGTERM and Ctrl+C end `publish tick` after the deliveries in progress."""

from __future__ import annotations

import signal

import pytest

from publisher.cli.tick import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_pass_and_does_not_end_the_process(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.wait(10)
    assert signal.getsignal(number) == before
