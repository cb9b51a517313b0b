"""Compares a rendering with what has been delivered.

The confirmation prompt, the dry run and the delivery all use this comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from publisher.channel import MessageChannel, Rendering
from publisher.ledger import DeliveryState, PublicationStatus


class Changes(Struct, frozen=True):
    """What to do at a destination, as keys of parts.

    `new` parts are sent for the first time, `changed` ones edited in place, `removed` ones deleted;
    `abandoned` ones were never delivered and are no longer part of the issue. With `keep_content` the
    publication keeps its original content; `held_reason` says why, if the issue differs from it now.
    `pending` counts deliveries that were planned earlier and not sent yet.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()
    keep_content: bool = False
    held_reason: str = ""
    pending: int = 0

    @property
    def has_work(self) -> bool:
        """Whether anything is to be sent, changed, deleted or abandoned."""
        return bool(self.new or self.changed or self.removed or self.abandoned or self.pending)


def plan_changes(
    channel: MessageChannel,
    rendering: Rendering,
    status: PublicationStatus | None,
    *,
    correct: bool = False,
    retry: bool = False,
) -> Changes:
    """Compare a rendering with its publication; `status` is None if nothing was planned yet.

    With `correct` a published issue may get more or fewer messages than before; with `retry` failed
    deliveries count as planned.
    """
    current = {part.key: part.digest for part in rendering.parts}
    if status is None:
        return Changes(new=tuple(current))
    if status.is_adopted:
        reason = "it was published before the ledger began and is not changed"
        return Changes(keep_content=True, held_reason=reason)
    if status.url and channel.capabilities.locked_after_publication:
        reason = f"it is published at {status.url}: make later changes there by hand"
        edited = status.part_digests and current != dict(status.part_digests)
        return Changes(keep_content=True, held_reason=reason if edited else "")
    if not _is_partly_delivered(status):
        return Changes(new=tuple(_find_sendable(channel, status, current, retry=retry)))
    counts, sent = status.counts, status.delivered_digests
    pending = counts.planned + counts.sending + (counts.failed if retry else 0)
    if channel.capabilities.ordered and (counts.unknown or (counts.failed and not retry)):
        pending = 0  # they come after a delivery that a person has to resolve
    if not channel.capabilities.can_edit:
        edited = current != dict(status.part_digests)
        reason = "the issue was edited since; what was sent cannot be changed" if edited else ""
        return Changes(keep_content=True, held_reason=reason, pending=pending)
    before = status.part_digests.keys() | sent.keys()
    if current.keys() != before and not (correct or channel.capabilities.idempotent):
        reason = (
            f"the issue now takes {_format_message_count(current)} instead of {len(before)}: publish correct"
        )
        original = _find_sendable(channel, status, status.part_digests, retry=retry)
        return Changes(
            new=tuple(key for key in original if key not in sent),
            keep_content=True,
            held_reason=reason,
            pending=pending,
        )
    removed = dict.fromkeys(sorted(sent.keys() - current.keys()), "")
    sendable = tuple(_find_sendable(channel, status, current | removed, retry=retry))
    missing = (
        key
        for key, (state, _) in status.part_states.items()
        if state in (DeliveryState.PLANNED, DeliveryState.FAILED)
    )
    return Changes(
        new=tuple(key for key in sendable if key not in sent),
        changed=tuple(key for key in sendable if key in sent and current.get(key, sent[key]) != sent[key]),
        removed=tuple(key for key in sendable if key in removed),
        abandoned=tuple(sorted(key for key in missing if key not in current.keys() | sent.keys())),
        pending=pending,
    )


def _find_sendable(
    channel: MessageChannel, status: PublicationStatus, wanted: Mapping[str, str], *, retry: bool
) -> Iterator[str]:
    """Yield the keys of parts that may be sent, changed or deleted now.

    Excluded are parts that a person has to resolve, parts that failed with the same content, and, on
    ordered channels, all parts after one of these.
    """
    for key, digest in wanted.items():
        state, tried_digest = status.part_states.get(key, (DeliveryState.PLANNED, ""))
        if state is DeliveryState.DROPPED and tried_digest:  # abandoned by a person
            continue
        blocked = state is DeliveryState.UNKNOWN or (
            state is DeliveryState.FAILED and tried_digest == digest and not retry
        )
        if not blocked:
            yield key
        elif channel.capabilities.ordered:
            return


def _is_partly_delivered(status: PublicationStatus) -> bool:
    counts = status.counts
    return counts.planned + counts.dropped < counts.total or bool(status.delivered_digests)


def _format_message_count(parts: Mapping[str, str]) -> str:
    return "1 message" if len(parts) == 1 else f"{len(parts)} messages"
