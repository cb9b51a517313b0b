"""How much of the size limits of each channel an issue uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from publisher.channel import Channel, Context, Entry, Rendering, Templates
from publisher.checks.codes import Problem
from publisher.checks.summary import IssueSummary
from publisher.derived_texts import build_display_title, build_summary
from publisher.errors import DeliveryError, IssueError, PublisherError
from publisher.model import Issue
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.page_urls import find_page_urls
from publisher.transforms import make_publishable, make_urls_absolute

# for issues that have no date yet
_FALLBACK_DATE = dt.date(2000, 1, 1)


class Budget(NamedTuple):
    """The size of an issue on one channel.

    `text` is for people, `report` has the numbers of the channel, and `excess` says which limits are
    exceeded and by how much (empty if none). The report of an issue that cannot be rendered is empty.
    """

    channel: str
    text: str
    report: Mapping[str, Any]
    excess: str = ""


def measure_rendering(channel: Channel, rendering: Rendering | PublisherError) -> Budget:
    """Return how much of its limits a rendering uses; for an error, that."""
    if isinstance(rendering, PublisherError):
        return Budget(channel.name, rendering.message, {}, rendering.message)
    report, limits = rendering.report, channel.capabilities.limits
    return Budget(channel.name, _format_usage(report, limits), report, _describe_excess(report, limits))


class _EmptyTheme:
    """A theme that renders all pages as empty: only messages are measured."""

    fingerprint = ""

    def render(self, name: str, **values: object) -> str:  # noqa: ARG002 - part of the interface
        return ""

    def text(self, name: str) -> str:  # noqa: ARG002 - part of the interface
        return ""


def measure_budgets(issue: Issue, channels: Sequence[Channel], newsletter: Newsletter) -> Iterator[Budget]:
    """Render the issue on each channel, as far as the issue alone determines that, and return its sizes."""
    for channel, rendering in render_alone(issue, channels, newsletter, _EmptyTheme()):
        budget = measure_rendering(channel, rendering)
        yield budget._replace(excess="") if isinstance(rendering, RenderingFailedError) else budget


class RenderingFailedError(DeliveryError):
    """A channel cannot render an issue because of a bug."""


def render_alone(
    issue: Issue, channels: Sequence[Channel], newsletter: Newsletter, templates: Templates
) -> Iterator[tuple[Channel, Rendering | PublisherError]]:
    """Render the issue for each channel, as far as the issue alone determines that."""
    date = issue.date or _FALLBACK_DATE
    document = make_publishable(issue)
    try:
        url = find_page_urls(newsletter, "", issue.id, date, issue.address).url
    except IssueError:  # reported by `publish`
        url = newsletter.base
    published = dt.datetime.combine(date, dt.time(), dt.UTC)
    title = build_display_title(document, newsletter)
    id_ = f"{newsletter.id}/{issue.id}"
    entry = Entry(id_, date, title, build_summary(document), url, published, published)
    document = make_urls_absolute(document, url)
    context = Context(newsletter, templates, entry)
    for channel in channels:
        try:
            yield channel, channel.render(document, context)
        except PublisherError as error:
            yield channel, error
        except Exception as error:  # a bug in one channel must not stop the others
            yield channel, RenderingFailedError(f"rendering failed: {type(error).__name__}: {error}")


def _format_usage(report: Mapping[str, Any], limits: Mapping[str, int]) -> str:
    match report:
        case {"characters": characters}:
            limit = f" of {limits['characters']:,}" if "characters" in limits else ""
            return f"{characters:,}{limit} characters"
        case {"messages": messages, "sizes": [*sizes]}:
            largest = max((size["units"] for size in sizes), default=0)
            return f"{messages} message{'s' if messages != 1 else ''} (largest: {largest:,} of 4,096)"
        case {"lines": lines}:
            return f"{lines:,} lines"
    return "ok"


def _describe_excess(report: Mapping[str, Any], limits: Mapping[str, int]) -> str:
    values = ((key, report.get(key), limit) for key, limit in limits.items())
    return ", ".join(
        f"{value:,} {key}, {value - limit:,} over the limit of {limit:,}"
        for key, value, limit in values
        if isinstance(value, int) and value > limit
    )


def check_budgets(budgets: Sequence[Budget], issue: IssueSummary) -> Iterator[Problem]:
    """Report exceeded limits of an issue, at the position of its title."""
    for budget in budgets:
        if budget.excess and "too-long" not in issue.ignored_codes:
            message = f"{budget.channel}: {budget.excess}, so it is left out there"
            yield Problem(issue.title_position, "too-long", message, "shorten the issue or remove an item")
