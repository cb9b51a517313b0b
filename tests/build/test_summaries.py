"""What is said of an issue in feeds, on its page and in the index: what is new in it."""

from __future__ import annotations

import json
from pathlib import Path

import feedparser
import pytest

from publisher.archive.records import Record
from publisher.build.sources import choose_summaries
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.derived_texts import build_summary, join_titles, list_opening_sentences
from publisher.reader import parse_issue
from tests.support.newsletter import Project, write_settled

WELCOME = "Hello and welcome to issue {} of Tide! We collect what sailors read. Write to us."
LETTER = "This week a storm took the old pier, and nobody was hurt. The harbour is closed until Friday."
ITEMS = "\n\n## News\n\n- [Salt {0}](https://e.org/{0}/1)\n- [Rust {0}](https://e.org/{0}/2)\n"


def summaries(*texts: str) -> list[str]:
    """The summaries of issues, newest first."""
    issues = [parse_issue(text, "a.md") for text in texts]
    return choose_summaries(
        [
            Record("", 0, 0, "")._replace(
                summary=build_summary(issue), opening=list_opening_sentences(issue), titles=join_titles(issue)
            )
            for issue in issues
        ]
    )


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        (WELCOME, "Salt {0}; Rust {0}"),
        (WELCOME + "\n\n" + LETTER, LETTER),
        (WELCOME + " Bye.", "Salt {0}; Rust {0}"),
        ("", "Salt {0}; Rust {0}"),
        ("**Guide**: this issue has 2 items.", "Salt {0}; Rust {0}"),
        ("欢迎阅读第 {} 期！每周五发布。", "Salt {0}; Rust {0}"),
    ],
)
def test_what_other_issues_say_as_well_is_no_news(opening: str, said: str) -> None:
    texts = [opening.format(number) + ITEMS.format(number) for number in (13, 12, 11)]
    if LETTER in opening:  # is in one of them
        texts[1:] = [WELCOME.format(number) + ITEMS.format(number) for number in (12, 11)]
    assert summaries(*texts)[0] == said.format(13)


def test_what_no_other_issue_says_stays() -> None:
    other = "Quiet seas. Nothing happened on any of our piers, so here is a long text about them."
    assert summaries(f"{LETTER}{ITEMS.format(2)}", f"{other}{ITEMS.format(1)}") == [LETTER, other]


def test_a_letter_without_items_keeps_its_text() -> None:
    text = f"## Weather\n\n{LETTER} {LETTER}\n\n{LETTER}"
    assert all(summaries(text, text))


def test_a_guide_to_the_issue_always_stays() -> None:
    guide = "导读：本期共 2 条：潮位，浮标。" + ITEMS.format(1)
    assert summaries(guide, guide) == ["本期共 2 条：潮位，浮标。"] * 2


def test_a_guide_of_labels_alone_says_nothing() -> None:
    assert build_summary(parse_issue("导读：本期2条。【新闻】；【论文】。" + ITEMS.format(1))) == "Salt 1; Rust 1"


def test_only_issues_near_it_count() -> None:
    first = WELCOME.format(1) + ITEMS.format(1)
    between = [f"Number {number} is about {'abcdefghijkl'[number] * 9}." + ITEMS.format(number) for number in range(12)]
    assert summaries(first, *between, first)[-1] == summaries(*between, first)[-1]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, (Web(), Rss()))
    for number in (4, 11, 18):
        text = f"# Tide ({date(number)})\n\n{WELCOME.format(number)}{ITEMS.format(number)}"
        write_settled(project.path(date(number)), text)
    return project


def date(day: int) -> str:
    return f"2021-07-{day:02}"


def test_all_feeds_the_page_and_the_index_say_the_same(project: Project) -> None:
    project.publish()
    said = [f"Salt {number}; Rust {number}" for number in (18, 11, 4)]
    assert [entry.summary for entry in feedparser.parse(project.text("feed.xml")).entries] == said
    assert [entry.summary for entry in feedparser.parse(project.text("atom.xml")).entries] == said
    assert [item["summary"] for item in json.loads(project.text("feed.json"))["items"]] == said
    assert f'content="{said[1]}"' in project.text(f"{date(11)}/index.html")
    assert said[0] in project.text("index.html")


def test_a_second_run_finds_nothing_to_do(project: Project) -> None:
    project.publish()
    assert not any(outcome.has_changes for outcome in project.publish().channels.values())


def test_the_first_issue_says_what_is_new_as_soon_as_the_second_has_the_same_opening(project: Project) -> None:
    kept = {day: project.path(date(day)).read_text("utf-8") for day in (11, 18)}
    for day in kept:
        project.path(date(day)).unlink()
    project.publish()
    before = json.loads(project.text("feed.json"))["items"][0]
    assert before["summary"].startswith("Hello and welcome")
    write_settled(project.path(date(11)), kept[11])
    project.publish()
    after = json.loads(project.text("feed.json"))["items"][1]
    assert after == before | {"summary": "Salt 4; Rust 4"}
