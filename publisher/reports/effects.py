"""Says in a line what publishing would do on a channel: edit messages, rewrite pages, replace a draft."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import Event

from publisher.channel import ArchiveChannel, Channel, Part
from publisher.delivery.plan import DeliveryPlan
from publisher.delivery.recipients import count_new_recipients
from publisher.errors import PublisherError
from publisher.ledger import Ledger
from publisher.run import RunContext

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")


def describe_files(channel: Channel, files: Sequence[tuple[str, Part | None, Part]]) -> str:
    """Return what becomes of a channel's files, each given with its name, as it is, and as it would be; "" if
    nothing does."""
    counts = Counter[tuple[bool, str]]()
    for name, old, new in files:
        if name == channel.name:
            counts[old is not None, _name_kind(channel, new)] += 1
    verbs = {True: "rewritten", False: "added"}
    effects = [
        f"{_join_counts([(number, kind) for (exists, kind), number in counts.items() if exists is wanted])} {verb}"
        for wanted, verb in verbs.items()
        if any(exists is wanted for exists, _ in counts)
    ]
    return _say_will_be(effects)


def _name_kind(channel: Channel, part: Part) -> str:
    """Return what people call a file: the outbox has only files, a site pages and feeds."""
    media_type = part.media_type.partition(";")[0]
    if not isinstance(channel, ArchiveChannel):
        return "file"
    return "page" if media_type == "text/html" else "feed" if media_type in _FEED_TYPES else "file"


def describe_messages(plan: DeliveryPlan, run: RunContext, ledger: Ledger | None) -> str:
    """Return what becomes of the messages of a plan; "" if nothing does. May read the list of recipients."""
    can, status = plan.channel.capabilities, plan.status
    if plan.has_changes and (blocked := plan.blocked or run.find_example_address(plan.channel)):
        return blocked.message
    if plan.held_reason and status and not (can.can_edit or status.is_adopted):
        waiting = f"; {_count_things(plan.pending, 'recipient')} will get it" if plan.pending else ""
        number = -(-status.counts.sent // max(len(status.part_digests), 1))  # each has one delivery for each part
        return f"{_count_things(number, 'recipient')} {'has' if number == 1 else 'have'} the old text{waiting}"
    if plan.held_reason:
        return plan.held_reason
    if not can.can_edit and plan.new and plan.only_recipients is None:
        try:
            number = count_new_recipients(plan.channel, plan.key, ledger, run.clock, Event(), accept_fewer=True)
        except PublisherError as error:
            return error.message
        return f"it will be sent to {_count_things(number, 'recipient')}"
    if can.locked_after_publication and plan.has_changes:
        return "the draft will be replaced" if plan.changed else "a draft will be created"
    counts = ((len(plan.changed), "edited"), (len(plan.new), "sent"), (len(plan.removed), "deleted"))
    effects = [f"{_count_things(number, 'message')} {verb}" for number, verb in counts if number]
    if not effects and plan.pending:
        return f"{_count_things(plan.pending, 'message')} waiting to be sent"
    return _say_will_be(effects)


def _say_will_be(effects: Sequence[str]) -> str:
    """Join "2 messages edited" and "1 message sent" to a sentence, "" if there are none."""
    if not effects:
        return ""
    subject, _, verb = effects[0].rpartition(" ")
    return ", ".join([f"{subject} will be {verb}", *effects[1:]])


def _join_counts(counts: Sequence[tuple[int, str]]) -> str:
    order = ("page", "feed", "file")
    named = [_count_things(number, kind) for number, kind in sorted(counts, key=lambda count: order.index(count[1]))]
    return " and ".join(named) if len(named) < 3 else f"{', '.join(named[:-1])} and {named[-1]}"


def _count_things(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
