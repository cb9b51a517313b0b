"""Addresses in [server]: where the daemon listens, and which web servers are in front of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


class ListenAddress(NamedTuple):
    """Host and port of the HTTP server; `host` is a name or an IP address without brackets."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect to it."""
        from ipaddress import ip_address

        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen_address(value: str) -> ListenAddress:
    """Parse HOST:PORT; an IPv6 address is in brackets. Raises ConfigError."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/\[\]]+)):(\d{1,5})", value)
    if not match or int(match[3]) > 65535:
        raise ConfigError(
            f'listen must be a host and a port, not "{value}"', 'for this machine only: listen = "127.0.0.1:8080"'
        )
    return ListenAddress(match[1] or match[2], int(match[3]))


def parse_network(value: str) -> IPv4Network | IPv6Network:
    """Parse an IP address, or a network of them. Raises ConfigError."""
    from ipaddress import ip_network

    try:
        return ip_network(value)
    except ValueError:
        raise ConfigError(
            f'proxies must be IP addresses or networks, not "{value}"',
            'a web server on this machine: proxies = ["127.0.0.1"]; a network: "10.0.0.0/8"',
        ) from None
