"""Platforms that can be asked whether a message arrived."""

from __future__ import annotations

from typing import ClassVar

import pytest
from msgspec.structs import replace

from publisher.channel import Capabilities, Part, Receipt, Session
from tests.support.attempts import load_attempts
from tests.support.fake_channel import Line, Post, fail_on
from tests.support.newsletter import Project


class Searchable(Line):
    """A connection that finds what arrived."""

    def probe(self, part: Part, destination: str) -> Receipt | None:
        for call in self._channel.world:
            if (call.part, call.recipient) == (part.key, destination):
                return Receipt(remote_id="found")
        return None


class Asked(Post, frozen=True):
    capabilities: ClassVar[Capabilities] = replace(Post.capabilities, can_probe=True)

    def session(self) -> Session:
        return Searchable(self)


@pytest.mark.parametrize(("acts", "waited"), [(True, 0), (False, 60)])
def test_what_is_there_is_found_and_what_is_not_is_sent(project: Project, acts: bool, waited: int) -> None:
    outcome = project.publish(Asked(project.world, behaves=fail_on("2", TimeoutError(), acts=acts, times=1)))
    assert outcome.exit_code == 0
    assert project.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert project.waited == waited
    outcomes = [attempt.outcome for attempt in load_attempts(project.ledger, project.key())]
    settled = ["sent"] if acts else ["planned", "sent"]
    assert outcomes == ["sent", "unknown", *settled, "sent"]
    project.write("2021-07-18", "一", "贰", "三")
    assert project.publish(Asked(project.world)).channels["post"].changed == 1


def test_whoever_is_stopped_before_the_second_look_believes_nothing(project: Project) -> None:
    """It may be there by then: to send it again would be too early."""
    project.meanwhile = lambda: project.stop.set()
    outcome = project.publish(Asked(project.world, behaves=fail_on("2", TimeoutError(), times=1)))
    assert outcome.exit_code == 4
    assert project.world.calls == ["deliver 1 一"]
    assert [attempt.outcome for attempt in load_attempts(project.ledger, project.key())] == ["sent", "unknown"]


def test_what_was_found_counts_as_sent(project: Project) -> None:
    project.write("2021-07-18", "一")
    outcome = project.publish(Asked(project.world, behaves=fail_on("1", TimeoutError(), acts=True)))
    assert outcome.channels["post"].sent == 1
