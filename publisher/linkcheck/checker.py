"""Checks many links: several hosts in parallel, the links of a host one after another with a pause."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from publisher.linkcheck.cache import LinkCache
from publisher.linkcheck.request import check_link, create_client
from publisher.linkcheck.verdict import LinkResult, LinkState
from publisher.links import extract_host
from publisher.named_tuple import NamedTuple

LinkProgressHandler = Callable[[int, int], None]

_SAVE_INTERVAL = 20
"""The cache is written after this many results."""


class LinkCheckLimits(NamedTuple):
    """`pause` is between two links of a host, `timeout` for one link, both in seconds.

    At most `max_concurrent` links are checked at a time, and `max_links` in all. `allowed` are (IP address,
    port) pairs that may be used although they are not public; none by default.
    """

    pause: float = 0.5
    timeout: float = 20.0
    max_concurrent: int = 8
    max_links: int = 2_000
    allowed: frozenset[tuple[str, int]] = frozenset()


def check_links(
    urls: Iterable[str], cache: LinkCache, limits: LinkCheckLimits, on_progress: LinkProgressHandler | None = None
) -> dict[str, LinkResult]:
    """Check all http and https links. Return the results by URL.

    `on_progress` gets how many links are checked, of how many. The results are saved in the cache, also when
    this is interrupted.
    """
    import asyncio

    links = [url for url in dict.fromkeys(urls) if extract_host(url)]
    results = {url: result for url in links if (result := cache.get(url))}
    unchecked = [url for url in links if url not in results]
    try:
        if unchecked:
            asyncio.run(_check_all(unchecked, results, cache, limits, on_progress))
    finally:
        cache.save()
    return results


async def _check_all(
    urls: list[str],
    results: dict[str, LinkResult],
    cache: LinkCache,
    limits: LinkCheckLimits,
    on_progress: LinkProgressHandler | None,
) -> None:
    import asyncio

    hosts: dict[str, list[str]] = {}
    for url in urls[: limits.max_links]:
        hosts.setdefault(extract_host(url), []).append(url)
    for url in urls[limits.max_links :]:
        reason = f"only {limits.max_links:,} links are checked in one run"
        results[url] = LinkResult(LinkState.UNKNOWN, reason)
    total, done = min(len(urls), limits.max_links), 0
    slots = asyncio.Semaphore(limits.max_concurrent)

    async with create_client() as session:

        async def check_host(links: Collection[str]) -> None:
            nonlocal done
            for number, url in enumerate(links):
                result = cache.get(url)  # checked meanwhile, if another link differs in its fragment only
                if result is None:
                    if number:
                        await asyncio.sleep(limits.pause)
                    async with slots:
                        result = await check_link(session, url, limits.timeout, limits.allowed)
                results[url] = cache.put(url, result)
                done += 1
                if on_progress:
                    on_progress(done, total)
                if done % _SAVE_INTERVAL == 0:
                    cache.save()

        async with asyncio.TaskGroup() as group:
            for links in hosts.values():
                group.create_task(check_host(links))
