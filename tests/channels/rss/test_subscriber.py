"""What somebody sees who follows a feed in a real reader while the newsletter goes on."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace
from reader import make_reader

LATER = dt.datetime(2021, 7, 25, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
FEEDS = ("public/feed.xml", "public/atom.xml")


def follow(folder, key, before, after):
    """Subscribe to the feed, read everything, fetch again: (titles of new entries, number of changed)."""
    file = folder / "feed.xml"
    with make_reader(":memory:", feed_root=str(folder)) as reader:
        file.write_bytes(before.files()[key])
        reader.add_feed("feed.xml")
        reader.update_feeds()
        entries = list(reader.get_entries())
        assert len(entries) == min(len(before.issues), 20)
        for entry in entries:
            reader.mark_entry_as_read(entry)
        file.write_bytes(after.files()[key])
        result = reader.update_feed("feed.xml")
        assert reader.get_feed("feed.xml").last_exception is None
        return [entry.title for entry in reader.get_entries(read=False)], result.modified if result else 0


@pytest.fixture(params=FEEDS)
def key(request):
    return request.param


def test_the_same_build_again_is_no_news(newsletter, key, tmp_path):
    assert follow(tmp_path, key, newsletter, newsletter.add()) == ([], 0)


def test_a_typo_fixed_changes_one_entry_and_announces_none(newsletter, issue, key, tmp_path):
    fixed = newsletter.add(issue("2021-03-07", "这一周风平浪也静。"), updated=LATER)
    assert follow(tmp_path, key, newsletter, fixed) == ([], 1)


def test_a_new_title_changes_one_entry_and_announces_none(newsletter, issue, key, tmp_path):
    retitled = newsletter.add(issue("2021-03-07"), title="潮汐简报 (2021-03-07)：三月", updated=LATER)
    assert follow(tmp_path, key, newsletter, retitled) == ([], 1)


def test_the_next_issue_is_one_new_entry(newsletter, issue, key, tmp_path):
    assert follow(tmp_path, key, newsletter, newsletter.add(issue("2021-07-25"))) == (["潮汐简报 (2021-07-25)"], 0)


def test_the_next_issue_is_one_new_entry_when_an_old_one_leaves(empty, weeks, issue, key, tmp_path):
    before = empty.add(*weeks(20, "2021-02-07"))
    assert follow(tmp_path, key, before, before.add(issue("2021-07-25"))) == (["潮汐简报 (2021-07-25)"], 0)


def test_a_new_address_of_the_site_announces_nothing(newsletter, key, tmp_path):
    context = newsletter.context
    moved = replace(context.newsletter, url="https://new.example.org/{date}.html", base="https://new.example.org/")
    issues = {
        name: (issue, replace(entry, url=moved.issue_url(issue.id, entry.date)))
        for name, (issue, entry) in newsletter.issues.items()
    }
    after = replace(newsletter, context=replace(context, newsletter=moved), issues=issues)
    new, changed = follow(tmp_path, key, newsletter, after)
    assert new == []
    assert changed == len(issues)
