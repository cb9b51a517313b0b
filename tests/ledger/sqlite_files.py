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
    with pytest.raises(StorageError) as caught, opened(file) as ledger:
        work(ledger)
    assert "\n" not in caught.value.message + caught.value.hint
    assert "sqlite3" not in caught.value.message + caught.value.hint
    return caught.value


def send_some(ledger: Ledger, count: int = 3) -> None:
    """Have some of a publication arrive."""
    lease = begun(ledger, *map(str, range(count)))
    turn(ledger, lease, *map(ended, turn(ledger, lease)))
    ledger.release(lease, NOON)
