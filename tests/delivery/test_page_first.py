"""A message leads to a page, so it waits for a page that could not be written, and is not lost."""

from __future__ import annotations

import datetime as dt
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import field

from publisher import files
from publisher.calendar.overrides import set_override
from publisher.channel import Context, Entry, Part, PartGroup, Rendering
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.errors import ConfigError, DeliveryError, PageMissingError, StorageError
from publisher.events import Outcome, Request
from publisher.folder_session import FolderSession
from publisher.model import Issue
from publisher.timetable import Schedule
from tests.build.file_channels import Pages
from tests.support.fake_channel import Letters, Post, refuse
from tests.support.newsletter import DUE, HOUR, MINUTE, Project, at


def file_in_the_way(project: Project) -> Callable[[], None]:
    """A file where the folder should be; returns what removes it."""
    site = project.root / "public"
    site.rename(project.root / "away") if site.exists() else None
    site.write_text("x")
    return site.unlink


def no_permission(project: Project) -> Callable[[], None]:
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    site = project.root / "public"
    site.mkdir(exist_ok=True)
    site.chmod(0o555)
    return lambda: site.chmod(0o755)


def full_disk(project: Project) -> Callable[[], None]:
    write = files._write_atomically

    def fail(path: Path, *rest: object) -> None:
        if path.is_relative_to(project.root / "public"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, *rest)  # type: ignore[arg-type]

    files._write_atomically = fail

    def restore() -> None:
        files._write_atomically = write

    return restore


OBSTACLES = (file_in_the_way, no_permission, full_disk)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A page, feeds, and two channels of messages; one issue, due right now."""
    made = Project(tmp_path / "letter", now=DUE)
    made.write("2021-07-18", "一")
    made.channels = (Web(), Rss(), Post(made.world), Letters(made.world, count=2))
    return made


@pytest.fixture(params=OBSTACLES, ids=lambda made: made.__name__)
def obstacle(project: Project, request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Something that keeps the site from being written; what removes it."""
    remove: Callable[[], None] = request.param(project)
    yield remove
    if request.param is full_disk:
        remove()


def waits(outcome: Outcome, name: str) -> str:
    error = outcome.channels[name].error
    assert isinstance(error, PageMissingError), error
    return error.message


def test_nothing_is_sent_while_the_page_cannot_be_written(project: Project, obstacle: Callable[[], None]) -> None:
    for _ in range(2):
        outcome = project.publish()
        assert [type(outcome.channels[name].error) for name in ("web", "rss")] == [StorageError] * 2
        assert waits(outcome, "post") == waits(outcome, "letters") == "waits for web, rss: its page is not there yet"
        assert (outcome.exit_code, project.sent) == (6, [])
    error = outcome.channels["letters"].error
    assert error
    assert error.hint == "publish again when that is fixed; to send it now: --channel letters"
    assert error.exit_code == 6
    obstacle()
    assert project.publish().exit_code == 0
    assert sorted(project.sent) == ["一"] * 3
    assert project.publish().is_unchanged


def test_a_message_channel_asked_for_by_name_goes(project: Project, obstacle: Callable[[], None]) -> None:
    project.publish()
    assert project.publish(channels=("post", "letters")).exit_code == 0
    assert len(project.sent) == 3
    outcome = project.publish()
    assert [outcome.channels[name].error for name in ("post", "letters")] == [None, None], "they wait for nothing"
    obstacle()
    assert project.publish().exit_code == 0
    assert len(project.sent) == 3


def test_a_page_asked_for_with_it_holds_it(project: Project) -> None:
    file_in_the_way(project)
    outcome = project.publish(channels=("web", "post"))
    assert waits(outcome, "post") == "waits for web: its page is not there yet"
    assert project.sent == []


def test_nothing_holds_a_message_without_an_archive(project: Project) -> None:
    file_in_the_way(project)
    project.channels = project.channels[2:]
    assert project.publish().exit_code == 0
    assert len(project.sent) == 3


def test_a_page_of_an_earlier_run_is_enough(project: Project) -> None:
    """It is there, though the feed and the newer text of the page cannot be written now."""
    project.publish(channels=("web", "rss"))
    restore = full_disk(project)
    project.write("2021-07-18", "二")
    try:
        outcome = project.publish()
    finally:
        restore()
    assert outcome.exit_code == 6
    assert sorted(project.sent) == ["二"] * 3


