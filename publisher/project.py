"""Finds the folder of a newsletter: the one that contains publisher.toml."""

from __future__ import annotations

import os
from pathlib import Path

from publisher.errors import ConfigError

CONFIG_FILE = "publisher.toml"
DATES_FILE = "dates.toml"
"""The dates of issues that have none in their text or file name."""


class NoNewsletterError(ConfigError):
    """There is no newsletter here."""


def find_config(start: Path) -> Path:
    """Return the publisher.toml in `start` or the nearest folder above it.

    Raises NoNewsletterError when there is none, ConfigError when what has its name is no file.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (path := folder / CONFIG_FILE).is_file():
            return path
        if os.path.lexists(path):
            reason = "is a folder or a device" if path.exists() else "is a link to nothing"
            raise ConfigError(f"{path} {reason}, not a file", "move it away, then create it: publish init")
    raise NoNewsletterError(f"there is no {CONFIG_FILE} in {start} or above it", "create one: publish init")
