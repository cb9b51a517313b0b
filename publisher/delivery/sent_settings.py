"""The settings that a worker sends with, which must be those of the process that plans.

The text of a message is in the ledger. Its links, who gets what is returned, and the signature are not: they come from
publisher.toml where it is sent, and with another key the links would lead nowhere.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from publisher.delivery.worker_queue import find_worker_channels
from publisher.errors import ConfigError
from publisher.ledger.meta import get_meta, set_meta
from publisher.run import RunContext


class _Settings(Struct, frozen=True):
    """Values of settings, by table and key, and the fingerprints of the subscribers' keys, the current one first."""

    values: dict[str, str]
    keys: tuple[str, ...]


def record_settings(run: RunContext) -> None:
    """Record the settings of the process that plans, for those that send. Raises ConfigError if a secret cannot be
    read, StorageError."""
    name, settings = _settings_name(run), msgspec.json.encode(_read_settings(run)).decode()
    if get_meta(run.ledger, name) != settings:
        set_meta(run.ledger, name, settings)


def verify_settings(run: RunContext) -> None:
    """Raise ConfigError if this process would send something else than the one that plans; StorageError.

    A key is right if that process accepts it, also as one of its `old_keys`.
    """
    recorded = get_meta(run.ledger, _settings_name(run))
    if not recorded:
        return
    planner, own = msgspec.json.decode(recorded, type=_Settings), _read_settings(run)
    names = planner.values.keys() | own.values.keys()
    different = [name for name in names if planner.values.get(name) != own.values.get(name)]
    if own.keys[0] not in planner.keys:
        different.append("[subscribers] key")
    if different:
        raise ConfigError(
            f"not the same here as in the process that plans the issues: {', '.join(sorted(different))}",
            "copy its publisher.toml and secrets; if they were changed there: publish tick",
        )


def _read_settings(run: RunContext) -> _Settings:
    subscribers = run.config.subscribers
    assert subscribers, "workers need them"
    values = {"[subscribers] url": subscribers.base, "[subscribers] bounces": subscribers.bounces}
    for channel in find_worker_channels(run.config):
        values |= {f"[channels.{channel.name}] {key}": value for key, value in channel.sent_settings.items()}
    return _Settings(values, subscribers.load_keys().fingerprints)


def _settings_name(run: RunContext) -> str:
    return f"settings of what is sent of {run.config.newsletter.id}"
