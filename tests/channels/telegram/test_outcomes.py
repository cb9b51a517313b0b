"""What is known when a call fails: that nothing went out, or nothing at all. And never the token."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

import httpx
import pytest
from telegram.error import NetworkError, TimedOut

from publisher.channel import Session
from publisher.channels.telegram import Telegram
from publisher.channels.telegram.client import BotClient
from publisher.channels.telegram.errors import ERROR_RULES, classify_error
from publisher.channels.telegram.rate_limit import ChatRateLimiter
from publisher.channels.telegram.session import ChatSession
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from tests.channels.telegram.api_server import part
from tests.support.servers.telegram_api import Fault, TelegramServer
from tests.support.servers.telegram_rules import TOKEN


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.channels.telegram.client.READ_TIMEOUT", 0.2)


def outcome(session: Session, chat: str = "@tide") -> PublisherError:
    """The error of a delivery."""
    with pytest.raises(PublisherError) as caught:
        session.deliver(part(), chat)
    return caught.value


# ------------------------------------------------------------ did it go out or not


@pytest.mark.parametrize(
    ("fault", "stored", "said"),
    [
        (Fault("hang"), 1, "ReadTimeout"),
        (Fault("drop_after"), 1, "RemoteProtocolError"),
        (Fault("drop_before"), 0, "RemoteProtocolError"),
        (Fault("reset"), 0, "ReadError"),
        (Fault("html", value=502), 0, "NetworkError: Bad Gateway (502)"),
        (Fault("html", value=500), 0, "NetworkError: Internal Server Error (500)"),
        (Fault("html", value=200), 0, "TelegramError: Invalid server response"),
        (Fault("not_ok"), 1, "KeyError: 'result'"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_nobody_knows(server: TelegramServer, session: Session, fault: Fault, stored: int, said: str) -> None:
    """What was stored and what was not look the same from here, and nothing is sent again."""
    server.script(fault)
    error = outcome(session)
    assert isinstance(error, OutcomeUnknownError)
    assert error.message == f"unknown whether the message for @tide was sent: {said}"
    assert len(server.messages) == stored
    assert len(server.calls) == 1


def test_too_many(server: TelegramServer, session: Session) -> None:
    server.script(Fault("flood", call=1, value=7))
    error = outcome(session)
    assert isinstance(error, DeliveryError)
    assert (error.permanent, error.retry_after) == (False, 7.0)
    assert error.message == "rate limit: @tide accepts no messages for 7 seconds"
    assert (len(server.calls), server.messages) == (1, [])


def test_nobody_listens(server: TelegramServer, session: Session) -> None:
    """And once somebody does, the same session gets through, with one copy."""
    server.down()
    error = outcome(session)
    assert isinstance(error, DeliveryError)
    assert (error.permanent, error.retry_after) == (False, None)
    assert error.message.startswith("cannot reach Telegram for @tide: ")
    server.up()
    assert session.deliver(part(), "@tide").remote_id == "1"
    assert len(server.messages) == 1


@pytest.mark.parametrize("name", ["HTTPS_PROXY", ""], ids=["a proxy that refuses", "a certificate that is none"])
def test_the_way_there_is_barred(
    server: TelegramServer, environment: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    address = server.url.replace("http:", "https:")
    if name:
        monkeypatch.setenv(name, server.url)
        address = "https://api.telegram.org"
    with ChatSession(BotClient("env:TIDE_TOKEN", address), ChatRateLimiter()) as session:
        error = outcome(session)
    assert isinstance(error, DeliveryError)
    assert not error.permanent
    assert server.calls == []


@pytest.mark.parametrize("cause", [httpx.ConnectTimeout(""), httpx.PoolTimeout(""), httpx.ConnectError("no name")])
def test_a_request_that_was_not_sent_may_be_retried(cause: httpx.TransportError) -> None:
    error = TimedOut()
    error.__cause__ = cause
    classified = classify_error(error, "@tide")
    assert isinstance(classified, DeliveryError)
    assert not classified.permanent
    assert classified.message == f"cannot reach Telegram for @tide: {str(cause) or type(cause).__name__}"


@pytest.mark.parametrize(
    "cause", [httpx.WriteError(""), httpx.WriteTimeout(""), httpx.ReadError(""), httpx.DecodingError(""), None]
)
def test_it_may_have_left(cause: httpx.RequestError | None) -> None:
    error = NetworkError("broken")
    error.__cause__ = cause
    assert isinstance(classify_error(error, "@tide"), OutcomeUnknownError)


# --------------------------------------------------------------------- refusals

REFUSED: list[tuple[str, str, str, str]] = [
    ("bad_request", "chat not found", "the bot does not know the chat @tide", "`chat`"),
    ("forbidden", "bot is not a member of the channel chat", "the bot is not in @tide", "administrator"),
    ("forbidden", "bot was kicked from the supergroup chat", "the bot is not in @tide", "administrator"),
    ("forbidden", "bot was blocked by the user", "@tide has blocked the bot", "restart"),
    ("forbidden", "bot can't initiate conversation with a user", "@tide has not yet written", "start it"),
    ("forbidden", "user is deactivated", "@tide does not exist any more", "another `chat`"),
    ("forbidden", "the group chat was deleted", "@tide does not exist any more", "another `chat`"),
    ("bad_request", "TOPIC_CLOSED", "the topic in @tide is closed", "open it"),
    ("bad_request", "message thread not found", "@tide has no such topic", "`topic`"),
    (
        "bad_request",
        "need administrator rights in the channel chat",
        "not allowed to do that in @tide",
        "post",
    ),
    ("bad_request", "not enough rights to send text messages to the chat", "not allowed to do that", "post"),
    ("bad_request", "have no rights to send a message", "not allowed to do that in @tide", "post"),
    ("bad_request", "CHAT_WRITE_FORBIDDEN", "not allowed to do that in @tide", "post"),
    ("bad_request", "message to edit not found", "the message is no longer in @tide", "deleted"),
    ("bad_request", "message can't be edited", "cannot edit the message in @tide", "`token`"),
    ("bad_request", "can't parse entities: x", "rejected a message for @tide: Can't parse", "titles"),
    ("bad_request", "message is too long", "rejected a message for @tide: Message is too long", "titles"),
    ("bad_request", "entity URL 'x' is invalid", "rejected a message for @tide: Entity url 'x'", "titles"),
    ("bad_request", "STORM", "Telegram refused a message for @tide: Storm", "nothing was sent"),
    ("unauthorized", "", "does not know the token for @tide", "`token`"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "message", "hint"), REFUSED)
def test_a_refusal_is_permanent_and_reported(
    server: TelegramServer, session: Session, kind: Any, text: str, message: str, hint: str
) -> None:
    server.script(Fault(kind, text=text))
    error = outcome(session)
    assert isinstance(error, DeliveryError)
    assert error.permanent
    assert message in error.message
    assert hint in error.hint
    assert len(server.calls) == 1
    assert server.messages == []


def test_every_refusal_is_tried() -> None:
    said = (text for kind, text, _, _ in REFUSED if text)
    found = {next((one for one in ERROR_RULES if re.search(one.pattern, text, re.IGNORECASE)), None) for text in said}
    assert found >= set(ERROR_RULES)


def test_a_chat_in_which_the_bot_is_nothing(server: TelegramServer, session: Session) -> None:
    chat = server.api.chat("@tide")
    for change, message in (("left", "the bot is not in @tide"), ("member", "not allowed to do that in @tide")):
        chat.status = change
        assert message in outcome(session).message
    assert outcome(session, "@ebb").message == "the bot does not know the chat @ebb"


def test_a_text_that_is_refused_stops_for_good(server: TelegramServer, session: Session) -> None:
    with pytest.raises(DeliveryError, match="rejected a message for @tide: Message is too long") as caught:
        session.deliver(part("字" * 4097), "@tide")
    assert caught.value.permanent


# ---------------------------------------------------------------------- secrets

FAULTS = ["none", "hang", "drop_after", "reset", "flood", "html", "not_ok", "unauthorized", "forbidden"]


def test_the_token_is_shown_nowhere(
    server: TelegramServer, connect, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    with connect(pin=True) as session:
        for fault in FAULTS:
            server.script(*([] if fault == "none" else [Fault(fault, value=502)]))  # type: ignore[arg-type]
            for act in (
                lambda: session.deliver(part(), "@tide"),
                lambda: session.edit(part("退潮"), "@tide", "1"),
                lambda: session.delete("@tide", "1"),
            ):
                try:
                    shown.append(repr(act()))
                except PublisherError as error:
                    shown += [repr(error), error.hint, *traceback.format_exception(error)]
        shown += [repr(session), repr(session._client)]
    channel = Telegram(token="env:TIDE_TOKEN", chat="@tide", api=server.url)
    shown += [repr(channel), *map(repr, channel.diagnose()), repr(server.calls)]
    out, err = capfd.readouterr()
    shown += [caplog.text, out, err]
    assert len(shown) > 40
    assert TOKEN.partition(":")[2] not in "".join(shown)


def test_nothing_is_printed(server: TelegramServer, session: Session, capfd: pytest.CaptureFixture[str]) -> None:
    """python-telegram-bot logs answers that are not JSON; Python prints records that have no handler."""
    root = logging.getLogger()
    kept, root.handlers = root.handlers, []
    try:
        server.script(Fault("html", value=502))
        outcome(session)
    finally:
        root.handlers = kept
    assert capfd.readouterr() == ("", "")
