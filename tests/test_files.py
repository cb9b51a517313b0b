"""Atomic writes: no partial files are visible, and the same bytes are not written twice."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from publisher import files
from publisher.channel import Part
from publisher.errors import DeliveryError, StorageError
from publisher.files import TEMPORARY_PREFIX, remove_temporary_files, write_if_changed
from publisher.folder_session import FolderSession


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_new_file_and_its_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "feed.xml"
    assert write_if_changed(path, b"one")
    assert path.read_bytes() == b"one"
    assert names(tmp_path) == ["a/b/feed.xml"]


def test_equal_bytes_leave_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    write_if_changed(path, b"one")
    os.utime(path, ns=(1, 1))
    before = path.stat()
    assert not write_if_changed(path, b"one")
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, 1)


@pytest.mark.parametrize("body", [b"two", b"", b"longer than before"])
def test_other_bytes_replace_the_file(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(b"one")
    assert write_if_changed(path, body)
    assert path.read_bytes() == body
    assert names(tmp_path) == ["feed.xml"]


def test_the_mode_of_a_replaced_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(b"one")
    path.chmod(0o640)
    write_if_changed(path, b"two")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_if_changed(tmp_path / "feed.xml", b"one")
    finally:
        os.umask(old)
    assert (tmp_path / "feed.xml").stat().st_mode & 0o777 == 0o640


def test_a_reader_holding_the_old_file_keeps_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(b"old bytes")
    with path.open("rb") as reader:
        write_if_changed(path, b"new")
        assert reader.read() == b"old bytes"


def test_bytes_reach_the_disk_before_the_name_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    replace = Path.replace

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", lambda _: steps.append("flush"))
    monkeypatch.setattr(Path, "replace", renamed)
    write_if_changed(tmp_path / "feed.xml", b"one")
    assert steps == ["flush", "rename", "flush"]  # the file, its name, the folder that holds the name


def test_a_failed_flush_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(b"old")

    def refuse(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError) as caught:
        write_if_changed(path, b"new")
    assert caught.value.message == f"cannot write {path}: No space left on device"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["feed.xml"]


def test_a_folder_in_the_way_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").mkdir()
    with pytest.raises(StorageError) as caught:
        write_if_changed(tmp_path / "feed.xml", b"one")
    assert caught.value.message == f"cannot write {tmp_path}/feed.xml: Is a directory"


def test_a_file_where_a_folder_should_be_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "public").write_text("I am a file")
    with pytest.raises(StorageError) as caught:
        write_if_changed(tmp_path / "public" / "feed.xml", b"one")
    assert caught.value.message == f"cannot write {tmp_path}/public/feed.xml: Not a directory"
    assert caught.value.exit_code == 6


def test_the_leftover_of_a_killed_process_with_our_number_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_serial", iter([7, 8]))
    (tmp_path / f"{TEMPORARY_PREFIX}{os.getpid()}-7").write_bytes(b"half")
    assert write_if_changed(tmp_path / "feed.xml", b"one")
    assert (tmp_path / "feed.xml").read_bytes() == b"one"


def test_sweep_takes_unfinished_files_only(tmp_path: Path) -> None:
    for name in (f"{TEMPORARY_PREFIX}1-0", f"deep/er/{TEMPORARY_PREFIX}2-3", "feed.xml", "deep/.hidden"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert remove_temporary_files(tmp_path) == 2
    assert names(tmp_path) == ["deep/.hidden", "feed.xml"]


def test_sweeping_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert remove_temporary_files(tmp_path / "nowhere") == 0


def test_a_session_writes_below_its_destination(tmp_path: Path) -> None:
    part = Part("public/2021-07-18/index.html", "text/html", b"<p>")
    with FolderSession() as session:
        first = session.deliver(part, str(tmp_path))
        second = session.deliver(part, str(tmp_path))
    assert (first.changed, second.changed) == (True, False)
    assert names(tmp_path) == ["public/2021-07-18/index.html"]


@pytest.mark.parametrize("key", ["../outside.html", "/etc/outside", "public/../../outside", "..\\outside"])
def test_no_part_leaves_the_destination(tmp_path: Path, key: str) -> None:
    inside = tmp_path / "inside"
    with FolderSession() as session, pytest.raises(DeliveryError) as caught:
        session.deliver(Part(key, "text/html", b"x"), str(inside))
    assert caught.value.permanent
    assert names(tmp_path) == []


def test_a_rebuild_is_flushed_once_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: flushes.append("file"))
    monkeypatch.setattr(os, "sync", lambda: flushes.append("all"))
    with FolderSession() as session:
        for number in range(100):
            session.deliver(Part(f"{number}.html", "text/html", b"x"), str(tmp_path))
        assert flushes.count("file") == 2 * 64  # the first 64, each with its folder
        assert "all" not in flushes
    assert flushes[-1] == "all"


def test_a_small_session_needs_no_flush_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes: list[str] = []
    monkeypatch.setattr(os, "sync", lambda: flushes.append("all"))
    with FolderSession() as session:
        session.deliver(Part("a.html", "text/html", b"x"), str(tmp_path))
    assert flushes == []


WRITER = """
import sys
from pathlib import Path
from publisher.files import write_if_changed
bodies = [bytes([letter]) * 300_000 for letter in b"ab"]
while True:
    for body in bodies:
        write_if_changed(Path(sys.argv[1]), body)
"""


def test_a_reader_never_sees_a_torn_file_of_a_killed_writer(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    whole = [letter * 300_000 for letter in (b"a", b"b")]
    path.write_bytes(whole[0])
    for _ in range(4):
        seen = {b"a": 0, b"b": 0}
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) as writer:
            end = time.monotonic() + 300
            while min(seen.values()) < 1_250 and time.monotonic() < end:
                body = path.read_bytes()
                assert body in whole
                seen[body[:1]] += 1
            writer.send_signal(signal.SIGKILL)
        assert min(seen.values()) >= 1_250
        assert path.read_bytes() in whole
    remove_temporary_files(tmp_path)
    assert names(tmp_path) == ["feed.xml"]


def test_what_is_in_the_way_is_reported(tmp_path: Path) -> None:
    """A folder in the place of a file, and links that lead in a circle."""
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "folder").mkdir()
    for path in ("circle/a", "folder"):
        with pytest.raises(StorageError) as caught:
            write_if_changed(tmp_path / path, b"a")
        assert "move it away" in caught.value.hint or "remove them" in caught.value.hint, path
