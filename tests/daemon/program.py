"""`publish` with the fake channel `Chat`: python -m tests.daemon.program daemon

With HURRY=SECONDS the daemon ticks at that interval, and waits no longer than that for the chat,
nor at all for the list of recipients.
"""

from __future__ import annotations

import datetime as dt
import os

from msgspec.structs import replace

from publisher import registry
from publisher.cli.main import run_and_exit
from publisher.daemon import alarm
from publisher.delivery import job
from tests.support.fake_channel import Chat

if __name__ == "__main__":
    load = registry.load_channel
    registry.load_channel = lambda name: Chat if name == "chat" else load(name)
    if hurry := os.environ.get("HURRY"):
        alarm.TICK_INTERVAL = float(hurry)
        Chat.capabilities = replace(Chat.capabilities, timeout=float(hurry))
        job.LONGEST_WAIT = dt.timedelta(0)
    run_and_exit()
