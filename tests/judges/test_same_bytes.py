"""The same sources give the same bytes on any machine and day, and unchanged files are not written again.

The newest issue has a title of another form than the others, which the check reports unless configured.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ELSEWHERE = {
    "time zone": {"TZ": "Pacific/Kiritimati"},
    "language": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"},
    "hash seed": {"PYTHONHASHSEED": "4711"},
    "narrow terminal": {"COLUMNS": "20", "NO_COLOR": "1"},
}


def files(letter: Path) -> dict[str, bytes]:
    """What was made: the site and what would be sent."""
    made = (file for name in ("public", "outbox") for file in (letter / name).rglob("*") if file.is_file())
    return {file.relative_to(letter).as_posix(): file.read_bytes() for file in made}


@pytest.fixture
def letter(tmp_path: Path, write_letter: Callable[[Path, list[Path]], Path]) -> Callable[[str], Path]:
    issues = sorted((HERE / "issues").glob("*.md"))
    return lambda name: write_letter(tmp_path / name, issues)


@pytest.fixture
def plain(letter, publish) -> dict[str, bytes]:
    folder = letter("plain")
    publish("--force", folder=folder, env={"TZ": "UTC", "PYTHONHASHSEED": "0"})
    made = files(folder)
    assert {"public/index.html", "public/feed.xml"} <= made.keys()
    return made


@pytest.mark.parametrize("where", ELSEWHERE)
def test_elsewhere(where: str, plain: dict[str, bytes], letter, publish) -> None:
    folder = letter("elsewhere")
    publish("--force", folder=folder, env=ELSEWHERE[where])
    assert files(folder) == plain


def test_another_day(plain: dict[str, bytes], letter, publish, need: Callable[[str], str]) -> None:
    folder = letter("later")
    publish("--force", folder=folder, under=[need("faketime"), "2041-07-04 05:06:07"])
    assert files(folder) == plain


def test_on_another_clock_of_files(plain: dict[str, bytes], letter, publish) -> None:
    """A fresh checkout gives every source the time of the checkout."""
    folder = letter("checkout")
    for file in folder.rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    publish("--force", folder=folder)
    assert files(folder) == plain


@pytest.mark.parametrize("remembers", [True, False])
def test_again_touches_nothing(remembers: bool, letter, publish) -> None:
    """Also when nothing is remembered and everything is made again: what is right stays as it is."""
    folder = letter("twice")

    def stamps() -> dict[Path, tuple[int, int]]:
        made = (file for name in ("public", "outbox") for file in (folder / name).rglob("*"))
        return {file: (file.stat().st_mtime_ns, file.stat().st_ino) for file in made}

    publish("--force", folder=folder)
    before = stamps()
    assert before
    if not remembers:
        shutil.rmtree(folder / ".publisher")
    publish("--force", folder=folder)
    assert stamps() == before
