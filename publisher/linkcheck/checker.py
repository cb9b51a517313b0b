"""Many links: several hosts at a time, one link of a host at a time, and a pause between two of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from publisher.linkcheck.cache import LinkCache
from publisher.linkcheck.request import check_link, create_client
from publisher.linkcheck.verdict import LinkResult, LinkState
from publisher.links import extract_host

LinkProgressHandler = Callable[[int, int], None]

_SAVE_INTERVAL = 20
"""So many verdicts are lost at most when the machine stops."""


class LinkCheckLimits(NamedTuple):
    """`pause` is between two links of a host, `seconds` for one link, both in seconds; `together` are under
    way at a time, `links` are followed at most. `allowed` are (address, port) pairs that may be used although
    they are not public: none, unless somebody names them."""

    pause: float = 0.5
    timeout: float = 20.0
    max_concurrent: int = 8
    max_links: int = 2_000
    allowed: frozenset[tuple[str, int]] = frozenset()


def check_links(
    urls: Iterable[str],
    cache: LinkCache,
    limits: LinkCheckLimits | None = None,
    on_progress: LinkProgressHandler | None = None,
) -> dict[str, LinkResult]:
    """A verdict on every http and https link. `advance` is told how many of how many are done.

    What was learnt is in the memory, on disk too, however this ends.
    """
    import asyncio

    wanted = [url for url in dict.fromkeys(urls) if extract_host(url)]
    found = {url: verdict for url in wanted if (verdict := cache.get(url))}
    unknown = [url for url in wanted if url not in found]
    try:
        if unknown:
            asyncio.run(_check_all(unknown, found, cache, limits or LinkCheckLimits(), on_progress))
    finally:
        cache.save()
    return found


async def _check_all(
    urls: list[str],
    found: dict[str, LinkResult],
    cache: LinkCache,
    limits: LinkCheckLimits,
    on_progress: LinkProgressHandler | None,
) -> None:
    import asyncio

    hosts: dict[str, list[str]] = {}
    for url in urls[: limits.max_links]:
        hosts.setdefault(extract_host(url), []).append(url)
    for url in urls[limits.max_links :]:
        found[url] = LinkResult(LinkState.UNKNOWN, f"only {limits.max_links:,} links are followed in one run")
    total, done = min(len(urls), limits.max_links), 0
    free = asyncio.Semaphore(limits.max_concurrent)

    async with create_client() as session:

        async def of_one_host(links: Collection[str]) -> None:
            nonlocal done
            for number, url in enumerate(links):
                verdict = cache.get(url)  # known by now, where only the part of the page is another
                if verdict is None:
                    if number:
                        await asyncio.sleep(limits.pause)
                    async with free:
                        verdict = await check_link(session, url, limits.timeout, limits.allowed)
                found[url] = cache.put(url, verdict)
                done += 1
                if on_progress:
                    on_progress(done, total)
                if done % _SAVE_INTERVAL == 0:
                    cache.save()

        async with asyncio.TaskGroup() as group:
            for links in hosts.values():
                group.create_task(of_one_host(links))
