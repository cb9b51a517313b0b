"""What is written, what is not written again, and what heals by itself."""

from __future__ import annotations

import datetime as dt
import os
import time
from multiprocessing import active_children
from typing import Any

import pytest

from publisher.archive.lock import acquire_lock
from publisher.build import process_pool
from publisher.checker import require_no_errors
from publisher.errors import BusyError
from publisher.events import ChannelOutcome, IssueChosen
from publisher.files import TEMPORARY_PREFIX
from tests.build.file_channels import tree
from tests.support.newsletter import Project, write_settled

# ------------------------------------------------------------- what is written


def test_pages_come_before_the_index_and_the_index_before_the_feeds(project: Project, replaced: list[str]) -> None:
    project.publish()
    made = [name for name in replaced if name.endswith((".html", ".txt"))]
    assert sorted(made[:4]) == [f"{date}.html" for date in ("2020-12-06", "2021-06-20", "2021-07-04", "2021-07-18")]
    assert made[4:] == ["index.html", "2020.txt", "feed.txt"]
    assert replaced.index("revisions.json") < replaced.index("2021-07-18.html")
    assert replaced.index("feed.txt.gz") < replaced.index("site.json")


def test_what_a_first_run_gives(project: Project) -> None:
    outcome = project.publish()
    assert outcome.exit_code == 0
    assert outcome.issue
    assert (outcome.issue.path, outcome.issue.title) == ("issues/2021-07-18.md", "慢刊 (2021-07-18)：第2021-07-18题")
    pages, feed = outcome.channels["pages"], outcome.channels["feed"]
    assert (len(pages.written), pages.unchanged, pages.issues) == (5, 0, 4)
    assert pages.main_files == ("public/index.html",)
    assert feed.written == ("public/2020.txt", "public/2020.txt.gz", "public/feed.txt", "public/feed.txt.gz")
    assert feed.main_files == ("public/feed.txt",)
    assert project.text("index.html").splitlines() == [
        f"慢刊 ({date})：第{date}题" for date in ("2021-07-18", "2021-07-04", "2021-06-20", "2020-12-06")
    ]
    reported = [event for event in project.run_events if isinstance(event, IssueChosen | ChannelOutcome)]
    assert reported == [IssueChosen(outcome.issue, newest=True), pages, feed]
    assert project.warnings == ["pages: dull: 2021-07-18"]


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_file_names_that_are_not_utf8_are_published_from_several_processes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in range(1, 13):
        for day in (1, 8, 15):
            date = f"2019-{month:02}-{day:02}"
            project.write(date, name=f"{date}-\udcff")
    monkeypatch.setattr(process_pool, "_count_processors", lambda: 2)
    assert project.publish().channels["pages"].issues == 40
    assert (project.root / "public" / "2019-01-01.html").exists()


def test_no_process_waits_while_the_issue_is_checked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 29):
        project.write(f"2019-02-{number:02}")
    monkeypatch.setattr(process_pool, "_count_processors", lambda: 2)
    found: list[int] = []

    def check(*arguments: Any, **options: Any) -> dict[str, str]:
        found.append(len(active_children()))
        return require_no_errors(*arguments, **options)

    monkeypatch.setattr("publisher.pipeline.publish.require_no_errors", check)
    assert project.publish().channels["pages"].issues == 32
    assert found == [0]


def test_a_page_knows_its_neighbours(project: Project) -> None:
    project.publish()
    assert project.text("2021-07-04.html").splitlines()[1:3] == [
        "慢刊 (2021-06-20)：第2021-06-20题",
        "慢刊 (2021-07-18)：第2021-07-18题",
    ]
    assert project.text("2020-12-06.html").splitlines()[1] == "-"
    assert project.text("2021-07-18.html").splitlines()[2] == "-"


def test_entries_have_the_ids_and_times_of_the_newsletter(project: Project) -> None:
    project.publish()
    first, second = project.text("feed.txt").splitlines()
    assert first.startswith("tag:e.org,2021:n/2021-07-18 2021-07-18 09:45:00+08:00 ")
    assert second.startswith("tag:e.org,2021:n/2021-07-04 2021-07-04 09:45:00+08:00 ")


# ------------------------------------------------------ what is not done again


def test_a_second_run_reads_nothing_and_writes_nothing(
    project: Project, parsed: list[str], replaced: list[str]
) -> None:
    first = project.publish()
    assert len(parsed) == 4
    before = tree(project.root)
    parsed.clear()
    replaced.clear()
    project.channels[0].rendered.clear()
    second = project.publish()
    assert (parsed, project.channels[0].rendered, replaced) == ([], [], [])
    assert second.is_unchanged
    assert second.channels["pages"].unchanged == 5
    assert tree(project.root) == before
    quick = project.quick()
    assert quick
    assert quick.is_unchanged
    assert quick.issue == first.issue
    assert [(name, one.unchanged) for name, one in quick.channels.items()] == [("pages", 5), ("feed", 4)]


def test_one_changed_issue_is_parsed_once(project: Project, parsed: list[str], replaced: list[str]) -> None:
    project.publish()
    project.write("2021-06-20", "第2021-06-20题", text="改过的正文")
    parsed.clear()
    replaced.clear()
    project.channels[0].rendered.clear()
    assert project.quick() is None
    outcome = project.publish()
    assert parsed == ["issues/2021-06-20.md"]
    assert project.channels[0].rendered == ["2021-06-20"]
    assert outcome.channels["pages"].written == ("public/2021-06-20.html",)
    assert outcome.channels["feed"].written == ()  # not among the two newest, and not of 2020
    assert project.text("2021-06-20.html").splitlines()[3] == "2021-07-18 12:00:00+08:00"


