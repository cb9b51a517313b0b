"""What a live channel would do with a rendering, seen before anything is done: the question to the editor,
the answer of a dry run, and the plan, from one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from publisher.channel import MessageChannel, Rendering
from publisher.dataclass import dataclass
from publisher.ledger import DeliveryState, PublicationStatus


@dataclass(frozen=True, slots=True)
class Changes:
    """The keys of parts that would be sent for the first time, changed in place, taken back, and given up:
    those that never arrived and are wanted no more.

    With `keep` the publication keeps the content it began with; `held` says why, when that is not what the
    issue says now. `waiting` are deliveries that were planned earlier and not made yet.
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
        """Whether there is anything to do."""
        return bool(self.new or self.changed or self.removed or self.abandoned or self.pending)


def plan_changes(
    channel: MessageChannel,
    rendering: Rendering,
    status: PublicationStatus | None,
    *,
    correct: bool = False,
    retry: bool = False,
) -> Changes:
    """Compare a rendering with what stands at the destination. With `correct` an issue that is out may get
    more or fewer messages than it had; with `retry` what failed counts as planned."""
    now = {part.key: part.digest for part in rendering.parts}
    if status is None:
        return Changes(new=tuple(now))
    if status.is_adopted:
        return Changes(
            keep_content=True, held_reason="it was out before the ledger began, and stays as it is"
        )
    if status.url and getattr(channel, "locked_after_publication", False):
        held = f"it is published at {status.url}: what changed since is to be changed there by hand"
        return Changes(
            keep_content=True,
            held_reason=held if status.part_digests and now != dict(status.part_digests) else "",
        )
    if not _is_partly_delivered(status):
        return Changes(new=tuple(_find_sendable(channel, status, now, retry=retry)))
    counts, live = status.counts, status.delivered_digests
    waiting = counts.planned + counts.sending + (counts.failed if retry else 0)
    if channel.ordered and (counts.unknown or (counts.failed and not retry)):
        waiting = 0  # behind what a person has to settle
    if not channel.can_edit:
        edited = now != dict(status.part_digests)
        held = "the issue was edited since; what was sent stays as it is" if edited else ""
        return Changes(keep_content=True, held_reason=held, pending=waiting)
    then = status.part_digests.keys() | live.keys()
    if now.keys() != then and not (correct or channel.idempotent):
        held = f"the issue takes {_format_message_count(now)} now, and {len(then)} before: publish correct"
        free = _find_sendable(channel, status, status.part_digests, retry=retry)
        return Changes(
            new=tuple(key for key in free if key not in live),
            keep_content=True,
            held_reason=held,
            pending=waiting,
        )
    surplus = dict.fromkeys(sorted(live.keys() - now.keys()), "")
    movable = tuple(_find_sendable(channel, status, now | surplus, retry=retry))
    missing = (
        key
        for key, (state, _) in status.part_states.items()
        if state in (DeliveryState.PLANNED, DeliveryState.FAILED)
    )
    return Changes(
        new=tuple(key for key in movable if key not in live),
        changed=tuple(key for key in movable if key in live and now.get(key, live[key]) != live[key]),
        removed=tuple(key for key in movable if key in surplus),
        abandoned=tuple(sorted(key for key in missing if key not in now.keys() | live.keys())),
        pending=waiting,
    )


def _find_sendable(
    channel: MessageChannel, standing: PublicationStatus, wanted: Mapping[str, str], *, retry: bool
) -> Iterator[str]:
    """The keys of parts that may be sent, changed or taken back now: not what a person has to settle, what
    failed with the same content, or, where the order counts, what is behind one of these."""
    for key, digest in wanted.items():
        state, tried = standing.part_states.get(key, (DeliveryState.PLANNED, ""))
        if state is DeliveryState.DROPPED and tried:  # given up by a person
            continue
        stuck = state is DeliveryState.UNKNOWN or (
            state is DeliveryState.FAILED and tried == digest and not retry
        )
        if not stuck:
            yield key
        elif channel.ordered:
            return


def _is_partly_delivered(standing: PublicationStatus) -> bool:
    counts = standing.counts
    return counts.planned + counts.dropped < counts.total or bool(standing.delivered_digests)


def _format_message_count(parts: Mapping[str, str]) -> str:
    return "1 message" if len(parts) == 1 else f"{len(parts)} messages"
