"""The one loop over issues and channels: plan, render, deliver. The only place that acts."""

from publisher.pipeline.events import (
    Advanced,
    ChannelOutcome,
    Chosen,
    Event,
    Outcome,
    Report,
    Request,
    Warned,
)
from publisher.pipeline.publishing import publish

__all__ = [
    "Advanced",
    "ChannelOutcome",
    "Chosen",
    "Event",
    "Outcome",
    "Report",
    "Request",
    "Warned",
    "publish",
]
