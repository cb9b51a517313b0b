"""What people decide about issues to come, and where it is to be seen."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.build.up_to_date import check_up_to_date
from publisher.calendar.calendar import ItemStatus
from publisher.calendar.overrides import set_override
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.daemon.heartbeat import Heartbeat
from publisher.events import Request
from publisher.ledger.calendar import decide
from publisher.ledger.meta import Watch
from publisher.reports.status import ChannelStatus, build_status_rows
from publisher.theme import Theme
from publisher.timetable import Schedule, parse_cron
from tests.daemon.conftest import DUE, HOUR, MINUTE, Newsletter, at
from tests.support.fake_channel import Letters

# ---------------------------------------------------------------- people decide


def test_a_held_issue_waits_and_is_in_no_feed(letter: Newsletter) -> None:
    letter.channels = (Web(), Rss(), *letter.channels)
    letter.write("2021-07-17", "旧")
    set_override(letter.config, Theme.load(), Request("2021-07-18"), letter.now, held=True)
    assert letter.tick().exit_code == 0
    [held] = letter.said("held")
    assert not held.alarm
    assert letter.sent == ["旧"]
    assert "2021-07-18" not in (letter.root / "public" / "feed.xml").read_text()
    assert not (letter.root / "public" / "2021-07-18").exists()
    by_hand = Request(channels=("web",))
    assert check_up_to_date(letter.root, by_hand, letter.now) is None, "who publishes by hand means it"
    set_override(letter.config, Theme.load(), Request("2021-07-18"), letter.now, held=False)
    letter.tick()
    assert letter.sent == ["旧", "一"]
    assert "2021-07-18" in (letter.root / "public" / "feed.xml").read_text()


@pytest.mark.parametrize("minded", [False, True], ids=["nobody looks at the clock", "a daemon does"])
def test_who_publishes_by_hand_leaves_out_what_waits(letter: Newsletter, *, minded: bool) -> None:
    letter.channels = (Web(),)
    letter.write("2021-07-17", "昨")
    letter.write("2021-07-16", "前")
    letter.now = DUE - HOUR
    set_override(letter.config, Theme.load(), Request("2021-07-17"), letter.now, held=True)
    if minded:
        letter.tick(letter.ticker(Heartbeat()))
    letter.write("2021-07-16", "改")
    letter.publish("2021-07-16")
    pages = sorted(path.parent.name for path in (letter.root / "public").glob("20*/index.html"))
    # the morning's issue is the daemon's only where there is one
    assert pages == (["2021-07-16"] if minded else ["2021-07-16", "2021-07-18"])
    rows = build_status_rows(letter.config, Theme.load(), "", letter.now, lambda _: None)
    assert {row.issue: row.condition for row in rows}["2021-07-16"] is ChannelStatus.PUBLISHED


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
    set_override(letter.config, Theme.load(), Request("2021-07-18"), letter.now, when="2021-07-19 12:00")
    assert letter.tick().next_due == at("2021-07-19T04:00")
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
    assert letter.tick().next_due == at("2021-07-17T16:00"), "the midnight in Shanghai"


def test_channels_have_times_of_their_own(letter: Newsletter) -> None:
    letter.channels = (*letter.channels, Letters(letter.world, count=2))
    letter.schedule = Schedule(channel_times={"letters": dt.time(10, 0)})
    assert letter.tick().next_due == DUE + 15 * MINUTE
    assert len(letter.sent) == 1
    letter.now = DUE + 15 * MINUTE
    letter.tick()
    assert len(letter.sent) == 3


def test_a_rhythm_gathers_what_is_dated_before(letter: Newsletter) -> None:
    """Sundays at 20:00 in Shanghai: the issue of Thursday waits for it, and that of Monday for the next."""
    letter.path("2021-07-18").unlink()
    letter.write("2021-07-15", "四")
    letter.write("2021-07-19", "一")
    letter.schedule = Schedule(cron=parse_cron("0 20 * * sun"))
    letter.now = at("2021-07-15T12:00")
    assert letter.tick().next_due == at("2021-07-18T12:00")
    letter.now = at("2021-07-18T12:00")
    assert letter.tick().next_due == at("2021-07-25T12:00")
    assert letter.sent == ["四"]


# ---------------------------------------------------------------- seen from afar


def test_what_should_be_out_and_is_not_fit_is_seen(letter: Newsletter) -> None:
    letter.write("2021-07-18", "一", head="---\ndraft: true\n---\n")
    letter.write("2021-07-19", "二", head="# 慢刊 (2021-07-xx)：一\n\n")
    letter.write("2021-07-17", "旧")
    letter.now = DUE + 35 * HOUR
    letter.tick()
    assert [(one.record.path, one.status) for one in letter.coming().items] == [
        ("issues/2021-07-18.md", ItemStatus.DRAFT),
        ("issues/2021-07-19.md", ItemStatus.BROKEN),
    ]
    letter.now += 2 * HOUR
    assert [one.record.path for one in letter.coming().items] == ["issues/2021-07-19.md"]


def test_what_is_to_come_is_seen(letter: Newsletter) -> None:
    letter.write("2021-08-01", "二", head="---\ndraft: true\n---\n")
    letter.now = DUE - HOUR
    found = letter.coming()
    assert found.watch == Watch()
    assert [(one.record.id, one.due, one.status) for one in found.items] == [
        ("2021-07-18", DUE, ItemStatus.WAITING),
        ("2021-08-01", at("2021-08-01T01:45"), ItemStatus.DRAFT),
    ]
    assert not letter.place.exists(), "to look must not begin a ledger"
