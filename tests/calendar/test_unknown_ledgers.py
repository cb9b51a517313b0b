"""A ledger that does not know this newsletter sends nothing: a new one, or one of another folder or machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.delivery import ledger_guard
from tests.calendar.already_sent import DAY, findings, four_messages, sent, write
from tests.support.newsletter import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return four_messages(tmp_path / "letter")


@pytest.mark.parametrize("kept", ["public", "revisions", "both"])
def test_a_ledger_that_is_younger_than_the_newsletter_sends_nothing(project: Project, kept: str) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    revisions = project.root / ".publisher/revisions.json"
    saved = revisions.read_bytes()
    shutil.rmtree(revisions.parent)
    if kept != "public":
        revisions.parent.mkdir()
        revisions.write_bytes(saved)
    if kept == "revisions":
        shutil.rmtree(project.root / "public")
    project.restart()
    project.events.clear()
    assert project.tick().exit_code == 2
    assert project.publish().exit_code == 2
    assert project.tick().exit_code == 0, "told twice"
    [failed] = project.said("failed")
    assert failed.message == "the ledger is new, but this newsletter was published before"
    assert failed.message in findings(project)
    assert sent(project) == 4
    with project.open_run() as run:
        ledger_guard.accept_ledger(run)
    write(project, "2021-07-19.md", "2021-07-19", 9, topic="b")
    project.now += DAY
    project.restart()
    project.tick()
    assert sent(project) == 12


def test_pages_written_elsewhere_first_are_of_the_same_newsletter(project: Project, tmp_path: Path) -> None:
    """A workflow writes the site to be uploaded before it sends; that leaves the times of corrections."""
    write(project, "2021-07-18.md", "2021-07-18")
    project.publish(Web(), Rss(), out=tmp_path / "site")
    assert (project.root / ".publisher/revisions.json").exists()
    assert project.publish().exit_code == 0
    assert sent(project) == 4


def test_a_new_newsletter_is_trusted(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.publish(Web())
    assert project.publish().exit_code == 0
    assert sent(project) == 4


@pytest.mark.parametrize("machine", ["", "here"])
def test_a_copy_of_the_folder_sends_nothing(project: Project, monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    monkeypatch.setattr(ledger_guard, "identify_machine", lambda: machine)
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    copy = project.root.parent / "copy"
    shutil.copytree(project.root, copy)
    write(project, "2021-07-19.md", "2021-07-19", 9, topic="b")
    project.now += DAY
    project.restart()
    project.tick()
    assert sent(project) == 8
    other = Project(copy, project.channels, project.now)
    write(other, "2021-07-19.md", "2021-07-19", 9, topic="b")
    assert other.tick().exit_code == 2
    [failed] = other.said("failed")
    assert failed.message == f"the ledger belongs to another folder, which was at {copy.parent / 'letter'}"
    assert sent(project) == 8


def test_a_folder_that_is_moved_is_still_the_same(tmp_path: Path) -> None:
    (tmp_path / "old name").mkdir()
    *before, path = ledger_guard.identify_place(tmp_path / "old name").split(" ", 2)
    assert path == str(tmp_path / "old name")
    (tmp_path / "old name").rename(tmp_path / "new")
    (tmp_path / "old name").mkdir()
    assert ledger_guard.identify_place(tmp_path / "new").split(" ", 2) == [*before, str(tmp_path / "new")]
    assert ledger_guard.identify_place(tmp_path / "old name").split(" ", 2)[1] != before[1]


def test_a_machine_without_an_id_is_another_machine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_guard, "identify_machine", lambda: "here")
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    monkeypatch.setattr(ledger_guard, "identify_machine", lambda: "")
    write(project, "2021-07-19.md", "2021-07-19", 9, topic="b")
    project.now += DAY
    assert project.tick().exit_code == 2
    assert sent(project) == 4
