"""`publish check --links`: asking over the network, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from publisher.cli.output import Output
from publisher.cli.progress import Progress
from publisher.cli.selection import Job
from publisher.errors import ConfigError

if TYPE_CHECKING:
    from publisher.checks.problem import Problem
    from publisher.linkcheck import Verdict
    from publisher.model import Pos
    from publisher.pipeline.checking import Checked


def with_links(
    allow: Sequence[str], output: Output, job: Job, checked: Sequence[Checked], texts: Mapping[str, str]
) -> tuple[list[Checked], str]:
    """The files with the problems of their links, and a line that sums them up.

    Raises ConfigError for an address that cannot be allowed.
    """
    from publisher.archive.home import Home
    from publisher.linkcheck import Limits, Memory, check_links
    from publisher.pipeline.checking import links_in

    limits = Limits(allowed=frozenset(_allowed(word) for word in allow))
    written = {one.path: links_in(job.root, one.path, texts) for one in checked if not one.fault}
    urls = [url for places in written.values() for url, _ in places]
    file = Home(job.config.root).cache / "links.json" if job.config else None
    memory = Memory(file, job.now.timestamp())
    known = {url for url in urls if memory.get(url)}
    begun = time.monotonic()
    with Progress(output, "asking after links", many=2) as progress:
        verdicts = check_links(urls, memory, limits, progress.advance)
    took = time.monotonic() - begun
    told = [one._replace(problems=_more(one, written.get(one.path, ()), verdicts)) for one in checked]
    return told, _summary(verdicts, len(known & verdicts.keys()), took)


def _more(
    one: Checked, written: Sequence[tuple[str, Pos]], verdicts: Mapping[str, Verdict]
) -> tuple[Problem, ...]:
    from publisher.checks.liveness import Answer, dead
    from publisher.linkcheck import State

    answers = {
        url: Answer(verdict.state is State.GONE, verdict.reason)
        for url, verdict in verdicts.items()
        if verdict.state is not State.OK
    }
    found = (problem for problem in dead(written, answers) if problem.code not in one.silenced)
    return tuple(sorted((*one.problems, *found)))


def _summary(verdicts: Mapping[str, Verdict], known: int, took: float) -> str:
    from publisher.linkcheck import State

    counts = Counter(verdict.state for verdict in verdicts.values())
    states = " · ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    return f"links     {len(verdicts)} checked · {states} · {took:.1f} s, {known} from cache"


def _allowed(word: str) -> tuple[str, int]:
    from ipaddress import ip_address

    host, _, port = word.rpartition(":")
    try:
        return str(ip_address(host.strip("[]"))), int(port)
    except ValueError:
        raise ConfigError(f"{word} cannot be allowed", "an IP address and a port: 127.0.0.1:8000") from None
