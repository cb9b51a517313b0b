"""The ledger in a file, when the file or its disk is not as it should be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import pytest

from publisher.errors import PublisherError, StorageError
from publisher.ledger import DeliveryCounts, Ledger
from publisher.ledger.destinations import save_destination_id
from publisher.ledger.queries import find_status
from publisher.ledger.sqlite import SqliteDatabase
from tests.ledger.shortcuts import KEY, MINUTE, NOON, begun, claim, ended, states, turn
from tests.ledger.sqlite_files import opened, refusal, send_some
from tests.support.attempts import load_attempts

ROOT = Path(__file__).parents[2]


# ------------------------------------------------------------------- who can read it


def test_only_its_owner_can_read_it(file: Path) -> None:
    before = os.umask(0)
    try:
        with opened(file) as ledger:
            send_some(ledger)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}
    assert {path.name for path in file.parent.iterdir()} == {"ledger.db", "ledger.backup"}
    assert stat.S_IMODE(file.with_suffix(".backup").stat().st_mode) == 0o600


def test_it_can_be_examined(file: Path) -> None:
    with opened(file) as ledger:
        found = dict(ledger.check_health())
        file.chmod(0o644)
        assert dict(ledger.check_health())["its mode is 644"] is False
    assert found == {
        f"SQLite {sqlite3.sqlite_version}, {file}": True,
        "journal_mode is wal": True,
        "synchronous is 2": True,
        "its pages are intact": True,
        "its mode is 600": True,
    }


# ---------------------------------------------------------------------- a full disk


def fill(ledger: Ledger) -> None:
    """Leave no room for another page."""
    with ledger.transaction() as tx:
        [(pages,)] = tx.fetch_all("PRAGMA page_count")
        tx.execute(f"PRAGMA max_page_count = {pages}")
    with suppress(StorageError):
        for number in count(100):
            save_destination_id(ledger, "x", f"{number}", "")


def make_room(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        tx.execute("PRAGMA max_page_count = 1000000")


FULL = "cannot write the ledger {}: database or disk is full"


def test_a_full_disk_when_deliveries_begin(file: Path) -> None:
    """Fault 11: nothing is sent, and it goes on when there is room."""
    with opened(file) as ledger:
        lease = begun(ledger, *map(str, range(600)))
        fill(ledger)
        with pytest.raises(StorageError) as caught:
            turn(ledger, lease, size=600)
        assert caught.value.message == FULL.format(file)
        assert set(states(ledger).values()) == {"planned"}
        make_room(ledger)
        assert len(turn(ledger, lease, size=600)) == 600


def test_a_full_disk_when_deliveries_have_ended(file: Path) -> None:
    """Fault 12: so many are unknown as were under way, and no more."""
    with opened(file) as ledger:
        lease = begun(ledger, *map(str, range(400)))
        tasks = turn(ledger, lease, size=200)
        fill(ledger)
        with pytest.raises(StorageError) as caught:
            turn(ledger, lease, *(ended(task, reason="x" * 300) for task in tasks), size=200)
        assert caught.value.message == FULL.format(file)
        assert load_attempts(ledger, KEY) == []
        make_room(ledger)
        claim(ledger, NOON + MINUTE)
        found = find_status(ledger, KEY)
        assert found
        assert found.counts == DeliveryCounts(unknown=200, planned=200)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True)
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    file = small_disk / "ledger.db"
    filler = small_disk / "filler"
    with opened(file) as ledger:
        lease = begun(ledger, *map(str, range(40)))
        tasks = turn(ledger, lease, size=20)
        with suppress(OSError), filler.open("wb", buffering=0) as all_the_rest:
            while all_the_rest.write(bytes(512)):
                pass
        results = [ended(task, reason="x" * 300) for task in tasks]
        for _ in range(3):
            with pytest.raises(StorageError, match="cannot write the ledger") as caught:
                turn(ledger, lease, *results)
            assert "\n" not in caught.value.message
        filler.unlink()
        assert len(turn(ledger, lease, *results, size=20)) == 20
        assert list(states(ledger).values()) == ["sent"] * 20 + ["sending"] * 20


# --------------------------------------------------------------- no place to write to


@pytest.fixture
def ordinary() -> Iterator[Callable[[], None]]:
    """Call it, and the process has no more rights than anybody else; all it needs must be imported."""
    was_root = os.geteuid() == 0

    def become() -> None:
        if was_root:
            os.seteuid(65534)

    yield become
    if was_root:
        os.seteuid(0)


@pytest.fixture
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that anybody can see into."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="publisher-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_ledger_that_can_only_be_read(hall: Path, ordinary: Callable[[], None]) -> None:
    """Fault 13."""
    file = hall / "ledger.db"
    with opened(file) as ledger:
        begun(ledger)
    file.chmod(0o444)
    hall.chmod(0o555)
    before = file.read_bytes()
    ordinary()
    assert refusal(file).message == f"cannot write the ledger {file}: attempt to write a readonly database"
    assert file.read_bytes() == before


def test_a_ledger_that_cannot_be_read(hall: Path, ordinary: Callable[[], None]) -> None:
    file = hall / "ledger.db"
    with opened(file):
        pass
    file.chmod(0)
    hall.chmod(0o555)
    ordinary()
    assert refusal(file).message == f"cannot write the ledger {file}: unable to open database file"


def test_a_folder_that_cannot_be_written_to(hall: Path, ordinary: Callable[[], None]) -> None:
    hall.chmod(0o555)
    ordinary()
    assert refusal(hall / "ledger.db").message == f"cannot open the ledger {hall}/ledger.db: Permission denied"
    assert refusal(hall / "a" / "ledger.db").message.endswith("a/ledger.db: Permission denied")


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    with opened(tmp_path / "a" / "b" / "ledger.db") as ledger:
        begun(ledger)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / ".publisher").write_text("")
    file = tmp_path / ".publisher" / "ledger.db"
    assert refusal(file).message == f"cannot open the ledger {file}: File exists"
    file /= "ledger.db"
    assert refusal(file).message == f"cannot open the ledger {file}: Not a directory"


def test_a_ledger_that_is_a_folder(file: Path) -> None:
    file.mkdir(parents=True)
    assert refusal(file).message == f"cannot write the ledger {file}: unable to open database file"


# ------------------------------------------------------------------ in other hands


def test_it_waits_for_another_process(file: Path) -> None:
    """Fault 15."""
    with opened(file) as ledger, closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        lease = begun(ledger)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.3, other.execute, ["COMMIT"])
        timer.start()
        assert len(turn(ledger, lease)) == 1
        timer.join()


def test_it_does_not_wait_for_ever(file: Path) -> None:
    with opened(file) as ledger, closing(SqliteDatabase(file, timeout=0.05)) as other:
        begun(ledger)
        with ledger.transaction(), pytest.raises(StorageError) as caught, other.transaction():
            pass
        assert caught.value.message == f"the ledger {file} is in use"
        assert caught.value.hint == "nothing more is sent: wait for the process that has locked it"
        with other.transaction() as tx:
            assert tx.fetch_all("SELECT COUNT(*) FROM delivery") == [(1,)]


def test_it_does_not_wait_for_ever_to_be_opened(file: Path) -> None:
    file.parent.mkdir()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE x (y)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="is in use"):
            SqliteDatabase(file, timeout=0.05)


def test_to_open_it_twice_takes_no_lock_away(file: Path) -> None:
    """A process that closes a file loses its locks on it, those of other connections too."""
    with opened(file) as first:
        lease = begun(first)
        Ledger(file).close()
        # who is the last to close it clears the log away, and takes care to be the last
        look = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM delivery')"
        subprocess.run([sys.executable, "-c", look, str(file)], check=True)
        turn(first, lease)
        with opened(file) as second:
            assert states(second) == {"a": "sending"}


def test_after_the_end_there_is_no_ledger(file: Path) -> None:
    ledger = Ledger(file)
    ledger.close()
    ledger.close()
    with pytest.raises(PublisherError, match="Cannot operate on a closed database"):
        begun(ledger)
