"""Classifies errors of python-telegram-bot: nothing was sent, or the outcome is unknown.

`BadRequest`, `TimedOut` and a broken connection are all a `NetworkError`: only the cause shows whether the
request had been sent. The server's texts are those of tdlib/telegram-bot-api (Client.cpp) and of
https://core.telegram.org/api/errors; the library capitalises some of them.

What is wrong with the bot, its token or its rights is about the sender. It is permanent all the same: there is one
chat, and a retry cannot help before somebody has changed that.
"""

from __future__ import annotations

import re

from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError, RefusalKind
from publisher.named_tuple import NamedTuple
from publisher.redaction import redact


class ErrorRule(NamedTuple):
    """A pattern for the server's text, the message and hint for the editor, and what the refusal is about."""

    pattern: str
    message: str
    hint: str
    kind: RefusalKind = RefusalKind.UNKNOWN


ERROR_RULES = (
    ErrorRule(
        "chat not found|peer_id_invalid|chat_id is empty|user not found",
        "the bot does not know the chat {chat}",
        "check `chat` in publisher.toml, and add the bot to it; in a private chat, that person must write first",
        RefusalKind.NO_RECIPIENT,
    ),
    ErrorRule(
        "bot is not a member|bot was kicked|user_not_participant|channel_private",
        "the bot is not in {chat}",
        "add it there as an administrator with the right to post messages",
        RefusalKind.SENDER,
    ),
    ErrorRule(
        "bot was blocked by the user",
        "{chat} has blocked the bot",
        "open the bot there and restart it",
        RefusalKind.NO_RECIPIENT,
    ),
    ErrorRule(
        "can't initiate conversation",
        "{chat} has not yet written to the bot",
        "open the bot there and start it",
        RefusalKind.NO_RECIPIENT,
    ),
    ErrorRule(
        "user is deactivated|chat was deleted|chat was deactivated|send messages to bots",
        "{chat} does not exist any more",
        "set another `chat` in publisher.toml",
        RefusalKind.NO_RECIPIENT,
    ),
    ErrorRule(
        "topic_closed|topic is closed", "the topic in {chat} is closed", "reopen it, or let the bot manage topics"
    ),
    ErrorRule(
        "thread not found|topic_deleted|topic_id_invalid|topic not found",
        "{chat} has no such topic",
        "set `topic` in publisher.toml to the number in the URL of one of its messages, or remove it",
    ),
    ErrorRule(
        "not enough rights|no rights to|need administrator rights|chat_admin_required|chat_write_forbidden"
        "|chat_restricted|chat_send_\\w*forbidden|user_banned_in_channel",
        "the bot is not allowed to do that in {chat}",
        "make it an administrator with the right to post messages",
        RefusalKind.SENDER,
    ),
    ErrorRule(
        "message to edit not found|message_id_invalid|message identifier is not specified",
        "the message is no longer in {chat}",
        "it was deleted there and cannot be corrected any more",
    ),
    ErrorRule(
        "message can't be edited|message_author_required|message_edit_time_expired",
        "the bot cannot edit the message in {chat}",
        "only the bot that sent it can: check `token` in publisher.toml",
        RefusalKind.SENDER,
    ),
    ErrorRule(
        "too.long|entit|parse|button|url|text is empty|message_empty|must be non-empty",
        "Telegram rejected a message for {chat}: {reason}",
        'retrying does not help; detail = "titles" makes it shorter',
        RefusalKind.CONTENT,
    ),
)
"""The first rule whose pattern matches applies."""

DEFAULT_ERROR_RULE = ErrorRule(
    "", "Telegram refused a message for {chat}: {reason}", "nothing was sent; change it and try again"
)


def classify_error(error: Exception, chat: str, *, has_effect: bool = True) -> PublisherError:
    """Return the error to raise for a failed call about a chat, without secrets.

    A DeliveryError if the call certainly did nothing, else an OutcomeUnknownError. A call without an effect
    never does anything.
    """
    from telegram import error as errors

    from publisher.channels.telegram.request import ForeignResponseError

    match error:
        case ForeignResponseError() if not has_effect:
            return DeliveryError(f"{error}, asked about {chat}", "check `api` in publisher.toml, and HTTPS_PROXY")
        case errors.RetryAfter():
            wait = _to_seconds(error.retry_after)
            return DeliveryError(
                f"rate limit: {chat} accepts no messages for {wait:g} seconds", retry_after=wait, kind=RefusalKind.LATER
            )
        case errors.ChatMigrated():
            return DeliveryError(
                f"{chat} has become a supergroup, {error.new_chat_id}; earlier messages stay as they are",
                f'write chat = "{error.new_chat_id}" into publisher.toml',
                permanent=True,
                moved_to=str(error.new_chat_id),
            )
        case errors.InvalidToken():
            return DeliveryError(
                f"Telegram does not know the token for {chat}",
                "copy it from @BotFather again to where `token` in publisher.toml points",
                permanent=True,
                kind=RefusalKind.SENDER,
            )
        case errors.BadRequest() | errors.Forbidden():
            return _build_rejected_error(redact(str(error)), chat)
    if _is_connection_failure(error):
        reason = redact(str(error.__cause__)) or describe_bot_error(error)
        return DeliveryError(
            f"cannot reach Telegram for {chat}: {reason}",
            "check the network; if you need a proxy, set HTTPS_PROXY",
            kind=RefusalKind.LATER,
        )
    if not has_effect:
        return DeliveryError(
            f"no answer from Telegram about {chat}: {describe_bot_error(error)}",
            "try again; if `api` is set in publisher.toml, check that server",
            kind=RefusalKind.LATER,
        )
    hint = "check the chat in Telegram"
    if isinstance(error, ForeignResponseError):
        hint += "; the proxy is where `api` in publisher.toml or HTTPS_PROXY leads"
    return OutcomeUnknownError(f"unknown whether the message for {chat} was sent: {describe_bot_error(error)}", hint)


def describe_bot_error(error: Exception) -> str:
    """Describe an error briefly, without secrets: the name httpx has for it, else its message."""
    import httpx

    from publisher.channels.telegram.request import ForeignResponseError

    if isinstance(error.__cause__, httpx.HTTPError):
        return type(error.__cause__).__name__
    if isinstance(error, ForeignResponseError):
        return str(error)
    return f"{type(error).__name__}: {redact(str(error))}"


def _build_rejected_error(text: str, chat: str) -> DeliveryError:
    rule = next((one for one in ERROR_RULES if re.search(one.pattern, text, re.IGNORECASE)), DEFAULT_ERROR_RULE)
    return DeliveryError(rule.message.format(chat=chat, reason=text), rule.hint, permanent=True, kind=rule.kind)


def _to_seconds(wait: object) -> float:
    """Return seconds from the library's value: a timedelta, in older versions a number."""
    import datetime as dt

    return wait.total_seconds() if isinstance(wait, dt.timedelta) else float(str(wait))


def _is_connection_failure(error: Exception) -> bool:
    """Return whether the connection was never made: no DNS entry, route, certificate or proxy."""
    import httpx

    return isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
