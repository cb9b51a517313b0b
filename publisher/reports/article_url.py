"""Where readers find an issue, told by a person: of what was published by hand nobody else knows it."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from urllib.parse import urlsplit

from publisher.archive.lock import acquire_lock
from publisher.archive.site import OutputFolder
from publisher.channel import MessageChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.events import EventHandler, Request
from publisher.ledger import PublicationKey
from publisher.ledger.queries import set_article_url
from publisher.pipeline.snapshot import take_snapshot
from publisher.run import RunContext, select_channels
from publisher.theme import Theme


def save_article_url(
    config: Config, theme: Theme, issue: str, name: str, url: str, now: dt.datetime, report: EventHandler
) -> str:
    """Note the address of an issue on the channel `name`; the issue's id.

    Raises ConfigError for an issue or a channel that is not there, and for what is no lasting address.
    """
    (channel,) = select_channels(config, (name,))
    _validate_article_url(name, url)
    request = Request(issue, dry_run=True)
    with closing(RunContext(config, theme, request, (channel,), now, report, Clock.running(now))) as run:
        view = take_snapshot(run)
        position = view.choose(issue)
        if position is None:
            raise ConfigError("no issue is due", "name one: publish resolve ISSUE --url CHANNEL URL")
        destination = channel.destination if isinstance(channel, MessageChannel) else ""
        with acquire_lock(run.home.lock):
            set_article_url(
                run.ledger, PublicationKey(view.entries[position].id, name, destination), url, now
            )
            _invalidate_outputs(run)
        return view.records[position].id


def _validate_article_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url} is not the address of a page", "it begins with https://")
    if name == "wechat" and (parts.hostname != "mp.weixin.qq.com" or "tempkey=" in url):
        hint = "copy it from the published article: https://mp.weixin.qq.com/s/…"
        raise ConfigError(f"{url} is not the lasting address of an article", hint)


def _invalidate_outputs(run: RunContext) -> None:
    """Have the next run look at the channels that show such addresses."""
    site = OutputFolder(run.output_folder, run.home)
    if site.setup:
        for channel in run.config.channels:
            site.channel_files(channel.name).up_to_date = None
        site.save(site.setup)
