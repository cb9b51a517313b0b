"""What a worker sends with is compared with what the planning process has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from publisher.cli.actions import load_project
from publisher.delivery.sent_settings import record_settings, verify_settings
from publisher.errors import ConfigError
from publisher.run import RunContext
from tests.support.newsletter import NOON
from tests.support.postgres import Postgres

TABLES = """[newsletter]
name = "Slow"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
email = "editor@e.org"

[ledger]
postgres = "env:LEDGER"
workers = true

[subscribers]
url = "https://e.org/list"
key = "env:NEW_KEY"

[channels.email]
from = "editor@e.org"
server = "smtp://127.0.0.1:25"
connections = 10
"""

OLD = ('key = "env:NEW_KEY"', 'key = "env:OLD_KEY"')
BOTH = ('key = "env:NEW_KEY"', 'key = "env:NEW_KEY"\nold_keys = ["env:OLD_KEY"]')


@pytest.fixture(autouse=True)
def secrets(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LEDGER", postgres.address()), ("NEW_KEY", "new" * 8), ("OLD_KEY", "old" * 8)):
        monkeypatch.setenv(name, value)


@contextmanager
def opened(folder: Path, *changes: tuple[str, str]) -> Iterator[RunContext]:
    text = TABLES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "publisher.toml").write_text(text, "utf-8")
    with closing(RunContext.open(*load_project(folder / "publisher.toml"), NOON)) as run:
        yield run


@pytest.mark.parametrize(
    ("planner", "worker", "different"),
    [
        ((), (), ""),
        ((BOTH,), (OLD,), ""),
        ((BOTH,), (), ""),
        ((), (BOTH,), ""),
        ((), (OLD,), "[subscribers] key"),
        ((OLD,), (BOTH,), "[subscribers] key"),
        ((), (("e.org/list", "e.org/other"),), "[subscribers] url"),
        ((), (("e.org/list", "e.org/list/"),), ""),
        ((), (("[subscribers]", '[subscribers]\nbounces = "b@e.org"'),), "[subscribers] bounces"),
        ((), (('from = "editor', 'from = "other'),), "[channels.email] from"),
        ((), (("connections", 'uncertain = "resend"\nconnections'),), "[channels.email] uncertain"),
        ((), (("connections = 10", 'connections = 2\nuser = "n"\npassword = "env:OLD_KEY"'),), ""),
        ((), (('id = "tag:e.org,2021:slow"', 'id = "tag:e.org,2021:other"'),), ""),
        ((), (OLD, ("e.org/list", "e.org/other")), "[subscribers] key, [subscribers] url"),
    ],
)
def test_what_must_be_the_same(
    tmp_path: Path, planner: tuple[tuple[str, str], ...], worker: tuple[tuple[str, str], ...], different: str
) -> None:
    with opened(tmp_path, *planner) as run:
        verify_settings(run)  # nothing is planned
        record_settings(run)
    with opened(tmp_path, *worker) as run:
        if not different:
            verify_settings(run)
            return
        with pytest.raises(ConfigError) as caught:
            verify_settings(run)
        assert caught.value.message == f"not the same here as in the process that plans the issues: {different}"
        record_settings(run)
        verify_settings(run)


def test_the_ledger_does_not_have_the_key(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        record_settings(run)
        with run.ledger.transaction() as tx:
            rows = tx.fetch_all("SELECT value FROM meta WHERE SUBSTR(name, 1, 16) = 'settings of what'")
    [(text,)] = rows
    assert "newnew" not in text
