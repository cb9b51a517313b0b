"""A newsletter whose list is in a database, and workers that send it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from publisher.ledger import Ledger
from publisher.signing import SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.subscribers.subscriber_list import SubscriberList
from tests.support.newsletter import NOON, ProcessProject

NEWSLETTER = "tag:example.org,2021:slow"
KEY = "slack-water-4711-and-more"
SEND = ("--channel", "email", "--yes")
MANY = 1_020


class Letter(ProcessProject):
    """A newsletter with its own list in a database, and workers with folders of their own."""

    def __init__(self, root: Path, url: str, database: str, login: str = "") -> None:
        self.database = database
        tables = f"""[schedule]
at = "09:45"
on_failure = "sh -c 'cat >> {root}/alarms; echo >> {root}/alarms'"

[ledger]
postgres = "env:LEDGER"
workers = true

[subscribers]
url = "https://list.slow.press/n"
key = "env:LIST_KEY"

[channels.email]
from = "editor@slow.press"
server = "{url}"
{login}"""
        super().__init__(root / "letter", tables, {"LIST_KEY": KEY, "LEDGER": database, "MAIL_PASSWORD": "neap"})
        (self.root / "issues" / "2021-07-18.md").write_text(
            "# 慢工 (2021-07-18)：题\n\n## 新闻\n\n- [条目](https://e.org/1)\n摘要：一句。\n", "utf-8"
        )
        self.alarms = root / "alarms"
        self._elsewhere = root / "elsewhere"
        self._elsewhere.mkdir()

    def enter(self, addresses: list[str]) -> None:
        """Import these into the list."""
        with closing(Ledger(self.database)) as ledger:
            people = SubscriberList(ledger, NEWSLETTER, SigningKeys(KEY))
            import_entries(people, [ImportEntry(one) for one in addresses], Origin(NOON, "import"), dry_run=False)

    @contextmanager
    def worker(self, *options: str, code: int = 0, under: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
        """Run a worker until the end of the block, in a folder with publisher.toml; `under` begins the command."""
        shutil.copy(self.root / "publisher.toml", self._elsewhere)
        with subprocess.Popen(
            [*under, sys.executable, "-m", "publisher", "worker", *options],
            cwd=self._elsewhere,
            env=os.environ | self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                self.said = process.communicate(timeout=1800)[0]
        assert process.returncode == code, self.said
        assert [path.name for path in self._elsewhere.iterdir()] == ["publisher.toml"]

    def count(self) -> dict[str, Any]:
        """What the status says of the deliveries."""
        row: dict[str, Any] = self.status()
        counts: dict[str, Any] = row["counts"]
        return counts

    def status(self, code: int | None = None) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert code is None or done.code == code, done
        rows: list[dict[str, Any]] = json.loads(done.out)["rows"]
        return next(row for row in rows if row["channel"] == "email")


def eventually(is_so: Callable[[], bool]) -> None:
    end = monotonic() + 300
    while not is_so():
        assert monotonic() < end, "it has not become so"
        sleep(0.05)


def addresses(number: int, domain: str = "example.net") -> list[str]:
    return [f"reader{one}@{domain}" for one in range(number)]
