"""Imports a file of subscribers: what would become of each line, in numbers, and then the same for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from publisher.subscribers.formats import ListedSubscriber, ListFile
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, ImportOutcome, Origin, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList

NEW = "new"

_S = SubscriberState
_O = ImportOutcome

_OF_NEW = {
    _S.CONFIRMED: NEW,
    _S.PAUSED: "new and paused",
    _S.ASKED: "never confirmed there: not added",
    _S.LEFT: "left there: stay out",
    _S.GONE: "bounced there: stay out",
    _S.COMPLAINED: "complained there: stay out",
    _S.ERASED: "erased there: not added",
}
"""What becomes of an entry whose address is new, by its state in the file."""

_OF_KNOWN = {
    _O.CONFIRMED: "on the list already",
    _O.PAUSED: "on the list already",
    _O.ASKED: "asked and not confirmed yet: stay so",
    _O.LEFT: "left before: stay out",
    _O.GONE: "bounced before: stay out",
    _O.COMPLAINED: "complained before: stay out",
    _O.REFUSED: "suppressed",
    _O.ERASED: "suppressed",
    _O.REPEATED: "repeated in the file",
}

_ORDER = tuple(dict.fromkeys([*_OF_NEW.values(), *_OF_KNOWN.values()]))

_NOT_ADDED = frozenset({_S.ASKED, _S.ERASED})
"""People who were only asked elsewhere are not added: we would keep their addresses without consent."""

_STRICTEST_FIRST = (_S.COMPLAINED, _S.GONE, _S.LEFT, _S.PAUSED, _S.CONFIRMED)


class ImportReport(Struct, frozen=True):
    """The outcome of an import or of its dry run: how many entries there are of each kind, in the order to be shown."""

    counts: Mapping[str, int]

    @property
    def added(self) -> int:
        """The number of new subscribers; those who are added only to stay out do not count."""
        return self.counts.get(NEW, 0) + self.counts.get(_OF_NEW[_S.PAUSED], 0)


def import_list(subscribers: SubscriberList, file: ListFile, origin: Origin, *, dry_run: bool) -> ImportReport:
    """Add the new people of a file to the list, all of them or none; a dry run changes nothing.

    `text` of the origin is what the people agreed to. If an address occurs twice, the entry counts that keeps it out.
    Someone who left elsewhere is added as one who left, so that no later import of an older file brings them back.
    """
    counts = Counter(_OF_NEW[one.state] for one in file.entries if one.state in _NOT_ADDED)
    entries = sorted(
        (one for one in file.entries if one.state not in _NOT_ADDED), key=lambda one: _STRICTEST_FIRST.index(one.state)
    )
    outcomes = import_entries(subscribers, _build_entries(entries, origin), origin, dry_run=dry_run)
    for entry, outcome in zip(entries, outcomes, strict=True):
        counts[_OF_NEW[entry.state] if outcome is _O.NEW else _OF_KNOWN[outcome]] += 1
    return ImportReport({kind: counts[kind] for kind in _ORDER if counts[kind]})


def _build_entries(listed: Sequence[ListedSubscriber], origin: Origin) -> list[ImportEntry]:
    """Return the entries with the times of the file, but for those to come."""
    return [
        ImportEntry(
            one.mailbox.address,
            one.mailbox.name,
            one.state,
            one.since if one.since and one.since < origin.at else None,
            one.paused_until,
        )
        for one in listed
    ]
