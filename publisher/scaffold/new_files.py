"""Writes the files of `init` and `new`, never over others."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from publisher.errors import ConfigError, StorageError
from publisher.files import write_if_changed
from publisher.project import CONFIG_FILE


def refuse_existing(folder: Path) -> None:
    """Raise ConfigError if the folder has a publisher.toml already."""
    if (path := folder / CONFIG_FILE).exists():
        raise _build_exists_error(path)


def create_files(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write all files, or none if one of them exists or cannot be written.

    Raises ConfigError for a file that exists, StorageError for one that cannot be written.
    """
    for path in texts:
        if path.exists():
            raise _build_exists_error(path)
    written: list[Path] = []
    try:
        for path, text in texts.items():
            write_if_changed(path, text.encode())
            written.append(path)
    except StorageError:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return tuple(texts)


def _build_exists_error(path: Path) -> ConfigError:
    return ConfigError(f"{path} already exists", "nothing was written; edit it or move it away")
