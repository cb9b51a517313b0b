"""A channel that reaches a made-up chat, set up in publisher.toml as a real one is.

What the world does to a part is in the file `orders` beside it, as "PART refuse", "PART vanish" or
"PART rest"; without an order it arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from publisher.channel import Context, Finding, FindingLevel, Receipt, Rendering
from publisher.errors import DeliveryError
from publisher.files import FolderSession
from publisher.model import Issue
from tests.support.fake_channel import Call, Post, World


@dataclass(frozen=True, slots=True)
class Chat:
    """One message for each word of an issue's headline."""

    name: ClassVar[str] = "chat"
    can_edit: ClassVar[bool] = True
    ordered: ClassVar[bool] = True
    idempotent: ClassVar[bool] = False
    concurrency: ClassVar[int] = 1
    timeout: ClassVar[float] = 10.0

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

    def recipients(self) -> Iterable[str]:
        return (self.room,)

    def diagnose(self) -> Iterator[Finding]:
        orders = self._orders()
        if "deaf" in orders:
            raise DeliveryError("the chat does not answer", "look at the network")
        yield Finding(FindingLevel.OK, f"may write to {self.room}")
        if not self.me:
            yield Finding(FindingLevel.WARNING, "no proofs can be sent", 'add me = "…"')

    def session(self) -> AbstractContextManager[Any]:
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
