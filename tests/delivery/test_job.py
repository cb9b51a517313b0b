"""What is promised to readers: never lost, never silently sent twice, whatever fails when."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from publisher.channel import Part, Receipt
from publisher.clock import Clock
from publisher.config import Config
from publisher.errors import BusyError, ConfigError, DeliveryError, OutcomeUnknownError
from publisher.events import ChannelOutcome, Outcome, PendingSend, Request
from publisher.ledger import Key, Ledger
from publisher.ledger.queries import Verdict, attempts, resolve, retry, standing
from publisher.model import Publication
from publisher.pipeline.publish import publish
from publisher.reports.resolve import Resolution, Resolver
from publisher.theme import Theme
from tests.support.fake_channel import Behaviour, Call, Letters, Line, Post, World

NOON = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)
ISSUE = "tag:e.org,2021:n/2021-07-18"


@dataclass
class Time:
    """A clock that stands still until somebody waits; then `meanwhile` happens."""

    now: dt.datetime = NOON
    waited: float = 0.0
    meanwhile: Callable[[], object] | None = None

    def wait(self, seconds: float) -> None:
        if self.meanwhile:
            self.meanwhile()
        self.waited += seconds
        self.now += dt.timedelta(seconds=seconds)


class Newsletter:
    """A newsletter whose channels reach a made-up world."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.world = World(root / "world")
        self.time = Time()
        self.stop = threading.Event()
        (root / "issues").mkdir(parents=True)
        (root / "publisher.toml").write_text("[newsletter]")

    def write(self, *topics: str) -> None:
        path = self.root / "issues" / "2021-07-18.md"
        path.write_text(f"# 慢刊 (2021-07-18)：{'/'.join(topics)}\n\n## 新闻\n\n- [条目](https://e.org/1)\n")

    def publish(self, *channels: Any, **request: Any) -> Outcome:
        publication = Publication("慢刊", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:n")
        wanted = channels or (Post(self.world),)
        config = Config(self.root / "publisher.toml", self.root, publication, channels=wanted)
        clock = Clock(lambda: self.time.now, self.time.wait)
        return publish(
            config, Theme.load(), Request(**request), self.time.now, lambda _: None, clock, self.stop
        )

    def post(self, behaves: Behaviour | None = None, **request: Any) -> ChannelOutcome:
        """Publish on the one channel, whose deliveries go as `behaves` says."""
        return self.publish(Post(self.world, behaves=behaves), **request).channels["post"]

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / ".publisher" / "ledger.db")

    @property
    def key(self) -> Key:
        return Key(ISSUE, "post", "@readers")


@pytest.fixture
def letter(tmp_path: Path) -> Newsletter:
    made = Newsletter(tmp_path / "letter")
    made.write("一", "二", "三")
    return made


def on(part: str, error: Exception, *, acts: bool = False, times: int = 99) -> Behaviour:
    """Fail on a part, before or after the effect."""
    left = [times]

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.part != part or not left[0]:
            return effect()
        left[0] -= 1
        if acts:
            effect()
        raise error

    return behave


def test_parts_go_out_in_order_and_once(letter: Newsletter) -> None:
    done = letter.post()
    assert (done.sent, done.changed, done.error) == (3, 0, None)
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    again = letter.post()
    assert not again.has_changes
    assert len(letter.world.told) == 3


def test_nothing_is_opened_when_nothing_changed(letter: Newsletter) -> None:
    letter.post()
    (letter.root / "issues" / "2021-07-18.md").touch()

    def opened() -> None:
        raise AssertionError

    channel = Post(letter.world, opening=opened)
    assert letter.publish(channel).is_unchanged
    (letter.root / ".publisher" / "cache" / "site.json").unlink()
    assert letter.publish(channel).is_unchanged  # the ledger knows it too


