"""Lists deliveries with an unknown outcome, and records what a person found out about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from publisher.archive.records import issue_names
from publisher.channel import MessageChannel
from publisher.config import Config
from publisher.delivery.dispatcher import recover_stale_deliveries
from publisher.errors import ConfigError
from publisher.events import EventHandler
from publisher.ledger import DeliveryCounts, DeliveryState, Ledger, PublicationKey
from publisher.ledger.queries import (
    FailedDelivery,
    ResolutionChoice,
    find_failed_deliveries,
    find_status,
    find_statuses,
    resolve_deliveries,
)
from publisher.pipeline.snapshot import take_snapshot
from publisher.reports.readable import extract_preview
from publisher.run import RunContext
from publisher.theme import Theme


class UnknownDeliveries(NamedTuple):
    """A publication with unknown deliveries.

    `previews`: the beginning of each part, by digest. `can_edit`: whether messages can be edited later.
    """

    key: PublicationKey
    total: int
    can_edit: bool
    deliveries: Sequence[FailedDelivery]
    previews: Mapping[str, str]


class Resolution(NamedTuple):
    """What a person found out about all unknown deliveries, or those of one part or recipient.

    `remote_id` is the platform's ID of the message, if known.
    """

    verdict: ResolutionChoice
    part: str = ""
    recipient: str = ""
    remote_id: str = ""

    def select_deliveries(self, unknown: UnknownDeliveries) -> list[FailedDelivery]:
        """Return the deliveries that the resolution applies to."""
        return [
            delivery
            for delivery in unknown.deliveries
            if self.part in ("", delivery.part, short_part_name(delivery.part))
            and self.recipient.casefold() in ("", delivery.recipient.casefold())
        ]


def short_part_name(part: str) -> str:
    """Return the key of a part without its folders, as shown to people."""
    return part.rpartition("/")[2]


class Resolver:
    """Lists and resolves the unknown deliveries of an issue."""

    def __init__(
        self, ledger: Ledger, issue: str, now: dt.datetime, readonly_channels: Collection[str] = ()
    ) -> None:
        """`readonly_channels` are those whose messages cannot be edited."""
        self._ledger = ledger
        self._issue = issue
        self._now = now
        self._readonly_channels = readonly_channels

    def find_unknown(self, channels: Sequence[str]) -> list[UnknownDeliveries]:
        """Return the unknown deliveries on these channels; empty means all."""
        return [
            self._build_unknown_deliveries(status.key, status.counts)
            for status in find_statuses(self._ledger, [self._issue])
            if status.counts.unknown and (not channels or status.key.channel in channels)
        ]

    def record(self, unknown: UnknownDeliveries, resolution: Resolution) -> tuple[int, DeliveryCounts]:
        """Record a resolution; return the number of deliveries resolved and the counts afterwards.

        Raises ConfigError if it applies to no delivery, or gives the same message ID to several.
        """
        key, selected = unknown.key, resolution.select_deliveries(unknown)
        if not selected:
            names = {
                delivery.recipient if resolution.recipient else short_part_name(delivery.part)
                for delivery in unknown.deliveries
            }
            listed = ", ".join(sorted(names)[:5])
            raise ConfigError(f"no unknown delivery of that name on {key.channel}", f"unknown are: {listed}")
        if resolution.remote_id and len(selected) > 1:
            message = f"{resolution.remote_id} is the ID of one message, but {len(selected)} are unknown"
            raise ConfigError(message, "select one: --part KEY, --to RECIPIENT")
        targets = {
            (delivery.part, delivery.recipient if resolution.recipient else "") for delivery in selected
        }
        count = sum(
            resolve_deliveries(
                self._ledger,
                key,
                resolution.verdict,
                self._now,
                part=part,
                recipient=recipient,
                remote_id=resolution.remote_id,
            )
            for part, recipient in sorted(targets)
        )
        status = find_status(self._ledger, key)
        return count, status.counts if status else DeliveryCounts()

    def _build_unknown_deliveries(self, key: PublicationKey, counts: DeliveryCounts) -> UnknownDeliveries:
        deliveries = [
            delivery
            for delivery in find_failed_deliveries(self._ledger, key)
            if delivery.state is DeliveryState.UNKNOWN
        ]
        parts = {
            delivery.digest: self._ledger.load_part(delivery.digest, delivery.part) for delivery in deliveries
        }
        previews = {digest: extract_preview(part) for digest, part in parts.items()}
        can_edit = key.channel not in self._readonly_channels
        return UnknownDeliveries(key, counts.total, can_edit, deliveries, previews)


@contextmanager
def open_resolver(
    config: Config, theme: Theme, issue: str, now: dt.datetime, report: EventHandler
) -> Iterator[Resolver]:
    """Open the resolver of an issue, given by date, file or ID; its file need not exist any more.

    Raises ConfigError if nothing was published yet, StorageError.
    """
    with closing(RunContext.open(config, theme, now, report)) as run:
        if not run.has_ledger:
            raise ConfigError("nothing was published yet", "publish")
        ids = [record.id for record in take_snapshot(run).sources.values() if issue in issue_names(record)]
        name = f"{config.newsletter.id}/{ids[0] if ids else issue}"
        channels = {
            channel.name: channel for channel in config.channels if isinstance(channel, MessageChannel)
        }
        for status in find_statuses(run.ledger, [name]):
            if channel := channels.get(status.key.channel):
                recover_stale_deliveries(run.ledger, channel, status.key, now)
        readonly = [channel.name for channel in channels.values() if not channel.capabilities.can_edit]
        yield Resolver(run.ledger, name, now, readonly)
