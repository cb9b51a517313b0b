"""One message to many recipients: each gets one, whatever happens to the others."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from publisher.channel import Receipt
from publisher.errors import ConfigError, DeliveryError
from publisher.ledger.queries import ResolutionChoice, resolve_deliveries
from publisher.reports.resolve import Resolution, find_unknown, record_resolution
from tests.support.fake_channel import Call, Letters, fail_on
from tests.support.newsletter import NOON, Project


def test_many_get_one_each(project: Project) -> None:
    project.write("2021-07-18", "一")
    letters = Letters(project.world, count=25)
    assert project.publish(letters).channels["letters"].sent == 25
    assert set(project.world.sent.values()) == {1}
    assert len(project.world.sent) == 25
    project.write("2021-07-18", "壹")
    done = project.publish(letters).channels["letters"]
    assert not done.has_changes
    assert done.held_reason == "the issue was edited since; what was sent cannot be changed"
    assert len(project.world.calls) == 25


def test_one_refused_recipient_stops_no_other(project: Project) -> None:
    project.write("2021-07-18", "一")

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient == "reader7@example.org":
            raise DeliveryError("no such mailbox", permanent=True)
        if call.recipient == "reader9@example.org":
            raise ConnectionResetError("by peer")
        return effect()

    done = project.publish(Letters(project.world, count=25, behaves=behave)).channels["letters"]
    assert done.sent == 23
    assert done.error
    assert done.error.exit_code == 4
    assert "1 of 25" in done.error.message


def test_an_edit_before_the_first_letter_is_out_goes_to_all(project: Project) -> None:
    project.write("2021-07-18", "一")
    letters = Letters(project.world, count=25)
    away = fail_on("1", DeliveryError("too fast", retry_after=9999))
    project.publish(replace(letters, behaves=away))
    assert project.world.calls == []
    project.now += dt.timedelta(hours=3)
    project.write("2021-07-18", "二")
    project.publish(letters)
    assert [call.text for call in project.world] == ["二"] * 25


def test_an_edit_in_mid_run_is_for_the_next_issue(project: Project) -> None:
    project.write("2021-07-18", "一")
    letters = Letters(project.world, count=25)
    away = fail_on("1", DeliveryError("too fast", retry_after=9999), times=1)
    project.publish(replace(letters, behaves=away))
    assert len(project.world.calls) == 9
    project.now += dt.timedelta(hours=3)
    project.write("2021-07-18", "二")
    done = project.publish(letters).channels["letters"]
    assert done.held_reason == "the issue was edited since; what was sent cannot be changed"
    assert [call.text for call in project.world] == ["一"] * 25
    assert set(project.world.sent.values()) == {1}


@pytest.mark.parametrize(("rule", "texts", "code"), [("ask", 25, 4), ("resend", 26, 0), ("skip", 25, 0)])
def test_a_rule_for_what_nobody_knows(project: Project, rule: str, texts: int, code: int) -> None:
    class Ruled(Letters, frozen=True):
        @property
        def on_unknown(self) -> str:
            return rule

    project.write("2021-07-18", "一")
    lost = threading.Lock()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        receipt = effect()
        if call.recipient == "reader7@example.org" and lost.acquire(blocking=False):
            raise TimeoutError
        return receipt

    outcome = project.publish(Ruled(project.world, count=25, behaves=behave))
    assert outcome.exit_code == code
    assert len(project.world.calls) == texts
    project.publish(Ruled(project.world, count=25))
    assert len(project.world.calls) == texts
    warnings = [text for text in outcome.warnings if "reader7@example.org" in text]
    assert bool(warnings) == (rule == "skip")


def test_who_was_given_up_stops_no_other(project: Project) -> None:
    project.write("2021-07-18", "一")

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        raise TimeoutError if call.recipient == "reader2@example.org" else DeliveryError("busy")

    letters = Letters(project.world, count=3, behaves=behave)
    project.publish(letters, max_wait=0)
    key = project.key()._replace(channel="letters")
    assert resolve_deliveries(project.ledger, key, ResolutionChoice.DROP, NOON) == 1
    assert project.publish(replace(letters, behaves=None), retry=True).channels["letters"].sent == 2


def test_a_name_is_that_of_one_message(project: Project) -> None:
    project.write("2021-07-18", "一")

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        raise TimeoutError

    project.publish(Letters(project.world, count=3, behaves=behave))
    with project.open_run() as run:
        [case] = find_unknown(run, "2021-07-18", ("letters",))
    assert [one.recipient for one in case.deliveries] == [f"reader{number}@example.org" for number in range(3)]
    with pytest.raises(ConfigError, match="77 is the ID of one message, but 3 are unknown"):
        record_resolution(project.ledger, case, Resolution(ResolutionChoice.SENT, remote_id="77"), NOON)
    one_of_them = Resolution(ResolutionChoice.SENT, "1", "reader1@example.org", "77")
    number, left = record_resolution(project.ledger, case, one_of_them, NOON)
    assert (number, left.unknown, left.sent) == (1, 2, 1)