def test_a_changed_issue_is_changed_in_place(letter: Newsletter) -> None:
    letter.post()
    letter.write("一", "贰", "三")
    done = letter.post()
    assert (done.sent, done.changed) == (0, 1)
    assert letter.world.told[3:] == ["update 2 贰"]
    assert [call.remote_id for call in letter.world][3] != ""
    assert letter.post().has_changes is False


def test_more_messages_wait_for_a_correction(letter: Newsletter) -> None:
    letter.post()
    letter.write("壹", "二", "三", "四")
    done = letter.post()
    assert not done.has_changes
    assert done.held_reason == "the issue takes 4 messages now, and 3 before: publish correct"
    assert len(letter.world.told) == 3
    done = letter.post(correct=True)
    assert (done.sent, done.changed) == (1, 1)
    assert letter.world.told[3:] == ["update 1 壹", "deliver 4 四"]


def test_fewer_messages_are_taken_back_by_a_correction(letter: Newsletter) -> None:
    letter.post()
    letter.write("一", "二")
    assert letter.post().held_reason
    letter.post(correct=True)
    assert letter.world.told[3:] == ["withdraw"]
    letter.write("一", "二", "三")
    letter.post(correct=True)
    assert letter.world.told[4:] == ["deliver 3 三"]


# --------------------------------------------------------------- what goes wrong


def test_what_surely_did_not_go_out_is_tried_again(letter: Newsletter) -> None:
    done = letter.post(on("2", DeliveryError("refused"), times=3))
    assert done.error is None
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert letter.time.waited == 1 + 2 + 4


def test_a_platform_that_wants_to_rest_gets_its_rest(letter: Newsletter) -> None:
    done = letter.post(on("2", DeliveryError("too fast", retry_after=30), times=1))
    assert done.error is None
    assert letter.time.waited == 30
    assert len(letter.world.told) == 3


def test_a_rest_that_is_too_long_is_for_another_run(letter: Newsletter) -> None:
    done = letter.post(on("2", DeliveryError("too fast", retry_after=3600)), max_wait=60)
    assert isinstance(done.error, DeliveryError)
    assert done.error.message == "2 of 3 wait, not before 2021-07-18 05:00:00 UTC: too fast"
    assert letter.world.told == ["deliver 1 一"]
    letter.time.now += dt.timedelta(hours=1)
    assert letter.post().sent == 2
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]


def test_what_may_have_gone_out_is_never_sent_again(letter: Newsletter) -> None:
    outcome = letter.publish(Post(letter.world, behaves=on("2", TimeoutError("no answer"), acts=True)))
    assert outcome.exit_code == 4
    error = outcome.channels["post"].error
    assert error
    assert error.message == "nobody knows whether 1 of 3 went out: TimeoutError: no answer"
    assert error.hint == ("look there, then say what you saw: publish resolve 2021-07-18 --channel post")
    assert letter.world.told == ["deliver 1 一", "deliver 2 二"]
    assert letter.publish().exit_code == 4
    assert letter.world.told == ["deliver 1 一", "deliver 2 二"]
    resolve(letter.ledger, letter.key, Verdict.SENT, NOON, remote_id="7")
    assert letter.post().sent == 1
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]


def test_a_person_may_have_it_sent_again_or_dropped(letter: Newsletter) -> None:
    letter.post(on("1", ConnectionResetError("by peer")))
    assert letter.world.told == []
    assert resolve(letter.ledger, letter.key, Verdict.RESEND, NOON) == 1
    letter.post(on("2", ConnectionResetError("by peer")))
    assert resolve(letter.ledger, letter.key, Verdict.DROP, NOON) == 1
    assert letter.post().error is None
    assert letter.world.told == ["deliver 1 一", "deliver 3 三"]
    outcomes = [attempt.outcome for attempt in attempts(letter.ledger, letter.key)]
    assert outcomes == ["unknown", "resend", "sent", "unknown", "drop", "sent"]


