"""Problems of links, once somebody has found out whether they lead anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from publisher import links
from publisher.checks.codes import Problem
from publisher.model import Pos


class LivenessResult(NamedTuple):
    """What was found out about an address: surely `gone`, or else not known, and why."""

    gone: bool
    reason: str


def find_dead_links(
    urls: Sequence[tuple[str, Pos]], results: Mapping[str, LivenessResult]
) -> Iterator[Problem]:
    """The links of an issue that lead nowhere, and those nobody can tell of: of these one for each host and
    reason, because a host that turns programs away does so for all its pages."""
    walls: dict[tuple[str, str], list[Pos]] = {}
    for url, place in urls:
        answer = results.get(url)
        if answer and answer.gone:
            yield Problem(place, "dead-link", answer.reason, "replace the address, or take the item out")
        elif answer:
            walls.setdefault((links.extract_host(url), answer.reason), []).append(place)
    for (_, reason), places in walls.items():
        more = f", and {len(places) - 1} more of its links" if len(places) > 1 else ""
        help_ = "have a look yourself"
        yield Problem(places[0], "link-unknown", f"{reason}: nobody can tell{more}", help_)
