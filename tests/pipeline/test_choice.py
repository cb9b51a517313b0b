"""Which issue is published, which are in the archive, and what a dry run says of it."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import pytest

from publisher.errors import ConfigError, IssueError
from tests.pipeline.newsletter import Newsletter, tree

# --------------------------------------------------------------------- dry run


def test_a_dry_run_says_what_a_run_does_and_touches_nothing(letter: Newsletter) -> None:
    before = tree(letter.root)
    dry = letter.publish(dry_run=True)
    assert tree(letter.root) == before
    assert not (letter.root / ".publisher").exists()
    assert {n: one.written for n, one in letter.publish().channels.items()} == {
        name: one.written for name, one in dry.channels.items()
    }
    letter.write("2021-07-18", topic="第2021-07-18题", text="改")
    before = tree(letter.root)
    dry = letter.publish(dry_run=True)
    assert tree(letter.root) == before
    assert dry.channels["pages"].written == ("public/2021-07-18.html",)
    assert dry.channels["feed"].written == ("public/feed.txt", "public/feed.txt.gz")


def test_another_folder_to_write_to(letter: Newsletter, tmp_path: Path) -> None:
    letter.publish(out=tmp_path / "elsewhere")
    assert not (letter.root / "public").exists()
    assert len(list((tmp_path / "elsewhere" / "public").iterdir())) == 9
    assert letter.quick(out=tmp_path / "elsewhere")
    assert letter.quick() is None
    letter.publish()
    assert len(list((letter.root / "public").iterdir())) == 9


# ---------------------------------------------------------------- which issues


def test_drafts_and_future_issues_are_left_out_in_silence(letter: Newsletter) -> None:
    letter.write("2021-07-20")
    letter.write("2021-07-10", front="---\ndraft: true\n---\n")
    outcome = letter.publish()
    assert outcome.channels["pages"].issues == 4
    assert [text for text in letter.warnings if not text.startswith("pages: ")] == []


def test_an_issue_appears_on_its_day_by_itself(letter: Newsletter) -> None:
    letter.write("2021-07-20")
    letter.publish()
    letter.now = dt.datetime(2021, 7, 19, 15, 59, tzinfo=dt.UTC)  # 23:59 in China
    assert letter.quick()
    letter.now += dt.timedelta(minutes=1)
    assert letter.quick() is None
    outcome = letter.publish()
    assert outcome.issue
    assert outcome.issue.date == "2021-07-20"
    assert outcome.channels["pages"].issues == 5


def test_none_is_due(tmp_path: Path) -> None:
    letter = Newsletter(tmp_path / "letter")
    letter.write("2021-08-01")
    outcome = letter.publish()
    assert (outcome.issue, outcome.next_date, outcome.is_unchanged) == (None, "2021-08-01", True)
    assert not (letter.root / "public").exists()


def test_no_file_at_all(tmp_path: Path) -> None:
    letter = Newsletter(tmp_path / "letter")
    with pytest.raises(ConfigError) as caught:
        letter.publish()
    assert caught.value.message == f"no file matches issues = 'issues/*.md' of {letter.root}/publisher.toml"


def test_a_broken_issue_stops_no_other(letter: Newsletter) -> None:
    for name, body in (("2021-01-03.md", "# 慢刊 (2021-01-03)".encode("gbk")), ("notes.md", b"# Notes")):
        (letter.root / "issues" / name).write_bytes(body)
        os.utime(letter.root / "issues" / name, ns=(1, 1_600_000_000_000_000_001))
    outcome = letter.publish()
    assert outcome.channels["pages"].issues == 4
    left_out = [text for text in letter.warnings if not text.startswith("pages: ")]
    assert left_out[0].startswith("left out: issues/2021-01-03.md:1:3: ")
    assert left_out[1] == "left out: issues/notes.md has no date"
    quick = letter.quick()
    assert quick
    assert list(quick.warnings) == left_out


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("# 慢刊 (2021-07-xx)：题", "issues/2021-07-19.md:1:3: the date 2021-07-xx is not complete"),
        ("---\nid: ../../etc\n---\n# 慢刊 (2021-07-04)", "cannot be part of an address"),
    ],
)
def test_the_issue_to_publish_is_broken(letter: Newsletter, body: str, message: str) -> None:
    letter.config = replace(
        letter.config, publication=replace(letter.config.publication, url="https://e.org/{id}/")
    )
    letter.now += dt.timedelta(days=1)
    (letter.root / "issues" / "2021-07-19.md").write_text(body)
    with pytest.raises(IssueError, match=message):
        letter.publish()
    assert not (letter.root / "public").exists()


def test_an_issue_that_cannot_be_read_again(letter: Newsletter) -> None:
    letter.publish()
    path = letter.root / "issues" / "2021-07-04.md"
    before = path.stat()
    path.write_bytes(b"\xff" * before.st_size)
    os.utime(path, ns=(1, before.st_mtime_ns))  # as if nothing had happened
    (letter.root / "public" / "2021-07-04.html").unlink()
    outcome = letter.publish("pages")
    assert outcome.exit_code == 1
    error = outcome.channels["pages"].error
    assert error
    assert error.message.startswith("issues/2021-07-04.md:1:1: ")


def test_two_issues_of_one_day(letter: Newsletter) -> None:
    letter.write("2021-07-18", name="copy")
    with pytest.raises(IssueError) as caught:
        letter.publish()
    assert caught.value.message == ("issues/2021-07-18.md and issues/copy.md are both the issue 2021-07-18")
    assert not (letter.root / "public").exists()


def test_an_issue_that_is_gone_is_dropped_but_its_page_is_not_deleted(letter: Newsletter) -> None:
    letter.publish()
    (letter.root / "issues" / "2021-07-04.md").unlink()
    outcome = letter.publish()
    assert outcome.channels["pages"].orphaned == ("public/2021-07-04.html",)
    assert (letter.root / "public" / "2021-07-04.html").exists()
    assert "2021-07-04" not in letter.text("index.html")
    assert "2021-07-04" not in letter.text("feed.txt")
    assert "第2021-06-20题" in letter.text("2021-07-18.html")
    assert letter.publish().channels["pages"].orphaned == ()


def test_a_renamed_file_changes_nothing(letter: Newsletter) -> None:
    letter.publish()
    folder = letter.root / "issues"
    (folder / "2021-07-04.md").rename(folder / "another.md")
    before = tree(letter.root / "public")
    assert letter.publish().channels["pages"].orphaned == ()
    assert tree(letter.root / "public") == before


def test_times_of_correction_that_are_lost_are_lost_everywhere(letter: Newsletter) -> None:
    letter.publish()
    letter.write("2020-12-06", topic="第2020-12-06题", text="改")
    letter.publish()
    assert letter.text("2020-12-06.html").splitlines()[3] == "2021-07-18 12:00:00+08:00"
    (letter.root / ".publisher" / "revisions.json").unlink()
    letter.write("2021-07-18", topic="第2021-07-18题", text="改")
    letter.publish()
    assert letter.text("2020-12-06.html").splitlines()[3] == "2020-12-06 09:45:00+08:00"


def test_damaged_revisions_are_told_and_written_anew(letter: Newsletter) -> None:
    letter.publish()
    path = letter.root / ".publisher" / "revisions.json"
    path.write_text("<<<<<<<")
    letter.write("2021-07-18", text="改")
    letter.publish()
    assert f"{path} is damaged: every issue counts as never corrected" in letter.warnings
    assert path.read_text().startswith('{"tag:e.org,2021:n/2020-12-06"')


def test_a_huge_file_is_left_out_unread(letter: Newsletter) -> None:
    path = letter.root / "issues" / "2021-07-11.md"
    with path.open("wb") as file:
        file.truncate(50 << 20)
    outcome = letter.publish()
    assert letter.warnings[0] == "left out: issues/2021-07-11.md has 50 MB, and an issue at most 8"
    assert outcome.exit_code == 0
