"""Lists deliveries with an unknown outcome, and records what a person found out or did by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from publisher.archive.lock import acquire_lock
from publisher.archive.naming import UnknownIssueError, find_issue
from publisher.archive.output_folder import OutputFolder
from publisher.channel import MessageChannel
from publisher.delivery.dispatcher import recover_stale_deliveries
from publisher.errors import ConfigError
from publisher.ledger import DeliveryCounts, DeliveryState, Ledger, PublicationKey, PublicationStatus
from publisher.ledger.queries import (
    FailedDelivery,
    ResolutionChoice,
    find_failed_deliveries,
    find_status,
    find_statuses,
    resolve_deliveries,
    set_article_url,
)
from publisher.named_tuple import NamedTuple
from publisher.pipeline.snapshot import take_snapshot
from publisher.reports.readable import extract_preview
from publisher.run import RunContext, select_channels


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

    `remote_id` is the platform's id of the message, if known.
    """

    verdict: ResolutionChoice
    part: str = ""
    recipient: str = ""
    remote_id: str = ""

    def select_deliveries(self, unknown: UnknownDeliveries) -> list[FailedDelivery]:
        return [
            delivery
            for delivery in unknown.deliveries
            if self.part in ("", delivery.part, short_part_name(delivery.part))
            and self.recipient.casefold() in ("", delivery.recipient.casefold())
        ]


def short_part_name(part: str) -> str:
    """Return the key of a part without its folders, as shown to people."""
    return part.rpartition("/")[2]


def find_unknown(run: RunContext, issue: str, channels: Sequence[str]) -> list[UnknownDeliveries]:
    """Return the unknown deliveries of an issue on these channels; empty means all.

    The file of an issue given by its id need not exist any more. Raises ConfigError if nothing was published yet, or
    there is no such issue, StorageError.
    """
    if not run.has_ledger:
        raise ConfigError("nothing was published yet", "publish")
    name = f"{run.config.newsletter.id}/{_find_issue_id(run, issue)}"
    enabled = {channel.name: channel for channel in run.channels if isinstance(channel, MessageChannel)}
    for status in find_statuses(run.ledger, [name]):
        if channel := enabled.get(status.key.channel):
            recover_stale_deliveries(run.ledger, channel, status.key, run.started_at)
    readonly = {channel.name for channel in enabled.values() if not channel.capabilities.can_edit}
    return [
        _build_unknown_deliveries(run.ledger, status, can_edit=status.key.channel not in readonly)
        for status in find_statuses(run.ledger, [name])
        if status.counts.unknown and (not channels or status.key.channel in channels)
    ]


def _find_issue_id(run: RunContext, issue: str) -> str:
    try:
        return find_issue(issue, take_snapshot(run).sources, run.now.date()).id
    except UnknownIssueError:
        if find_statuses(run.ledger, [f"{run.config.newsletter.id}/{issue}"]):
            return issue  # its file was deleted
        raise


def _build_unknown_deliveries(ledger: Ledger, status: PublicationStatus, *, can_edit: bool) -> UnknownDeliveries:
    failed = find_failed_deliveries(ledger, status.key)
    deliveries = [delivery for delivery in failed if delivery.state is DeliveryState.UNKNOWN]
    parts = {delivery.digest: ledger.load_part(delivery.digest, delivery.part) for delivery in deliveries}
    previews = {digest: extract_preview(part) for digest, part in parts.items()}
    return UnknownDeliveries(status.key, status.counts.total, can_edit, deliveries, previews)


def record_resolution(
    ledger: Ledger, unknown: UnknownDeliveries, resolution: Resolution, now: dt.datetime
) -> tuple[int, DeliveryCounts]:
    """Record a resolution; return the number of deliveries resolved and the counts afterwards.

    Raises ConfigError if it applies to no delivery, or gives the same message id to several.
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
    targets = {(delivery.part, delivery.recipient if resolution.recipient else "") for delivery in selected}
    choice, remote_id = resolution.verdict, resolution.remote_id
    count = sum(
        resolve_deliveries(ledger, key, choice, now, part=part, recipient=recipient, remote_id=remote_id)
        for part, recipient in sorted(targets)
    )
    status = find_status(ledger, key)
    return count, status.counts if status else DeliveryCounts()


def save_article_url(run: RunContext, issue: str, name: str, url: str) -> str:
    """Record the URL of an issue that was published by hand on the channel `name`; return the issue's id.

    Raises ConfigError for an issue or a channel that does not exist, and for a URL that is not permanent.
    """
    (channel,) = select_channels(run.config, (name,))
    _validate_article_url(name, url)
    snapshot = take_snapshot(run)
    position = snapshot.choose(issue)
    if position is None:
        raise ConfigError("no issue is due", "name one: publish resolve ISSUE --url CHANNEL URL")
    key = PublicationKey(snapshot.entries[position].id, name, channel.active_destination)
    with acquire_lock(run.home.lock):
        set_article_url(run.ledger, key, url, run.started_at)
        site = OutputFolder(run.output_folder, run.home)
        if site.setup:  # the next run builds all channels again, because some show article URLs
            for one in run.channels:
                site.mark(one.name, None)
            site.save(site.setup)
    return snapshot.records[position].id


def _validate_article_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url} is not the URL of a page", "it must start with https://")
    if name == "wechat" and (parts.hostname != "mp.weixin.qq.com" or "tempkey=" in url):
        hint = "copy it from the published article: https://mp.weixin.qq.com/s/…"
        raise ConfigError(f"{url} is not the permanent URL of an article", hint)
