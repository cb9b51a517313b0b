"""An issue with errors does not go out by itself: it is held and told once, and goes on when it is mended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from publisher.calendar.calendar import ItemStatus
from publisher.channel import Receipt
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.errors import DeliveryError
from publisher.timetable import Schedule
from tests.daemon.conftest import DUE, HOUR, MINUTE, Newsletter
from tests.support.fake_channel import Call, Letters

DAY = 24 * HOUR
SAID = "issues/2021-07-18.md has 1 error: empty-url at line 5"
LOOK = "publish check issues/2021-07-18.md"


def spoil(letter: Newsletter, date: str = "2021-07-18") -> None:
    """Have an issue with a link that leads nowhere."""
    letter.path(date).write_text(f"# 慢刊 ({date})：坏\n\n## 新闻\n\n- [条目]()\n")


def pages(letter: Newsletter) -> list[str]:
    return [path.parent.name for path in sorted((letter.root / "public").glob("20*/index.html"))]


def seen(letter: Newsletter) -> list[tuple[str, ItemStatus]]:
    return [(one.key.channel, one.status) for one in letter.coming().items]


def test_it_is_held_told_once_and_goes_out_when_it_is_mended(letter: Newsletter) -> None:
    letter.channels = (Web(), Rss(), *letter.channels)
    spoil(letter)
    assert letter.tick().exit_code == 1
    letter.now += MINUTE
    assert letter.tick().exit_code == 0
    letter.restart()
    letter.now += 30 * HOUR
    assert letter.tick().exit_code == 0
    [told] = letter.told
    assert (told.what, told.issue, told.alarm) == ("unsound", "2021-07-18", True)
    assert (told.message, told.channels) == (SAID, ("web", "rss", "post"))
    assert told.hint == f"{LOOK} · or publish --issue 2021-07-18 --force"
    assert (letter.sent, pages(letter)) == ([], [])
    letter.write("2021-07-18", "好")
    letter.tick()
    assert (letter.sent, pages(letter)) == (["好"], ["2021-07-18"])


def test_other_errors_are_told_anew(letter: Newsletter) -> None:
    spoil(letter)
    letter.tick()
    letter.path("2021-07-18").write_text("# 慢刊 (2021-07-18)：坏\n\n## 新闻\n\n- [条目\n")
    letter.tick()
    told = [one.message.partition(": ")[2] for one in letter.said("unsound")]
    assert told == ["empty-url at line 5", "unclosed-link at line 5"]


def test_it_is_seen_before_its_time_and_told_when_it_has_come(letter: Newsletter) -> None:
    spoil(letter)
    letter.now = DUE - MINUTE
    assert letter.tick().next_due == DUE
    assert letter.told == []
    [one] = letter.coming().items
    assert (one.status, one.detail, one.hint) == (ItemStatus.HAS_ERRORS, SAID, LOOK)
    letter.now = DUE
    letter.tick()
    assert [one.what for one in letter.told] == ["unsound"]
    assert seen(letter) == [("post", ItemStatus.HAS_ERRORS)]
    letter.write("2021-07-18", "好")
    letter.now = DUE - MINUTE
    assert seen(letter) == [("post", ItemStatus.WAITING)]


def test_each_text_is_looked_at_once(letter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many issues lie ahead, a tick has little to do."""
    spoil(letter)
    letter.now = DUE - HOUR
    letter.tick()

    def look(*_: object) -> None:
        raise AssertionError("the text is the same")

    with monkeypatch.context() as changed:
        changed.setattr("publisher.checks.check.grave", look)
        letter.restart()
        letter.tick()
    letter.now = DUE
    letter.tick()
    assert [one.message for one in letter.said("unsound")] == [SAID]


def test_mended_too_late_it_is_missed(letter: Newsletter) -> None:
    letter.channels = (Web(), *letter.channels)
    spoil(letter)
    letter.tick()
    letter.now = DUE + letter.schedule.catch_up + MINUTE
    letter.tick()
    [missed] = letter.said("missed")
    assert (missed.issue, missed.channels) == ("2021-07-18", ("post",))
    assert pages(letter) == [], "a page cannot come too late, but it still has the error"
    letter.write("2021-07-18", "好")
    letter.tick()
    assert (letter.sent, pages(letter)) == ([], ["2021-07-18"])
    assert [one.what for one in letter.told] == ["unsound", "missed", "publishing", "published"]


