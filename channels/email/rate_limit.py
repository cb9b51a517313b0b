"""How fast mail providers take mails, and how many at a time.

None of them publishes its limits, but all refuse what is over them (see replies.py): these are what a small
list can do without being noticed. They hold for readers who have their mailboxes there, and for all mails
where such a provider is the server that takes them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock


@dataclass(frozen=True, slots=True)
class ProviderLimits:
    """What the provider of some domains takes: so many mails a minute, and as a server on so many
    connections, so many mails on each."""

    domains: tuple[str, ...]
    per_minute: int
    connections: int
    per_connection: int


PROVIDERS = (
    ProviderLimits(("qq.com", "foxmail.com"), per_minute=60, connections=2, per_connection=50),
    ProviderLimits(
        ("163.com", "126.com", "yeah.net", "netease.com"), per_minute=60, connections=2, per_connection=20
    ),
    ProviderLimits(
        ("sina.com", "sina.cn", "sohu.com", "aliyun.com"), per_minute=120, connections=2, per_connection=50
    ),
)


def find_provider_limits(host: str, providers: Sequence[ProviderLimits] = PROVIDERS) -> ProviderLimits | None:
    """The limits that hold for a domain or a host in it, if there are any."""
    names = [".".join(host.split(".")[at:]) for at in range(host.count("."))]
    return next((one for name in names for one in providers if name in one.domains), None)


class MailRateLimiter:
    """Lets mails wait for their turn, from any number of threads. `monotonic` and `sleep` are in seconds, as
    those of `time`."""

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
        """Wait until a mail may go by these hosts."""
        found = {one for host in hosts if (one := self._find_limits(host))}
        if not found:
            return
        with self._lock:
            now = self._monotonic()
            start = max(now, *(self._next_slots[one] for one in found))
            for one in found:
                self._next_slots[one] = start + 60 / one.per_minute
        if start > now:
            self._sleep(start - now)


SHARED_RATE_LIMITER = MailRateLimiter()
"""That of this program: its sessions share what a provider takes."""
