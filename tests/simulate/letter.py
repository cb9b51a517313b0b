"""A newsletter whose subscribers are made up: reader0 to as many as are wanted, at a few providers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from subprocess import Popen
from typing import IO

from publisher.ledger import Ledger
from publisher.ledger.subscribers import SubscriberRow
from publisher.signing import SigningKeys

ROOT = Path(__file__).parents[2]
ID = "tag:example.org,2025:crowd"
KEY = "a-key-for-readers-who-are-made-up"
ISSUE = "# Crowd (2025-01-01)\n\n## News\n\n- [An item](https://example.org/item)\n\n  With a line of text.\n"
ARRIVAL = "2025-01-01T00:00:00.000000Z"

PROVIDERS = ("mail.example", "post.example", "inbox.example")

_SETTINGS = f"""\
[newsletter]
name = "Crowd"
url = "https://example.org/{{{{date}}}}/"
id = "{ID}"
email = "editor@example.org"

[channels.web]
enabled = false

[channels.rss]
enabled = false

[channels.email]
from = "editor@example.org"
server = "smtp://127.0.0.1:{{port}}"
connections = {{connections}}

[subscribers]
url = "https://example.org/list"
key = "env:LIST_KEY"

[ledger]
postgres = "env:LEDGER"
workers = true
"""


class Letter:
    """The newsletter in `folder`, its ledger at the URL `ledger`, and the port of its mail server."""

    def __init__(self, folder: Path, ledger: str, port: int, *, connections: int = 10) -> None:
        self.folder = folder
        self.ledger = ledger
        self._settings = _SETTINGS.format(port=port, connections=connections)
        (folder / "issues").mkdir(parents=True)
        (folder / "publisher.toml").write_text(self._settings)
        (folder / "issues" / "2025-01-01.md").write_text(ISSUE)
        os.utime(folder / "issues" / "2025-01-01.md", (0, 0))

    def open_ledger(self) -> closing[Ledger]:
        return closing(Ledger(self.ledger))

    def subscribe(self, readers: range, providers: Sequence[str] = PROVIDERS) -> None:
        """Put readers on the list by their numbers, as if all had confirmed long ago; each provider has its share."""
        keys = SigningKeys(KEY)

        def rows() -> Iterator[tuple[str, ...]]:
            for number in readers:
                domain = providers[number % len(providers)]
                address = f"reader{number}@{domain}"
                tag = keys.make_tag(ID, address)
                yield ID, domain, *SubscriberRow(address, address, "", "confirmed", ARRIVAL, tag)

        columns = ("newsletter", "domain", *SubscriberRow._fields)
        with self.open_ledger() as ledger, ledger.transaction() as tx:
            tx.insert_many("subscriber", columns, rows())

    def new_machine(self, name: str) -> Path:
        """Make the folder of a machine that has publisher.toml and nothing else."""
        folder = self.folder.with_name(name)
        folder.mkdir()
        (folder / "publisher.toml").write_text(self._settings)
        return folder

    def start(self, *words: str, folder: Path | None = None, log: IO[bytes] | None = None, **env: str) -> Popen[bytes]:
        """Start a command of the program."""
        own = {"LEDGER": self.ledger, "LIST_KEY": KEY, "PYTHONPATH": str(ROOT)}
        return Popen(
            [sys.executable, "-m", "tests.simulate.program", *words],
            cwd=folder or self.folder,
            env=os.environ | own | env,
            stdout=log,
            stderr=log,
        )


def run_to_end(letter: Letter, log: Path, *words: str) -> None:
    """Run a command of the program. Raises RuntimeError if it fails."""
    with log.open("ab") as output:
        code = letter.start(*words, log=output).wait()
    if code:
        raise RuntimeError(f"exit {code}: {log.read_text()[-2000:]}")


def plan_issue(letter: Letter, log: Path) -> None:
    """Make the tables of the queue, as is done once, and plan the issue, so that workers can send it."""
    run_to_end(letter, log, "worker", "--setup")
    run_to_end(letter, log, "--yes", "--channel", "email")


def empty_queue(letter: Letter) -> None:
    """Lose all jobs, as if the queue had been restored from nothing."""
    import psycopg

    with psycopg.connect(letter.ledger) as connection:
        connection.execute("TRUNCATE procrastinate_jobs CASCADE")
