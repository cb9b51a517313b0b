"""What every error of a delivery says about the next try."""

from __future__ import annotations

import math

import pytest

from publisher.errors import DeliveryError


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        *((None, None), (30, 30.0), (1.5, 1.5), (86400, 86400.0)),
        *((0, 1.0), (0.001, 1.0), (-5, 1.0), (-math.inf, 1.0), (math.nan, 1.0)),
        *((604801, 604800.0), (10**15, 604800.0), (math.inf, 604800.0)),
    ],
)
def test_a_retry_waits_for_a_second_to_a_week(asked: float | None, wait: float | None) -> None:
    """Whatever a server says: no time at all would be an endless loop, and the year 10000 is no time."""
    assert DeliveryError("too fast", retry_after=asked).retry_after == wait
