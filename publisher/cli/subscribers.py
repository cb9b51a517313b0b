"""`publish subscribers`: show and change the list of subscribers."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from publisher.cli.actions import open_run
from publisher.cli.output import Output, format_iso_time, format_time
from publisher.cli.parser import CommandParser
from publisher.cli.subscriber_add import add_subscriber
from publisher.cli.subscriber_import import ListCall, import_subscribers
from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple
from publisher.subscribers.models import Subscriber, SubscriberState

if TYPE_CHECKING:
    from publisher.run import RunContext
    from publisher.subscribers.subscriber_list import SubscriberList

NOT_ON_THE_LIST = 1
"""The exit code of a command about an address that is not on the list, as of a search that finds nothing."""


class _Action(NamedTuple):
    """What `publish subscribers` can do: what is typed after its name, its help, and the options it takes."""

    subject: str
    help: str
    options: tuple[str, ...] = ()


_ACTIONS = {
    "import": _Action("FILE", "Add the people of a file; shows what it would do until --yes", ("consent", "yes")),
    "export": _Action("", "Print the list as CSV, sorted by address"),
    "list": _Action("", "Show the subscribers", ("state",)),
    "add": _Action("ADDRESS", "Ask the owner of an address by email to confirm", ("yes",)),
    "remove": _Action("ADDRESS", "Take an address off the list"),
    "erase": _Action("ADDRESS", "Delete all that is kept about an address, for good", ("yes",)),
    "why": _Action("ADDRESS", "Show by what consent an address is on the list, or why it is not"),
}
_STATES = tuple(state.value for state in SubscriberState if state is not SubscriberState.ERASED)


def define(parser: CommandParser) -> None:
    parser.epilog = "actions:\n" + "".join(
        f"  {f'{name} {action.subject}':<16}{action.help}\n" for name, action in _ACTIONS.items()
    )
    parser.arguments.add_argument("action", choices=tuple(_ACTIONS), metavar="ACTION", help="One of those below")
    parser.arguments.add_argument(
        "subject", nargs="?", default="", metavar="FILE|ADDRESS", help="What the action is about"
    )
    option = parser.options.add_argument
    option(
        "--consent",
        default="",
        metavar="TEXT",
        help="What the people of the file agreed to, where and when; kept with each of them",
    )
    option("--state", choices=_STATES, default="", metavar="STATE", help=f"Only these: {', '.join(_STATES)}")
    option(
        "-y", "--yes", action="store_true", help="Import or erase without confirmation; add also someone who refused"
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Do what `arguments.action` says. Raises ConfigError without [subscribers] in publisher.toml."""
    _check_arguments(arguments)
    with open_run(output, now) as run:
        call = ListCall(run, _require_subscribers(run), arguments, output)
        match arguments.action:
            case "import":
                return import_subscribers(call)
            case "export":
                return _export_list(call)
            case "list":
                return _show_list(call)
            case "add":
                return add_subscriber(call)
            case "remove":
                return _remove_subscriber(call)
            case "erase":
                return _erase_address(call)
            case _:
                return _show_consent(call)


def _require_subscribers(run: RunContext) -> SubscriberList:
    if run.subscribers is None:
        raise ConfigError(
            "there is no list of subscribers: publisher.toml has no table [subscribers]",
            'add it: url = "https://example.org/list" and key = "file:subscribers.key"',
        )
    return run.subscribers


def _check_arguments(arguments: argparse.Namespace) -> None:
    """Raise ConfigError for what the action needs or does not take."""
    name, action = arguments.action, _ACTIONS[arguments.action]
    usage = f"publish subscribers {name} {action.subject}".rstrip()
    if action.subject and not arguments.subject:
        raise ConfigError(f"{action.subject} is missing", usage)
    if arguments.subject and not action.subject:
        raise ConfigError(f"unexpected argument {arguments.subject}", usage)
    for option in ("consent", "state", "yes"):
        if getattr(arguments, option) and option not in action.options:
            owner = next(owner for owner, one in _ACTIONS.items() if option in one.options)
            raise ConfigError(f"--{option} is for publish subscribers {owner}", usage)


# --------------------------------------------------------------------- the whole list


def _show_list(call: ListCall) -> int:
    """Print a line for each subscriber, and how many there are."""
    state, output, zone = call.arguments.state, call.output, call.run.zone
    listed = [*call.subscribers.iterate(*([SubscriberState(state)] if state else []))]
    width = max((len(one.address) for one in listed), default=0)
    for one in listed:
        since = format_time(one.since, zone)
        output.line(f"{one.address.ljust(width)}  {one.state.value:<10}  {since}  {one.name}".rstrip())
    counts = {state.value: number for state, number in call.subscribers.count().items() if number}
    output.info(" · ".join(f"{number:,} {state}" for state, number in counts.items()) or "the list is empty")
    return output.finish(0, subscribers=[_subscriber_to_json(one, zone) for one in listed], counts=counts)


