"""The rows of what was measured, and which of them missed their limit."""

from __future__ import annotations

MISSES: list[str] = []


def at_most(measure: str, value: float, limit: float, unit: str = "") -> None:
    """Print a row with a value that must not be above its limit."""
    _print_row(measure, value, f"≤ {limit:,g}", unit, is_met=value <= limit)


def at_least(measure: str, value: float, limit: float, unit: str = "") -> None:
    """Print a row with a value that must not be below its limit."""
    _print_row(measure, value, f"≥ {limit:,g}", unit, is_met=value >= limit)


def note(measure: str, value: float, unit: str = "") -> None:
    """Print a row with a value that depends on the machine, and has no limit."""
    print(f"{measure:<74}{value:>12,.6g} {unit}", flush=True)


def print_head() -> None:
    """Print the first row."""
    print(f"{'':<74}{'measured':>12} {'':<4}{'limit':>10}", flush=True)


def miss(measure: str, reason: str) -> None:
    """Print a row for what could not be measured."""
    MISSES.append(measure)
    print(f"{measure}: {reason}  MISS", flush=True)


def _print_row(measure: str, value: float, limit: str, unit: str, *, is_met: bool) -> None:
    if not is_met:
        MISSES.append(measure)
    print(f"{measure:<74}{value:>12,.6g} {unit:<4}{limit:>10} {unit:<4}{'ok' if is_met else 'MISS':>6}", flush=True)
