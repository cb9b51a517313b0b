"""A chat at a Bot API server of our own, where no time passes that is not slept."""

from __future__ import annotations

import json
from typing import Any

from publisher.channel import Part

BUTTON = {"inline_keyboard": [[{"text": "网页版", "url": "https://e.org/"}]]}


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def part(text: str = "涨潮", number: int = 1, **more: Any) -> Part:
    call = {"text": text, "entities": [], "chat_id": "@tide", "reply_markup": BUTTON, **more}
    return Part(f"outbox/2024-05-20/telegram/message-{number}.json", "application/json", json.dumps(call).encode())
