"""What was learnt of links, kept for a while in `.publisher/cache`."""

from __future__ import annotations

from pathlib import Path

from publisher.archive import cache
from publisher.errors import StorageError
from publisher.linkcheck.verdict import LinkResult, LinkState

_DAY = 86_400.0
_MAX_AGE = {LinkState.OK: 7 * _DAY, LinkState.GONE: _DAY, LinkState.UNKNOWN: _DAY / 24}
"""For how many seconds a verdict counts. What works mostly goes on working; a wall may open in an hour."""

_CACHE_KEY = "links-1"


class LinkCache:
    """Verdicts by address. Without a file nothing is kept."""

    def __init__(self, path: Path | None, now: float) -> None:
        """`now` is in seconds since 1970."""
        self._path = path
        rows: dict[str, tuple[str, str, float]] = (cache.load_cache(path, _CACHE_KEY) or {}) if path else {}
        found = {url: LinkResult(LinkState(state), reason, at) for url, (state, reason, at) in rows.items()}
        self._results = {
            url: one for url, one in found.items() if 0 <= now - one.checked_at < _MAX_AGE[one.state]
        }
        self._now = now

    def get(self, url: str) -> LinkResult | None:
        """What is known of a link, if it is not too old."""
        return self._results.get(url.partition("#")[0])

    def put(self, url: str, result: LinkResult) -> LinkResult:
        """Keep a verdict; gives it back with its time."""
        kept = result._replace(checked_at=self._now)
        self._results[url.partition("#")[0]] = kept
        return kept

    def save(self) -> None:
        """Write the file, whole or not at all. A cache that cannot be written is none."""
        if self._path:
            rows = {url: (one.state.value, one.reason, one.checked_at) for url, one in self._results.items()}
            try:
                cache.save_cache(self._path, _CACHE_KEY, rows)
            except StorageError:
                return
