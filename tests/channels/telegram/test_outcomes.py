"""What is known when a call fails: that nothing went out, or nothing at all. And never the token."""

from __future__ import annotations

import json
import logging
import math
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
from publisher.channels.telegram.session import ChatSession
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from tests.channels.telegram.api_server import part
from tests.support.servers.telegram_api import Fault, TelegramServer
from tests.support.servers.telegram_rules import TOKEN
from tests.support.servers.trickling import start_limits_when_held_back


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.channels.telegram.client.CALL_TIMEOUT", 0.5)
    start_limits_when_held_back(monkeypatch)


INTERNAL_ERROR = '{"ok":false,"error_code":500,"description":"Internal Server Error"}'
DEEP = "[" * 200_000


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
        (Fault("not_ok"), 1, "a proxy answers instead of Telegram (200 OK)"),
        (Fault("body", value=500, text=INTERNAL_ERROR), 0, "NetworkError: Internal Server Error"),
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


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        *((200, "OK"), (204, "No Content"), (302, "Found"), (400, "Bad Request"), (401, "Unauthorized")),
        *((403, "Forbidden"), (404, "Not Found"), (409, "Conflict"), (413, "Request Entity Too Large")),
        *((500, "Internal Server Error"), (502, "Bad Gateway"), (503, "Service Unavailable")),
        *((504, "Gateway Timeout"), (520, "")),
    ],
)
@pytest.mark.parametrize("kind", ["html", "html_after"])
def test_a_page_of_a_proxy_is_not_telegrams_word(
    server: TelegramServer, session: Session, status: int, phrase: str, kind: str
) -> None:
    """It may come before the call reached Telegram, or in the place of the answer."""
    server.script(Fault(kind, value=status))
    error = outcome(session)
    assert isinstance(error, OutcomeUnknownError)
    said = f"a proxy answers instead of Telegram ({status} {phrase}".rstrip() + ")"
    assert error.message == f"unknown whether the message for @tide was sent: {said}"
    assert "proxy" in error.hint
    assert (len(server.calls), len(server.messages)) == (1, 1 if kind == "html_after" else 0)


FOREIGN = {
    "of another service": '{"message": "Forbidden"}',
    "nothing said": '{"ok": false}',
    "of another kind": '{"ok": false, "error": "channel_not_found"}',
    "no boolean": '{"ok": "false", "description": "Forbidden: bot was kicked"}',
    "said to be well": '{"ok": true, "result": {}}',
    "a list": '[{"ok": false, "description": "Bad Request"}]',
    "a text": '"Forbidden"',
    "null": "null",
    "empty": "",
    "half of it": '{"ok": false, "error_code": 403, "desc',
    "endless": DEEP,
}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_body_that_is_not_the_bot_apis(server: TelegramServer, session: Session, status: int, text: str) -> None:
    server.script(Fault("body", value=status, text=text))
    error = outcome(session)
    assert isinstance(error, OutcomeUnknownError)
    assert f"a proxy answers instead of Telegram ({status} " in error.message


@pytest.mark.parametrize("text", ['{"ok": true}', '{"result": {}}', '{"ok": false, "result": {}}', "{}", "[]", DEEP])
def test_a_success_that_is_not_the_bot_apis(server: TelegramServer, session: Session, text: str) -> None:
    server.script(Fault("body", value=200, text=text))
    assert "a proxy answers instead of Telegram (200 OK)" in outcome(session).message


def test_a_page_of_a_proxy_about_a_message_that_is_there(server: TelegramServer, connect) -> None:
    """It is no refusal either, and a message that was sent stays sent, though it is not pinned."""
    with connect(pin=True) as session:
        server.script(Fault("html", of="pinChatMessage", value=400))
        receipt = session.deliver(part(), "@tide")
        assert receipt.notes == (
            "message 1 is not pinned in @tide: a proxy answers instead of Telegram (400 Bad Request)",
        )
        server.script(Fault("html", value=400))
        for act in (lambda: session.edit(part("退潮"), "@tide", "1"), lambda: session.delete("@tide", "1")):
            with pytest.raises(OutcomeUnknownError, match="a proxy answers"):
                act()


@pytest.mark.parametrize("status", [401, 404, 502])
def test_a_proxy_that_is_asked_for_the_chat(server: TelegramServer, environment: None, status: int) -> None:
    server.script(Fault("html", value=status))
    with pytest.raises(DeliveryError, match="a proxy answers instead of Telegram") as caught:
        Telegram(token="env:TIDE_TOKEN", chat="@tide", api=server.url).identify_destination()
    assert not caught.value.permanent


TOO_MANY = {
    "absent": {},
    "no parameters": {"parameters": None},
    "other parameters": {"parameters": {"limit": 3}},
    "a list": {"parameters": [7]},
    "zero": {"parameters": {"retry_after": 0}},
    "null": {"parameters": {"retry_after": None}},
    "text": {"parameters": {"retry_after": "soon"}},
    "negative": {"parameters": {"retry_after": -5}},
    "true": {"parameters": {"retry_after": True}},
    "not a number": {"parameters": {"retry_after": math.nan}},
    "without end": {"parameters": {"retry_after": math.inf}},
}


@pytest.mark.parametrize("more", TOO_MANY.values(), ids=TOO_MANY)
def test_too_many_without_a_time_to_wait(server: TelegramServer, session: Session, more: dict[str, Any]) -> None:
    """Nothing was sent, so it is tried again, after a second."""
    refusal = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry later", **more}
    server.script(Fault("body", call=1, value=429, text=json.dumps(refusal)))
    error = outcome(session)
    assert isinstance(error, DeliveryError)
    assert (error.permanent, error.retry_after) == (False, 1.0)
    assert session.deliver(part(), "@tide").remote_id == "1"


@pytest.mark.parametrize("fault", [Fault("html", value=429), Fault("body", value=429), Fault("body", 0, "", 429, DEEP)])
def test_too_many_for_a_proxy(server: TelegramServer, session: Session, fault: Fault) -> None:
    server.script(fault)
    error = outcome(session)
    assert isinstance(error, DeliveryError)
    assert (error.permanent, error.retry_after) == (False, 1.0)


@pytest.mark.parametrize(("asked", "wait"), [(0.2, 1.0), (1.5, 2.0), (35, 35.0), (10**12, 604800.0), (1e300, 604800.0)])
def test_how_long_to_wait(server: TelegramServer, session: Session, asked: float, wait: float) -> None:
    refusal = {"ok": False, "error_code": 429, "description": "x", "parameters": {"retry_after": asked}}
    server.script(Fault("body", value=429, text=json.dumps(refusal)))
    error = outcome(session)
    assert isinstance(error, DeliveryError)
    assert error.retry_after == wait


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
    with ChatSession(BotClient("env:TIDE_TOKEN", address)) as session:
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