def test_a_permanent_refusal_stops_the_parts_behind_it(letter: Newsletter) -> None:
    refused = DeliveryError("not a member", "add it", permanent=True)
    outcome = letter.publish(Post(letter.world, behaves=on("2", refused)))
    assert outcome.exit_code == 3
    error = outcome.channels["post"].error
    assert error
    assert error.message == "1 of 3 failed: not a member · add it"
    assert letter.post().error  # and nothing is tried again by itself
    assert letter.world.told == ["deliver 1 一"]
    assert retry(letter.ledger, letter.key, NOON) == 1
    assert letter.post().sent == 2


def test_a_part_that_was_refused_and_is_no_part_any_more(letter: Newsletter) -> None:
    """Nobody can retry it, so a correction gives it up."""
    letter.post(on("3", DeliveryError("no", permanent=True)))
    letter.write("一", "二")
    assert letter.post(correct=True).error is None
    assert letter.post().error is None
    assert letter.world.told == ["deliver 1 一", "deliver 2 二"]


def test_an_error_of_ours_is_told_in_its_own_words(letter: Newsletter) -> None:
    done = letter.post(on("1", OutcomeUnknownError("the line broke", "look there")))
    assert done.error
    assert done.error.message.endswith("went out: the line broke · look there")


def test_a_part_that_was_refused_is_tried_with_new_content(letter: Newsletter) -> None:
    letter.post(on("2", DeliveryError("bad text", permanent=True)))
    letter.write("一", "好", "三")
    assert letter.post().sent == 2
    assert letter.world.told == ["deliver 1 一", "deliver 2 好", "deliver 3 三"]


def test_a_change_that_is_not_known_to_have_arrived_is_made_again(letter: Newsletter) -> None:
    letter.post()
    letter.write("一", "贰", "三")
    done = letter.post(on("2", TimeoutError(), acts=True, times=1))
    assert done.error is None
    assert letter.world.told[3:] == ["update 2 贰", "update 2 贰"]


def test_a_missing_secret_leaves_everything_planned(letter: Newsletter) -> None:
    def opening() -> None:
        raise ConfigError("env:TOKEN: the variable is not set", "export TOKEN=…")

    outcome = letter.publish(Post(letter.world, opening=opening))
    assert outcome.exit_code == 2
    found = standing(letter.ledger, letter.key)
    assert found
    assert found.counts.planned == 3
    assert letter.post().sent == 3


