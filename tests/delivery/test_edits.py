"""When people edit, move and delete issues, before they go out, meanwhile and after."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace

from publisher.channel import Context, Part, Rendering
from publisher.errors import DeliveryError, IssueError
from publisher.ledger import Ledger
from publisher.model import Issue
from tests.support.fake_channel import Letters, Post, refuse, rest
from tests.support.newsletter import DUE, HOUR, MINUTE, Project, due_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One issue of one message, due right now."""
    return due_project(tmp_path / "letter")


def test_an_issue_that_is_edited_before_its_time(project: Project) -> None:
    """Fault 42, first half: what the file says then goes out."""
    project.now = DUE - HOUR
    project.tick()
    project.write("2021-07-18", "改")
    project.now = DUE
    project.tick()
    assert project.sent == ["改"]


def test_an_issue_that_is_edited_while_it_goes_out(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 42, second half: to many, the old version goes to the end. It is not loaded for each recipient."""
    loaded: list[str] = []
    load_part = Ledger.load_part

    def load(ledger: Ledger, digest: str, key: str) -> Part:
        loaded.append(key)
        return load_part(ledger, digest, key)

    monkeypatch.setattr(Ledger, "load_part", load)
    project.channels = (Letters(project.world, count=25, behaves=refuse(DeliveryError("x", retry_after=3600), 1)),)
    project.tick()
    assert len(project.sent) == 9
    project.write("2021-07-18", "改")
    project.now += 2 * HOUR
    project.tick()
    assert project.sent == ["一"] * 25
    assert 1 <= len(loaded) <= 10  # once, or by several of ten threads at the same time
    assert set(project.world.sent.values()) == {1}


def test_an_issue_that_is_edited_after_it_went_out(project: Project) -> None:
    """Fault 43: by hand it is changed where it can be; a mail is not sent again."""
    project.channels = (*project.channels, Letters(project.world, count=3))
    project.tick()
    assert len(project.sent) == 4
    project.write("2021-07-18", "改")
    project.now += HOUR
    project.tick()
    assert len(list(project.world)) == 4, "not by itself"
    project.publish()
    assert project.world.calls[4:] == ["update 1 改"]


class Redesigned(Post, frozen=True):
    """The channel of a later version, which shows the same issue in another form."""

    def render(self, issue: Issue, context: Context) -> Rendering:
        rendering = super().render(issue, context)
        parts = [Part(part.key, "text/plain; layout=2", part.body + b"!") for part in rendering.parts]
        return replace(rendering, parts=tuple(parts))


@pytest.mark.parametrize("text", ["一", "改"])
def test_an_issue_that_an_earlier_version_sent(project: Project, text: str) -> None:
    """Whether it was edited since or not, its new form waits until the editor asks for it."""
    project.tick()
    project.write("2021-07-18", text)
    later = Redesigned(project.world)
    for request in ({}, {"issue": "2021-07-18"}, {"retry": True}):
        done = project.publish(later, **request).channels["post"]
        assert (done.sent, done.changed, done.error) == (0, 0, None)
    assert done.held_reason.startswith("it was sent by an earlier version of publisher")
    project.channels = (later,)
    project.now += HOUR
    project.tick()
    assert project.world.calls == ["deliver 1 一"]
    project.publish(later, correct=True)
    project.publish(later)
    assert project.world.calls[1:] == [f"update 1 {text}!"]


def test_a_message_that_has_the_same_form_in_a_later_version(project: Project) -> None:
    """It is edited like any other when the editor corrects the issue and goes on."""

    class Renamed(Redesigned, frozen=True):
        def render(self, issue: Issue, context: Context) -> Rendering:
            rendering = super().render(issue, context)
            parts = [Part(part.key, part.media_type, part.body.rstrip(b"!")) for part in rendering.parts]
            return replace(rendering, parts=tuple(parts))

    project.write("2021-07-18", "一", "二")
    project.tick()
    later = Renamed(project.world)
    assert project.publish(later).channels["post"].held_reason == ""
    project.write("2021-07-18", "改", "二")
    project.publish(later, correct=True)
    project.write("2021-07-18", "改", "再改")
    assert project.publish(later).channels["post"].held_reason == ""
    assert project.world.calls[2:] == ["update 1 改", "update 2 再改"]


def test_an_issue_that_an_earlier_version_began_to_send(project: Project) -> None:
    """The messages that are missing have the form of those that are there."""
    project.write("2021-07-18", "一", "二")
    project.with_post(behaves=lambda call, effect: effect() if call.part == "1" else rest())
    project.tick()
    assert project.sent == ["一"]
    project.now += 2 * HOUR
    project.publish(Redesigned(project.world))
    assert project.world.calls == ["deliver 1 一", "deliver 2 二"]


def test_who_leaves_between_plan_and_sending_gets_nothing(project: Project) -> None:
    """Fault 44."""

    class Lists(Letters, frozen=True):
        name: ClassVar[str] = "lists"

    project.channels = (Lists(project.world, count=25, behaves=refuse(DeliveryError("x", retry_after=3600), 1)),)
    project.tick()
    assert len(project.sent) == 9
    project.channels = (Lists(project.world, count=20),)
    project.now += 2 * HOUR
    project.tick()
    assert sorted(who for who, _ in project.world.sent) == sorted(f"reader{n}@example.org" for n in range(20))


def test_an_issue_that_is_moved_to_another_day(project: Project) -> None:
    project.now = DUE - HOUR
    project.tick()
    project.path("2021-07-18").rename(project.path("2021-07-20"))
    project.write("2021-07-20", "一")
    project.now = DUE
    assert project.tick().next_due == DUE + 48 * HOUR
    assert project.sent == []
    project.now = DUE + 48 * HOUR
    project.tick()
    assert project.sent == ["一"]


def test_an_issue_that_is_deleted(project: Project) -> None:
    project.write("2021-07-17", "旧")
    project.now = DUE - HOUR
    project.path("2021-07-18").unlink()
    project.now = DUE
    project.tick()
    assert project.sent == ["旧"]
    assert project.said("gone") == []


def test_an_issue_that_is_deleted_while_it_goes_out(project: Project) -> None:
    project.write("2021-07-17", "旧")
    project.write("2021-07-18", "一", "二")
    project.with_post(behaves=lambda call, effect: effect() if call.part == "1" else rest())
    project.tick()
    project.path("2021-07-18").unlink()
    project.with_post(behaves=None)
    project.now += 2 * HOUR
    project.tick()
    project.tick()
    [gone] = project.said("gone")
    assert (gone.issue, gone.alarm) == ("2021-07-18", True)
    assert gone.message.startswith("its file is missing; 1 of 2 not sent yet")
    assert project.sent == ["旧", "一"]


@pytest.mark.parametrize(
    ("head", "what", "message"),
    [
        ("---\ndraft: true\n---\n", "draft", "it is a draft"),
        ("# 慢刊 (2021-07-xx)：一\n\n", "broken", "the date 2021-07-xx is incomplete"),
    ],
)
def test_an_issue_with_errors_is_held_reported_once_and_checked_again(
    project: Project, head: str, what: str, message: str
) -> None:
    project.write("2021-07-18", "一", head=head)
    project.now = DUE - MINUTE
    project.tick()
    assert project.events == [], "its time has not come"
    project.now = DUE
    assert project.tick().exit_code == 1
    project.restart()
    project.now += MINUTE
    assert project.tick().exit_code == 0
    [held] = project.events
    assert (held.what, held.alarm) == (what, True)
    assert message in held.message
    project.write("2021-07-18", "一")
    project.tick()
    assert project.sent == ["一"]


def test_a_failing_check_is_reported_once_and_repeated_when_the_file_changes(project: Project) -> None:
    tries = []

    class Strict(Post, frozen=True):
        def render(self, issue, context):  # type: ignore[no-untyped-def]
            tries.append(1)
            if issue.title.headline == ("一",):
                raise IssueError("too short", "write more")
            return super().render(issue, context)

    project.channels = (Strict(project.world),)
    for _ in range(4):
        project.tick()
        project.now += 15 * MINUTE
    assert len(project.said("broken")) == 1
    assert len(tries) == 1, "the same text fails the same way"
    project.write("2021-07-18", "长一些")
    project.tick()
    assert project.sent == ["长一些"]
