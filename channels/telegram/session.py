"""Sends, edits and deletes messages in a chat.

https://core.telegram.org/bots/api#sendmessage, #editmessagetext, #deletemessage, #pinchatmessage
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from publisher.channel import Part, Receipt, Session
from publisher.channels.telegram.client import BotClient
from publisher.channels.telegram.errors import classify_error, describe_bot_error
from publisher.channels.telegram.rate_limit import CHAT_LIMIT

if TYPE_CHECKING:
    from telegram import Message

_FIRST_MESSAGE_SUFFIX = "/message-1.json"
_EDITABLE_PARAMETERS = ("entities", "link_preview_options", "reply_markup")


class ChatSession(Session):
    """A session whose destinations are chats, as @name or number.

    With `pin` the first message of an issue is pinned, except in `test_recipient`, the editor's chat; `sleep` waits
    for some seconds before. Each call is made once; the caller decides about retries, and keeps the rate limit.
    """

    def __init__(
        self,
        client: BotClient,
        *,
        pin: bool = False,
        test_recipient: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._pin = pin
        self._test_recipient = test_recipient

    def __enter__(self) -> Self:
        """Open the client. Raises ConfigError if the token cannot be read."""
        self._client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.__exit__(*error)

    def deliver(self, part: Part, destination: str, *_: object) -> Receipt:
        """Send a message to `destination`, whatever chat its call names. A group that has become a
        supergroup gets it there. The receipt has the number of the chat that it arrived in."""
        payload = json.loads(part.body)
        with self._guard_call(destination):
            message = self._send_message(payload, destination)
        chat, notes = str(message.chat.id), tuple[str, ...]()
        if self._pin and part.key.endswith(_FIRST_MESSAGE_SUFFIX) and destination != self._test_recipient:
            notes = self._pin_message(chat, message.message_id, destination)
        return Receipt(url=_get_message_url(message), remote_id=str(message.message_id), destination=chat, notes=notes)

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:
        """Replace the text and the buttons of a message. Its sound cannot be changed."""
        from telegram.error import BadRequest

        payload, number = json.loads(part.body), int(remote_id)
        rest = {name: payload[name] for name in _EDITABLE_PARAMETERS if name in payload}
        with self._guard_call(destination):
            try:
                message = self._client.call(
                    lambda bot: bot.edit_message_text(payload["text"], destination, number, api_kwargs=rest)
                )
            except BadRequest as error:
                if "message is not modified" not in str(error).lower():
                    raise
                return Receipt(changed=False, remote_id=remote_id)
        return Receipt(url="" if isinstance(message, bool) else _get_message_url(message), remote_id=remote_id)

    def delete(self, destination: str, remote_id: str) -> Receipt:
        """Delete a message; one older than 48 hours cannot be deleted."""
        from telegram.error import BadRequest

        with self._guard_call(destination):
            try:
                self._client.call(lambda bot: bot.delete_message(destination, int(remote_id)))
            except BadRequest as error:
                reason = str(error).lower()
                if "message to delete not found" in reason:
                    return Receipt(changed=False, remote_id=remote_id)
                if "message can't be deleted" not in reason:
                    raise
                stays = f"the message stays in {destination}: bots cannot delete messages after 48 hours"
                return Receipt(changed=False, remote_id=remote_id, notes=(stays,))
        return Receipt(remote_id=remote_id)

    def _send_message(self, payload: dict[str, Any], chat: str) -> Message:
        """Return the message as sent, also to the supergroup that a group has become."""
        from telegram.error import ChatMigrated

        rest = {name: value for name, value in payload.items() if name not in ("chat_id", "text")}

        def send(to: str) -> Message:
            return self._client.call(lambda bot: bot.send_message(to, payload["text"], api_kwargs=rest))

        try:
            return send(chat)
        except ChatMigrated as error:
            moved_to = str(error.new_chat_id)
        return send(moved_to)

    def _pin_message(self, chat: str, message_id: int, destination: str) -> tuple[str, ...]:
        """Pin a message in a chat without a sound; return a note about `destination` if that failed."""
        try:
            self._sleep(CHAT_LIMIT.interval)  # pinning is a message, too
            self._client.call(lambda bot: bot.pin_chat_message(chat, message_id, disable_notification=True))
        except Exception as error:  # the message was sent; a failure to pin it must not hide that
            return (f"message {message_id} is not pinned in {destination}: {describe_bot_error(error)}",)
        return ()

    @contextmanager
    def _guard_call(self, chat: str) -> Iterator[None]:
        """Make a call. Raises DeliveryError or OutcomeUnknownError."""
        try:
            yield
        except Exception as error:
            raise classify_error(error, chat) from None


def _get_message_url(message: Message) -> str:
    """Return the public URL of a message; empty for a chat without a name."""
    return (message.chat.username and message.link) or ""
