"""Long work under a lease in transactions of bounded size: one of ten million rows would lock them all, and hold up
what cleans the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from publisher.failpoints import hit_failpoint
from publisher.ledger.database import Database, Transaction
from publisher.ledger.leases import extend_lease
from publisher.ledger.models import Lease, LeaseLostError
from publisher.ledger.transitions import owns

ROWS_PER_TRANSACTION = 5_000


class RollingTransaction:
    """One transaction after another, as a context manager; an error undoes the last one.

    Each makes sure of the lease, and all but the first extend it until the time that `extend` returns. Entering it, and
    `count`, raise LeaseLostError, StorageError, and what `extend` does.
    """

    tx: Transaction

    def __init__(self, database: Database, lease: Lease, extend: Callable[[], dt.datetime] | None) -> None:
        self.lease = lease
        self.dialect = database.dialect
        self._database = database
        self._extend = extend
        self._rows = 0
        self._context: AbstractContextManager[Transaction] | None = None

    def __enter__(self) -> Self:
        self._begin()
        if not owns(self.tx, self.dialect, self.lease):
            error = build_takeover_error()
            self.__exit__(type(error), error, None)
            raise error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        context, self._context = self._context, None
        if context:
            context.__exit__(kind, error, trace)

    def count(self, rows: int) -> None:
        """Count rows that were written. If they are many by now, commit them and begin the next transaction."""
        self._rows += rows
        if self._rows < ROWS_PER_TRANSACTION:
            return
        self.__exit__(None, None, None)
        hit_failpoint("rolled")
        expiry = self._extend() if self._extend else None
        self._begin()
        is_owned = extend_lease(self.tx, self.lease, expiry) if expiry else owns(self.tx, self.dialect, self.lease)
        if not is_owned:
            raise build_takeover_error()

    def _begin(self) -> None:
        self._rows = 0
        context = self._database.transaction()
        self.tx = context.__enter__()
        self._context = context


def build_takeover_error() -> LeaseLostError:
    """Return the error of a process that has lost its lease."""
    return LeaseLostError(
        "another process took over this publication",
        "this process was suspended longer than its lease: see publish status",
    )
