"""A delivery to a subscriber is handed their address and tag; one without is not sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import field

from publisher.channel import Capabilities, Part, Receipt, Session
from publisher.ledger import Ledger
from publisher.ledger import ledger as ledger_module
from publisher.signing import SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.subscribers.subscriber_list import SubscriberList
from publisher.subscription import SubscriberAddress
from tests.support.fake_channel import Letters
from tests.support.newsletter import NOON, Project

KEYS = SigningKeys("the secret of this list")
ADDRESSES = ("Lin+Tide@Example.net", "xi@example.net", "zhou@example.org")


class Post(Session):
    """A connection that remembers what it was handed."""

    def __init__(self, handed: list[tuple[str, SubscriberAddress | None]]) -> None:
        self._handed = handed

    def deliver(self, part: Part, destination: str, first_attempt: object = None, subscriber: object = None) -> Receipt:  # type: ignore[override]  # noqa: ARG002
        assert subscriber is None or isinstance(subscriber, SubscriberAddress)
        self._handed.append((destination, subscriber))
        return Receipt()


class Addressed(Letters, frozen=True):
    """Letters to the newsletter's own list."""

    name: ClassVar[str] = "addressed"
    capabilities: ClassVar[Capabilities] = Capabilities(timeout=10.0)
    handed: list[tuple[str, SubscriberAddress | None]] = field(default_factory=list)

    @property
    def subscribers_of(self) -> str:
        return "tag:e.org,2021:n"

    def session(self) -> Session:
        return Post(self.handed)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "letter")
    project.write("2021-07-18", "一")
    with closing(Ledger(project.place)) as ledger:
        subscribers = SubscriberList(ledger, project.newsletter.id, KEYS)
        entries = [ImportEntry(address) for address in ADDRESSES]
        import_entries(subscribers, entries, Origin(NOON, "import"), dry_run=False)
    return project


def find_tag(project: Project, key: str) -> str:
    with closing(Ledger(project.place)) as ledger:
        found = SubscriberList(ledger, project.newsletter.id, KEYS).find(key)
    assert found
    return found.tag


def test_each_delivery_has_the_address_of_its_subscriber(project: Project) -> None:
    channel = Addressed(project.world)
    outcome = project.publish(channel).channels["addressed"]
    assert (outcome.sent, outcome.error) == (3, None)
    handed = {key: address for key, address in channel.handed if address}
    assert {key: address.address for key, address in handed.items()} == {
        "lin@example.net": "Lin+Tide@Example.net",
        "xi@example.net": "xi@example.net",
        "zhou@example.org": "zhou@example.org",
    }
    for key, address in handed.items():
        assert address.tag == find_tag(project, key)
        assert address.bounce_token.startswith(f"{address.tag}-")
    assert len({address.bounce_token for address in handed.values()}) == 3


def test_without_an_address_nothing_is_sent_until_there_is_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipient's key is no address that mail should be sent to: it lacks the tag, for example."""
    load: Callable[..., dict[int, SubscriberAddress]] = ledger_module.load_addresses  # type: ignore[assignment]
    turns = [0]

    def lose(*arguments: object) -> dict[int, SubscriberAddress]:
        turns[0] += 1
        return {} if turns[0] == 1 else load(*arguments)

    monkeypatch.setattr(ledger_module, "load_addresses", lose)
    channel = Addressed(project.world)
    outcome = project.publish(channel).channels["addressed"]
    assert (outcome.sent, outcome.error) == (3, None)
    assert turns[0] >= 2
    assert sorted(address.address for _, address in channel.handed if address) == sorted(ADDRESSES)
    assert len(channel.handed) == 3
