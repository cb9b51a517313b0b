"""Many links: several hosts at a time, one link of a host at a time, and a pause between two of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from publisher.linkcheck.cache import Memory
from publisher.linkcheck.request import client, visit
from publisher.linkcheck.verdict import State, Verdict
from publisher.links import extract_host

Advance = Callable[[int, int], None]

_SAVED_EVERY = 20
"""So many verdicts are lost at most when the machine stops."""


class Limits(NamedTuple):
    """`pause` is between two links of a host, `seconds` for one link, both in seconds; `together` are under
    way at a time, `links` are followed at most. `allowed` are (address, port) pairs that may be used although
    they are not public: none, unless somebody names them."""

    pause: float = 0.5
    seconds: float = 20.0
    together: int = 8
    links: int = 2_000
    allowed: frozenset[tuple[str, int]] = frozenset()


def check_links(
    urls: Iterable[str],
    memory: Memory,
    limits: Limits | None = None,
    advance: Advance | None = None,
) -> dict[str, Verdict]:
    """A verdict on every http and https link. `advance` is told how many of how many are done.

    What was learnt is in the memory, on disk too, however this ends.
    """
    import asyncio

    wanted = [url for url in dict.fromkeys(urls) if extract_host(url)]
    found = {url: verdict for url in wanted if (verdict := memory.get(url))}
    unknown = [url for url in wanted if url not in found]
    try:
        if unknown:
            asyncio.run(_visit_all(unknown, found, memory, limits or Limits(), advance))
    finally:
        memory.save()
    return found


async def _visit_all(
    urls: list[str],
    found: dict[str, Verdict],
    memory: Memory,
    limits: Limits,
    advance: Advance | None,
) -> None:
    import asyncio

    hosts: dict[str, list[str]] = {}
    for url in urls[: limits.links]:
        hosts.setdefault(extract_host(url), []).append(url)
    for url in urls[limits.links :]:
        found[url] = Verdict(State.UNKNOWN, f"only {limits.links:,} links are followed in one run")
    total, done = min(len(urls), limits.links), 0
    free = asyncio.Semaphore(limits.together)

    async with client() as session:

        async def of_one_host(links: Collection[str]) -> None:
            nonlocal done
            for number, url in enumerate(links):
                verdict = memory.get(url)  # known by now, where only the part of the page is another
                if verdict is None:
                    if number:
                        await asyncio.sleep(limits.pause)
                    async with free:
                        verdict = await visit(session, url, limits.seconds, limits.allowed)
                found[url] = memory.put(url, verdict)
                done += 1
                if advance:
                    advance(done, total)
                if done % _SAVED_EVERY == 0:
                    memory.save()

        async with asyncio.TaskGroup() as group:
            for links in hosts.values():
                group.create_task(of_one_host(links))
