"""What one run of the pipeline knows from its start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import field
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from publisher import registry
from publisher.archive.home import Home
from publisher.channel import Channel, Entry, MessageChannel, Rendering
from publisher.clock import Clock
from publisher.config import Config
from publisher.credentials import resolve_secret
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.events import EventHandler, Request, RunWarning
from publisher.theme import Theme

if TYPE_CHECKING:
    from publisher.ledger import Ledger


class OutgoingMessage(NamedTuple):
    """A rendering, the live channel it goes by, the id of the issue (or newsletter) it is of, and the name of
    the channel that is done when it arrived; of an issue, when it was to appear."""

    id: str
    source_channel: str
    channel: MessageChannel
    rendering: Rendering
    published: dt.datetime | None = None


@dataclass(frozen=True)
class RunContext:
    """A request, and all it is about. `channels` are in the order of delivery, `when` is aware. `stop`
    ends it after what it has begun."""

    config: Config
    theme: Theme
    request: Request
    channels: tuple[Channel, ...]
    started_at: dt.datetime
    report: EventHandler
    clock: Clock
    stop: Event = field(default_factory=Event)
    warnings: list[str] = field(default_factory=list)

    @cached_property
    def now(self) -> dt.datetime:
        """The time of the run in the newsletter's zone, in whole seconds."""
        zone = ZoneInfo(self.config.newsletter.timezone)
        return self.started_at.astimezone(zone).replace(microsecond=0)

    @property
    def output_folder(self) -> Path:
        """The folder that parts are delivered to."""
        return self.request.out or self.config.root

    @cached_property
    def home(self) -> Home:
        """Where things are remembered from one run to the next."""
        return Home(self.config.root)

    @property
    def is_recorded(self) -> bool:
        """Whether the books are told of it: what goes to another folder is a copy, and a dry run is none."""
        return self.output_folder == self.config.root and not self.request.dry_run

    @cached_property
    def ledger(self) -> Ledger:
        """The books, open until `close`. Raises StorageError."""
        from publisher.ledger import Ledger

        address = self.config.ledger
        return Ledger(resolve_secret(address) if address else self.home.ledger)

    @property
    def has_ledger(self) -> bool:
        """Whether there are books already: only to look must not begin them."""
        there = self.home.ledger.exists() or self.home.ledger.with_suffix(".backup").exists()
        return bool(self.config.ledger) or there

    def article_urls(self, entries: Iterable[Entry]) -> dict[str, str]:
        """Where issues are at WeChat, by the address of their page."""
        from publisher.ledger.queries import find_article_urls

        known = find_article_urls(self.ledger, "wechat") if self.has_ledger else {}
        return {entry.url: known[entry.id] for entry in entries if entry.id in known}

    def close(self) -> None:
        """Let go of the books, if they were opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def is_sending_channel(self, channel: Channel) -> bool:
        """Whether what a channel makes leaves the house. To another folder everything goes as files."""
        return (
            isinstance(channel, MessageChannel)
            and bool(channel.destination)
            and self.output_folder == self.config.root
        )

    def warn(self, message: str) -> None:
        """Tell something that stops nothing."""
        self.warnings.append(message)
        self.report(RunWarning(message))


def select_channels(config: Config, names: tuple[str, ...]) -> tuple[Channel, ...]:
    """The channels named, or all that are on, in the order of delivery.

    Raises ConfigError for one that is not there or not on.
    """
    on = {channel.name: channel for channel in config.channels}
    for name in names:
        if name not in on:
            registry.load_channel(name)  # which says so when there is no such channel
            hint = f"switch it on: [channels.{name}] in {config.path.name}"
            raise ConfigError(f"the channel {name} is off", hint)
    return tuple(channel for channel in config.channels if not names or channel.name in names)
