"""Short words for what tests of a ledger in a file do all the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from publisher.errors import StorageError
from publisher.ledger import Ledger
from tests.ledger.shortcuts import NOON, begun, ended, turn


@contextmanager
def opened(file: Path) -> Iterator[Ledger]:
    """A ledger for the length of a block."""
    with closing(Ledger(file)) as ledger:
        yield ledger


def refusal(file: Path, work: Callable[[Ledger], object] = begun) -> StorageError:
    """The error that opening and using the ledger ends with."""
    with pytest.raises(StorageError) as told, opened(file) as ledger:
        work(ledger)
    assert "\n" not in told.value.message + told.value.hint
    assert "sqlite3" not in told.value.message + told.value.hint
    return told.value


def send_some(ledger: Ledger, count: int = 3) -> None:
    """Have some of a publication arrive."""
    claimed = begun(ledger, *map(str, range(count)))
    turn(ledger, claimed, *map(ended, turn(ledger, claimed)))
    ledger.release(claimed, NOON)
