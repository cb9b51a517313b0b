"""Problems of links, from the results of requesting them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from publisher import links
from publisher.checks.codes import Problem
from publisher.model import Pos


class LivenessResult(NamedTuple):
    """The result for one URL: `gone` if it is definitely dead, else unknown; and the reason."""

    gone: bool
    reason: str


def find_dead_links(
    urls: Sequence[tuple[str, Pos]], results: Mapping[str, LivenessResult]
) -> Iterator[Problem]:
    """Report dead links, and links that could not be checked.

    Of the latter, one per host and reason: a host that blocks automated requests does so for all its pages.
    """
    unknown: dict[tuple[str, str], list[Pos]] = {}
    for url, pos in urls:
        result = results.get(url)
        if result and result.gone:
            yield Problem(pos, "dead-link", result.reason, "replace the URL or remove the item")
        elif result:
            unknown.setdefault((links.extract_host(url), result.reason), []).append(pos)
    for (_, reason), positions in unknown.items():
        more = f" (and {len(positions) - 1} more to this host)" if len(positions) > 1 else ""
        message = f"could not check this link{more}: {reason}"
        yield Problem(positions[0], "link-unknown", message, "open it in a browser to check")
