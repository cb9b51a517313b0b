"""The state of the daemon for monitoring: its health, and metrics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from publisher import __version__
from publisher.ledger.meta import HEARTBEAT_TIMEOUT


class DaemonState(Struct, frozen=True):
    """The state of the daemon at the time `now`. All times are aware.

    `heartbeat` is when it last made progress, None before the first time; it is healthy while that is at most
    `heartbeat_timeout` ago. `next_due` is when the next issue is due. `issues` counts issues by status (done,
    waiting, held and so on), `deliveries` by channel and state in the ledger; `last_published` is when an
    issue was last published, by channel. `ledger_errors` counts errors of the ledger since the start.
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
        """Return ok, late, or starting: before the first heartbeat."""
        if self.heartbeat is None:
            return "starting"
        return "ok" if self.now - self.heartbeat <= self.heartbeat_timeout else "late"


def build_health(state: DaemonState) -> dict[str, str | None]:
    """Return the body of /healthz, for JSON; times are in ISO 8601."""
    return {
        "status": state.health,
        "version": __version__,
        "heartbeat": state.heartbeat.isoformat() if state.heartbeat else None,
        "next_due": state.next_due.isoformat() if state.next_due else None,
    }


METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render_metrics(state: DaemonState) -> str:
    """Return the body of /metrics. A time that is None has no line.

    https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    """
    return "".join(f"{line}\n" for line in _render_metric_lines(state))


def _render_metric_lines(state: DaemonState) -> Iterator[str]:
    yield from _render_metric_header("build_info", "gauge", "The running version.")
    yield f"publisher_build_info{_format_labels(version=__version__)} 1"
    yield from _render_metric_header("issues", "gauge", "Issues by status.")
    for status, count in state.issues.items():
        yield f"publisher_issues{_format_labels(state=status)} {count}"
    yield from _render_metric_header("deliveries", "gauge", "Deliveries in the ledger, by channel and state.")
    for (channel, delivery_state), count in state.deliveries.items():
        yield f"publisher_deliveries{_format_labels(channel=channel, state=delivery_state)} {count}"
    yield from _render_metric_header(
        "ledger_errors_total", "counter", "Errors of the ledger since the start."
    )
    yield f"publisher_ledger_errors_total {state.ledger_errors}"
    yield from _render_metric_header(
        "last_published_timestamp_seconds", "gauge", "When an issue was last published, by channel."
    )
    for channel, time in state.last_published.items():
        labels = _format_labels(channel=channel)
        yield f"publisher_last_published_timestamp_seconds{labels} {time.timestamp():.3f}"
    times = (
        ("heartbeat", state.heartbeat, "When the daemon last made progress."),
        ("next_due", state.next_due, "When the next issue is due."),
    )
    for name, moment, help_text in times:
        yield from _render_metric_header(f"{name}_timestamp_seconds", "gauge", help_text)
        if moment:
            yield f"publisher_{name}_timestamp_seconds {moment.timestamp():.3f}"


def _render_metric_header(name: str, metric_type: str, help_text: str) -> tuple[str, str]:
    return f"# HELP publisher_{name} {help_text}", f"# TYPE publisher_{name} {metric_type}"


def _format_labels(**labels: str) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
