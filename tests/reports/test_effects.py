"""What publishing an edited issue would do on each kind of channel, in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from publisher.channel import Capabilities, Context, Rendering
from publisher.errors import DeliveryError
from publisher.events import Request
from publisher.model import Issue
from publisher.reports.diff import Comparison, compare_with_published
from tests.support.fake_channel import Letters, Listed, Post, RecipientList, fail_on
from tests.support.newsletter import Project


class Drafts(Post, frozen=True):
    """Keeps a draft, as WeChat does."""

    name: ClassVar[str] = "drafts"
    capabilities: ClassVar[Capabilities] = Capabilities(can_edit=True, ordered=True, locked_after_publication=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("2021-07-18", "一", "二")
    return made


def compare(project: Project) -> Comparison:
    with project.open_run() as run:
        return compare_with_published(run, Request())


def effects(project: Project) -> dict[str, str]:
    return dict(compare(project).effects)


def test_before_anything_was_sent(project: Project) -> None:
    listed = Listed(project.world, kept=RecipientList([f"reader{number}@example.org" for number in range(12)]))
    project.channels = (Post(project.world), listed, Drafts(project.world))
    assert effects(project) == {
        "post": "2 messages will be sent",
        "listed": "it will be sent to 12 recipients",
        "drafts": "a draft will be created",
    }


def test_a_list_that_cannot_be_read_is_said(project: Project) -> None:
    project.channels = (Listed(project.world),)
    assert effects(project) == {"listed": "the list has no addresses"}


def test_after_an_edit(project: Project) -> None:
    project.channels = (Post(project.world), Letters(project.world, count=3), Drafts(project.world))
    project.publish()
    assert effects(project) == {}
    project.write("2021-07-18", "一", "贰")
    found = compare(project)
    assert dict(found.effects) == {
        "post": "1 message will be edited",
        "letters": "3 recipients have the old text",
        "drafts": "the draft will be replaced",
    }
    assert found.text
    assert found.text.source == "what was sent to post"


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 recipient has the old text"), (3, "3 recipients have the old text")]
)
def test_one_letter_for_each_recipient(project: Project, count: int, said: str) -> None:
    project.write("2021-07-18", "一")
    project.channels = (Letters(project.world, count=count),)
    project.publish()
    project.write("2021-07-18", "壹")
    assert effects(project) == {"letters": said}


def test_more_or_fewer_messages(project: Project) -> None:
    project.publish()
    project.write("2021-07-18", "一")
    assert effects(project) == {"post": "the issue now takes 1 message instead of 2: publish correct"}


def test_what_is_still_to_be_sent(project: Project) -> None:
    error: Any = DeliveryError("tired", retry_after=3600)
    project.publish(Post(project.world, behaves=fail_on("2", error)), max_wait=0.0)
    assert effects(project) == {"post": "1 message will be sent"}


def test_nothing_is_written(project: Project) -> None:
    compare(project)
    assert sorted(path.name for path in project.root.iterdir()) == ["issues", "publisher.toml"]


class Short(Post, frozen=True):
    """Takes no more than some characters."""

    name: ClassVar[str] = "short"
    capabilities: ClassVar[Capabilities] = Capabilities(can_edit=True, limits={"characters": 3})

    def render(self, issue: Issue, context: Context) -> Rendering:
        rendering = super().render(issue, context)
        return replace(rendering, report={"characters": sum(len(part.body.decode()) for part in rendering.parts)})


def test_what_is_too_long_for_a_channel_is_left_out(project: Project) -> None:
    """As `publish` does."""
    project.channels = (Short(project.world), Post(project.world))
    assert effects(project)["short"] == "2 messages will be sent"
    project.write("2021-07-18", "一二", "三四")
    outcome = project.publish().channels["short"]
    assert outcome.error
    said = effects(project)
    assert said == {"short": "left out because it is too long: 4 characters, 1 over the limit of 3"}
    assert outcome.error.message.endswith(said["short"].partition(": ")[2])
