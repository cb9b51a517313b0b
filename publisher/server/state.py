"""The state of the daemon for monitoring: its health, and metrics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from publisher import __version__
from publisher.ledger.lane_metrics import LaneMetrics
from publisher.ledger.meta import HEARTBEAT_TIMEOUT


class DaemonState(Struct, frozen=True):
    """The state of the daemon at the time `now`. All times are aware.

    `heartbeat` is when it last made progress, None before the first time; it is healthy while that is at most
    `heartbeat_timeout` ago. `next_due` is when the next issue is due. `issues` counts issues by status (done,
    waiting, held and so on), `deliveries` by channel and state in the ledger; `last_published` is when an
    issue was last published, by channel; `lanes` are those of each channel. `ledger_errors` counts errors of the
    ledger since the start.
    """

    now: dt.datetime
    heartbeat: dt.datetime | None = None
    next_due: dt.datetime | None = None
    issues: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[tuple[str, str], int] = field(default_factory=dict)
    last_published: Mapping[str, dt.datetime] = field(default_factory=dict)
    lanes: Sequence[LaneMetrics] = ()
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
    issues = {_format_labels(state=name): count for name, count in state.issues.items()}
    deliveries = {
        _format_labels(channel=channel, state=name): count for (channel, name), count in state.deliveries.items()
    }
    published = {_format_labels(channel=name): time for name, time in state.last_published.items()}
    lanes = {_format_labels(channel=lane.channel, lane=lane.name): lane for lane in state.lanes}
    lane_deliveries = {
        _format_labels(channel=lane.channel, lane=lane.name, state=name): count
        for lane in state.lanes
        for name, count in lane.deliveries.items()
    }
    shards = {
        _format_labels(channel=lane.channel, lane=lane.name, state=name): count
        for lane in state.lanes
        for name, count in lane.shards.items()
    }
    metrics: tuple[tuple[str, str, Mapping[str, float | dt.datetime | None]], ...] = (
        ("build_info", "The running version.", {_format_labels(version=__version__): 1}),
        ("issues", "Issues by status.", issues),
        ("deliveries", "Deliveries in the ledger, by channel and state.", deliveries),
        ("lane_deliveries", "Deliveries by lane and state.", lane_deliveries),
        ("shards", "Shards by lane; something is left to do of open ones.", shards),
        (
            "lane_tokens",
            "How many deliveries a rate limit allowed at once when it was last asked.",
            {labels: lane.tokens for labels, lane in lanes.items()},
        ),
        (
            "lane_closed",
            "Whether deliveries wait because a provider refuses the sender.",
            {labels: int(lane.is_closed) for labels, lane in lanes.items()},
        ),
        ("ledger_errors_total", "Errors of the ledger since the start.", {"": state.ledger_errors}),
        ("last_published_timestamp_seconds", "When an issue was last published, by channel.", published),
        ("heartbeat_timestamp_seconds", "When the daemon last made progress.", {"": state.heartbeat}),
        ("next_due_timestamp_seconds", "When the next issue is due.", {"": state.next_due}),
    )
    lines = []
    for name, help_text, samples in metrics:
        metric_type = "counter" if name.endswith("_total") else "gauge"
        lines += [f"# HELP publisher_{name} {help_text}", f"# TYPE publisher_{name} {metric_type}"]
        for labels, value in samples.items():
            if value is not None:
                number = f"{value.timestamp():.3f}" if isinstance(value, dt.datetime) else value
                lines.append(f"publisher_{name}{labels} {number}")
    return "".join(f"{line}\n" for line in lines)


def _format_labels(**labels: str) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
