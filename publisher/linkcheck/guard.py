"""Allows link checks to connect only by http and https, and only to public IP addresses.

Anyone may have written the text that contains a link, so a link must not make this machine talk to its own
services, to its local network, or to the metadata service of a cloud. The name is resolved once, each of its
addresses must be public, and the connection is made to the address that was checked.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from publisher.named_tuple import NamedTuple

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 6052
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# RFC 4291: the only IPv6 unicast range that is allocated
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

# What `is_global` allows, or did in some Python versions. A router may forward these, but they lead to the
# nearest machine of a service, which may be one of the own network, or to services of the own cloud:
# https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocols: RFC 6890
        "2001::/23",  # the same for IPv6: RFC 2928; Teredo, too
        "192.88.99.0/24",  # relays of 6to4: RFC 7526
        "192.52.193.0/24",  # relays of AMT: RFC 7450
        *("192.31.196.0/24", "192.175.48.0/24", "2620:4f:8000::/48"),  # AS112, for private names: RFC 7534, 7535
        "3fff::/20",  # documentation: RFC 9637
        "168.63.129.16/32",  # the host of a machine at Azure: its agent, DNS and DHCP
        *("161.26.0.0/16", "166.8.0.0/14"),  # services on the private network of IBM Cloud
    )
)


class LinkBlocked(Exception):  # noqa: N818 - a result, not an error
    """A link that is not checked; the message says why."""


class LinkTarget(NamedTuple):
    """What a link connects to: the host as written, its port, and its IP address."""

    host: str
    port: int
    address: IpAddress


def _parse_host_port(url: str) -> tuple[str, int]:
    """Return host and port of a link, if its text allows a check. Raises LinkBlocked."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise LinkBlocked("the URL is not valid") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise LinkBlocked("only http and https URLs are checked")
    if parts.username is not None or parts.password is not None:
        raise LinkBlocked("the URL contains a user name")
    return host.rstrip("."), port or _DEFAULT_PORTS[parts.scheme]


async def resolve_target(url: str, allowed: Collection[tuple[str, int]]) -> LinkTarget:
    """Return what to connect to for a link. Raises LinkBlocked, or OSError when the name cannot be resolved.

    `allowed` are (IP address, port) pairs that may be used although they are not public.
    """
    import asyncio

    host, port = _parse_host_port(url)
    entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in entries]
    if not addresses:
        raise LinkBlocked(f"{host} has no IP address")
    if not all((str(address), port) in allowed for address in addresses):
        for address in addresses:
            if not is_public(address):
                raise LinkBlocked(f"{host} is {address}, which is not a public address")
        if port not in _DEFAULT_PORTS.values():
            raise LinkBlocked(f"port {port} is not checked, only 80 and 443")
    return LinkTarget(host, port, addresses[0])


def is_public(address: IpAddress) -> bool:
    """Return whether an IP address is public: not private, loopback, link-local, shared (100.64/10), reserved
    or multicast, not one of a protocol or of the own cloud, nor an IPv6 address that embeds such an IPv4
    address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))  # in the last 32 bits
        if address not in _GLOBAL_UNICAST or (address.sixtofour and not is_public(address.sixtofour)):
            return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )
