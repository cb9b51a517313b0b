"""What an issue takes of the room each channel has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from publisher.channel import Channel, Context, Entry
from publisher.checks.codes import Problem
from publisher.errors import PublisherError
from publisher.model import Issue, Pos
from publisher.newsletter import Newsletter
from publisher.transforms import build_display_title, build_summary, make_publishable, make_urls_absolute

# an issue that has no date yet is measured all the same
_FALLBACK_DATE = dt.date(2000, 1, 1)


class Budget(NamedTuple):
    """What a channel would make of an issue: `text` for people, `report` the channel's own numbers; `excess`
    says what is too much."""

    channel: str
    text: str
    report: Mapping[str, Any]
    excess: str = ""


class _EmptyTheme:
    """A theme that leaves all pages empty: only what is sent is measured."""

    fingerprint = ""

    def render(self, name: str, **values: object) -> str:  # noqa: ARG002 - the protocol's
        return ""

    def text(self, name: str) -> str:  # noqa: ARG002 - the protocol's
        return ""


def measure_budgets(issue: Issue, channels: Sequence[Channel], newsletter: Newsletter) -> Iterator[Budget]:
    """What each channel would make of an issue, as far as it tells."""
    date = issue.date or _FALLBACK_DATE
    document = make_publishable(issue)
    url = newsletter.issue_url(issue.id, date)
    moment = dt.datetime.combine(date, dt.time(), dt.UTC)
    title = build_display_title(document, newsletter)
    entry = Entry(issue.id, date, title, build_summary(document), url, moment, moment)
    document = make_urls_absolute(document, url)
    context = Context(newsletter, _EmptyTheme(), entry)
    for channel in channels:
        try:
            report = channel.render(document, context).report
        except PublisherError as error:
            yield Budget(channel.name, error.message, {}, error.message)
        except Exception as error:  # a channel's mistake must not stop the others
            yield Budget(channel.name, f"cannot be measured: {type(error).__name__}: {error}", {})
        else:
            limits: Mapping[str, int] = getattr(channel, "limits", {})
            yield Budget(channel.name, _format_usage(report), report, _describe_excess(report, limits))


def _format_usage(report: Mapping[str, Any]) -> str:
    match report:
        case {"characters": characters}:
            return f"{characters:,} of 20,000 characters"
        case {"messages": messages, "sizes": [*sizes]}:
            largest = max((size["units"] for size in sizes), default=0)
            return f"{messages} message{'s' if messages != 1 else ''} (at most {largest:,} of 4,096)"
        case {"lines": lines}:
            return f"{lines:,} lines"
    return "ok"


def _describe_excess(report: Mapping[str, Any], limits: Mapping[str, int]) -> str:
    over = ((key, report.get(key), limit) for key, limit in limits.items())
    return ", ".join(
        f"{value - limit:,} {key} too many of {limit:,}"
        for key, value, limit in over
        if isinstance(value, int) and value > limit
    )


def check_budgets(found: Sequence[Budget], top: Pos) -> Iterator[Problem]:
    """What no channel can carry."""
    for budget in found:
        if budget.excess:
            message = f"{budget.channel}: {budget.excess}"
            yield Problem(top, "too-long", message, "shorten it, or take an item out")
