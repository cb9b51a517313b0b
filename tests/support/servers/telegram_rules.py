"""What a Bot API server does with the calls the channel makes, as far as it is documented.

https://core.telegram.org/bots/api; the words of refusals are those of tdlib/telegram-bot-api, Client.cpp, and
of tdlib/td. It is stricter in one respect: entities beyond the hundredth are refused, not dropped silently.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

TOKEN = "7000000000:A-TIDE-TABLE-AND-NOT-A-REAL-TOKEN-x"
BOT = {"id": 7000000000, "is_bot": True, "first_name": "潮汐", "username": "tide_press_bot"}
TWO_DAYS = 48 * 3600.0
EDITED = ("text", "entities", "link_preview_options", "reply_markup")

_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
    "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories",
)  # fmt: skip
_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


class RefusedError(Exception):
    """An answer that is not ok."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(description: str, **parameters: int) -> RefusedError:
    return RefusedError(400, f"Bad Request: {description}", **parameters)


@dataclass
class Chat:
    """A chat, and what the bot is and may do in it."""

    id: int
    type: str
    title: str = ""
    username: str = ""
    status: str = "administrator"
    rights: set[str] = field(default_factory=lambda: {"can_post_messages", "can_edit_messages", "can_pin_messages"})
    topics: dict[int, str] = field(default_factory=dict)  # to "open" or "closed"
    silent: bool = False  # only administrators may write
    moved_to: int = 0
    pinned: list[int] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        name = {"first_name" if self.type == "private" else "title": self.title}
        return {"id": self.id, "type": self.type, **name, **({"username": self.username} if self.username else {})}


def some_chats() -> list[Chat]:
    """A channel, a group with topics, a private group, and the editor's own chat."""
    return [
        Chat(-1001000000001, "channel", "潮汐简报", "tide"),
        Chat(-1001000000002, "supergroup", "潮汐茶馆", "tide_talk", topics={7: "open", 8: "closed"}),
        Chat(-43, "group", "码头"),
        Chat(42, "private", "林汐", status="member"),
    ]


