"""Whether a bot could deliver to a chat, asked of Telegram by calls that change nothing.

https://core.telegram.org/bots/api#getme, #getchat, #getchatmember
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from publisher.channel import Finding, FindingLevel
from publisher.channels.telegram.client import Connection
from publisher.channels.telegram.errors import failure, reason
from publisher.errors import DeliveryError

if TYPE_CHECKING:
    from telegram import ChatFullInfo, ChatMember

_KIND = {"channel": "channel", "supergroup": "group", "group": "group", "private": "chat of a person"}


def examine(
    connection: Connection, chat: str, *, own: str = "", topic: int = 0, pin: bool = False
) -> Iterator[Finding]:
    """What there is to find about the token, the chat, the bot's rights in it and the editor's own chat.
    Raises ConfigError when the token is not where it should be."""
    with connection:
        try:
            bot = connection.ask(lambda bot: bot.get_me())
            yield Finding(FindingLevel.OK, f"the token is that of @{bot.username}")
            found = connection.ask(lambda bot: bot.get_chat(chat))
            yield Finding(FindingLevel.OK, f"{chat} is the {_KIND[found.type]} {_title(found)}")
            if found.type != "private":
                member = connection.ask(lambda asked: asked.get_chat_member(chat, bot.id))
                yield from _rights(chat, found, member, topic=topic, pin=pin)
        except Exception as error:
            yield _bad(error, chat)
            return
        if own:
            try:
                person = connection.ask(lambda bot: bot.get_chat(own))
                yield Finding(FindingLevel.OK, f"proofs go to {_title(person)}")
            except Exception as error:
                yield _bad(error, own)


def _rights(
    chat: str, found: ChatFullInfo, member: ChatMember, *, topic: int, pin: bool
) -> Iterator[Finding]:
    if not _may_post(found, member):
        yield Finding(
            FindingLevel.ERROR,
            f"the bot may not post in {chat}",
            "make it an administrator there who may post messages",
        )
        return
    yield Finding(FindingLevel.OK, f"the bot may post in {chat} and correct what it posted")
    if topic and not found.is_forum:
        yield Finding(FindingLevel.ERROR, f"{chat} has no topics", "leave `topic` out of publisher.toml")
    if not pin:
        return
    right, name = (
        ("can_edit_messages", "edit") if found.type == "channel" else ("can_pin_messages", "pin")
    )  # https://core.telegram.org/bots/api#pinchatmessage
    if getattr(member, right, False):
        yield Finding(FindingLevel.OK, f"the bot may pin in {chat}")
    else:
        yield Finding(FindingLevel.ERROR, f"the bot may not pin in {chat}", f"let it {name} messages there")


def _may_post(found: ChatFullInfo, member: ChatMember) -> bool:
    match member.status, found.type:
        case "administrator", "channel":
            return bool(getattr(member, "can_post_messages", False))
        case "administrator", _:
            return True
        case "member", "group" | "supergroup":
            return found.permissions is None or bool(found.permissions.can_send_messages)
        case "restricted", _:
            return bool(getattr(member, "can_send_messages", False))
        case _:
            return False


def _title(chat: ChatFullInfo) -> str:
    return f'"{chat.effective_name}"' if chat.effective_name else "without a name"


def _bad(error: Exception, chat: str) -> Finding:
    told = failure(error, chat)
    if isinstance(told, DeliveryError):
        return Finding(FindingLevel.ERROR, told.message, told.hint)
    said = f"Telegram gives no answer about {chat}: {reason(error)}"
    return Finding(
        FindingLevel.ERROR, said, "try again; if you have set `api` in publisher.toml, look at that server"
    )
