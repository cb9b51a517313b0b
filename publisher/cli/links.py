"""`publish check --links`: check links over the network and report the results."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from ipaddress import ip_address
from typing import Any

from publisher.archive.check_cache import CheckedIssue
from publisher.archive.home import Home
from publisher.checker import read_issue_text
from publisher.checks.addresses import LivenessResult, find_dead_links, find_url_positions
from publisher.checks.codes import Problem
from publisher.checks.source import IssueSource, SourceText
from publisher.cli.output import Output
from publisher.cli.progress import ProgressBar
from publisher.cli.selection import CheckScope
from publisher.errors import ConfigError
from publisher.linkcheck import LinkCache, LinkCheckLimits, LinkResult, LinkState, check_links
from publisher.model import Pos
from publisher.named_tuple import NamedTuple
from publisher.reader import parse_issue


class LinkReport(NamedTuple):
    """Links with positions by file, the result for each URL, the number from the cache, and seconds taken."""

    links_by_file: Mapping[str, Sequence[tuple[str, Pos]]]
    verdicts: Mapping[str, LinkResult]
    cached: int
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        counter = Counter(result.state for result in self.verdicts.values())
        return {state.value: counter[state] for state in LinkState}

    @property
    def summary_line(self) -> str:
        states = " · ".join(f"{number} {state}" for state, number in self.counts.items() if number)
        asked = f"{len(self.verdicts)} checked" + (f" · {states}" if states else "")
        return f"links     {asked} · {self.seconds:.1f} s, {self.cached} from cache"

    def to_json(self) -> dict[str, Any]:
        counts = {"checked": len(self.verdicts), **self.counts, "from_cache": self.cached}
        return {**counts, "seconds": round(self.seconds, 1)}

    def for_file(self, path: str) -> list[dict[str, Any]]:
        """Return the links of a file, in order, each with its result."""
        return [
            {
                "url": url,
                "line": position.line,
                "column": position.column,
                "state": result.state.value,
                "reason": result.reason,
            }
            for url, position in self.links_by_file.get(path, ())
            if (result := self.verdicts.get(url))
        ]


def add_link_problems(
    allow: Sequence[str], output: Output, scope: CheckScope, checked: Sequence[CheckedIssue], texts: Mapping[str, str]
) -> tuple[list[CheckedIssue], LinkReport]:
    """Check all links; return the files with the problems of their links added, and the report.

    Raises ConfigError for an invalid value of --allow.
    """
    limits = LinkCheckLimits(allowed=frozenset(_parse_allowed_host(word) for word in allow))
    links_by_file = {
        result.path: _find_issue_links(scope, result.path, texts) for result in checked if not result.fault
    }
    urls = [url for links in links_by_file.values() for url, _ in links]
    cache_file = Home(scope.config.root).cache / "links.json" if scope.config else None
    cache = LinkCache(cache_file, scope.now.timestamp())
    cached_urls = {url for url in urls if cache.get(url)}
    started_at = time.monotonic()
    with closing(ProgressBar(output, "checking links", min_steps=2)) as progress:
        results = check_links(urls, cache, limits, progress.advance)
    duration = time.monotonic() - started_at
    merged = [
        result._replace(problems=_merge_link_problems(result, links_by_file.get(result.path, ()), results))
        for result in checked
    ]
    return merged, LinkReport(links_by_file, results, len(cached_urls & results.keys()), duration)


def _find_issue_links(scope: CheckScope, path: str, texts: Mapping[str, str]) -> list[tuple[str, Pos]]:
    """Return every URL and its position in a file, or in its text in `texts` that is not saved yet."""
    text = texts[path] if path in texts else read_issue_text(scope.root, path, scope.config)
    return find_url_positions(IssueSource(parse_issue(text, path), SourceText(text)))


def _merge_link_problems(
    result: CheckedIssue, links: Sequence[tuple[str, Pos]], link_results: Mapping[str, LinkResult]
) -> tuple[Problem, ...]:
    unreachable = {
        url: LivenessResult(link_result.state is LinkState.GONE, link_result.reason)
        for url, link_result in link_results.items()
        if link_result.state is not LinkState.OK
    }
    ignored = result.summary.ignored_codes if result.summary else ()
    link_problems = (p for p in find_dead_links(links, unreachable) if p.code not in ignored)
    return tuple(sorted((*result.problems, *link_problems)))


def _parse_allowed_host(argument: str) -> tuple[str, int]:
    host, _, port = argument.rpartition(":")
    try:
        return str(ip_address(host.strip("[]"))), int(port)
    except ValueError:
        raise ConfigError(f"{argument} is not IP:PORT", "an IP address and a port, such as 127.0.0.1:8000") from None
