"""`publish subscribers add`: asks the owner of an address, by email, whether they want the newsletter."""

from __future__ import annotations

from publisher.cli.subscriber_import import ListCall
from publisher.delivery.confirmation import find_email_channel, send_confirmation
from publisher.errors import ConfigError, DeliveryError
from publisher.run import build_unsendable_error
from publisher.subscribers.limits import LimitKind, SignUpLimits
from publisher.subscribers.models import Asked, SubscriberState

_REACHED = {
    LimitKind.ADDRESS: "the address was asked already, which may happen once a day, and three times in all",
    LimitKind.DOMAIN: "too many addresses of this domain were asked today",
    LimitKind.TOTAL: "too many addresses were asked lately",
}
"""What the limits mean that hold without a visitor."""


def add_subscriber(call: ListCall) -> int:
    """Send the email that asks for a confirmation, unless the address is subscribed. Raises ConfigError if it must not
    be asked, and DeliveryError if the email was not sent."""
    before, output = call.subscribers.find(call.key), call.output
    if before and before.state in (SubscriberState.CONFIRMED, SubscriberState.PAUSED):
        output.line(f"{before.address} is on the list already: {before.state.value}")
        return output.finish(0, asked=False)
    _require_channel(call)
    limits = SignUpLimits(call.run.ledger, call.subscribers.newsletter, call.subscribers.keys)
    if reached := limits.admit(call.key, "", call.run.clock.time()):
        raise ConfigError(f"nothing was sent: {_REACHED[reached]}", "try again tomorrow, or ask them in another way")
    try:
        subscriber = _request_confirmation(call).subscriber
        if subscriber is None:
            raise ConfigError(f"{call.mailbox.address} was not asked", "try again")
        send_confirmation(call.run.config, call.subscribers.keys, subscriber, call.run.clock.time())
    except (ConfigError, DeliveryError):
        limits.forget(call.key)  # no email was sent
        raise
    output.line(f"✓ {subscriber.address} was asked, and is on the list when they confirm it", "green")
    return output.finish(0, asked=True)


def _request_confirmation(call: ListCall) -> Asked:
    """Record the request. Raises ConfigError for an address that refused any mail, unless the editor lifts that."""
    origin, output, address = call.originate("the editor added the address"), call.output, call.mailbox.address
    asked = call.subscribers.ask(call.mailbox, origin, lift_refusal=call.arguments.yes)
    if asked.subscriber:
        return asked
    refused = f"{address} refused all emails"
    if not (output.is_interactive and output.ask(f"{refused}. Have they asked you for it since?")):
        raise ConfigError(f"nothing was sent: {refused}", "if they have asked you for it since, use --yes")
    return call.subscribers.ask(call.mailbox, origin, lift_refusal=True)


def _require_channel(call: ListCall) -> None:
    """Raise ConfigError if the email cannot be sent, before anything is recorded."""
    channel = find_email_channel(call.run.config)
    if not channel.active_destination:
        raise build_unsendable_error(call.run.config, channel)
    if error := call.run.find_example_address(channel):
        raise error
