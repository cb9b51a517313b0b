"""The context of one run: configuration, request, clock, ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from publisher import registry
from publisher.archive.home import Home
from publisher.channel import Channel, Entry, MessageChannel, Rendering
from publisher.clock import Clock
from publisher.config import Config
from publisher.credentials import resolve_secret
from publisher.errors import ConfigError, PublisherError
from publisher.events import EventHandler, RunWarning
from publisher.named_tuple import NamedTuple
from publisher.theme import Theme

if TYPE_CHECKING:
    from publisher.ledger import Ledger
    from publisher.subscribers.subscriber_list import SubscriberList


class OutgoingMessage(NamedTuple):
    """A rendering to be sent over `channel`.

    `id` is that of the issue, or of the newsletter; `source_channel` names the channel that is up to date
    once this is delivered; `published` is the scheduled time of an issue (aware). `blocked` says why it must not
    be sent now.
    """

    id: str
    source_channel: str
    channel: MessageChannel
    rendering: Rendering
    published: dt.datetime | None = None
    blocked: PublisherError | None = None


class RunContext(Struct, frozen=True, dict=True):
    """What all steps of a run share.

    `channels` are in the order of delivery; `started_at` is aware. A dry run writes and sends nothing.
    """

    config: Config
    theme: Theme
    channels: tuple[Channel, ...]
    started_at: dt.datetime
    report: EventHandler
    clock: Clock
    dry_run: bool
    output_folder: Path
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        config: Config,
        theme: Theme,
        started_at: dt.datetime,
        report: EventHandler = lambda _: None,
        *,
        channels: tuple[Channel, ...] | None = None,
        clock: Clock | None = None,
        dry_run: bool = True,
        out: Path | None = None,
    ) -> RunContext:
        """Return a context for all enabled channels, or `channels`. Files are written below `out`, by default
        into the folder of the newsletter."""
        enabled = config.channels if channels is None else channels
        clock = clock or Clock.running(started_at)
        return cls(config, theme, enabled, started_at, report, clock, dry_run, out or config.root)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of the newsletter; a dry run does without. Raises BusyError."""
        if self.dry_run:
            yield
            return
        with self.home.hold_lock(self.output_folder / self.config.newsletter.site):
            yield

    @cached_property
    def now(self) -> dt.datetime:
        """The time of the run in the newsletter's time zone, in whole seconds."""
        return self.started_at.astimezone(self.zone).replace(microsecond=0)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The newsletter's time zone."""
        return ZoneInfo(self.config.newsletter.timezone)

    @cached_property
    def home(self) -> Home:
        """The folder with the state kept between runs."""
        return Home(self.config.root)

    @property
    def is_recorded(self) -> bool:
        """Whether the run is recorded in the ledger; output to another folder and dry runs are not."""
        return self.output_folder == self.config.root and not self.dry_run

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, open until `close`. Raises StorageError."""
        from publisher.ledger import Ledger

        url = self.config.ledger
        return Ledger(resolve_secret(url) if url else self.home.ledger)

    @cached_property
    def subscribers(self) -> SubscriberList | None:
        """The newsletter's own list in the ledger, None without [subscribers]. Raises ConfigError and StorageError."""
        settings = self.config.subscribers
        if settings is None:
            return None
        from publisher.subscribers.subscriber_list import SubscriberList

        return SubscriberList(self.ledger, self.config.newsletter.id, settings.load_keys())

    @property
    def has_ledger(self) -> bool:
        """Whether a ledger exists; read-only commands must not create one. Raises StorageError."""
        return bool(self.config.ledger) or self.home.has_ledger or self.home.is_ledger_lost

    def load_articles(self) -> Mapping[str, str]:
        """Return the URLs of WeChat articles by the id of the issue's entry, from the ledger. Raises StorageError."""
        from publisher.ledger.queries import find_article_urls

        return find_article_urls(self.ledger, "wechat") if self.has_ledger else {}

    def article_urls(self, entries: Iterable[Entry], articles: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the URLs of WeChat articles, by the URL of the issue's page. `articles` are from `load_articles`."""
        by_id = self.load_articles() if articles is None else articles
        return {entry.url: by_id[entry.id] for entry in entries if entry.id in by_id} if by_id else {}

    def close(self) -> None:
        """Close the ledger, if it was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def with_channels(self, channels: tuple[Channel, ...]) -> RunContext:
        """Return the same run for some of its channels; an open ledger is shared."""
        run = replace(self, channels=channels)
        run.__dict__.update(self.__dict__)
        return run

    def is_sending_channel(self, channel: Channel) -> TypeGuard[MessageChannel]:
        """Return whether a channel sends what it renders.

        With another output folder everything is written to files.
        """
        return (
            isinstance(channel, MessageChannel)
            and bool(channel.active_destination)
            and self.output_folder == self.config.root
        )

    def find_example_address(self, channel: MessageChannel) -> ConfigError | None:
        """Return the error for an address that its subscribers would get and that is only for examples.

        None if there is none, and for a server on this machine, as in a trial.
        """
        for address in self.config.example_addresses:
            if address.channel in ("", channel.name) and not channel.is_local:
                return ConfigError(f"not sent: {address.message}", address.hint)
        return None

    def warn(self, *messages: str) -> None:
        """Report warnings; the run continues."""
        for message in messages:
            self.warnings.append(message)
            self.report(RunWarning(message))


def build_unsendable_error(config: Config, channel: MessageChannel) -> ConfigError:
    """Return the error for a channel that is asked to send and only writes files."""
    table = f"[channels.{channel.name}] of {config.path.name}"
    if channel.send:
        return ConfigError("not set up to send, only writes files", f"complete {table}")
    return ConfigError(channel.note, f"remove that line from {table}")


def select_channels(config: Config, names: tuple[str, ...], *, retry: bool = False) -> tuple[Channel, ...]:
    """Return the named channels, or all enabled ones, in the order of delivery; for a `retry`, without those
    that only write files.

    Raises ConfigError for a channel that does not exist or is disabled, and if none is enabled, or there is none to
    retry.
    """
    enabled = {channel.name: channel for channel in config.channels}
    for name in names:
        if name not in enabled:
            registry.load_channel(name)  # raises ConfigError if there is no such channel
            hint = f"enable it: [channels.{name}] in {config.path.name}"
            raise ConfigError(f"the channel {name} is disabled", hint)
    if not enabled:
        raise ConfigError("no channel is enabled", f"set enabled = true in [channels.web] of {config.path.name}")
    channels = [channel for channel in config.channels if not names or channel.name in names]
    if retry:
        channels = [c for c in channels if isinstance(c, MessageChannel) or c.capabilities.can_ping]
        if not channels:
            raise ConfigError("nothing to retry: these channels only write files", "publish")
    return tuple(channels)
