"""The window of the live feeds and the archives behind it (RFC 5005)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

import pytest
from lxml import etree

FORMATS = {"rss": "public/feed.xml", "atom": "public/atom.xml"}
SITE = "https://tide.example.org/weekly/"
HISTORY = "{http://purl.org/syndication/history/1.0}"
ID = {"rss": ".//guid", "atom": ".//{*}entry/{*}id"}


def link(tree, rel):
    found = [element.get("href") for element in tree.iter("{http://www.w3.org/2005/Atom}link")]
    rels = [element.get("rel") for element in tree.iter("{http://www.w3.org/2005/Atom}link")]
    return next((href for href, given in zip(found, rels, strict=True) if given == rel), None)


def walk(files, form):
    """What a reader sees that starts at the live feed and follows prev-archive: (address, tree) pairs."""
    address = SITE + FORMATS[form].removeprefix("public/")
    while address:
        tree = etree.fromstring(files["public/" + address.removeprefix(SITE)])
        assert link(tree, "self") == address
        yield address, tree
        address = link(tree, "prev-archive")


def days(tree, form):
    return [element.text.rpartition("/")[2] for element in tree.iterfind(ID[form])]


@pytest.mark.parametrize("form", FORMATS)
def test_walking_back_meets_every_issue_once_from_new_to_old(empty, weeks, form):
    issues = weeks(70, "2019-11-03")
    files = empty.add(*issues).files()
    visited = list(walk(files, form))
    seen = [day for _, tree in visited for day in days(tree, form)]
    assert seen == [issue.id for issue in reversed(issues)]
    names = [address.removeprefix(SITE) for address, _ in visited]
    end = ".atom.xml" if form == "atom" else ".xml"
    assert names[1:] == [f"archive/2020{end}", f"archive/2019{end}"]
    assert [len(days(tree, form)) for _, tree in visited] == [20, 41, 9]


@pytest.mark.parametrize("form", FORMATS)
def test_an_archive_says_it_is_one_and_where_the_live_feed_is(empty, weeks, form):
    files = empty.add(*weeks(70, "2019-11-03")).files()
    (live, top), *older = walk(files, form)
    assert top.find(f".//{HISTORY}archive") is None
    assert top.find(f".//{HISTORY}complete") is None
    for _, tree in older:
        assert tree.find(f".//{HISTORY}archive") is not None
        assert link(tree, "current") == live
        assert link(tree, "next-archive") is None
    assert link(older[-1][1], "prev-archive") is None


@pytest.mark.parametrize("form", FORMATS)
def test_a_newsletter_that_fits_in_one_feed_says_so(newsletter, form):
    ((_, tree),) = walk(newsletter.files(), form)
    assert tree.find(f".//{HISTORY}complete") is not None
    assert len(days(tree, form)) == 4


def test_years_without_issues_have_no_archive(empty, issue):
    files = empty.using(entries=1).add(*map(issue, ("2017-05-01", "2019-05-01", "2021-05-01"))).files()
    assert {key for key in files if "archive" in key and key.endswith(".xml")} == {
        "public/archive/2017.xml",
        "public/archive/2017.atom.xml",
        "public/archive/2019.xml",
        "public/archive/2019.atom.xml",
    }
    tree = etree.fromstring(files["public/archive/2019.xml"])
    assert link(tree, "prev-archive") == f"{SITE}archive/2017.xml"


def test_a_new_issue_leaves_closed_archives_alone(empty, weeks, issue):
    before = empty.add(*weeks(70, "2019-11-03"))
    after = before.add(issue("2021-03-07"))
    old, new = before.files(), after.files()
    touched = {key for key in old | new if old.get(key) != new.get(key)}
    assert {key for key in touched if "2019" in key} == set()
    assert {key.partition(".")[0] for key in touched} == {"public/archive/2020", "public/feed", "public/atom"}
    digests = {group.key: group.digest for group in before.groups()}
    changed = {group.key for group in after.groups() if digests.get(group.key) != group.digest}
    assert changed == {"archive/2020", "live"}


@pytest.mark.parametrize("dated", [{"updated": dt.datetime(2021, 4, 1, tzinfo=dt.UTC)}, {}])
def test_a_correction_of_an_old_issue_changes_its_archive_only(empty, weeks, issue, dated):
    before = empty.add(*weeks(70, "2019-11-03"))
    after = before.add(issue("2019-12-01", "浪其实更高。"), **dated)
    digests = {group.key: group.digest for group in before.groups()}
    assert [g.key for g in after.groups() if g.digest != digests[g.key]] == ["archive/2019"]
    old, new = before.files(), after.files()
    assert {key.partition(".")[0] for key in old if old[key] != new[key]} == {"public/archive/2019"}


def test_equal_inputs_have_equal_digests_and_settings_count(newsletter):
    def digests(of):
        return {group.key: group.digest for group in of.groups()}

    plain = newsletter.using(entries=1)
    assert digests(plain) == digests(newsletter.using(entries=1))
    with_hub = digests(plain.using(hub="https://hub.example.net/"))
    assert {key for key, digest in digests(plain).items() if with_hub[key] != digest} == {"live"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in with_hub.values())


def test_groups_come_in_the_order_they_must_be_written(newsletter):
    keys = [group.key for group in newsletter.using(entries=1, items=True).groups()]
    assert keys == ["style", "archive/2020", "archive/2021", "items", "live"]
    last = [part.key for part in newsletter.parts() if not part.key.endswith((".gz", ".br"))][-3:]
    assert last == ["public/feed.json", "public/atom.xml", "public/feed.xml"]


def test_archives_that_are_not_made_again_are_not_read(empty, weeks):
    newsletter = empty.add(*weeks(70, "2019-11-03"))
    groups = newsletter.groups()
    newest = [entry.id for entry in newsletter.entries[:20]]
    assert newsletter.asked == newest
    list(next(group for group in groups if group.key == "archive/2019").parts())
    assert len(newsletter.asked) == 20 + 9 * 2, "for RSS and for Atom"


def test_the_live_feed_is_cut_where_it_would_be_too_large_for_readers(empty, issue):
    heavy = "<&>浪" * 4_000  # 24 kB of text, 120 kB once it is mark-up inside mark-up
    issues = [issue(f"2021-{month:02}-01", heavy) for month in range(1, 13)]
    files = empty.add(*issues).files()
    live = [files[key] for key in (*FORMATS.values(), "public/feed.json")]
    assert max(map(len, live)) <= 512 * 1024
    assert max(map(len, live)) > 512 * 1024 * 0.7, "more would have fitted"
    for form in FORMATS:
        seen = [day for _, tree in walk(files, form) for day in days(tree, form)]
        assert sorted(seen) == [issue.id for issue in issues]
        assert len(seen) > len(days(next(walk(files, form))[1], form)) > 1


def test_the_editor_is_warned_that_not_all_fit_and_only_then(empty, issue):
    heavy = empty.add(*[issue(f"2021-{month:02}-01", "<&>浪" * 4_000) for month in range(1, 13)])
    count = len(days(etree.fromstring(heavy.files()["public/feed.xml"]), "rss"))
    (warning,) = filter(None, [group.warning for group in heavy.groups()])
    assert warning.startswith(f"the feeds have the newest {count} issues, not 12: more would be over 500 kB")
    assert warning.endswith(f"set entries = {count}")
    for fitting in (heavy.using(entries=count), empty.add(*[issue(f"2021-{month:02}-01") for month in range(1, 13)])):
        assert [group.warning for group in fitting.groups() if group.warning] == []


def test_there_are_as_many_as_the_editor_asked_for(empty, weeks):
    files = empty.using(entries=60).add(*weeks(70, "2019-11-03")).files()
    assert len(days(etree.fromstring(files["public/feed.xml"]), "rss")) == 60


def test_an_issue_too_large_for_any_reader_is_shown_alone(empty, issue):
    newsletter = empty.add(issue("2021-01-03"), issue("2021-01-10", "浪" * 200_000))
    assert days(etree.fromstring(newsletter.files()["public/feed.xml"]), "rss") == ["2021-01-10"]


def test_item_feeds_stay_in_the_same_bounds(empty, issue):
    heavy = [issue(f"2021-{month:02}-01", "<&>浪" * 4_000) for month in range(1, 13)]
    files = empty.using(items=True).add(*heavy).files()
    sizes = [len(files[f"public/{name}"]) for name in ("items.xml", "items.atom.xml", "items.json")]
    assert 512 * 1024 * 0.7 < max(sizes) <= 512 * 1024


def test_a_newsletter_without_issues_has_no_feeds(empty):
    assert empty.parts() == []


def test_bytes_do_not_depend_on_the_order_issues_were_found_in(empty, weeks):
    issues = weeks(30, "2020-06-07")
    one, other = empty.add(*issues), empty.add(*reversed(issues))

    def sums(newsletter):
        return {key: hashlib.sha256(body).hexdigest() for key, body in newsletter.files().items()}

    assert sums(one) == sums(other)
