"""`publish check --fix` and `--diff`: what they write and print."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.cli import fixes
from publisher.errors import StorageError
from tests.checks.conftest import BROKEN, IGNORED, Check, broken


def test_fix_writes_the_file_and_prints_the_rest(check: Check, letter: Path) -> None:
    mode = broken(letter).stat().st_mode
    said = check("2021-07-18", "--fix", IGNORED)
    fixed = BROKEN.replace("(https://e.org/a)(https://e.org/a)", "(https://e.org/a)").replace("，，", "，")
    assert broken(letter).read_text("utf-8") == fixed
    assert broken(letter).stat().st_mode == mode
    assert said.err == "fixed issues/2021-07-18.md: 2 problems\n"
    assert "2 errors in 1 issue ·" in said.out
    assert said.code == 1


def test_fixing_twice_changes_nothing_more(check: Check, letter: Path) -> None:
    check("--fix")
    once = broken(letter).read_bytes()
    assert check("--fix").err == ""
    assert broken(letter).read_bytes() == once


def test_diff_shows_fixes_without_writing(check: Check, letter: Path, need: Callable[[str], str]) -> None:
    before = broken(letter).read_bytes()
    said = check("--diff")
    assert broken(letter).read_bytes() == before
    assert said.err == "would fix issues/2021-07-18.md: 2 problems\nnext: publish check --fix\n"
    assert "\n-摘要：好，，了。\n" in said.out
    assert "\n+摘要：好，了。\n" in said.out
    subprocess.run([need("git"), "apply"], input=said.out.encode(), cwd=letter, check=True)
    check_again = check("--diff")
    nothing = "nothing to fix automatically; publish check lists the other problems\n"
    assert (check_again.out, check_again.err) == ("", nothing)


def test_fix_is_limited_to_selected_codes(check: Check, letter: Path) -> None:
    check("--fix", "--select", "punctuation")
    assert broken(letter).read_text("utf-8") == BROKEN.replace("，，", "，")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_fix_keeps_encoding_and_line_endings(check: Check, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "2021-07-18.md"
    file.write_bytes(BROKEN.replace("\n", "\r\n").encode(encoding))
    check(file.name, "--fix", "--select", "punctuation")
    assert file.read_bytes() == BROKEN.replace("\n", "\r\n").replace("，，", "，").encode(encoding)


def test_fix_keeps_symbolic_links(check: Check, tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text(BROKEN, "utf-8")
    (tmp_path / "2021-07-18.md").symlink_to("real.md")
    check("2021-07-18.md", "--fix")
    assert (tmp_path / "2021-07-18.md").is_symlink()
    assert "，，" not in (tmp_path / "real.md").read_text("utf-8")


def test_fixed_stdin_is_written_to_stdout(check: Check, tmp_path: Path) -> None:
    text = "\ufeff" + BROKEN.replace("\n", "\r\n")
    said = check("--stdin", "--fix", "--select", "punctuation", stdin=text.encode())
    assert said == (0, text.replace("，，", "，"), "")


def test_file_that_cannot_be_written_is_an_error(check: Check, letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> bool:
        raise StorageError("no room is left", "make some")

    monkeypatch.setattr(fixes, "write_if_changed", full)
    said = check("2021-07-18", "--fix")
    assert said.code == 6
    assert said.err == "error: no room is left · make some\n"
