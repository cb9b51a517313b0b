"""The telegram channel: an issue as messages for the Bot API, each ready to be sent as it is.

message-1.json      the call that sends the first message

Beside the calls lie, for the eye and for other senders:

message-1.html      the same message in Telegram's HTML
preview.html        all messages as the app shows them
rich.json           the call that sends the whole issue as one rich message, if that is asked for

Without a `token` all of it is written as files; with one, a bot makes the calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import ClassVar

from publisher.channel import Context, Finding, Rendering, Session
from publisher.channels.telegram.settings import TelegramSettings
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue


@dataclass(frozen=True, slots=True)
class Telegram(TelegramSettings):
    """A chat in Telegram, with its settings."""

    name: ClassVar[str] = "telegram"
    can_edit: ClassVar[bool] = True
    ordered: ClassVar[bool] = True
    idempotent: ClassVar[bool] = False  # the Bot API has no way to say that a message is the same one again
    concurrency: ClassVar[int] = 1
    timeout: ClassVar[float] = 200.0

    @property
    def destination(self) -> str:
        """The chat; empty as long as there is no token to send with."""
        return self.chat if self.token else ""

    @property
    def test_recipient(self) -> str:
        """The editor's own chat with the bot."""
        return self.me

    def recipients(self) -> Iterator[str]:
        """The chat."""
        yield self.destination

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The messages of an issue that went through `publishable` and `absolute`, in order, and then the
        page that shows them; needs `context.entry`."""
        from publisher.channels.telegram.render import render

        return render(self, issue, context)

    def session(self) -> AbstractContextManager[Session]:
        """A connection that sends to its destination, a chat; without a token it writes files below it."""
        if not self.token:
            return FolderSession()
        from publisher.channels.telegram.client import BotClient
        from publisher.channels.telegram.rate_limit import ChatRateLimiter
        from publisher.channels.telegram.session import ChatSession

        return ChatSession(
            BotClient(self.token, self.api), ChatRateLimiter(), pin=self.pin, test_recipient=self.me
        )

    def diagnose(self) -> Iterator[Finding]:
        """Whether the bot could send to the chat. Raises ConfigError when there is no token to ask with."""
        if not self.token:
            raise ConfigError(
                "there is no token, so messages are written as files",
                'get one from @BotFather and name where it is: token = "env:TELEGRAM_TOKEN"',
            )
        from publisher.channels.telegram.client import BotClient
        from publisher.channels.telegram.doctor import diagnose

        connection = BotClient(self.token, self.api)
        return diagnose(connection, self.chat, test_recipient=self.me, topic=self.topic, pin=self.pin)
