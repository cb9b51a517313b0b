"""Which front matter holds an issue back, in the keys and values that people bring from other programs."""

from __future__ import annotations

import pytest

from publisher.reader import parse_issue

TITLE = "# Harbour Notes (2021-07-18)\n"

DRAFTS = [
    *(f"draft: {value}" for value in ("true", "True", "TRUE", "yes", "Yes", "on", "y", "1", '"true"', "'yes'", '"1"')),
    *(f"published: {value}" for value in ("false", "False", "no", "off", "n", "0", '"false"', "'0'")),
    *(f"status: {value}" for value in ("draft", "Draft", '"draft"', "wip", "pending", "private", "hidden", "on hold")),
    "publish: false",
    "publish: 0",
    "Draft: yes",
    "DRAFT: true",
    "_draft: true",
    "is_draft: true",
    "isDraft: true",
    "unpublished: true",
    "Published: False",
    "draft:  true",
    "draft: true # until Friday",
    "draft: !!bool true",
    "tags: [a, b]\ndraft: true",
    "tags:\n  - a\npublished: false",
    "draft: false\npublished: false",
    "draft: true\npublished: true",
    "draft: false\ndraft: true",
    "title: a: b\ndraft: true",
]

READY = [
    "date: 2021-07-18",
    *(f"draft: {value}" for value in ("false", "False", "no", "off", "n", "0", '"false"', "", "~", "null")),
    *(f"published: {value}" for value in ("true", "yes", "on", "1", "", "2021-07-18", '"2021-07-18 08:00"')),
    "published: 18 July 2021",
    "published: 2021-07-18T08:00:00+08:00",
    "published: 1626566400",
    "status: published",
    "status: final",
    "status:",
    "publish: true",
    "publish: 2021-07-18",
    "drafted_by: true",
    "params:\n  draft: true",
    "tags: [draft]",
]

UNCLEAR = [
    "draft: maybe",
    "draft: 2",
    "draft: ture",
    "draft: [true]",
    "published: soon",
    "publish: never",
    "status: sad",
]


def read(front: str):
    return parse_issue(f"---\n{front}\n---\n{TITLE}", "2021-07-18.md")


@pytest.mark.parametrize("front", DRAFTS)
def test_front_matter_of_drafts(front: str) -> None:
    issue = read(front)
    assert issue.draft
    assert not [one for one in issue.diagnostics if one.code == "draft-value"]


@pytest.mark.parametrize("front", READY)
def test_front_matter_of_issues_that_are_ready(front: str) -> None:
    issue = read(front)
    assert not issue.draft
    assert not issue.diagnostics


@pytest.mark.parametrize("front", UNCLEAR)
def test_an_unclear_value_holds_the_issue_back_and_is_reported(front: str) -> None:
    issue = read(f"layout: post\n{front}")
    assert issue.draft
    assert [(one.code, one.pos.line) for one in issue.diagnostics] == [("draft-value", 3)]


@pytest.mark.parametrize(
    ("front", "draft"),
    [
        ("draft = true", True),
        ("draft = false", False),
        ("draft = true # until Friday", True),
        ('title = "x"\ndraft = true\n\n[extra]\nmath = true', True),
        ("[extra]\ndraft = true", False),
        ("draft = yes", True),  # not valid TOML, and no reason to publish
    ],
)
def test_front_matter_in_toml(front: str, draft: bool) -> None:
    issue = parse_issue(f"+++\n{front}\n+++\n{TITLE}", "2021-07-18.md")
    assert issue.draft is draft
    assert issue.title is not None
    assert issue.title.name == "Harbour Notes"


def test_values_in_toml() -> None:
    issue = parse_issue(f'+++\ndate = 2021-07-20\nid = "x"\n+++\n{TITLE}', "a.md")
    assert (issue.id, str(issue.date)) == ("x", "2021-07-20")


@pytest.mark.parametrize("head", ["Title: T\nStatus: draft", "title: T\npublished: false", "Draft: 1\nTitle: T"])
def test_front_matter_without_dashes(head: str) -> None:
    assert parse_issue(f"{head}\n\ntext\n", "2021-07-18.md").draft


@pytest.mark.parametrize("text", ["+++\nwords\n+++\n", "+++\n", "+++\n\n+++\n", "+++\na = 1\n"])
def test_plus_signs_that_are_text(text: str) -> None:
    assert parse_issue(f"{text}{TITLE}", "2021-07-18.md").front == ()
