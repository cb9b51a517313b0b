"""A list of recipients that is being written, cut, replaced or restored while an issue goes out to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from threading import Barrier

import pytest
from msgspec.structs import replace

from publisher.channel import Receipt
from publisher.errors import ConfigError, DeliveryError
from publisher.events import ChannelOutcome, PendingSend
from publisher.ledger import DeliveryState, PublicationStatus
from publisher.ledger.queries import ResolutionChoice, find_recipients, find_status, resolve_deliveries
from tests.support.fake_channel import Behaviour, Call, Listed, RecipientList, names
from tests.support.newsletter import HOUR, NOON, Project

SECOND = dt.timedelta(seconds=1)


class Mailing:
    """An issue for forty recipients, whose list was written an hour ago."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.kept = RecipientList(names(40), NOON - HOUR)
        self.channel = Listed(project.world, kept=self.kept)

    def publish(self, behaves: Behaviour | None = None, **request: object) -> ChannelOutcome:
        return self.project.publish(replace(self.channel, behaves=behaves), **request).channels["listed"]

    def write(self, lines: Sequence[str], age: float = 0.0) -> None:
        """Write the list: so many seconds ago."""
        self.kept.write([*lines], self.project.now - age * SECOND)

    def at(self, number: int, change: Callable[[], object]) -> Behaviour:
        """Behave so that something changes before a delivery takes effect, counted from 1."""
        left = [number]

        def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
            left[0] -= 1
            if left[0] == 0:
                change()
            return effect()

        return behave

    def cut(self, to: int) -> Behaviour:
        """Behave so that the list is cut while the fifth delivery is made, and is still after that."""
        return self.at(5, lambda: self.write(names(to), age=3))

    @property
    def reached(self) -> list[str]:
        """Who got it, as often as they got it."""
        return sorted(who for (who, _), number in self.project.world.sent.items() for _ in range(number))

    @property
    def status(self) -> PublicationStatus:
        found = find_status(self.project.ledger, self.project.key(channel="listed"))
        assert found
        return found

    @property
    def unlisted(self) -> list[str]:
        key = self.project.key(channel="listed")
        return sorted(find_recipients(self.project.ledger, key, DeliveryState.UNLISTED))


@pytest.fixture
def mailing(project: Project) -> Mailing:
    project.write("2021-07-18", "一")
    return Mailing(project)


# ----------------------------------------------------------------- until it is still


def test_a_list_that_is_still_is_read_at_once(mailing: Mailing) -> None:
    mailing.write(names(40), age=2)
    assert mailing.publish().sent == 40
    assert mailing.project.waited == 0


@pytest.mark.parametrize(("age", "waited"), [(0, 2), (1.5, 0.5), (-1, 3), (-HOUR / SECOND, 4), (-9e9, 4)])
def test_a_list_of_a_moment_ago_or_of_the_future_is_waited_for(mailing: Mailing, age: float, waited: float) -> None:
    """The future: by a clock that is wrong. It must not keep an issue back for ever: once it is watched to be
    counted for the question, and once to be planned."""
    mailing.write(names(40), age)
    assert mailing.publish().sent == 40
    assert mailing.project.waited == waited


def test_a_list_that_grows_is_read_when_it_is_whole(mailing: Mailing) -> None:
    """Each time it is looked at ten more are there, and the last line may be half an address."""
    mailing.write([*names(10), "rea"])
    left = [20, 30, 40]

    def grow() -> None:
        if left:
            mailing.write(names(left.pop(0)))

    mailing.project.meanwhile = grow
    assert mailing.publish().sent == 40
    assert mailing.reached == sorted(names(40))
    assert (mailing.unlisted, left) == ([], [])


@pytest.mark.parametrize("after", [[*names(20), "read"], names(40), names(60)])
def test_a_list_that_changes_while_it_is_read_is_read_again(mailing: Mailing, after: list[str]) -> None:
    """By a clock of its own that is behind, it even seems to be an old one."""
    everybody, changes = names(60), [after, names(60)]

    def change() -> None:
        if changes:
            mailing.write(changes.pop(0), age=HOUR / SECOND)

    mailing.channel = replace(mailing.channel, reading=change)
    assert mailing.publish().sent == 60
    assert mailing.reached == sorted(everybody)


def test_a_list_that_is_cut_while_it_is_read_is_not_too_short(mailing: Mailing) -> None:
    """It is being written anew, which takes a moment."""
    mailing.publish()
    mailing.project.write("2021-07-25", "二")
    mailing.project.now += 7 * 24 * HOUR
    changes = [names(20)]

    def change() -> None:
        if changes:
            mailing.write(changes.pop(), age=HOUR / SECOND)

    mailing.project.meanwhile = lambda: mailing.write(names(40), age=HOUR / SECOND)
    mailing.channel = replace(mailing.channel, reading=change)
    assert mailing.publish().sent == 40


def test_an_invalid_list_is_not_waited_for(mailing: Mailing) -> None:
    for lines, message in (([*names(3), "read"], "readers.txt:4: it has no @"), ([], "the list has no addresses")):
        mailing.write(lines, age=3)
        done = mailing.publish()
        assert done.error
        assert (done.error.message, done.error.exit_code) == (message, 2)
    assert (mailing.reached, mailing.project.waited) == ([], 0)


