"""Sending messages to a chat, changing them there, taking them back.

https://core.telegram.org/bots/api#sendmessage, #editmessagetext, #deletemessage, #pinchatmessage
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from publisher.channel import Part, Receipt
from publisher.channels.telegram.client import Connection
from publisher.channels.telegram.errors import failure, reason
from publisher.channels.telegram.rate_limit import Pace

if TYPE_CHECKING:
    from telegram import Message

_FIRST = "/message-1.json"
_EDITED = ("entities", "link_preview_options", "reply_markup")


class ChatSession:
    """A LiveSession; its destinations are chats, as @name or as a number. With `pin` the first message of an
    issue is pinned, but not where the editor's proofs go, `own`. A call is made once: whoever has this
    session decides about the next."""

    def __init__(self, connection: Connection, pace: Pace, *, pin: bool = False, own: str = "") -> None:
        self._connection = connection
        self._pace = pace
        self._pin = pin
        self._own = own

    def __enter__(self) -> Self:
        """Raises ConfigError when the token is not where it should be."""
        self._connection.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def deliver(self, part: Part, destination: str) -> Receipt:
        """Send a message. Its call may name another chat: `destination` is the one that gets it. A group that
        has become a supergroup gets it there."""
        payload = json.loads(part.body)
        with self._call(destination):
            message, moved_to = self._send(payload, destination)
        notes: tuple[str, ...] = ()
        if self._pin and part.key.endswith(_FIRST) and destination != self._own:
            notes = self._pinned(moved_to or destination, message.message_id)
        return Receipt(
            url=_address(message), remote_id=str(message.message_id), moved_to=moved_to, notes=notes
        )

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:
        """Put another text, and another button, into a message. Whether it made a sound cannot be changed."""
        from telegram.error import BadRequest

        payload, number = json.loads(part.body), int(remote_id)
        rest = {name: payload[name] for name in _EDITED if name in payload}
        with self._call(destination):
            try:
                message = self._connection.ask(
                    lambda bot: bot.edit_message_text(payload["text"], destination, number, api_kwargs=rest)
                )
            except BadRequest as error:
                if "message is not modified" not in str(error).lower():
                    raise
                return Receipt(changed=False, remote_id=remote_id)
        return Receipt(url="" if isinstance(message, bool) else _address(message), remote_id=remote_id)

    def delete(self, destination: str, remote_id: str) -> Receipt:
        """Delete a message, which has to stay when it is older than 48 hours."""
        from telegram.error import BadRequest

        with self._call(destination):
            try:
                self._connection.ask(lambda bot: bot.delete_message(destination, int(remote_id)))
            except BadRequest as error:
                said = str(error).lower()
                if "message to delete not found" in said:
                    return Receipt(changed=False, remote_id=remote_id)
                if "message can't be deleted" not in said:
                    raise
                stays = f"the message stays in {destination}: no bot may delete it after 48 hours"
                return Receipt(changed=False, remote_id=remote_id, notes=(stays,))
        return Receipt(remote_id=remote_id)

    def _send(self, payload: dict[str, Any], chat: str) -> tuple[Message, str]:
        """The message, and the new number of a group that has become a supergroup."""
        from telegram.error import ChatMigrated

        rest = {name: value for name, value in payload.items() if name not in ("chat_id", "text")}

        def send(to: str) -> Message:
            return self._connection.ask(lambda bot: bot.send_message(to, payload["text"], api_kwargs=rest))

        try:
            return send(chat), ""
        except ChatMigrated as error:
            moved_to = str(error.new_chat_id)
        return send(moved_to), moved_to

    def _pinned(self, chat: str, number: int) -> tuple[str, ...]:
        """Pin a message without a sound; what to tell people when that did not work."""
        try:
            with self._pace.turn(chat):
                self._connection.ask(
                    lambda bot: bot.pin_chat_message(chat, number, disable_notification=True)
                )
        except Exception as error:  # the message is there, and whatever happens now must not unsay that
            return (f"message {number} is not pinned in {chat}: {reason(error)}",)
        return ()

    @contextmanager
    def _call(self, chat: str) -> Iterator[None]:
        """A call in its turn; what goes wrong with it is told as this house does."""
        try:
            with self._pace.turn(chat):
                yield
        except Exception as error:
            raise failure(error, chat) from None


def _address(message: Message) -> str:
    """Where everybody can read the message; empty when it is in a chat that has no name."""
    return (message.chat.username and message.link) or ""
