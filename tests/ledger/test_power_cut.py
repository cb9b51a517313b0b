"""Fault 10: the power goes, and with it all that no flush had put on the disk."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.ledger import DeliveryCounts, Ledger
from publisher.ledger.queries import find_status
from tests.ledger.shortcuts import KEY, rows

ROOT = Path(__file__).parents[2]

PUBLISHING = """
import os, sys
from pathlib import Path
from publisher.ledger import Ledger
from tests.ledger.shortcuts import begun, ended, turn
ledger = Ledger(Path(sys.argv[1]))
os.write(1, b"opened")
claimed = begun(ledger, "x", "y", "z")
tasks = turn(ledger, claimed, size=2)
os.write(1, b"begun")
turn(ledger, claimed, *map(ended, tasks), size=0)
os.write(1, b"confirmed")
os._exit(0)
"""

_CALLS = "mkdir,openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink"
_STRING = r"((?:\\x[0-9a-f]{2})*)"


def decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class Disk:
    """What is on the disk after some system calls, if the power goes then."""

    def __init__(self) -> None:
        self._written: dict[str, bytearray] = {}
        self._flushed: dict[str, bytes] = {}
        self._there: set[str] = set()
        self._there_for_good: set[str] = set()

    def take(self, line: str) -> None:
        """Carry out a line of strace."""
        call, _, rest = line.partition("(")
        if " = -1 " in rest:
            return
        files = [decoded(name).decode() for name in re.findall(rf"<{_STRING}>", rest)]
        strings = [decoded(text) for text in re.findall(rf'"{_STRING}"', rest)]
        number = int(re.findall(r"(\d+)\) += ", rest)[0]) if call in ("pwrite64", "ftruncate") else 0
        match call:
            case "mkdir":
                self._there.add(strings[0].decode())
            case "unlink":
                self._there.remove(strings[0].decode())
            case "openat" if "O_CREAT" in rest and files[-1] not in self._there:
                self._there.add(files[-1])
                self._written[files[-1]] = bytearray()
            case "pwrite64":
                file = self._written[files[0]]
                file.extend(bytes(max(0, number - len(file))))
                file[number : number + len(strings[0])] = strings[0]
            case "ftruncate":
                del self._written[files[0]][number:]
            case "fsync" | "fdatasync" if files[0] in self._written:
                self._flushed[files[0]] = bytes(self._written[files[0]])
            case "fsync" | "fdatasync":
                self._there_for_good -= set(_within(files[0], self._there_for_good))
                self._there_for_good |= set(_within(files[0], self._there))

    def files(self, folder: Path) -> dict[str, bytes]:
        """The files of a folder that are still there, and what they hold."""
        if str(folder) not in self._there_for_good:
            return {}
        return {Path(name).name: self._flushed.get(name, b"") for name in _within(str(folder), self._there_for_good)}


def _within(folder: str, names: set[str]) -> list[str]:
    return [name for name in names if str(Path(name).parent) == folder]


@pytest.fixture(scope="module")
def trace(need: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder of a ledger, and the system calls made while its publisher was running."""
    folder = tmp_path_factory.mktemp("disk")
    log = folder / "log"
    place = folder / ".publisher" / "ledger.db"
    strace = [need("strace"), "-qq", "-y", "-xx", "-s", "100000", "-e", f"trace={_CALLS}", "-o", str(log)]
    done = subprocess.run([*strace, sys.executable, "-c", PUBLISHING, str(place)], cwd=ROOT, capture_output=True)
    if b"Operation not permitted" in done.stderr:
        pytest.skip("strace may not look at processes here")
    assert done.stdout == b"openedbegunconfirmed", done.stderr.decode()
    return place.parent, log.read_text("ascii").splitlines()


@pytest.mark.parametrize(
    ("word", "counts"),
    [("begun", DeliveryCounts(sending=2, planned=1)), ("confirmed", DeliveryCounts(sent=2, planned=1))],
)
def test_what_was_said_to_be_noted_is_noted(
    trace: tuple[Path, list[str]], word: str, counts: DeliveryCounts, tmp_path: Path
) -> None:
    folder, lines = trace
    disk = Disk()
    said = "".join(f"\\x{byte:02x}" for byte in word.encode())
    for line in lines:
        disk.take(line)
        if line.startswith("write(1<") and f'"{said}"' in line:
            break
    else:
        raise AssertionError(word)
    for name, body in disk.files(folder).items():
        (tmp_path / name).write_bytes(body)
    ledger = Ledger(tmp_path / "ledger.db")
    found = find_status(ledger, KEY)
    ledger.close()
    assert found, "the ledger is empty"
    assert found.counts == counts


def test_every_connection_flushes_when_it_commits(tmp_path: Path) -> None:
    for _ in range(2):
        ledger = Ledger(tmp_path / "ledger.db")
        assert rows(ledger, "PRAGMA synchronous") == [(2,)], "FULL"
        assert rows(ledger, "PRAGMA journal_mode") == [("wal",)]
        ledger.close()
