"""A newsletter with a chat, and the commands as an editor types them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from publisher import registry
from publisher.cli.main import main
from tests.support.chat import Chat
from tests.support.fake_channel import World

NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)  # 12:00 in Shanghai

SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
timezone = "Asia/Shanghai"

[channels.rss]
enabled = false

[channels.chat]
room = "@readers"
me = "@me"
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Letter:
    """A newsletter of an old issue, a new one and a draft, with a page for each and a chat."""

    def __init__(self, root: Path, say: Callable[[], tuple[str, str]]) -> None:
        self.root = root
        self._say = say
        self.world = World(root / "world")
        (root / "issues").mkdir(parents=True)
        (root / "publisher.toml").write_text(SETTINGS)
        self.write("2021-07-04", "旧")
        self.write("2021-07-18", "一", "二", "三")
        self.write("2021-08-01", "草", "稿", head="---\ndraft: true\n---\n")

    def write(self, date: str, *topics: str, head: str = "") -> None:
        text = f"{head}# 慢刊 ({date})：{'/'.join(topics)}\n\n## 新闻\n\n- [条目](https://e.org/{date})\n"
        (self.root / "issues" / f"{date}.md").write_text(text)

    def orders(self, *orders: str) -> None:
        """What the chat does to parts, see tests/support/chat.py."""
        (self.root / "orders").write_text("\n".join(orders))

    def run(self, *words: str, now: dt.datetime = NOW) -> Said:
        code = main(list(words), now)
        return Said(code, *self._say())

    def told(self, *words: str, code: int = 0, now: dt.datetime = NOW) -> list[str]:
        """The lines of the result, without times that differ from run to run."""
        said = self.run(*words, now=now)
        assert said.code == code, said
        return re.sub(r"  \d+\.\d s$", "", said.out, flags=re.MULTILINE).splitlines()

    def chat(self, *words: str, code: int = 0) -> str:
        """What `publish status` says of the newest issue on the chat."""
        rows = self.told("status", "2021-07-18", *words, code=code)
        start = next(number for number, row in enumerate(rows) if row.startswith("  chat"))
        mine = [row[8:] for row in rows[start:] if row.startswith(("  chat", " " * 8))]
        return "\n".join(mine)

    @property
    def place(self) -> Path:
        return self.root / ".publisher" / "ledger.db"


def begun(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Letter:
    """Such a newsletter below a folder, and the process in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    load = registry.load_channel
    monkeypatch.setattr(registry, "load_channel", lambda name: Chat if name == "chat" else load(name))
    made = Letter(folder / "letter", capsys.readouterr)
    monkeypatch.chdir(made.root)
    return made
