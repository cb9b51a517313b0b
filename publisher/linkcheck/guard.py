"""Where a link may lead: http and https, to an address that is open to all the world.

A link stands in a text that anybody may have sent, so it must not make this machine talk to its own services,
to its neighbours, or to whatever answers at a cloud's own addresses. The name is resolved once, every address
it has must be public, and the connection goes to the very address that was looked at.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 6052, and RFC 6890 of which older Pythons know a part
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# RFC 4291: nothing else of IPv6 is given out to anybody; RFC 9637: nor is this part of it
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_DOCUMENTATION = ipaddress.ip_network("3fff::/20")
_IETF_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")


class LinkBlocked(Exception):  # noqa: N818 - no error: an answer
    """A link that is not followed; the message says why."""


class LinkTarget(NamedTuple):
    """Where a link leads: the host as written, its port, and the address to connect to."""

    host: str
    port: int
    address: IpAddress


def parse_host_port(url: str) -> tuple[str, int]:
    """Host and port of a link that may be followed as far as its text goes. Raises Refused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise LinkBlocked("the address cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise LinkBlocked("only http and https addresses are followed")
    if parts.username is not None or parts.password is not None:
        raise LinkBlocked("the address has a user name in it")
    return host.rstrip("."), port or _DEFAULT_PORTS[parts.scheme]


async def resolve_target(url: str, allowed: Collection[tuple[str, int]] = ()) -> LinkTarget:
    """The one address to connect to for a link. Raises Refused, or OSError when the name is not known.

    `allowed` are (address, port) pairs that may be used although they are not public.
    """
    import asyncio

    host, port = parse_host_port(url)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]
    if not addresses:
        raise LinkBlocked(f"{host} has no address")
    if not all((str(address), port) in allowed for address in addresses):
        for address in addresses:
            if not is_public(address):
                raise LinkBlocked(f"{host} is {address}, which is not a public address")
        if port not in _DEFAULT_PORTS.values():
            raise LinkBlocked(f"port {port} is not followed, only 80 and 443")
    return LinkTarget(host, port, addresses[0])


def is_public(address: IpAddress) -> bool:
    """True for an address that is open to all the world, and for no other: not private, loopback, link-local,
    shared (100.64/10), reserved or multicast, nor one of IPv6 that stands for such a one of IPv4."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(_extract_ipv4(address))
        stands_for = (address.sixtofour, *(address.teredo or ()))
        if address not in _GLOBAL_UNICAST or address in _DOCUMENTATION:
            return False
        if not all(is_public(one) for one in stands_for if one):
            return False
    elif address in _IETF_PROTOCOLS:
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _extract_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    """The IPv4 address in the last 32 bits."""
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
