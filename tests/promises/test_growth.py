"""Twice as long an issue takes twice the work, whatever is in it: counted for each place of the source."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.support.growing import growing_texts
from tests.support.work import Place, WorkCounter, import_counted

SMALL = 16
"""How often a pattern is repeated; then twice and four times as often."""

TEXTS = growing_texts()
Work = dict[str, Counter[Place]]


@pytest.fixture(scope="module")
def work() -> Iterator[Callable[[str], Work]]:
    """work(text) reads, checks and fixes an issue, and renders it for all channels: the work of each step."""
    limit = sys.getrecursionlimit()
    with import_counted("publisher", "mistune", "yaml") as (counter, load):
        sys.setrecursionlimit(10 * limit)  # the counting calls a few functions for each of the program
        steps = Steps(counter, load)
        steps(steps.sample)  # what is done once is done now
        yield steps
    sys.setrecursionlimit(limit)


class Steps:
    """Does with a text what `publish check --fix` and `publish` do."""

    def __init__(self, counter: WorkCounter, load: Callable[[str], object]) -> None:
        self.counter = counter
        testing, registry = load("publisher.testing"), load("publisher.registry")
        self.reader, self.fixes = load("publisher.reader"), load("publisher.checks.fix")
        self.transforms = load("publisher.transforms")
        self.sample = testing.SAMPLE
        _, self.context = testing.build_sample()
        self.channels = {name: registry.load_channel(name)() for name in registry.channel_names()}
        _lower_limits(load)

    def __call__(self, text: str) -> Work:
        issues = []

        def parse(text: str, path: str) -> object:
            issues.append(self.reader.parse_issue(text, path))
            return issues[-1]

        done: Work = {}
        self.counter.take()
        self.fixes.apply_fixes(parse, text, "2021-07-18.md")
        done["read, check and fix"] = self.counter.take()
        ready = self.transforms.make_publishable(issues[0])
        ready = self.transforms.make_urls_absolute(ready, "https://example.org/try/2021-07-18/")
        done["transforms"] = self.counter.take()
        for name, channel in self.channels.items():
            channel.render(ready, self.context)
            done[name] = self.counter.take()
        return done


def _lower_limits(load: Callable[[str], object]) -> None:
    """Make messages and articles so short that all of these texts are too long, as long ones are for the real ones."""
    entities, split = load("publisher.channels.telegram.entities"), load("publisher.channels.telegram.split")
    size = entities.MessageSize(units=120, entities=9, entity_bytes=900, raw_bytes=900)
    entities.MAX_MESSAGE_SIZE = split.MAX_MESSAGE_SIZE = size
    # an article that is too long is laid out again without its ornaments: here, all are
    load("publisher.channels.wechat.settings").CONTENT_LIMIT = 1


@pytest.mark.parametrize("name", TEXTS)
def test_work_grows_with_the_text(name: str, work: Callable[[str], Work]) -> None:
    small, double, fourfold = (work(TEXTS[name](SMALL * times)) for times in (1, 2, 4))
    assert not [
        f"{step}, {file}:{line} {kind}: {numbers}"
        for step in small
        for file, line, kind in fourfold[step]
        if _grows_faster(numbers := [one[step][file, line, kind] for one in (small, double, fourfold)])
    ]


def _grows_faster(numbers: list[int]) -> bool:
    """Whether work grows faster than n log n: for the square, each increase is four times the one before.

    A limit that is passed once, such as that of a line, makes one step, and not two.
    """
    small, double, fourfold = numbers
    return fourfold - double > 3.5 * (double - small) + 20 * SMALL and double > 2.2 * small
