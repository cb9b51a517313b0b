"""Ledgers that do not know all that was sent: put back, from another machine, younger than the archive."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.delivery import ledger_guard
from publisher.reports.adopt import adopt_archive, trust_ledger
from publisher.theme import Theme
from tests.daemon.conftest import DUE, HOUR, Newsletter
from tests.support.fake_channel import Letters

# ---------------------------------------------------------------- a ledger of yesterday


def restored(letter: Newsletter) -> None:
    """The ledger as it was before the issue of the 18th went out."""
    letter.write("2021-07-17", "旧")
    letter.now = DUE - 24 * HOUR
    letter.tick()
    copy = letter.root / "copy.db"
    shutil.copy(letter.place, copy)
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["旧", "一"]
    for path in letter.place.parent.glob("ledger.db*"):
        path.unlink()
    shutil.copy(copy, letter.place)
    letter.told.clear()
    letter.restart()


@pytest.mark.parametrize("remembered", [True, False])
def test_a_restored_ledger_sends_nothing(letter: Newsletter, remembered: bool) -> None:
    """Fault 22: refuses until `adopt`, by itself and by hand."""
    restored(letter)
    if not remembered:
        shutil.rmtree(letter.root / ".publisher" / "cache")
    assert letter.tick().exit_code == 2
    assert letter.publish("2021-07-18").exit_code == (0 if remembered else 2)
    assert letter.tick().exit_code == 0, "told twice"
    assert letter.sent == ["旧", "一"]
    [failed] = letter.said("failed")
    assert failed.alarm
    assert failed.message == "the ledger is older than the last one that was used here"
    trust_ledger(letter.config, Theme.load(), letter.now)
    letter.restart()
    letter.tick()
    assert letter.sent == ["旧", "一"] + ["一"] * (not remembered), "a person said so"
    letter.now += HOUR
    letter.told.clear()
    letter.tick()
    assert letter.told == []


def test_a_ledger_of_another_machine_sends_nothing(
    letter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_guard, "identify_machine", lambda: "here")
    letter.tick()
    letter.write("2021-07-19", "二")
    letter.now += 24 * HOUR
    monkeypatch.setattr(ledger_guard, "identify_machine", lambda: "there")
    letter.tick()
    error = letter.publish("2021-07-19").channels["post"].error
    assert error
    assert error.message == "the ledger belongs to another machine"
    assert error.hint == "nothing is sent: compare it with what was sent, then publish adopt"
    assert letter.sent == ["一"]
    trust_ledger(letter.config, Theme.load(), letter.now)
    letter.restart()
    letter.tick()
    assert letter.sent == ["一", "二"]
    monkeypatch.setattr(
        ledger_guard, "identify_machine", lambda: ""
    )  # where nobody knows, nothing is refused
    letter.write("2021-07-20", "三")
    letter.now += 24 * HOUR
    letter.tick()
    assert letter.sent == ["一", "二", "三"]


# ---------------------------------------------------------------- beginning


def test_an_old_archive_is_taken_as_published(letter: Newsletter) -> None:
    letter.channels = (Web(), Rss(), *letter.channels, Letters(letter.world, count=3))
    for number in range(40):
        letter.write(f"{dt.date(2020, 1, 5) + dt.timedelta(weeks=2 * number)}", "旧")
    letter.write("2021-07-10", "稿", head="---\ndraft: true\n---\n")
    letter.now = DUE - HOUR
    taken, left, outcome = adopt_archive(letter.config, Theme.load(), letter.now, lambda _: None)
    assert [(one.channel, one.new, one.known) for one in taken] == [("post", 40, 0), ("letters", 40, 0)]
    assert sorted((one.path, one.reason) for one in left) == [
        ("issues/2021-07-10.md", "it is a draft"),
        ("issues/2021-07-18.md", "it is dated 2021-07-18, and goes out then"),
    ]
    assert outcome
    assert outcome.exit_code == 0
    assert len(list((letter.root / "public").glob("20*/index.html"))) == 40
    assert (letter.root / "public" / "feed.xml").exists()
    assert list(letter.world) == []
    again, _, _ = adopt_archive(letter.config, Theme.load(), letter.now, lambda _: None)
    assert [(one.new, one.known) for one in again] == [(0, 40), (0, 40)]
    letter.tick()
    assert letter.told == []
    letter.write("2021-07-04", "旧", "改")
    done = letter.publish("2021-07-04").channels["post"]
    assert done.held_reason == "it was out before the ledger began, and stays as it is"
    letter.publish("2021-07-04", correct=True)
    letter.publish("2021-07-04", retry=True)
    assert list(letter.world) == []
    letter.now = DUE
    letter.tick()
    assert letter.sent == ["一"] * 4
