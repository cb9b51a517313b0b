"""The files of this program, as keys of what is remembered: an upgrade repeats only the steps that it changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import publisher
from publisher import __version__, channels, templates
from publisher.blake2 import blake2b
from publisher.files import wrap_os_error

_RECORD = f"newsletter_publisher-{__version__}.dist-info/RECORD"

UNRELATED_ROOMS = (
    "bounces", "calendar", "cli", "daemon", "delivery", "ledger", "linkcheck", "pipeline", "preview", "reports",
    "scaffold", "server", "subscribers",
)  # fmt: skip
"""Rooms whose code neither reads nor renders an issue."""


@cache
def compute_program_key(channel: str = "") -> str:
    """Return a key that changes with the code that reads an issue and, if `channel` is given, that renders it for that
    channel. Templates are not code. Raises StorageError if the files cannot be listed."""
    # the rooms that do neither, and the version alone
    skipped = ("__init__.py", *[f"{room}/" for room in UNRELATED_ROOMS])
    own = (f"channels/{channel}/", f"channels/{channel}.py", "channels/__init__.py")
    return _hash_states(
        (path, state)
        for path, state in list_program_files()
        if path.endswith(".py")
        and not path.startswith(skipped)
        and (not path.startswith("channels/") or (channel and path.startswith(own)))
    )


@cache
def compute_installation_key() -> str:
    """Return a key that changes with any file of the program. Raises StorageError if they cannot be listed."""
    record = _read_record()
    return _hash_states(list_program_files()) if record is None else _compute_state_key(record)


@cache
def list_program_files() -> tuple[tuple[str, str], ...]:
    """Return the files, sorted by their paths below the package, each with what changes when the file does.

    That is the hash in the RECORD of a wheel, https://packaging.python.org/en/latest/specifications/recording-installed-packages/;
    in a checkout, where there is none, the size and the modification time.
    """
    record = _read_record()
    if record is None:
        return tuple(sorted(_scan_program(Path(publisher.__path__[0]))))
    lines = record.splitlines()
    rows = (line.removeprefix("publisher/").partition(",") for line in lines if line.startswith("publisher/"))
    return tuple(sorted((path, state) for path, _, state in rows if not path.endswith(".pyc")))


def _read_record() -> str | None:
    """Return the RECORD of the wheel that was installed; None in a checkout."""
    try:
        return Path(publisher.__path__[0], "..", _RECORD).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _scan_program(package: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of a checkout, where channels and templates need not lie in the package."""
    found = (("", package), ("channels/", Path(channels.__path__[0])), ("templates/", Path(templates.__path__[0])))
    try:
        for prefix, folder in found:
            if not prefix or not folder.is_relative_to(package):
                yield from _scan_code(str(folder), prefix)
    except OSError as error:
        raise wrap_os_error(f"cannot list {error.filename}", error) from error


def _scan_code(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__pycache__")):
                continue
            if entry.is_dir():
                yield from _scan_code(entry.path, f"{prefix}{entry.name}/")
            else:
                status = entry.stat()
                yield prefix + entry.name, f"{status.st_size},{status.st_mtime_ns}"


def _hash_states(states: Iterable[tuple[str, str]]) -> str:
    return _compute_state_key("\n".join([f"{path},{state}" for path, state in states]))


def _compute_state_key(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
