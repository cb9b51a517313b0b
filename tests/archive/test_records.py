"""Which issues are due, and which one is chosen for publishing."""

from __future__ import annotations

import pytest

from publisher.archive.naming import choose_issue
from publisher.archive.records import Record, build_edition
from publisher.errors import ConfigError, IssueError, PublisherError
from tests.archive.records import DUE, NEXT, OLD, TODAY, record


def test_an_edition_has_what_is_due_newest_first() -> None:
    found = build_edition(
        [
            record("1.md", "2021-07-04"),
            record("2.md", "2021-07-18"),
            record("3.md", "2021-08-15"),
            record("4.md", "2021-08-01"),
            record("5.md", "2021-07-11", draft=True),
            record("6.md", "2021-07-12", fault="6.md has no date"),
            record("7.md", "2021-07-12", fault="7.md has no date", draft=True),
        ],
        TODAY,
    )
    assert [one.path for one in found.issues] == ["2.md", "1.md"]
    assert found.next_date == "2021-08-01"
    assert {path: fault.message for path, fault in found.faults.items()} == {"6.md": "6.md has no date"}


def test_of_two_issues_with_one_id_the_first_by_path_stays() -> None:
    found = build_edition([record("b.md", id="x"), record("a.md", id="x")], TODAY)
    assert [one.path for one in found.issues] == ["a.md"]
    assert found.faults["b.md"].message == "a.md and b.md both have the id x"
    assert found.faults["b.md"].hint == "set another `id:` in the front matter of one of them"


def test_two_issues_cannot_have_one_address() -> None:
    same = "https://e.org/2021-07/"
    found = build_edition([record("a.md", url=same), record("b.md", url=same)], TODAY)
    assert [one.path for one in found.issues] == ["a.md"]
    assert found.faults["b.md"].message == f"a.md and b.md have the same URL {same}"


def chosen(wanted: str, *records: Record) -> str | None:
    known = {one.path: one for one in records}
    found = choose_issue(wanted, known, build_edition(records, TODAY))
    return found and found.path


def refused(wanted: str, *records: Record) -> PublisherError:
    with pytest.raises(PublisherError) as caught:
        chosen(wanted, *records)
    return caught.value


@pytest.mark.parametrize("wanted", ["", "latest"])
def test_the_newest_due_is_the_default(wanted: str) -> None:
    assert chosen(wanted, OLD, DUE, NEXT) == DUE.path


@pytest.mark.parametrize("wanted", ["2021-07-04", "2021-07-04.md", "issues/2021-07-04.md", "fourth"])
def test_an_issue_by_date_file_and_id(wanted: str) -> None:
    assert chosen(wanted, OLD._replace(id="fourth"), DUE, NEXT) == OLD.path


def test_none_is_due() -> None:
    assert chosen("", NEXT) is None


def test_an_issue_that_is_not_there() -> None:
    error = refused("2021-07-17", OLD, DUE)
    assert isinstance(error, ConfigError)
    assert (error.message, error.hint) == ("there is no issue 2021-07-17", "did you mean 2021-07-18?")


def test_an_issue_of_the_future() -> None:
    error = refused("2021-08-01", DUE, NEXT)
    assert isinstance(error, ConfigError)
    assert error.message == ("issues/2021-08-01.md is dated in the future: 2021-08-01, and today is 2021-07-18")


def test_a_draft_asked_for_by_name() -> None:
    error = refused("2021-07-04", OLD._replace(draft=True), DUE)
    assert isinstance(error, IssueError)
    assert error.message == "issues/2021-07-04.md is a draft"


def test_a_fault_stops_the_issue_asked_for_only() -> None:
    broken = OLD._replace(fault="issues/2021-07-04.md has no date", date="")
    assert chosen("", broken, DUE) == DUE.path
    assert refused("2021-07-04", broken, DUE).message == "issues/2021-07-04.md has no date"


def test_a_fault_of_the_newest_file_is_not_passed_over() -> None:
    broken = DUE._replace(fault="issues/2021-07-18.md:1:1: not UTF-8", date="", id="")
    assert refused("", OLD, broken).message == "issues/2021-07-18.md:1:1: not UTF-8"
    assert chosen("", OLD, NEXT._replace(fault="x", date="", id="")) == OLD.path


def test_a_double_of_the_issue_to_publish() -> None:
    double = DUE._replace(path="issues/copy.md")
    error = refused("", OLD, DUE, double)
    assert isinstance(error, IssueError)
    assert error.message == "issues/2021-07-18.md and issues/copy.md both have the id 2021-07-18"
    assert chosen("2021-07-04", OLD, DUE, double) == OLD.path
