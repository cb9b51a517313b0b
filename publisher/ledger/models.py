"""What goes into the ledger and comes out of it. All plain data; datetimes are aware."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import Enum

from publisher.channel import Receipt
from publisher.errors import BusyError, ConfigError, PublisherError, RefusalKind
from publisher.named_tuple import NamedTuple
from publisher.subscription import SubscriberAddress

RECIPIENTS_PER_SHARD = 500


def format_utc(time: dt.datetime) -> str:
    """Format a time as text in UTC that sorts by time."""
    return time.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> dt.datetime:
    """Parse a text written by `format_utc`."""
    return dt.datetime.fromisoformat(text)


ADOPTED = "adopted"
"""The digest of a publication from before the ledger existed."""


class DeliveryState(Enum):
    """The state of a delivery.

    `dropped`: given up for good, with the reason, or its part was deleted. `unlisted`: its recipient was not on
    the list when it was their turn, and gets it if they come back.
    """

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"
    UNLISTED = "unlisted"


_NOTICE_SEPARATOR = ", notice "


class PublicationKey(NamedTuple):
    """Identifies a publication: the issue's id in the feeds, the channel's name, and the destination."""

    issue: str
    channel: str
    destination: str

    def for_notice(self, digest: str) -> PublicationKey:
        """Return the key of a notice to the recipients of this publication; `digest` is that of its text."""
        return self._replace(destination=f"{self.destination}{_NOTICE_SEPARATOR}{digest}")

    @property
    def base_destination(self) -> str:
        """The destination; of a notice, that of the publication it is about."""
        return self.destination.rpartition(_NOTICE_SEPARATOR)[0] or self.destination

    def with_destination(self, destination: str) -> PublicationKey:
        """Return the key of the same publication, or notice, at another destination."""
        return self._replace(destination=destination + self.destination.removeprefix(self.base_destination))

    @property
    def notice_of(self) -> PublicationKey | None:
        """The publication whose recipients a notice is for; None if this is not a notice."""
        destination, separator, _ = self.destination.rpartition(_NOTICE_SEPARATOR)
        return self._replace(destination=destination) if separator else None


class Lease(NamedTuple):
    """The right to deliver a publication, or one shard of it (its id; 0 for all). `fence` grows with each claim, so
    late writes by an earlier owner have no effect."""

    publication_id: int
    fence: int
    shard: int = 0


class Delivery(NamedTuple):
    """A delivery to make now.

    `digest`: that of the part, "" if it is to be deleted.
    `remote_id`: the message to edit or delete, "" for a new one.
    `tries`: how many there were, with this one.
    `first_started_at`: when the first of them started, the same for each.
    `lane`: the provider that receives for the recipient.
    `queue`: the lane if it has a rate limit, else "".
    `shard`: the id of its shard.
    """

    id: int
    recipient: str
    part: str
    digest: str
    remote_id: str
    tries: int
    started_at: dt.datetime
    first_started_at: dt.datetime
    lane: str = ""
    queue: str = ""
    shard: int = 0


class Result(NamedTuple):
    """The outcome of a delivery, with the platform's receipt if it arrived.

    `next_at`: when to retry it, if it is planned again; with `pauses_channel` no other delivery is made before.
    `fatal_error`: why the channel cannot deliver anything at all.
    `moved_to`: what the platform calls the destination now, if it refused the delivery for that.
    `refusal`: what a refusal is about; `is_permanent`: the platform refuses it for good.
    `attempted`: False if nothing was tried, because there was no connection.
    """

    delivery: Delivery
    state: DeliveryState
    ended_at: dt.datetime
    receipt: Receipt | None = None
    reason: str = ""
    next_at: dt.datetime | None = None
    pauses_channel: bool = False
    fatal_error: PublisherError | None = None
    moved_to: str = ""
    refusal: RefusalKind | None = None
    is_permanent: bool = False
    attempted: bool = True


class Turn(NamedTuple):
    """The deliveries to make now. `open_at` tells for each queue that has no token left when it has one again;
    `empty` are the queues with nothing that is due. If the recipients are subscribers, `addresses` has by the ids of
    the deliveries where they go."""

    deliveries: list[Delivery]
    open_at: Mapping[str, dt.datetime] = {}
    empty: frozenset[str] = frozenset()
    addresses: Mapping[int, SubscriberAddress] = {}


class DeliveryCounts(NamedTuple):
    """The deliveries of a publication, counted by state."""

    planned: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    dropped: int = 0
    unlisted: int = 0

    @property
    def total(self) -> int:
        """The number of deliveries in any state."""
        return sum(self)


class PublicationStatus(NamedTuple):
    """The current status of a publication.

    `digest`: over the parts that it was last planned with.
    `owner`: the process that holds the lease, or one of those that hold shards, until `leased_until`; "" if there is
    none, or it is gone.
    `reasons`: of the deliveries that have not arrived, most serious first.
    `part_digests`, `part_media_types`: of the parts, by their keys.
    `is_planning`: a process plans it, or ended while it did.

    With a single recipient:
    `delivered_digests`: by part, the digest of what the recipient has.
    `part_states`: by part, the state and the digest of the last attempt.
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
    part_media_types: Mapping[str, str] = {}
    is_planning: bool = False

    @property
    def is_adopted(self) -> bool:
        """Whether it is from before the ledger existed, so that its content is not known."""
        return self.digest == ADOPTED

    @property
    def is_started(self) -> bool:
        """Whether a delivery was attempted."""
        return self.counts.total > self.counts.planned + self.counts.dropped + self.counts.unlisted

    def is_leased(self, now: dt.datetime) -> bool:
        """Return whether a process is busy with it."""
        return bool(self.owner and self.leased_until and self.leased_until > now)


class FewerRecipientsError(ConfigError):
    """The list of recipients is so much shorter than before that part of it may be missing."""


class LeaseLostError(BusyError):
    """Another process has taken over the publication."""
