"""What the ledger takes and gives. All plain data; moments are aware."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from publisher.errors import BusyError


def stamp(moment: dt.datetime) -> str:
    """A moment as text that sorts."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(stamp: str) -> dt.datetime:
    """The moment of such a text."""
    return dt.datetime.fromisoformat(stamp)


ADOPTED = "adopted"
"""The digest of a publication that was out before the ledger began."""


class State(Enum):
    """How a delivery stands. `dropped` is one that a person gave up, or whose part was taken back."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


_NOTICE = ", notice "


class Key(NamedTuple):
    """What a publication is known by: the issue's id in the feeds, the channel's name, whom it goes to."""

    issue: str
    channel: str
    destination: str

    def notice(self, digest: str) -> Key:
        """The key of a notice to those who have this publication; `digest` tells it from others."""
        return self._replace(destination=f"{self.destination}{_NOTICE}{digest}")

    @property
    def followed(self) -> Key | None:
        """The publication whose readers a notice is for; None for what is no notice."""
        destination, mark, _ = self.destination.rpartition(_NOTICE)
        return self._replace(destination=destination) if mark else None


class Claim(NamedTuple):
    """A publication in hand. `fence` grows with every owner: what an earlier one does late has no effect."""

    id: int
    fence: int


class Task(NamedTuple):
    """A delivery to be made now. `digest` is that of the part, empty when it is to be taken back;
    `remote_id` names what stands at the destination already. `tries` counts this one, too."""

    id: int
    recipient: str
    part: str
    digest: str
    remote_id: str
    tries: int
    began: dt.datetime


class Result(NamedTuple):
    """What came of a task. `at` is when it ended; one that is planned again has a time in `next_at`.
    `moved_to` is the recipient's new name, if the platform told one."""

    task: Task
    state: State
    at: dt.datetime
    remote_id: str = ""
    url: str = ""
    reason: str = ""
    next_at: dt.datetime | None = None
    moved_to: str = ""


class Counts(NamedTuple):
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


class Standing(NamedTuple):
    """A publication as it stands.

    `digest` covers the parts it was last planned with, `parts` has their digests by key and `live` those of
    what stands at the destination, where there is only one recipient. `owner` is who has it in hand, "" for
    nobody or one who is gone, and may go without a word until `until`. `reasons` are those of deliveries that
    have not arrived, the worst first. `states` has by part how its delivery stands and the digest of what was
    tried last, where there is only one recipient.
    """

    id: int
    key: Key
    done: bool
    digest: str
    counts: Counts
    owner: str
    published: dt.datetime | None
    changed: dt.datetime | None
    url: str = ""
    next_at: dt.datetime | None = None
    reasons: tuple[str, ...] = ()
    parts: Mapping[str, str] = {}
    live: Mapping[str, str] = {}
    states: Mapping[str, tuple[State, str]] = {}
    until: dt.datetime | None = None

    @property
    def is_adopted(self) -> bool:
        """Whether it was out before the ledger began, so that nobody knows how."""
        return self.digest == ADOPTED


class LostError(BusyError):
    """The publication is in other hands by now."""
