"""A fake channel, for tests of what the pipeline, the ledger and the daemon guarantee.

Every delivery appends a line to a file, the world, before it answers. The file outlives the process that
wrote it, so a test can count afterwards what was sent. `Post` takes the world and its behaviour as Python
objects; `Chat` is the same channel set up in publisher.toml.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from msgspec import field
from msgspec.structs import replace

from publisher.channel import (
    Capabilities,
    Context,
    Finding,
    FindingLevel,
    MessageChannel,
    Part,
    Receipt,
    Rendering,
    Session,
)
from publisher.errors import ConfigError, DeliveryError
from publisher.folder_session import FolderSession
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
                # a kill can tear a write between two pages: then nobody was reached, and the next one follows
                _, begin, rest = line.rpartition('{"act"')
                if rest.endswith("}"):
                    yield Call(**json.loads(begin + rest))

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
    def calls(self) -> list[str]:
        """The calls, in words."""
        return [f"{call.act} {call.part} {call.text}".strip() for call in self]

    @property
    def sent(self) -> Counter[tuple[str, str]]:
        """How often each part was sent to each recipient."""
        return Counter((call.recipient, call.part) for call in self if call.act == "deliver")


def no_obstacle() -> None:
    """What happens when a connection is opened: nothing."""


class Post(MessageChannel, frozen=True):
    """One message for each word of an issue's headline, to `count` recipients. `behaves` may come between a
    call and its effect."""

    name: ClassVar[str] = "post"
    capabilities: ClassVar[Capabilities] = Capabilities(can_edit=True, ordered=True, timeout=10.0)

    world: World
    destination: str = "@readers"
    test_recipient: str = "@me"
    count: int = 1
    behaves: Behaviour | None = None
    opening: Callable[[], None] = no_obstacle

    def render(self, issue: Issue, context: Context) -> Rendering:  # noqa: ARG002
        headline = issue.title.headline if issue.title else ()
        parts = [Part(str(number), "text/plain", text.encode()) for number, text in enumerate(headline, 1)]
        return Rendering(tuple(parts), previews=(Part("preview", "text/plain", b"all"),))

    def recipients(self) -> Iterable[str]:
        if self.count == 1:
            return (self.destination,)
        return (f"reader{number}@example.org" for number in range(self.count))

    def session(self) -> Session:
        self.opening()
        return Line(self)


class Letters(Post, frozen=True):
    """One message to each of many, which cannot be changed afterwards."""

    name: ClassVar[str] = "letters"
    capabilities: ClassVar[Capabilities] = Capabilities(timeout=10.0)

    @property
    def concurrency(self) -> int:
        return 10


class Subscribed(Letters, frozen=True):
    """Letters to the newsletter's own list."""

    name: ClassVar[str] = "subscribed"
    capabilities: ClassVar[Capabilities] = Capabilities(timeout=10.0, can_send_notices=True)

    @property
    def subscribers_of(self) -> str:
        return "tag:e.org,2021:n"

    def find_lane(self, recipient: str) -> str:
        return recipient.rpartition("@")[2]


def names(*numbers: int) -> list[str]:
    """names(0, 20) are the recipients reader0 to reader19."""
    return [f"reader{number}@example.org" for number in range(*numbers)]


@dataclass
class RecipientList:
    """A list that somebody else writes; a line without @ is no address."""

    lines: list[str]
    changed_at: dt.datetime | None = None
    version: int = 0

    def write(self, lines: list[str], changed_at: dt.datetime) -> None:
        self.lines, self.changed_at, self.version = lines, changed_at, self.version + 1


class Listed(Letters, frozen=True):
    """Letters to those on a list. `reading` is called before each line is read."""

    name: ClassVar[str] = "listed"
    kept: RecipientList = field(default_factory=lambda: RecipientList([]))
    together: int = 1
    reading: Callable[[], object] = no_obstacle

    @property
    def concurrency(self) -> int:
        return self.together

    @property
    def recipients_version(self) -> object:
        return self.kept.version

    @property
    def recipients_changed_at(self) -> dt.datetime | None:
        return self.kept.changed_at

    def recipients(self) -> Iterable[str]:
        if not self.kept.lines:
            raise ConfigError("the list has no addresses")
        number = 0
        while number < len(self.kept.lines):  # which may get fewer while they are read
            self.reading()
            line, number = self.kept.lines[number], number + 1
            if "@" not in line:
                raise ConfigError(f"readers.txt:{number}: it has no @")
            yield line


class Line(Session):
    """A connection to the world."""

    def __init__(self, channel: Post) -> None:
        self._channel = channel

    def deliver(self, part: Part, destination: str, *_: object) -> Receipt:
        return self._do(Call("deliver", part.key, destination, part.body.decode()))

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:
        return self._do(Call("update", part.key, destination, part.body.decode(), remote_id))

    def delete(self, destination: str, remote_id: str) -> Receipt:
        return self._do(Call("withdraw", "", destination, "", remote_id))

    def _do(self, call: Call) -> Receipt:
        def effect() -> Receipt:
            return Receipt(remote_id=self._channel.world.add(call))

        return self._channel.behaves(call, effect) if self._channel.behaves else effect()


def refuse(error: Exception, times: int = 99, *, acts: bool = False) -> Behaviour:
    """Fail so many times, with the effect or without, and then do as asked."""
    return fail_on("", error, acts=acts, times=times)


def fail_on(part: str, error: Exception, *, acts: bool = False, times: int = 99) -> Behaviour:
    """Fail on a part, or on any if it is empty, before or after the effect."""
    left = iter(range(times))

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if (part and call.part != part) or next(left, None) is None:
            return effect()
        if acts:
            effect()
        raise error

    return behave


def rest() -> Receipt:
    """Fail as a platform does whose rate limit is reached."""
    raise DeliveryError("tired", retry_after=3600)


class Chat(MessageChannel, frozen=True):
    """The fake channel as publisher.toml can set it up.

    What happens to a part is in the file `orders` beside the world, as "PART refuse", "PART vanish" or
    "PART rest"; without an order it arrives.
    """

    name: ClassVar[str] = "chat"
    capabilities: ClassVar[Capabilities] = Post.capabilities

    room: str = ""
    me: str = ""
    world: str = "world"

    @property
    def destination(self) -> str:
        return self.room

    @property
    def test_recipient(self) -> str:
        return self.me

    def render(self, issue: Issue, context: Context) -> Rendering:
        return self._post().render(issue, context)

    def diagnose(self) -> Iterator[Finding]:
        orders = self._orders()
        if "deaf" in orders:
            raise DeliveryError("the chat does not answer", "look at the network")
        yield Finding(FindingLevel.OK, f"may write to {self.room}")
        if not self.me:
            yield Finding(FindingLevel.WARNING, "no proofs can be sent", 'add me = "…"')

    def session(self) -> Session:
        return self._post().session() if self.room else FolderSession()

    def _post(self) -> Post:
        return Post(World(Path(self.world)), self.room, self.me, behaves=self._behave)

    def _behave(self, call: Call, effect: Callable[[], Receipt]) -> Receipt:
        match self._orders().get(call.part):
            case "refuse":
                raise DeliveryError("the chat said no", "ask it why", permanent=True)
            case "rest":
                raise DeliveryError("the chat is tired", retry_after=3600)
            case "vanish":
                effect()
                raise TimeoutError("no answer")
            case _:
                receipt = effect()
                return replace(receipt, url=f"https://chat.example/{receipt.remote_id}")

    def _orders(self) -> dict[str, str]:
        path = Path(self.world).with_name("orders")
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return {part: what for part, _, what in (line.partition(" ") for line in lines)}
