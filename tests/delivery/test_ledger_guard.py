"""Ledgers that do not know all that was sent: put back, from another machine, younger than the archive."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.delivery import ledger_guard
from publisher.reports.adopt import adopt_archive
from publisher.theme import Theme
from tests.support.fake_channel import Letters
from tests.support.newsletter import DUE, HOUR, Project, due_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One issue of one message, due right now."""
    return due_project(tmp_path / "letter")


# ---------------------------------------------------------------- a ledger of yesterday


def restored(project: Project) -> None:
    """The ledger as it was before the issue of the 18th went out."""
    project.write("2021-07-17", "旧")
    project.now = DUE - 24 * HOUR
    project.tick()
    copy = project.root / "copy.db"
    shutil.copy(project.place, copy)
    project.now = DUE
    project.tick()
    assert project.sent == ["旧", "一"]
    for path in project.place.parent.glob("ledger.db*"):
        path.unlink()
    shutil.copy(copy, project.place)
    project.events.clear()
    project.restart()


@pytest.mark.parametrize("remembered", [True, False])
def test_a_restored_ledger_sends_nothing(project: Project, remembered: bool) -> None:
    """Fault 22: refuses until `adopt`, by itself and by hand."""
    restored(project)
    if not remembered:
        shutil.rmtree(project.root / ".publisher" / "cache")
    assert project.tick().exit_code == 2
    assert project.publish(issue="2021-07-18").exit_code == (0 if remembered else 2)
    assert project.tick().exit_code == 0, "told twice"
    assert project.sent == ["旧", "一"]
    [failed] = project.said("failed")
    assert failed.alarm
    assert failed.message == "the ledger is older than the one used here last"
    with project.open_run() as run:
        ledger_guard.accept_ledger(run)
    project.restart()
    project.tick()
    assert project.sent == ["旧", "一"] + ["一"] * (not remembered), "a person said so"
    project.now += HOUR
    project.events.clear()
    project.tick()
    assert project.events == []


def test_a_ledger_of_another_machine_sends_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_guard, "identify_machine", lambda: "here")
    project.tick()
    project.write("2021-07-19", "二")
    project.now += 24 * HOUR
    monkeypatch.setattr(ledger_guard, "identify_machine", lambda: "there")
    project.tick()
    error = project.publish(issue="2021-07-19").channels["post"].error
    assert error
    assert error.message == "the ledger belongs to another machine"
    assert error.hint == "nothing is sent: compare it with what was sent, then run publish trust-ledger"
    assert project.sent == ["一"]
    with project.open_run() as run:
        ledger_guard.accept_ledger(run)
    project.restart()
    project.tick()
    assert project.sent == ["一", "二"]


# ---------------------------------------------------------------- beginning


def test_an_old_archive_is_taken_as_published(project: Project) -> None:
    project.channels = (Web(), Rss(), *project.channels, Letters(project.world, count=3))
    for number in range(40):
        project.write(f"{dt.date(2020, 1, 5) + dt.timedelta(weeks=2 * number)}", "旧")
    project.write("2021-07-10", "稿", head="---\ndraft: true\n---\n")
    project.now = DUE - HOUR
    taken, left, outcome = adopt_archive(project.config, Theme.load(), project.now, lambda _: None)
    assert [(one.channel, one.new, one.known) for one in taken] == [("post", 40, 0), ("letters", 40, 0)]
    assert sorted((one.path, one.reason) for one in left) == [
        ("issues/2021-07-10.md", "it is a draft"),
        ("issues/2021-07-18.md", "it is dated 2021-07-18 and not due yet"),
    ]
    assert outcome
    assert outcome.exit_code == 0
    assert len(list((project.root / "public").glob("20*/index.html"))) == 40
    assert (project.root / "public" / "feed.xml").exists()
    assert list(project.world) == []
    again, _, _ = adopt_archive(project.config, Theme.load(), project.now, lambda _: None)
    assert [(one.new, one.known) for one in again] == [(0, 40), (0, 40)]
    project.tick()
    assert project.events == []
    project.write("2021-07-04", "旧", "改")
    done = project.publish(issue="2021-07-04").channels["post"]
    assert done.held_reason == "it was published before the ledger began and is not changed"
    project.publish(issue="2021-07-04", correct=True)
    project.publish(issue="2021-07-04", retry=True)
    assert list(project.world) == []
    project.now = DUE
    project.tick()
    assert project.sent == ["一"] * 4
