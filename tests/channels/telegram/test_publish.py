"""Telegram from the command line to the chat: once, whatever the server and the machine do."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.newsletter import ProcessProject
from tests.support.servers.telegram_api import Fault, TelegramServer
from tests.support.servers.telegram_rules import TOKEN, BotApi, Chat

ITEM = "- [{n}号长条目：一台只会慢慢走的机器与它的读者们 | 来源](https://news.example.com/{n})\n摘要：{text}。\n"
LONG = "每天只走一步也是走，走到的地方谁也拿不走，" * 50


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer(BotApi()) as running:
        yield running


class Letter(ProcessProject):
    """A newsletter that goes to a chat on the server."""

    def __init__(self, root: Path, server: TelegramServer) -> None:
        self.server = server
        super().__init__(root, self._channel(), {"TIDE_TOKEN": TOKEN, "NO_PROXY": "*"})
        self.write_items()

    def _channel(self, more: str = "", chat: str = "@tide") -> str:
        return f"""[channels.telegram]
token = "env:TIDE_TOKEN"
chat = "{chat}"
api = "{self.server.url}"
{more}"""

    def configure(self, more: str = "", chat: str = "@tide") -> None:
        self.configure_channel(self._channel(more, chat))

    def write_items(self, *, third: str = "第三", items: int = 9) -> None:
        parts = [ITEM.format(n=n, text=LONG + (third if n == 3 else "")) for n in range(1, items + 1)]
        (self.root / "issues" / "2021-07-18.md").write_text(
            "# 慢工 (2021-07-18)：题\n\n## 新闻\n\n" + "".join(parts), "utf-8"
        )

    def issue(self, date: str) -> None:
        """Write another issue, of one item."""
        text = f"# 慢工 ({date})：题\n\n## 新闻\n\n- [{date}的条目](https://news.example.com/{date})\n"
        (self.root / "issues" / f"{date}.md").write_text(text, "utf-8")

    @property
    def texts(self) -> list[str]:
        """What stands in the chat."""
        return [message["text"] for message in self.server.messages]

    @property
    def calls(self) -> list[str]:
        """The methods that were called since the last look."""
        made = [call["method"] for call in self.server.calls]
        fresh, self._seen = made[getattr(self, "_seen", 0) :], len(made)
        return fresh


@pytest.fixture
def letter(tmp_path: Path, server: TelegramServer) -> Letter:
    return Letter(tmp_path / "letter", server)


SEND = ("--channel", "telegram", "--yes")


def test_once_and_only_once(letter: Letter) -> None:
    letter.publish(*SEND)
    assert letter.calls == ["sendMessage"] * 3
    assert [text.count("号长条目") > 0 for text in letter.texts] == [True] * 3
    letter.publish(*SEND)
    (letter.root / ".publisher" / "cache" / "site.json").unlink()
    letter.publish(*SEND)
    assert letter.calls == []


def test_one_changed_item_is_one_edit(letter: Letter) -> None:
    letter.publish(*SEND)
    before = letter.texts
    letter.write_items(third="第叁")
    assert letter.calls
    found = letter.publish(*SEND)
    assert letter.calls == ["editMessageText"]
    assert found["channels"]["telegram"]["changed"] == 1
    changed = [new for new, old in zip(letter.texts, before, strict=True) if new != old]
    assert len(changed) == 1
    assert "第叁" in changed[0]


def test_a_longer_issue_waits_for_a_correction(letter: Letter) -> None:
    letter.publish(*SEND)
    letter.write_items(items=14)
    found = letter.publish(*SEND)
    assert "publish correct" in found["channels"]["telegram"]["held"]
    assert len(letter.texts) == 3
    assert letter.calls == ["sendMessage"] * 3
    letter.publish("correct", "2021-07-18", *SEND)
    assert len(letter.texts) > 3
    assert all(sum(f"{n}号长" in text for text in letter.texts) for n in range(1, 15))
    letter.write_items()
    letter.publish("correct", "2021-07-18", *SEND)
    assert len(letter.texts) == 3


@pytest.mark.parametrize("kind", ["drop_after", "html"])
def test_what_may_have_arrived_is_not_sent_again(letter: Letter, kind: Any) -> None:
    letter.server.script(Fault(kind, call=2, of="sendMessage", value=502))
    letter.publish(*SEND, code=4)
    there = 2 if kind == "drop_after" else 1
    assert len(letter.texts) == there
    letter.publish(*SEND, code=4)
    letter.publish(code=4)
    assert len(letter.texts) == there, "parts behind it were sent, or it was sent again"
    verdict = ["--sent", "2"] if kind == "drop_after" else ["--resend"]
    letter.publish("resolve", "2021-07-18", "--channel", "telegram", *verdict)
    letter.publish(*SEND)
    assert len(letter.texts) == len(set(letter.texts)) == 3
    letter.write_items(third="第叁")
    letter.publish(*SEND)
    assert sum("第叁" in text for text in letter.texts) == 1


def test_a_server_that_is_away_is_waited_for(letter: Letter) -> None:
    letter.server.down()
    letter.publish(*SEND, "--max-wait", "2", code=3)
    assert "not sent yet" in letter.said
    letter.server.up()
    letter.publish(*SEND)
    assert len(letter.texts) == 3


def test_a_flood_is_waited_out_or_left_for_later(letter: Letter) -> None:
    letter.server.script(Fault("flood", call=2, value=2))
    letter.publish(*SEND)
    at = [call["at"] for call in letter.server.made("sendMessage")]
    assert len(at) == 4
    assert at[2] - at[1] >= 2
    letter.write_items(third="第叁")
    letter.server.script(Fault("flood", value=3600))
    letter.publish(*SEND, code=3)
    assert "next attempt" in letter.said


def test_too_many_without_a_time_to_wait_is_tried_again(letter: Letter) -> None:
    refusal = '{"ok":false,"error_code":429,"description":"Too Many Requests"}'
    letter.server.script(Fault("body", call=2, value=429, text=refusal))
    letter.publish(*SEND)
    at = [call["at"] for call in letter.server.made("sendMessage")]
    assert len(at) == 4
    assert at[2] - at[1] >= 1
    assert len(letter.texts) == 3


def test_the_page_of_a_proxy_waits_for_a_person(letter: Letter) -> None:
    letter.server.script(Fault("html_after", call=2, of="sendMessage", value=403))
    letter.publish(*SEND, code=4)
    assert "a proxy answers instead of Telegram (403 Forbidden)" in letter.said
    letter.server.script()
    letter.publish(*SEND, code=4)
    assert len(letter.server.made("sendMessage")) == 2


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("forbidden", text="bot is not a member of the channel chat"), "@tide"),
        (Fault("unauthorized"), "token"),
        (Fault("bad_request", text="chat not found"), "@tide"),
    ],
)
def test_a_refusal_is_reported_once_and_stops_no_other_channel(letter: Letter, fault: Fault, expected: str) -> None:
    letter.server.script(fault)
    found = letter.publish("--yes", code=3)
    error = found["channels"]["telegram"]["error"]
    assert expected in error["message"]
    assert "publish retry" in error["hint"]
    assert found["channels"]["rss"]["error"] is None
    assert (letter.root / "public" / "feed.xml").exists()
    assert len(letter.calls) == 1
    letter.publish("--yes", code=3)
    assert letter.calls == [], "it was tried again without being asked"
    letter.server.script()
    letter.publish("retry", "2021-07-18", "--yes")
    assert len(letter.texts) == 3


def test_a_group_that_moved_is_remembered(letter: Letter) -> None:
    letter.configure()
    path = letter.root / "publisher.toml"
    path.write_text(path.read_text("utf-8").replace("@tide", "-43"), "utf-8")
    letter.server.script(Fault("migrate", call=1, value=-1009000000001))
    letter.publish(*SEND)
    assert letter.calls == ["sendMessage"] * 4
    letter.write_items(third="第叁")
    letter.publish(*SEND)
    assert letter.calls == ["editMessageText"]
    assert str(letter.server.made("editMessageText")[0]["parameters"]["chat_id"]) == "-1009000000001"


@pytest.mark.parametrize("command", [SEND, ("correct", "2021-07-18", "--yes")], ids=["publish", "correct"])
def test_a_corrected_date_edits_the_same_messages(letter: Letter, command: tuple[str, ...]) -> None:
    """The files of the messages are in another folder then."""
    letter.publish(*SEND)
    assert letter.calls == ["sendMessage"] * 3
    before = [message["message_id"] for message in letter.server.messages]
    old = letter.root / "issues" / "2021-07-18.md"
    text = old.read_text("utf-8").replace("2021-07-18", "2021-07-17")
    old.unlink()
    old.with_name("2021-07-17.md").write_text(f"---\nid: 2021-07-18\n---\n{text}", "utf-8")
    letter.publish(*command)
    assert "instead of" not in letter.said
    assert set(letter.calls) <= {"editMessageText"}
    letter.publish(*SEND)
    assert [message["message_id"] for message in letter.server.messages] == before


def test_two_at_once_send_once(letter: Letter) -> None:
    both = [letter.start(*SEND, "--json") for _ in range(2)]
    codes = sorted(one.wait(300) for one in both)
    for one in both:
        one.communicate()
    assert codes in ([0, 5], [0, 0]), "the second is refused, unless the first has ended already"
    assert len(letter.texts) == 3


def test_killed_anywhere_no_message_comes_twice(tmp_path: Path, server: TelegramServer) -> None:
    chance = random.Random(20210718)
    edges = ["planned", "begun", "sending", "acted", "confirming", "confirmed"]
    kills = 0
    for first in edges:
        server.script()
        letter = Letter(tmp_path / first, server)
        letter.server.api.messages.clear()
        for edge in (first, chance.choice(edges)):
            failpoint = {"PUBLISHER_FAILPOINT": f"{edge}:kill:{chance.choice([1, 1, 2, 3])}"}
            kills += letter.run(*SEND, env=failpoint).code == -9
        code = letter.run(*SEND).code
        assert code in (0, 4)
        while code == 4:
            tx = sqlite3.connect(letter.root / ".publisher" / "ledger.db")
            [(part,)] = tx.execute("SELECT part FROM delivery WHERE state = 'unknown'").fetchall()
            tx.close()
            wanted = json.loads(_content(letter.root, part))["text"]
            verdict = "--sent" if wanted in letter.texts else "--resend"
            letter.publish("resolve", "2021-07-18", "--channel", "telegram", verdict)
            code = letter.run(*SEND).code
        assert len(letter.texts) == len(set(letter.texts)) == 3, first
    assert kills > 6


def _content(root: Path, part: str) -> bytes:
    tx = sqlite3.connect(root / ".publisher" / "ledger.db")
    sql = "SELECT body FROM content JOIN part ON part.digest = content.digest WHERE part = ?"
    [(body,)] = tx.execute(sql, (part,)).fetchall()
    tx.close()
    return bytes(body)


def test_the_token_is_nowhere(letter: Letter) -> None:
    faults = ["drop_after", "html", "unauthorized", "not_ok", "drop_before"]
    seen = ""
    for number, kind in enumerate(faults):
        letter.server.script(Fault(kind, value=500))  # type: ignore[arg-type]
        letter.write_items(third=str(number))
        done = letter.run(*SEND, "--debug", "--max-wait", "1")
        seen += done.out + done.errors
    for path in (letter.root / ".publisher").rglob("*"):
        if path.is_file():
            seen += path.read_bytes().decode("utf-8", "replace")
    assert "@tide" in seen
    assert TOKEN.partition(":")[2] not in seen


# ------------------------------------------------------------- one chat, many names


@pytest.mark.parametrize("chat", ["@Tide", "@TIDE", "-1001000000001", "@renamed"])
def test_a_chat_is_the_same_under_each_of_its_names(letter: Letter, chat: str) -> None:
    letter.publish(*SEND)
    before = letter.texts
    letter.server.api.chat("@tide").username = "renamed" if chat == "@renamed" else "tide"
    letter.configure(chat=chat)
    outcome = letter.publish(*SEND)["channels"]["telegram"]
    assert (outcome["sent"], outcome["changed"], outcome["held"]) == (0, 0, "")
    assert letter.texts == before


def test_a_group_that_moved_is_known_by_both_numbers(letter: Letter) -> None:
    """The hint to write the new number into publisher.toml is followed, or not."""
    letter.server.api.chats.append(Chat(-43, "group", "Tide"))
    letter.configure(chat="-43")
    letter.write_items(items=3)
    letter.publish(*SEND)
    letter.server.api.migrate(letter.server.api.chat("-43"), -1001000000043)
    letter.issue("2021-07-25")
    letter.publish(*SEND)
    before = letter.texts
    for chat in ("-43", "-1001000000043"):
        letter.configure(chat=chat)
        for issue in ("2021-07-18", "2021-07-25"):
            assert letter.publish(*SEND, "--issue", issue)["channels"]["telegram"]["sent"] == 0
    assert letter.texts == before


def test_a_group_that_moved_is_known_before_anything_was_sent_there(letter: Letter) -> None:
    """Only an edit was tried, whose refusal has the new number; the hint to write that is followed."""
    letter.server.api.chats.append(Chat(-43, "group", "Tide"))
    letter.configure(chat="-43")
    letter.publish(*SEND)
    before = letter.texts
    letter.server.api.migrate(letter.server.api.chat("-43"), -1001000000043)
    letter.write_items(third="第叁")
    letter.publish(*SEND, code=3)
    assert "has become a supergroup, -1001000000043" in letter.said
    letter.configure(chat="-1001000000043")
    letter.publish(*SEND, code=3)
    assert "earlier messages stay as they are" in letter.said
    assert letter.texts == before


def test_a_name_that_was_given_to_another_chat_is_another_chat(letter: Letter) -> None:
    letter.publish(*SEND)
    before = letter.texts
    old = letter.server.api.chat("@tide")
    old.username = ""
    letter.server.api.chats.append(Chat(-1001000000077, "channel", "New", username="tide"))
    letter.issue("2021-07-25")
    letter.publish(*SEND)
    new = [message["chat"]["id"] for message in letter.server.messages[len(before) :]]
    assert set(new) == {-1001000000077}, "the next issue goes where the name leads"
    fresh = letter.texts
    letter.publish(*SEND, "--issue", "2021-07-18", code=2)
    assert "went out on telegram to -1001000000001; now it would go out again" in letter.said
    assert letter.texts == fresh
