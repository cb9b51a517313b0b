"""What becomes of deliveries with an unknown outcome by the rule of their channel, without asking its platform."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from publisher.channel import MessageChannel
from publisher.ledger import Delivery, DeliveryState, Result

_SKIPPED_REASON = "unknown whether it arrived; not sent again"


def resolve_by_rule(
    channel: MessageChannel, unresolved: Sequence[Delivery], now: dt.datetime
) -> tuple[list[Result], list[str]]:
    """Return the results of the deliveries that the rule decides about, and notes for the editor.

    "resend" sends each again, but only once: a second unknown outcome is left to a person. "skip" drops them, and "ask"
    leaves all to a person.
    """
    match channel.on_unknown:
        case "resend":
            results = [
                Result(delivery, DeliveryState.PLANNED, now, reason="sent again")
                for delivery in unresolved
                if delivery.tries == 1  # resent only once
            ]
            return results, []
        case "skip":
            results = [Result(delivery, DeliveryState.DROPPED, now, reason=_SKIPPED_REASON) for delivery in unresolved]
            return results, [f"unknown whether {delivery.recipient} received it" for delivery in unresolved]
        case _:
            return [], []


def can_ask_platform(channel: MessageChannel) -> bool:
    """Return whether the platform can be asked whether a message arrived.

    It is not asked if the rule decides.
    """
    return channel.on_unknown not in ("resend", "skip") and channel.capabilities.can_probe
