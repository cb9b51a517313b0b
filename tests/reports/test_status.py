"""`publish status`: what is out where, and what to type next."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from contextlib import closing

import pytest

from publisher.channel import Context, Part, Rendering
from publisher.ledger import DeliveryState, Ledger, PublicationKey, Result
from publisher.ledger.queues import QueueSelection
from publisher.model import Issue
from tests.support.fake_channel import Chat
from tests.support.newsletter import CHAT_SETTINGS, NOON, CommandProject


def test_status_before_anything(letter: CommandProject) -> None:
    assert letter.lines("status") == [
        "2021-08-01  upcoming",
        "  web   2021-08-01 09:45 (2021-08-01 01:45 UTC) · draft",
        "  chat  2021-08-01 09:45 (2021-08-01 01:45 UTC) · draft",
        "2021-07-18  一/二/三",
        "  web   not published",
        "        → publish 2021-07-18 --channel web",
        "  chat  not published · @readers",
        "        → publish 2021-07-18 --channel chat",
        "2021-07-04  旧",
        "  web   not published",
        "  chat  not published · @readers",
    ]
    assert not (letter.root / ".publisher").exists()


def test_status_of_what_is_out(letter: CommandProject) -> None:
    letter.run("--yes")
    assert letter.lines("status")[3:6] == [
        "2021-07-18  一/二/三",
        "  web   published 2021-07-18 12:00",
        "  chat  published 2021-07-18 12:00 · @readers · https://chat.example/89",
    ]


def test_status_of_an_edited_issue(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    assert letter.lines("status", "2021-07-18")[1:3] == [
        "  web   published 2021-07-18 12:00, changed since",
        "        → publish 2021-07-18 --channel web",
    ]
    changed = "published 2021-07-18 12:00, changed since · @readers · https://chat.example/89"
    assert letter.chat() == f"{changed}\n→ publish 2021-07-18 --channel chat"
    letter.write("2021-07-18", "一", "贰")
    assert letter.chat().splitlines()[1:] == [
        "the issue now takes 2 messages instead of 3: publish correct",
        "→ publish correct 2021-07-18 --channel chat",
    ]


def test_status_of_what_failed(letter: CommandProject) -> None:
    letter.orders("2 refuse")
    assert letter.run("--yes").code == 3
    assert letter.chat(code=3).splitlines() == [
        "1 of 3 failed · @readers · https://chat.example/89",
        "2 failed: the chat said no · ask it why",
        "→ publish retry 2021-07-18 --channel chat",
    ]


def test_status_of_what_is_unknown(letter: CommandProject) -> None:
    letter.orders("2 vanish")
    assert letter.run("--yes").code == 4
    assert letter.chat(code=4).splitlines() == [
        "1 of 3 unknown · @readers · https://chat.example/89",
        "2 unknown: TimeoutError: no answer",
        "→ publish resolve 2021-07-18 --channel chat",
    ]


def test_status_of_what_waits(letter: CommandProject) -> None:
    letter.orders("2 rest")
    letter.run("--yes", "--max-wait", "0")
    first, second, *_ = letter.chat().splitlines()
    assert first.startswith("2 of 3 waiting until 2021-07-18 13:00 · @readers")
    assert second == "2 waiting: the chat is tired"


def test_status_of_what_is_at_work(letter: CommandProject) -> None:
    letter.run("--channel", "web")
    with closing(Ledger(letter.place)) as ledger:
        ledger.claim(
            PublicationKey("tag:e.org,2021:slow/2021-07-18", "chat", "@readers"), NOON, dt.timedelta(minutes=1)
        )
    first, second = letter.chat().splitlines()
    assert first == "being published · @readers"
    assert second == f"process {os.getpid()} on {platform.node()}"
    lines = letter.lines("status", "2021-07-18", now=NOON + dt.timedelta(minutes=2))
    assert lines[-2:] == ["  chat  started, not finished · @readers", "        → publish 2021-07-18 --channel chat"]


def test_what_is_looked_at_has_its_neighbours(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, tuple[str, ...]] = {}
    render = Chat.render

    def note(self: Chat, issue: Issue, context: Context) -> Rendering:
        near = (context.previous, context.entry, context.next)
        seen[issue.id] = tuple(str(one.date) if one else "-" for one in near)
        return render(self, issue, context)

    monkeypatch.setattr(Chat, "render", note)
    letter.write("2021-07-11", "中")
    letter.run("status")
    assert seen == {
        "2021-07-04": ("-", "2021-07-04", "2021-07-11"),
        "2021-07-11": ("2021-07-04", "2021-07-11", "2021-07-18"),
        "2021-07-18": ("2021-07-11", "2021-07-18", "-"),
    }


def test_status_of_a_channel_that_is_not_set_up(letter: CommandProject) -> None:
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace('room = "@readers"', ""))
    assert letter.chat() == "not published\n→ publish 2021-07-18 --channel chat"
    letter.run()
    assert letter.chat() == "files written"
    letter.write("2021-07-18", "一", "贰", "三")
    assert letter.chat() == "changed since written\n→ publish 2021-07-18 --channel chat"


def test_status_forgets_no_trouble(letter: CommandProject) -> None:
    """An unresolved outcome is shown although the issue is old, its file removed and the channel disabled."""
    letter.orders("1 vanish")
    letter.run("2021-07-04", "--yes")
    (letter.root / "issues" / "2021-07-04.md").unlink()
    (letter.root / "publisher.toml").write_text(
        CHAT_SETTINGS.replace("[channels.chat]", "[channels.chat]\nenabled = false")
    )
    lines = letter.lines("status", code=4)
    assert lines[-4:] == [
        "2021-07-04",
        "  chat  1 of 1 unknown · @readers",
        "        TimeoutError: no answer",
        "        → publish resolve 2021-07-04 --channel chat",
    ]
    assert letter.lines("resolve", "2021-07-04", "--channel", "chat", "--drop") == ["chat · @readers · 1 dropped"]
    assert "2021-07-04" not in letter.run("status").out


def test_status_of_what_is_of_no_issue(letter: CommandProject) -> None:
    letter.run("--channel", "web")
    key, lease = (PublicationKey("tag:e.org,2021:slow", "websub", "https://hub.example/"), dt.timedelta(minutes=1))
    with closing(Ledger(letter.place)) as ledger:
        claim = ledger.claim(key, NOON, lease)
        ledger.plan(claim, [Part("feed", "text/plain", b"1")], [key.destination], NOON, keep_content=False)
        [task] = ledger.checkpoint(claim, [], QueueSelection("websub", 1), NOON, lease).deliveries
        failed = Result(task, DeliveryState.FAILED, NOON, reason="no such hub")
        ledger.checkpoint(claim, [failed], QueueSelection("websub", 0), NOON, lease)
        ledger.release(claim, NOON)
    assert letter.lines("status", code=3)[-4:] == [
        "慢刊",
        "  websub  1 of 1 failed · https://hub.example/",
        "          no such hub",
        "          → publish retry",
    ]


def test_status_is_for_scripts_too(letter: CommandProject) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    found = json.loads(letter.run("status", "--json").out)
    assert found["exit"] == 3
    [row] = [one for one in found["rows"] if (one["issue"], one["channel"]) == ("2021-07-18", "chat")]
    assert (row["condition"], row["counts"]["failed"], row["counts"]["planned"]) == ("failed", 1, 1)
    assert row["next"] == "publish retry 2021-07-18 --channel chat"
    [row] = [one for one in found["rows"] if (one["issue"], one["channel"]) == ("2021-07-18", "web")]
    assert row["when"].startswith("2021-07-18T12:00:")


def test_status_of_an_issue_nobody_knows(letter: CommandProject) -> None:
    assert letter.run("status", "2021-07-05").err == (
        "error: there is no issue 2021-07-05 · did you mean 2021-07-04?\n"
    )
