"""`publish` with the made-up chat of tests/chat.py, as a program: python -m tests.schedule.program serve"""

from __future__ import annotations

from publisher import registry
from publisher.cli.main import run
from tests.chat import Chat

if __name__ == "__main__":
    load = registry.load
    registry.load = lambda name: Chat if name == "chat" else load(name)
    run()
