"""`publish check --links`: asking over the network, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from publisher.cli.output import Output
from publisher.cli.progress import ProgressBar
from publisher.cli.selection import CheckScope
from publisher.errors import ConfigError

if TYPE_CHECKING:
    from publisher.checker import CheckedFile
    from publisher.checks.codes import Problem
    from publisher.linkcheck import LinkResult
    from publisher.model import Pos


class LinkReport(NamedTuple):
    """What became of asking: the links of each file with their places, a verdict on each address, how many of
    them were known before, and how many seconds it took."""

    links_by_file: Mapping[str, Sequence[tuple[str, Pos]]]
    verdicts: Mapping[str, LinkResult]
    cached: int
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """How many addresses are in each state there is."""
        from publisher.linkcheck import LinkState

        found = Counter(verdict.state for verdict in self.verdicts.values())
        return {state.value: found[state] for state in LinkState}

    @property
    def summary_line(self) -> str:
        """All of it on a line."""
        states = " · ".join(f"{number} {state}" for state, number in self.counts.items() if number)
        asked = f"{len(self.verdicts)} checked" + (f" · {states}" if states else "")
        return f"links     {asked} · {self.seconds:.1f} s, {self.cached} from cache"

    def to_json(self) -> dict[str, Any]:
        """All of it in numbers."""
        counts = {"checked": len(self.verdicts), **self.counts, "from_cache": self.cached}
        return {**counts, "seconds": round(self.seconds, 1)}

    def for_file(self, path: str) -> list[dict[str, Any]]:
        """The links of a file, in its order, and what is known of each."""
        return [
            {
                "url": url,
                "line": place.line,
                "column": place.column,
                "state": verdict.state.value,
                "reason": verdict.reason,
            }
            for url, place in self.links_by_file.get(path, ())
            if (verdict := self.verdicts.get(url))
        ]


def add_link_problems(
    allow: Sequence[str],
    output: Output,
    job: CheckScope,
    checked: Sequence[CheckedFile],
    texts: Mapping[str, str],
) -> tuple[list[CheckedFile], LinkReport]:
    """The files with the problems of their links, and what became of asking.

    Raises ConfigError for an address that cannot be allowed.
    """
    from publisher.archive.home import Home
    from publisher.checker import find_issue_links
    from publisher.linkcheck import LinkCache, LinkCheckLimits, check_links

    limits = LinkCheckLimits(allowed=frozenset(_parse_allowed_host(word) for word in allow))
    written = {one.path: find_issue_links(job.root, one.path, texts) for one in checked if not one.fault}
    urls = [url for places in written.values() for url, _ in places]
    file = Home(job.config.root).cache / "links.json" if job.config else None
    memory = LinkCache(file, job.now.timestamp())
    known = {url for url in urls if memory.get(url)}
    begun = time.monotonic()
    with ProgressBar(output, "asking after links", min_steps=2) as progress:
        verdicts = check_links(urls, memory, limits, progress.advance)
    took = time.monotonic() - begun
    told = [
        one._replace(problems=_merge_link_problems(one, written.get(one.path, ()), verdicts))
        for one in checked
    ]
    return told, LinkReport(written, verdicts, len(known & verdicts.keys()), took)


def _merge_link_problems(
    one: CheckedFile, written: Sequence[tuple[str, Pos]], verdicts: Mapping[str, LinkResult]
) -> tuple[Problem, ...]:
    from publisher.checks.liveness import LivenessResult, find_dead_links
    from publisher.linkcheck import LinkState

    answers = {
        url: LivenessResult(verdict.state is LinkState.GONE, verdict.reason)
        for url, verdict in verdicts.items()
        if verdict.state is not LinkState.OK
    }
    found = (problem for problem in find_dead_links(written, answers) if problem.code not in one.silenced)
    return tuple(sorted((*one.problems, *found)))


def _parse_allowed_host(word: str) -> tuple[str, int]:
    from ipaddress import ip_address

    host, _, port = word.rpartition(":")
    try:
        return str(ip_address(host.strip("[]"))), int(port)
    except ValueError:
        raise ConfigError(f"{word} cannot be allowed", "an IP address and a port: 127.0.0.1:8000") from None
