"""Compares a rendering with what has been delivered.

The confirmation prompt, the dry run and the delivery all use this comparison.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from publisher.channel import MessageChannel, Rendering
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from publisher.ledger import DeliveryState, PublicationKey, PublicationStatus
from publisher.ledger.plan import compute_parts_digest
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern

_DATE_FOLDER = lazy_pattern(r"/\d{4}-\d{2}-\d{2}/")

ADOPTED_REASON = "it was published before the ledger began and is not changed"


class DeliveryPlan(NamedTuple):
    """What to do with the rendering of an issue or a notice at its destination.

    `status`: None if nothing was planned yet.
    `published`: the scheduled time of the issue (aware).
    `blocked`: why nothing may be sent now.
    `only_recipients`: those that it is restricted to, None for all.
    `new`, `changed`, `removed`: the keys of parts to be sent for the first time, edited in place, and deleted.
    `abandoned`: the keys of parts that were never delivered and are no longer part of the issue.
    `keep_content`: the publication keeps its original content.
    `held_reason`: why it does, if the issue differs from it now.
    `pending`: the number of deliveries that were planned earlier and not sent yet.
    """

    channel: MessageChannel
    rendering: Rendering
    key: PublicationKey
    status: PublicationStatus | None
    published: dt.datetime | None = None
    blocked: PublisherError | None = None
    only_recipients: frozenset[str] | None = None
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()
    keep_content: bool = False
    held_reason: str = ""
    pending: int = 0

    @property
    def has_changes(self) -> bool:
        """Whether anything is to be sent, changed, deleted or abandoned."""
        return bool(self.new or self.changed or self.removed or self.abandoned or self.pending)

    @property
    def is_done(self) -> bool:
        """Whether the current content is delivered completely."""
        status = self.status
        is_current = status and status.done and status.digest == compute_parts_digest(self.rendering.parts)
        return bool(is_current and not self.pending)

    @property
    def can_edit(self) -> bool:
        """Whether the messages can be changed afterwards; one to some of the recipients cannot."""
        return self.only_recipients is None and self.channel.capabilities.can_edit

    def needs_delivery(self, *, retry: bool) -> bool:
        """Return whether anything can be done now."""
        status = self.status
        if status is None:
            return not retry and self.has_changes
        if self.is_done or (retry and not status.counts.failed + status.counts.planned + self.pending):
            return False
        if status.counts.unknown:  # the channel may have a rule for these, or the platform can be asked
            return True
        # everything was delivered, but the process ended before the publication was marked as done
        is_unmarked = not status.done and find_delivery_error(status) is None
        return self.has_changes or is_unmarked

    def needs_confirmation(self, *, correct: bool) -> bool:
        """Return whether the editor has to confirm."""
        if self.channel.capabilities.idempotent:
            return False
        return bool(self.new or (self.pending and not self.can_edit) or correct)

    def count_irrevocable(self, count_recipients: Callable[[], int]) -> int:
        """Return how many deliveries cannot be undone. `count_recipients` reads the list, and may raise."""
        if self.can_edit:
            return len(self.new)
        if self.only_recipients is None and self.new:
            return len(self.new) * count_recipients()
        return self.pending


def plan_delivery(
    channel: MessageChannel,
    rendering: Rendering,
    key: PublicationKey,
    status: PublicationStatus | None,
    *,
    correct: bool = False,
    retry: bool = False,
    returned: int = 0,
) -> DeliveryPlan:
    """Compare a rendering with its publication; `status` is None if nothing was planned yet.

    With `correct` a published issue may get more or fewer messages than before, or those of another media type, by
    which a channel tells that its layout has changed; and one that was never sent is not sent. With `retry` failed
    deliveries count as planned, and those to the recipients who `returned` to the list.
    """
    rendering = _use_recorded_keys(rendering, status) if status else rendering
    plan = DeliveryPlan(channel, rendering, key, status)
    can, current = channel.capabilities, {part.key: part.digest for part in rendering.parts}
    if status is None and correct:
        return plan._replace(held_reason="it was not sent there, so there is nothing to correct: publish")
    if status is None:
        return plan._replace(new=tuple(current))
    if status.is_adopted:
        return plan._replace(keep_content=True, held_reason=ADOPTED_REASON)
    if status.url and can.locked_after_publication:
        reason = f"it is published at {status.url}: make later changes there by hand"
        edited = status.part_digests and current != dict(status.part_digests)
        return plan._replace(keep_content=True, held_reason=reason if edited else "")
    if not (status.is_started or status.delivered_digests):
        return plan._replace(new=tuple(_find_sendable(channel, status, current, retry=retry)))
    return _plan_changes(plan, status, correct=correct, retry=retry, returned=returned)


def _plan_changes(
    plan: DeliveryPlan, status: PublicationStatus, *, correct: bool, retry: bool, returned: int
) -> DeliveryPlan:
    """Return the plan for a publication of which something was sent. The arguments are those of `plan_delivery`."""
    channel, current = plan.channel, {part.key: part.digest for part in plan.rendering.parts}
    can, counts, sent = channel.capabilities, status.counts, status.delivered_digests
    pending = counts.planned + counts.sending + (counts.failed + returned if retry else 0)
    if can.ordered and (counts.unknown or (counts.failed and not retry)):
        pending = 0  # they come after a delivery that a person has to resolve
    if not can.can_edit:
        edited = current != dict(status.part_digests)
        reason = "the issue was edited since; what was sent cannot be changed" if edited else ""
        return plan._replace(keep_content=True, held_reason=reason, pending=pending)
    mismatch = "" if correct or can.idempotent else _find_mismatch(plan.rendering, status)
    if mismatch:
        original = _find_sendable(channel, status, status.part_digests, retry=retry)
        return plan._replace(
            new=tuple(key for key in original if key not in sent),
            keep_content=True,
            held_reason=mismatch,
            pending=pending,
        )
    removed = dict.fromkeys(sorted(sent.keys() - current.keys()), "")
    sendable = tuple(_find_sendable(channel, status, current | removed, retry=retry))
    unsent = (DeliveryState.PLANNED, DeliveryState.FAILED)
    missing = [key for key, (state, _) in status.part_states.items() if state in unsent]
    return plan._replace(
        new=tuple(key for key in sendable if key not in sent),
        changed=tuple(key for key in sendable if key in sent and current.get(key, sent[key]) != sent[key]),
        removed=tuple(key for key in sendable if key in removed),
        abandoned=tuple(sorted(key for key in missing if key not in current.keys() | sent.keys())),
        pending=pending,
    )


def _find_mismatch(rendering: Rendering, status: PublicationStatus) -> str:
    """Return why what was sent is not edited to the rendering without `publish correct`; empty if it may be."""
    recorded = status.part_media_types
    changed = [part for part in rendering.parts if part.digest != status.part_digests.get(part.key)]
    if any(recorded.get(part.key, part.media_type) != part.media_type for part in changed):
        return "it was sent by an earlier version of publisher, and stays as it is: publish correct changes it"
    current, before = len(rendering.parts), status.part_digests.keys() | status.delivered_digests.keys()
    if {part.key for part in rendering.parts} != before:
        count = "1 message" if current == 1 else f"{current} messages"
        return f"the issue now takes {count} instead of {len(before)}: publish correct"
    return ""


def _use_recorded_keys(rendering: Rendering, status: PublicationStatus) -> Rendering:
    """Return the rendering with the keys that its parts had when they were delivered or planned.

    The keys are paths with the date of the issue, and if that is corrected, the messages are the same.
    """
    recorded = {*status.part_digests, *status.delivered_digests}
    by_form = {_DATE_FOLDER.sub("/", key): key for key in sorted(recorded)}
    parts = [
        part if part.key in recorded else replace(part, key=by_form.get(_DATE_FOLDER.sub("/", part.key), part.key))
        for part in rendering.parts
    ]
    is_clear = len({part.key for part in parts}) == len(parts)
    return replace(rendering, parts=tuple(parts)) if is_clear else rendering


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


def find_delivery_error(status: PublicationStatus | None, *, has_workers: bool = False) -> PublisherError | None:
    """Return why a publication is not complete, as an error; None if it is done, or if workers will complete it."""
    if status is None or status.done:
        return None
    counts, channel = status.counts, status.key.channel
    _, slash, issue = status.key.issue.rpartition("/")  # no slash: of the newsletter, not of an issue
    which = f" {issue} --channel {channel}" if slash else ""
    why = f": {status.reasons[0]}" if status.reasons else ""
    if counts.unknown:
        return OutcomeUnknownError(
            f"unknown whether {counts.unknown} of {counts.total} were sent{why}",
            f"check the destination, then run publish resolve{which}",
        )
    if counts.failed:
        return DeliveryError(
            f"{counts.failed} of {counts.total} failed{why}", f"when the cause is fixed: publish retry{which}"
        )
    pending = counts.planned + counts.sending
    if has_workers or not pending:
        return None
    when = f", next attempt {status.next_at:%Y-%m-%d %H:%M:%S} UTC" if status.next_at else ""
    return DeliveryError(f"{pending} of {counts.total} not sent yet{when}{why}", "run publish again then")
