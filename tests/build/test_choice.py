"""Which issue is published, which are in the archive, and what a dry run says of it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.errors import ConfigError, IssueError
from tests.build.file_channels import file_project, tree
from tests.support.newsletter import Project

# --------------------------------------------------------------------- dry run


def without_previews(project: Project) -> dict[str, tuple[bytes, int]]:
    return {name: file for name, file in tree(project.root).items() if not name.startswith("outbox/dry-run/")}


def test_a_dry_run_says_what_a_run_does_and_touches_nothing(project: Project) -> None:
    before = tree(project.root)
    dry = project.publish(dry_run=True)
    assert without_previews(project) == before
    assert not (project.root / ".publisher").exists()
    assert {n: one.written for n, one in project.publish().channels.items()} == {
        name: one.written for name, one in dry.channels.items()
    }
    project.write("2021-07-18", "第2021-07-18题", text="改")
    before = without_previews(project)
    dry = project.publish(dry_run=True)
    assert without_previews(project) == before
    assert dry.channels["pages"].written == ("public/2021-07-18.html",)
    assert (dry.channels["pages"].created, dry.channels["pages"].orphaned) == ((), ())
    assert dry.channels["feed"].written == ("public/feed.txt", "public/feed.txt.gz")


def test_another_folder_to_write_to(project: Project, tmp_path: Path) -> None:
    project.publish(out=tmp_path / "elsewhere")
    assert not (project.root / "public").exists()
    assert len(list((tmp_path / "elsewhere" / "public").iterdir())) == 9
    assert project.quick(out=tmp_path / "elsewhere")
    assert project.quick() is None
    project.publish()
    assert len(list((project.root / "public").iterdir())) == 9


# ---------------------------------------------------------------- which issues


def test_drafts_and_future_issues_are_left_out_in_silence(project: Project) -> None:
    project.write("2021-07-20")
    project.write("2021-07-10", head="---\ndraft: true\n---\n")
    outcome = project.publish()
    assert outcome.channels["pages"].issues == 4
    assert [text for text in project.warnings if not text.startswith("pages: ")] == []


def test_an_issue_appears_on_its_day_by_itself(project: Project) -> None:
    project.write("2021-07-20")
    project.publish()
    project.now = dt.datetime(2021, 7, 19, 15, 59, tzinfo=dt.UTC)  # 23:59 in China
    assert project.quick()
    project.now += dt.timedelta(minutes=1)
    assert project.quick() is None
    outcome = project.publish()
    assert outcome.issue
    assert outcome.issue.date == "2021-07-20"
    assert outcome.channels["pages"].issues == 5


def test_none_is_due(tmp_path: Path) -> None:
    project = file_project(tmp_path / "letter")
    project.write("2021-08-01")
    outcome = project.publish()
    assert (outcome.issue, outcome.is_unchanged) == (None, True)
    assert "is dated 2021-08-01" in outcome.none_due
    assert not (project.root / "public").exists()


def test_no_file_at_all(tmp_path: Path) -> None:
    project = file_project(tmp_path / "letter")
    with pytest.raises(ConfigError) as caught:
        project.publish()
    assert caught.value.message == f'no file matches issues = "issues/*.md" of {project.root}/publisher.toml'


def test_a_broken_issue_stops_no_other(project: Project) -> None:
    for name, body in (("2021-01-03.md", "# 慢刊 (2021-01-03)".encode("gbk")), ("notes.md", b"# Notes")):
        (project.root / "issues" / name).write_bytes(body)
        os.utime(project.root / "issues" / name, ns=(1, 1_600_000_000_000_000_001))
    outcome = project.publish()
    assert outcome.channels["pages"].issues == 4
    left_out = [text for text in project.warnings if not text.startswith("pages: ")]
    assert left_out[0].startswith("left out: issues/2021-01-03.md:1:3: ")
    assert left_out[1].startswith("left out: issues/notes.md has no date · write date: ")
    quick = project.quick()
    assert quick
    assert list(quick.warnings) == left_out


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("# 慢刊 (2021-07-xx)：题", "issues/2021-07-19.md:1:3: the date 2021-07-xx is incomplete"),
        ("---\nid: ../../etc\n---\n# 慢刊 (2021-07-04)", "cannot be part of a URL"),
    ],
)
def test_the_issue_to_publish_is_broken(project: Project, body: str, message: str) -> None:
    project.newsletter = replace(project.newsletter, url="https://e.org/{id}/")
    project.now += dt.timedelta(days=1)
    (project.root / "issues" / "2021-07-19.md").write_text(body)
    with pytest.raises(IssueError, match=message):
        project.publish()
    assert not (project.root / "public").exists()


def test_an_issue_that_cannot_be_read_again(project: Project) -> None:
    project.publish()
    path = project.root / "issues" / "2021-07-04.md"
    before = path.stat()
    path.write_bytes(b"\xff" * before.st_size)
    os.utime(path, ns=(1, before.st_mtime_ns))  # as if nothing had happened
    (project.root / "public" / "2021-07-04.html").unlink()
    outcome = project.publish(channels=("pages",))
    assert outcome.exit_code == 1
    error = outcome.channels["pages"].error
    assert error
    assert error.message.startswith("issues/2021-07-04.md:1:1: ")


def test_two_issues_of_one_day(project: Project) -> None:
    project.write("2021-07-18", name="copy")
    with pytest.raises(IssueError) as caught:
        project.publish()
    assert caught.value.message == ("issues/2021-07-18.md and issues/copy.md both have the id 2021-07-18")
    assert not (project.root / "public").exists()


def test_an_issue_that_is_gone_is_dropped_but_its_page_is_not_deleted(project: Project) -> None:
    project.publish()
    (project.root / "issues" / "2021-07-04.md").unlink()
    outcome = project.publish()
    assert outcome.channels["pages"].orphaned == ("public/2021-07-04.html",)
    assert (project.root / "public" / "2021-07-04.html").exists()
    assert "2021-07-04" not in project.text("index.html")
    assert "2021-07-04" not in project.text("feed.txt")
    assert "第2021-06-20题" in project.text("2021-07-18.html")
    assert project.publish().channels["pages"].orphaned == ()


def test_a_renamed_file_changes_nothing(project: Project) -> None:
    project.publish()
    folder = project.root / "issues"
    (folder / "2021-07-04.md").rename(folder / "another.md")
    before = tree(project.root / "public")
    assert project.publish().channels["pages"].orphaned == ()
    assert tree(project.root / "public") == before


def test_times_of_correction_that_are_lost_are_lost_everywhere(project: Project) -> None:
    project.publish()
    project.write("2020-12-06", "第2020-12-06题", text="改")
    project.publish()
    assert project.text("2020-12-06.html").splitlines()[3] == "2021-07-18 12:00:00+08:00"
    (project.root / ".publisher" / "revisions.json").unlink()
    project.write("2021-07-18", "第2021-07-18题", text="改")
    project.publish()
    assert project.text("2020-12-06.html").splitlines()[3] == "2020-12-06 09:45:00+08:00"


def test_damaged_revisions_are_reported_and_rewritten(project: Project) -> None:
    project.publish()
    path = project.root / ".publisher" / "revisions.json"
    path.write_text("<<<<<<<")
    project.write("2021-07-18", text="改")
    project.publish()
    assert f"{path} is damaged: all issues count as never corrected" in project.warnings
    assert path.read_text().startswith('{"tag:e.org,2021:n/2020-12-06"')


def test_a_huge_file_is_left_out_unread(project: Project) -> None:
    path = project.root / "issues" / "2021-07-11.md"
    with path.open("wb") as file:
        file.truncate(50 << 20)
    outcome = project.publish()
    assert project.warnings[0].startswith("left out: issues/2021-07-11.md has more than 8 MB · ")
    assert outcome.exit_code == 0


def test_an_older_issue_does_not_hide_the_newest(tmp_path: Path) -> None:
    """A run that published an older one by name leaves work: the quick look must not say that there is none."""
    project = Project(tmp_path / "letter")
    project.write("2021-07-11", "旧")
    project.write("2021-07-18", "新")
    project.publish(issue="2021-07-11")
    assert project.quick() is None
    project.publish()
    assert project.sent == ["旧", "新"]
    assert project.quick()