class BotApi:
    """The chats and all that was sent to them. `messages` are as in the API, the number of their chat in
    `chat`; `monotonic` paces the calls when `enforces_pace` is set."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.token = TOKEN
        self.chats = some_chats()
        self.messages: list[dict[str, Any]] = []
        self.enforces_pace = False
        self.changed: Callable[[], None] = lambda: None
        self._last: defaultdict[int, int] = defaultdict(int)
        self._accepted: defaultdict[int, list[float]] = defaultdict(list)

    def answer(self, token: str, method: str, parameters: Mapping[str, Any]) -> object:
        """The result of a call. Raises RefusedError."""
        if token != self.token:
            raise RefusedError(401, "Unauthorized")
        act = {
            "getMe": self._me,
            "getChat": self._chat_info,
            "getChatMember": self._member,
            "sendMessage": self._send,
            "editMessageText": self._edit,
            "deleteMessage": self._delete,
            "pinChatMessage": self._pin,
        }.get(method)
        if act is None:
            raise RefusedError(404, "Not Found")
        return act(decoded(parameters))

    def chat(self, key: object) -> Chat:
        """The chat of a number or an @name."""
        for chat in self.chats:
            if str(key).lower() in (str(chat.id), f"@{chat.username}".lower() if chat.username else ""):
                return chat
        raise bad("chat not found")

    def migrate(self, chat: Chat, number: int) -> None:
        """Make a supergroup of a group."""
        chat.moved_to = number
        self.chats.append(Chat(number, "supergroup", chat.title))

    def age(self, seconds: float) -> None:
        """Let every message be older by that."""
        for message in self.messages:
            message["date"] -= int(seconds)

    # ------------------------------------------------------------- the methods

    def _me(self, _: dict[str, Any]) -> object:
        return BOT

    def _chat_info(self, said: dict[str, Any]) -> object:
        chat = self._seen(said)
        info: dict[str, Any] = {"accent_color_id": 0, "max_reaction_count": 11, "is_forum": bool(chat.topics)}
        info["accepted_gift_types"] = dict.fromkeys(_GIFTS, False)
        if chat.type.endswith("group"):
            info["permissions"] = {"can_send_messages": not chat.silent}
        return chat.shown() | info

    def _member(self, said: dict[str, Any]) -> object:
        chat = self._seen(said)
        rights: dict[str, Any] = {}
        if chat.status == "administrator":
            rights = dict.fromkeys(_RIGHTS, False) | dict.fromkeys(chat.rights, True)
        elif chat.status == "kicked":
            rights = {"until_date": 0}
        return {"status": chat.status, "user": BOT, **rights}

    def _send(self, said: dict[str, Any]) -> object:
        chat = self._open(said)
        if chat.type == "channel" and not (chat.status == "administrator" and "can_post_messages" in chat.rights):
            raise bad("need administrator rights in the channel chat")
        if chat.silent and chat.status != "administrator":
            raise bad("not enough rights to send text messages to the chat")
        topic = self._topic(chat, said)
        content = checked(said)
        self._pace(chat)
        self._last[chat.id] += 1
        message = {
            "message_id": self._last[chat.id],
            "date": int(time.time()),
            "chat": chat.shown(),
            "disable_notification": said.get("disable_notification", False),
            "has_protected_content": said.get("protect_content", False),
            **topic,
            **content,
        }
        self.messages.append(message)
        self.changed()
        return message

    def _edit(self, said: dict[str, Any]) -> object:
        chat = self._open(said)
        message = self._message(chat, said, "message to edit not found")
        if message.get("from", BOT) != BOT:
            raise bad("message can't be edited")
        content = checked(said)
        if all(content.get(key) == message.get(key) for key in EDITED):
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message"
            )
        self._pace(chat)
        for key in EDITED:
            message.pop(key, None)
        message.update(content, edit_date=int(time.time()))
        self.changed()
        return message

    def _delete(self, said: dict[str, Any]) -> object:
        chat = self._open(said)
        message = self._message(chat, said, "message to delete not found")
        if time.time() - message["date"] >= TWO_DAYS:
            raise bad("message can't be deleted")
        self.messages.remove(message)
        self.changed()
        return True

    def _pin(self, said: dict[str, Any]) -> object:
        chat = self._open(said)
        message = self._message(chat, said, "message to pin not found")
        right = "can_edit_messages" if chat.type == "channel" else "can_pin_messages"
        if chat.type != "private" and right not in chat.rights:
            raise bad("not enough rights to manage pinned messages in the chat")
        chat.pinned.append(message["message_id"])
        return True

    # --------------------------------------------------------------- the rules

    def _seen(self, said: dict[str, Any]) -> Chat:
        chat = self.chat(said.get("chat_id", ""))
        if chat.status == "kicked":
            raise RefusedError(403, f"Forbidden: bot was kicked from the {chat.type} chat")
        return chat

    def _open(self, said: dict[str, Any]) -> Chat:
        chat = self._seen(said)
        if chat.moved_to:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to)
        if chat.status == "left":
            raise RefusedError(403, f"Forbidden: bot is not a member of the {chat.type} chat")
        if chat.status == "blocked":
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        return chat

    def _topic(self, chat: Chat, said: dict[str, Any]) -> dict[str, Any]:
        number = said.get("message_thread_id")
        if number is None:
            return {}
        if number not in chat.topics:
            raise bad("message thread not found")
        if chat.topics[number] == "closed":
            raise bad("TOPIC_CLOSED")
        return {"message_thread_id": number, "is_topic_message": True}

    def _message(self, chat: Chat, said: dict[str, Any], missing: str) -> dict[str, Any]:
        for message in self.messages:
            if message["chat"]["id"] == chat.id and message["message_id"] == said.get("message_id"):
                return message
        raise bad(missing)

    def _pace(self, chat: Chat) -> None:
        """One a second, twenty a minute: https://core.telegram.org/bots/faq"""
        now = self.monotonic()
        recent = [at for at in self._accepted[chat.id] if now - at < 60]
        wait = max([1 - (now - recent[-1]) if recent else 0, 60 - (now - recent[-20]) if len(recent) >= 20 else 0])
        if self.enforces_pace and wait > 0:
            seconds = int(wait) + 1
            raise RefusedError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        self._accepted[chat.id] = [*recent, now]


def decoded(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a call; in a form, all that is no text is JSON."""
    made = dict(parameters)
    for key, value in parameters.items():
        if isinstance(value, str) and key not in ("text", "chat_id"):
            made[key] = json.loads(value)
    return made


def checked(said: dict[str, Any]) -> dict[str, Any]:
    """What a message holds, if it is as it must be."""
    text = said.get("text", "").strip()
    if not text:
        raise bad("message text is empty")
    wide = text.encode("utf-16-le")
    if len(wide) > 2 * 4096:
        raise bad("message is too long")
    entities = said.get("entities", [])
    if len(entities) > 100:
        raise bad("ENTITIES_TOO_MUCH")
    for entity in entities:
        _check_entity(entity, wide)
    for row in said.get("reply_markup", {}).get("inline_keyboard", []):
        for button in row:
            if not button.get("text") or not _is_web(button.get("url", "")):
                raise bad(f"inline keyboard button URL '{button.get('url')}' is invalid: Wrong HTTP URL")
    content = {"text": text, "entities": entities}
    return content | {key: said[key] for key in EDITED[2:] if key in said}


def _check_entity(entity: dict[str, Any], wide: bytes) -> None:
    start, end = entity["offset"], entity["offset"] + entity["length"]
    if start < 0 or entity["length"] <= 0 or 2 * end > len(wide):
        raise bad(f"entity beginning at UTF-16 offset {start} ends after the end of the text")
    for place in (start, end):
        if b"\xdc" <= wide[2 * place + 1 : 2 * place + 2] < b"\xe0":  # the second half of a character
            raise bad(f"entity beginning at UTF-16 offset {start} is in a middle of a UTF-16 symbol")
    if entity["type"] == "text_link" and not _is_web(entity.get("url", "")):
        raise bad(f"entity URL '{entity.get('url')}' is invalid")


def _is_web(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "")
