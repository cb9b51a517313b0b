"""`publish status`: what is out where, and what to type next."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from contextlib import closing

import pytest
from msgspec.structs import replace

from publisher.channel import Context, Part, Rendering
from publisher.ledger import DeliveryState, Ledger, PublicationKey, Result
from publisher.ledger.queues import QueueSelection
from publisher.model import Issue
from tests.support.fake_channel import Chat
from tests.support.newsletter import CHAT_SETTINGS, NOON, CommandProject

LATER = NOON + dt.timedelta(hours=3, minutes=5)


def test_status_before_anything(letter: CommandProject) -> None:
    assert letter.lines("status") == [
        "                      web      chat",
        "2021-08-01  草/稿     draft    draft",
        "2021-07-18  一/二/三  not yet  not yet",
        "2021-07-04  旧        –        –",
        "",
        "next: publish",
    ]
    assert letter.lines("status", "latest") == [
        "2021-07-18  一/二/三",
        "  web   not published",
        "        → publish 2021-07-18 --channel web",
        "  chat  not published · @readers",
        "        → publish 2021-07-18 --channel chat",
        "next: publish 2021-07-18",
    ]
    assert not (letter.root / ".publisher").exists()


def test_status_of_what_is_out(letter: CommandProject) -> None:
    letter.run("--yes")
    assert letter.lines("status", now=LATER) == [
        "                      web            chat",
        "2021-08-01  草/稿     draft          draft",
        "2021-07-18  一/二/三  ✓ 3 hours ago  ✓ 3 hours ago",
        "2021-07-04  旧        ✓ 3 hours ago  –",
        "",
        "nothing to do: the next issue, 2021-08-01, is a draft",
    ]
    assert letter.lines("status", "2021-07-18", now=LATER) == [
        "2021-07-18  一/二/三",
        "  web   published 3 hours ago, 2021-07-18 12:00",
        "  chat  published 3 hours ago, 2021-07-18 12:00 · @readers · https://chat.example/89",
    ]


def test_status_says_which_files_are_left_out(letter: CommandProject) -> None:
    letter.run("--yes")
    for name, body in (
        ("2021-07-11", b"# \xff\n"),
        ("2021-07-12", b"\0" * 99),
        ("2021-07-13", b"---\ndraft: true\n---\n\xff"),
    ):
        (letter.root / "issues" / f"{name}.md").write_bytes(body)
    warnings = letter.run("status").err.splitlines()
    assert warnings == [
        "warning: left out: issues/2021-07-11.md:1:3: byte 0xff is not UTF-8 · save the file as UTF-8",
        "warning: left out: issues/2021-07-12.md:1:1: byte 0x00 is not text · save the file as UTF-8",
        "warning: left out: issues/2021-07-13.md:4:1: byte 0xff is not UTF-8 · save the file as UTF-8",
    ]


def test_status_of_some_channels(letter: CommandProject) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    assert letter.lines("status", "-c", "web", now=LATER) == [
        "                      web",
        "2021-08-01  草/稿     draft",
        "2021-07-18  一/二/三  ✓ 3 hours ago",
        "2021-07-04  旧        ✓ 3 hours ago",
        "",
        "nothing to do: the next issue, 2021-08-01, is a draft",
    ]
    assert letter.lines("status", "--channel", "web,chat", code=3) == letter.lines("status", code=3)
    assert letter.run("status", "-c", "chta").err.startswith("error: there is no channel chta · ")


def test_status_of_an_edited_issue(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    assert letter.lines("status", "2021-07-18")[1:3] == [
        "  web   published just now, 2021-07-18 12:00, changed since",
        "        → publish 2021-07-18 --channel web",
    ]
    changed = "published just now, 2021-07-18 12:00, changed since · @readers · https://chat.example/89"
    assert letter.chat() == f"{changed}\n→ publish 2021-07-18 --channel chat"
    assert letter.lines("status")[2] == "2021-07-18  一/贰/三  ! edited since  ! edited since"
    assert letter.lines("status")[-1] == "next: publish 2021-07-18"
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
    command = "publish 2021-07-18 --channel chat"
    assert lines[-3:] == ["  chat  started, not finished · @readers", f"        → {command}", f"next: {command}"]


def test_what_is_looked_at_has_its_neighbours(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, tuple[str, ...]] = {}
    render = Chat.render

    def note(self: Chat, issue: Issue, context: Context) -> Rendering:
        near = (context.previous, context.entry, context.next)
        seen[issue.id] = tuple(str(one.date) if one else "-" for one in near)
        return render(self, issue, context)

    monkeypatch.setattr(Chat, "render", note)
    monkeypatch.setattr(Chat, "capabilities", replace(Chat.capabilities, links_neighbours=True))
    letter.write("2021-07-11", "中")
    letter.run("status")
    assert seen == {
        "2021-07-04": ("-", "2021-07-04", "2021-07-11"),
        "2021-07-11": ("2021-07-04", "2021-07-11", "2021-07-18"),
        "2021-07-18": ("2021-07-11", "2021-07-18", "-"),
    }


def test_status_of_a_channel_that_is_not_set_up(letter: CommandProject) -> None:
    """It only writes files; channels of which the same is to be said share a line."""
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace('room = "@readers"', ""))
    command = "publish 2021-07-18 --channel web,chat"
    assert letter.lines("status", "2021-07-18")[1:3] == ["  web, chat  not published", f"             → {command}"]
    letter.run()
    assert letter.chat() == "files written"
    letter.write("2021-07-18", "一", "贰", "三")
    assert letter.chat() == "changed since written\n→ publish 2021-07-18 --channel chat"


def test_status_says_why_nothing_is_due(letter: CommandProject) -> None:
    for date in ("2021-07-04", "2021-07-18"):
        letter.path(date).unlink()
    assert letter.lines("status")[-1] == (
        "no issue is due; issues/2021-08-01.md is a draft; remove `draft: true` when it is ready"
    )
    letter.write("2021-07-25", "草", head="---\ndraft: true\n---\n")
    assert letter.lines("status")[-1] == (
        "no issue is due; all 2 issues are drafts; remove `draft: true` when it is ready"
    )
    letter.write("2021-07-20", "将来")
    assert letter.lines("status") == [
        "                   web            chat",
        "2021-08-01  草/稿  draft          draft",
        "2021-07-25  草     draft          draft",
        "2021-07-20  将来   Tuesday 09:45  Tuesday 09:45",
        "",
        "no issue is due; the next one, issues/2021-07-20.md, is dated 2021-07-20, in 2 days",
    ]
    for file in (letter.root / "issues").iterdir():
        file.unlink()
    assert letter.run("status").err.startswith('error: no file matches issues = "issues/*.md" of ')


def test_an_issue_of_today_that_nothing_runs_the_schedule_for_is_not_upcoming(letter: CommandProject) -> None:
    """It is due for `publish` by hand; only with a schedule it waits for its time."""
    morning = NOON - dt.timedelta(hours=3)
    rows = letter.lines("status", now=morning)
    assert rows[2:3] + rows[-1:] == ["2021-07-18  一/二/三  not yet  not yet", "next: publish"]
    with (letter.root / "publisher.toml").open("a") as settings:
        settings.write('\n[schedule]\nat = "09:45"\n')
    rows = letter.lines("status", now=morning)
    assert rows[2] == "2021-07-18  一/二/三  today 09:45  today 09:45"
    assert rows[-1] == (
        "nothing to do: the next issue, 2021-07-18, is due today, 2021-07-18 09:45 Asia/Shanghai (01:45 UTC)"
    )
    letter.run("--yes", now=morning)
    assert letter.lines("status", now=morning)[2] == "2021-07-18  一/二/三  ✓ just now  ✓ just now"


def test_status_forgets_no_trouble(letter: CommandProject) -> None:
    """An unresolved outcome is shown although the issue is old, its file removed and the channel disabled."""
    letter.orders("1 vanish")
    letter.run("2021-07-04", "--yes")
    (letter.root / "issues" / "2021-07-04.md").unlink()
    (letter.root / "publisher.toml").write_text(
        CHAT_SETTINGS.replace("[channels.chat]", "[channels.chat]\nenabled = false")
    )
    lines = letter.lines("status", code=4)
    assert lines[-7:] == [
        "",
        "2021-07-04",
        "  chat  1 of 1 unknown · @readers",
        "        TimeoutError: no answer",
        "        → publish resolve 2021-07-04 --channel chat",
        "",
        "next: publish resolve 2021-07-04 --channel chat",
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
    assert letter.lines("status", code=3)[-6:] == [
        "慢刊",
        "  websub  1 of 1 failed · https://hub.example/",
        "          no such hub",
        "          → publish retry",
        "",
        "next: publish retry",
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
