"""The issue that a word names, and what is said if that is none or several."""

from __future__ import annotations

import unicodedata

import pytest

from publisher.archive.naming import UnknownIssueError, find_issue
from publisher.errors import ConfigError
from tests.archive.records import DUE, NEXT, OLD, TODAY, record

BOATS = record("content/2021-06-20-boats.md", "2021-06-20", id="2021-06-20", slug="boats", number="012")
BUNDLE = record("posts/tides/index.md", "2021-06-06", id="fourth", slug="tides", number="11")
CAFE = record(unicodedata.normalize("NFD", "issues/café.md"), "2021-05-01", id="café", slug="café")
DRAFT = record("issues/2021-07-25-draft.md", "2021-07-25", id="2021-07-25", slug="draft", draft=True)
ALL = {one.path: one for one in (OLD, DUE, NEXT, BOATS, BUNDLE, CAFE, DRAFT)}

NAMES = [
    ("2021-06-20", BOATS),  # its date, which is not its file name
    ("2021-06-20-boats", BOATS),
    ("2021-06-20-boats.md", BOATS),
    ("content/2021-06-20-boats.md", BOATS),
    ("content/2021-06-20-boats", BOATS),
    ("boats", BOATS),
    ("12", BOATS),
    ("012", BOATS),
    ("#12", BOATS),
    ("fourth", BUNDLE),
    ("tides", BUNDLE),
    ("posts/tides", BUNDLE),
    ("posts/tides/", BUNDLE),
    ("11", BUNDLE),
    ("café", CAFE),
    ("issues/café.md", CAFE),
    ("2021-07-18", DUE),
    ("latest", DUE),
    ("next", DRAFT),
]


@pytest.mark.parametrize(("word", "found"), NAMES, ids=[word for word, _ in NAMES])
def test_an_issue_has_these_names(word: str, found: object) -> None:
    assert find_issue(word, ALL, TODAY) == found


def refused(word: str, *records: object) -> ConfigError:
    known = {one.path: one for one in records} if records else ALL
    with pytest.raises(ConfigError) as caught:
        find_issue(word, known, TODAY)
    return caught.value


def test_several_issues_are_listed() -> None:
    one, other = BOATS._replace(id="a"), BOATS._replace(path="b.md", id="b", number="12")
    assert refused("boats", one, other).message == "boats may be 2 issues: b.md, content/2021-06-20-boats.md"
    assert refused("12", one, other).message == "12 may be 2 issues: b.md, content/2021-06-20-boats.md"
    assert refused("2021-06-20", one, other).hint == "name one by its file"
    many = [BOATS._replace(path=f"{number}.md", id=str(number)) for number in range(20, 27)]
    assert refused("boats", *many).message.endswith("23.md, 24.md and 2 more")


def test_the_id_comes_before_the_date_and_the_file_name_decides_between_equal_ids() -> None:
    moved = DUE._replace(path="issues/moved.md", date="2021-07-11")
    assert find_issue("2021-07-18", {"a": moved, "b": DUE._replace(id="new")}, TODAY) == moved
    second = DUE._replace(path="issues/2021-07-18-second.md")
    assert find_issue("2021-07-18", {"a": second, "b": DUE}, TODAY) == DUE


UNKNOWN = [
    ("2021-06-21", "did you mean 2021-06-20?"),
    ("boat", "did you mean boats?"),
    ("2021-07-19", "did you mean 2021-07-18?"),
    ("zzz", "name one by its date, file, slug, number or id, or as latest or next"),
    ("99", "name one by its date, file, slug, number or id, or as latest or next"),
    ("0", "name one by its date, file, slug, number or id, or as latest or next"),
]


@pytest.mark.parametrize(("word", "hint"), UNKNOWN)
def test_an_unknown_name_suggests_the_nearest(word: str, hint: str) -> None:
    error = refused(word)
    assert isinstance(error, UnknownIssueError)
    assert (error.message, error.hint) == (f"there is no issue {word}", hint)


def test_names_that_are_equally_near_are_all_suggested() -> None:
    one, other = record("a.md", slug="tide-1", id="x"), record("b.md", slug="tide-2", id="y")
    assert refused("tide-3", one, other).hint == "did you mean tide-2 or tide-1?"


def test_next_and_latest_of_nothing() -> None:
    assert refused("next", OLD).message == "there is no next issue: none comes after the latest"
    assert refused("latest", NEXT).message == "there is no latest issue: none is due"
    assert find_issue("next", {"a": DUE, "b": NEXT}, TODAY) == NEXT
    assert refused("next", DUE, OLD._replace(draft=True)).hint == "start it: publish new"  # an old draft is not next


def test_a_file_with_a_fault_has_the_names_of_its_path() -> None:
    broken = record("issues/2021-07-11-x.md", date="", id="", url="", fault="not UTF-8")
    assert find_issue("2021-07-11", {"a": broken}, TODAY) == broken
