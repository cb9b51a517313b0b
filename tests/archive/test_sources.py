"""Which files are issues, and how a change to them is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from publisher.archive.output_folder import UpToDateMark
from publisher.archive.sources import SourceFile, compute_fingerprint, is_mtime_reliable, scan, scan_issues
from tests.archive.records import DUE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("issues/2.md", "issues/1.md", "issues/.hidden.md", "issues/notes.txt", "issues/old/0.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "issues" / "folder.md").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("issues/*.md", ["issues/1.md", "issues/2.md"]),
        ("issues/[2-9].md", ["issues/2.md"]),
        ("*/*.md", ["issues/1.md", "issues/2.md"]),
        ("issues/**/*.md", ["issues/1.md", "issues/2.md", "issues/old/0.md"]),
        ("**/*.md", ["issues/1.md", "issues/2.md", "issues/old/0.md"]),
        ("issues/*/0.md", ["issues/old/0.md"]),
        ("issues/1.md", ["issues/1.md"]),
        ("nowhere/*.md", []),
    ],
)
def test_scan_finds_what_the_glob_means(folder: Path, pattern: str, expected: list[str]) -> None:
    assert [one.path for one in scan(folder, pattern)] == expected


def test_scan_tells_size_and_time(folder: Path) -> None:
    path = folder / "issues" / "1.md"
    path.write_bytes(b"four")
    os.utime(path, ns=(1, 123_456_789))
    assert scan(folder, "issues/1.md") == [SourceFile("issues/1.md", 4, 123_456_789)]


def test_a_broken_link_and_a_loop_do_not_disturb(folder: Path) -> None:
    (folder / "issues" / "gone.md").symlink_to("nowhere.md")
    (folder / "issues" / "round").symlink_to(folder / "issues")
    assert [one.path for one in scan(folder, "**/*.md")] == ["issues/1.md", "issues/2.md", "issues/old/0.md"]


def test_links_in_a_circle_and_to_folders_above_end(folder: Path) -> None:
    for name, target in {"a": "..", "b": "../issues", "loop": "loop", "3.md": "3.md", "4.md": "a/4.md"}.items():
        (folder / "issues" / name).symlink_to(target)
    files = ["issues/1.md", "issues/2.md", "issues/old/0.md"]
    assert [one.path for one in scan(folder, "issues/**/*.md")] == files
    assert [one.path for one in scan(folder, "**/*.md")] == files
    assert [one.path for one in scan(folder, "*/*/issues/*.md")] == ["issues/a/issues/1.md", "issues/a/issues/2.md"]
    assert scan_issues(folder, ["issues/*.md"]) == scan(folder, "issues/*.md")


def test_issues_that_may_not_be_published_are_marked(folder: Path) -> None:
    root = folder / "issues"
    (folder / "out.md").write_text("x")
    (root / "pipe.md").unlink(missing_ok=True)
    os.mkfifo(root / "pipe.md")
    (root / "out.md").symlink_to("../out.md")
    (root / "hidden.md").symlink_to(".hidden.md")
    (root / "same.md").symlink_to("1.md")
    (root / "up").symlink_to("..")
    found = {one.path: one.size for one in scan_issues(root, ["*.md"])}
    assert found == {"1.md": 1, "2.md": 1, "hidden.md": -1, "out.md": -1, "pipe.md": -1, "same.md": 1}
    assert {one.path: one.size for one in scan_issues(root, ["*/*.md"])} == {"old/0.md": 1, "up/out.md": -1}
    assert "pipe.md" not in [one.path for one in scan(root, "*.md")]
    assert scan_issues(root, ["*.md"]) == scan_issues(root, ["*.md"])


def test_a_file_that_goes_during_the_scan_hides_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    class Slow(list[os.DirEntry[str]]):
        def __enter__(self) -> Slow:
            (folder / "issues" / "1.md").unlink(missing_ok=True)
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", lambda path: Slow(scandir(path)))
    assert [one.path for one in scan(folder, "issues/*.md")] == ["issues/2.md"]


def test_the_fingerprint_moves_with_every_file() -> None:
    before = [SourceFile("a.md", 1, 1), SourceFile("b.md", 2, 2)]
    assert compute_fingerprint(before) == compute_fingerprint(list(before))
    for after in (
        [SourceFile("a.md", 1, 1)],
        [SourceFile("a.md", 1, 9), SourceFile("b.md", 2, 2)],
        [SourceFile("a.md", 9, 1), SourceFile("b.md", 2, 2)],
        [SourceFile("a.md", 1, 1), SourceFile("c.md", 2, 2)],
    ):
        assert compute_fingerprint(after) != compute_fingerprint(before)


def test_a_file_changed_just_now_may_change_again_unseen() -> None:
    second = 1_000_000_000
    fine, coarse = 10 * second + 500, 10 * second
    assert not is_mtime_reliable(SourceFile("a", 1, fine), fine + 5_000_000)
    assert is_mtime_reliable(SourceFile("a", 1, fine), fine + 30_000_000)
    assert not is_mtime_reliable(SourceFile("a", 1, coarse), coarse + second)  # a file system that counts in seconds
    assert is_mtime_reliable(SourceFile("a", 1, coarse), coarse + 3 * second)


@pytest.mark.parametrize(
    ("today", "holds"),
    [
        ("2021-07-18", True),
        ("2021-07-31", True),
        ("2021-08-01", False),  # the next issue is due
        ("2021-07-17", False),  # a clock set back
    ],
)
def test_how_long_a_settled_run_holds(today: str, holds: bool) -> None:
    settled = UpToDateMark("", "2021-07-18", "2021-08-01", DUE, ())
    assert settled.is_valid(today) == holds
    assert settled._replace(valid_until="").is_valid("2031-01-01")


def test_globs_add_up_and_those_with_a_mark_exclude(folder: Path) -> None:
    def names(*patterns: str) -> list[str]:
        return [one.path for one in scan_issues(folder, patterns)]

    assert names("issues/2.md", "issues/*.md") == ["issues/1.md", "issues/2.md"]
    assert names("issues/old/*.md", "issues/2.md") == ["issues/2.md", "issues/old/0.md"]
    assert names("issues/**/*.md", "!issues/1.md", "!issues/old/*.md") == ["issues/2.md"]
    assert names("!issues/1.md", "issues/*.md") == ["issues/2.md"]


@pytest.mark.parametrize(
    ("name", "is_issue"),
    [
        ("README.md", False),
        ("readme.zh-CN.md", False),
        ("README_en.markdown", False),
        ("CHANGELOG.md", False),
        ("LICENSE.md", False),
        ("CONTRIBUTING.md", False),
        ("CODE_OF_CONDUCT.md", False),
        ("_index.md", False),
        ("index.md", True),
        ("changelog-12.md", True),
        ("2021-07-18-readme.md", True),
        ("license-to-sail.md", True),
    ],
)
def test_project_pages_are_issues_only_by_name(folder: Path, name: str, is_issue: bool) -> None:
    (folder / name).write_text("x")
    assert (name in [one.path for one in scan_issues(folder, ["*.md", "*.markdown"])]) == is_issue
    assert [one.path for one in scan_issues(folder, [name])] == [name]


def test_a_folder_with_the_name_of_a_project_page_is_skipped(folder: Path) -> None:
    (folder / "issues" / "README.md").mkdir()
    assert [one.path for one in scan_issues(folder, ["issues/*.md"])] == ["issues/1.md", "issues/2.md"]
