"""Only one process at a time works in a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from publisher.archive.lock import acquire_lock
from publisher.errors import BusyError, StorageError


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "home" / "lock"
    with acquire_lock(path) as died:
        assert not died
        with pytest.raises(BusyError) as caught, acquire_lock(path):
            pass
        assert caught.value.message == f"another publish is running here (process {os.getpid()})"
        assert caught.value.exit_code == 5
    with acquire_lock(path) as died:
        assert not died


def test_an_error_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(KeyboardInterrupt), acquire_lock(path):
        raise KeyboardInterrupt
    with acquire_lock(path) as died:
        assert not died


HOLDER = """
import os, sys
from pathlib import Path
from publisher.archive.lock import acquire_lock
with acquire_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), 9)
"""


def test_a_killed_holder_is_noticed_and_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=rf"\(process {holder.pid}\)"), acquire_lock(path):
            pass
        holder.communicate()
    with acquire_lock(path) as died:
        assert died
    with acquire_lock(path) as died:
        assert not died


FORKS = """
import os, sys
from pathlib import Path
from publisher.archive.lock import acquire_lock
with acquire_lock(Path(sys.argv[1])):
    reading, _ = os.pipe()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        os.kill(os.getppid(), 9)
    os.read(reading, 1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks on Windows")
def test_a_worker_that_outlives_the_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", FORKS, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        worker = int(holder.stdout.readline())
        holder.wait()
        try:
            with acquire_lock(path) as died:
                assert died
        finally:
            os.kill(worker, signal.SIGKILL)


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageError) as caught, acquire_lock(tmp_path / "home" / "lock"):
        pass
    assert caught.value.message == f"cannot write {tmp_path}/home/lock: File exists"