def test_a_page_of_an_earlier_run_that_is_gone_is_not(project: Project) -> None:
    project.publish(channels=("web", "rss"))
    remove = file_in_the_way(project)
    outcome = project.publish()
    assert waits(outcome, "post") == "waits for web, rss: its page is not there yet"
    assert project.sent == []
    remove()
    assert project.publish().exit_code == 0
    assert len(project.sent) == 3


def test_a_feed_alone_holds_it_too(project: Project) -> None:
    """The feed is a folder; the page is written."""
    (project.root / "public" / "feed.xml").mkdir(parents=True)
    outcome = project.publish()
    assert outcome.channels["web"].error is None
    assert waits(outcome, "post") == "waits for rss: it is not in the feed yet"
    assert (outcome.exit_code, project.sent) == (6, [])
    (project.root / "public" / "feed.xml").rmdir()
    assert project.publish().exit_code == 0
    assert len(project.sent) == 3


def test_a_dry_run_says_that_it_would_wait(project: Project) -> None:
    (project.root / "public" / "feed.xml").mkdir(parents=True)
    outcome = project.publish(dry_run=True)
    assert waits(outcome, "post") == "waits for rss: it is not in the feed yet"
    assert not project.place.exists()


# ------------------------------------------------------ other reasons than the disk


class Broken(Pages, frozen=True):
    """Pages that fail on the issues of some days, or on the index."""

    name: ClassVar[str] = "broken"
    faults: dict[str, Exception] = field(default_factory=dict)

    def render(self, issue: Issue, context: Context) -> Rendering:
        if error := self.faults.get(issue.id):
            raise error
        return super().render(issue, context)

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        if error := self.faults.get("index"):
            raise error
        return super().render_archive(entries, body, context)


@pytest.mark.parametrize("place", ["2021-07-18", "index"])
@pytest.mark.parametrize(
    ("error", "code"), [(ConfigError("issue.html:3: unexpected end"), 2), (ZeroDivisionError("a bug"), 3)]
)
def test_a_template_or_a_plugin_that_fails_holds_it(project: Project, place: str, error: Exception, code: int) -> None:
    project.channels = (Broken(faults={place: error}), Post(project.world))
    outcome = project.publish()
    assert waits(outcome, "post") == "waits for broken: its page is not there yet"
    post = outcome.channels["post"].error
    assert post
    assert (outcome.exit_code, post.exit_code, project.sent) == (code, code, [])
    project.channels = (Broken(), Post(project.world))
    assert project.publish().exit_code == 0
    assert project.sent == ["一"]


def test_an_upload_with_an_unknown_outcome_holds_it(project: Project) -> None:
    class Upload(FolderSession):
        def deliver(self, part: Part, destination: str, *_: object) -> None:  # type: ignore[override]
            raise ConnectionResetError(f"by {destination}: {part.key}")

    class Remote(Pages, frozen=True):
        name: ClassVar[str] = "remote"

        def session(self) -> FolderSession:
            return Upload()

    project.channels = (Remote(), Post(project.world))
    outcome = project.publish()
    assert waits(outcome, "post") == "waits for remote: its page is not there yet"
    assert (outcome.exit_code, project.sent) == (4, [])


def test_a_bug_with_another_issue_holds_nothing(project: Project) -> None:
    project.write("2021-07-11", "旧")
    project.channels = (Broken(faults={"2021-07-11": ZeroDivisionError("a bug")}), Post(project.world))
    outcome = project.publish()
    assert (outcome.exit_code, outcome.channels["post"].error, project.sent) == (3, None, ["一"])


def test_a_retry_waits_for_the_feed(project: Project) -> None:
    """`publish retry` leaves the page alone, but brings the feed up to date."""
    project.channels = (Rss(), Post(project.world, behaves=refuse(DeliveryError("no", permanent=True), 1)))
    file_in_the_way(project)
    project.publish(channels=("post",))
    assert project.sent == []
    assert waits(project.publish(retry=True), "post") == "waits for rss: it is not in the feed yet"
    assert project.sent == []
    assert project.publish(channels=("post",), retry=True).exit_code == 0
    assert project.sent == ["一"]


