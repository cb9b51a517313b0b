"""The commands about what is to come, to the letter."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.ledger.meta import record_heartbeat, record_tick
from tests.support.newsletter import CHAT_SETTINGS, NOON, CommandProject, command_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    """An issue of two weeks ago, one of today, and one that comes in two weeks."""
    made = command_project(tmp_path, monkeypatch, capsys)
    made.write("2021-08-01", "将来")
    settings = CHAT_SETTINGS.replace("[channels.chat]", '[channels.chat]\nat = "10:30"')
    (made.root / "publisher.toml").write_text(settings)
    return made


def test_what_is_to_come(project: CommandProject) -> None:
    assert project.lines("status", "2021-08-01") == [
        "2021-08-01  upcoming",
        "  web   in 2 weeks, 2021-08-01 09:45 Asia/Shanghai (01:45 UTC)",
        "  chat  in 2 weeks, 2021-08-01 10:30 Asia/Shanghai (02:30 UTC)",
    ]
    found = json.loads(project.run("status", "--json").out)
    assert found["to_come"][1] == {
        "issue": "2021-08-01",
        "path": "issues/2021-08-01.md",
        "channel": "chat",
        "due": "2021-08-01T10:30:00+08:00",
        "utc": "2021-08-01T02:30:00+00:00",
        "rescheduled": False,
        "held": False,
        "outlook": "waiting",
        "detail": "",
    }
    assert found["daemon"] is None


def test_an_issue_of_today_is_shown_once(project: CommandProject) -> None:
    before = NOON.replace(hour=1)  # 09:00 in Shanghai
    reported = project.lines("status", now=before)
    assert reported[:3] == [
        "                      web          chat",
        "2021-08-01  将来      1 August     1 August",
        "2021-07-18  一/二/三  today 09:45  today 10:30",
    ]
    assert sum(line.startswith("2021-07-18") for line in reported) == 1
    reported = project.lines("status", now=NOON)
    assert [line for line in reported if line.startswith("2021-07-18")] == ["2021-07-18  一/二/三  not yet   not yet"]
    assert "  chat  not published · @readers" in project.lines("status", "2021-07-18", now=NOON)


def test_what_keeps_a_message_waiting_is_shown(project: CommandProject) -> None:
    project.orders("2 rest")
    project.run("--yes")
    assert project.lines("status", "2021-07-18")[2:] == [
        "  chat  2 of 3 waiting until 2021-07-18 13:00 · @readers · https://chat.example/89",
        "        2 waiting: the chat is tired",
        "        → publish 2021-07-18 --channel chat",
        "next: publish 2021-07-18 --channel chat",
    ]
    assert project.lines("status", "2021-07-18", now=NOON + dt.timedelta(hours=2))[2].startswith(
        "  chat  2 of 3 waiting · @readers"
    )


def test_what_would_stop_it(project: CommandProject) -> None:
    file = project.root / "issues" / "2021-08-01.md"
    file.write_text(file.read_text("utf-8").replace("https://e.org/2021-08-01", ""), "utf-8")
    stopped = [
        "2021-08-01  upcoming",
        "  web   in 2 weeks, 2021-08-01 09:45 Asia/Shanghai (01:45 UTC) · held: has errors",
        "  chat  in 2 weeks, 2021-08-01 10:30 Asia/Shanghai (02:30 UTC) · held: has errors",
    ]
    said = "issues/2021-08-01.md has 1 error: empty-url at line 5"
    look = "publish check issues/2021-08-01.md"
    assert project.lines("status", "2021-08-01") == [*stopped, f"  {said} · {look}", f"next: {look}"]
    [one, _] = json.loads(project.run("status", "2021-08-01", "--json").out)["to_come"]
    assert (one["outlook"], one["detail"]) == ("unsound", said)
    day = dt.datetime(2021, 8, 1, 4, tzinfo=dt.UTC)
    force = "or publish --issue 2021-08-01 --force"
    reported = f"2021-08-01 unsound web,chat: {said} · {look} · {force}"
    assert reported in project.lines("tick", code=1, now=day)
    assert reported not in project.lines("tick", now=day)
    rows = project.lines("status", "2021-08-01", now=day)
    assert rows[:4] == [*(line.replace("in 2 weeks", "today") for line in stopped), f"  {said} · {look} · {force}"]
    assert rows[5] == "  web   not published"


def test_hold_and_release(project: CommandProject) -> None:
    assert project.lines("hold", "2021-08-01", "--channel", "chat") == [
        "2021-08-01  upcoming",
        "  chat  2021-08-01 10:30 (02:30 UTC) · held",
    ]
    assert project.lines("status")[1] == "2021-08-01  将来      1 August  held"
    file = project.root / "issues" / "2021-08-01.md"
    text = file.read_text("utf-8")
    file.write_text(f"---\ndraft: true\n---\n{text}", "utf-8")
    due = "in 2 weeks, 2021-08-01 10:30 Asia/Shanghai (02:30 UTC)"
    assert project.lines("status", "2021-08-01")[2] == f"  chat  {due} · held · draft"
    file.write_text(text, "utf-8")
    assert project.lines("hold", "issues/2021-08-01.md", "--release")[1:] == [
        "  web   2021-08-01 09:45 (01:45 UTC)",
        "  chat  2021-08-01 10:30 (02:30 UTC)",
    ]


def test_a_draft_can_be_held(project: CommandProject) -> None:
    project.write("2021-08-01", "将来", head="---\ndraft: true\n---\n")
    assert project.lines("hold", "2021-08-01", "--channel", "chat")[1:] == [
        "  chat  2021-08-01 10:30 (02:30 UTC) · held · draft"
    ]


def test_reschedule(project: CommandProject) -> None:
    assert project.lines("reschedule", "2021-08-01", "2021-08-02 12:00")[1:] == [
        "  web   2021-08-02 12:00 (04:00 UTC) · rescheduled",
        "  chat  2021-08-02 12:00 (04:00 UTC) · rescheduled",
    ]
    assert project.lines("reschedule", "2021-08-01", "06:30", "-c", "web")[1:] == [
        "  web  2021-08-01 06:30 (2021-07-31 22:30 UTC) · rescheduled"
    ]
    assert project.lines("reschedule", "2021-08-01", "2021-08-03", "9am", "-c", "web")[1:] == [
        "  web  2021-08-03 09:00 (01:00 UTC) · rescheduled"
    ]


WRITE = 'write 10:30, "tomorrow 9:00", Friday, +2h or "2021-08-02 10:30"'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("reschedule", "2021-08-01", "2021-07-31 12:00"),
            "issues/2021-08-01.md is dated 2021-08-01; an issue cannot be published before its date · "
            "change its date first",
        ),
        (("reschedule", "2021-08-01", "soon"), f"soon is not a time · {WRITE}"),
        (("reschedule", "2021-08-01", ""), f"an empty text is not a time · {WRITE}"),
        (("reschedule", "2021-08-01", "2021-02-30 10:00"), f"2021-02-30 10:00 is not a time · {WRITE}"),
        (("hold", "2021-08-02"), "there is no issue 2021-08-02 · did you mean 2021-08-01?"),
        (("hold", "2021-08-01", "-c", "email"), "the channel email is disabled"),
        (("hold", "2021-07-18"), "2021-07-18 is already published · see publish status"),
    ],
)
def test_what_cannot_be_decided(project: CommandProject, words: tuple[str, ...], message: str) -> None:
    project.run("2021-07-18", "--yes")
    said = project.run(*words)
    assert said.code == 2
    assert said.err.startswith(f"error: {message}")


def test_an_archive_is_adopted(project: CommandProject) -> None:
    said = project.run("adopt")
    assert said.code == 0
    assert said.out.splitlines()[-3:] == [
        "✓ chat  @readers · 1 issue marked as published",
        "  skipped: issues/2021-07-18.md: it is dated 2021-07-18 and not due yet",
        "  skipped: issues/2021-08-01.md: it is dated 2021-08-01 and not due yet",
    ]
    assert project.world.calls == []
    assert "  chat  published 2 weeks ago, 2021-07-04 10:30 · @readers" in project.lines("status", "2021-07-04")
    assert project.run("tick", now=NOON).code == 0
    assert project.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]


def test_an_archive_is_adopted_where_only_files_are_written(project: CommandProject) -> None:
    settings = project.root / "publisher.toml"
    settings.write_text(settings.read_text().replace('room = "@readers"\nme = "@me"\n', ""))
    assert "✓ chat  1 issue marked as published" in project.lines("adopt")
    assert "  chat  published 2 weeks ago, 2021-07-04 10:30" in project.lines("status", "2021-07-04")


def test_a_ledger_is_adopted(project: CommandProject) -> None:
    project.run("--yes")
    (project.root / ".publisher" / "ledger.seen").write_text("99\n")
    project.write("2021-07-18", "一", "贰", "三")
    said = project.run("--yes")
    assert said.code == 2
    assert "the ledger is older than the one used here last" in said.out
    assert project.lines("trust-ledger") == ["The ledger is trusted. This machine can send from now on."]
    assert project.run("--yes").code == 0
    assert project.world.calls[3:] == ["update 2 贰"]


def test_a_daemon_that_is_silent_is_missed(project: CommandProject) -> None:
    project.run("--yes")
    ledger = Ledger(project.place)
    record_heartbeat(ledger, "tag:e.org,2021:slow", NOON - dt.timedelta(seconds=110))
    assert project.run("status").code == 0
    record_heartbeat(ledger, "tag:e.org,2021:slow", NOON - dt.timedelta(seconds=130))
    said = project.run("status")
    assert said.code == 2
    assert said.err == "warning: the daemon last responded 2021-07-18 11:57: restart it with publish daemon\n"
    record_heartbeat(ledger, "tag:e.org,2021:slow", None)
    assert project.run("status").code == 0
    ledger.close()


def test_a_missing_scheduler_is_reported(project: CommandProject) -> None:
    said = project.run("status")
    assert said.code == 0
    assert said.err == "No scheduler is running. Start one with publish daemon, or run publish when it is due\n"
    project.run("tick", now=NOON)
    assert project.run("status", now=NOON + dt.timedelta(hours=25)).err == ""
    assert "No scheduler" in project.run("status", now=NOON + dt.timedelta(hours=26)).err


def on_the_daemon(project: CommandProject, code: int = 0) -> list[str]:
    return [line for line in project.lines("doctor", "-v", code=code) if " daemon " in line]


def test_the_doctor_asks_after_the_daemon(project: CommandProject) -> None:
    assert on_the_daemon(project) == ["✓ daemon    not needed: without [schedule], issues are published by hand"]
    with (project.root / "publisher.toml").open("a") as settings:
        settings.write('\n[schedule]\nat = "09:45"\n')
    what, how = (
        "no scheduler is running{}: due issues are not published",
        "start publish daemon, or a timer for publish tick",
    )
    assert on_the_daemon(project) == [f"! daemon    {what.format('')} · {how}"]
    project.run("--yes")
    ledger = Ledger(project.place)
    record_heartbeat(ledger, "tag:e.org,2021:slow", NOON - dt.timedelta(seconds=100))
    assert on_the_daemon(project) == ["✓ daemon    alive at 2021-07-18 11:58"]
    record_heartbeat(ledger, "tag:e.org,2021:slow", NOON - dt.timedelta(seconds=130))
    assert on_the_daemon(project, code=2) == [
        "✗ daemon    no sign of life since 2021-07-18 11:57: due issues are not published · restart it: publish daemon"
    ]
    record_tick(ledger, "tag:e.org,2021:slow", NOON - dt.timedelta(seconds=60))
    assert on_the_daemon(project) == ["✓ daemon    none; publish tick last ran at 2021-07-18 11:59"]
    record_tick(ledger, "tag:e.org,2021:slow", NOON - dt.timedelta(days=3))
    record_heartbeat(ledger, "tag:e.org,2021:slow", None)
    assert on_the_daemon(project) == [f"! daemon    {what.format(' since 2021-07-15 12:00')} · {how}"]
    ledger.close()