def test_the_archive_goes_without_it(letter: Newsletter) -> None:
    letter.channels = (Web(), Rss(), *letter.channels)
    spoil(letter)
    letter.tick()
    letter.write("2021-08-01", "二")
    letter.now = DUE + 14 * DAY
    letter.tick()
    assert (letter.sent, pages(letter)) == (["二"], ["2021-08-01"])
    assert "2021-07-18" not in (letter.root / "public" / "feed.xml").read_text()
    letter.write("2021-07-18", "好")
    letter.tick()
    assert pages(letter) == ["2021-07-18", "2021-08-01"]


def test_who_publishes_another_one_by_hand_leaves_it_out(letter: Newsletter) -> None:
    letter.channels = (Web(), Rss(), *letter.channels)
    spoil(letter)
    letter.write("2021-07-04", "旧")
    letter.tick()
    letter.write("2021-07-04", "改")
    assert letter.publish("2021-07-04", channels=("web", "rss")).exit_code == 0
    assert pages(letter) == ["2021-07-04"]
    assert "改" in (letter.root / "public" / "2021-07-04" / "index.html").read_text()
    assert "/2021-07-18/" not in (letter.root / "public" / "feed.xml").read_text()
    letter.publish(channels=("web",), force=True)
    assert pages(letter) == ["2021-07-04", "2021-07-18"]
    letter.publish("2021-07-04", channels=("web",))
    assert "2021-07-18" in (letter.root / "public" / "index.html").read_text(), "what is out stays"


def test_whoever_insists_has_it_out(letter: Newsletter) -> None:
    letter.channels = (*letter.channels, Letters(letter.world, count=2))
    letter.schedule = Schedule(channel_times={"letters": dt.time(10, 45)})
    spoil(letter)
    letter.tick()
    assert letter.publish(channels=("post",), force=True).exit_code == 0
    assert letter.sent == ["坏"]
    letter.now += HOUR
    letter.tick()
    assert letter.sent == ["坏"] * 3, "the same text goes on to the others at their time"


def test_an_old_archive_is_not_looked_at_any_more(letter: Newsletter) -> None:
    letter.channels = (Web(), *letter.channels)
    for date in ("2021-06-20", "2021-07-04"):
        spoil(letter, date)
    letter.tick()
    assert letter.sent == ["一"]
    assert pages(letter) == ["2021-06-20", "2021-07-04", "2021-07-18"]
    assert {one.what for one in letter.told} == {"missed", "publishing", "published"}


def test_off_for_three_days_with_an_error(letter: Newsletter) -> None:
    letter.channels = (Web(), *letter.channels)
    spoil(letter)
    letter.now = DUE + 3 * DAY
    letter.tick()
    assert [(one.what, one.channels) for one in letter.told] == [("missed", ("post",)), ("unsound", ("web",))]
    assert pages(letter) == []


def test_an_error_that_slips_in_while_it_goes_out(letter: Newsletter) -> None:
    """Fault 42, second half: what was begun ends as it began, with a warning."""
    letter.write("2021-07-18", "一", "二")
    letter.with_post(behaves=refuse_the_second)
    letter.tick()
    letter.with_post(behaves=None)
    spoil(letter)
    letter.now += 2 * HOUR
    letter.tick()
    assert letter.sent == ["一", "二"]
    [warning] = letter.said("warning")
    assert (warning.message, warning.hint) == (f"{SAID}; it ends as it began", LOOK)
    assert [one.what for one in letter.told[-2:]] == ["warning", "published"]
    letter.tick()
    assert letter.sent == ["一", "二"]


def test_an_error_that_slips_in_while_letters_go_out(letter: Newsletter) -> None:
    busy = [True]

    def behave(_: Call, effect: Callable[[], Receipt]) -> Receipt:
        if len(letter.sent) >= 5 and busy[0]:
            raise DeliveryError("tired", retry_after=3600)
        return effect()

    letter.channels = (Letters(letter.world, count=12, behaves=behave),)
    letter.tick()
    begun = len(letter.sent)
    assert begun < 12
    busy[0] = False
    spoil(letter)
    letter.restart()
    letter.now += 2 * HOUR
    letter.tick()
    assert letter.sent == ["一"] * 12
    assert set(letter.world.sent.values()) == {1}
    letter.channels = (*letter.channels, Web())
    letter.tick()
    assert pages(letter) == [], "where nothing of it is, the errors keep it back"


def refuse_the_second(call: Call, effect: Callable[[], Receipt]) -> Receipt:
    if call.part == "1":
        return effect()
    raise DeliveryError("tired", retry_after=3600)
