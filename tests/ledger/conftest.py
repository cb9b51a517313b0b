"""A new ledger, on each database in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher.ledger import Ledger

Open = Callable[[], Ledger]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new ledger can be."""
    if request.param == "sqlite":
        return tmp_path / "ledger.db"
    address: str = request.getfixturevalue("postgres").address()
    return address


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a ledger can be, if it is to be a file."""
    return tmp_path / ".publisher" / "ledger.db"


@pytest.fixture
def open_ledger(place: Path | str) -> Iterator[Open]:
    """Opens the ledger, each time on a connection of its own."""
    opened: list[Ledger] = []

    def open_one() -> Ledger:
        opened.append(Ledger(place))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def ledger(open_ledger: Open) -> Ledger:
    """The ledger."""
    return open_ledger()
