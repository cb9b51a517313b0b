"""Dates for issues that have none: from git, from names, from time stamps, or counted back."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from publisher.scaffold.discovery import find_issues
from publisher.scaffold.history import Dating, count_back, date_issues, read_first_commits
from tests.scaffold.conftest import Commit, Write

TODAY = dt.date(2024, 7, 19)


def days(folder: Path) -> dict[str, str]:
    return {path: str(day) for path, day in dating(folder).dates.items()}


def dating(folder: Path) -> Dating:
    return date_issues(folder, find_issues(folder).issues, TODAY)


def test_the_first_commit_counts_whatever_came_later(write: Write, commit: Commit) -> None:
    folder = write({"issue-1.md": "# A\n\nThe text of the first issue, which is long enough to be known again.\n"})
    commit("2024-01-05")
    write({"issue-2.md": "# B\n"})
    commit("2024-01-12")
    write({"issue-1.md": "# A, corrected\n\nThe text of the first issue, which is long enough to be known again.\n"})
    commit("2024-02-01")
    assert days(folder) == {"issue-1.md": "2024-01-05", "issue-2.md": "2024-01-12"}
    assert not dating(folder).guessed


def test_a_file_that_was_moved_keeps_its_date(write: Write, commit: Commit) -> None:
    folder = write({"docs/issue-1.md": "# A\n\nThe text of the first issue, which is long enough to be known again.\n"})
    commit("2024-01-05")
    (folder / "issues").mkdir()
    (folder / "docs" / "issue-1.md").rename(folder / "issues" / "期刊-1.md")
    commit("2024-03-01")
    assert read_first_commits(folder)["issues/期刊-1.md"] == dt.date(2024, 1, 5)


def test_a_newsletter_below_the_root_of_the_repository(write: Write, commit: Commit) -> None:
    folder = write({"letter/issue-1.md": "# A\n", "issue-1.md": "# Other\n"})
    commit("2024-01-05")
    assert days(folder / "letter") == {"issue-1.md": "2024-01-05"}


def test_files_that_came_in_one_commit_are_counted_back(write: Write, commit: Commit) -> None:
    folder = write({f"issue-{number}.md": f"# Number {number}\n" for number in range(7, 11)})
    commit("2024-06-01")
    write({"issue-11.md": "# Number 11\n"})
    commit("2024-06-08")
    assert days(folder) == {
        "issue-7.md": "2024-05-11",
        "issue-8.md": "2024-05-18",
        "issue-9.md": "2024-05-25",
        "issue-10.md": "2024-06-01",
        "issue-11.md": "2024-06-08",
    }
    assert dating(folder).guessed == ("issue-7.md", "issue-8.md", "issue-9.md", "issue-10.md")


def test_two_issues_of_one_day_stay(write: Write, commit: Commit) -> None:
    folder = write({"issue-1.md": "# A\n", "issue-2.md": "# B\n"})
    commit("2024-06-01")
    assert set(days(folder).values()) == {"2024-06-01"}
    assert not dating(folder).guessed


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2024-05.md", "2024-05-01"),
        ("2024/05.md", "2024-05-01"),
        ("202405.md", "2024-05-01"),
        ("2024-W07.md", "2024-02-12"),
        ("news-2024-week-7.md", "2024-02-12"),
    ],
)
def test_a_month_or_week_is_a_date_where_git_knows_none(write: Write, name: str, day: str) -> None:
    folder = write({name: "# News\n"})
    assert days(folder) == {name: day}
    assert not dating(folder).guessed


def stamp(folder: Path, name: str, day: str) -> None:
    seconds = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
    os.utime(folder / name, (seconds, seconds))


def test_time_stamps_that_differ_are_the_guess(write: Write) -> None:
    folder = write({"issue-9.md": "# A\n", "issue-10.md": "# B\n"})
    stamp(folder, "issue-9.md", "2024-05-03")
    stamp(folder, "issue-10.md", "2024-05-17")
    assert dating(folder) == Dating(
        {"issue-9.md": dt.date(2024, 5, 3), "issue-10.md": dt.date(2024, 5, 17)}, ("issue-9.md", "issue-10.md")
    )


def test_time_stamps_of_a_copy_say_nothing(write: Write) -> None:
    folder = write({"issue-9.md": "# A\n", "issue-10.md": "# B\n"})
    stamp(folder, "issue-9.md", "2024-05-17")
    stamp(folder, "issue-10.md", "2024-05-17")
    assert days(folder) == {"issue-9.md": "2024-05-10", "issue-10.md": "2024-05-17"}


def test_no_date_is_in_the_future(write: Write) -> None:
    folder = write({"issue-9.md": "# A\n"})
    stamp(folder, "issue-9.md", "2031-01-01")
    assert days(folder) == {"issue-9.md": str(TODAY)}


def test_issues_with_a_date_of_their_own_are_left_alone(write: Write) -> None:
    folder = write({"issue-9.md": "---\ndate: 2024-05-03\n---\n# A\n", "2024-08-xx.md": "# B (2024-08-xx)\n"})
    assert dating(folder) == Dating()


def test_without_git_there_are_no_commits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_first_commits(folder) == {}
    monkeypatch.setenv("PATH", "")
    assert read_first_commits(folder) == {}


def test_counting_back() -> None:
    assert count_back(["a", "b", "c"], dt.date(2024, 3, 1), 14) == {
        "a": dt.date(2024, 2, 2),
        "b": dt.date(2024, 2, 16),
        "c": dt.date(2024, 3, 1),
    }


def test_issues_of_the_same_day_differ_by_name(write: Write) -> None:
    folder = write(
        {
            "2024-05-03-a.md": "# A\n",
            "2024-05-03-b.md": "# B\n",
            "2024-05-10-c.md": "# C\n",
            "old/2024-05-10-d.md": "# D\n",
        }
    )
    assert days(folder) == {"2024-05-03-a.md": "2024-05-03", "2024-05-03-b.md": "2024-05-03"}
    assert not dating(folder).guessed
