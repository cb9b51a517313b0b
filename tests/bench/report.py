"""The rows of a measurement, and which of them missed their limit."""

from __future__ import annotations

from clock import Job

MISSES: list[str] = []


def table(measure: str, value: float, unit: str, limit: float) -> None:
    """Print a row of one value."""
    _print_row(measure, (value,), unit, limit, is_met=value <= limit)


def compare(measure: str, job: Job, rival: Job, unit: str, limit: float, *, only_wall: bool = False) -> None:
    """Print what a job costs in parts of its rival: processor time, then time by the clock. Both have the limit, or
    the latter alone."""
    values = job.cpu / rival.cpu, job.median / rival.median
    _print_row(measure, values, unit, limit, is_met=(values[1] if only_wall else max(values)) <= limit)


def _print_row(measure: str, values: tuple[float, ...], unit: str, limit: float, *, is_met: bool) -> None:
    if not is_met:
        MISSES.append(measure)
    numbers = "".join(f"{value:>9.2f}" for value in values).rjust(18)
    print(f"{measure:<58}{numbers} {unit:<3}{limit:>7.1f} {unit:<3}{'ok' if is_met else 'MISS':>6}", flush=True)
