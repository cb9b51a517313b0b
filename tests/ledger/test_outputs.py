"""Folders whose files are being written."""

from __future__ import annotations

from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.outputs import record_files_done, record_files_started
from publisher.ledger.queries import find_status
from tests.ledger.shortcuts import MINUTE, NOON, begun, claim, rows

PAGE, FEED = PublicationKey("1", "web", "public"), PublicationKey("1", "rss", "public")


def test_files_are_begun_and_ended(ledger: Ledger) -> None:
    record_files_started(ledger, {PAGE: "v1", FEED: "v2"}, NOON)
    found = find_status(ledger, PAGE)
    assert found
    assert (found.done, found.digest, found.changed, found.published) == (False, "v1", NOON, None)
    record_files_done(ledger, {("web", "public"): ()}, NOON + MINUTE)
    found = find_status(ledger, PAGE)
    assert found
    assert (found.done, found.published) == (True, NOON + MINUTE)
    found = find_status(ledger, FEED)
    assert found
    assert not found.done


def test_files_that_are_written_again_were_published_then(ledger: Ledger) -> None:
    for minutes, digest in ((0, "v1"), (5, "v2")):
        record_files_started(ledger, {PAGE: digest}, NOON + minutes * MINUTE)
        found = find_status(ledger, PAGE)
        assert found
        assert (found.done, found.digest) == (False, digest)
        record_files_done(ledger, {("web", "public"): ()}, NOON + (minutes + 1) * MINUTE)
    found = find_status(ledger, PAGE)
    assert found
    assert (found.done, found.published, found.changed) == (True, NOON + MINUTE, NOON + 5 * MINUTE)
    assert rows(ledger, "SELECT COUNT(*) FROM publication") == [(1,)]


def test_files_and_posts_do_not_meet(ledger: Ledger) -> None:
    begun(ledger)
    record_files_started(ledger, {PAGE: "v1"}, NOON)
    record_files_done(ledger, {("web", "public"): ()}, NOON)
    assert rows(ledger, "SELECT channel, done FROM publication ORDER BY id") == [("post", 0), ("web", 1)]
    assert claim(ledger, key=PAGE).fence == 1
