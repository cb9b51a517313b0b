"""Finds the folder of a newsletter: the one that contains publisher.toml."""

from __future__ import annotations

from pathlib import Path

from publisher.errors import ConfigError

CONFIG_FILE = "publisher.toml"
DATES_FILE = "dates.toml"
"""The dates of issues that have none in their text or file name."""


def find_config(start: Path) -> Path:
    """Return the publisher.toml in `start` or the nearest folder above it.

    Raises ConfigError when there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (path := folder / CONFIG_FILE).is_file():
            return path
    raise ConfigError(f"there is no {CONFIG_FILE} in {start} or above it", "create one: publish init")
