"""The site is uploaded when all of it is written; what leads there waits until that is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.calendar.overrides import set_override
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.config import Config
from publisher.errors import BusyError, PageMissingError
from publisher.events import Request
from publisher.reports.doctor import diagnose
from publisher.timetable import Schedule
from publisher.upload.target import UploadError
from publisher.upload.upload import Uploader
from tests.support.fake_channel import Post
from tests.support.newsletter import DUE, HOUR, Project
from tests.support.uploads import BranchPlace, Place


class UploadingProject(Project):
    """A newsletter whose site is uploaded to a place."""

    place_of_site: Place

    @property
    def config(self) -> Config:
        return replace(super().config, upload=self.place_of_site.settings)


@pytest.fixture
def project(tmp_path: Path, need) -> UploadingProject:
    need("git")
    made = UploadingProject(tmp_path / "letter", now=DUE)
    place = BranchPlace(tmp_path)
    place.link(made.root)
    made.place_of_site = place
    made.write("2021-07-18", "一")
    made.channels = (Web(), Rss(), Post(made.world))
    return made


@pytest.fixture
def remote(project: UploadingProject, tmp_path: Path) -> Path:
    """The repository that the site is pushed to; without it, uploads fail."""
    return tmp_path / "remote.git"


def test_everything_is_there_before_a_message_leads_to_it(project: UploadingProject) -> None:
    there: list[set[str]] = []

    def look(call: object, answer):
        there.append({*project.place_of_site.files()})
        return answer()

    project.channels = (Web(), Rss(), Post(project.world, behaves=look))
    outcome = project.publish()
    assert outcome.exit_code == 0
    site = project.root / "public"
    written = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert there == [written]
    assert any(path.startswith("cards/") for path in written), "pages name them"
    assert outcome.channels["web"].note == f"{len(written)} files uploaded to git:site"
    assert outcome.channels["web"].uploaded == len(written)
    assert outcome.channels["rss"].note == ""


def test_nothing_changed(project: UploadingProject) -> None:
    project.publish()
    assert project.publish().is_unchanged
    quick = project.quick()
    assert quick
    assert quick.is_unchanged


def test_a_failed_upload_holds_the_messages(project: UploadingProject, remote: Path) -> None:
    away = remote.rename(remote.with_name("away"))
    for _ in range(2):
        assert project.quick() is None, "there is something to do until it is uploaded"
        outcome = project.publish()
        assert isinstance(outcome.channels["web"].error, UploadError)
        assert isinstance(outcome.channels["post"].error, PageMissingError)
        assert (outcome.exit_code, project.sent) == (6, [])
    away.rename(remote)
    assert project.publish().exit_code == 0
    assert project.sent == ["一"]
    assert "index.html" in project.place_of_site.files()


def test_a_failed_upload_of_a_correction_is_tried_again(project: UploadingProject, remote: Path) -> None:
    project.publish()
    project.write("2021-07-18", "二")
    away = remote.rename(remote.with_name("away"))
    assert project.publish(channels=("web", "rss")).exit_code == 6
    away.rename(remote)
    assert project.quick() is None
    assert project.publish(channels=("web", "rss")).exit_code == 0
    assert "二" in project.place_of_site.files()["2021-07-18/index.html"].decode()


def test_the_scheduler_tries_again(project: UploadingProject, remote: Path) -> None:
    project.schedule = Schedule(is_set=True)
    away = remote.rename(remote.with_name("away"))
    assert project.tick().exit_code == 6
    assert project.sent == []
    assert {one.message for one in project.said("waiting")} == {"waits for web, rss: its page is not there yet"}
    away.rename(remote)
    project.now += HOUR
    assert project.tick().exit_code == 0
    assert project.sent == ["一"]


def test_the_scheduler_completes_an_upload_when_no_issue_is_due(project: UploadingProject, remote: Path) -> None:
    project.schedule = Schedule(is_set=True)
    assert project.tick().exit_code == 0
    project.write("2021-07-18", "二")
    away = remote.rename(remote.with_name("away"))
    assert project.publish(channels=("web", "rss")).exit_code == 6
    for _ in range(2):
        result = project.tick()
    assert [(one.alarm, one.channels) for one in project.said("failed")] == [(True, ("web", "rss"))], "said once"
    assert result.next_due == project.now + HOUR / 6
    away.rename(remote)
    assert project.tick().exit_code == 0, "it is paused"
    project.now += HOUR
    assert project.tick().exit_code == 0
    assert "二" in project.place_of_site.files()["2021-07-18/index.html"].decode()
    done = project.said("published")[-1]
    assert (done.channels, done.message) == (("web", "rss"), "the upload that had failed is complete")
    events = len(project.events)
    project.tick()
    assert len(project.events) == events


def test_the_scheduler_leaves_an_upload_to_who_is_at_it(
    project: UploadingProject, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.schedule = Schedule(is_set=True)
    project.tick()
    project.write("2021-07-18", "二")
    away = remote.rename(remote.with_name("away"))
    project.publish(channels=("web", "rss"))
    away.rename(remote)

    def refuse(*_: object) -> int:
        raise BusyError("another machine is uploading this site")

    with monkeypatch.context() as patch:
        patch.setattr(Uploader, "upload", refuse)
        assert project.tick().exit_code == 0
    assert project.said("failed") == []
    project.now += HOUR
    project.tick()
    assert "二" in project.place_of_site.files()["2021-07-18/index.html"].decode()


def test_an_issue_on_hold_is_not_uploaded(project: UploadingProject) -> None:
    project.write("2021-07-11", "旧")
    project.schedule = Schedule(is_set=True, catch_up=1000 * HOUR)
    with project.open_run() as run:
        set_override(run, Request("2021-07-18"), held=True)
    project.tick()
    files = project.place_of_site.files()
    assert "2021-07-11/index.html" in files
    assert "2021-07-18/index.html" not in files


def test_what_another_channel_did_not_write_is_not_led_to(project: UploadingProject) -> None:
    (project.root / "public" / "feed.xml").mkdir(parents=True)
    outcome = project.publish()
    assert project.place_of_site.files() == {}
    error = outcome.channels["web"].error
    assert error
    assert error.message == "not uploaded, because of rss"
    assert project.sent == []


def test_a_dry_run_says_what_it_would_do(project: UploadingProject) -> None:
    outcome = project.publish(dry_run=True)
    assert project.place_of_site.files() == {}
    count = len(outcome.channels["web"].written) + len(outcome.channels["rss"].written)
    assert outcome.channels["web"].note == f"{count} files would be uploaded to git:site"


def test_nothing_is_uploaded_from_another_folder(project: UploadingProject, tmp_path: Path) -> None:
    assert project.publish(out=tmp_path / "out").exit_code == 0
    assert project.place_of_site.files() == {}


def test_nor_if_only_messages_are_asked_for(project: UploadingProject) -> None:
    assert project.publish(channels=("post",)).exit_code == 0
    assert project.place_of_site.files() == {}


def test_another_machine_at_work(project: UploadingProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise BusyError("another machine is uploading this site")

    monkeypatch.setattr(Uploader, "upload", refuse)
    assert project.publish().exit_code == 5
    assert project.sent == []


def test_the_doctor_looks_at_the_target(project: UploadingProject, remote: Path) -> None:
    project.publish()

    def find() -> tuple[str, str]:
        with project.open_run() as run:
            section = next(section for section in diagnose(run) if section.subject == "upload")
        return section.findings[0].level.value, section.findings[0].message

    count = len(project.place_of_site.files())
    assert find() == ("good", f"git:site can be read: {count} files")
    remote.rename(remote.with_name("away"))
    level, message = find()
    assert level == "bad"
    assert message.startswith("cannot read origin: ")
