"""A newsletter with a broken issue, and `publish check` as an editor types it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from publisher.cli.main import main
from tests.support.servers.websites import server as server

NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)
SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
"""
BROKEN = """\
# 慢刊 (2021-07-18)

> 导读：一条坏的。

## 新闻

- [甲](https://e.org/a)(https://e.org/a)
摘要：好，，了。
- [乙乙](
- [丙 | 慢讯]()
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


Check = Callable[..., Said]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Check:
    """check("--fix") runs the command in the folder of the test; `stdin` is what it reads."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, stdin: bytes = b"") -> Said:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main(["check", *words], NOW)
        out, err = capsysbinary.readouterr()
        return Said(code, out.decode(), err.decode())

    return run


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A newsletter with one broken issue and one sound one before it."""
    (tmp_path / "publisher.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2021-07-18.md").write_text(BROKEN, "utf-8")
    sound = "# 慢刊 (2021-07-04)\n\n> 导读：好的。\n\n## 新闻\n\n- [零](https://e.org/0)\n"
    (tmp_path / "issues" / "2021-07-04.md").write_text(sound, "utf-8")
    return tmp_path


def broken(folder: Path) -> Path:
    return folder / "issues" / "2021-07-18.md"


IGNORED = "--ignore=summary-missing"
