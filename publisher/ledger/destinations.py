"""What a platform calls a destination: the name in publisher.toml may change, or be given to another chat.

The key of a publication has the platform's own id of the destination, as soon as an answer contained it. Names
that lead to it are kept here, and each function of the ledger that takes a key replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.channel import Channel
from publisher.ledger.database import Transaction
from publisher.ledger.ledger import Ledger
from publisher.ledger.models import Lease, PublicationKey
from publisher.newsletter import Newsletter


def build_publication_key(
    newsletter: Newsletter, channel: Channel, issue: str, destination_ids: Mapping[tuple[str, str], str]
) -> PublicationKey:
    """Return the key of an issue on a channel. For files, the destination is the site's folder.

    `destination_ids`: what platforms call the destinations, by channel and name.
    """
    place = channel.active_destination or newsletter.site
    id_ = destination_ids.get((channel.name, place), place)
    return PublicationKey(f"{newsletter.id}/{issue}", channel.name, id_)


def load_destination_ids(ledger: Ledger, channel: str) -> Mapping[str, str]:
    """Return the platform's ids of a channel's destinations, by the names under which they were used."""
    with ledger.transaction() as tx:
        return dict(tx.fetch_all("SELECT name, id FROM destination_name WHERE channel = ?", channel))


def load_all_destination_ids(ledger: Ledger) -> Mapping[tuple[str, str], str]:
    """Return the platform's ids of all destinations, by channel and name."""
    with ledger.transaction() as tx:
        rows = tx.fetch_all("SELECT channel, name, id FROM destination_name")
    return {(channel, name): id_ for channel, name, id_ in rows}


def is_known_destination(ledger: Ledger, channel: str, name: str) -> bool:
    """Return whether the destination was used under this name or id, or nothing was published on the channel."""
    known = """SELECT 1 FROM destination_name WHERE channel = ? AND ? IN (name, id)
               UNION ALL SELECT 1 FROM publication WHERE channel = ? AND destination = ? LIMIT 1"""
    with ledger.transaction() as tx:
        if tx.fetch_all(known, channel, name, channel, name):
            return True
        return not tx.fetch_all("SELECT 1 FROM publication WHERE channel = ? LIMIT 1", channel)


def save_destination_id(ledger: Ledger, channel: str, name: str, id_: str) -> None:
    """Record that the platform calls the destination `name` by `id_`, in all publications too."""
    with ledger.transaction() as tx:
        _upsert_name(tx, channel, name, id_)
        _rename_everywhere(tx, channel, name, id_)


def record_destination_id(ledger: Ledger, lease: Lease, channel: str, name: str, id_: str) -> None:
    """Record that what was sent to `name` arrived at the destination that the platform calls `id_`.

    Either this name or number of the destination was not known to be the same, as with a group that became a
    supergroup: then all publications there get the id. Or the name was known and leads somewhere else now:
    then only this publication, whose message went there, does.
    """
    with ledger.transaction() as tx:
        [(destination,)] = tx.fetch_all("SELECT destination FROM publication WHERE id = ?", lease.publication_id)
        known = PublicationKey("", channel, str(destination)).base_destination
        if name != id_:
            _upsert_name(tx, channel, name, id_)
        if known == name:
            _rename_everywhere(tx, channel, name, id_)
        elif known != id_:
            _rename(tx, "id = ?", (lease.publication_id,), known, id_)


def _upsert_name(tx: Transaction, channel: str, name: str, id_: str) -> None:
    tx.execute(
        """INSERT INTO destination_name (channel, name, id) VALUES (?, ?, ?)
           ON CONFLICT (channel, name) DO UPDATE SET id = excluded.id""",
        *(channel, name, id_),
    )


def _rename_everywhere(tx: Transaction, channel: str, old: str, new: str) -> None:
    tx.execute("UPDATE destination_name SET id = ? WHERE channel = ? AND id = ?", new, channel, old)
    _rename(tx, "channel = ?", (channel,), old, new)


def _rename(tx: Transaction, condition: str, values: tuple[object, ...], old: str, new: str) -> None:
    """Give the selected publications at `old`, and notices about them, the destination `new`; also their
    deliveries. A publication that exists at `new` already stays as it is."""
    notice = PublicationKey("", "", old).for_notice("").destination
    is_there = "SUBSTR(destination, 1, ?) = ? AND (destination = ? OR SUBSTR(destination, 1, ?) = ?)"
    there = (len(old), old, old, len(notice), notice)
    tx.execute(
        f"""UPDATE delivery SET recipient = ? WHERE recipient = ?
            AND publication IN (SELECT id FROM publication WHERE {condition} AND {is_there})
            AND NOT EXISTS (SELECT 1 FROM delivery other WHERE other.publication = delivery.publication
                            AND other.recipient = ? AND other.part = delivery.part)""",
        *(new, old, *values, *there, new),
    )
    tx.execute(
        f"""UPDATE publication SET destination = ? || SUBSTR(destination, ?) WHERE {condition} AND {is_there}
            AND NOT EXISTS (SELECT 1 FROM publication other WHERE other.issue = publication.issue
                            AND other.channel = publication.channel
                            AND other.destination = ? || SUBSTR(publication.destination, ?))""",
        *(new, len(old) + 1, *values, *there, new, len(old) + 1),
    )
