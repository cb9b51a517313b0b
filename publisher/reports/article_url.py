"""Records the URL of an issue that was published by hand, as given by a person."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from urllib.parse import urlsplit

from publisher.archive.lock import acquire_lock
from publisher.archive.output_folder import OutputFolder
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.events import EventHandler
from publisher.ledger import PublicationKey
from publisher.ledger.queries import set_article_url
from publisher.pipeline.snapshot import take_snapshot
from publisher.run import RunContext, select_channels
from publisher.theme import Theme


def save_article_url(
    config: Config, theme: Theme, issue: str, name: str, url: str, now: dt.datetime, report: EventHandler
) -> str:
    """Record the URL of an issue on the channel `name` and return the ID of the issue.

    Raises ConfigError for an issue or a channel that does not exist, and for a URL that is not permanent.
    """
    (channel,) = select_channels(config, (name,))
    _validate_article_url(name, url)
    with closing(RunContext.open(config, theme, now, report, channels=(channel,))) as run:
        snapshot = take_snapshot(run)
        position = snapshot.choose(issue)
        if position is None:
            raise ConfigError("no issue is due", "name one: publish resolve ISSUE --url CHANNEL URL")
        with acquire_lock(run.home.lock):
            set_article_url(
                run.ledger, PublicationKey(snapshot.entries[position].id, name, channel.destination), url, now
            )
            _invalidate_outputs(run)
        return snapshot.records[position].id


def _validate_article_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url} is not the URL of a page", "it must start with https://")
    if name == "wechat" and (parts.hostname != "mp.weixin.qq.com" or "tempkey=" in url):
        hint = "copy it from the published article: https://mp.weixin.qq.com/s/…"
        raise ConfigError(f"{url} is not the permanent URL of an article", hint)


def _invalidate_outputs(run: RunContext) -> None:
    """Make the next run build all channels again, because some show article URLs."""
    site = OutputFolder(run.output_folder, run.home)
    if site.setup:
        for channel in run.config.channels:
            site.mark(channel.name, None)
        site.save(site.setup)
