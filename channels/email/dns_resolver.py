"""DNS lookups for `publish doctor`, with the package dnspython (extra `dns`)."""

from __future__ import annotations

from publisher.channels.email.sender_dns import DnsLookupError
from publisher.errors import ConfigError
from publisher.installation import install_command

_TIMEOUT = 5.0
"""Seconds for one lookup, with all servers and retries."""


class DnsResolver:
    """Asks the DNS servers of this machine, or another one. Methods return nothing for a name that does not exist or
    has no such record, and raise DnsLookupError if no server answers.

    Raises ConfigError when dnspython is not installed, or this machine has no DNS server.
    """

    def __init__(self, server: str = "", port: int = 53) -> None:
        try:
            from dns.resolver import NoResolverConfiguration, Resolver
        except ImportError:
            raise ConfigError(
                "SPF, DKIM, DMARC and PTR were not checked: the package dnspython is not installed",
                install_command("dns"),
            ) from None
        try:
            self._resolver = Resolver(configure=not server)
        except NoResolverConfiguration as error:
            raise ConfigError(f"DNS cannot be asked: {error}", "set the DNS server of this machine") from None
        if server:
            self._resolver.nameservers, self._resolver.port = [server], port

    def find_texts(self, name: str) -> list[str]:
        """Return the TXT records of a name. The strings of a record are joined (RFC 7208, section 3.3)."""
        from dns.rdtypes.ANY.TXT import TXT

        return [
            b"".join(record.strings).decode("utf-8", "replace")
            for record in self._look_up(name, "TXT")
            if isinstance(record, TXT)
        ]

    def find_addresses(self, host: str) -> list[str]:
        """Return the IPv4 and IPv6 addresses of a host."""
        return [str(record) for kind in ("A", "AAAA") for record in self._look_up(host, kind)]

    def find_host_names(self, address: str) -> list[str]:
        """Return the names that an IP address has in reverse DNS."""
        from dns.reversename import from_address

        return [str(record).rstrip(".").lower() for record in self._look_up(from_address(address).to_text(), "PTR")]

    def _look_up(self, name: str, kind: str) -> list[object]:
        from dns.exception import DNSException
        from dns.resolver import NXDOMAIN, NoAnswer

        try:
            return [*self._resolver.resolve(name, kind, lifetime=_TIMEOUT, search=False)]
        except (NXDOMAIN, NoAnswer):
            return []
        except DNSException as error:
            raise DnsLookupError(f"no answer for {kind} of {name}: {error}") from None
