"""Rate and connection limits of mail providers.

The providers do not publish their limits, but refuse what exceeds them (see replies.py). The values here are
low enough for a small list not to be refused. They apply to recipients with a mailbox at the provider, and to
all emails when the provider runs the server that sends them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock

from msgspec import Struct


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


def find_provider_limits(host: str, providers: Sequence[ProviderLimits] = PROVIDERS) -> ProviderLimits | None:
    """Return the limits for a domain or a host below it; None when there are none."""
    domains = [".".join(host.split(".")[start:]) for start in range(host.count("."))]
    return next((limits for domain in domains for limits in providers if domain in limits.domains), None)


class MailRateLimiter:
    """Spaces emails in time; safe to use from several threads. Times are in seconds."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        providers: Sequence[ProviderLimits] = PROVIDERS,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._find_limits = cache(lambda host: find_provider_limits(host, providers))
        self._next_slots: defaultdict[ProviderLimits, float] = defaultdict(float)
        self._lock = Lock()

    def wait(self, *hosts: str) -> None:
        """Block until the limits of all `hosts` allow the next email, and count it."""
        providers = {limits for host in hosts if (limits := self._find_limits(host))}
        if not providers:
            return
        with self._lock:
            now = self._monotonic()
            start = max(now, *(self._next_slots[limits] for limits in providers))
            for limits in providers:
                self._next_slots[limits] = start + 60 / limits.per_minute
        if start > now:
            self._sleep(start - now)


SHARED_RATE_LIMITER = MailRateLimiter()
"""The limiter of this process: its sessions share the limits of a provider."""
