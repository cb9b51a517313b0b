"""What is published stays in pages and feeds, whatever the clock says and whatever becomes of its date."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.errors import ConfigError
from publisher.pipeline.snapshot import take_snapshot
from publisher.reports.status import build_status_rows
from tests.support.fake_channel import Letters, Post
from tests.support.newsletter import HOUR, Project, at

DAY = dt.timedelta(days=1)
BACK = [dt.timedelta(hours=13), DAY, 8 * DAY, 400 * DAY, 20_000 * DAY]
"""How far the clock is behind; the last one is a clock that begins in 1966."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two issues of different years, both on pages, in feeds and sent."""
    made = Project(tmp_path / "letter", now=at("2020-12-27T04:00"))
    made.channels = (Web(), Rss(), Post(made.world))
    made.write("2020-12-27", "旧")
    made.publish()
    made.write("2021-01-03", "新")
    made.now = at("2021-01-03T04:00")
    made.publish()
    assert made.sent == ["旧", "新"]
    return made


def shown(project: Project) -> list[str]:
    """The dates in the feed, which must be on the index as well."""
    dates = [item["url"].split("/")[-2] for item in json.loads(project.text("feed.json"))["items"]]
    index = project.text("index.html")
    assert all((project.root / "public" / date / "index.html").exists() and date in index for date in dates)
    return dates


def files(project: Project) -> Iterator[tuple[str, bytes]]:
    for path in sorted((project.root / "public").rglob("*")):
        if path.is_file():
            yield path.relative_to(project.root).as_posix(), path.read_bytes()


@pytest.mark.parametrize("back", BACK, ids=str)
@pytest.mark.parametrize("channels", [(), ("web", "rss"), ("rss",)], ids=str)
def test_a_clock_that_is_behind_changes_nothing(project: Project, back: dt.timedelta, channels: Any) -> None:
    before = dict(files(project))
    project.now -= back
    outcome = project.publish(channels=channels)
    assert (outcome.is_unchanged, project.warnings) == (True, [])
    assert [one.orphaned for one in outcome.channels.values()] == [()] * (len(channels) or 3)
    project.tick()
    assert dict(files(project)) == before
    assert (shown(project), project.sent) == (["2021-01-03", "2020-12-27"], ["旧", "新"])
    project.now += back
    assert project.publish().is_unchanged
    project.tick()
    assert dict(files(project)) == before
    assert project.sent == ["旧", "新"]


def test_a_rebuild_with_a_clock_that_is_behind_has_everything(project: Project) -> None:
    """Also without what is remembered of the last run."""
    before = dict(files(project))
    for folder in ("public", ".publisher/cache"):
        (project.root / folder).rename(project.root / f"{Path(folder).name}.away")
    project.now -= 400 * DAY
    assert project.publish().exit_code == 0
    assert dict(files(project)) == before
    project.now -= DAY
    other = project.root / "other"
    assert project.publish(out=other).exit_code == 0
    assert (other / "public" / "feed.json").read_bytes() == before["public/feed.json"]


def test_an_old_issue_is_not_sent_because_the_clock_is_behind(project: Project) -> None:
    """A channel that is new never had it; the newest issue is still the one that is published."""
    project.publish(channels=("web",))
    project.channels = (Web(), Rss(), Letters(project.world))
    project.publish()
    project.now -= 5 * DAY  # the issue of December would be the newest
    outcome = project.publish()
    assert outcome.issue
    assert (outcome.issue.date, project.sent) == ("2021-01-03", ["旧", "新", "新"])


def test_a_correction_arrives_though_the_clock_is_behind(project: Project) -> None:
    project.now -= 3 * DAY
    project.write("2021-01-03", "改")
    outcome = project.publish()
    assert outcome.exit_code == 0
    assert {"web", "rss"} == {name for name, one in outcome.channels.items() if one.written}
    assert project.world.calls[-1] == "update 1 改"
    assert shown(project) == ["2021-01-03", "2020-12-27"]


def test_what_is_not_published_does_not_appear(project: Project) -> None:
    """An issue for tomorrow stays hidden, with a clock that is right and with one that is not."""
    project.write("2021-01-10", "将来")
    for now in ("2021-01-03T04:00", "2020-12-30T04:00", "2019-01-01T00:00"):
        project.now = at(now)
        assert project.publish().exit_code == 0
        assert shown(project) == ["2021-01-03", "2020-12-27"]
        with pytest.raises(ConfigError, match="dated in the future"):
            project.publish(issue="2021-01-10")


