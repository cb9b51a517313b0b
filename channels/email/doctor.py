"""Whether mails could be sent: asked of the server by what changes nothing, and of the list."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from publisher.channel import Finding, Level
from publisher.channels.email.recipients import Source, entries
from publisher.channels.email.smtp import Connection, LostError
from publisher.credentials import Reference, resolve
from publisher.errors import ConfigError, DeliveryError, PublisherError

_SHOWN = 10
"""How many bad lines of a list are told one by one."""


def examine(
    connection: Connection, source: Source, signing: tuple[str, Reference], secret: Reference
) -> Iterator[Finding]:
    """What there is to find about the list, the keys and the server. `signing` and `secret` are as for
    MailSession, and may be empty."""
    yield from _list(source)
    yield from _keys(signing, secret)
    try:
        with connection:
            yield from _server(connection)
    except (ConfigError, DeliveryError) as error:
        yield Finding(Level.BAD, error.message, error.hint)


def _server(connection: Connection) -> Iterator[Finding]:
    server, features = connection.server, connection.features
    by_tls = server.tls or not server.is_here
    yield Finding(
        Level.GOOD, f"{server} answers" + (" by TLS" if by_tls else ", on this machine, without TLS")
    )
    if server.user:
        yield Finding(Level.GOOD, f"{server.user} may log in")
    offers = [
        name for key, name in (("pipelining", "PIPELINING"), ("smtputf8", "SMTPUTF8")) if key in features
    ]
    most = features.get("size", "").strip()
    if most.strip("0"):  # 0 is no limit: RFC 1870, section 4
        offers.append(f"mails of up to {most} bytes")
    if offers:
        yield Finding(Level.GOOD, f"it takes {', '.join(offers)}")
    try:
        reply = connection.ask()
    except LostError as error:
        yield Finding(Level.BAD, f"{server} hangs up: {error}", "look into its log")
        return
    if reply.code != 250:
        yield Finding(Level.BAD, f"{server} is not ready: {reply}", "look into its log")


def _list(source: Source) -> Iterator[Finding]:
    keys: set[str] = set()
    total, faults = 0, []
    try:
        for found in entries(source):
            if isinstance(found, ConfigError):
                faults.append(found)
            else:
                total += 1
                keys.add(found.key)
    except ConfigError as error:
        yield Finding(Level.BAD, error.message, error.hint)
        return
    for fault in islice(faults, _SHOWN):
        yield Finding(Level.BAD, fault.message, fault.hint)
    if len(faults) > _SHOWN:
        yield Finding(Level.BAD, f"and {len(faults) - _SHOWN} more lines like that")
    if not keys:
        yield Finding(Level.BAD, "nobody is on the list", "write one address on each line")
    elif twice := total - len(keys):
        yield Finding(
            Level.GOOD, f"{len(keys)} readers; {twice} of the lines say somebody again, who gets one mail"
        )
    else:
        yield Finding(Level.GOOD, f"{len(keys)} readers" if len(keys) > 1 else "1 reader")


def _keys(signing: tuple[str, Reference], secret: Reference) -> Iterator[Finding]:
    try:
        if secret:
            resolve(secret)
        place, key = signing
        if not place:
            yield Finding(
                Level.DOUBTFUL,
                "mails are not signed here",
                "let the server sign them, or set `dkim`: big receivers refuse lists without a signature",
            )
            return
        from publisher.channels.email.dkim import Signer

        signer = Signer(place, key)
        yield Finding(Level.GOOD, f"mails are signed; {place} must be in the DNS, as TXT: {signer.record}")
    except PublisherError as error:
        yield Finding(Level.BAD, error.message, error.hint)
