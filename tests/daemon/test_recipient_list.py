"""A list of recipients that is too short: held, reported once, and continued when it is whole."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.fake_channel import Listed, RecipientList, names
from tests.support.newsletter import DUE, HOUR, MINUTE, Project


@pytest.fixture
def kept(project: Project) -> RecipientList:
    """The list of the project, to which an issue went out a week ago."""
    kept = RecipientList(names(40), DUE - HOUR)
    project.channels = (Listed(project.world, kept=kept),)
    project.write("2021-07-11", "旧")
    assert project.publish(issue="2021-07-11").exit_code == 0
    project.world.path.unlink()
    return kept


def find_events(project: Project) -> list[tuple[str, bool]]:
    return [(event.what, event.alarm) for event in project.events]


@pytest.mark.parametrize("restarts", [True, False])
def test_half_a_list_is_held_and_reported_once(project: Project, kept: RecipientList, restarts: bool) -> None:
    kept.write(names(20), DUE - HOUR)
    assert project.tick().exit_code == 2
    for size in (20, 20, 21, 22):  # as it is cut anew by the next export
        project.now += 11 * MINUTE
        if kept.lines != names(size):
            kept.write(names(size), DUE - HOUR)
        if restarts:
            project.restart()
        assert project.tick().exit_code == 0
    assert find_events(project) == [("publishing", False), ("held", True)]
    [held] = project.said("held")
    assert held.message == "the list has 20 recipients instead of 40: part of it may be missing"
    assert held.hint.endswith("publish --accept-recipients --issue 2021-07-18 --channel listed")
    assert project.sent == []
    kept.write(names(40), project.now - HOUR)
    assert project.tick().exit_code == 0
    assert len(project.sent) == 40
    assert find_events(project)[2:] == [("published", False)]
    project.tick()
    assert len(project.sent) == 40


def test_a_list_that_is_cut_again_is_reported_again(project: Project, kept: RecipientList) -> None:
    """Between the two it was whole, and some were sent."""
    whole = dataclasses.replace(kept)
    kept.write(names(20), DUE - HOUR)
    project.tick()
    kept.write(whole.lines, DUE - HOUR)

    def behave(call: object, effect: object) -> object:
        kept.write(names(20), DUE - HOUR)
        return effect()  # type: ignore[operator]

    project.with_post(behaves=behave)
    project.tick()
    project.restart()
    project.tick()
    assert len(project.sent) == 1
    assert [event.what for event in project.events if event.alarm] == ["held", "held"]


def test_accepted_by_hand_is_not_held(project: Project, kept: RecipientList) -> None:
    kept.write(names(20), DUE - HOUR)
    project.tick()
    assert project.publish(accept_recipients=True).exit_code == 0
    project.tick()
    assert len(project.sent) == 20
    assert len(project.said("held")) == 1


def test_the_other_channels_go_on(project: Project, kept: RecipientList) -> None:
    class Other(Listed, frozen=True):
        name = "other"

    whole = RecipientList(names(3), DUE - HOUR)
    project.channels = (*project.channels, Other(project.world, kept=whole))
    kept.write(names(20), DUE - HOUR)
    project.tick()
    assert sorted(call.recipient for call in project.world) == names(3)
