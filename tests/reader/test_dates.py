"""Dates as editors and site generators write them, in front matter, file names and titles."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.reader import parse_issue
from publisher.reader.dates import find_date, find_path_date, find_value_date

DAY = dt.date(2023, 1, 8)


@pytest.mark.parametrize(
    "text",
    [
        "2023-01-08", "2023-1-8", "2023/01/08", "2023.01.08", "2023_01_08", "2023. 1. 8.",
        "2023年1月8日", "2023 年 1 月 8 日", "2023년 1월 8일", "8.1.2023", "08.01.2023", "January 8, 2023",
        "Jan 8, 2023", "Jan. 8 2023", "January 8th, 2023", "8 January 2023", "8th of January 2023",
        "8. Januar 2023", "8 janvier 2023", "8 de enero de 2023", "8 января 2023", "8 يناير 2023",
        "Week Ending January 8, 2023", "2023-01-08T22:00:00Z", "2023-01-08 22:00:00 -0000",
        "Sun, 08 Jan 2023 22:00:00 GMT", "٢٠٢٣-٠١-٠٨", "8-Jan-2023",
    ],
)  # fmt: skip
def test_a_date(text: str) -> None:
    assert find_date(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "", "false", "2023", "2023-01", "2023-13-08", "2022-02-29", "12023-01-08", "2023-01-088", "Chapter 8, 2023",
        "1.2.3", "version 10.2023.1", "31 2023", "20230108", "08/01/2023", "1-8-2023", "32/1/2023", "1/8/2023/2",
    ],
)  # fmt: skip
def test_no_date(text: str) -> None:
    assert find_date(text) is None


@pytest.mark.parametrize("text", ["14/03/2021", "03/14/2021", "14-3-2021", "14-Mar-2021", "14-mars-2021", "20210314"])
def test_a_date_in_front_matter_whose_day_and_month_are_certain(text: str) -> None:
    assert find_value_date(text) == dt.date(2021, 3, 14)
    assert parse_issue(f"---\ndate: {text}\n---\n# Boats\n", "boats.md").date == dt.date(2021, 3, 14)


def test_a_day_that_is_its_month() -> None:
    assert find_date("03/03/2021") == dt.date(2021, 3, 3)


@pytest.mark.parametrize(
    "path",
    [
        "issues/2023-01-08.md", "_posts/2023-01-08-boats.md", "20230108.md", "boats-20230108.markdown",
        "posts/2023-01-08-boats/index.md", "posts/2023/01/08/boats.md", "posts/2023/01/08/boats/index.md",
    ],
)  # fmt: skip
def test_a_date_in_a_path(path: str) -> None:
    assert find_path_date(path) == DAY
    assert parse_issue("# Boats\n", path).date == DAY


@pytest.mark.parametrize("path", ["issues/12345678.md", "issues/20231308.md", "2023/boats.md", "index.md"])
def test_no_date_in_a_path(path: str) -> None:
    assert find_path_date(path) is None


@pytest.mark.parametrize(
    "front",
    [
        "---\ntitle: Boats\npubDate: 'Jan 08 2023'\n---", "---\ntitle: Boats\npubDatetime: 2023-01-08T22:00:00Z\n---",
        "+++\ntitle = 'Boats'\npublishDate = 2023-01-08\n+++", "---\ntitle: Boats\npublished_at: 2023-01-08\n---",
        "Title: Boats\nDate: 2023-01-08\n", "---\ntitle: Boats\npublished: 2023-01-08\n---",
        "---\ntitle: Boats\ndate: 2023-01-08\npubDate: 2023-01-09\nlastmod: 2023-02-01\n---",
    ],
)  # fmt: skip
def test_a_date_in_the_front_matter_comes_first(front: str) -> None:
    assert parse_issue(f"{front}\n\n# Boats 2021-01-01\n", "issues/2022-01-01.md").date == DAY


def test_the_folder_of_an_index_names_the_issue() -> None:
    issue = parse_issue("# Boats\n", "posts/boats/index.md")
    assert (issue.id, issue.date) == ("boats", None)
    assert parse_issue("# Boats\n", "index.md").id == "index"


def test_a_known_date_is_not_part_of_the_id() -> None:
    issue = parse_issue("# Boats 12\n", "issues/issue-12.md", DAY)
    assert (issue.id, issue.date) == ("issue-12", DAY)
    own = parse_issue("---\ndate: 2022-01-01\n---\n# Boats 12\n", "issues/issue-12.md", DAY)
    assert (own.id, own.date) == ("issue-12", dt.date(2022, 1, 1))
    assert parse_issue("---\nid: twelve\n---\n# Boats 12\n", "issues/issue-12.md", DAY).id == "twelve"
