"""Whether it could deliver: found out beforehand, without leaving a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest

from publisher.channel import Finding, FindingLevel
from publisher.channels.telegram import Telegram
from publisher.errors import ConfigError
from tests.support.servers.telegram_api import Fault, TelegramServer

GOOD = [
    "the token belongs to @tide_press_bot",
    '@tide is the channel "潮汐简报"',
    "the bot can post in @tide and correct its messages",
]


@pytest.fixture
def examine(environment: None, server: TelegramServer) -> Iterator[Callable[..., list[Finding]]]:
    """examine(pin=True) gives what is found; no call changed anything."""

    def run(**settings: Any) -> list[Finding]:
        channel = Telegram(**{"chat": "@tide", "token": "env:TIDE_TOKEN", "api": server.url} | settings)
        return [*channel.diagnose()]

    yield run
    assert {call["method"] for call in server.calls} <= {"getMe", "getChat", "getChatMember"}


def bad(found: list[Finding]) -> tuple[str, str]:
    """The one bad finding, which is the last."""
    assert [one.level for one in found] == [FindingLevel.OK] * (len(found) - 1) + [FindingLevel.ERROR]
    return found[-1].message, found[-1].hint


def test_all_is_well(examine) -> None:
    found = examine()
    assert [one.message for one in found] == GOOD
    assert {one.level for one in found} == {FindingLevel.OK}


def test_what_is_asked_for_besides(examine) -> None:
    found = examine(pin=True, me="42")
    assert [one.message for one in found] == [*GOOD, "the bot can pin messages in @tide", 'test sends go to "林汐"']


def test_groups(examine, server: TelegramServer) -> None:
    chat = server.api.chat("@tide_talk")
    for status in ("administrator", "member"):
        chat.status = status
        assert {one.level for one in examine(chat="@tide_talk", topic=7)} == {FindingLevel.OK}
    assert examine(chat="@tide_talk")[1].message == '@tide_talk is the group "潮汐茶馆"'
    assert bad(examine(chat="-43", topic=7)) == ("-43 has no topics", "remove `topic` from publisher.toml")


def test_what_members_of_a_group_may(examine, server: TelegramServer) -> None:
    chat = server.api.chat("@tide_talk")
    chat.status, chat.silent = "member", True
    assert bad(examine(chat="@tide_talk"))[0] == "the bot cannot post in @tide_talk"


def test_a_person(examine) -> None:
    assert [one.message for one in examine(chat="42", pin=True)][1:] == ['42 is the private chat "林汐"']


@pytest.mark.parametrize("status", ["left", "member", "administrator"])
def test_no_right_to_post(examine, server: TelegramServer, status: str) -> None:
    chat = server.api.chat("@tide")
    chat.status = status
    chat.rights.remove("can_post_messages")
    assert bad(examine(pin=True)) == (
        "the bot cannot post in @tide",
        "make it an administrator with the right to post messages",
    )


def test_kicked(examine, server: TelegramServer) -> None:
    server.api.chat("@tide").status = "kicked"
    assert bad(examine())[0] == "the bot is not in @tide"


def test_no_right_to_pin(examine, server: TelegramServer) -> None:
    server.api.chat("@tide").rights.remove("can_edit_messages")
    assert bad(examine(pin=True)) == (
        "the bot cannot pin messages in @tide",
        "give it the right to edit messages there",
    )
    server.api.chat("@tide_talk").rights.remove("can_pin_messages")
    assert bad(examine(pin=True, chat="@tide_talk"))[1] == "give it the right to pin messages there"
    assert {one.level for one in examine()} == {FindingLevel.OK}


def test_no_such_chat(examine) -> None:
    assert bad(examine(chat="@low_ebb"))[0] == "the bot does not know the chat @low_ebb"
    assert bad(examine(me="43"))[0] == "the bot does not know the chat 43"


def test_a_wrong_token(examine, server: TelegramServer) -> None:
    server.api.token += "x"
    assert bad(examine())[0] == "Telegram does not know the token for @tide"


def test_no_network(examine, server: TelegramServer) -> None:
    server.down()
    assert bad(examine())[0].startswith("cannot reach Telegram for @tide: ")
    server.up()


@pytest.mark.parametrize("of", ["getMe", "getChat", "getChatMember"])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 500, 502])
def test_a_proxy_that_answers(examine, server: TelegramServer, status: int, of: str) -> None:
    """It says nothing about the token, the chat or the bot's rights."""
    server.script(Fault("html", of=of, value=status))
    message, hint = bad(examine())
    assert message == f"a proxy answers instead of Telegram ({status} {HTTPStatus(status).phrase}), asked about @tide"
    assert hint == "check `api` in publisher.toml, and HTTPS_PROXY"


def test_a_bot_api_that_does_not_work(examine, server: TelegramServer) -> None:
    server.script(Fault("body", value=500, text='{"ok":false,"error_code":500,"description":"Internal Server Error"}'))
    message, hint = bad(examine())
    assert message == "no answer from Telegram about @tide: NetworkError: Internal Server Error"
    assert "`api`" in hint


def test_without_a_token(environment: None) -> None:
    with pytest.raises(ConfigError, match="no token") as caught:
        [*Telegram(chat="@tide").diagnose()]
    assert "env:TELEGRAM_TOKEN" in caught.value.hint
    with pytest.raises(ConfigError, match="env:NO_SUCH"):
        [*Telegram(chat="@tide", token="env:NO_SUCH").diagnose()]
