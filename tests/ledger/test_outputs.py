"""Destinations that moved, and folders whose files are being written."""

from __future__ import annotations

from publisher.ledger import Key, Ledger
from publisher.ledger.outputs import begin_files, end_files, move, moved
from publisher.ledger.queries import standing
from tests.ledger.shortcuts import MINUTE, NOON, begun, claim, rows

PAGE, FEED = Key("1", "web", "public"), Key("1", "rss", "public")


def test_a_destination_moves(ledger: Ledger) -> None:
    assert moved(ledger, "telegram") == {}
    move(ledger, "telegram", "-1", "-1001")
    move(ledger, "telegram", "-2", "-1002")
    move(ledger, "telegram", "-1", "-1003")
    move(ledger, "fax", "-1", "7")
    assert moved(ledger, "telegram") == {"-1": "-1003", "-2": "-1002"}


def test_files_are_begun_and_ended(ledger: Ledger) -> None:
    begin_files(ledger, {PAGE: "v1", FEED: "v2"}, NOON)
    found = standing(ledger, PAGE)
    assert found
    assert (found.done, found.digest, found.changed, found.published) == (False, "v1", NOON, None)
    end_files(ledger, [("web", "public")], NOON + MINUTE)
    found = standing(ledger, PAGE)
    assert found
    assert (found.done, found.published) == (True, NOON + MINUTE)
    found = standing(ledger, FEED)
    assert found
    assert not found.done


def test_files_that_are_written_again_were_published_then(ledger: Ledger) -> None:
    for minutes, digest in ((0, "v1"), (5, "v2")):
        begin_files(ledger, {PAGE: digest}, NOON + minutes * MINUTE)
        found = standing(ledger, PAGE)
        assert found
        assert (found.done, found.digest) == (False, digest)
        end_files(ledger, [("web", "public")], NOON + (minutes + 1) * MINUTE)
    found = standing(ledger, PAGE)
    assert found
    assert (found.done, found.published, found.changed) == (True, NOON + MINUTE, NOON + 5 * MINUTE)
    assert rows(ledger, "SELECT COUNT(*) FROM publication") == [(1,)]


def test_files_and_posts_do_not_meet(ledger: Ledger) -> None:
    begun(ledger)
    begin_files(ledger, {PAGE: "v1"}, NOON)
    end_files(ledger, [("web", "public")], NOON)
    assert rows(ledger, "SELECT channel, done FROM publication ORDER BY id") == [("post", 0), ("web", 1)]
    assert claim(ledger, key=PAGE).fence == 1
