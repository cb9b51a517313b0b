"""A newsletter that goes to its own list, in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from publisher.config import Config
from publisher.credentials import Reference
from publisher.events import ChannelOutcome
from publisher.ledger import Ledger, PublicationStatus
from publisher.ledger.queries import find_status
from publisher.signing import SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.support.fake_channel import Behaviour, Subscribed
from tests.support.newsletter import NOON, Project

KEYS = SigningKeys("the secret of this list")


class Mailing(Project):
    """A newsletter with a list in its ledger, which is a file or a database."""

    def __init__(self, root: Path, database: str) -> None:
        super().__init__(root)
        self.database = database
        self.write("2021-07-18", "一")

    @property
    def config(self) -> Config:
        return replace(super().config, ledger=Reference("env:LEDGER") if self.database else Reference())

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.database or self.place)

    def enter(self, *addresses: str) -> None:
        """Import these into the list."""
        with closing(self.ledger) as ledger:
            entries = [ImportEntry(address) for address in addresses]
            import_entries(self.list_in(ledger), entries, Origin(NOON, "import"), dry_run=False)

    def list_in(self, ledger: Ledger) -> SubscriberList:
        return SubscriberList(ledger, self.newsletter.id, KEYS)

    def change(self, act: Callable[[SubscriberList], object]) -> None:
        """Change the list over a connection of its own, as the pages do."""
        with closing(self.ledger) as ledger:
            act(self.list_in(ledger))

    def send(self, behaves: Behaviour | None = None, **request: object) -> ChannelOutcome:
        channel = Subscribed(self.world, behaves=behaves)
        return self.publish(channel, **request).channels["subscribed"]

    @property
    def status(self) -> PublicationStatus:
        with closing(self.ledger) as ledger:
            found = find_status(ledger, self.key(channel="subscribed"))
        assert found
        return found

    @property
    def reached(self) -> dict[str, int]:
        """How often each recipient was reached."""
        return {who: number for (who, _), number in self.world.sent.items()}
