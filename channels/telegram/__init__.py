"""The telegram channel: renders an issue as messages, each a complete call of the Bot API.

message-1.json      the call that sends the first message

Files for preview and for other senders:

message-1.html      the same message in Telegram's HTML
preview.html        all messages as the app displays them

Without a `token` everything is written as files; with one, a bot makes the calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from publisher.channel import Capabilities, Context, Finding, MessageChannel, RateLimit, Rendering, Session
from publisher.channels.telegram.settings import TelegramSettings
from publisher.errors import ConfigError
from publisher.folder_session import FolderSession
from publisher.labels import get_labels
from publisher.links import is_loopback_url
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.subscription import SubscribeOption


class Telegram(TelegramSettings, MessageChannel, frozen=True):
    """Messages for a Telegram channel or group."""

    name: ClassVar[str] = "telegram"
    # not idempotent: the Bot API has no idempotency key, so sending twice makes two messages
    # the timeout: a minute for the rate limit, and three calls: to send, to send to the group's new place, to pin
    capabilities: ClassVar[Capabilities] = Capabilities(
        templates=("telegram-preview.html",), can_edit=True, ordered=True, timeout=200.0
    )

    @property
    def destination(self) -> str:
        """Return the chat, its name in lower case, as Telegram compares names; empty without a token, when the
        channel writes files."""
        return self.chat.lower() if self.token else ""

    @property
    def test_recipient(self) -> str:
        """Return the editor's chat with the bot, for test sends."""
        return self.me

    @property
    def is_local(self) -> bool:
        """Whether the Bot API server is on this machine."""
        return is_loopback_url(self.api)

    def build_subscribe_option(self, newsletter: Newsletter) -> SubscribeOption | None:
        """Return the link to the channel or group; None if it has no public name."""
        if not self.active_destination.startswith("@"):
            return None
        hint = get_labels(newsletter.lang)["subscribe_telegram"]
        return SubscribeOption("Telegram", hint, self.chat, f"https://t.me/{self.chat[1:]}")

    def render(self, issue: Issue, context: Context) -> Rendering:
        """Return the messages of a publishable issue with absolute URLs, in order, and their preview page.

        Needs `context.entry`.
        """
        from publisher.channels.telegram.render import render

        return render(self, issue, context)

    def find_lane(self, recipient: str) -> str:  # noqa: ARG002 - there is one
        """Return the chat."""
        return self.destination

    @property
    def rate_limits(self) -> Mapping[str, RateLimit]:
        """The limit of the chat."""
        from publisher.channels.telegram.rate_limit import CHAT_LIMIT

        return {self.destination: CHAT_LIMIT}

    def session(self) -> Session:
        """Open a session that sends to a chat; without a token, one that writes files below a folder."""
        if not self.token:
            return FolderSession()
        from publisher.channels.telegram.client import BotClient
        from publisher.channels.telegram.session import ChatSession

        return ChatSession(BotClient(self.token, self.api), pin=self.pin, test_recipient=self.me)

    def identify_destination(self) -> str:
        """Return the number of the chat. Raises PublisherError."""
        from publisher.channels.telegram.client import BotClient
        from publisher.channels.telegram.errors import classify_error

        with BotClient(self.token, self.api) as client:
            try:
                return str(client.call(lambda bot: bot.get_chat(self.destination)).id)
            except Exception as error:
                raise classify_error(error, self.chat, has_effect=False) from None

    def diagnose(self) -> Iterator[Finding]:
        """Check that the bot can send to the chat. Raises ConfigError if there is no token."""
        if not self.token:
            raise ConfigError(
                "no token is set, so messages are written as files",
                'get one from @BotFather and name where it is: token = "env:TELEGRAM_TOKEN"',
            )
        from publisher.channels.telegram.client import BotClient
        from publisher.channels.telegram.doctor import diagnose

        connection = BotClient(self.token, self.api)
        return diagnose(connection, self.chat, test_recipient=self.me, topic=self.topic, pin=self.pin)
