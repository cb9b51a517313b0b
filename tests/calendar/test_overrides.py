"""What people decide about issues to come, and where it is to be seen."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.calendar.calendar import ItemStatus
from publisher.calendar.overrides import set_override
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.daemon.heartbeat import Heartbeat
from publisher.events import Request
from publisher.ledger.calendar import save_override
from publisher.ledger.meta import SchedulerActivity
from publisher.reports.status import ChannelStatus, build_status_rows
from publisher.timetable import Schedule, parse_cron
from tests.support.fake_channel import Letters
from tests.support.newsletter import DUE, HOUR, MINUTE, Project, at

# ---------------------------------------------------------------- people decide


def test_a_held_issue_waits_and_is_in_no_feed(project: Project) -> None:
    project.channels = (Web(), Rss(), *project.channels)
    project.write("2021-07-17", "旧")
    with project.open_run() as run:
        set_override(run, Request("2021-07-18"), held=True)
    assert project.tick().exit_code == 0
    [held] = project.said("held")
    assert not held.alarm
    assert project.sent == ["旧"]
    assert "2021-07-18" not in (project.root / "public" / "feed.xml").read_text()
    assert not (project.root / "public" / "2021-07-18").exists()
    assert project.quick("web") is None, "who publishes by hand means it"
    with project.open_run() as run:
        set_override(run, Request("2021-07-18"), held=False)
    project.tick()
    assert project.sent == ["旧", "一"]
    assert "2021-07-18" in (project.root / "public" / "feed.xml").read_text()


@pytest.mark.parametrize("minded", [False, True], ids=["nobody looks at the clock", "a daemon does"])
def test_who_publishes_by_hand_leaves_out_what_waits(project: Project, *, minded: bool) -> None:
    project.channels = (Web(),)
    project.write("2021-07-17", "昨")
    project.write("2021-07-16", "前")
    project.now = DUE - HOUR
    with project.open_run() as run:
        set_override(run, Request("2021-07-17"), held=True)
    if minded:
        project.tick(project.ticker(Heartbeat()))
    project.write("2021-07-16", "改")
    project.publish(issue="2021-07-16")
    pages = sorted(path.parent.name for path in (project.root / "public").glob("20*/index.html"))
    # the morning's issue is the daemon's only where there is one
    assert pages == (["2021-07-16"] if minded else ["2021-07-16", "2021-07-18"])
    with project.open_run() as run:
        rows = build_status_rows(run, "")
    assert {row.issue: row.condition for row in rows}["2021-07-16"] is ChannelStatus.PUBLISHED


def test_an_issue_waits_for_its_own_time_although_another_is_late(project: Project) -> None:
    """The page of today is not made on the way when that of yesterday is made in the morning."""
    project.channels = (Web(),)
    project.write("2021-07-17", "旧")
    project.now = DUE - HOUR
    project.tick()
    pages = project.root / "public"
    assert [path.parent.name for path in sorted(pages.glob("20*/index.html"))] == ["2021-07-17"]
    project.now = DUE
    project.tick()
    assert (pages / "2021-07-18" / "index.html").exists()
    assert "2021-07-18" in (pages / "index.html").read_text()


def test_a_rescheduled_issue_goes_out_then(project: Project) -> None:
    project.now = DUE - HOUR
    with project.open_run() as run:
        set_override(run, Request("2021-07-18"), when="2021-07-19 12:00")
    assert project.tick().next_due == at("2021-07-19T04:00")
    project.now = DUE
    project.tick()
    assert project.sent == []
    project.now = at("2021-07-19T04:00")
    project.tick()
    assert project.sent == ["一"]
    assert project.said("publishing")[0].message == ""


def test_no_decision_leads_before_the_date(project: Project) -> None:
    save_override(project.ledger, project.key().issue, ["post"], due=DUE - 48 * HOUR)
    project.now = DUE - 24 * HOUR
    assert project.tick().next_due == at("2021-07-17T16:00"), "the midnight in Shanghai"


def test_channels_have_times_of_their_own(project: Project) -> None:
    project.channels = (*project.channels, Letters(project.world, count=2))
    project.schedule = Schedule(channel_times={"letters": dt.time(10, 0)})
    assert project.tick().next_due == DUE + 15 * MINUTE
    assert len(project.sent) == 1
    project.now = DUE + 15 * MINUTE
    project.tick()
    assert len(project.sent) == 3


def test_cron_gathers_issues_dated_before(project: Project) -> None:
    """Sundays at 20:00 in Shanghai: the issue of Thursday waits for it, and that of Monday for the next."""
    project.path("2021-07-18").unlink()
    project.write("2021-07-15", "四")
    project.write("2021-07-19", "一")
    project.schedule = Schedule(cron=parse_cron("0 20 * * sun"))
    project.now = at("2021-07-15T12:00")
    assert project.tick().next_due == at("2021-07-18T12:00")
    project.now = at("2021-07-18T12:00")
    assert project.tick().next_due == at("2021-07-25T12:00")
    assert project.sent == ["四"]


# ---------------------------------------------------------------- seen from afar


def test_what_should_be_out_and_is_not_fit_is_seen(project: Project) -> None:
    project.write("2021-07-18", "一", head="---\ndraft: true\n---\n")
    project.write("2021-07-19", "二", head="# 慢刊 (2021-07-xx)：一\n\n")
    project.write("2021-07-17", "旧")
    project.now = DUE + 35 * HOUR
    project.tick()
    assert [(one.record.path, one.status) for one in project.coming().items] == [
        ("issues/2021-07-18.md", ItemStatus.DRAFT),
        ("issues/2021-07-19.md", ItemStatus.BROKEN),
    ]
    project.now += 2 * HOUR
    assert [one.record.path for one in project.coming().items] == ["issues/2021-07-19.md"]


def test_what_is_to_come_is_seen(project: Project) -> None:
    project.write("2021-08-01", "二", head="---\ndraft: true\n---\n")
    project.now = DUE - HOUR
    found = project.coming()
    assert found.activity == SchedulerActivity()
    assert [(one.record.id, one.due, one.status) for one in found.items] == [
        ("2021-07-18", DUE, ItemStatus.WAITING),
        ("2021-08-01", at("2021-08-01T01:45"), ItemStatus.DRAFT),
    ]
    assert not project.place.exists(), "to look must not begin a ledger"
