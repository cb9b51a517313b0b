"""Learns what a platform calls the destinations that publisher.toml names for the first time."""

from __future__ import annotations

from contextlib import suppress

from publisher.channel import MessageChannel
from publisher.errors import PublisherError
from publisher.ledger.destinations import is_known_destination, save_destination_id
from publisher.run import RunContext


def learn_destination_ids(run: RunContext) -> None:
    """Ask the platform about each destination of the run that is not known, on channels where something was
    published before: it may be another name of the same chat.

    Without an answer it counts as another destination. Raises StorageError.
    """
    if not run.has_ledger:
        return
    for channel in run.channels:
        if not (isinstance(channel, MessageChannel) and run.is_sending_channel(channel)):
            continue
        if is_known_destination(run.ledger, channel.name, channel.destination):
            continue
        with suppress(PublisherError):  # sending will report the same
            if id_ := channel.identify_destination():
                save_destination_id(run.ledger, channel.name, channel.destination, id_)
