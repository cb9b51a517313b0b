"""Where readers find an issue, told by a person: of what was published by hand nobody else knows it."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from urllib.parse import urlsplit

from publisher.archive.lock import held
from publisher.archive.site import Site
from publisher.channel import LiveChannel
from publisher.clock import Clock
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.events import Report, Request
from publisher.ledger import Key
from publisher.ledger.queries import set_address
from publisher.pipeline.snapshot import look
from publisher.run import Run, channels_for
from publisher.theme import Theme


def record_address(
    config: Config, theme: Theme, issue: str, name: str, url: str, now: dt.datetime, report: Report
) -> str:
    """Note the address of an issue on the channel `name`; the issue's id.

    Raises ConfigError for an issue or a channel that is not there, and for what is no lasting address.
    """
    (channel,) = channels_for(config, (name,))
    _check(name, url)
    request = Request(issue, dry_run=True)
    with closing(Run(config, theme, request, (channel,), now, report, Clock.running(now))) as run:
        view = look(run)
        position = view.choose(issue)
        if position is None:
            raise ConfigError("no issue is due", "name one: publish status ISSUE --url CHANNEL URL")
        destination = channel.destination if isinstance(channel, LiveChannel) else ""
        with held(run.home.lock):
            set_address(run.ledger, Key(view.entries[position].id, name, destination), url, now)
            _wake(run)
        return view.records[position].id


def _check(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url} is not the address of a page", "it begins with https://")
    if name == "wechat" and (parts.hostname != "mp.weixin.qq.com" or "tempkey=" in url):
        hint = "copy it from the published article: https://mp.weixin.qq.com/s/…"
        raise ConfigError(f"{url} is not the lasting address of an article", hint)


def _wake(run: Run) -> None:
    """Have the next run look at the channels that show such addresses."""
    site = Site(run.out, run.home)
    if site.setup:
        for channel in run.config.channels:
            site.output(channel.name).settled = None
        site.save(site.setup)