def test_one_channel_stops_no_other(letter: Newsletter) -> None:
    met = threading.Barrier(2, timeout=20)

    def meet(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.part == "1":
            met.wait()  # only together, so they must be side by side
        return effect()

    def fail(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        met.wait()
        raise DeliveryError("no", permanent=True)

    @dataclass(frozen=True)
    class Other(Post):
        name = "other"

    outcome = letter.publish(
        Post(letter.world, behaves=meet), Other(World(letter.root / "other"), behaves=fail)
    )
    assert outcome.channels["post"].error is None
    assert outcome.channels["other"].error
    assert outcome.exit_code == 3
    assert len(letter.world.told) == 3


def test_nonsense_from_a_channel_is_an_unknown_outcome(letter: Newsletter) -> None:
    def nonsense(*_: object) -> Any:
        return None

    outcome = letter.publish(Post(letter.world, behaves=nonsense))
    assert outcome.exit_code == 4


def test_a_retry_sends_what_failed_and_nothing_else(letter: Newsletter) -> None:
    @dataclass(frozen=True)
    class Other(Post):
        name = "other"

    channel, other = (
        Post(letter.world, behaves=on("2", DeliveryError("no", permanent=True), times=1)),
        Other(World(letter.root / "other")),
    )
    assert letter.publish(channel).exit_code == 3
    assert letter.publish(channel).exit_code == 3
    found = letter.publish(channel, other, retry=True)
    assert (found.channels["post"].sent, found.channels["other"].sent) == (2, 0)
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert not letter.publish(channel, retry=True).channels["post"].has_changes


# ------------------------------------------------------------------ the question


def test_the_editor_is_told_how_old_an_issue_is(letter: Newsletter) -> None:
    asked: list[Sequence[PendingSend]] = []

    def no(leaving: Sequence[PendingSend]) -> bool:
        asked.append(leaving)
        return False

    letter.time.now += dt.timedelta(days=12)
    letter.post(confirm=no)
    assert asked == [[PendingSend("post", "@readers", 3, days_late=12)]]


def test_the_editor_is_asked_once_for_all(letter: Newsletter) -> None:
    asked: list[Sequence[PendingSend]] = []

    @dataclass(frozen=True)
    class Other(Post):
        name = "other"

    def no(leaving: Sequence[PendingSend]) -> bool:
        asked.append(leaving)
        return False

    other = Other(World(letter.root / "other"))
    outcome = letter.publish(Post(letter.world), other, confirm=no)
    assert asked == [[PendingSend("post", "@readers", 3), PendingSend("other", "@readers", 3)]]
    assert outcome.exit_code == 2
    assert letter.world.told == []
    assert letter.publish(Post(letter.world), other).exit_code == 0
    letter.write("一", "二", "叁")
    letter.publish(Post(letter.world), other, confirm=no)  # a change can be taken back
    assert len(asked) == 1
    assert letter.world.told[-1] == "update 3 叁"


def test_the_editor_is_asked_about_what_will_leave(letter: Newsletter) -> None:
    asked: list[Sequence[PendingSend]] = []

    def yes(leaving: Sequence[PendingSend]) -> bool:
        asked.append(leaving)
        return True

    letter.post(on("2", TimeoutError()), confirm=yes)
    letter.post(confirm=yes)
    assert len(asked) == 1, "nothing can leave behind what is unknown"
    resolve(letter.ledger, letter.key, Verdict.DROP, NOON)
    letter.post(confirm=yes)
    assert asked[1] == [PendingSend("post", "@readers", 1)], "what was given up does not leave"
    letter.write("一", "贰", "叁")
    letter.post(correct=True, confirm=yes)
    assert asked[2] == [PendingSend("post", "@readers", 0, changed=1)], "a correction is agreed to"


def test_a_dry_run_foresees_and_notes_nothing(letter: Newsletter) -> None:
    seen = letter.post(dry_run=True)
    assert (seen.sent, seen.changed) == (3, 0)
    assert not (letter.root / ".publisher" / "ledger.db").exists()
    letter.post()
    letter.write("一", "二", "叁")
    seen = letter.post(dry_run=True)
    assert (seen.sent, seen.changed) == (0, 1)
    assert len(letter.world.told) == 3


def test_to_another_folder_everything_goes_as_files(letter: Newsletter, tmp_path: Path) -> None:
    done = letter.post(out=tmp_path / "copy")
    assert done.written == ("1", "2", "3", "preview")
    assert letter.world.told == []


# ------------------------------------------------------------- one message to many


def test_many_get_one_each(letter: Newsletter) -> None:
    letter.write("一")
    letters = Letters(letter.world, count=25)
    assert letter.publish(letters).channels["letters"].sent == 25
    assert set(letter.world.sent.values()) == {1}
    assert len(letter.world.sent) == 25
    letter.write("壹")
    done = letter.publish(letters).channels["letters"]
    assert not done.has_changes
    assert done.held_reason == "the issue was edited since; what was sent stays as it is"
    assert len(letter.world.told) == 25


def test_the_editor_is_told_how_many_get_it(letter: Newsletter) -> None:
    """Not how many parts there are: what cannot be taken back is each of their mails."""
    letter.write("一")
    letters, asked = Letters(letter.world, count=25), list[PendingSend]()

    def refuse(leaving: Sequence[PendingSend]) -> bool:
        asked.extend(leaving)
        return False

    assert letter.publish(letters, dry_run=True).channels["letters"].sent == 25
    letter.publish(letters, confirm=refuse)
    assert [one.new for one in asked] == [25]


def test_one_refused_recipient_stops_no_other(letter: Newsletter) -> None:
    letter.write("一")

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient == "reader7@example.org":
            raise DeliveryError("no such mailbox", permanent=True)
        if call.recipient == "reader9@example.org":
            raise ConnectionResetError("by peer")
        return effect()

    done = letter.publish(Letters(letter.world, count=25, behaves=behave)).channels["letters"]
    assert done.sent == 23
    assert done.error
    assert done.error.exit_code == 4
    assert "1 of 25" in done.error.message


def test_an_edit_before_the_first_letter_is_out_goes_to_all(letter: Newsletter) -> None:
    letter.write("一")
    letters = Letters(letter.world, count=25)
    away = on("1", DeliveryError("too fast", retry_after=9999))
    letter.publish(replace(letters, behaves=away))
    assert letter.world.told == []
    letter.time.now += dt.timedelta(hours=3)
    letter.write("二")
    letter.publish(letters)
    assert [call.text for call in letter.world] == ["二"] * 25


def test_an_edit_in_mid_run_is_for_the_next_issue(letter: Newsletter) -> None:
    letter.write("一")
    letters = Letters(letter.world, count=25)
    away = on("1", DeliveryError("too fast", retry_after=9999), times=1)
    letter.publish(replace(letters, behaves=away))
    assert len(letter.world.told) == 9
    letter.time.now += dt.timedelta(hours=3)
    letter.write("二")
    done = letter.publish(letters).channels["letters"]
    assert done.held_reason == "the issue was edited since; what was sent stays as it is"
    assert [call.text for call in letter.world] == ["一"] * 25
    assert set(letter.world.sent.values()) == {1}


@pytest.mark.parametrize(("rule", "texts", "code"), [("ask", 25, 4), ("resend", 26, 0), ("skip", 25, 0)])
def test_a_rule_for_what_nobody_knows(letter: Newsletter, rule: str, texts: int, code: int) -> None:
    @dataclass(frozen=True)
    class Ruled(Letters):
        uncertain = rule

    letter.write("一")
    lost = threading.Lock()

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        receipt = effect()
        if call.recipient == "reader7@example.org" and lost.acquire(blocking=False):
            raise TimeoutError
        return receipt

    outcome = letter.publish(Ruled(letter.world, count=25, behaves=behave))
    assert outcome.exit_code == code
    assert len(letter.world.told) == texts
    letter.publish(Ruled(letter.world, count=25))
    assert len(letter.world.told) == texts
    told = [text for text in outcome.warnings if "reader7@example.org" in text]
    assert bool(told) == (rule == "skip")


# ------------------------------------------------------- a platform one can ask


class Searchable(Line):
    """A connection that finds what arrived."""

    def probe(self, part: Part, destination: str) -> Receipt | None:
        for call in self._channel.world:
            if (call.part, call.recipient) == (part.key, destination):
                return Receipt(remote_id="found")
        return None


@dataclass(frozen=True)
class Asked(Post):
    def session(self) -> Any:
        return nullcontext(Searchable(self))


@pytest.mark.parametrize(("acts", "waited"), [(True, 0), (False, 60)])
def test_what_is_there_is_found_and_what_is_not_is_sent(letter: Newsletter, acts: bool, waited: int) -> None:
    outcome = letter.publish(Asked(letter.world, behaves=on("2", TimeoutError(), acts=acts, times=1)))
    assert outcome.exit_code == 0
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert letter.time.waited == waited
    outcomes = [attempt.outcome for attempt in attempts(letter.ledger, letter.key)]
    settled = ["sent"] if acts else ["planned", "sent"]
    assert outcomes == ["sent", "unknown", *settled, "sent"]
    letter.write("一", "贰", "三")
    assert letter.publish(Asked(letter.world)).channels["post"].changed == 1


def test_whoever_is_stopped_before_the_second_look_believes_nothing(letter: Newsletter) -> None:
    """It may be there by then: to send it again would be too early."""
    letter.time.meanwhile = lambda: letter.stop.set()
    outcome = letter.publish(Asked(letter.world, behaves=on("2", TimeoutError(), times=1)))
    assert outcome.exit_code == 4
    assert letter.world.told == ["deliver 1 一"]
    assert [attempt.outcome for attempt in attempts(letter.ledger, letter.key)] == ["sent", "unknown"]


def test_what_was_found_counts_as_sent(letter: Newsletter) -> None:
    letter.write("一")
    outcome = letter.publish(Asked(letter.world, behaves=on("1", TimeoutError(), acts=True)))
    assert outcome.channels["post"].sent == 1


def test_who_was_given_up_stops_no_other(letter: Newsletter) -> None:
    letter.write("一")

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        raise TimeoutError if call.recipient == "reader2@example.org" else DeliveryError("busy")

    letters = Letters(letter.world, count=3, behaves=behave)
    letter.publish(letters, max_wait=0)
    key = letter.key._replace(channel="letters")
    assert resolve(letter.ledger, key, Verdict.DROP, NOON) == 1
    assert letter.publish(replace(letters, behaves=None), retry=True).channels["letters"].sent == 2


def test_a_name_is_that_of_one_message(letter: Newsletter) -> None:
    letter.write("一")

    def behave(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        raise TimeoutError

    letter.publish(Letters(letter.world, count=3, behaves=behave))
    found = Resolver(letter.ledger, ISSUE, NOON)
    [case] = found.find_unknown(("letters",))
    assert [one.recipient for one in case.deliveries] == [
        f"reader{number}@example.org" for number in range(3)
    ]
    with pytest.raises(ConfigError, match="77 can be the name of one message, and 3 are unknown"):
        found.record(case, Resolution(Verdict.SENT, remote_id="77"))
    number, left = found.record(case, Resolution(Verdict.SENT, "1", "reader1@example.org", "77"))
    assert (number, left.unknown, left.sent) == (1, 2, 1)


def test_nobody_is_asked_about_what_waits_behind_the_unknown(letter: Newsletter) -> None:
    @dataclass(frozen=True)
    class Series(Letters):
        name = "series"
        ordered = True

    def no(leaving: Sequence[PendingSend]) -> bool:
        raise AssertionError(leaving)

    series = Series(letter.world, behaves=on("2", TimeoutError(), acts=True))
    letter.publish(series)
    assert letter.publish(series, confirm=no).exit_code == 4


# --------------------------------------------------------------- files have books


def test_who_is_at_work_is_named(letter: Newsletter) -> None:
    ledger = letter.ledger
    ledger.claim(letter.key, NOON, dt.timedelta(minutes=1))
    outcome = letter.publish()
    error = outcome.channels["post"].error
    assert isinstance(error, BusyError)
    assert outcome.exit_code == 5
    assert "@readers is in the hands of process" in error.message
    letter.time.now += dt.timedelta(minutes=2)
    assert letter.post().sent == 3


def test_a_platform_that_is_away_is_not_given_up(letter: Newsletter) -> None:
    away = on("1", DeliveryError("refused"))
    for _ in range(5):
        done = letter.post(away, max_wait=60)
        assert done.error
        assert done.error.message.startswith("3 of 3 wait, not before ")
    assert letter.post().sent == 3


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
def test_a_rest_that_ends_while_nobody_looks(letter: Newsletter, step: float) -> None:
    """What was put off for a second is due before anybody has begun to wait for it."""
    letter.time = Ticking(step)  # type: ignore[assignment]
    done = letter.post(on("2", DeliveryError("busy"), times=1))
    assert (done.sent, done.error) == (3, None)
