"""Commands that are forked end, fail and forget as processes do that are started by themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.command_server import Done, run_command


def run_process(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> Done:
    command = [sys.executable, "-m", "publisher", *words]
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8")
    return Done(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    "words", [("--version",), ("status", "--json"), ("channels",), ("init", "--lang", "zh"), ("x",)]
)
def test_they_are_the_same_as_a_process(words: tuple[str, ...], tmp_path: Path) -> None:
    folder, found = tmp_path / "letter", []
    for run in (run_process, run_command):
        folder.mkdir()
        done = run(words, folder, os.environ)
        found.append((done, sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))))
        shutil.rmtree(folder)
    assert found[0] == found[1]


def test_what_is_in_the_environment_is_for_one_command(tmp_path: Path) -> None:
    """A place where the program dies, and the language of what it says."""
    kill = os.environ | {"PUBLISHER_FAILPOINT": "files begun:kill"}
    assert run_command(("init", "--lang", "zh", "letter"), tmp_path, os.environ).code == 0
    words = ("--channel", "rss", "--json")
    assert run_command(words, tmp_path / "letter", kill).code == -9
    assert run_command(words, tmp_path / "letter", os.environ).code == 0
    assert (tmp_path / "letter" / "public" / "feed.xml").exists()
