"""The telegram channel: an issue as messages for the Bot API, each ready to be sent as it is.

message-1.json      the call that sends the first message

Beside the calls lie, for the eye and for other senders:

message-1.html      the same message in Telegram's HTML
preview.html        all messages as the app shows them
rich.json           the call that sends the whole issue as one rich message, if that is asked for

Without a `token` all of it is written as files; with one, a bot makes the calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import ClassVar, cast, get_args

from publisher.channel import Context, Finding, Part, Rendering, Session
from publisher.channels.telegram import addresses, preview
from publisher.channels.telegram.connection import Connection
from publisher.channels.telegram.digest import Detail, digest
from publisher.channels.telegram.examination import examine
from publisher.channels.telegram.messages import messages
from publisher.channels.telegram.pace import Pace
from publisher.channels.telegram.payload import Button, Envelope, body, payload
from publisher.channels.telegram.rich import excess, rich_message
from publisher.channels.telegram.session import ChatSession
from publisher.channels.telegram.writer import Writer
from publisher.credentials import Reference
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue
from publisher.words import words

_JSON, _HTML = "application/json", "text/html; charset=utf-8"
# https://core.telegram.org/method/account.checkUsername, and a minus before the number of a group
_CHAT = r"@[A-Za-z][A-Za-z0-9_]{3,31}|-?[1-9]\d*"
_LOOPBACK = r"localhost|127\.\d+\.\d+\.\d+|\[::1\]"
_API = rf"(?:https://[^\s/?#@]+|http://(?:{_LOOPBACK})(?::\d+)?)(?:/[^\s?#]*)?"


@dataclass(frozen=True, slots=True)
class Telegram:
    """`chat` is where the messages go: @name of a channel or group, or its number; `topic` the number of a
    topic in a group. `detail` is how much of the issue is told: titles, summaries or full.

    `button` leads to the web page, `card` shows the page's card below the first message. `silent` delivers
    without a sound; all messages but the first do so anyway. `protect` keeps readers from forwarding.
    `rich` makes a rich message of the whole issue as well.

    `token` says where the token of the bot is that sends; without it the channel writes files. `me` is the
    editor's own chat with the bot, for proofs. `pin` pins the first message of an issue. `api` is the address
    of the Bot API server.
    """

    name: ClassVar[str] = "telegram"
    updates: ClassVar[bool] = True
    ordered: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False  # the Bot API has no way to say that a message is the same one again
    window: ClassVar[int] = 1
    patience: ClassVar[float] = 200.0

    token: Reference = ""
    chat: str = ""
    topic: int = 0
    detail: str = "summaries"
    button: bool = True
    card: bool = False
    silent: bool = False
    protect: bool = False
    rich: bool = False
    me: str = ""
    pin: bool = False
    api: str = "https://api.telegram.org"

    def __post_init__(self) -> None:
        if self.detail not in get_args(Detail):
            raise ConfigError(
                f'detail must be one of {", ".join(get_args(Detail))}, not "{self.detail}"',
                'without it, it is detail = "summaries"',
            )
        for key, value in (("chat", self.chat), ("me", self.me)):
            if value and not re.fullmatch(_CHAT, value):
                raise ConfigError(
                    f'{key} must be a name or a number, not "{value}"',
                    f'like {key} = "@my_channel", or {key} = "-1001234567890" for a private one',
                )
        if self.token and not self.chat:
            raise ConfigError(
                "there is a token and no chat to send to",
                'add chat = "@my_channel", or leave out the token to write files',
            )
        if not re.fullmatch(_API, self.api):
            raise ConfigError(
                f'api must be the https address of a Bot API server, not "{self.api}"',
                'without it, it is api = "https://api.telegram.org"; http is for this machine alone',
            )

    @property
    def destination(self) -> str:
        """The chat; empty as long as there is no token to send with."""
        return self.chat if self.token else ""

    @property
    def own(self) -> str:
        """The editor's own chat with the bot."""
        return self.me

    def recipients(self) -> Iterator[str]:
        """The chat."""
        yield self.destination

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The messages of an issue that went through `publishable` and `absolute`, in order, and then the
        page that shows them; needs `context.entry`."""
        entry, publication = context.entry, context.publication
        if entry is None:
            raise ValueError("messages need the issue's entry in the archive")
        say = words(publication.lang)
        writer = Writer(say)
        told = messages(digest(issue, entry, publication, cast("Detail", self.detail), writer), say)
        page = addresses.link(entry.url)
        buttons = {say["web_version"]: page}
        if article := addresses.link(context.addresses.get(entry.url, "")):
            buttons[say["wechat"]] = article
        first, other = (self._envelope(buttons, silent=silent) for silent in (False, True))
        calls = [payload(message, "", other) for message in told]
        calls[0] = payload(told[0], page if self.card else "", first)
        folder = f"outbox/{entry.date}/{self.name}"
        parts = [Part(f"{folder}/message-{n}.json", _JSON, body(call)) for n, call in enumerate(calls, 1)]
        shown = [
            Part(f"{folder}/message-{n}.html", _HTML, message.html.encode())
            for n, message in enumerate(told, 1)
        ]
        warnings = []
        if self.rich:
            message = rich_message(issue, entry, publication, writer)
            if too_much := excess(message):
                warnings.append(f"no rich message: it would have {' and '.join(too_much)}")
            else:
                shown.append(Part(f"{folder}/rich.json", _JSON, body({"rich_message": message, **first})))
        bubbles = preview.page([*zip(told, calls, strict=True)], entry, self.chat, context)
        shown.append(Part(f"{folder}/preview.html", _HTML, bubbles.encode(errors="replace")))
        if self.button and not page:
            warnings.append(f"no button: {entry.url} cannot be a link in Telegram")
        return Rendering(
            tuple(parts),
            warnings=(*map(_refusal, writer.refused), *warnings),
            report={"messages": len(told), "sizes": [asdict(message.size) for message in told]},
            previews=tuple(shown),
        )

    def session(self) -> AbstractContextManager[Session]:
        """A connection that sends to its destination, a chat; without a token it writes files below it."""
        if not self.token:
            return FolderSession()
        return ChatSession(Connection(self.token, self.api), Pace(), pin=self.pin, own=self.me)

    def examine(self) -> Iterator[Finding]:
        """Whether the bot could send to the chat. Raises ConfigError when there is no token to ask with."""
        if not self.token:
            raise ConfigError(
                "there is no token, so messages are written as files",
                'get one from @BotFather and name where it is: token = "env:TELEGRAM_TOKEN"',
            )
        connection = Connection(self.token, self.api)
        return examine(connection, self.chat, own=self.me, topic=self.topic, pin=self.pin)

    def _envelope(self, buttons: Mapping[str, str], *, silent: bool) -> Envelope:
        """What a message says besides its text. `buttons` are addresses by what is written on them."""
        made: Envelope = {"disable_notification": self.silent or silent, "protect_content": self.protect}
        if self.chat:
            made["chat_id"] = self.chat
        if self.topic:
            made["message_thread_id"] = self.topic
        row: list[Button] = [{"text": text, "url": url} for text, url in buttons.items() if url]
        if self.button and row:
            made["reply_markup"] = {"inline_keyboard": [row]}
        return made


def _refusal(url: str) -> str:
    return f"{url} cannot be a link in Telegram, so it stands in the text"
