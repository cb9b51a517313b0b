"""Checks that the bot can deliver to the chat, with calls that change nothing.

https://core.telegram.org/bots/api#getme, #getchat, #getchatmember
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from publisher.channel import Finding, FindingLevel
from publisher.channels.telegram.client import BotClient
from publisher.channels.telegram.errors import classify_error

if TYPE_CHECKING:
    from telegram import ChatFullInfo, ChatMember

_CHAT_TYPES = {"channel": "channel", "supergroup": "group", "group": "group", "private": "private chat"}


def diagnose(
    client: BotClient, chat: str, *, test_recipient: str = "", topic: int = 0, pin: bool = False
) -> Iterator[Finding]:
    """Yield findings about the token, the chat, the bot's rights in it and the editor's chat.

    Raises ConfigError if the token cannot be read.
    """
    with client:
        try:
            bot = client.call(lambda bot: bot.get_me())
            yield Finding(FindingLevel.OK, f"the token belongs to @{bot.username}")
            chat_info = client.call(lambda bot: bot.get_chat(chat))
            yield Finding(
                FindingLevel.OK, f"{chat} is the {_CHAT_TYPES[chat_info.type]} {_format_chat_name(chat_info)}"
            )
            if chat_info.type != "private":
                member = client.call(lambda asked: asked.get_chat_member(chat, bot.id))
                yield from _diagnose_permissions(chat, chat_info, member, topic=topic, pin=pin)
        except Exception as error:
            yield _build_error_finding(error, chat)
            return
        if test_recipient:
            try:
                person = client.call(lambda bot: bot.get_chat(test_recipient))
                yield Finding(FindingLevel.OK, f"test sends go to {_format_chat_name(person)}")
            except Exception as error:
                yield _build_error_finding(error, test_recipient)


def _diagnose_permissions(
    chat: str, chat_info: ChatFullInfo, member: ChatMember, *, topic: int, pin: bool
) -> Iterator[Finding]:
    if not _has_post_permission(chat_info, member):
        yield Finding(
            FindingLevel.ERROR,
            f"the bot cannot post in {chat}",
            "make it an administrator with the right to post messages",
        )
        return
    yield Finding(FindingLevel.OK, f"the bot can post in {chat} and correct its messages")
    if topic and not chat_info.is_forum:
        yield Finding(FindingLevel.ERROR, f"{chat} has no topics", "remove `topic` from publisher.toml")
    if not pin:
        return
    right, name = (
        ("can_edit_messages", "edit") if chat_info.type == "channel" else ("can_pin_messages", "pin")
    )  # https://core.telegram.org/bots/api#pinchatmessage
    if getattr(member, right, False):
        yield Finding(FindingLevel.OK, f"the bot can pin messages in {chat}")
    else:
        yield Finding(
            FindingLevel.ERROR, f"the bot cannot pin messages in {chat}", f"give it the right to {name} messages there"
        )


def _has_post_permission(chat_info: ChatFullInfo, member: ChatMember) -> bool:
    match member.status, chat_info.type:
        case "administrator", "channel":
            return bool(getattr(member, "can_post_messages", False))
        case "administrator", _:
            return True
        case "member", "group" | "supergroup":
            return chat_info.permissions is None or bool(chat_info.permissions.can_send_messages)
        case "restricted", _:
            return bool(getattr(member, "can_send_messages", False))
        case _:
            return False


def _format_chat_name(chat: ChatFullInfo) -> str:
    return f'"{chat.effective_name}"' if chat.effective_name else "without a name"


def _build_error_finding(error: Exception, chat: str) -> Finding:
    found = classify_error(error, chat, has_effect=False)
    return Finding(FindingLevel.ERROR, found.message, found.hint)
