"""The telegram channel: an issue as messages for the Bot API, each ready to be sent as it is.

message-1.json      the call that sends the first message
message-1.html      the same message in Telegram's HTML
preview.html        all messages as the app shows them
rich.json           the call that sends the whole issue as one rich message, if that is asked for
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, cast, get_args

from publisher.channel import Context, Part, Rendering, Session
from publisher.channels.telegram import addresses, preview
from publisher.channels.telegram.digest import Detail, digest
from publisher.channels.telegram.limits import Counted
from publisher.channels.telegram.messages import messages
from publisher.channels.telegram.payload import Envelope, Payload, body, payload
from publisher.channels.telegram.rich import excess, rich_message
from publisher.channels.telegram.writer import Writer
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue
from publisher.words import words

_JSON, _HTML = "application/json", "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Telegram:
    """`chat` is where the messages go: @name of a channel or group, or its number; `topic` the number of a
    topic in a group. `detail` is how much of the issue is told: titles, summaries or full.

    `button` leads to the web page, `card` shows the page's card below the first message. `silent` delivers
    without a sound; all messages but the first do so anyway. `protect` keeps readers from forwarding.
    `rich` makes a rich message of the whole issue as well.
    """

    name: ClassVar[str] = "telegram"

    chat: str = ""
    topic: int = 0
    detail: str = "summaries"
    button: bool = True
    card: bool = False
    silent: bool = False
    protect: bool = False
    rich: bool = False

    def __post_init__(self) -> None:
        if self.detail not in get_args(Detail):
            raise ConfigError(
                f'detail must be one of {", ".join(get_args(Detail))}, not "{self.detail}"',
                'without it, it is detail = "summaries"',
            )
        # https://core.telegram.org/method/account.checkUsername, and a minus before the number of a group
        if self.chat and not re.fullmatch(r"@[A-Za-z][A-Za-z0-9_]{3,31}|-?[1-9]\d*", self.chat):
            raise ConfigError(
                f'chat must be a name or a number, not "{self.chat}"',
                'like chat = "@my_channel", or chat = "-1001234567890" for a private one',
            )

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
        first, other = (self._envelope(page, say["web_version"], silent=silent) for silent in (False, True))
        calls = [payload(message, "", other) for message in told]
        calls[0] = payload(told[0], page if self.card else "", first)
        parts, warnings = [*_files(told, calls)], []
        if self.rich:
            message = rich_message(issue, entry, publication, writer)
            if too_much := excess(message):
                warnings.append(f"no rich message: it would have {' and '.join(too_much)}")
            else:
                parts.append(Part("rich.json", _JSON, body({"rich_message": message, **first})))
        shown = preview.page([*zip(told, calls, strict=True)], entry, self.chat, context)
        parts.append(Part("preview.html", _HTML, shown.encode(errors="replace")))
        if self.button and not page:
            warnings.append(f"no button: {entry.url} cannot be a link in Telegram")
        return Rendering(
            tuple(replace(part, key=f"outbox/{entry.date}/{self.name}/{part.key}") for part in parts),
            warnings=(*map(_refusal, writer.refused), *warnings),
            report={"messages": len(told), "sizes": [asdict(message.size) for message in told]},
        )

    def session(self) -> AbstractContextManager[Session]:
        """A connection that writes files below its destination."""
        return FolderSession()

    def _envelope(self, page: str, label: str, *, silent: bool) -> Envelope:
        """What a message says besides its text."""
        made: Envelope = {"disable_notification": self.silent or silent, "protect_content": self.protect}
        if self.chat:
            made["chat_id"] = self.chat
        if self.topic:
            made["message_thread_id"] = self.topic
        if self.button and page:
            made["reply_markup"] = {"inline_keyboard": [[{"text": label, "url": page}]]}
        return made


def _files(told: Sequence[Counted], calls: Sequence[Payload]) -> Iterator[Part]:
    for number, (message, call) in enumerate(zip(told, calls, strict=True), 1):
        yield Part(f"message-{number}.json", _JSON, body(call))
        yield Part(f"message-{number}.html", _HTML, message.html.encode())


def _refusal(url: str) -> str:
    return f"{url} cannot be a link in Telegram, so it stands in the text"
