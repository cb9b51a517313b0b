"""A notice goes by any channel that can write one; what such a channel is called does not matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from publisher.channel import Capabilities, Context, Part, Receipt, Rendering
from publisher.errors import ConfigError, DeliveryError
from publisher.events import Outcome, PendingSend, Request
from publisher.ledger import PublicationKey
from publisher.ledger.queries import find_status
from publisher.pipeline.notice import send_notice
from publisher.theme import Theme
from tests.support.fake_channel import Call, Letters
from tests.support.newsletter import ISSUE, Project


class Pigeons(Letters, frozen=True):
    """Brings messages, and short ones after them."""

    name: ClassVar[str] = "pigeons"
    capabilities: ClassVar[Capabilities] = Capabilities(can_send_notices=True, timeout=10.0)
    missing: frozenset[str] = frozenset()

    def recipients(self) -> Iterable[str]:
        return (one for one in super().recipients() if one not in self.missing)

    def render_notice(self, text: str, first: Sequence[Part], context: Context) -> Rendering:
        assert context.entry
        words = f"{text} ({first[0].body.decode()}, {context.entry.date})"
        return Rendering((Part("notice", "text/plain", words.encode()),))


class Loft(Project):
    """A newsletter that goes by pigeon."""

    def pigeons(self, **more: Any) -> Pigeons:
        return Pigeons(self.world, count=30, **more)

    def notify(self, text: str, *channels: Any, to_me: bool = False, **request: Any) -> Outcome:
        config = replace(self.config, channels=channels or (self.pigeons(),))
        asked = Request(**request)
        return send_notice(
            config, Theme.load(), asked, text, self.now, lambda _: None, test_send=to_me, clock=self.clock
        )

    def notices(self) -> dict[str, list[str]]:
        """By recipient, what notices said."""
        found: dict[str, list[str]] = {}
        for call in self.world:
            if call.part == "notice":
                found.setdefault(call.recipient, []).append(call.text)
        return found


EVERYBODY = {f"reader{number}@example.org" for number in range(30)}


@pytest.fixture
def loft(tmp_path: Path) -> Loft:
    made = Loft(tmp_path / "loft")
    made.write("2021-07-18", "一")
    return made


def test_everybody_once_by_what_was_sent(loft: Loft) -> None:
    """The part it answers is the one that went out, not the one the issue makes now."""
    loft.publish(loft.pigeons())
    loft.write("2021-07-18", "贰")
    assert loft.notify("错了").channels["pigeons"].sent == 30
    assert loft.notices() == {one: ["错了 (一, 2021-07-18)"] for one in EVERYBODY}
    assert loft.notify("错了").is_unchanged
    assert loft.notify("又错了").channels["pigeons"].sent == 30
    assert {len(one) for one in loft.notices().values()} == {2}


class Homing(Pigeons, frozen=True):
    """Could change what it brought, too."""

    capabilities: ClassVar[Capabilities] = replace(Pigeons.capabilities, can_edit=True)


@pytest.mark.parametrize("kind", [Pigeons, Homing])
def test_the_question_says_how_many(loft: Loft, kind: type[Pigeons]) -> None:
    loft.publish(loft.pigeons())
    asked: list[PendingSend] = []

    def approve(leaving: Sequence[PendingSend]) -> bool:
        asked.extend(leaving)
        return False

    gone = frozenset({"reader3@example.org", "reader4@example.org"})
    done = loft.notify("错了", kind(loft.world, count=30, missing=gone), confirm=approve)
    assert done.exit_code == 2
    [one] = asked
    assert (one.channel, one.new) == ("pigeons", 28)
    assert loft.notices() == {}
    assert loft.notify("错了", dry_run=True).channels["pigeons"].sent == 30
    assert loft.notices() == {}


def test_a_list_that_changes_after_the_question(loft: Loft) -> None:
    """Who leaves while the editor thinks gets nothing."""
    loft.publish(loft.pigeons())
    left: set[str] = set()

    class Leaving(Pigeons, frozen=True):
        def recipients(self) -> Iterable[str]:
            return (one for one in super().recipients() if one not in left)

    def approve(leaving: Sequence[PendingSend]) -> bool:
        left.add("reader3@example.org")
        return bool(leaving)

    loft.notify("错了", Leaving(loft.world, count=30), confirm=approve)
    assert set(loft.notices()) == EVERYBODY - left


def test_what_began_goes_on_with_the_words_it_began_with(loft: Loft) -> None:
    """Written hours ago, and the same to the letter; whether by the words again or by a retry."""
    loft.publish(loft.pigeons())

    def busy(call: Call, effect: Callable[[], Receipt]) -> Receipt:
        if call.recipient in ("reader5@example.org", "reader6@example.org"):
            raise DeliveryError("full", permanent=call.recipient.startswith("reader6"))
        return effect()

    done = loft.notify("错了", loft.pigeons(behaves=busy), max_wait=0).channels["pigeons"]
    assert done.sent == 28
    assert isinstance(done.error, DeliveryError)
    loft.now += dt.timedelta(hours=3)
    assert loft.notify("错了").channels["pigeons"].sent == 1
    assert set(loft.notices()) == EVERYBODY - {"reader6@example.org"}
    assert loft.publish(loft.pigeons(), retry=True).channels["pigeons"].sent == 1
    assert loft.notices() == {one: ["错了 (一, 2021-07-18)"] for one in EVERYBODY}
    assert loft.publish(loft.pigeons(), retry=True).is_unchanged


def test_each_notice_has_a_row_of_its_own(loft: Loft) -> None:
    loft.publish(loft.pigeons())
    loft.notify("错了")
    first = PublicationKey(ISSUE, "pigeons", "@readers")
    # sha256 of the words in UTF-8, the first twelve digits
    key = first.for_notice("00072b974fc0")
    assert key.destination == "@readers, notice 00072b974fc0"
    assert (key.notice_of, first.notice_of) == (first, None)
    with closing(loft.ledger) as ledger:
        found = find_status(ledger, key)
    assert found
    assert (found.done, found.counts.sent) == (True, 30)


def test_a_test_send_goes_to_the_editor_and_is_not_recorded(loft: Loft) -> None:
    loft.publish(loft.pigeons())
    assert loft.notify("错了", to_me=True, dry_run=True).channels["pigeons"].sent == 1
    assert loft.notices() == {}
    loft.notify("错了", to_me=True)
    assert loft.notices() == {"@me": ["错了 (一, 2021-07-18)"]}
    assert loft.notify("错了").channels["pigeons"].sent == 30


def test_no_notice_by_a_channel_that_cannot_write_one(loft: Loft) -> None:
    letters = Letters(loft.world, count=30)
    loft.publish(letters, loft.pigeons())
    with pytest.raises(ConfigError) as caught:
        loft.notify("错了", letters, loft.pigeons())
    assert (caught.value.message, caught.value.hint) == ("notices cannot be sent on letters", "--channel pigeons")
    with pytest.raises(ConfigError, match="notices cannot be sent on letters"):
        loft.notify("错了", letters)
    assert loft.notices() == {}
