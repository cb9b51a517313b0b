"""What was learnt of links, kept for a while in `.publisher/cache`."""

from __future__ import annotations

from pathlib import Path

from publisher.archive import cache
from publisher.errors import StorageError
from publisher.linkcheck.verdict import State, Verdict

_DAY = 86_400.0
_KEPT = {State.OK: 7 * _DAY, State.GONE: _DAY, State.UNKNOWN: _DAY / 24}
"""For how many seconds a verdict counts. What works mostly goes on working; a wall may open in an hour."""

_FORM = "links-1"


class Memory:
    """Verdicts by address. Without a file nothing is kept."""

    def __init__(self, path: Path | None, now: float) -> None:
        """`now` is in seconds since 1970."""
        self._path = path
        rows: dict[str, tuple[str, str, float]] = (cache.load(path, _FORM) or {}) if path else {}
        found = {url: Verdict(State(state), reason, at) for url, (state, reason, at) in rows.items()}
        self._known = {url: one for url, one in found.items() if 0 <= now - one.at < _KEPT[one.state]}
        self._now = now

    def get(self, url: str) -> Verdict | None:
        """What is known of a link, if it is not too old."""
        return self._known.get(url.partition("#")[0])

    def put(self, url: str, verdict: Verdict) -> Verdict:
        """Keep a verdict; gives it back with its time."""
        kept = verdict._replace(at=self._now)
        self._known[url.partition("#")[0]] = kept
        return kept

    def save(self) -> None:
        """Write the file, whole or not at all. A cache that cannot be written is none."""
        if self._path:
            rows = {url: (one.state.value, one.reason, one.at) for url, one in self._known.items()}
            try:
                cache.save(self._path, _FORM, rows)
            except StorageError:
                return
