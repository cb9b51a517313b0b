"""What one parse costs, and what each channel makes of it costs beside that, in processor time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

from publisher import registry
from publisher.channel import Channel
from publisher.model import Issue
from publisher.reader import parse_issue
from publisher.testing import build_sample
from publisher.transforms import make_publishable, make_urls_absolute
from publisher.writers import text

ROUNDS = 9


def as_text(issue: Issue) -> str:
    """All of an issue by the text writer."""
    out = []
    for item in issue.items:
        out += [text.inlines(item.title), *(text.inlines(found.value) for found in item.fields), text.blocks(item.body)]
    return "\n".join(out)


def costs(sources: list[str]) -> Iterator[tuple[str, float]]:
    """Name and cost of each step over the sources, in parts of the parse."""
    _, context = build_sample()
    parsed = [parse_issue(source, "2021-07-18.md") for source in sources]
    ready = [make_urls_absolute(make_publishable(issue), "https://example.org/try/2021-07-18/") for issue in parsed]
    steps: dict[str, Callable[[], object]] = {
        "parse": lambda: [parse_issue(source, "2021-07-18.md") for source in sources],
        "transforms": lambda: [
            make_urls_absolute(make_publishable(issue), "https://example.org/try/") for issue in parsed
        ],
        "text writer": lambda: [as_text(issue) for issue in ready],
    }
    for name in registry.channel_names():
        channel: Channel = registry.load_channel(name)()
        steps[name] = lambda channel=channel: [channel.render(issue, context) for issue in ready]  # type: ignore[misc]
    for step in steps.values():
        step()
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            begun = time.process_time()
            step()
            taken[name].append(time.process_time() - begun)
    parse = median(taken["parse"])
    yield from ((name, median(times) / parse) for name, times in taken.items() if name != "parse")
