"""The Bot API server for tests keeps the rules itself, or no test that passes with it would say anything."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers.telegram_api import Fault, TelegramServer
from tests.support.servers.telegram_rules import TOKEN, TWO_DAYS, BotApi, RefusedError

ROOT = Path(__file__).parents[3]
LINK = {"type": "text_link", "offset": 0, "length": 1, "url": "https://e.org/"}


@pytest.fixture
def api() -> BotApi:
    return BotApi(lambda: 0.0)


def send(api: BotApi, text: str = "涨潮", chat: str = "@tide", **more: Any) -> Any:
    coded = {key: json.dumps(value) for key, value in more.items()}
    return api.answer(TOKEN, "sendMessage", {"chat_id": chat, "text": text, **coded})


def button(url: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "网页版", "url": url}]]}


TAKEN: list[dict[str, Any]] = [
    {"text": "x" * 4096},
    {"text": "🙂" * 2048},
    {"entities": [LINK]},
    {"text": "🙂。", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
    {"text": "x" * 100, "entities": [LINK | {"offset": n} for n in range(100)]},
    {"reply_markup": button("https://e.org/")},
    {"chat": "-1001000000001"},
    {"chat": "@tide_talk", "message_thread_id": 7},
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": ""}, "message text is empty"),
    ({"text": " \n"}, "message text is empty"),
    ({"text": "x" * 4097}, "message is too long"),
    ({"text": "🙂" * 2048 + "x"}, "message is too long"),
    ({"text": "x" * 101, "entities": [LINK | {"offset": n} for n in range(101)]}, "ENTITIES_TOO_MUCH"),
    ({"entities": [LINK | {"length": 3}]}, "ends after the end"),
    ({"entities": [LINK | {"length": 0}]}, "ends after the end"),
    ({"text": "🙂", "entities": [LINK]}, "middle of a UTF-16 symbol"),
    ({"text": "🙂x", "entities": [LINK | {"offset": 1}]}, "middle of a UTF-16 symbol"),
    ({"entities": [LINK | {"url": "ftp://e.org/"}]}, "entity URL 'ftp://e.org/' is invalid"),
    ({"entities": [LINK | {"url": "https://localhost/"}]}, "is invalid"),
    ({"reply_markup": button("javascript:x")}, "inline keyboard button URL"),
    ({"chat": "@ebb"}, "chat not found"),
    ({"chat": "@tide_talk", "message_thread_id": 9}, "message thread not found"),
    ({"chat": "@tide_talk", "message_thread_id": 8}, "TOPIC_CLOSED"),
]  # fmt: skip


@pytest.mark.parametrize("message", TAKEN, ids=range(len(TAKEN)))
def test_what_is_taken(api: BotApi, message: dict[str, Any]) -> None:
    made = send(api, **message)
    assert api.messages == [made]
    assert made["text"] == message.get("text", "涨潮")
    assert made["entities"] == message.get("entities", [])


@pytest.mark.parametrize(("message", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(api: BotApi, message: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError, match=said) as caught:
        send(api, **message)
    assert caught.value.code == 400
    assert api.messages == []


def left(api: BotApi) -> None:
    api.chats[0].status = "left"


def kicked(api: BotApi) -> None:
    api.chats[0].status = "kicked"


def no_right(api: BotApi) -> None:
    api.chats[0].rights.clear()


def no_administrator(api: BotApi) -> None:
    api.chats[0].status = "member"


def other_token(api: BotApi) -> None:
    api.token += "y"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (left, 403, "not a member of the channel"),
        (kicked, 403, "was kicked from the channel"),
        (no_right, 400, "need administrator rights"),
        (no_administrator, 400, "need administrator rights"),
        (other_token, 401, "Unauthorized"),
    ],
)
def test_who_may_not_send(api: BotApi, change: Callable[[BotApi], None], code: int, said: str) -> None:
    change(api)
    with pytest.raises(RefusedError, match=said) as caught:
        send(api)
    assert caught.value.code == code


def edit(api: BotApi, number: int, text: str, **more: Any) -> Any:
    said = {"chat_id": "@tide", "message_id": str(number), "text": text, **more}
    return api.answer(TOKEN, "editMessageText", said)


def test_edits(api: BotApi) -> None:
    number = send(api, reply_markup=button("https://e.org/"))["message_id"]
    with pytest.raises(RefusedError, match="message to edit not found"):
        edit(api, number + 1, "退潮")
    with pytest.raises(RefusedError, match="message is not modified"):
        edit(api, number, "涨潮", reply_markup=json.dumps(button("https://e.org/")))
    assert edit(api, number, "退潮")["text"] == "退潮"
    assert "reply_markup" not in api.messages[0], "an edit without a keyboard takes it away"
    api.messages[0]["from"] = {"id": 1}
    with pytest.raises(RefusedError, match="message can't be edited"):
        edit(api, number, "平潮")


def test_deletion_until_two_days_have_passed(api: BotApi) -> None:
    for _ in range(2):
        send(api)
    gone = {"chat_id": "@tide", "message_id": "1"}
    assert api.answer(TOKEN, "deleteMessage", gone) is True
    assert [message["message_id"] for message in api.messages] == [2]
    with pytest.raises(RefusedError, match="message to delete not found"):
        api.answer(TOKEN, "deleteMessage", gone)
    api.age(TWO_DAYS)
    with pytest.raises(RefusedError, match="message can't be deleted"):
        api.answer(TOKEN, "deleteMessage", gone | {"message_id": "2"})


def test_pins_need_a_right(api: BotApi) -> None:
    send(api)
    api.chats[0].rights.remove("can_edit_messages")
    with pytest.raises(RefusedError, match="not enough rights to manage pinned messages"):
        api.answer(TOKEN, "pinChatMessage", {"chat_id": "@tide", "message_id": "1"})


def test_a_group_that_moved(api: BotApi) -> None:
    api.migrate(api.chat("-43"), -1001000000003)
    with pytest.raises(RefusedError, match="upgraded to a supergroup") as caught:
        send(api, chat="-43")
    assert caught.value.parameters == {"migrate_to_chat_id": -1001000000003}
    assert send(api, chat="-1001000000003")["chat"]["title"] == "码头"


def test_the_pace() -> None:
    now = 0.0
    api = BotApi(lambda: now)
    api.enforces_pace = True
    send(api)
    now = 0.9
    with pytest.raises(RefusedError, match=r"retry after 1$"):
        send(api)
    send(api, chat="42")
    for second in range(1, 20):
        now = float(second)
        send(api)
    now = 25.0
    with pytest.raises(RefusedError, match="Too Many Requests: retry after 36") as caught:
        send(api)
    assert (caught.value.code, caught.value.parameters) == (429, {"retry_after": 36})
    now = 60.0
    send(api)


def test_a_method_that_is_not_known(api: BotApi) -> None:
    with pytest.raises(RefusedError) as caught:
        api.answer(TOKEN, "sendGull", {})
    assert caught.value.code == 404


# -------------------------------------------------------------------- over HTTP


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


def ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_faults_are_counted_per_method(server: TelegramServer) -> None:
    server.script(Fault("flood", call=2, of="getMe", value=3))
    address = f"{server.url}/bot{TOKEN}"
    assert ask(f"{address}/getMe")["result"]["is_bot"] is True
    assert ask(f"{address}/getChat", {"chat_id": "@tide"})["ok"] is True
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(f"{address}/getMe")
    with caught.value as answer:
        assert (answer.code, json.load(answer)["parameters"]) == (429, {"retry_after": 3})
    assert ask(f"{address}/getMe")["ok"] is True
    assert [call["method"] for call in server.calls] == ["getMe", "getChat", "getMe", "getMe"]


def test_a_slow_answer(server: TelegramServer) -> None:
    server.script(Fault("slow", value=0.01))
    assert ask(f"{server.url}/bot{TOKEN}/getMe")["ok"] is True


def test_a_fault_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="there is no fault storm"):
        TelegramServer().script(Fault("storm"))


def test_as_a_program(tmp_path: Path) -> None:
    """It is controlled over HTTP, stores its state in a file, and ends when its input is closed."""
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "tests.support.servers.telegram_api", "--port", "0", "--state", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        assert program.stdin
        url = program.stdout.readline().strip()
        ask(f"{url}/__script", [{"kind": "drop_after", "call": 2}])
        ask(f"{url}/bot{TOKEN}/sendMessage", {"chat_id": "@tide", "text": "一"})
        with pytest.raises(ConnectionError):
            ask(f"{url}/bot{TOKEN}/sendMessage", {"chat_id": "@tide", "text": "二"})
        assert [message["text"] for message in json.loads(state.read_text("utf-8"))] == ["一", "二"]
        assert [message["text"] for message in ask(f"{url}/__messages")] == ["一", "二"]
        assert [call["method"] for call in ask(f"{url}/__calls")] == ["sendMessage"] * 2
        program.stdin.close()
        assert program.wait() == 0
