"""A disk that is full or fails: exit 6 and a line that says so, nothing sent twice, and all is well afterwards."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from publisher.archive.lock import acquire_lock
from publisher.errors import StorageError
from publisher.ledger.sqlite import SqliteDatabase
from tests.support.newsletter import CommandProject, Said, command_project

full_disk = pytest.importorskip("tests.support.full_disk", reason="limits on files need POSIX")

COMMANDS = {
    "publish": ("--yes",),
    "tick": ("tick",),
    "check": ("check",),
    "check fix": ("check", "--fix"),
    "new": ("new",),
    "init": ("init", "--lang", "zh", "other"),
    "hold": ("hold", "2021-07-18"),
    "reschedule": ("reschedule", "2021-07-18", "23:00"),
    "adopt": ("adopt",),
    "trust-ledger": ("trust-ledger",),
    "correct": ("correct", "2021-07-18", "--yes"),
    "retry": ("retry", "--yes"),
    "resolve": ("resolve", "2021-07-18", "--drop"),
    "publish again": ("--yes", "--channel", "web"),
}
AFTER_PUBLISHING = ("correct", "retry", "resolve", "publish again")
ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.EMFILE)

Start = Callable[[str], CommandProject]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """start(command): a new newsletter in which the command has something to do."""
    serial = count()

    def make(name: str) -> CommandProject:
        project = command_project(tmp_path / str(next(serial)), monkeypatch, capsys)
        if name in AFTER_PUBLISHING:
            assert project.run("--yes").code == 0
            project.write("2021-07-18", "一", "二", "四")
        if name == "check fix":
            project.write("2021-07-11", "题", text="好，，")
        if name == "tick":
            project.path("2021-07-04").unlink()  # it would be too late for it
        if name == "resolve":
            project.orders("lose 2")
        return project

    return make


def run_with(project: CommandProject, words: tuple[str, ...], number: int, at: int) -> tuple[Said, bool]:
    """What a command says if its `at`-th write fails, and whether it came to that."""
    root = project.root
    folders = [root / name for name in (".publisher", "public", "issues", "outbox", "other")]
    disk = full_disk.FailingDisk((*folders, Path("other"), root.parent / "cache"), number)
    with pytest.MonkeyPatch.context() as patch:
        disk.install(patch)
        disk.at = at
        said = project.run(*words)
    return said, len(disk.calls) >= at


def require_exit(said: Said, reasons: set[str]) -> None:
    """A cache may be left out; everything else is one error that names the reason."""
    assert said.code in (0, 6), said
    shown = said.out + said.err
    assert "internal error" not in shown
    assert "Traceback" not in shown
    if said.code == 6:
        assert any(reason in shown for reason in reasons), said
        assert len([line for line in said.err.splitlines() if line.startswith("error: ")]) <= 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_write_may_fail(name: str, start: Start) -> None:
    """Few writes: each. Many: every fifth, each time another one of the errors."""
    project = start(name)
    _, failed = run_with(project, COMMANDS[name], errno.ENOSPC, 40)
    step = 5 if failed else 1
    for at in count(1, step):
        number = ERRORS[at // step % len(ERRORS)]
        project = start(name)
        said, failed = run_with(project, COMMANDS[name], number, at)
        if not failed:
            assert said.code == 0
            break
        require_exit(said, {os.strerror(number)})
        assert not project.world.sent or max(project.world.sent.values()) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_file_may_be_too_large(name: str, start: Start) -> None:
    """Also those of SQLite, which has words of its own for it."""
    reasons = {os.strerror(errno.EFBIG), "disk I/O error", "database or disk is full", "unable to open database"}
    for limit in (0, 100, 4096, 30_000):
        project = start(name)
        with full_disk.limited_file_size(limit):
            said = project.run(*COMMANDS[name])
        require_exit(said, reasons)
        assert not project.world.sent or max(project.world.sent.values()) == 1


@pytest.mark.parametrize("at", [1, 20, 60, 100])
def test_what_was_left_undone_is_done_afterwards(at: int, start: Start) -> None:
    project = start("publish")
    assert run_with(project, ("--yes",), errno.ENOSPC, at)[0].code in (0, 6)
    assert project.run("--yes").code == 0
    assert sorted(project.world.sent.values()) == [1, 1, 1]
    assert (project.root / "public" / "2021-07-18" / "index.html").exists()


def test_init_leaves_nothing_half_done(start: Start) -> None:
    project = start("init")
    said, _ = run_with(project, ("init", "--lang", "zh", "other"), errno.ENOSPC, 12)
    assert said.code == 6
    assert not [path for path in (project.root / "other").rglob("*") if path.is_file()]
    assert project.run("init", "--lang", "zh", "other").code == 0


def test_the_lock_file_names_itself(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        full_disk.limited_file_size(0),
        pytest.raises(StorageError, match=f"cannot write {lock}: {os.strerror(errno.EFBIG)}"),
        acquire_lock(lock),
    ):
        pass
    with acquire_lock(lock) as was_killed:
        assert not was_killed


def test_a_database_that_is_full(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "ledger.db")
    database._connection.execute("PRAGMA max_page_count = 3")

    def fill() -> None:
        with database.transaction() as tx:
            tx.execute("CREATE TABLE a (b BLOB)")
            tx.execute("INSERT INTO a VALUES (zeroblob(100000))")

    with pytest.raises(StorageError, match="full") as caught:
        fill()
    assert caught.value.hint == "nothing more is sent: free some space on that disk"
    database.close()
    assert sqlite3.connect(tmp_path / "ledger.db").execute("PRAGMA quick_check").fetchall() == [("ok",)]


@pytest.mark.skipif(sys.platform != "linux", reason="needs tmpfs")
@pytest.mark.parametrize("size", [16, 64, 128])
def test_a_small_disk(size: int, tmp_path: Path, start: Start) -> None:
    """The real thing, where the user of the tests may mount one (size in kB)."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size={size}k tmpfs {disk} 2>/dev/null"):
        pytest.skip("this user may not mount a file system")
    try:
        project = start("publish")
        (project.root / ".publisher").symlink_to(disk)
        said = project.run("--yes")
        require_exit(said, {os.strerror(errno.ENOSPC), "database or disk is full", "disk I/O error"})
        assert not project.world.sent or max(project.world.sent.values()) == 1
    finally:
        os.system(f"umount {disk}")