def test_a_correction_goes_where_the_page_was_published(project: Project) -> None:
    project.publish()
    restore = full_disk(project)
    project.write("2021-07-18", "二")
    try:
        assert project.publish(correct=True).exit_code == 6
    finally:
        restore()
    assert "update 1 二" in project.world.calls


# ------------------------------------------------------------------ the scheduler


def reported(project: Project, what: str) -> list[tuple[tuple[str, ...], str, bool]]:
    return [(event.channels, event.message, event.alarm) for event in project.said(what)]


def test_a_tick_sends_nothing_while_the_page_cannot_be_written(project: Project, obstacle: Callable[[], None]) -> None:
    for _ in range(3):
        assert project.tick().exit_code == 6
        project.restart()  # as cron does
        project.now += 10 * MINUTE
    assert project.sent == []
    waiting = [(("post", "letters"), "waits for web, rss: its page is not there yet", False)]
    assert reported(project, "waiting") == waiting, "told once"
    [event] = project.said("waiting")
    assert event.hint == "sent once that is fixed; to send it now: publish --issue 2021-07-18 --channel post,letters"
    obstacle()
    assert project.tick().exit_code == 0
    assert sorted(project.sent) == ["一"] * 3
    assert reported(project, "waiting") == waiting


def test_a_daemon_waits_as_long_as_the_page_is_paused(project: Project) -> None:
    remove = file_in_the_way(project)
    for _ in range(3):
        project.tick()
        project.now += MINUTE
    assert project.sent == []
    remove()
    project.tick()
    assert project.sent == [], "the page is tried again ten minutes after it failed"
    project.now += 10 * MINUTE
    project.tick()
    assert len(project.sent) == 3
    assert len(project.said("waiting")) == 1


def test_a_message_due_before_its_page_goes_at_its_time(project: Project) -> None:
    """The schedule says so; it waits for a page that is due, and for no other."""
    project.schedule = Schedule(channel_times={"web": dt.time(12), "rss": dt.time(12)})
    file_in_the_way(project)
    assert project.tick().exit_code == 0
    assert len(project.sent) == 3


def test_a_message_due_later_than_its_page_waits(project: Project) -> None:
    project.schedule = Schedule(channel_times={"post": dt.time(12), "letters": dt.time(12)})
    remove = file_in_the_way(project)
    project.tick()
    assert (project.sent, project.said("waiting")) == ([], [])
    project.restart()
    project.now = at("2021-07-18T04:00")
    assert project.tick().exit_code == 6
    assert (project.sent, len(project.said("waiting"))) == ([], 1)
    remove()
    project.now += HOUR
    project.tick()
    assert len(project.sent) == 3


def test_a_late_tick_writes_the_page_first(project: Project) -> None:
    """Even if the message was due before it."""
    project.schedule = Schedule(channel_times={"web": dt.time(12), "rss": dt.time(12)})
    project.now = at("2021-07-18T05:00")
    remove = file_in_the_way(project)
    project.tick()
    assert project.sent == []
    remove()
    project.restart()
    project.tick()
    assert len(project.sent) == 3


def test_a_tick_is_not_held_by_a_bug_with_another_issue(project: Project) -> None:
    project.write("2021-07-11", "旧")
    project.channels = (Broken(faults={"2021-07-11": ZeroDivisionError("a bug")}), Post(project.world))
    project.publish(issue="2021-07-11", channels=("post",))
    assert project.tick().exit_code == 3
    assert project.sent == ["旧", "一"]


def test_a_tick_sends_the_next_issue_all_the_same(project: Project) -> None:
    """Each issue waits for its own page."""
    bug: dict[str, Exception] = {"2021-07-18": ZeroDivisionError("a bug")}
    project.channels = (Broken(faults=bug), Post(project.world))
    project.tick()
    project.write("2021-07-19", "二")
    project.now += 24 * HOUR
    project.tick()
    assert project.sent == ["二"]


def test_a_page_held_by_hand_holds_no_message(project: Project) -> None:
    with project.open_run() as run:
        set_override(run, Request("2021-07-18", ("web", "rss")), held=True)
    project.tick()
    assert len(project.sent) == 3
