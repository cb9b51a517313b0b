"""Checks for `publish doctor`: the recipients, the keys, the server, and what providers require. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from publisher.channel import Finding, FindingLevel
from publisher.channels.email.dns_resolver import DnsResolver
from publisher.channels.email.recipients import RecipientSource, parse_recipients
from publisher.channels.email.sender_dns import SenderIdentity, diagnose_dns
from publisher.channels.email.smtp import SmtpConnection, SmtpDisconnectedError
from publisher.credentials import Reference, resolve_secret
from publisher.errors import ConfigError, DeliveryError, PublisherError
from publisher.links import find_example_host
from publisher.mail_providers import count_at_providers, diagnose_volume

_MAX_REPORTED = 10
"""The maximum number of bad lines of a list that are reported one by one."""


def diagnose(
    connection: SmtpConnection,
    source: RecipientSource | None,
    signing: tuple[str, Reference],
    unsubscribe_key: Reference,
    domain: str,
    recipients: Iterable[str],
) -> Iterator[Finding]:
    """Check the list, the keys, the server, and what large providers require. `signing` and `unsubscribe_key` are as
    for MailSession; `source` is None if the recipients are subscribers, and `domain` is the sender's."""
    if source is not None:
        yield from _diagnose_recipients(source)
    yield from _diagnose_keys(signing, unsubscribe_key)
    host = ""
    try:
        with connection:
            yield from _diagnose_server(connection)
            host = _find_own_host(connection, domain)
    except (ConfigError, DeliveryError) as error:
        yield Finding(FindingLevel.ERROR, error.message, error.hint)
    with suppress(PublisherError):  # of the list, which was reported
        yield from diagnose_volume(count_at_providers(recipients))
    if find_example_host(domain):
        return
    dkim_record = ""
    with suppress(PublisherError):  # of the key, which was reported
        dkim_record = _build_dkim_record(signing)
    sender = SenderIdentity(domain, signing[0] if dkim_record else "", dkim_record, host)
    try:
        yield from diagnose_dns(sender, DnsResolver())
    except ConfigError as error:
        yield Finding(FindingLevel.OK, error.message, error.hint)


def _find_own_host(connection: SmtpConnection, domain: str) -> str:
    """Return the name of a mail server that sends by itself: on this machine, or in the sender's domain; else ""."""
    host = connection.host_name if connection.server.is_local else connection.server.host.lower()
    is_own = connection.server.is_local or host.split(".")[-2:] == domain.split(".")[-2:]
    return host if is_own and "." in host and not find_example_host(host) else ""


def _diagnose_server(connection: SmtpConnection) -> Iterator[Finding]:
    server, features = connection.server, connection.features
    uses_tls = server.tls or not server.is_local
    yield Finding(
        FindingLevel.OK, f"connected to {server} " + ("over TLS" if uses_tls else "on this machine, without TLS")
    )
    if server.user:
        yield Finding(FindingLevel.OK, f"logged in as {server.user}")
    offers = [name for key, name in (("pipelining", "PIPELINING"), ("smtputf8", "SMTPUTF8")) if key in features]
    max_size = features.get("size", "").strip()
    if max_size.strip("0"):  # 0 is no limit: RFC 1870, section 4
        offers.append(f"emails of up to {max_size} bytes")
    if offers:
        yield Finding(FindingLevel.OK, f"the server supports {', '.join(offers)}")
    try:
        reply = connection.noop()
    except SmtpDisconnectedError as error:
        yield Finding(FindingLevel.ERROR, f"{server} closed the connection: {error}", "check its log")
        return
    if reply.code != 250:
        yield Finding(FindingLevel.ERROR, f"{server} is not ready: {reply}", "check its log")


def _diagnose_recipients(source: RecipientSource) -> Iterator[Finding]:
    keys: set[str] = set()
    total, errors = 0, []
    try:
        for recipient in parse_recipients(source):
            if isinstance(recipient, ConfigError):
                errors.append(recipient)
            else:
                total += 1
                keys.add(recipient.key)
    except ConfigError as error:
        yield Finding(FindingLevel.ERROR, error.message, error.hint)
        return
    for line_error in islice(errors, _MAX_REPORTED):
        yield Finding(FindingLevel.ERROR, line_error.message, line_error.hint)
    if len(errors) > _MAX_REPORTED:
        yield Finding(FindingLevel.ERROR, f"and {len(errors) - _MAX_REPORTED} more invalid lines")
    if not keys:
        yield Finding(FindingLevel.ERROR, "the list has no recipients", "write one address on each line")
        return
    count = f"{len(keys)} recipient{'' if len(keys) == 1 else 's'}"
    if duplicates := total - len(keys):
        plural = "" if duplicates == 1 else "s"
        yield Finding(FindingLevel.OK, f"{count} ({duplicates} duplicate{plural} ignored)")
    else:
        yield Finding(FindingLevel.OK, count)


def _diagnose_keys(signing: tuple[str, Reference], unsubscribe_key: Reference) -> Iterator[Finding]:
    try:
        if unsubscribe_key:
            resolve_secret(unsubscribe_key)
        dns_name, _ = signing
        if not dns_name:
            yield Finding(
                FindingLevel.WARNING,
                "`dkim` is not set, so emails are not signed by publisher",
                "set `dkim`, or let the server sign them: large providers refuse lists without a signature",
            )
            return
        record = _build_dkim_record(signing)
        yield Finding(FindingLevel.OK, f"emails are signed with DKIM; {dns_name} needs this DNS TXT record: {record}")
    except PublisherError as error:
        yield Finding(FindingLevel.ERROR, error.message, error.hint)


def _build_dkim_record(signing: tuple[str, Reference]) -> str:
    """Return the TXT record of the key; "" if emails are not signed here. Raises ConfigError for a bad key."""
    if not signing[0]:
        return ""
    from publisher.channels.email.dkim import DkimSigner

    return DkimSigner(*signing).dns_record
