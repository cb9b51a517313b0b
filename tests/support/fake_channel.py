"""A channel that reaches a made-up world, for tests of what the pipeline and the ledger promise.

The world is a file to which every delivery appends a line before it answers, so it outlives whoever wrote it
and can be counted afterwards.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from publisher.channel import Context, Finding, Part, Receipt, Rendering
from publisher.model import Issue

Behaviour = Callable[["Call", Callable[[], Receipt]], Receipt]


@dataclass(frozen=True)
class Call:
    """One call of the channel: deliver, update or withdraw."""

    act: str
    part: str
    recipient: str
    text: str = ""
    remote_id: str = ""


class World:
    """All that ever reached the readers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Call]:
        if self.path.exists():
            for line in self.path.read_text("utf-8").splitlines():
                yield Call(**json.loads(line))

    def add(self, call: Call) -> str:
        """Let a call have its effect; the name of the message."""
        line = json.dumps(call.__dict__, ensure_ascii=False) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(file, line.encode())
            return str(os.lseek(file, 0, os.SEEK_CUR))
        finally:
            os.close(file)

    @property
    def told(self) -> list[str]:
        """The calls, in words."""
        return [f"{call.act} {call.part} {call.text}".strip() for call in self]

    @property
    def sent(self) -> Counter[tuple[str, str]]:
        """How often each part was sent to each recipient."""
        return Counter((call.recipient, call.part) for call in self if call.act == "deliver")


def no_obstacle() -> None:
    """What happens when a connection is opened: nothing."""


@dataclass(frozen=True)
class Post:
    """One message for each word of an issue's headline, to `count` recipients. `behaves` may come between a
    call and its effect."""

    name: ClassVar[str] = "post"
    can_edit: ClassVar[bool] = True
    ordered: ClassVar[bool] = True
    idempotent: ClassVar[bool] = False
    concurrency: ClassVar[int] = 1
    timeout: ClassVar[float] = 10.0

    world: World = field(compare=False)
    destination: str = "@readers"
    test_recipient: str = "@me"
    count: int = 1
    behaves: Behaviour | None = field(default=None, compare=False)
    opening: Callable[[], None] = field(default=no_obstacle, compare=False)

    def render(self, issue: Issue, context: Context) -> Rendering:  # noqa: ARG002
        headline = issue.title.headline if issue.title else ()
        parts = [Part(str(number), "text/plain", text.encode()) for number, text in enumerate(headline, 1)]
        return Rendering(tuple(parts), previews=(Part("preview", "text/plain", b"all"),))

    def recipients(self) -> Iterable[str]:
        if self.count == 1:
            return (self.destination,)
        return (f"reader{number}@example.org" for number in range(self.count))

    def diagnose(self) -> Iterator[Finding]:
        return iter(())

    def session(self) -> AbstractContextManager[Any]:
        self.opening()
        return nullcontext(Line(self))


@dataclass(frozen=True)
class Letters(Post):
    """One message to each of many, which cannot be changed afterwards."""

    name: ClassVar[str] = "letters"
    can_edit: ClassVar[bool] = False
    ordered: ClassVar[bool] = False
    concurrency: ClassVar[int] = 10


class Line:
    """A connection to the world."""

    def __init__(self, channel: Post) -> None:
        self._channel = channel

    def deliver(self, part: Part, destination: str) -> Receipt:
        return self._do(Call("deliver", part.key, destination, part.body.decode()))

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:
        return self._do(Call("update", part.key, destination, part.body.decode(), remote_id))

    def delete(self, destination: str, remote_id: str) -> Receipt:
        return self._do(Call("withdraw", "", destination, "", remote_id))

    def _do(self, call: Call) -> Receipt:
        def effect() -> Receipt:
            return Receipt(remote_id=self._channel.world.add(call))

        return self._channel.behaves(call, effect) if self._channel.behaves else effect()
