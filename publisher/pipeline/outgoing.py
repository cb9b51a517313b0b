"""What leaves the house by a live channel, and among it what nobody wrote: word of feeds that changed."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import NamedTuple

from publisher.channel import AnnouncedChannel, LiveChannel, Rendering
from publisher.files import storage_error
from publisher.ledger import Ledger, Standing
from publisher.pipeline.run import Run


class Outgoing(NamedTuple):
    """A rendering, the live channel it goes by, the id of the issue (or newsletter) it is of, and the name of
    the channel that is done when it arrived; of an issue, when it was to appear."""

    id: str
    owner: str
    channel: LiveChannel
    rendering: Rendering
    published: dt.datetime | None = None


def as_planned(ledger: Ledger, known: Standing) -> Rendering:
    """What a publication was begun with. Raises StorageError."""
    return Rendering(tuple(ledger.part(digest, key) for key, digest in known.parts.items()))


def announcement(run: Run, channel: AnnouncedChannel) -> Outgoing | None:
    """What those are told who want to know which files of a channel changed; None when nobody does.

    Raises StorageError when a file cannot be read.
    """
    publication = run.config.publication

    def digest(key: str) -> str:
        try:
            return hashlib.sha256((run.out / key).read_bytes()).hexdigest()
        except OSError as error:
            raise storage_error(f"cannot read {key}", error) from error

    told = channel.announcement(digest, publication)
    return Outgoing(publication.id, channel.name, *told) if told else None
