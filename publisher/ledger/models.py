"""What the ledger takes and gives. All plain data; moments are aware."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from publisher.errors import BusyError


def format_utc(time: dt.datetime) -> str:
    """A moment as text that sorts."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> dt.datetime:
    """The moment of such a text."""
    return dt.datetime.fromisoformat(text)


ADOPTED = "adopted"
"""The digest of a publication that was out before the ledger began."""


class DeliveryState(Enum):
    """How a delivery stands. `dropped` is one that a person gave up, or whose part was taken back."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


_NOTICE_SEPARATOR = ", notice "


class PublicationKey(NamedTuple):
    """What a publication is known by: the issue's id in the feeds, the channel's name, whom it goes to."""

    issue: str
    channel: str
    destination: str

    def for_notice(self, digest: str) -> PublicationKey:
        """The key of a notice to those who have this publication; `digest` tells it from others."""
        return self._replace(destination=f"{self.destination}{_NOTICE_SEPARATOR}{digest}")

    @property
    def notice_of(self) -> PublicationKey | None:
        """The publication whose readers a notice is for; None for what is no notice."""
        destination, mark, _ = self.destination.rpartition(_NOTICE_SEPARATOR)
        return self._replace(destination=destination) if mark else None


class Lease(NamedTuple):
    """A publication in hand. `fence` grows with every owner: what an earlier one does late has no effect."""

    publication_id: int
    fence: int


class Delivery(NamedTuple):
    """A delivery to be made now. `digest` is that of the part, empty when it is to be taken back;
    `remote_id` names what stands at the destination already. `tries` counts this one, too."""

    id: int
    recipient: str
    part: str
    digest: str
    remote_id: str
    tries: int
    started_at: dt.datetime


class DeliveryResult(NamedTuple):
    """What came of a task. `at` is when it ended; one that is planned again has a time in `next_at`.
    `moved_to` is the recipient's new name, if the platform told one."""

    delivery: Delivery
    state: DeliveryState
    ended_at: dt.datetime
    remote_id: str = ""
    url: str = ""
    reason: str = ""
    next_at: dt.datetime | None = None
    moved_to: str = ""


class DeliveryCounts(NamedTuple):
    """How many deliveries of a publication stand how."""

    planned: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)


class PublicationStatus(NamedTuple):
    """A publication as it stands.

    `digest` covers the parts it was last planned with, `parts` has their digests by key and `live` those of
    what stands at the destination, where there is only one recipient. `owner` is who has it in hand, "" for
    nobody or one who is gone, and may go without a word until `until`. `reasons` are those of deliveries that
    have not arrived, the worst first. `states` has by part how its delivery stands and the digest of what was
    tried last, where there is only one recipient.
    """

    id: int
    key: PublicationKey
    done: bool
    digest: str
    counts: DeliveryCounts
    owner: str
    published: dt.datetime | None
    changed: dt.datetime | None
    url: str = ""
    next_at: dt.datetime | None = None
    reasons: tuple[str, ...] = ()
    part_digests: Mapping[str, str] = {}
    delivered_digests: Mapping[str, str] = {}
    part_states: Mapping[str, tuple[DeliveryState, str]] = {}
    leased_until: dt.datetime | None = None

    @property
    def is_adopted(self) -> bool:
        """Whether it was out before the ledger began, so that nobody knows how."""
        return self.digest == ADOPTED


class LeaseLostError(BusyError):
    """The publication is in other hands by now."""
