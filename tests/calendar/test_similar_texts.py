"""How an issue under another name differs from another issue: in the sentences that are its own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from publisher.channels.web import Web
from publisher.errors import ConfigError
from publisher.sketches import compute_sketch, estimate_similarity
from tests.support.fake_channel import Post
from tests.support.newsletter import DUE, Project, write_settled

WEEK = dt.timedelta(days=7)
SUNDAYS = ["2021-07-18", "2021-07-25", "2021-08-01", "2021-08-08", "2021-08-15"]
USUAL = "## 关于\n\n本刊每周日发送。\n\n订阅请写信。\n\n地址：码头路一号。\n\n电话：12345。\n\n版权归作者。\n"
"""What is in every issue, and more than half of it."""

TIDES = "今天很安静，只有两条船进港。外面的风比预报的大，大家等了一天。明天船会更多。请把旧缆绳带来换新的。"
FERRY = "A quiet day, only two boats came in. The wind was stronger than forecast! Shall we wait? Bring your old ropes."


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "letter", now=DUE)
    project.channels = (Web(), Post(project.world))
    return project


def write(project: Project, date: str, body: str) -> None:
    write_settled(project.path(date), f"# 慢刊 ({date})：题\n\n{body}\n")


def publish_weekly(project: Project, dates: list[str], body: str) -> None:
    for date in dates:
        project.now = DUE + (dt.date.fromisoformat(date) - DUE.date()) // WEEK * WEEK
        write(project, date, f"- [{date} 的新闻](https://e.org/{date})\n\n{body}")
        assert project.publish().exit_code == 0
    assert project.sent


@pytest.mark.parametrize(("text", "word", "fixed"), [(TIDES, "安静", "宁静"), (FERRY, "quiet", "calm")])
def test_a_paragraph_is_the_same_with_a_word_fixed(project: Project, text: str, word: str, fixed: str) -> None:
    write(project, "2021-07-18", text)
    project.publish()
    project.path("2021-07-18").unlink()
    write(project, "2021-07-17", text.replace(word, fixed))
    with pytest.raises(ConfigError, match="went out before, as 2021-07-18"):
        project.publish()


def test_an_old_issue_that_is_deleted_stops_no_short_one(project: Project) -> None:
    publish_weekly(project, SUNDAYS[:4], USUAL)
    project.path(SUNDAYS[0]).unlink()
    project.path(SUNDAYS[1]).unlink()
    before = len(project.sent)
    publish_weekly(project, SUNDAYS[4:], USUAL)
    assert len(project.sent) == before + 1


def test_a_short_issue_is_recognised_by_what_is_its_own(project: Project) -> None:
    publish_weekly(project, SUNDAYS[:4], USUAL)
    project.path(SUNDAYS[3]).unlink()
    write(project, "2021-08-07", f"- [2021-08-08 的新闻](https://e.org/2021-08-08)\n\n{USUAL}又改了一句。")
    with pytest.raises(ConfigError, match=f"went out before, as {SUNDAYS[3]}; as 2021-08-07"):
        project.publish()


def test_of_two_that_were_renamed_each_is_named(project: Project) -> None:
    publish_weekly(project, SUNDAYS[:2], USUAL)
    for sunday, saturday in zip(SUNDAYS[:2], ["2021-07-17", "2021-07-24"], strict=True):
        project.path(sunday).rename(project.path(saturday))
        write(project, saturday, f"- [{sunday} 的新闻](https://e.org/{sunday})\n\n{USUAL}")
    for sunday, saturday in zip(SUNDAYS[:2], ["2021-07-17", "2021-07-24"], strict=True):
        with pytest.raises(ConfigError, match=f"went out before, as {sunday}; as {saturday}"):
            project.publish(Post(project.world), issue=saturday)


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        ("一。二。三。四。", "一。二。三。五。", 3 / 5),
        ("One. Two! Three? Four", "one. Two! Three? Four", 3 / 5),
        ("v1.2 and e.g.this", "v1.2 and e.g.that", 0.0),
        ("一\n\n二", "  二  \n一", 1.0),
        ("一！\n一。", "一", 1.0),
        ("***\n。", "***", 0.0),
        ("", "", 0.0),
    ],
)
def test_sentences_in_common(first: str, second: str, share: float) -> None:
    assert estimate_similarity(compute_sketch(first.split("\n")), compute_sketch(second.split("\n"))) == share


def test_usual_sentences_do_not_count() -> None:
    first, second, usual = (compute_sketch([text]) for text in ("一。二。三", "一。二。四", "一。二"))
    assert estimate_similarity(first, second) == 0.5
    assert estimate_similarity(first, second, {usual[:8]}) == 1 / 3
    assert estimate_similarity(first, second, {usual[:8], usual[8:]}) == 0.0