def test_a_changed_title_shows_on_the_neighbours(project: Project, parsed: list[str]) -> None:
    project.publish()
    project.write("2021-06-20", "新题")
    parsed.clear()
    outcome = project.publish()
    assert sorted(parsed) == [f"issues/{date}.md" for date in ("2020-12-06", "2021-06-20", "2021-07-04")]
    assert len(outcome.channels["pages"].written) == 4
    assert project.text("2020-12-06.html").splitlines()[2] == "慢刊 (2021-06-20)：新题"


def test_what_an_issue_is_about_shows_on_the_neighbours_alone(project: Project, parsed: list[str]) -> None:
    project.publish()
    path = project.path("2021-06-20")
    write_settled(path, path.read_text("utf-8").replace("条目", "潮位计"))
    parsed.clear()
    project.publish()
    assert sorted(parsed) == [f"issues/{date}.md" for date in ("2020-12-06", "2021-06-20", "2021-07-04")]


def test_a_new_issue_costs_two_parses(project: Project, parsed: list[str]) -> None:
    project.publish()
    project.write("2021-07-19", "增刊")
    project.now += dt.timedelta(days=1)
    parsed.clear()
    outcome = project.publish()
    assert sorted(parsed) == ["issues/2021-07-18.md", "issues/2021-07-19.md"]
    assert sorted(outcome.channels["pages"].written) == [
        "public/2021-07-18.html",
        "public/2021-07-19.html",
        "public/index.html",
    ]


def test_only_what_names_its_neighbours_is_rendered_for_a_new_one(project: Project) -> None:
    pages, feed = project.channels
    project.publish()
    project.write("2021-07-19", "增刊")
    project.now += dt.timedelta(days=1)
    pages.rendered.clear()
    feed.rendered.clear()
    project.publish()
    assert sorted(pages.rendered) == ["2021-07-18", "2021-07-19"]
    assert feed.rendered == ["2021-07-19"]
    assert project.text("2021-07-18.html").splitlines()[2] == "慢刊 (2021-07-19)：增刊"


def test_a_touched_file_is_not_parsed(project: Project, parsed: list[str]) -> None:
    project.publish()
    os.utime(project.root / "issues" / "2021-07-04.md", ns=(1, 1_650_000_000_000_000_001))
    parsed.clear()
    assert project.publish().is_unchanged
    assert parsed == []
    assert project.quick()


def test_an_edit_in_the_moment_of_a_run_is_not_missed(project: Project) -> None:
    path = project.write("2021-07-18", text="甲")
    moment = time.time_ns() + 600_000_000_000  # not long ago, however slowly this test runs
    os.utime(path, ns=(moment, moment))
    project.publish()
    project.write("2021-07-18", text="乙")  # as many bytes, and the clock of the file system has not moved
    os.utime(path, ns=(moment, moment))
    assert project.quick() is None
    assert project.publish().channels["pages"].written == ("public/2021-07-18.html",)


def test_channels_are_remembered_apart(project: Project, parsed: list[str]) -> None:
    project.publish()
    project.write("2021-07-18", "第2021-07-18题", text="改")
    outcome = project.publish(channels=("feed",))
    assert list(outcome.channels) == ["feed"]
    assert project.quick("feed")
    assert project.quick() is None
    parsed.clear()
    outcome = project.publish()
    assert parsed == [], "it was parsed for the feed"
    assert outcome.channels["pages"].written == ("public/2021-07-18.html",)
    assert outcome.channels["feed"].written == ()


# ------------------------------------------------------------------ what heals


@pytest.mark.parametrize("name", ["2020-12-06.html", "index.html", "feed.txt", "2020.txt.gz"])
@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_an_output_that_was_lost_comes_back(project: Project, name: str, how: str) -> None:
    project.publish()
    path = project.root / "public" / name
    body = path.read_bytes()
    path.unlink() if how == "deleted" else path.write_bytes(b"")
    assert project.quick() is None
    outcome = project.publish()
    assert path.read_bytes() == body
    assert [key for one in outcome.channels.values() for key in one.written] == [f"public/{name}"]


@pytest.mark.parametrize("name", ["index.json", "site.json", "bodies-0.pack"])
@pytest.mark.parametrize("how", ["deleted", "cut", "rubbish"])
def test_a_damaged_cache_is_made_again_and_no_file_is_touched(project: Project, name: str, how: str) -> None:
    project.publish()
    before = tree(project.root / "public")
    path = project.root / ".publisher" / "cache" / name
    if how == "deleted":
        path.unlink()
    else:
        body = path.read_bytes()
        path.write_bytes(body[: len(body) // 2] if how == "cut" else b"{}" * len(body))
    project.write("2020-12-06", "第2020-12-06题", text="改")  # so that there is something to do
    outcome = project.publish()
    assert outcome.exit_code == 0
    after = tree(project.root / "public")
    changed = {"2020-12-06.html", "2020.txt", "2020.txt.gz"}
    assert {key for key in before if before[key] != after[key]} == changed
    assert project.quick()


def test_a_killed_run_leaves_nothing_behind(project: Project) -> None:
    project.publish()
    (project.root / ".publisher" / "lock").write_text("4711\n")
    strays = [
        project.root / "public" / f"{TEMPORARY_PREFIX}1-1",
        project.root / ".publisher" / f"{TEMPORARY_PREFIX}1-2",
    ]
    for stray in strays:
        stray.write_bytes(b"half")
    project.publish()
    assert not any(stray.exists() for stray in strays)


def test_one_at_a_time(project: Project) -> None:
    with acquire_lock(project.root / ".publisher" / "lock"):
        before = tree(project.root)
        with pytest.raises(BusyError):
            project.publish()
        assert tree(project.root) == before
