"""A list of subscribers on each database in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from tests.bounces.mailing import Mailing


@pytest.fixture(params=["sqlite", "postgres"])
def mailing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mailing]:
    """A new list, without subscribers."""
    if request.param == "sqlite":
        ledger = Ledger(tmp_path / "ledger.db")
    else:
        ledger = Ledger(str(request.getfixturevalue("postgres").address()))
    yield Mailing(ledger)
    ledger.close()
