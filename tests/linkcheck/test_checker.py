"""Many links, and what is kept of them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from publisher.linkcheck import LinkCache, LinkCheckLimits, LinkResult, LinkState, check_links

HOUR = 3600.0


def test_one_link_of_a_host_at_a_time(server) -> None:
    urls = [server.url(f"/200?{number}") for number in range(12)]
    found = check_links(urls, LinkCache(None, 0.0), LinkCheckLimits(0.0, allowed=server.allowed))
    assert {verdict.state for verdict in found.values()} == {LinkState.OK}
    assert len(server.asked) == 12
    assert server.together == 1


def test_a_link_twice_is_asked_once_and_others_not_at_all(server) -> None:
    urls = [server.url("/200"), "mailto:a@e.org", "../page.html", server.url("/200")]
    found = check_links(urls, LinkCache(None, 0.0), LinkCheckLimits(0.0, allowed=server.allowed))
    assert [*found] == [server.url("/200")]
    assert len(server.asked) == 1


def test_the_parts_of_a_page_are_asked_for_once(server) -> None:
    urls = [server.url("/404#one"), server.url("/404#two"), server.url("/404")]
    found = check_links(urls, LinkCache(None, 0.0), LinkCheckLimits(0.0, allowed=server.allowed))
    assert [found[url].state for url in urls] == [LinkState.GONE] * 3
    assert server.asked == [(f"127.0.0.1:{server.port}", "/404")]


def test_no_cookie_comes_back(server) -> None:
    urls = [server.url("/cookie"), server.url("/200")]
    check_links(urls, LinkCache(None, 0.0), LinkCheckLimits(0.0, allowed=server.allowed))
    assert len(server.asked) == 2
    assert server.cookies == []


def test_too_many_links(server) -> None:
    urls = [server.url(f"/200?{number}") for number in range(3)]
    found = check_links(urls, LinkCache(None, 0.0), LinkCheckLimits(0.0, max_links=2, allowed=server.allowed))
    assert [found[url].state for url in urls] == [LinkState.OK, LinkState.OK, LinkState.UNKNOWN]
    assert len(server.asked) == 2


def test_progress_is_reported(server) -> None:
    steps: list[tuple[int, int]] = []
    urls = [server.url(f"/200?{number}") for number in range(3)]
    limits = LinkCheckLimits(0.0, allowed=server.allowed)
    check_links(urls, LinkCache(None, 0.0), limits, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("path", "later", "asked"),
    [("/200", 6 * 24, 1), ("/200", 8 * 24, 2), ("/404", 23, 1), ("/404", 25, 2), ("/403", 0.5, 1), ("/403", 2, 2)],
)
def test_verdicts_are_kept_for_a_while(server, kept: Path, path: str, later: float, asked: int) -> None:
    limits = LinkCheckLimits(0.0, allowed=server.allowed)
    first = check_links([server.url(path)], LinkCache(kept, 0.0), limits)
    second = check_links([server.url(path + "#part")], LinkCache(kept, later * HOUR), limits)
    assert [one.state for one in first.values()] == [one.state for one in second.values()]
    assert len(server.asked) == asked


def test_an_interrupt_leaves_what_was_learnt(server, kept: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            signal.raise_signal(signal.SIGINT)

    urls = [server.url(f"/200?{number}") for number in range(9)]
    with pytest.raises(KeyboardInterrupt):
        check_links(urls, LinkCache(kept, 0.0), LinkCheckLimits(0.0, allowed=server.allowed), interrupt)
    memory = LinkCache(kept, 0.0)
    assert [memory.get(url) is not None for url in urls] == [True] * 3 + [False] * 6


@pytest.mark.parametrize("damage", [b"", b"{", b"publisher-cache-2 links-1 0000\n{}"])
def test_a_damaged_cache_is_none(kept: Path, damage: bytes) -> None:
    memory = LinkCache(kept, 0.0)
    memory.put("https://e.org/", LinkResult(LinkState.OK, "200"))
    memory.save()
    kept.write_bytes(damage)
    assert LinkCache(kept, 0.0).get("https://e.org/") is None