def test_a_list_that_never_rests_is_an_error(mailing: Mailing) -> None:
    mailing.project.meanwhile = lambda: mailing.write(names(40))
    mailing.write(names(40))
    done = mailing.publish()
    assert done.error
    assert (done.error.exit_code, done.error.message) == (6, "the list of recipients still changes after 60 seconds")
    assert (mailing.reached, mailing.project.waited) == ([], 60)
    mailing.project.meanwhile = None
    assert mailing.publish().sent == 40


def test_who_waits_for_a_list_can_be_stopped(mailing: Mailing) -> None:
    mailing.project.meanwhile = mailing.project.stop.set
    mailing.write(names(40))
    done = mailing.publish()
    assert isinstance(done.error, DeliveryError)
    assert (mailing.reached, mailing.project.waited) == ([], 0.5)
    mailing.project.stop.clear()
    mailing.project.meanwhile = None
    assert mailing.publish().sent == 40


def test_who_unsubscribes_in_the_middle_gets_nothing_more(mailing: Mailing) -> None:
    """The list is taken over when it is still, what was sent is on disk by then, and no one is sent to before."""
    before: list[tuple[int, int, int]] = []

    def watch() -> None:
        counts = mailing.status.counts
        before.append((counts.sent, counts.sending, len(mailing.reached)))

    mailing.project.meanwhile = watch
    left = names(38)
    done = mailing.publish(mailing.at(5, lambda: mailing.write(left)))
    assert before == [(5, 0, 5)] * 4
    assert (done.sent, done.unlisted, done.error) == (38, 2, None)
    assert mailing.reached == sorted(left)


def test_who_subscribes_in_the_middle_gets_it(mailing: Mailing) -> None:
    assert mailing.publish(mailing.at(40, lambda: mailing.write(names(41)))).sent == 41
    assert mailing.reached == sorted(names(41))


def test_a_list_that_vanishes_in_the_middle_stops_it(mailing: Mailing) -> None:
    done = mailing.publish(mailing.at(5, lambda: mailing.write([], age=3)))
    assert done.error
    assert (done.error.message, done.sent, mailing.status.counts.planned) == ("the list has no addresses", 5, 35)


# ------------------------------------------------------------------ a list that shrinks


@pytest.mark.parametrize(
    ("before", "now", "stops"),
    [
        (40, 35, False),  # five, which is more than a tenth
        (40, 34, True),
        (59, 53, True),  # six of 59
        (60, 54, False),  # six, which is a tenth
        (61, 55, False),
        (200, 180, False),
        (200, 179, True),
        (6, 1, False),
        (7, 1, True),
        (40, 41, False),
    ],
)
def test_a_list_that_shrinks_too_much_since_the_last_issue(
    mailing: Mailing, before: int, now: int, stops: bool
) -> None:
    mailing.write(names(before), age=3)
    assert mailing.publish().sent == before
    mailing.project.now += 7 * 24 * HOUR
    mailing.project.write("2021-07-25", "二")
    mailing.write(names(now), age=3)
    done = mailing.publish()
    if not stops:
        assert (done.sent, done.error) == (now, None)
        return
    assert isinstance(done.error, ConfigError)
    assert done.error.message == f"the list has {now} recipients instead of {before}: part of it may be missing"
    assert done.error.hint == (
        "restore the list, or send to these alone: publish --accept-recipients --issue 2021-07-25 --channel listed"
    )
    assert mailing.publish(dry_run=True).error
    assert len(mailing.reached) == before
    mailing.write(names(before), age=3)
    assert mailing.publish().sent == before


@pytest.mark.parametrize(("now", "stops"), [(36, False), (35, False), (34, True)])
def test_a_list_that_is_cut_in_the_middle(mailing: Mailing, now: int, stops: bool) -> None:
    """What is not sent stays planned, and goes on by itself when the list is whole again."""
    done = mailing.publish(mailing.cut(now))
    if not stops:
        assert (done.sent, done.unlisted, done.error) == (now, 40 - now, None)
        return
    assert done.error
    assert (done.error.exit_code, done.sent, done.unlisted) == (2, 5, 0)
    assert "34 recipients instead of 40" in done.error.message
    counts = mailing.status.counts
    assert (counts.sent, counts.planned, counts.total) == (5, 35, 40)
    assert mailing.publish().error
    assert len(mailing.reached) == 5
    mailing.write(names(40), age=3)
    assert mailing.publish().sent == 35
    assert mailing.reached == sorted(names(40))


def test_deliveries_in_progress_are_ended_when_the_list_is_cut(mailing: Mailing) -> None:
    """Four are in progress when the list is cut, as the barrier makes sure."""
    together = Barrier(4, action=lambda: mailing.write(names(20), age=3) if len(mailing.reached) == 4 else None)

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        together.wait(timeout=300)
        return effect()

    mailing.channel = replace(mailing.channel, together=4)
    done = mailing.publish(behave)
    assert (done.sent, mailing.status.counts.sent, len(mailing.reached)) == (8, 8, 8)


