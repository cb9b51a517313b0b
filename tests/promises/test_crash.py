"""Publishers are killed, stopped and starved wherever it may hurt, and then the readers are counted."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import pytest

from publisher.files import TEMPORARY_PREFIX

ROOT = Path(__file__).parents[2]
Result = dict[str, Any]


def crash(what: str, folder: Path, *arguments: str) -> Iterator[Result]:
    command = [sys.executable, "-m", "tests.support.crash", what, "--ledger", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    yield from map(json.loads, done.stdout.splitlines())


def check(found: Result, total: int) -> None:
    """No recipient got it twice, and those who did not get it are known by name."""
    counts = found["counts"]
    assert found["twice"] == 0, found
    assert sum(counts.values()) == total, found
    assert counts["sent"] <= found["reached"] <= counts["sent"] + counts["unknown"], found
    assert counts["unknown"] <= found["window"] * found["kills"], found
    assert counts["sending"] == 0, found
    assert found["code"] == (4 if counts["unknown"] else 0), found


@pytest.mark.parametrize("seed", range(4))
def test_kill_after_kill(tmp_path: Path, seed: int) -> None:
    results = list(crash("loop", tmp_path, "--seed", str(seed), "--rounds", "10"))
    assert len(results) == 10
    assert sum(found["kills"] for found in results) > 20
    for found in results:
        check(found, 1_000)
        assert found["counts"]["planned"] == 0, found


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> list[str]:
    """Where the ledger is: no argument for SQLite."""
    if request.param == "sqlite":
        return []
    return ["--postgres", request.getfixturevalue("postgres").address()]


@pytest.mark.parametrize("seed", range(2))
def test_two_at_work_and_one_is_killed(tmp_path: Path, place: list[str], seed: int) -> None:
    results = list(crash("pairs", tmp_path, "--seed", str(seed), "--rounds", "10", *place))
    assert len(results) == 10
    assert any(found["counts"]["unknown"] for found in results), "no kill hit a window"
    for found in results:
        check(found, 1_000)
        assert found["counts"]["planned"] == 0, found


def test_every_edge_of_every_kind_of_channel(tmp_path: Path, place: list[str]) -> None:
    results = list(crash("edges", tmp_path, *place))
    assert len(results) == 63
    for found in results:
        kind, edge, action = found["name"].split("-")
        died = found["first"] in ((-9,) if action == "kill" else (4, 6, 70))
        if kind == "pings":
            assert died or edge in ("sending", "acted"), found
            assert found["counts"]["sent"] == found["reached"] == found["total"], found
            assert found["code"] == 0, found
            continue
        assert died, found
        check(found, found["total"])
        if edge in ("planning", "planned") or (edge, kind) == ("confirmed", "post"):
            assert found["counts"]["sent"] == found["total"], found
        elif edge != "confirmed":  # of several connections, some may be busy then
            assert found["counts"]["unknown"], found


def test_one_that_was_stopped_too_long_does_no_harm(tmp_path: Path, place: list[str]) -> None:
    results = list(crash("stopped", tmp_path, *place))
    assert len(results) == 4
    for found in results:
        assert found["busy"] == 5 or not found["was_leased"], "another took over before the lease was over"
        assert found["late"] == 5, "the one that was stopped did not notice"
        check(found, 40)


def test_six_at_once_have_one_winner(tmp_path: Path, place: list[str]) -> None:
    results = list(crash("race", tmp_path, "--rounds", "50", *place))
    assert len(results) == 50
    for found in results:
        assert found["reached"] == 3, found
        check(found, 3)
        assert set(found["codes"]) <= {0, 5}, found


# ------------------------------------------------------------------------- files


def test_no_compressed_feed_is_beside_a_newer_one_wherever_a_run_is_killed(tmp_path: Path, publish: Any) -> None:
    publish("init", "--lang", "zh", "letter", folder=tmp_path)
    before = tmp_path / "letter"
    publish("--channel", "rss", folder=before)
    old = (before / "public" / "feed.xml").read_bytes()
    issue = max((before / "issues").iterdir())
    issue.write_text(issue.read_text("utf-8") + "\n- [多一条](https://example.org/more)\n", "utf-8")
    command = [sys.executable, "-m", "publisher", "--channel", "rss"]
    seen = set()
    for number in range(1, 30):
        letter = tmp_path / f"killed-{number}"
        shutil.copytree(before, letter)
        env = os.environ | {"PUBLISHER_FAILPOINT": f"replaced:kill:{number}"}
        if subprocess.run(command, cwd=letter, env=env, capture_output=True).returncode == 0:
            break
        files = tree(letter)
        for name in ("feed.xml", "atom.xml", "feed.json"):
            assert gzip.decompress(files.get(f"{name}.gz", gzip.compress(files[name]))) == files[name]
            assert brotli.decompress(files.get(f"{name}.br", brotli.compress(files[name]))) == files[name]
        seen.add((files["feed.xml"] == old, "feed.xml.gz" in files, "feed.xml.br" in files))
    assert {(True, True, True), (False, False, False), (False, True, False), (False, True, True)} == seen


def tree(root: Path) -> dict[str, bytes]:
    public = root / "public"
    return {str(path.relative_to(public)): path.read_bytes() for path in public.rglob("*") if path.is_file()}


class Edited(NamedTuple):
    """A newsletter that is published and then gets another issue, and its files before and after that is published."""

    letter: Path
    before: dict[str, bytes]
    after: dict[str, bytes]


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, publish: Any) -> Edited:
    folder = tmp_path_factory.mktemp("edited")
    publish("init", "--lang", "zh", "letter", folder=folder)
    letter = folder / "letter"
    publish("--channel", "web,rss", folder=letter)
    before = tree(letter)
    added = "# 慢工 (2021-07-18)：旧刊补录\n\n## 新闻\n\n- [多一条](https://example.org/more)\n"
    (letter / "issues" / "2021-07-18.md").write_text(added, "utf-8")
    untroubled = shutil.copytree(letter, folder / "untroubled")
    publish("--channel", "web,rss", folder=untroubled)
    after = tree(untroubled)
    assert before != after
    return Edited(letter, before, after)


@pytest.mark.parametrize(
    "place",
    [
        *("files begun:kill", "replacing:kill", "replaced:kill", "replacing:kill:4", "files written:kill"),
        *("replacing:full", "replacing:full:5", "replaced:raise:3", "files begun:full", "files written:full"),
    ],
)
def test_files_are_whole_whatever_happens(tmp_path: Path, publish: Any, edited: Edited, place: str) -> None:
    letter = shutil.copytree(edited.letter, tmp_path / "letter")
    command = [sys.executable, "-m", "publisher", "--channel", "web,rss"]
    env = os.environ | {"PUBLISHER_FAILPOINT": place}
    done = subprocess.run(command, cwd=letter, env=env, capture_output=True, text=True)
    assert done.returncode == (-9 if "kill" in place else 6), done.stderr
    for name, body in tree(letter).items():
        if not Path(name).name.startswith(TEMPORARY_PREFIX):
            assert body in (edited.before.get(name), edited.after[name]), f"{name} is neither old nor new"
    linked = re.findall(r"<link>(https://[^<]+)</link>", (letter / "public" / "feed.xml").read_text("utf-8"))
    assert len(linked) > 2
    publish("--channel", "web,rss", folder=letter)
    assert tree(letter) == edited.after
    tx = sqlite3.connect(letter / ".publisher" / "ledger.db")
    assert tx.execute("SELECT COUNT(*) FROM publication WHERE done = 0").fetchall() == [(0,)]
    tx.close()


@pytest.mark.parametrize("place", ["replaced:kill:4", "files written:kill", "files written:raise"])
def test_an_edit_that_is_undone_after_a_crash_leaves_no_trace(
    tmp_path: Path, publish: Any, edited: Edited, place: str
) -> None:
    """The words have as many bytes, so the sizes of files do not show which of them were written."""
    letter = shutil.copytree(edited.letter, tmp_path / "letter")
    publish("--channel", "web,rss", folder=letter)
    issue = letter / "issues" / "2021-07-18.md"
    text = issue.read_text("utf-8")
    issue.write_text(text.replace("补录", "增录"), "utf-8")
    command = [sys.executable, "-m", "publisher", "--channel", "web,rss"]
    done = subprocess.run(command, cwd=letter, env=os.environ | {"PUBLISHER_FAILPOINT": place}, capture_output=True)
    assert done.returncode != 0
    assert any("增录".encode() in body for body in tree(letter).values())
    issue.write_text(text, "utf-8")
    publish("--channel", "web,rss", folder=letter)
    assert [name for name, body in tree(letter).items() if "增录".encode() in body] == []
