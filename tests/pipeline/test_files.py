"""What is written, what is not written again, and what heals by itself."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from publisher.archive.lock import held
from publisher.errors import BusyError
from publisher.events import ChannelOutcome, IssueChosen
from publisher.files import TEMPORARY_PREFIX
from tests.pipeline.newsletter import Newsletter, tree

# ------------------------------------------------------------- what is written


def test_pages_come_before_the_index_and_the_index_before_the_feeds(
    letter: Newsletter, replaced: list[str]
) -> None:
    letter.publish()
    made = [name for name in replaced if name.endswith((".html", ".txt"))]
    assert sorted(made[:4]) == [
        f"{date}.html" for date in ("2020-12-06", "2021-06-20", "2021-07-04", "2021-07-18")
    ]
    assert made[4:] == ["index.html", "2020.txt", "feed.txt"]
    assert replaced.index("revisions.json") < replaced.index("2021-07-18.html")
    assert replaced.index("feed.txt.gz") < replaced.index("site.json")


def test_what_a_first_run_gives(letter: Newsletter) -> None:
    outcome = letter.publish()
    assert outcome.exit_code == 0
    assert outcome.issue
    assert (outcome.issue.path, outcome.issue.title) == (
        "issues/2021-07-18.md",
        "慢刊 (2021-07-18)：第2021-07-18题",
    )
    pages, feed = outcome.channels["pages"], outcome.channels["feed"]
    assert (len(pages.written), pages.unchanged, pages.issues) == (5, 0, 4)
    assert pages.main_files == ("public/index.html",)
    assert feed.written == ("public/2020.txt", "public/2020.txt.gz", "public/feed.txt", "public/feed.txt.gz")
    assert feed.main_files == ("public/feed.txt",)
    assert letter.text("index.html").splitlines() == [
        f"慢刊 ({date})：第{date}题" for date in ("2021-07-18", "2021-07-04", "2021-06-20", "2020-12-06")
    ]
    told = [event for event in letter.events if isinstance(event, IssueChosen | ChannelOutcome)]
    assert told == [IssueChosen(outcome.issue, newest=True), pages, feed]
    assert letter.warnings == ["pages: dull: 2021-07-18"]


def test_a_page_knows_its_neighbours(letter: Newsletter) -> None:
    letter.publish()
    assert letter.text("2021-07-04.html").splitlines()[1:3] == [
        "慢刊 (2021-06-20)：第2021-06-20题",
        "慢刊 (2021-07-18)：第2021-07-18题",
    ]
    assert letter.text("2020-12-06.html").splitlines()[1] == "-"
    assert letter.text("2021-07-18.html").splitlines()[2] == "-"


def test_entries_have_the_ids_and_times_of_the_newsletter(letter: Newsletter) -> None:
    letter.publish()
    first, second = letter.text("feed.txt").splitlines()
    assert first.startswith("tag:e.org,2021:n/2021-07-18 2021-07-18 09:45:00+08:00 ")
    assert second.startswith("tag:e.org,2021:n/2021-07-04 2021-07-04 09:45:00+08:00 ")


# ------------------------------------------------------ what is not done again


def test_a_second_run_reads_nothing_and_writes_nothing(
    letter: Newsletter, parsed: list[str], replaced: list[str]
) -> None:
    first = letter.publish()
    assert len(parsed) == 4
    before = tree(letter.root)
    parsed.clear()
    replaced.clear()
    second = letter.publish()
    assert (parsed, letter.pages.rendered, replaced) == ([], [], [])
    assert second.is_unchanged
    assert second.channels["pages"].unchanged == 5
    assert tree(letter.root) == before
    quick = letter.quick()
    assert quick
    assert quick.is_unchanged
    assert quick.issue == first.issue
    assert [(name, one.unchanged) for name, one in quick.channels.items()] == [("pages", 5), ("feed", 4)]


def test_one_changed_issue_is_parsed_once(letter: Newsletter, parsed: list[str], replaced: list[str]) -> None:
    letter.publish()
    letter.write("2021-06-20", topic="第2021-06-20题", text="改过的正文")
    parsed.clear()
    replaced.clear()
    assert letter.quick() is None
    outcome = letter.publish()
    assert parsed == ["issues/2021-06-20.md"]
    assert letter.pages.rendered == ["2021-06-20"]
    assert outcome.channels["pages"].written == ("public/2021-06-20.html",)
    assert outcome.channels["feed"].written == ()  # not among the two newest, and not of 2020
    assert letter.text("2021-06-20.html").splitlines()[3] == "2021-07-18 12:00:00+08:00"


def test_a_changed_title_shows_on_the_neighbours(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    letter.write("2021-06-20", topic="新题")
    parsed.clear()
    outcome = letter.publish()
    assert sorted(parsed) == [f"issues/{date}.md" for date in ("2020-12-06", "2021-06-20", "2021-07-04")]
    assert len(outcome.channels["pages"].written) == 4
    assert letter.text("2020-12-06.html").splitlines()[2] == "慢刊 (2021-06-20)：新题"


def test_a_new_issue_costs_two_parses(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    letter.write("2021-07-19", topic="增刊")
    letter.now += dt.timedelta(days=1)
    parsed.clear()
    outcome = letter.publish()
    assert sorted(parsed) == ["issues/2021-07-18.md", "issues/2021-07-19.md"]
    assert sorted(outcome.channels["pages"].written) == [
        "public/2021-07-18.html",
        "public/2021-07-19.html",
        "public/index.html",
    ]


def test_a_touched_file_is_not_parsed(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    os.utime(letter.root / "issues" / "2021-07-04.md", ns=(1, 1_650_000_000_000_000_001))
    parsed.clear()
    assert letter.quick() is None
    assert letter.publish().is_unchanged
    assert parsed == []
    assert letter.quick()


def test_an_edit_in_the_moment_of_a_run_is_not_missed(letter: Newsletter) -> None:
    path = letter.write("2021-07-18", text="甲")
    path.touch()
    moment = path.stat().st_mtime_ns
    letter.publish()
    letter.write("2021-07-18", text="乙")  # as many bytes, and the clock of the file system has not moved
    os.utime(path, ns=(moment, moment))
    assert letter.quick() is None
    assert letter.publish().channels["pages"].written == ("public/2021-07-18.html",)


def test_channels_are_remembered_apart(letter: Newsletter, parsed: list[str]) -> None:
    letter.publish()
    letter.write("2021-07-18", topic="第2021-07-18题", text="改")
    outcome = letter.publish("feed")
    assert list(outcome.channels) == ["feed"]
    assert letter.quick("feed")
    assert letter.quick() is None
    parsed.clear()
    outcome = letter.publish()
    assert parsed == ["issues/2021-07-18.md"]
    assert outcome.channels["pages"].written == ("public/2021-07-18.html",)
    assert outcome.channels["feed"].written == ()


# ------------------------------------------------------------------ what heals


@pytest.mark.parametrize("name", ["2020-12-06.html", "index.html", "feed.txt", "2020.txt.gz"])
@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_an_output_that_was_lost_comes_back(letter: Newsletter, name: str, how: str) -> None:
    letter.publish()
    path = letter.root / "public" / name
    body = path.read_bytes()
    path.unlink() if how == "deleted" else path.write_bytes(b"")
    assert letter.quick() is None
    outcome = letter.publish()
    assert path.read_bytes() == body
    assert [key for one in outcome.channels.values() for key in one.written] == [f"public/{name}"]


@pytest.mark.parametrize("name", ["index.json", "site.json", "bodies-0.pack"])
@pytest.mark.parametrize("how", ["deleted", "cut", "rubbish"])
def test_a_damaged_cache_is_made_again_and_no_file_is_touched(
    letter: Newsletter, name: str, how: str
) -> None:
    letter.publish()
    before = tree(letter.root / "public")
    path = letter.root / ".publisher" / "cache" / name
    if how == "deleted":
        path.unlink()
    else:
        body = path.read_bytes()
        path.write_bytes(body[: len(body) // 2] if how == "cut" else b"{}" * len(body))
    letter.write("2020-12-06", topic="第2020-12-06题", text="改")  # so that there is something to do
    outcome = letter.publish()
    assert outcome.exit_code == 0
    after = tree(letter.root / "public")
    changed = {"2020-12-06.html", "2020.txt", "2020.txt.gz"}
    assert {key for key in before if before[key] != after[key]} == changed
    assert letter.quick()


def test_a_killed_run_leaves_nothing_behind(letter: Newsletter) -> None:
    letter.publish()
    (letter.root / ".publisher" / "lock").write_text("4711\n")
    strays = [
        letter.root / "public" / f"{TEMPORARY_PREFIX}1-1",
        letter.root / ".publisher" / f"{TEMPORARY_PREFIX}1-2",
    ]
    for stray in strays:
        stray.write_bytes(b"half")
    letter.publish()
    assert not any(stray.exists() for stray in strays)


def test_one_at_a_time(letter: Newsletter) -> None:
    with held(letter.root / ".publisher" / "lock"):
        before = tree(letter.root)
        with pytest.raises(BusyError):
            letter.publish()
        assert tree(letter.root) == before