def test_small_steps_count_since_the_plan(mailing: Mailing) -> None:
    """Three times three is nine of forty."""
    sizes = [37, 34, 31]

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        mailing.write(names(sizes.pop(0)), age=3)
        return effect()

    assert mailing.publish(behave).error
    assert (sizes, len(mailing.reached), len(mailing.unlisted)) == ([31], 2, 3)


def test_a_shorter_list_can_be_accepted(mailing: Mailing) -> None:
    assert mailing.publish(mailing.cut(20)).error
    assert mailing.publish(accept_recipients=True).sent == 15
    assert mailing.reached == sorted(names(20))
    assert (mailing.unlisted, mailing.status.done) == (sorted(names(20, 40)), True)
    mailing.project.now += 7 * 24 * HOUR
    mailing.project.write("2021-07-25", "二")
    assert mailing.publish().sent == 20  # that is the list now


def test_what_was_accepted_stays_so_when_the_run_ends_early(mailing: Mailing) -> None:
    assert mailing.publish(mailing.cut(20)).error
    tired = DeliveryError("tired", retry_after=9999)

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        raise tired

    assert mailing.publish(behave, accept_recipients=True).error
    mailing.project.now += 3 * HOUR
    assert mailing.publish().sent == 15


# ----------------------------------------------------------------------- who is back


def test_a_retry_sends_to_those_who_are_back_and_to_nobody_else(mailing: Mailing) -> None:
    assert mailing.publish(mailing.cut(35)).unlisted == 5
    assert mailing.publish(retry=True).has_changes is False
    mailing.write([*names(37), *names(40, 50)], age=3)  # and ten are new
    assert mailing.publish().has_changes is False
    asked: list[PendingSend] = []

    def approve(pending: Sequence[PendingSend]) -> bool:
        asked.extend(pending)
        return True

    assert mailing.publish(retry=True, dry_run=True).sent == 2
    done = mailing.publish(retry=True, confirm=approve)
    assert (done.sent, done.unlisted, [one.new for one in asked]) == (2, 0, [2])
    assert mailing.reached == sorted(names(37))
    assert (mailing.unlisted, mailing.status.done) == (sorted(names(37, 40)), True)
    assert mailing.publish(retry=True).has_changes is False
    mailing.write(names(50), age=3)
    assert mailing.publish(retry=True).sent == 3
    assert mailing.reached == sorted(names(40))


def test_a_retry_stops_for_half_a_list_too(mailing: Mailing) -> None:
    mailing.publish(mailing.cut(35))
    mailing.write(names(20, 37), age=3)
    done = mailing.publish(retry=True)
    assert done.error
    assert done.error.hint.endswith("publish retry --accept-recipients 2021-07-18 --channel listed")
    assert len(mailing.reached) == 35
    assert mailing.publish(retry=True, accept_recipients=True).sent == 2
    assert mailing.reached == sorted(names(37))


def test_a_retry_with_an_invalid_list_stops_no_other_channel(mailing: Mailing) -> None:
    class Other(Listed, frozen=True):
        name = "other"

    other = Other(mailing.project.world, kept=RecipientList(names(40, 43), NOON - HOUR))
    tired = DeliveryError("tired", permanent=True)
    mailing.project.publish(replace(other, behaves=lambda *_: (_ for _ in ()).throw(tired)))
    mailing.publish(mailing.cut(35))
    mailing.write([*names(40), "read"], age=3)
    outcome = mailing.project.publish(mailing.channel, other, retry=True)
    error = outcome.channels["listed"].error
    assert error
    assert (error.message, outcome.channels["other"].sent) == ("readers.txt:41: it has no @", 3)


def test_a_list_that_is_replaced_by_another(mailing: Mailing) -> None:
    others = names(100, 140)
    done = mailing.publish(mailing.at(5, lambda: mailing.write(others, age=3)))
    assert (done.sent, done.unlisted) == (45, 35)
    mailing.write(names(40), age=3)
    assert mailing.publish(retry=True).sent == 35
    assert mailing.reached == sorted([*names(40), *others])


def test_who_wants_no_more_or_was_given_up_is_not_sent_to(mailing: Mailing) -> None:
    """Not even if they are on the list."""

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient == names(8)[7]:
            raise TimeoutError
        return effect()

    mailing.write(names(40), age=3)
    cut = mailing.cut(36)

    def both(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        return cut(call, lambda: behave(call, effect))

    assert mailing.publish(both).unlisted == 4
    key = mailing.project.key(channel="listed")
    ledger = mailing.project.ledger
    assert resolve_deliveries(ledger, key, ResolutionChoice.DROP, NOON) == 1
    with ledger.transaction() as tx:
        tx.execute("UPDATE delivery SET state = 'dropped', reason = 'unsubscribed' WHERE recipient = ?", names(40)[39])
    mailing.write(names(40), age=3)
    assert mailing.publish(retry=True).sent == 3
    assert mailing.publish(retry=True).has_changes is False
    assert mailing.reached == sorted({*names(39)} - {names(8)[7]})
