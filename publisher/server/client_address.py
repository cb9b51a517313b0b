"""Finds the address of the client that a request comes from, also behind web servers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_HOST_AND_PORT = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*):\d*")


def find_client(peer: str, forwarded: Sequence[str], proxies: Iterable[IPv4Network | IPv6Network]) -> str:
    """Return the address that a request comes from, as it counts for limits: an IPv4 address, or the /64 network
    of an IPv6 address, which is what one customer of a provider has; "" for a proxy.

    `peer` is the address at the other end of the connection, `forwarded` the values of X-Forwarded-For. A proxy
    appends the address that it was asked from, so the last one that is no proxy is true, and clients may have
    made up those before it. Behind something that is no address, nothing is known: then the proxy is returned.
    """
    entries = [entry.strip() for value in forwarded for entry in value.split(",")]
    for entry in (peer, *reversed([entry for entry in entries if entry])):
        address = _parse_ip_address(entry)
        if address is None:
            break
        if not any(address in network for network in proxies):
            return str(address) if address.version == 4 else str(IPv6Network((int(address) >> 64 << 64, 64)))
    return ""


def is_private_path(peer: str, proxies: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Return whether a request came from this machine or from one of the proxies, so that no other network saw it."""
    address = _parse_ip_address(peer)
    return address is not None and (address.is_loopback or any(address in network for network in proxies))


def _parse_ip_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address, with or without a port; None if it is none."""
    if match := _HOST_AND_PORT.fullmatch(text):
        text = match[1] or match[2] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
