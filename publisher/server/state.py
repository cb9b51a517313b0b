"""The state of the daemon for monitoring: its health, and metrics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

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
    lines = [
        *_render_metric("build_info", "The running version.", [(_format_labels(version=__version__), 1)]),
        *_render_metric(
            "issues",
            "Issues by status.",
            [(_format_labels(state=status), count) for status, count in state.issues.items()],
        ),
        *_render_metric(
            "deliveries",
            "Deliveries in the ledger, by channel and state.",
            [
                (_format_labels(channel=channel, state=delivery_state), count)
                for (channel, delivery_state), count in state.deliveries.items()
            ],
        ),
        *_render_metric(
            "ledger_errors_total", "Errors of the ledger since the start.", [("", state.ledger_errors)], "counter"
        ),
        *_render_metric(
            "last_published_timestamp_seconds",
            "When an issue was last published, by channel.",
            [(_format_labels(channel=name), time) for name, time in state.last_published.items()],
        ),
        *_render_metric("heartbeat_timestamp_seconds", "When the daemon last made progress.", [("", state.heartbeat)]),
        *_render_metric("next_due_timestamp_seconds", "When the next issue is due.", [("", state.next_due)]),
    ]
    return "".join(f"{line}\n" for line in lines)


def _render_metric(
    name: str, help_text: str, samples: Iterable[tuple[str, int | dt.datetime | None]], metric_type: str = "gauge"
) -> Iterator[str]:
    yield f"# HELP publisher_{name} {help_text}"
    yield f"# TYPE publisher_{name} {metric_type}"
    for labels, value in samples:
        if value is not None:
            number = f"{value.timestamp():.3f}" if isinstance(value, dt.datetime) else value
            yield f"publisher_{name}{labels} {number}"


def _format_labels(**labels: str) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
