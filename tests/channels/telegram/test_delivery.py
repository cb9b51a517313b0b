"""Messages on their way to a Bot API server: what arrives, how fast, and what can be changed afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from publisher.channel import MessageChannel, Session
from publisher.channels.telegram import Telegram
from publisher.channels.telegram.session import ChatSession
from publisher.errors import ConfigError, DeliveryError
from publisher.folder_session import FolderSession
from tests.channels.telegram.api_server import BUTTON, part
from tests.support.servers.telegram_api import Fault, TelegramServer
from tests.support.servers.telegram_rules import TWO_DAYS
from tests.support.servers.trickling import start_limits_when_held_back


def test_the_channel_in_its_two_modes() -> None:
    files = Telegram(chat="@tide")
    live = Telegram(chat="@tide", token="env:TIDE_TOKEN", me="42")
    assert isinstance(files, MessageChannel)
    assert (files.destination, files.test_recipient) == ("", "")
    assert (live.destination, live.test_recipient) == ("@tide", "42")
    assert [*live.recipients()] == ["@tide"]
    assert isinstance(files.session(), FolderSession)
    assert isinstance(live.session(), ChatSession)


# ------------------------------------------------------------------- delivering


@pytest.mark.parametrize("detail", ["titles", "full"])
def test_what_arrives_is_what_was_rendered(
    server: TelegramServer, session: Session, send, root: Path, detail: str
) -> None:
    source = (root / "tests/judges/issues/2024-02-29.md").read_text("utf-8")
    sent = send(source, detail=detail, chat="@tide", card=True, protect=True)
    receipts = [session.deliver(one, "@tide") for one in sent.rendering.parts]
    assert len(server.messages) == len(sent.calls)
    for stored, call in zip(server.messages, sent.calls, strict=True):
        for key in ("text", "entities", "link_preview_options", "reply_markup", "disable_notification"):
            assert stored[key] == call[key]
        assert stored["has_protected_content"] is True
    numbers = range(1, len(sent.calls) + 1)
    assert [receipt.remote_id for receipt in receipts] == [str(number) for number in numbers]
    assert [receipt.url for receipt in receipts] == [f"https://t.me/tide/{number}" for number in numbers]


def test_a_session_that_sends_nothing_asks_nothing(server: TelegramServer, connect) -> None:
    with connect():
        pass
    assert server.calls == []


def test_no_connection_is_used_twice(server: TelegramServer, session: Session) -> None:
    """One that the server closes at the wrong moment would leave it open whether the message arrived."""
    for _ in range(3):
        session.deliver(part(), "@tide")
    assert len({call["port"] for call in server.calls}) == 3


def test_the_destination_gets_it_whatever_the_call_says(server: TelegramServer, session: Session) -> None:
    receipt = session.deliver(part(), "42")
    assert server.messages[0]["chat"]["id"] == 42
    assert (receipt.changed, receipt.url) == (True, "")


def test_a_topic_and_no_sound(server: TelegramServer, session: Session) -> None:
    receipt = session.deliver(part(message_thread_id=7, disable_notification=True), "@tide_talk")
    (stored,) = server.messages
    assert (stored["message_thread_id"], stored["disable_notification"]) == (7, True)
    assert receipt.url == "https://t.me/tide_talk/1?thread=7"
    with pytest.raises(DeliveryError, match="the topic in @tide_talk is closed") as caught:
        session.deliver(part(message_thread_id=8), "@tide_talk")
    assert caught.value.permanent


def test_a_group_that_moved_gets_it_where_it_is_now(server: TelegramServer, session: Session) -> None:
    server.script(Fault("migrate", call=1, value=-1001000000003))
    receipt = session.deliver(part(), "-43")
    assert receipt.destination == "-1001000000003"
    assert receipt.url == "", "a group without a name has no address that everybody can open"
    assert [message["chat"]["id"] for message in server.messages] == [-1001000000003]
    assert len(server.calls) == 2


def test_a_group_that_moves_on_and_on_is_followed_once(server: TelegramServer, session: Session) -> None:
    server.script(Fault("migrate", value=-1001000000003))
    with pytest.raises(DeliveryError, match="-43 has become a supergroup, -1001000000003") as caught:
        session.deliver(part(), "-43")
    assert caught.value.permanent
    assert len(server.calls) == 2


def test_a_token_that_is_not_there(server: TelegramServer) -> None:
    channel = Telegram(chat="@tide", token="env:NO_TIDE_TOKEN", api=server.url)
    with pytest.raises(ConfigError, match="env:NO_TIDE_TOKEN: "), channel.session():
        pass


# ------------------------------------------------------------------------- pins


def test_the_first_message_is_pinned(server: TelegramServer, connect) -> None:
    with connect(pin=True, test_recipient="42") as session:
        for number in (1, 2):
            assert session.deliver(part(number=number), "@tide").notes == ()
        session.deliver(part(), "42")
    assert server.api.chat("@tide").pinned == [1]
    assert server.api.chat("42").pinned == [], "a proof is pinned nowhere"
    (call,) = server.made("pinChatMessage")
    assert call["parameters"]["disable_notification"] == "true"


def test_a_pin_where_the_group_has_moved_to(server: TelegramServer, connect) -> None:
    server.script(Fault("migrate", call=1, value=-1001000000003))
    with connect(pin=True) as session:
        session.deliver(part(), "-43")
    assert server.api.chat("-1001000000003").pinned == [1]


@pytest.mark.parametrize("fault", ["none", "hang", "drop_before", "flood", "html"])
def test_a_pin_that_fails_is_a_note(
    server: TelegramServer, connect, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.channels.telegram.client.CALL_TIMEOUT", 0.2)
    start_limits_when_held_back(monkeypatch)
    server.api.chat("@tide").rights.remove("can_edit_messages")
    if fault != "none":
        server.script(Fault(fault, of="pinChatMessage", value=502))
    with connect(pin=True) as session:
        receipt = session.deliver(part(), "@tide")
    assert receipt.remote_id == "1"
    (note,) = receipt.notes
    assert note.startswith("message 1 is not pinned in @tide: ")
    if fault == "none":
        assert note.endswith("ot enough rights to manage pinned messages in the chat")


# -------------------------------------------------------------- changing, deleting


def test_an_edit(server: TelegramServer, session: Session) -> None:
    number = session.deliver(part(), "@tide").remote_id
    receipt = session.edit(part("退潮", disable_notification=True, message_thread_id=7), "@tide", number)
    assert (receipt.changed, receipt.remote_id, receipt.url) == (True, number, "https://t.me/tide/1")
    assert [message["text"] for message in server.messages] == ["退潮"]
    assert server.messages[0]["reply_markup"] == BUTTON
    (call,) = server.made("editMessageText")
    assert set(call["parameters"]) == {"chat_id", "message_id", "text", "entities", "reply_markup"}


def test_an_edit_that_changes_nothing(session: Session) -> None:
    number = session.deliver(part(), "@tide").remote_id
    receipt = session.edit(part(), "@tide", number)
    assert (receipt.changed, receipt.remote_id) == (False, number)


def test_an_edit_of_what_is_gone(session: Session) -> None:
    with pytest.raises(DeliveryError, match="the message is no longer in @tide") as caught:
        session.edit(part(), "@tide", "5")
    assert caught.value.permanent
    assert "deleted" in caught.value.hint


def test_an_edit_in_a_group_that_moved_touches_no_other_message(server: TelegramServer, session: Session) -> None:
    """A supergroup counts anew: the same number is another message there."""
    old = session.deliver(part("旧"), "-43").remote_id
    server.api.migrate(server.api.chat("-43"), -1001000000003)
    assert session.deliver(part("新"), "-1001000000003").remote_id == old
    with pytest.raises(DeliveryError, match="stay as they are"):
        session.edit(part("改"), "-43", old)
    with pytest.raises(DeliveryError, match="stay as they are"):
        session.delete("-43", old)
    assert [message["text"] for message in server.messages] == ["旧", "新"]


def test_a_message_taken_back(server: TelegramServer, session: Session) -> None:
    number = session.deliver(part(), "@tide").remote_id
    assert session.delete("@tide", number).changed is True
    assert server.messages == []
    again = session.delete("@tide", number)
    assert (again.changed, again.notes) == (False, ())


def test_a_message_too_old_to_be_taken_back(server: TelegramServer, session: Session) -> None:
    number = session.deliver(part(), "@tide").remote_id
    server.api.age(TWO_DAYS)
    receipt = session.delete("@tide", number)
    assert receipt.changed is False
    assert receipt.notes == ("the message stays in @tide: bots cannot delete messages after 48 hours",)
    assert len(server.messages) == 1
