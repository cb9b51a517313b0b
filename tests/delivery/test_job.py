"""What is promised to readers: never lost, never silently sent twice, whatever fails when."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from publisher.channel import Receipt
from publisher.clock import Clock
from publisher.errors import BusyError, ConfigError, DeliveryError, OutcomeUnknownError
from publisher.ledger.queries import ResolutionChoice, find_status, resolve_deliveries, retry_deliveries
from tests.support.attempts import load_attempts
from tests.support.fake_channel import Call, Post, World, fail_on
from tests.support.newsletter import NOON, Project


def test_parts_go_out_in_order_and_once(project: Project) -> None:
    done = project.post()
    assert (done.sent, done.changed, done.error) == (3, 0, None)
    assert project.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    again = project.post()
    assert not again.has_changes
    assert len(project.world.calls) == 3


def test_nothing_is_opened_when_nothing_changed(project: Project) -> None:
    project.post()
    (project.root / "issues" / "2021-07-18.md").touch()

    def opened() -> None:
        raise AssertionError

    channel = Post(project.world, opening=opened)
    assert project.publish(channel).is_unchanged
    (project.root / ".publisher" / "cache" / "site.json").unlink()
    assert project.publish(channel).is_unchanged  # the ledger knows it too


def test_a_changed_issue_is_changed_in_place(project: Project) -> None:
    project.post()
    project.write("2021-07-18", "一", "贰", "三")
    done = project.post()
    assert (done.sent, done.changed) == (0, 1)
    assert project.world.calls[3:] == ["update 2 贰"]
    assert [call.remote_id for call in project.world][3] != ""
    assert project.post().has_changes is False


def test_more_messages_wait_for_a_correction(project: Project) -> None:
    project.post()
    project.write("2021-07-18", "壹", "二", "三", "四")
    done = project.post()
    assert not done.has_changes
    assert done.held_reason == "the issue now takes 4 messages instead of 3: publish correct"
    assert len(project.world.calls) == 3
    done = project.post(correct=True)
    assert (done.sent, done.changed) == (1, 1)
    assert project.world.calls[3:] == ["update 1 壹", "deliver 4 四"]


def test_fewer_messages_are_taken_back_by_a_correction(project: Project) -> None:
    project.post()
    project.write("2021-07-18", "一", "二")
    assert project.post().held_reason
    project.post(correct=True)
    assert project.world.calls[3:] == ["withdraw"]
    project.write("2021-07-18", "一", "二", "三")
    project.post(correct=True)
    assert project.world.calls[4:] == ["deliver 3 三"]


# --------------------------------------------------------------- what goes wrong


def test_what_surely_did_not_go_out_is_tried_again(project: Project) -> None:
    done = project.post(fail_on("2", DeliveryError("refused"), times=3))
    assert done.error is None
    assert project.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert project.waited == 1 + 2 + 4


def test_a_platform_that_wants_to_rest_gets_its_rest(project: Project) -> None:
    done = project.post(fail_on("2", DeliveryError("too fast", retry_after=30), times=1))
    assert done.error is None
    assert project.waited == 30
    assert len(project.world.calls) == 3


def test_a_pause_longer_than_max_wait_ends_the_run(project: Project) -> None:
    done = project.post(fail_on("2", DeliveryError("too fast", retry_after=3600)), max_wait=60)
    assert isinstance(done.error, DeliveryError)
    assert done.error.message == "2 of 3 not sent yet, next attempt 2021-07-18 05:00:00 UTC: too fast"
    assert project.world.calls == ["deliver 1 一"]
    project.now += dt.timedelta(hours=1)
    assert project.post().sent == 2
    assert project.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]


def test_sender_never_resends_an_unknown_outcome(project: Project) -> None:
    outcome = project.publish(Post(project.world, behaves=fail_on("2", TimeoutError("no answer"), acts=True)))
    assert outcome.exit_code == 4
    error = outcome.channels["post"].error
    assert error
    assert error.message == "unknown whether 1 of 3 were sent: TimeoutError: no answer"
    assert error.hint == ("check the destination, then run publish resolve 2021-07-18 --channel post")
    assert project.world.calls == ["deliver 1 一", "deliver 2 二"]
    assert project.publish().exit_code == 4
    assert project.world.calls == ["deliver 1 一", "deliver 2 二"]
    resolve_deliveries(project.ledger, project.key(), ResolutionChoice.SENT, NOON, remote_id="7")
    assert project.post().sent == 1
    assert project.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]


def test_a_person_may_have_it_sent_again_or_dropped(project: Project) -> None:
    project.post(fail_on("1", ConnectionResetError("by peer")))
    assert project.world.calls == []
    assert resolve_deliveries(project.ledger, project.key(), ResolutionChoice.RESEND, NOON) == 1
    project.post(fail_on("2", ConnectionResetError("by peer")))
    assert resolve_deliveries(project.ledger, project.key(), ResolutionChoice.DROP, NOON) == 1
    assert project.post().error is None
    assert project.world.calls == ["deliver 1 一", "deliver 3 三"]
    outcomes = [attempt.outcome for attempt in load_attempts(project.ledger, project.key())]
    assert outcomes == ["unknown", "resend", "sent", "unknown", "drop", "sent"]


def test_a_permanent_refusal_stops_the_parts_behind_it(project: Project) -> None:
    refused = DeliveryError("not a member", "add it", permanent=True)
    outcome = project.publish(Post(project.world, behaves=fail_on("2", refused)))
    assert outcome.exit_code == 3
    error = outcome.channels["post"].error
    assert error
    assert error.message == "1 of 3 failed: not a member · add it"
    assert project.post().error  # and nothing is tried again by itself
    assert project.world.calls == ["deliver 1 一"]
    assert retry_deliveries(project.ledger, project.key(), NOON) == 1
    assert project.post().sent == 2


def test_a_part_that_was_refused_and_is_no_part_any_more(project: Project) -> None:
    """It cannot be retried, so a correction abandons it."""
    project.post(fail_on("3", DeliveryError("no", permanent=True)))
    project.write("2021-07-18", "一", "二")
    assert project.post(correct=True).error is None
    assert project.post().error is None
    assert project.world.calls == ["deliver 1 一", "deliver 2 二"]


def test_error_message_and_hint_are_reported(project: Project) -> None:
    done = project.post(fail_on("1", OutcomeUnknownError("the line broke", "look there")))
    assert done.error
    assert done.error.message.endswith("were sent: the line broke · look there")


def test_a_part_that_was_refused_is_tried_with_new_content(project: Project) -> None:
    project.post(fail_on("2", DeliveryError("bad text", permanent=True)))
    project.write("2021-07-18", "一", "好", "三")
    assert project.post().sent == 2
    assert project.world.calls == ["deliver 1 一", "deliver 2 好", "deliver 3 三"]


def test_a_change_that_is_not_known_to_have_arrived_is_made_again(project: Project) -> None:
    project.post()
    project.write("2021-07-18", "一", "贰", "三")
    done = project.post(fail_on("2", TimeoutError(), acts=True, times=1))
    assert done.error is None
    assert project.world.calls[3:] == ["update 2 贰", "update 2 贰"]


def test_a_missing_secret_leaves_everything_planned(project: Project) -> None:
    def opening() -> None:
        raise ConfigError("env:TOKEN: the variable is not set", "export TOKEN=…")

    outcome = project.publish(Post(project.world, opening=opening))
    assert outcome.exit_code == 2
    found = find_status(project.ledger, project.key())
    assert found
    assert found.counts.planned == 3
    assert project.post().sent == 3


def test_one_channel_stops_no_other(project: Project) -> None:
    met = threading.Barrier(2, timeout=300)

    def meet(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.part == "1":
            met.wait()  # only together, so they must be side by side
        return effect()

    def fail(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        met.wait()
        raise DeliveryError("no", permanent=True)

    class Other(Post, frozen=True):
        name = "other"

    outcome = project.publish(Post(project.world, behaves=meet), Other(World(project.root / "other"), behaves=fail))
    assert outcome.channels["post"].error is None
    assert outcome.channels["other"].error
    assert outcome.exit_code == 3
    assert len(project.world.calls) == 3


def test_nonsense_from_a_channel_is_an_unknown_outcome(project: Project) -> None:
    def nonsense(*_: object) -> Any:
        return None

    outcome = project.publish(Post(project.world, behaves=nonsense))
    assert outcome.exit_code == 4


def test_a_retry_sends_what_failed_and_nothing_else(project: Project) -> None:
    class Other(Post, frozen=True):
        name = "other"

    channel, other = (
        Post(project.world, behaves=fail_on("2", DeliveryError("no", permanent=True), times=1)),
        Other(World(project.root / "other")),
    )
    assert project.publish(channel).exit_code == 3
    assert project.publish(channel).exit_code == 3
    found = project.publish(channel, other, retry=True)
    assert (found.channels["post"].sent, found.channels["other"].sent) == (2, 0)
    assert project.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert not project.publish(channel, retry=True).channels["post"].has_changes


def test_who_is_at_work_is_named(project: Project) -> None:
    ledger = project.ledger
    ledger.claim(project.key(), NOON, dt.timedelta(minutes=1))
    outcome = project.publish()
    error = outcome.channels["post"].error
    assert isinstance(error, BusyError)
    assert outcome.exit_code == 5
    assert "@readers is being published by process" in error.message
    project.now += dt.timedelta(minutes=2)
    assert project.post().sent == 3


def test_a_platform_that_is_away_is_not_given_up(project: Project) -> None:
    away = fail_on("1", DeliveryError("refused"))
    for _ in range(5):
        done = project.post(away, max_wait=60)
        assert done.error
        assert done.error.message.startswith("3 of 3 not sent yet, next attempt ")
    assert project.post().sent == 3


class Ticking:
    """A clock that goes on a little whenever somebody looks at it."""

    def __init__(self, step: float) -> None:
        self._now, self._step = NOON, dt.timedelta(seconds=step)

    @property
    def now(self) -> dt.datetime:
        self._now += self._step
        return self._now

    def wait(self, seconds: float) -> None:
        self._now += dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("step", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
def test_a_rest_that_ends_while_nobody_looks(project: Project, step: float) -> None:
    """What was put off for a second is due before anybody has begun to wait for it."""
    ticking = Ticking(step)
    project.clock = Clock(lambda: ticking.now, ticking.wait)
    done = project.post(fail_on("2", DeliveryError("busy"), times=1))
    assert (done.sent, done.error) == (3, None)
