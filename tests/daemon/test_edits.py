"""When people edit, move and delete issues, before they go out, meanwhile and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from publisher.errors import DeliveryError, IssueError
from tests.daemon.conftest import DUE, HOUR, MINUTE, Newsletter, refuse, rest
from tests.support.fake_channel import Letters, Post


def test_an_issue_that_is_edited_before_its_time(letter: Newsletter) -> None:
    """Fault 42, first half: what the file says then goes out."""
    letter.now = DUE - HOUR
    letter.tick()
    letter.write("2021-07-18", "改")
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["改"]


def test_an_issue_that_is_edited_while_it_goes_out(letter: Newsletter) -> None:
    """Fault 42, second half: to many, the old version goes to the end."""
    letter.channels = (
        Letters(letter.world, count=25, behaves=refuse(DeliveryError("x", retry_after=3600), 1)),
    )
    letter.tick()
    assert len(letter.sent) == 9
    letter.write("2021-07-18", "改")
    letter.now += 2 * HOUR
    letter.tick()
    assert letter.sent == ["一"] * 25
    assert set(letter.world.sent.values()) == {1}


def test_an_issue_that_is_edited_after_it_went_out(letter: Newsletter) -> None:
    """Fault 43: by hand it is changed where it can be; a mail is not sent again."""
    letter.channels = (*letter.channels, Letters(letter.world, count=3))
    letter.tick()
    assert len(letter.sent) == 4
    letter.write("2021-07-18", "改")
    letter.now += HOUR
    letter.tick()
    assert len(list(letter.world)) == 4, "not by itself"
    letter.publish()
    assert letter.world.told[4:] == ["update 1 改"]


def test_who_leaves_between_plan_and_sending_gets_nothing(letter: Newsletter) -> None:
    """Fault 44."""

    @dataclass(frozen=True)
    class Lists(Letters):
        name: ClassVar[str] = "lists"

    letter.channels = (
        Lists(letter.world, count=25, behaves=refuse(DeliveryError("x", retry_after=3600), 1)),
    )
    letter.tick()
    assert len(letter.sent) == 9
    letter.channels = (Lists(letter.world, count=20),)
    letter.now += 2 * HOUR
    letter.tick()
    assert sorted(who for who, _ in letter.world.sent) == sorted(f"reader{n}@example.org" for n in range(20))


def test_an_issue_that_is_moved_to_another_day(letter: Newsletter) -> None:
    letter.now = DUE - HOUR
    letter.tick()
    letter.path("2021-07-18").rename(letter.path("2021-07-20"))
    letter.write("2021-07-20", "一")
    letter.now = DUE
    assert letter.tick().next_due == DUE + 48 * HOUR
    assert letter.sent == []
    letter.now = DUE + 48 * HOUR
    letter.tick()
    assert letter.sent == ["一"]


def test_an_issue_that_is_deleted(letter: Newsletter) -> None:
    letter.write("2021-07-17", "旧")
    letter.now = DUE - HOUR
    letter.path("2021-07-18").unlink()
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["旧"]
    assert letter.said("gone") == []


def test_an_issue_that_is_deleted_while_it_goes_out(letter: Newsletter) -> None:
    letter.write("2021-07-17", "旧")
    letter.write("2021-07-18", "一", "二")
    letter.with_post(behaves=lambda call, effect: effect() if call.part == "1" else rest())
    letter.tick()
    letter.path("2021-07-18").unlink()
    letter.with_post(behaves=None)
    letter.now += 2 * HOUR
    letter.tick()
    letter.tick()
    [gone] = letter.said("gone")
    assert (gone.issue, gone.alarm) == ("2021-07-18", True)
    assert gone.message.startswith("its file is gone; 1 of 2 wait")
    assert letter.sent == ["旧", "一"]


@pytest.mark.parametrize(
    ("head", "what", "message"),
    [
        ("---\ndraft: true\n---\n", "draft", "it is a draft"),
        ("# 慢刊 (2021-07-xx)：一\n\n", "broken", "the date 2021-07-xx is not complete"),
    ],
)
def test_what_is_not_fit_is_held_told_once_and_looked_at_again(
    letter: Newsletter, head: str, what: str, message: str
) -> None:
    letter.write("2021-07-18", "一", head=head)
    letter.now = DUE - MINUTE
    letter.tick()
    assert letter.told == [], "its time has not come"
    letter.now = DUE
    assert letter.tick().exit_code == 1
    letter.restart()
    letter.now += MINUTE
    assert letter.tick().exit_code == 0
    [held] = letter.told
    assert (held.what, held.alarm) == (what, True)
    assert message in held.message
    letter.write("2021-07-18", "一")
    letter.tick()
    assert letter.sent == ["一"]


def test_a_check_that_fails_is_told_once_and_tried_when_the_file_changes(letter: Newsletter) -> None:
    tries = []

    @dataclass(frozen=True)
    class Strict(Post):
        def render(self, issue, context):  # type: ignore[no-untyped-def]
            tries.append(1)
            if issue.title.headline == ("一",):
                raise IssueError("too short", "write more")
            return super().render(issue, context)

    letter.channels = (Strict(letter.world),)
    for _ in range(4):
        letter.tick()
        letter.now += 15 * MINUTE
    assert len(letter.said("broken")) == 1
    assert len(tries) == 1, "the same text fails the same way"
    letter.write("2021-07-18", "长一些")
    letter.tick()
    assert letter.sent == ["长一些"]
