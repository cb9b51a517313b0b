"""Whether mails could be sent: asked of the server by what changes nothing, and of the list."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from publisher.channel import Finding, FindingLevel
from publisher.channels.email.recipients import RecipientSource, parse_recipients
from publisher.channels.email.smtp import SmtpConnection, SmtpDisconnectedError
from publisher.credentials import Reference, resolve_secret
from publisher.errors import ConfigError, DeliveryError, PublisherError

_MAX_REPORTED = 10
"""How many bad lines of a list are told one by one."""


def diagnose(
    connection: SmtpConnection, source: RecipientSource, signing: tuple[str, Reference], secret: Reference
) -> Iterator[Finding]:
    """What there is to find about the list, the keys and the server. `signing` and `secret` are as for
    MailSession, and may be empty."""
    yield from _diagnose_recipients(source)
    yield from _diagnose_signing(signing, secret)
    try:
        with connection:
            yield from _diagnose_server(connection)
    except (ConfigError, DeliveryError) as error:
        yield Finding(FindingLevel.ERROR, error.message, error.hint)


def _diagnose_server(connection: SmtpConnection) -> Iterator[Finding]:
    server, features = connection.server, connection.features
    by_tls = server.tls or not server.is_local
    yield Finding(
        FindingLevel.OK, f"{server} answers" + (" by TLS" if by_tls else ", on this machine, without TLS")
    )
    if server.user:
        yield Finding(FindingLevel.OK, f"{server.user} may log in")
    offers = [
        name for key, name in (("pipelining", "PIPELINING"), ("smtputf8", "SMTPUTF8")) if key in features
    ]
    most = features.get("size", "").strip()
    if most.strip("0"):  # 0 is no limit: RFC 1870, section 4
        offers.append(f"mails of up to {most} bytes")
    if offers:
        yield Finding(FindingLevel.OK, f"it takes {', '.join(offers)}")
    try:
        reply = connection.noop()
    except SmtpDisconnectedError as error:
        yield Finding(FindingLevel.ERROR, f"{server} hangs up: {error}", "look into its log")
        return
    if reply.code != 250:
        yield Finding(FindingLevel.ERROR, f"{server} is not ready: {reply}", "look into its log")


def _diagnose_recipients(source: RecipientSource) -> Iterator[Finding]:
    keys: set[str] = set()
    total, faults = 0, []
    try:
        for found in parse_recipients(source):
            if isinstance(found, ConfigError):
                faults.append(found)
            else:
                total += 1
                keys.add(found.key)
    except ConfigError as error:
        yield Finding(FindingLevel.ERROR, error.message, error.hint)
        return
    for fault in islice(faults, _MAX_REPORTED):
        yield Finding(FindingLevel.ERROR, fault.message, fault.hint)
    if len(faults) > _MAX_REPORTED:
        yield Finding(FindingLevel.ERROR, f"and {len(faults) - _MAX_REPORTED} more lines like that")
    if not keys:
        yield Finding(FindingLevel.ERROR, "nobody is on the list", "write one address on each line")
    elif twice := total - len(keys):
        yield Finding(
            FindingLevel.OK,
            f"{len(keys)} readers; {twice} of the lines say somebody again, who gets one mail",
        )
    else:
        yield Finding(FindingLevel.OK, f"{len(keys)} readers" if len(keys) > 1 else "1 reader")


def _diagnose_signing(signing: tuple[str, Reference], secret: Reference) -> Iterator[Finding]:
    try:
        if secret:
            resolve_secret(secret)
        place, key = signing
        if not place:
            yield Finding(
                FindingLevel.WARNING,
                "mails are not signed here",
                "let the server sign them, or set `dkim`: big receivers refuse lists without a signature",
            )
            return
        from publisher.channels.email.dkim import DkimSigner

        signer = DkimSigner(place, key)
        yield Finding(
            FindingLevel.OK, f"mails are signed; {place} must be in the DNS, as TXT: {signer.dns_record}"
        )
    except PublisherError as error:
        yield Finding(FindingLevel.ERROR, error.message, error.hint)