def test_a_run_with_a_clock_that_is_behind_does_not_hide_work(project: Project) -> None:
    """It leaves no mark that a later run takes for its own; a run with nothing to do is quick again after one more."""
    project.publish()
    assert project.quick()
    project.write("2021-01-10", "将来")
    project.now -= 3 * DAY
    project.publish()
    assert project.quick() is None
    project.now += 3 * DAY
    assert project.quick() is None
    project.publish()
    quick = project.quick()
    assert quick
    assert quick.issue
    assert quick.issue.date == "2021-01-03"
    project.now = at("2021-01-10T04:00")
    assert project.quick() is None
    project.publish()
    assert shown(project) == ["2021-01-10", "2021-01-03", "2020-12-27"]


def test_a_new_issue_joins_those_that_stay(project: Project) -> None:
    """Published by a clock that is behind: it is older than the newest one."""
    project.write("2020-12-30", "间")
    project.now = at("2020-12-31T04:00")
    assert project.publish(issue="2020-12-30").exit_code == 0
    assert shown(project) == ["2021-01-03", "2020-12-30", "2020-12-27"]
    assert project.sent == ["旧", "新", "间"]


def test_the_day_of_publication_is_that_of_the_newsletter(tmp_path: Path) -> None:
    """New Year in Shanghai, in UTC still the year before."""
    project = Project(tmp_path / "letter", now=at("2020-12-31T16:30"))
    project.channels = (Web(), Rss())
    project.write("2021-01-01", "新年")
    project.publish()
    for now in ("2020-12-31T15:30", "2020-12-31T00:00", "2019-12-31T16:30"):
        project.now = at(now)
        outcome = project.publish()
        assert outcome.issue
        assert (outcome.issue.date, shown(project)) == ("2021-01-01", ["2021-01-01"])


def test_the_commands_know_what_is_published(project: Project) -> None:
    project.now -= 2 * DAY
    with project.open_run() as run:
        rows = build_status_rows(run, "2021-01-03")
        assert {(row.channel, row.condition.value) for row in rows} == {
            (name, "published") for name in ("web", "rss", "post")
        }
        assert [record.date for record in take_snapshot(run).records] == ["2021-01-03", "2020-12-27"]


# ------------------------------------------------- a date that is changed afterwards


def redate(project: Project, to: str) -> None:
    """Give the newest issue a later date; it keeps its id."""
    path = project.path("2021-01-03")
    project.write("2021-01-03", "新", head=f"---\nid: 2021-01-03\ndate: {to}\n---\n")
    text = path.read_text("utf-8")
    path.write_text(text.replace("# 慢刊 (2021-01-03)", f"# 慢刊 ({to})"), "utf-8")


def test_a_published_issue_with_a_future_date_stays(project: Project) -> None:
    redate(project, "2021-02-01")
    assert project.publish().exit_code == 0
    assert shown(project) == ["2021-02-01", "2020-12-27"], "at its new address"
    assert project.sent == ["旧", "新"]
    project.tick()
    assert project.sent == ["旧", "新"]


def test_a_later_issue_is_published_though_one_has_a_future_date(project: Project) -> None:
    redate(project, "2021-02-01")
    project.publish()
    project.write("2021-01-10", "后")
    project.now += 7 * DAY
    outcome = project.publish()
    assert outcome.issue
    assert (outcome.issue.date, project.sent) == ("2021-01-10", ["旧", "新", "后"])
    assert shown(project) == ["2021-02-01", "2021-01-10", "2020-12-27"]


def test_a_message_alone_puts_no_future_issue_on_a_page(tmp_path: Path) -> None:
    """Sent once, then put off by its editor: there is no page yet that has to stay."""
    project = Project(tmp_path / "letter", now=at("2021-01-03T04:00"))
    project.channels = (Web(), Rss(), Post(project.world))
    project.write("2020-12-27", "旧")
    project.write("2021-01-03", "新")
    project.publish(channels=("post",))
    redate(project, "2021-02-01")
    project.now += HOUR
    project.publish()
    assert shown(project) == ["2020-12-27"]
