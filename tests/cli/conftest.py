"""A newsletter, and the command as an editor types it."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from publisher.cli.main import main

NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)

SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
timezone = "Asia/Shanghai"
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter with two due issues and an upcoming one, as the current folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "letter"
    (root / "issues").mkdir(parents=True)
    (root / "publisher.toml").write_text(SETTINGS)
    for date in ("2021-07-04", "2021-07-18", "2021-08-01"):
        text = f"# 慢刊 ({date})：题目\n\n## 新闻\n\n- [条目](https://e.org/{date})\n摘要：正文。\n"
        (root / "issues" / f"{date}.md").write_text(text)
        os.utime(root / "issues" / f"{date}.md", ns=(1, 1_600_000_000_000_000_001))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*words: str, now: dt.datetime = NOW) -> Said:
        code = main(list(words), now)
        return Said(code, *capsys.readouterr())

    return call


def without_times(text: str) -> str:
    return re.sub(r"  \d+\.\d s$", "", text, flags=re.MULTILINE)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
