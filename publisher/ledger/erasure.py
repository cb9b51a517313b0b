"""Erases an address from what is recorded of deliveries: SQL for one newsletter in a transaction.

What was sent to whom stays countable, under a name that does not tell who it was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from publisher.ledger.database import Transaction
from publisher.ledger.subscriber_recipients import rename_recipient
from publisher.named_tuple import NamedTuple

_ERASED = "[erased]"
"""Written instead of an address in answers of mail servers."""


class ErasedName(NamedTuple):
    """What stands for an address that is erased: its keyed hash."""

    digest: str

    @property
    def recipient(self) -> str:
        """The name of the recipient in deliveries."""
        return f"erased {self.digest}"


def erase_recipient(tx: Transaction, newsletter: str, key: str, spellings: Collection[str], name: ErasedName) -> int:
    """Replace a recipient by a name, and the spellings of their address in all texts. Return how many deliveries they
    have had.

    Texts are answers of servers, whatever delivery they are about: the reason for closing a lane is copied to all that
    wait. Alerts that have such a text are forgotten.
    """
    forms = sorted({key, *spellings}, key=len, reverse=True)  # one may be part of another
    texts = re.compile("|".join(map(re.escape, forms)), re.IGNORECASE)
    _replace_texts(tx, texts, "delivery", "reason", "unsent_state IS NOT NULL AND reason <> ''")
    _replace_texts(tx, texts, "attempt", "evidence", "evidence <> ''")
    _replace_texts(tx, texts, "lane", "reason", "reason <> ''")
    for (detail,) in tx.fetch_all("SELECT DISTINCT detail FROM alert"):
        if texts.search(detail):
            tx.execute("DELETE FROM alert WHERE detail = ?", detail)
    return rename_recipient(tx, newsletter, key, name.recipient)


def _replace_texts(tx: Transaction, texts: re.Pattern[str], table: str, column: str, condition: str) -> None:
    for (text,) in tx.fetch_all(f"SELECT DISTINCT {column} FROM {table} WHERE {condition}"):
        if texts.search(text):
            tx.execute(
                f"UPDATE {table} SET {column} = ? WHERE {condition} AND {column} = ?", texts.sub(_ERASED, text), text
            )


def restore_recipient(tx: Transaction, newsletter: str, key: str, names: Iterable[ErasedName]) -> None:
    """Give the deliveries of someone who was erased and comes back to them again, so that they get nothing twice."""
    for name in names:
        rename_recipient(tx, newsletter, name.recipient, key)
