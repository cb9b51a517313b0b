"""Results of link checks, kept for some time in `.publisher/cache`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from publisher.archive import cache
from publisher.errors import StorageError
from publisher.linkcheck.verdict import LinkResult, LinkState

_DAY = 86_400.0
_MAX_AGE = {LinkState.OK: 7 * _DAY, LinkState.GONE: _DAY, LinkState.UNKNOWN: _DAY / 24}
"""For how many seconds a result is valid. Working links rarely break; a blocked one may work in an hour."""

_CACHE_KEY = "links-1"


class LinkCache:
    """Results by URL without fragment. Without a file they are kept in memory only."""

    def __init__(self, path: Path | None, now: float) -> None:
        """`now` is in seconds since 1970."""
        self._path = path
        saved = (path and cache.load_cache(path, _CACHE_KEY, dict[str, LinkResult])) or {}
        self._results = {
            url: result for url, result in saved.items() if 0 <= now - result.checked_at < _MAX_AGE[result.state]
        }
        self._now = now

    def get(self, url: str) -> LinkResult | None:
        """Return the result for a link, None if there is none that is recent enough."""
        return self._results.get(url.partition("#")[0])

    def put(self, url: str, result: LinkResult) -> LinkResult:
        """Store a result. Return it with the time of the check."""
        result = result._replace(checked_at=self._now)
        self._results[url.partition("#")[0]] = result
        return result

    def save(self) -> None:
        """Write the file atomically. A failure is ignored."""
        if self._path:
            with suppress(StorageError):
                cache.save_cache(self._path, _CACHE_KEY, self._results)
