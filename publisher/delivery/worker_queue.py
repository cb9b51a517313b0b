"""What goes to worker processes, and how it gets there: shards that are open are enqueued, again and again.

With `[ledger] workers`, issues for the subscribers in the ledger are planned by the process that publishes, and sent by
those of `publish worker`. Other channels have one destination, or a list in a file, which workers cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeGuard

from publisher.channel import Channel, MessageChannel
from publisher.config import Config
from publisher.errors import PublisherError
from publisher.ledger import PublicationStatus
from publisher.ledger.database import Transaction
from publisher.ledger.open_shards import find_open_queues, select_open_shards
from publisher.ledger.shards import ShardRef
from publisher.ledger.worker_heartbeats import list_workers
from publisher.run import RunContext

if TYPE_CHECKING:
    from publisher.delivery.engine import JobQueue


_MAX_SHARDS = 100
"""How many shards of a lane are looked at: more than wait in the queue at one time."""


def find_worker_channels(config: Config) -> list[MessageChannel]:
    """Return the channels that workers send on."""
    return [channel for channel in config.channels if is_for_workers(channel, config)]


def is_for_workers(channel: Channel, config: Config) -> TypeGuard[MessageChannel]:
    """Return whether workers send on a channel."""
    return (
        config.workers
        and isinstance(channel, MessageChannel)
        and bool(channel.active_destination and channel.subscribers_of)
    )


def is_with_workers(config: Config, channel: Channel, status: PublicationStatus) -> bool:
    """Return whether workers have all that is left of a publication."""
    is_planned = not status.is_planning and bool(status.counts.planned + status.counts.sending)
    return is_planned and is_for_workers(channel, config)


def open_job_queue(config: Config) -> JobQueue:
    """Return the queue of the newsletter. Raises ConfigError if Procrastinate is not installed."""
    from publisher.delivery.engine import JobQueue  # slow to import

    lanes = {lane for channel in find_worker_channels(config) for lane in channel.rate_limits}
    return JobQueue(config.newsletter.id, lanes)


def find_queue_problem(run: RunContext, channel: MessageChannel) -> PublisherError | None:
    """Return why nothing can be enqueued for a channel that workers send on; None if it can, and for other channels."""
    if not is_for_workers(channel, run.config):
        return None
    from publisher.delivery.engine_tables import require_tables

    try:
        with run.ledger.transaction() as tx:
            require_tables(tx)
    except PublisherError as error:
        return error
    return None


def enqueue_open_shards(run: RunContext, queue: JobQueue, lanes: Collection[str] | None = None) -> None:
    """Enqueue the first shards that are open, of some lanes or of all: also those that were enqueued before, should
    their jobs be lost. Raises ConfigError if the tables of the queue are missing, StorageError."""
    from publisher.delivery.engine_tables import require_tables

    with run.ledger.transaction() as tx:
        require_tables(tx)
        queue.enqueue(tx, list_open_shards(run, tx, lambda name: lanes is None or queue.find_lane(name) in lanes))


def list_open_shards(
    run: RunContext, tx: Transaction, is_wanted: Callable[[str], bool] = lambda _: True
) -> list[ShardRef]:
    """Return the first shards of the queues that are wanted, by name, that workers can deliver now."""
    newsletter, now = run.config.newsletter.id, run.clock.time()
    channels = [channel.name for channel in find_worker_channels(run.config)]
    return [
        shard
        for channel, name in find_open_queues(tx, newsletter)
        if channel in channels and is_wanted(name)
        for shard in select_open_shards(tx, newsletter, channel, name, now, _MAX_SHARDS)
    ]


def has_worker(run: RunContext) -> bool:
    """Return whether a worker was alive in the last seconds. Raises StorageError."""
    with run.ledger.transaction() as tx:
        return bool(list_workers(tx, run.ledger.dialect, run.config.newsletter.id))
