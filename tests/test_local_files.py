"""Which files of the newsletter's folder may be published, and that no other file gets out during a read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.local_files import FileAccess, FileKind, Refusal, read_regular_file

KIND = FileKind(10, "10 bytes")
TEXT = FileKind(10, "10 bytes", lambda path: None if path.endswith(".txt") else Refusal("not-text", "is no text", ""))


def code(found: bytes | Refusal | None) -> str:
    return found.code if isinstance(found, Refusal) else "published"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a" / ".b").mkdir(parents=True)
    for path in ("1.txt", "a/1.txt", "a/.b/1.txt", ".1.txt", "secret", "publisher.toml", "../1.txt", "../rooted"):
        (root / path).write_text("one")
    return root


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("1.txt", "published"),
        ("a/1.txt", "published"),
        ("a/../1.txt", "file-outside"),
        ("../1.txt", "file-outside"),
        ("../rooted", "file-outside"),
        ("..", "file-outside"),
        ("", "file-outside"),
        ("/etc/passwd", "file-outside"),
        ("a//1.txt", "file-outside"),
        (".1.txt", "file-hidden"),
        ("a/.b/1.txt", "file-hidden"),
        ("a/.b", "file-hidden"),
        ("secret", "file-private"),
        ("SECRET", "file-private"),
        ("publisher.toml", "file-private"),
        ("a", "not-a-file"),
        ("2.txt", "file-missing"),
        ("1.txt/2.txt", "file-missing"),
        ("a\0b", "file-missing"),
        ("\udfff", "file-missing"),
        ("a" * 300, "file-missing"),
    ],
)
def test_which_paths_may_be_published(root: Path, path: str, expected: str) -> None:
    files = FileAccess(root, ("secret",))
    assert code(files.inspect(path, KIND)) == code(files.read(path, KIND)) == expected
    assert (code(files.find_refusal(path)) == "published") == (expected == "published")


def test_a_root_that_is_a_link(root: Path) -> None:
    (root.parent / "link").symlink_to(root)
    files = FileAccess(root.parent / "link", (str(root.parent / "link" / "secret"),))
    assert files.read("a/1.txt", KIND) == b"one"
    assert code(files.read("secret", KIND)) == "file-private"
    (root / "out.txt").symlink_to(root.parent / "1.txt")
    assert code(files.read("out.txt", KIND)) == "file-outside"


def test_the_limit_is_inclusive(root: Path) -> None:
    (root / "1.txt").write_bytes(b"0123456789")
    assert FileAccess(root).read("1.txt", KIND) == b"0123456789"
    (root / "1.txt").write_bytes(b"0123456789+")
    assert code(FileAccess(root).read("1.txt", KIND)) == "file-too-large"
    assert code(FileAccess(root).inspect("1.txt", KIND)) == "file-too-large"
    assert code(read_regular_file(root / "1.txt", KIND)) == "file-too-large"


def test_the_kind_decides_by_the_name_in_the_issue(root: Path) -> None:
    (root / "link").symlink_to("1.txt")
    (root / "link.txt").symlink_to("a/1.txt")
    assert code(FileAccess(root).read("link", TEXT)) == "not-text"
    assert FileAccess(root).read("link.txt", TEXT) == b"one"


# what someone does to a file between the moment it is located and the moment it is opened, or read
SWAPS: dict[str, Callable[[Path], object]] = {
    "link to outside": lambda root: (root / "a" / "1.txt").symlink_to("../../1.txt"),
    "link to a private file": lambda root: (root / "a" / "1.txt").symlink_to("../secret"),
    "private file": lambda root: os.link(root / "secret", root / "a" / "1.txt"),
    "pipe": lambda root: os.mkfifo(root / "a" / "1.txt"),
    "folder that is a link": lambda root: ((root / "a").rename(root / "c"), (root / "a").symlink_to("..")),
    "other folder": lambda root: ((root / "a").rename(root / "c"), (root / "a").symlink_to(root.parent)),
}


@pytest.mark.parametrize("swap", SWAPS.values(), ids=list(SWAPS))
@pytest.mark.parametrize("moment", ["before opening", "after opening"])
def test_a_file_that_is_swapped_does_not_get_out(
    root: Path, monkeypatch: pytest.MonkeyPatch, swap: Callable[[Path], object], moment: str
) -> None:
    for path in ("secret", "../1.txt"):
        (root / path).write_text("secret")
    real_open = os.open

    def open_swapped(path: str, *arguments: int) -> int:
        if moment == "after opening":
            file = real_open(path, *arguments)
        (root / "a" / "1.txt").unlink()
        swap(root)
        return file if moment == "after opening" else real_open(path, *arguments)

    monkeypatch.setattr(os, "open", open_swapped)
    found = FileAccess(root, ("secret",)).read("a/1.txt", KIND)
    assert isinstance(found, Refusal)


def test_a_private_file_that_is_opened_and_gone_does_not_get_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of recipients is replaced while its second name is read."""
    os.link(root / "secret", root / "a" / "2.txt")
    real_open = os.open

    def open_replaced(path: str, *arguments: int) -> int:
        file = real_open(path, *arguments)
        (root / "a" / "2.txt").unlink()
        (root / "a" / "2.txt").write_text("new")
        return file

    monkeypatch.setattr(os, "open", open_replaced)
    assert isinstance(FileAccess(root, ("secret",)).read("a/2.txt", KIND), Refusal)


def test_a_file_that_grows_while_it_is_read_ends_at_the_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.stat_result((*(root / "1.txt").stat()[:6], 3, *(root / "1.txt").stat()[7:]))
    monkeypatch.setattr(os, "fstat", lambda _: status)
    (root / "1.txt").write_bytes(b"x" * 1_000)
    assert code(FileAccess(root).read("1.txt", KIND)) == "file-too-large"


def test_the_state_of_a_file_shows_each_change(root: Path) -> None:
    def state() -> tuple[int, int]:
        (found,) = FileAccess(root).stat_files(["a/1.txt"])
        return found

    first = state()
    assert first == state()
    assert first[0] == 3
    file = root / "a" / "1.txt"
    seen = [first]
    for change in (
        lambda: file.write_text("four"),
        lambda: ((root / "a").rename(root / ".a"), (root / "a").symlink_to(".a")),
        lambda: ((root / "a").unlink(), (root / ".a").rename(root / "a")),
        lambda: (file.unlink(), file.symlink_to("../../1.txt")),
        lambda: (file.unlink(), os.link(root / "1.txt", file)),
    ):
        change()
        assert state() != seen[-1]
        seen.append(state())
    assert seen[2] == seen[4] == (-1, 0)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/"])
def test_devices_and_folders_are_not_read(path: str) -> None:
    assert isinstance(read_regular_file(path, KIND), Refusal)


def test_a_pipe_without_a_writer_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert code(read_regular_file(root / "pipe", KIND)) == "not-a-file"
    assert code(FileAccess(root).read("pipe", KIND)) == "not-a-file"