def _export_list(call: ListCall) -> int:
    """Print everyone with an address: also who left, so that an import of the file does not bring them back."""
    from publisher.subscribers.formats import format_list

    listed = [*call.subscribers.iterate()]
    if not call.output.json:
        call.output.write_bytes(format_list(listed).encode())
    return call.output.finish(0, subscribers=[_subscriber_to_json(one, dt.UTC) for one in listed])


# ---------------------------------------------------------------------- one address


def _remove_subscriber(call: ListCall) -> int:
    subscriber = call.subscribers.find(call.key)
    if subscriber is None:
        return _report_unknown(call)
    if call.subscribers.leave(call.key, call.originate("the editor removed the address")):
        call.output.line(f"{subscriber.address} has left the list, and gets nothing any more")
        call.output.next_step(f"publish subscribers add {subscriber.address} asks whether they want it again")
    else:
        call.output.line(f"{subscriber.address} is not subscribed: {subscriber.state.value}")
    return call.output.finish(0, subscriber=_find_subscriber_json(call))


def _erase_address(call: ListCall) -> int:
    """Delete an address from the list and from all that is known of deliveries; it stays out from then on."""
    from publisher.subscribers.erasure import erase_subscriber

    address, output = call.mailbox.address, call.output
    if not call.arguments.yes:
        if not output.is_interactive:
            raise ConfigError("nothing was erased: confirmation required (no terminal)", "use --yes")
        if not output.ask(f"Erase {address}? It cannot be undone."):
            return output.finish(0, erased=False)
    spellings = {address, call.mailbox.written, call.arguments.subject} - {""}
    known = erase_subscriber(call.subscribers, call.key, call.originate(), spellings=spellings)
    what = "everything about the address was erased" if known else "nothing was known of the address"
    output.line(f"✓ {what}; it stays out, by a keyed hash", "green")
    output.info(f"  not reached, and may have it: {_list_copies(call.run)}")
    return output.finish(0, erased=True, known=known)


def _list_copies(run: RunContext) -> str:
    """Return the places that may have an address and that no command can erase from."""
    copies = [
        "the logs of the daemon and of mail servers",
        "copies of ledger.backup elsewhere",
        "returned emails in a mailbox" if run.config.subscribers and run.config.subscribers.bounces else "",
    ]
    if run.config.ledger:
        copies[1] = "the backups and logs of PostgreSQL, which are up to its administrator"
    return "; ".join(filter(None, copies))


def _show_consent(call: ListCall) -> int:
    """Print the consent record of an address."""
    subscriber, zone, output = call.subscribers.find(call.key), call.run.zone, call.output
    if subscriber is None:
        return _report_unknown(call)
    pending = subscriber.asked_at and subscriber.state is not SubscriberState.ASKED
    facts = [
        subscriber.state.value,
        f"since {format_time(subscriber.since, zone)}",
        f"until {format_time(subscriber.paused_until, zone)}" if subscriber.paused_until else "",
        f"asked again {format_time(subscriber.asked_at, zone)}" if pending and subscriber.asked_at else "",
    ]
    output.line(f"{subscriber.address}  {' · '.join(filter(None, facts))}", "bold")
    if suppression := call.subscribers.find_suppression(call.key):
        output.line(f"  suppressed: {suppression.value}")
    records = call.subscribers.load_consents(call.key)
    for record in records:
        origin = " · ".join(filter(None, (record.via, record.network, record.text)))
        output.line(f"  {format_time(record.at, zone)}  {record.event.value:<10}  {origin}".rstrip())
    return output.finish(
        0,
        subscriber=_subscriber_to_json(subscriber, zone),
        suppressed=suppression and suppression.value,
        consent=[
            {
                "event": record.event.value,
                "at": format_iso_time(record.at, zone),
                "via": record.via,
                "text": record.text,
                "network": record.network,
            }
            for record in records
        ],
    )


def _report_unknown(call: ListCall) -> int:
    """Say that an address is not on the list, and whether it is suppressed."""
    suppression, address = call.subscribers.find_suppression(call.key), call.mailbox.address
    said = f", and suppressed: {suppression.value}" if suppression else ""
    call.output.line(f"{address} is not on the list{said}")
    return call.output.finish(NOT_ON_THE_LIST, subscriber=None, suppressed=suppression and suppression.value)


def _find_subscriber_json(call: ListCall) -> dict[str, object] | None:
    subscriber = call.subscribers.find(call.key)
    return _subscriber_to_json(subscriber, call.run.zone) if subscriber else None


def _subscriber_to_json(subscriber: Subscriber, zone: dt.tzinfo | None) -> dict[str, object]:
    return {
        "address": subscriber.address,
        "name": subscriber.name,
        "state": subscriber.state.value,
        "since": format_iso_time(subscriber.since, zone),
        "paused_until": subscriber.paused_until and format_iso_time(subscriber.paused_until, zone),
    }
