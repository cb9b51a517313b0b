"""A call ends though the answer trickles, and what a refusal is about."""

from __future__ import annotations

import pytest
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken

from publisher.channel import FindingLevel, Session
from publisher.channels.telegram import Telegram, client
from publisher.channels.telegram.errors import classify_error
from publisher.channels.telegram.rate_limit import CHAT_LIMIT
from publisher.errors import DeliveryError, OutcomeUnknownError, RefusalKind
from tests.channels.telegram.api_server import part
from tests.support.servers.telegram_api import Fault, TelegramServer
from tests.support.servers.trickling import STAGES, TLS_RECORD, TricklingServer, start_limits_when_held_back

CALL_TIMEOUT = client.CALL_TIMEOUT


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT", 0.5)
    start_limits_when_held_back(monkeypatch)


@pytest.mark.parametrize("stage", STAGES)
def test_a_message_whose_answer_trickles_may_be_there(server: TelegramServer, connect, stage: str) -> None:
    server.script(Fault("trickle", text=stage))
    with connect() as session:
        with pytest.raises(OutcomeUnknownError, match="unknown whether the message for @tide was sent: ReadTimeout"):
            session.deliver(part(), "@tide")
        assert (len(server.calls), len(server.messages)) == (1, 1)
        server.script()
        session.deliver(part(), "@tide")


def test_an_edit_whose_answer_trickles(server: TelegramServer, session: Session) -> None:
    receipt = session.deliver(part(), "@tide")
    server.script(Fault("trickle", text="body"))
    with pytest.raises(OutcomeUnknownError):
        session.edit(part(), "@tide", receipt.remote_id)


@pytest.mark.parametrize("way", ["https", "proxy"])
def test_a_connection_that_is_never_made_sends_nothing(
    environment: None, connect, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Neither a server whose handshake trickles has the message, nor a proxy that never opens the way."""
    head, piece = (b"", TLS_RECORD) if way == "https" else STAGES["headers"]
    with TricklingServer(head, piece, greets=way == "https") as there:
        if way == "proxy":
            monkeypatch.setenv("HTTPS_PROXY", there.url)
        api = there.url.replace("http:", "https:") if way == "https" else "https://api.harbour.example"
        channel = Telegram(token="env:TIDE_TOKEN", chat="@tide", api=api)
        with channel.session() as session, pytest.raises(DeliveryError, match="cannot reach Telegram") as caught:
            session.deliver(part(), "@tide")
    assert (caught.value.permanent, caught.value.kind) == (False, RefusalKind.LATER)


def test_doctor_ends(server: TelegramServer, environment: None) -> None:
    server.script(Fault("trickle", text="headers"))
    (finding,) = Telegram(token="env:TIDE_TOKEN", chat="@tide", api=server.url).diagnose()
    assert finding.level is FindingLevel.ERROR
    assert "no answer from Telegram about @tide: ReadTimeout" in finding.message


def test_a_delivery_ends_before_the_channels_timeout() -> None:
    """It sends the message to a group and to the place it has moved to, waits a moment, and pins it."""
    assert CHAT_LIMIT.interval + 3 * CALL_TIMEOUT < Telegram.capabilities.timeout


ABOUT = [
    (InvalidToken("Unauthorized"), RefusalKind.SENDER),
    (ChatMigrated(-100), RefusalKind.UNKNOWN),
    (BadRequest("Chat not found"), RefusalKind.NO_RECIPIENT),
    (Forbidden("Forbidden: bot was blocked by the user"), RefusalKind.NO_RECIPIENT),
    (Forbidden("Forbidden: user is deactivated"), RefusalKind.NO_RECIPIENT),
    (Forbidden("Forbidden: bot can't initiate conversation with a user"), RefusalKind.NO_RECIPIENT),
    (BadRequest("Group chat was deactivated"), RefusalKind.NO_RECIPIENT),
    (Forbidden("Forbidden: bot was kicked from the channel chat"), RefusalKind.SENDER),
    (Forbidden("Forbidden: bot is not a member of the channel chat"), RefusalKind.SENDER),
    (BadRequest("Need administrator rights in the channel chat"), RefusalKind.SENDER),
    (BadRequest("Not enough rights to send text messages to the chat"), RefusalKind.SENDER),
    (BadRequest("Can't parse entities: unsupported start tag"), RefusalKind.CONTENT),
    (BadRequest("ENTITIES_TOO_LONG"), RefusalKind.CONTENT),
    (BadRequest("Message is too long"), RefusalKind.CONTENT),
    (BadRequest("Message text is empty"), RefusalKind.CONTENT),
    (BadRequest("Message thread not found"), RefusalKind.UNKNOWN),
    (BadRequest("Something new"), RefusalKind.UNKNOWN),
]


@pytest.mark.parametrize(("error", "kind"), ABOUT, ids=lambda value: getattr(value, "message", None))
def test_what_a_refusal_is_about(error: Exception, kind: RefusalKind) -> None:
    found = classify_error(error, "@tide")
    assert isinstance(found, DeliveryError)
    assert found.kind is kind
    assert found.permanent


def test_too_many_messages_are_sent_later(server: TelegramServer, session: Session) -> None:
    server.script(Fault("html", value=429))
    with pytest.raises(DeliveryError) as caught:
        session.deliver(part(), "@tide")
    assert (caught.value.kind, caught.value.permanent) == (RefusalKind.LATER, False)
