"""What an error of python-telegram-bot means: nothing went out, or nobody knows.

`BadRequest` and `TimedOut` are both a `NetworkError`, and so is a connection that broke in the middle: it
is the cause that tells whether the request had left. The words are those of tdlib/telegram-bot-api
(Client.cpp) and of the errors at https://core.telegram.org/api/errors; the library writes some with a
capital letter.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from publisher.credentials import redact
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError


class ErrorRule(NamedTuple):
    """Words of the server, and what people are told: what is wrong with the `chat`, and how to mend it."""

    pattern: str
    message: str
    hint: str


ERROR_RULES = (
    ErrorRule(
        "chat not found|peer_id_invalid|chat_id is empty|user not found",
        "the bot knows no chat {chat}",
        "look at `chat` in publisher.toml, and add the bot to it; to a person's own chat, that person must "
        "write first",
    ),
    ErrorRule(
        "bot is not a member|bot was kicked|user_not_participant|channel_private",
        "the bot is not in {chat}",
        "add it there as an administrator who may post messages",
    ),
    ErrorRule(
        "bot was blocked by the user", "{chat} has blocked the bot", "open the bot there and restart it"
    ),
    ErrorRule(
        "can't initiate conversation",
        "{chat} has not yet written to the bot",
        "open the bot there and start it",
    ),
    ErrorRule(
        "user is deactivated|chat was deleted|chat was deactivated|send messages to bots",
        "nobody is at {chat} any more",
        "set another `chat` in publisher.toml",
    ),
    ErrorRule(
        "topic_closed|topic is closed",
        "the topic in {chat} is closed",
        "open it again, or let the bot manage topics",
    ),
    ErrorRule(
        "thread not found|topic_deleted|topic_id_invalid|topic not found",
        "{chat} has no such topic",
        "set `topic` in publisher.toml to the number in the address of one of its messages, or leave it out",
    ),
    ErrorRule(
        "not enough rights|no rights to|need administrator rights|chat_admin_required|chat_write_forbidden"
        "|chat_restricted|chat_send_\\w*forbidden|user_banned_in_channel",
        "the bot has no right to do that in {chat}",
        "make it an administrator there who may post messages",
    ),
    ErrorRule(
        "message to edit not found|message_id_invalid|message identifier is not specified",
        "the message is no longer in {chat}",
        "somebody deleted it there; nothing can be corrected in what is gone",
    ),
    ErrorRule(
        "message can't be edited|message_author_required|message_edit_time_expired",
        "the bot may not change the message in {chat}",
        "only the bot that sent it can: look at `token` in publisher.toml",
    ),
    ErrorRule(
        "too.long|entit|parse|button|url|text is empty|message_empty|must be non-empty",
        "Telegram does not take a message for {chat}: {said}",
        'it is no use to send it again; detail = "titles" makes a shorter one',
    ),
)
"""The first whose words are in what the server said is the one."""

DEFAULT_ERROR_RULE = ErrorRule(
    "", "Telegram refuses a message for {chat}: {said}", "nothing was sent; change it and try again"
)


def classify_error(error: Exception, chat: str) -> PublisherError:
    """The error to raise for one that a call about a chat ended in: a DeliveryError when it is sure that the
    call did nothing, else an OutcomeUnknownError. No secret is in it."""
    from telegram import error as errors

    match error:
        case errors.RetryAfter():
            wait = _to_seconds(error.retry_after)
            return DeliveryError(f"{chat} takes no more messages for {wait:g} seconds", retry_after=wait)
        case errors.ChatMigrated():
            return DeliveryError(
                f"{chat} has become a supergroup, {error.new_chat_id}; what was sent before stays as it is",
                f'write chat = "{error.new_chat_id}" into publisher.toml',
                permanent=True,
            )
        case errors.InvalidToken():
            return DeliveryError(
                f"Telegram does not know the token that is to post in {chat}",
                "copy it from @BotFather again, to where `token` in publisher.toml leads",
                permanent=True,
            )
        case errors.BadRequest() | errors.Forbidden():
            return _build_rejected_error(_get_error_text(error), chat)
    if _is_connection_failure(error):
        reason = redact(str(error.__cause__)) or describe_bot_error(error)
        return DeliveryError(
            f"Telegram cannot be reached for {chat}: {reason}",
            "check the network; if you need a proxy, set HTTPS_PROXY",
        )
    return OutcomeUnknownError(
        f"nobody knows what became of the message for {chat}: {describe_bot_error(error)}",
        "look at the chat in Telegram",
    )


def describe_bot_error(error: Exception) -> str:
    """What went wrong, in few words: what httpx calls it, or else what it says. No secret is in it."""
    import httpx

    if isinstance(error.__cause__, httpx.HTTPError):
        return type(error.__cause__).__name__
    return f"{type(error).__name__}: {_get_error_text(error)}"


def _get_error_text(error: Exception) -> str:
    """The words of an error, without the page that a proxy may have sent."""
    return redact(str(error)).partition(". Parsing the server response")[0]


def _build_rejected_error(text: str, chat: str) -> DeliveryError:
    found = next(
        (one for one in ERROR_RULES if re.search(one.pattern, text, re.IGNORECASE)), DEFAULT_ERROR_RULE
    )
    return DeliveryError(found.message.format(chat=chat, said=text), found.hint, permanent=True)


def _to_seconds(wait: object) -> float:
    """A time as the library has it: a timedelta, and in older versions a number."""
    import datetime as dt

    return wait.total_seconds() if isinstance(wait, dt.timedelta) else float(str(wait))


def _is_connection_failure(error: Exception) -> bool:
    """Whether the connection was never made: no name, no route, no certificate, no proxy."""
    import httpx

    return isinstance(
        error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError
    )
