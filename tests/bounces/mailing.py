"""A list of subscribers in a ledger, and issues that are sent to it, without a mail server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple

from publisher.bounces.effects import BounceRecorder, Effect
from publisher.bounces.models import Feedback, FeedbackKind, FeedbackSource
from publisher.channel import Part, Receipt
from publisher.errors import RefusalKind
from publisher.ledger import Delivery, DeliveryState, Ledger, PublicationKey, Result
from publisher.ledger.queues import QueueSelection
from publisher.ledger.subscriber_addresses import load_addresses
from publisher.ledger.subscriber_recipients import SubscriberSelection
from publisher.mail_address import Mailbox
from publisher.signing import SigningKeys
from publisher.subscribers.models import Origin, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList
from publisher.subscription import SubscriberAddress

NEWSLETTER = "tag:news.example,2021:tide"
START = dt.datetime(2026, 1, 4, 8, tzinfo=dt.UTC)
_HOUR = dt.timedelta(hours=1)
LIN, XI, ZHOU = "lin@example.net", "xi@example.net", "zhou@example.net"


Deliver = Callable[[Delivery, SubscriberAddress], Result]


class Refusal(NamedTuple):
    """What a server replies instead of accepting an email."""

    kind: RefusalKind
    is_permanent: bool = True
    reply: str = "550 5.1.1 User unknown"


class Mailing:
    """Sends issues; `now` is the time, which a test sets."""

    def __init__(self, ledger: Ledger, newsletter: str = NEWSLETTER) -> None:
        self.ledger = ledger
        self.newsletter = newsletter
        self.now = START
        self.subscribers = SubscriberList(ledger, newsletter, SigningKeys("0123456789abcdef"))
        self.recorder = BounceRecorder(self.subscribers)
        self._tokens: dict[tuple[str, str], str] = {}

    def subscribe(self, *addresses: str) -> None:
        origin = Origin(self.now, "form")
        for address in addresses:
            self.subscribers.ask(Mailbox("", address), origin)
            self.subscribers.confirm(address, origin)

    def send(
        self, issue: str, refusals: Mapping[str, Refusal] | None = None, deliver: Deliver | None = None
    ) -> list[str]:
        """Send an issue to who is on the list and has not got it. Return to whom it was sent.

        Instead of a server, `refusals` says what becomes of it; or `deliver` sends it.
        """
        key = PublicationKey(f"{self.newsletter}/{issue}", "email", "")
        lease = self.ledger.claim(key, self.now, _HOUR, idempotent=False)
        part = Part("text", "text/plain", issue.encode())
        selection = SubscriberSelection(self.newsletter, self.now)
        self.ledger.plan(lease, [part], selection, self.now, keep_content=False)
        wanted, results, sent = QueueSelection("email", 1000, subscribed=selection), list[Result](), list[str]()
        while deliveries := self.ledger.checkpoint(lease, results, wanted, self.now, _HOUR).deliveries:
            with self.ledger.transaction() as tx:
                addresses = load_addresses(tx, self.newsletter, deliveries)
            self._tokens |= {(one.recipient, issue): addresses[one.id].bounce_token for one in deliveries}
            results = [
                deliver(one, addresses[one.id]) if deliver else self._end(one, (refusals or {}).get(one.recipient))
                for one in deliveries
            ]
            sent += [one.delivery.recipient for one in results if one.state is DeliveryState.SENT]
        self.ledger.release(lease, self.now)
        return sorted(sent)

    def _end(self, delivery: Delivery, refusal: Refusal | None) -> Result:
        if refusal is None:
            return Result(delivery, DeliveryState.SENT, self.now, Receipt("1"))
        return Result(
            delivery,
            DeliveryState.FAILED if refusal.is_permanent else DeliveryState.PLANNED,
            self.now,
            reason=f"{delivery.recipient} was refused: {refusal.reply}",
            next_at=None if refusal.is_permanent else self.now + _HOUR,
            refusal=refusal.kind,
            is_permanent=refusal.is_permanent,
        )

    def report(self, key: str, issue: str, kind: FeedbackKind, *, final: bool = True) -> Effect | None:
        """Have a bounce of an issue come by email."""
        evidence = f"it says {kind.value}"
        feedback = Feedback(kind, FeedbackSource.EMAIL, final, evidence, self.token(key, issue))
        return self.recorder.record(feedback, self.now)

    def token(self, key: str, issue: str) -> str:
        """The token of the envelope sender of a delivery."""
        return self._tokens[key, issue]

    def state(self, key: str) -> SubscriberState | None:
        subscriber = self.subscribers.find(key)
        return subscriber.state if subscriber else None

    def wait(self, days: float) -> None:
        self.now += dt.timedelta(days=days)
