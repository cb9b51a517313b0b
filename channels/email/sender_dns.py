"""The DNS records that mail providers check of a sender: SPF, DKIM, DMARC and reverse DNS. For `publish doctor`.

Gmail, Yahoo and Outlook refuse emails of bulk senders without them, and deliver those of others to spam: see
`publisher.mail_providers`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from publisher.channel import Finding, FindingLevel
from publisher.patterns import lazy_pattern

_MAX_SPF_LOOKUPS = 10  # RFC 7208, section 4.6.4
_MAX_DMARC_LABELS = 8  # of the DNS Tree Walk: DMARCbis, section 4.10
_SPF_TERM = lazy_pattern(
    r"[+?~-]?(?:(?P<kind>include|exists|a|mx|ptr)(?:[:/](?P<target>\S*))?|redirect=(?P<redirect>\S+))", re.IGNORECASE
)


class DnsLookupError(Exception):
    """DNS gave no answer, so nothing is known of a name."""


class Resolver(Protocol):
    """DNS lookups. They return nothing for a name that does not exist or has no such record, and raise
    DnsLookupError if there is no answer."""

    def find_texts(self, name: str) -> list[str]: ...

    def find_addresses(self, host: str) -> list[str]: ...

    def find_host_names(self, address: str) -> list[str]: ...


class SenderIdentity(Struct, frozen=True):
    """What a receiver checks of a sender.

    `domain` is that of the sender's address, `dkim_name` the DNS name of the key that signs ("" if publisher does not
    sign), `dkim_record` the TXT record that belongs there, and `host` the name of the server that sends ("" if it is
    run by a provider).
    """

    domain: str
    dkim_name: str = ""
    dkim_record: str = ""
    host: str = ""


def diagnose_dns(sender: SenderIdentity, resolver: Resolver) -> Iterator[Finding]:
    """Check the DNS records of a sender. A key with which signatures fail is an error, the rest are warnings."""
    try:
        yield from _diagnose_spf(sender.domain, resolver)
        if sender.dkim_name:
            yield from _diagnose_dkim(sender, resolver)
        yield from _diagnose_dmarc(sender, resolver)
        if sender.host:
            yield from _diagnose_reverse_dns(sender.host, resolver)
    except DnsLookupError as error:
        message = f"the DNS records of {sender.domain} could not be checked: {error}"
        yield Finding(FindingLevel.WARNING, message, "check the network")


# ------------------------------------------------------------------------- SPF


def _diagnose_spf(domain: str, resolver: Resolver) -> Iterator[Finding]:
    records = _find_spf(domain, resolver)
    if len(records) != 1:
        found = f"{len(records)} SPF records, which count as none" if records else "no SPF record"
        example = f'"v=spf1 include:… ~all" as a TXT record of {domain}; your mail provider says what to include'
        yield Finding(FindingLevel.WARNING, f"{domain} has {found}", f"publish one: {example}")
        return
    terms = records[0].lower().split()
    if "all" in terms or "+all" in terms:
        yield Finding(
            FindingLevel.WARNING, f"the SPF record of {domain} allows any server to send (+all)", "end it with ~all"
        )
    lookups, missing = _count_spf_lookups(records[0], resolver, {domain})
    if missing:
        message = f"the SPF record of {domain} is invalid: {missing} has no SPF record"
        yield Finding(FindingLevel.WARNING, message, f"remove include:{missing}")
    elif lookups > _MAX_SPF_LOOKUPS:
        message = f"the SPF record of {domain} is invalid: it takes more than {_MAX_SPF_LOOKUPS} DNS lookups"
        yield Finding(FindingLevel.WARNING, message, "remove what no longer sends for you")
    else:
        yield Finding(FindingLevel.OK, f"SPF of {domain}: {records[0]}")


def _find_spf(domain: str, resolver: Resolver) -> list[str]:
    """Return the SPF records of a domain: RFC 7208, section 4.5."""
    return [text for text in resolver.find_texts(domain) if re.match(r"v=spf1(?: |$)", text, re.IGNORECASE)]


def _count_spf_lookups(record: str, resolver: Resolver, seen: set[str]) -> tuple[int, str]:
    """Return the number of DNS lookups that a record takes, which may stop above the limit, and the first domain it
    includes that has no valid record; "" if there is none."""
    lookups = 0
    for term in record.split()[1:]:
        match = _SPF_TERM.fullmatch(term)
        if not match:  # all, ip4, ip6, exp: none of them is looked up
            continue
        lookups += 1
        is_include = (match["kind"] or "").lower() == "include"
        target = match["redirect"] or (match["target"] if is_include else "")
        if lookups > _MAX_SPF_LOOKUPS or not target or "%" in target or target.lower() in seen:
            continue
        records = _find_spf(target, resolver)
        if len(records) != 1:
            return lookups, target
        more, missing = _count_spf_lookups(records[0], resolver, seen | {target.lower()})
        lookups += more
        if missing:
            return lookups, missing
    return lookups, ""


# ------------------------------------------------------------------------ DKIM


def _diagnose_dkim(sender: SenderIdentity, resolver: Resolver) -> Iterator[Finding]:
    """Check that the published key is the one that signs. With another one each signature fails, so it is always an
    error."""
    hint = f"publish it as a TXT record: {sender.dkim_record}"
    records = [_parse_tags(text) for text in resolver.find_texts(sender.dkim_name)]
    keys = [tags["p"] for tags in records if "p" in tags]
    if not keys:
        yield Finding(FindingLevel.ERROR, f"{sender.dkim_name} has no DKIM key", hint)
    elif len(keys) > 1:
        message = f"{sender.dkim_name} has {len(keys)} DKIM keys, and receivers may use any of them"
        yield Finding(FindingLevel.ERROR, message, "remove all but one")
    elif keys[0] != _parse_tags(sender.dkim_record)["p"]:
        revoked = "" if keys[0] else ", which means it was revoked (p=)"
        message = f"the DKIM key at {sender.dkim_name} is not that of `dkim_key`{revoked}"
        yield Finding(FindingLevel.ERROR, message, hint)
    elif "y" in records[0].get("t", "").split(":"):  # RFC 6376, section 3.6.1
        message = f"the DKIM key at {sender.dkim_name} is marked as a test (t=y)"
        yield Finding(FindingLevel.WARNING, message, "remove t=y from its TXT record: receivers may ignore it")
    else:
        yield Finding(FindingLevel.OK, f"the DKIM key at {sender.dkim_name} is that of `dkim_key`")


def _parse_tags(record: str) -> dict[str, str]:
    """Parse `k=rsa; p=…` (RFC 6376, section 3.2); spaces within values do not count."""
    pairs = (pair.partition("=") for pair in record.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs if name.strip()}


# ----------------------------------------------------------------------- DMARC


def _diagnose_dmarc(sender: SenderIdentity, resolver: Resolver) -> Iterator[Finding]:
    records = _find_dmarc(sender.domain, resolver)
    if len(records) != 1:
        found = f"{len(records)} DMARC records, which count as none" if records else "no DMARC record"
        hint = f'publish one TXT record at _dmarc.{sender.domain}: "v=DMARC1; p=none"'
        yield Finding(FindingLevel.WARNING, f"{sender.domain} has {found}", hint)
        return
    policy = _parse_tags(records[0])
    signing = sender.dkim_name.partition("._domainkey.")[2]
    if signing and signing != sender.domain and policy.get("adkim", "r").lower() == "s":
        yield Finding(
            FindingLevel.WARNING,
            f"DMARC of {sender.domain} wants signatures of exactly this domain (adkim=s), not of {signing}",
            f"sign for {sender.domain}, or remove adkim=s",
        )
        return
    aligned = f"DKIM of {signing} and SPF are" if signing else "SPF is"
    yield Finding(FindingLevel.OK, f"DMARC of {sender.domain}: p={policy.get('p', '?')}; {aligned} aligned")


def _find_dmarc(domain: str, resolver: Resolver) -> list[str]:
    """Return the DMARC records of a domain, or else those of the nearest domain above it that has any."""
    labels = domain.split(".")
    starts = [0, *range(max(1, len(labels) - _MAX_DMARC_LABELS + 1), len(labels) - 1)]
    for start in starts:
        texts = resolver.find_texts("_dmarc." + ".".join(labels[start:]))
        if records := [text for text in texts if re.match(r"v=DMARC1\s*(?:;|$)", text)]:
            return records
    return []


# ----------------------------------------------------------------- reverse DNS


def _diagnose_reverse_dns(host: str, resolver: Resolver) -> Iterator[Finding]:
    """Check that each address of a host has a name that leads back to it (RFC 1912, section 2.1)."""
    addresses = [address for address in resolver.find_addresses(host) if ipaddress.ip_address(address).is_global]
    if not addresses:
        message = f"the mail server calls itself {host}, which has no public IP address in DNS"
        yield Finding(FindingLevel.OK, message)  # as on a laptop, where it hands emails to that of a provider
    for address in addresses:
        names = resolver.find_host_names(address)
        if not names:
            message = f"{address}, of the mail server {host}, has no name in reverse DNS (PTR)"
            yield Finding(FindingLevel.WARNING, message, f"have your hosting provider set it to {host}")
        elif not any(address in resolver.find_addresses(name) for name in names):
            message = (
                f"{address}, of the mail server {host}, is called {names[0]} (PTR), which does not lead back to it"
            )
            yield Finding(FindingLevel.WARNING, message, f"have your hosting provider set it to {host}")
        else:
            yield Finding(FindingLevel.OK, f"{address} is called {names[0]} (PTR)")
