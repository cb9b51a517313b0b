"""Erases a subscriber: no file of the ledger has the address afterwards, only a keyed hash, under which it stays out.

SQLite overwrites deleted rows (secure_delete), the write-ahead log is cut to nothing, and the backup is written again.
PostgreSQL removes them by VACUUM; its own log and backups are up to its administrator.

Files in outbox/ never have addresses of subscribers.
"""

from __future__ import annotations

from collections.abc import Collection

from publisher.ledger.erasure import ErasedName, erase_recipient
from publisher.ledger.models import format_utc
from publisher.ledger.subscriber_recipients import drop_deliveries
from publisher.ledger.subscribers import delete_subscriber, insert_suppression, lock_subscriber
from publisher.subscribers.models import Origin, SuppressionReason
from publisher.subscribers.subscriber_list import SubscriberList


def erase_subscriber(subscribers: SubscriberList, key: str, origin: Origin, *, spellings: Collection[str] = ()) -> bool:
    """Erase an address, by its key, from the list and from all deliveries; it need not be on the list.

    `spellings` are other forms of it that the ledger may have, besides the key and the address of the subscriber.
    Return whether anything of it was there.

    Raises StorageError if another process keeps the files from being cleaned. The tables have nothing of it then; do it
    again for the files.
    """
    newsletter, ledger = subscribers.newsletter, subscribers.ledger
    name = ErasedName(subscribers.keys.hash_address(key))
    with ledger.transaction() as tx:
        row = lock_subscriber(tx, ledger.dialect, newsletter, key)
        insert_suppression(tx, newsletter, name.digest, SuppressionReason.ERASED.value, format_utc(origin.at))
        drop_deliveries(tx, newsletter, key, "erased")
        known = {*spellings, row.address} if row else {*spellings}
        deliveries = erase_recipient(tx, newsletter, key, known, name)
        delete_subscriber(tx, newsletter, key)
    ledger.purge()
    return row is not None or deliveries > 0
