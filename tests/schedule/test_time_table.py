"""When clocks, machines and people do not do as planned: an issue goes out once, or it is told."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest

from publisher.channel import Receipt
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.errors import BusyError, ConfigError, DeliveryError, IssueError
from publisher.ledger.account import Verdict, resolve, standing
from publisher.ledger.agenda import decide
from publisher.ledger.memo import Watch
from publisher.pipeline import trust
from publisher.pipeline.adoption import adopt, adopt_archive
from publisher.pipeline.agenda import Outlook
from publisher.pipeline.clock import Clock
from publisher.pipeline.decision import decision
from publisher.pipeline.events import Request
from publisher.pipeline.overview import Condition, overview
from publisher.pipeline.quick import nothing_to_do
from publisher.pipeline.vigil import Vigil
from publisher.theme import Theme
from publisher.timetable import Schedule, rhythm
from tests.live import Call, Letters, Post
from tests.schedule.conftest import DUE, HOUR, MINUTE, Newsletter, at

Behaviour = Callable[[Call, Callable[[], Receipt]], Receipt]


def refuse(error: Exception, times: int = 99, *, acts: bool = False) -> Behaviour:
    left = [times]

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if not left[0]:
            return effect()
        left[0] -= 1
        if acts:
            effect()
        raise error

    return behave


def test_an_issue_goes_out_at_its_time_and_once(letter: Newsletter) -> None:
    letter.now = DUE - MINUTE
    done = letter.tick()
    assert (done.next, done.exit_code) == (DUE, 0)
    assert letter.sent == []
    letter.now = DUE
    assert letter.tick().next is None
    assert letter.sent == ["一"]
    assert [news.what for news in letter.told] == ["publishing", "published"]
    assert letter.told[1].message == "@readers · 1 sent"
    for _ in range(3):
        letter.now += MINUTE
        letter.tick()
    letter.restart()
    letter.tick()
    assert letter.sent == ["一"]
    assert len(letter.told) == 2


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("schedule", [Schedule(dt.time()), Schedule(rhythm=rhythm("0 0 * * mon"))])
def test_the_ends_of_the_calendar_stop_nothing(letter: Newsletter, date: str, schedule: Schedule) -> None:
    letter.schedule = schedule
    letter.now = DUE + 24 * HOUR
    letter.write(date, "远")
    letter.tick()
    assert letter.sent == ["一"]


# ---------------------------------------------------------------- the machine was off


def test_off_for_an_hour(letter: Newsletter) -> None:
    """Fault 20: once, late, marked late."""
    letter.now = DUE + HOUR + 12 * MINUTE
    letter.tick()
    assert letter.sent == ["一"]
    assert letter.said("publishing")[0].message == "late by 1 h 12 min"


def test_off_for_three_days(letter: Newsletter) -> None:
    """Fault 21: missed, reported once, not sent; a person still can."""
    letter.now = DUE + 72 * HOUR
    assert letter.tick().exit_code == 1
    letter.restart()
    assert letter.tick().exit_code == 0
    assert letter.sent == []
    [missed] = letter.said("missed")
    assert missed.alarm
    assert missed.message == "it was due 3 days ago, and is not sent by itself any more"
    assert missed.hint == "publish --issue 2021-07-18 --channel post"
    assert letter.publish("2021-07-18").exit_code == 0
    assert letter.sent == ["一"]


@pytest.mark.parametrize(("late", "sent"), [(36 * HOUR, 1), (36 * HOUR + MINUTE, 0)])
def test_the_last_moment_of_catching_up(letter: Newsletter, late: dt.timedelta, sent: int) -> None:
    letter.now = DUE + late
    letter.tick()
    assert len(letter.sent) == sent


def test_what_was_begun_is_ended_however_late(letter: Newsletter) -> None:
    letter.write("2021-07-18", "一", "二")
    letter.with_post(behaves=lambda call, effect: effect() if call.part == "1" else _rest())
    letter.tick()
    letter.with_post(behaves=None)
    letter.now += 100 * HOUR
    letter.tick()
    assert letter.sent == ["一", "二"]
    assert letter.said("missed") == []


def _rest() -> Receipt:
    raise DeliveryError("tired", retry_after=3600)


def test_forty_old_issues_are_told_as_one(letter: Newsletter) -> None:
    letter.channels = (Web(), *letter.channels)
    for number in range(40):
        letter.write(f"{dt.date(2020, 1, 5) + dt.timedelta(weeks=2 * number)}", "旧")
    letter.tick()
    assert letter.sent == ["一"]
    [missed] = letter.said("missed")
    assert missed.message == (
        "40 issues were due long ago, and are not sent by themselves: 2020-01-05 to 2021-07-04"
    )
    assert missed.channels == ("post",)
    assert len(list((letter.root / "public").glob("20*/index.html"))) == 41, "pages cannot come too late"


# ---------------------------------------------------------------- a ledger of yesterday


def restored(letter: Newsletter) -> None:
    """The ledger as it was before the issue of the 18th went out."""
    letter.write("2021-07-17", "旧")
    letter.now = DUE - 24 * HOUR
    letter.tick()
    copy = letter.root / "copy.db"
    shutil.copy(letter.place, copy)
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["旧", "一"]
    for path in letter.place.parent.glob("ledger.db*"):
        path.unlink()
    shutil.copy(copy, letter.place)
    letter.told.clear()
    letter.restart()


@pytest.mark.parametrize("remembered", [True, False])
def test_a_restored_ledger_sends_nothing(letter: Newsletter, remembered: bool) -> None:
    """Fault 22: refuses until `adopt`, by itself and by hand."""
    restored(letter)
    if not remembered:
        shutil.rmtree(letter.root / ".publisher" / "cache")
    assert letter.tick().exit_code == 2
    assert letter.publish("2021-07-18").exit_code == (0 if remembered else 2)
    assert letter.tick().exit_code == 0, "told twice"
    assert letter.sent == ["旧", "一"]
    [failed] = letter.said("failed")
    assert failed.alarm
    assert failed.message == "the ledger is older than the last one that was used here"
    adopt(letter.config, Theme.load(), letter.now)
    letter.restart()
    letter.tick()
    assert letter.sent == ["旧", "一"] + ["一"] * (not remembered), "a person said so"
    letter.now += HOUR
    letter.told.clear()
    letter.tick()
    assert letter.told == []


def test_a_ledger_of_another_machine_sends_nothing(
    letter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "machine", lambda: "here")
    letter.tick()
    letter.write("2021-07-19", "二")
    letter.now += 24 * HOUR
    monkeypatch.setattr(trust, "machine", lambda: "there")
    letter.tick()
    error = letter.publish("2021-07-19").channels["post"].error
    assert error
    assert error.message == "the ledger belongs to another machine"
    assert error.hint == "nothing is sent: compare it with what was sent, then publish adopt"
    assert letter.sent == ["一"]
    adopt(letter.config, Theme.load(), letter.now)
    letter.restart()
    letter.tick()
    assert letter.sent == ["一", "二"]
    monkeypatch.setattr(trust, "machine", lambda: "")  # where nobody knows, nothing is refused
    letter.write("2021-07-20", "三")
    letter.now += 24 * HOUR
    letter.tick()
    assert letter.sent == ["一", "二", "三"]


# ---------------------------------------------------------------- clocks


def test_the_clock_steps_forward(letter: Newsletter) -> None:
    """Fault 23: at the next tick, once."""
    letter.now = DUE - HOUR
    letter.tick()
    letter.now += 2 * HOUR
    letter.tick()
    letter.tick()
    assert letter.sent == ["一"]


def test_the_clock_steps_back(letter: Newsletter) -> None:
    """Fault 24: nothing goes out again."""
    letter.tick()
    letter.now -= 2 * HOUR
    for _ in range(5):
        letter.tick()
        letter.now += HOUR
    assert letter.sent == ["一"]


@pytest.mark.parametrize(
    ("date", "due"),
    [
        ("2021-03-28", "2021-03-28T01:00"),  # fault 25: 02:30 is jumped over; 03:00 is the first moment after
        ("2021-10-31", "2021-10-31T00:30"),  # fault 26: 02:30 comes twice; this is the first
    ],
)
def test_the_clocks_change(letter: Newsletter, date: str, due: str) -> None:
    letter.path("2021-07-18").unlink()
    letter.write(date, "夜")
    letter.zone, letter.schedule = "Europe/Berlin", Schedule(at=dt.time(2, 30))
    letter.now = at(due) - MINUTE
    assert letter.tick().next == at(due)
    assert letter.sent == []
    while letter.now < at(due) + 3 * HOUR:
        letter.now += 10 * MINUTE
        letter.tick()
    assert letter.sent == ["夜"]
    assert letter.said("publishing")[0].message == "late by 9 min"


def test_a_zone_that_changes_moves_what_is_to_come(letter: Newsletter) -> None:
    """Fault 27: the moment is computed anew each time; what is out stays out."""
    letter.now = DUE - HOUR
    assert letter.tick().next == DUE
    letter.zone = "Europe/Berlin"
    letter.now = DUE
    assert letter.tick().next == at("2021-07-18T07:45")
    assert letter.sent == []
    letter.now = at("2021-07-18T07:45")
    letter.tick()
    letter.zone = "America/New_York"
    letter.now += HOUR
    letter.tick()
    letter.now += 12 * HOUR
    letter.tick()
    assert letter.sent == ["一"]


def test_the_year_ends(letter: Newsletter) -> None:
    letter.path("2021-07-18").unlink()
    letter.write("2022-01-01", "新年")
    letter.schedule = Schedule(at=dt.time(0, 0))
    letter.now = at("2021-12-31T15:59")
    assert letter.tick().next == at("2021-12-31T16:00")
    letter.now += MINUTE
    letter.tick()
    assert letter.sent == ["新年"]


# ---------------------------------------------------------------- people edit


def test_an_issue_that_is_edited_before_its_time(letter: Newsletter) -> None:
    """Fault 42, first half: what the file says then goes out."""
    letter.now = DUE - HOUR
    letter.tick()
    letter.write("2021-07-18", "改")
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["改"]


def test_an_issue_that_is_edited_while_it_goes_out(letter: Newsletter) -> None:
    """Fault 42, second half: to many, the old version goes to the end."""
    letter.channels = (
        Letters(letter.world, count=25, behaves=refuse(DeliveryError("x", retry_after=3600), 1)),
    )
    letter.tick()
    assert len(letter.sent) == 9
    letter.write("2021-07-18", "改")
    letter.now += 2 * HOUR
    letter.tick()
    assert letter.sent == ["一"] * 25
    assert set(letter.world.sent.values()) == {1}


def test_an_issue_that_is_edited_after_it_went_out(letter: Newsletter) -> None:
    """Fault 43: by hand it is changed where it can be; a mail is not sent again."""
    letter.channels = (*letter.channels, Letters(letter.world, count=3))
    letter.tick()
    assert len(letter.sent) == 4
    letter.write("2021-07-18", "改")
    letter.now += HOUR
    letter.tick()
    assert len(list(letter.world)) == 4, "not by itself"
    letter.publish()
    assert letter.world.told[4:] == ["update 1 改"]


def test_who_leaves_between_plan_and_sending_gets_nothing(letter: Newsletter) -> None:
    """Fault 44."""

    @dataclass(frozen=True)
    class Lists(Letters):
        name: ClassVar[str] = "lists"

    letter.channels = (
        Lists(letter.world, count=25, behaves=refuse(DeliveryError("x", retry_after=3600), 1)),
    )
    letter.tick()
    assert len(letter.sent) == 9
    letter.channels = (Lists(letter.world, count=20),)
    letter.now += 2 * HOUR
    letter.tick()
    assert sorted(who for who, _ in letter.world.sent) == sorted(f"reader{n}@example.org" for n in range(20))


def test_an_issue_that_is_moved_to_another_day(letter: Newsletter) -> None:
    letter.now = DUE - HOUR
    letter.tick()
    letter.path("2021-07-18").rename(letter.path("2021-07-20"))
    letter.write("2021-07-20", "一")
    letter.now = DUE
    assert letter.tick().next == DUE + 48 * HOUR
    assert letter.sent == []
    letter.now = DUE + 48 * HOUR
    letter.tick()
    assert letter.sent == ["一"]


def test_an_issue_that_is_deleted(letter: Newsletter) -> None:
    letter.write("2021-07-17", "旧")
    letter.now = DUE - HOUR
    letter.path("2021-07-18").unlink()
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["旧"]
    assert letter.said("gone") == []


def test_an_issue_that_is_deleted_while_it_goes_out(letter: Newsletter) -> None:
    letter.write("2021-07-17", "旧")
    letter.write("2021-07-18", "一", "二")
    letter.with_post(behaves=lambda call, effect: effect() if call.part == "1" else _rest())
    letter.tick()
    letter.path("2021-07-18").unlink()
    letter.with_post(behaves=None)
    letter.now += 2 * HOUR
    letter.tick()
    letter.tick()
    [gone] = letter.said("gone")
    assert (gone.issue, gone.alarm) == ("2021-07-18", True)
    assert gone.message.startswith("its file is gone; 1 of 2 wait")
    assert letter.sent == ["旧", "一"]


@pytest.mark.parametrize(
    ("head", "what", "message"),
    [
        ("---\ndraft: true\n---\n", "draft", "it is a draft"),
        ("# 慢刊 (2021-07-xx)：一\n\n", "broken", "the date 2021-07-xx is not complete"),
    ],
)
def test_what_is_not_fit_is_held_told_once_and_looked_at_again(
    letter: Newsletter, head: str, what: str, message: str
) -> None:
    letter.write("2021-07-18", "一", head=head)
    letter.now = DUE - MINUTE
    letter.tick()
    assert letter.told == [], "its time has not come"
    letter.now = DUE
    assert letter.tick().exit_code == 1
    letter.restart()
    letter.now += MINUTE
    assert letter.tick().exit_code == 0
    [held] = letter.told
    assert (held.what, held.alarm) == (what, True)
    assert message in held.message
    letter.write("2021-07-18", "一")
    letter.tick()
    assert letter.sent == ["一"]


def test_a_check_that_fails_is_told_once_and_tried_when_the_file_changes(letter: Newsletter) -> None:
    tries = []

    @dataclass(frozen=True)
    class Strict(Post):
        def render(self, issue, context):  # type: ignore[no-untyped-def]
            tries.append(1)
            if issue.title.headline == ("一",):
                raise IssueError("too short", "write more")
            return super().render(issue, context)

    letter.channels = (Strict(letter.world),)
    for _ in range(4):
        letter.tick()
        letter.now += 15 * MINUTE
    assert len(letter.said("broken")) == 1
    assert len(tries) == 1, "the same text fails the same way"
    letter.write("2021-07-18", "长一些")
    letter.tick()
    assert letter.sent == ["长一些"]


# ---------------------------------------------------------------- people decide


def test_a_held_issue_waits_and_is_in_no_feed(letter: Newsletter) -> None:
    letter.channels = (Web(), Rss(), *letter.channels)
    letter.write("2021-07-17", "旧")
    decision(letter.config, Theme.load(), Request("2021-07-18"), letter.now, held=True)
    assert letter.tick().exit_code == 0
    [held] = letter.said("held")
    assert not held.alarm
    assert letter.sent == ["旧"]
    assert "2021-07-18" not in (letter.root / "public" / "feed.xml").read_text()
    assert not (letter.root / "public" / "2021-07-18").exists()
    by_hand = Request(channels=("web",))
    assert nothing_to_do(letter.root, by_hand, letter.now) is None, "who publishes by hand means it"
    decision(letter.config, Theme.load(), Request("2021-07-18"), letter.now, held=False)
    letter.tick()
    assert letter.sent == ["旧", "一"]
    assert "2021-07-18" in (letter.root / "public" / "feed.xml").read_text()


@pytest.mark.parametrize("minded", [False, True], ids=["nobody looks at the clock", "a daemon does"])
def test_who_publishes_by_hand_leaves_out_what_waits(letter: Newsletter, *, minded: bool) -> None:
    letter.channels = (Web(),)
    letter.write("2021-07-17", "昨")
    letter.write("2021-07-16", "前")
    letter.now = DUE - HOUR
    decision(letter.config, Theme.load(), Request("2021-07-17"), letter.now, held=True)
    if minded:
        letter.tick(letter.ticker(Vigil()))
    letter.write("2021-07-16", "改")
    letter.publish("2021-07-16")
    pages = sorted(path.parent.name for path in (letter.root / "public").glob("20*/index.html"))
    # the morning's issue is the daemon's only where there is one
    assert pages == (["2021-07-16"] if minded else ["2021-07-16", "2021-07-18"])
    rows = overview(letter.config, Theme.load(), "", letter.now, lambda _: None)
    assert {row.issue: row.condition for row in rows}["2021-07-16"] is Condition.PUBLISHED


def test_an_issue_waits_for_its_own_time_although_another_is_late(letter: Newsletter) -> None:
    """The page of today is not made on the way when that of yesterday is made in the morning."""
    letter.channels = (Web(),)
    letter.write("2021-07-17", "旧")
    letter.now = DUE - HOUR
    letter.tick()
    pages = letter.root / "public"
    assert [path.parent.name for path in sorted(pages.glob("20*/index.html"))] == ["2021-07-17"]
    letter.now = DUE
    letter.tick()
    assert (pages / "2021-07-18" / "index.html").exists()
    assert "2021-07-18" in (pages / "index.html").read_text()


def test_a_rescheduled_issue_goes_out_then(letter: Newsletter) -> None:
    letter.now = DUE - HOUR
    decision(letter.config, Theme.load(), Request("2021-07-18"), letter.now, when="2021-07-19 12:00")
    assert letter.tick().next == at("2021-07-19T04:00")
    letter.now = DUE
    letter.tick()
    assert letter.sent == []
    letter.now = at("2021-07-19T04:00")
    letter.tick()
    assert letter.sent == ["一"]
    assert letter.said("publishing")[0].message == ""


def test_no_decision_leads_before_the_date(letter: Newsletter) -> None:
    decide(letter.ledger, letter.key().issue, ["post"], due=DUE - 48 * HOUR)
    letter.now = DUE - 24 * HOUR
    assert letter.tick().next == at("2021-07-17T16:00"), "the midnight in Shanghai"


def test_channels_have_times_of_their_own(letter: Newsletter) -> None:
    letter.channels = (*letter.channels, Letters(letter.world, count=2))
    letter.schedule = Schedule(times={"letters": dt.time(10, 0)})
    assert letter.tick().next == DUE + 15 * MINUTE
    assert len(letter.sent) == 1
    letter.now = DUE + 15 * MINUTE
    letter.tick()
    assert len(letter.sent) == 3


def test_a_rhythm_gathers_what_is_dated_before(letter: Newsletter) -> None:
    """Sundays at 20:00 in Shanghai: the issue of Thursday waits for it, and that of Monday for the next."""
    letter.path("2021-07-18").unlink()
    letter.write("2021-07-15", "四")
    letter.write("2021-07-19", "一")
    letter.schedule = Schedule(rhythm=rhythm("0 20 * * sun"))
    letter.now = at("2021-07-15T12:00")
    assert letter.tick().next == at("2021-07-18T12:00")
    letter.now = at("2021-07-18T12:00")
    assert letter.tick().next == at("2021-07-25T12:00")
    assert letter.sent == ["四"]


# ---------------------------------------------------------------- deliveries that fail


def test_what_was_put_off_goes_on_at_its_time(letter: Newsletter) -> None:
    letter.with_post(behaves=refuse(DeliveryError("tired", retry_after=3600), 1))
    done = letter.tick()
    assert (done.next, done.exit_code) == (DUE + HOUR, 3)
    assert len(letter.said("waiting")) == 1
    letter.now += 30 * MINUTE
    letter.tick()
    assert letter.sent == []
    letter.now = DUE + HOUR
    assert letter.tick().exit_code == 0
    assert letter.sent == ["一"]
    assert not [news for news in letter.told if news.alarm]


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DeliveryError("no such chat", permanent=True), 3, "1 of 1 failed: no such chat"),
        (TimeoutError("silence"), 4, "nobody knows whether 1 of 1 went out: TimeoutError: silence"),
    ],
)
def test_what_failed_is_told_once_and_left_alone(
    letter: Newsletter, error: Exception, code: int, message: str
) -> None:
    tries = []

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        tries.append(call)
        raise error

    letter.with_post(behaves=behave)
    assert letter.tick().exit_code == code
    for _ in range(3):
        letter.now += HOUR
        letter.restart()
        assert letter.tick().exit_code == 0
    assert len(tries) == 1
    [alarm] = [news for news in letter.told if news.alarm]
    assert (alarm.what, alarm.message) == ("unknown" if code == 4 else "failed", message)
    letter.with_post(behaves=None)
    if code == 4:
        resolve(letter.ledger, letter.key(), Verdict.RESEND, letter.now)
        letter.tick()
    else:
        letter.publish(retry=True)
    assert letter.sent == ["一"]


def test_a_channel_that_cannot_begin_is_left_alone_for_a_while(letter: Newsletter) -> None:
    opened = []

    def no_token() -> None:
        opened.append(1)
        raise BusyError("the token is not there", "put it there")

    letter.with_post(opening=no_token)
    letter.tick()
    assert letter.sent == []
    letter.with_post(opening=lambda: None)
    letter.now += 11 * MINUTE
    letter.tick()
    assert letter.sent == ["一"]
    assert len(opened) == 1


def test_trouble_that_stays_is_one_pair_of_lines(letter: Newsletter) -> None:
    """Tried every ten minutes, told once; a new process says so anew, and alarms nobody."""

    def no_token() -> None:
        raise ConfigError("the token is not there", "put it there")

    letter.with_post(opening=no_token)
    for _ in range(4):
        letter.tick()
        letter.now += 11 * MINUTE
    assert [(news.what, news.alarm) for news in letter.told] == [
        ("publishing", False),
        ("failed", True),
    ]
    letter.restart()
    assert letter.tick().exit_code == 2
    assert [(news.what, news.alarm) for news in letter.told[2:]] == [
        ("publishing", False),
        ("failed", False),
    ]
    letter.with_post(opening=lambda: None)
    letter.now += 11 * MINUTE
    letter.tick()
    assert letter.sent == ["一"]
    assert letter.told[-1].what == "published"


# ---------------------------------------------------------------- several at once


def test_two_daemons_on_one_ledger(letter: Newsletter) -> None:
    """Fault 16: the second one finds it in other hands, or done."""
    second = letter.ticker()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.with_post(behaves=None)
        assert letter.tick(second).exit_code == 0
        return effect()

    letter.with_post(behaves=behave)
    letter.tick()
    letter.tick(second)
    assert letter.sent == ["一"]


def test_by_hand_and_by_the_clock_in_the_same_second(letter: Newsletter) -> None:
    """Fault 17: one sends; the other names the holder."""
    second = []

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.with_post(behaves=None)
        second.append(letter.publish().channels["post"].error)
        return effect()

    letter.with_post(behaves=behave)
    letter.tick()
    [error] = second
    assert isinstance(error, BusyError)
    assert "is in the hands of process" in error.message
    assert letter.sent == ["一"]
    letter.told.clear()
    letter.write("2021-07-19", "二")
    letter.now += 24 * HOUR
    letter.publish("2021-07-19")
    letter.tick()
    assert letter.told == []
    assert letter.sent == ["一", "二"]


def test_a_stop_in_mid_send_ends_the_window(letter: Newsletter) -> None:
    """Fault 9: what is under way is ended and noted, the rest goes out after the next start."""

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.stop.set()
        return effect()

    letter.channels = (Letters(letter.world, count=25, behaves=behave),)
    letter.write("2021-07-19", "二")
    letter.now = DUE + 24 * HOUR
    letter.tick()
    assert len(letter.sent) == 10
    found = standing(letter.ledger, letter.key(channel="letters"))
    assert found
    assert (found.counts.sent, found.counts.planned, found.owner) == (10, 15, "")
    assert not [news for news in letter.told if news.alarm]
    letter.stop.clear()
    letter.restart()
    letter.channels = (Letters(letter.world, count=25),)
    letter.tick()
    assert sorted(letter.sent) == ["一"] * 25 + ["二"] * 25
    assert set(letter.world.sent.values()) == {2}


def test_a_stop_in_mid_rest_does_not_wait_for_its_end(letter: Newsletter) -> None:
    """A platform wants half a minute, which the tick would give it."""
    naps = []

    def wait(seconds: float) -> None:
        naps.append(seconds)
        letter.stop.set()

    letter.with_post(behaves=refuse(DeliveryError("tired", retry_after=30), 1))
    clock = Clock(lambda: letter.now, wait)
    letter.ticker().tick(letter.config, Theme.load(), clock)
    assert naps == [1.0]
    assert letter.sent == []
    letter.stop.clear()
    letter.now += MINUTE
    letter.tick()
    assert letter.sent == ["一"]


def test_who_was_not_asked_to_wait_goes_on_after_a_stop(letter: Newsletter) -> None:
    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        letter.stop.set()
        return effect() if call.recipient != "reader0@example.org" else _rest()

    letter.channels = (Letters(letter.world, count=25, behaves=behave),)
    letter.tick()
    assert len(letter.sent) == 9
    letter.stop.clear()
    letter.restart()
    letter.channels = (Letters(letter.world, count=25),)
    letter.tick()
    assert len(letter.sent) == 24
    letter.now += HOUR
    letter.tick()
    assert set(letter.world.sent.values()) == {1}
    assert len(letter.sent) == 25


# ---------------------------------------------------------------- beginning


def test_an_old_archive_is_taken_as_published(letter: Newsletter) -> None:
    letter.channels = (Web(), Rss(), *letter.channels, Letters(letter.world, count=3))
    for number in range(40):
        letter.write(f"{dt.date(2020, 1, 5) + dt.timedelta(weeks=2 * number)}", "旧")
    letter.write("2021-07-10", "稿", head="---\ndraft: true\n---\n")
    letter.now = DUE - HOUR
    taken, left, outcome = adopt_archive(letter.config, Theme.load(), letter.now, lambda _: None)
    assert [(one.channel, one.new, one.known) for one in taken] == [("post", 40, 0), ("letters", 40, 0)]
    assert sorted((one.path, one.reason) for one in left) == [
        ("issues/2021-07-10.md", "it is a draft"),
        ("issues/2021-07-18.md", "it is dated 2021-07-18, and goes out then"),
    ]
    assert outcome
    assert outcome.exit_code == 0
    assert len(list((letter.root / "public").glob("20*/index.html"))) == 40
    assert (letter.root / "public" / "feed.xml").exists()
    assert list(letter.world) == []
    again, _, _ = adopt_archive(letter.config, Theme.load(), letter.now, lambda _: None)
    assert [(one.new, one.known) for one in again] == [(0, 40), (0, 40)]
    letter.tick()
    assert letter.told == []
    letter.write("2021-07-04", "旧", "改")
    done = letter.publish("2021-07-04").channels["post"]
    assert done.held == "it was out before the ledger began, and stays as it is"
    letter.publish("2021-07-04", correct=True)
    letter.publish("2021-07-04", retry=True)
    assert list(letter.world) == []
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["一"] * 4


# ---------------------------------------------------------------- seen from afar


def test_what_should_be_out_and_is_not_fit_is_seen(letter: Newsletter) -> None:
    letter.write("2021-07-18", "一", head="---\ndraft: true\n---\n")
    letter.write("2021-07-19", "二", head="# 慢刊 (2021-07-xx)：一\n\n")
    letter.write("2021-07-17", "旧")
    letter.now = DUE + 35 * HOUR
    letter.tick()
    assert [(one.record.path, one.outlook) for one in letter.coming().appointments] == [
        ("issues/2021-07-18.md", Outlook.DRAFT),
        ("issues/2021-07-19.md", Outlook.BROKEN),
    ]
    letter.now += 2 * HOUR
    assert [one.record.path for one in letter.coming().appointments] == ["issues/2021-07-19.md"]


def test_what_is_to_come_is_seen(letter: Newsletter) -> None:
    letter.write("2021-08-01", "二", head="---\ndraft: true\n---\n")
    letter.now = DUE - HOUR
    found = letter.coming()
    assert found.watch == Watch()
    assert [(one.record.id, one.due, one.outlook) for one in found.appointments] == [
        ("2021-07-18", DUE, Outlook.WAITING),
        ("2021-08-01", at("2021-08-01T01:45"), Outlook.DRAFT),
    ]
    assert not letter.place.exists(), "to look must not begin a ledger"
