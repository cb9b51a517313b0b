"""Which ways to subscribe the channels of publisher.toml offer: those that send now, and to the public."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.build.renderer import IssueRenderer
from publisher.channel import Channel
from publisher.channels.email import Email
from publisher.channels.rss import Rss
from publisher.channels.telegram import Telegram
from publisher.channels.wechat import WeChat
from publisher.config import Config
from publisher.credentials import Reference
from publisher.newsletter import Newsletter
from publisher.subscription import SubscribeOption
from publisher.theme import Theme

SECRET = Reference("env:SECRET")
NEWSLETTER = Newsletter(
    "Harbour Notes", "https://h.example.org/{date}/", "https://h.example.org/", "tag:h.example.org,2021:n", lang="en"
)
EMAIL = Email(from_="Lin <lin@h.example.org>", server="smtp://mail.h.example.org", recipients_=("a@e.org",))


def offer(channel: Channel, **changes: str) -> SubscribeOption | None:
    return channel.build_subscribe_option(replace(NEWSLETTER, **changes))


@pytest.mark.parametrize(
    ("channel", "name", "url"),
    [
        (Telegram(token=SECRET, chat="@Harbour"), "@Harbour", "https://t.me/Harbour"),
        (WeChat(appid="wx1", secret=SECRET), "Harbour Notes", ""),
        (EMAIL, "lin@h.example.org", "mailto:lin@h.example.org?subject=Subscribe"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_a_channel_offers(channel: Channel, name: str, url: str) -> None:
    option = offer(channel)
    assert option
    assert (option.name, option.url, option.form) == (name, url, "")


@pytest.mark.parametrize(
    "channel",
    [
        Telegram(chat="@Harbour"),  # without a token it writes files
        Telegram(token=SECRET, chat="@Harbour", send=False),
        Telegram(token=SECRET, chat="-1001234567890"),  # a private one
        WeChat(),
        WeChat(appid="wx1", secret=SECRET, send=False),
        Email(),
        Email(from_="lin@h.example.org", server="smtp://mail.h.example.org", recipients_=("a@e.org",), send=False),
        Rss(),  # feeds have their own place
    ],
)
def test_what_is_not_sent_is_not_offered(channel: Channel) -> None:
    assert offer(channel) is None


def test_mail_goes_to_the_address_of_the_newsletter() -> None:
    option = offer(EMAIL, email="desk+tide@h.example.org", lang="zh-CN")
    assert option
    assert option.url == "mailto:desk%2Btide@h.example.org?subject=%E8%AE%A2%E9%98%85"


def test_they_are_in_the_order_of_the_channels(tmp_path: Path) -> None:
    channels = (Rss(), WeChat(appid="wx1", secret=SECRET), Telegram(), EMAIL)
    config = Config(tmp_path / "publisher.toml", tmp_path, NEWSLETTER, channels=channels)
    context = IssueRenderer.for_config(config, Theme.load()).context
    assert [option.title for option in context.subscribe_options] == ["WeChat", "Email"]
