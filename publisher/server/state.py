"""What the daemon tells of itself: whether it lives, and numbers for those who watch it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from publisher import __version__
from publisher.ledger.meta import HEARTBEAT_TIMEOUT


@dataclass(frozen=True, slots=True)
class DaemonState:
    """The daemon at one moment, `now`. All times are aware.

    `heartbeat` is when it last got on with its work, None before the first time; it is well while that is no
    longer ago than `patience`. `next_due` is when an issue is to go out next. `issues` counts issues by what
    they are (done, waiting, held and the like), `deliveries` by channel and state of the ledger; `published`
    is when an issue was last out, by channel. `ledger_errors` is how often the ledger failed since the start.
    """

    now: dt.datetime
    heartbeat: dt.datetime | None = None
    next_due: dt.datetime | None = None
    issues: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[tuple[str, str], int] = field(default_factory=dict)
    last_published: Mapping[str, dt.datetime] = field(default_factory=dict)
    ledger_errors: int = 0
    heartbeat_timeout: dt.timedelta = HEARTBEAT_TIMEOUT

    @property
    def health(self) -> str:
        """ok, late, or starting while nothing was done yet."""
        if self.heartbeat is None:
            return "starting"
        return "ok" if self.now - self.heartbeat <= self.heartbeat_timeout else "late"


def build_health(state: DaemonState) -> dict[str, str | None]:
    """The body of /healthz, for JSON; times are ISO 8601."""
    return {
        "status": state.health,
        "version": __version__,
        "heartbeat": state.heartbeat.isoformat() if state.heartbeat else None,
        "next_due": state.next_due.isoformat() if state.next_due else None,
    }


METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render_metrics(state: DaemonState) -> str:
    """The body of /metrics. A moment that there is none of has no line.

    https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    """
    return "".join(f"{line}\n" for line in _render_metric_lines(state))


def _render_metric_lines(state: DaemonState) -> Iterator[str]:
    yield from _render_metric_header("build_info", "gauge", "The version that runs.")
    yield f"publisher_build_info{_format_labels(version=__version__)} 1"
    yield from _render_metric_header("issues", "gauge", "Issues by what they are.")
    for kind, count in state.issues.items():
        yield f"publisher_issues{_format_labels(state=kind)} {count}"
    yield from _render_metric_header("deliveries", "gauge", "Deliveries in the ledger, by channel and state.")
    for (channel, kind), count in state.deliveries.items():
        yield f"publisher_deliveries{_format_labels(channel=channel, state=kind)} {count}"
    yield from _render_metric_header(
        "ledger_errors_total", "counter", "How often the ledger failed since the start."
    )
    yield f"publisher_ledger_errors_total {state.ledger_errors}"
    yield from _render_metric_header(
        "last_published_timestamp_seconds", "gauge", "When an issue was last out, by channel."
    )
    for channel, moment in state.last_published.items():
        labels = _format_labels(channel=channel)
        yield f"publisher_last_published_timestamp_seconds{labels} {moment.timestamp():.3f}"
    moments = (
        ("heartbeat", state.heartbeat, "When the daemon last got on with its work."),
        ("next_due", state.next_due, "When an issue is to go out next."),
    )
    for name, when, what in moments:
        yield from _render_metric_header(f"{name}_timestamp_seconds", "gauge", what)
        if when:
            yield f"publisher_{name}_timestamp_seconds {when.timestamp():.3f}"


def _render_metric_header(name: str, kind: str, what: str) -> tuple[str, str]:
    return f"# HELP publisher_{name} {what}", f"# TYPE publisher_{name} {kind}"


def _format_labels(**labels: str) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
