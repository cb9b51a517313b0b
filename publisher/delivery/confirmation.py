"""Asks someone who wants to subscribe to confirm it: one email now, with the links of the pages of [subscribers]."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.config import Config
from publisher.errors import ConfigError
from publisher.signing import Purpose, SigningKeys
from publisher.subscribers.models import Subscriber

if TYPE_CHECKING:
    from publisher.channels.email import Email


def find_email_channel(config: Config) -> Email:
    """Return the channel that sends confirmations. Raises ConfigError if there is none."""
    from publisher.channels.email import Email  # slow to import

    for channel in config.channels:
        if isinstance(channel, Email):
            return channel
    raise ConfigError(
        "no confirmation can be sent: there is no [channels.email]", "set it up: from, server, user and password"
    )


def send_confirmation(config: Config, keys: SigningKeys, subscriber: Subscriber, now: dt.datetime) -> None:
    """Send a subscriber the email that asks to confirm. `now` is aware.

    It is not sent again by itself, whatever happens: the address may be that of someone who did not ask. Raises
    ConfigError without a list or a mail server, DeliveryError when nothing was sent, OutcomeUnknownError when it may
    have been sent.
    """
    if config.subscribers is None:
        raise ConfigError("there is no list of subscribers", "set it up: [subscribers] in publisher.toml")
    base = config.subscribers.base
    confirm_url, refuse_url = (
        f"{base}/{purpose.value}/{keys.sign(purpose, subscriber.tag)}" for purpose in (Purpose.CONFIRM, Purpose.REFUSE)
    )
    newsletter = config.newsletter
    local_time = now.astimezone(ZoneInfo(newsletter.timezone))
    find_email_channel(config).send_confirmation(newsletter, subscriber.address, confirm_url, refuse_url, local_time)
