"""What the pages for subscribers know during one request: the list, how its pages look, who asks, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from publisher.config import Config
from publisher.errors import ConfigError
from publisher.ledger import Ledger
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext
from publisher.server.page_views import PageView
from publisher.signing import SigningKeys
from publisher.subscriber_settings import SubscriberSettings
from publisher.subscribers.limits import find_network
from publisher.subscribers.models import Origin


def require_list(config: Config) -> SubscriberSettings:
    """Return the table [subscribers]. Raises ConfigError if there is none any more."""
    if config.subscribers is None:
        raise ConfigError("there is no list of subscribers", "add [subscribers] to publisher.toml")
    return config.subscribers


class Visit(NamedTuple):
    """One request. `keys` are those of the list, `client` is as for SignUpLimits, and `now` is aware."""

    config: Config
    view: PageView
    keys: SigningKeys
    client: str
    now: dt.datetime

    @property
    def newsletter_id(self) -> str:
        """The id of the newsletter, which its list has too."""
        return self.config.newsletter.id

    @contextmanager
    def open_ledger(self) -> Iterator[Ledger]:
        """Open the ledger for the request: it may have been replaced since the one before. Raises StorageError.

        The daemon writes backups now and then, and not while a visitor waits.
        """
        ledger = RunContext.open(self.config, self.view.theme, self.now).ledger
        try:
            yield ledger
        finally:
            ledger.close(backup=False)

    def build_origin(self, via: str, text: str = "") -> Origin:
        """Return where a change of the list comes from. `text` is what the visitor agreed to, as the page said it."""
        return Origin(self.now, via, text, find_network(self.client))
