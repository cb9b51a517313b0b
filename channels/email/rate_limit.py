"""Rate and connection limits of mail providers.

The providers do not publish their limits, but refuse what exceeds them (see replies.py). The values here are
low enough for a small list not to be refused. They apply to recipients with a mailbox at the provider, and to
all emails when the provider runs the server that sends them.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from publisher.channel import RateLimit


class ProviderLimits(Struct, frozen=True):
    """The limits of the provider of mailboxes at `domains`.

    Emails per minute; and as the sending server, parallel connections and emails per connection.
    """

    domains: tuple[str, ...]
    per_minute: int
    connections: int
    per_connection: int


PROVIDERS = (
    ProviderLimits(("qq.com", "foxmail.com"), per_minute=60, connections=2, per_connection=50),
    ProviderLimits(("163.com", "126.com", "yeah.net", "netease.com"), per_minute=60, connections=2, per_connection=20),
    ProviderLimits(("sina.com", "sina.cn", "sohu.com", "aliyun.com"), per_minute=120, connections=2, per_connection=50),
)


@lru_cache(maxsize=10_000)
def find_provider_limits(host: str) -> ProviderLimits | None:
    """Return the limits for a domain or a host below it; None when there are none."""
    domains = [".".join(host.split(".")[start:]) for start in range(host.count("."))]
    return next((limits for domain in domains for limits in PROVIDERS if domain in limits.domains), None)


def find_lane(server: str, recipient: str) -> str:
    """Return the lane of an address: the main domain of its provider if that has limits, else its own domain.

    If the provider runs the `server` (a host name), all that is sent counts for it.
    """
    domain = recipient.rpartition("@")[2]
    limits = find_provider_limits(server) or find_provider_limits(domain)
    return limits.domains[0] if limits else domain


def build_rate_limits() -> dict[str, RateLimit]:
    """Return the rate limits by provider."""
    return {limits.domains[0]: RateLimit(limits.per_minute) for limits in PROVIDERS}
