"""What is asked of the pipeline, what it tells while it works, and what it gives back. All plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from publisher.archive.records import Record
from publisher.errors import PublisherError


class Request(NamedTuple):
    """What to publish: an issue by date, id or file ("" for the newest due), on the channels named (none:
    all that are on). `out` is the folder to write to instead of the project's own."""

    issue: str = ""
    channels: tuple[str, ...] = ()
    dry_run: bool = False
    out: Path | None = None


class Chosen(NamedTuple):
    """The issue that will be published; `newest` when it was not asked for by name."""

    issue: Record
    newest: bool


class Advanced(NamedTuple):
    """So many issues of `total` have been read or written; `stage` is "reading" or "writing"."""

    stage: str
    done: int
    total: int


class Warned(NamedTuple):
    """Something a person should know that stops nothing."""

    message: str


class ChannelOutcome(NamedTuple):
    """What became of one channel.

    `written` are the files that changed (in a dry run: would change), `unchanged` counts the others.
    `shown` are the files to name first, `issues` how many issues they cover. `gone` are files of issues
    that are no longer there: nothing leads to them, and they are left alone.
    """

    name: str
    written: tuple[str, ...] = ()
    unchanged: int = 0
    issues: int = 0
    shown: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    error: PublisherError | None = None


Event = Chosen | Advanced | Warned | ChannelOutcome
Report = Callable[[Event], None]


class Outcome(NamedTuple):
    """What became of a run. `issue` is None when none is due; then `until` is the date of the next."""

    issue: Record | None
    channels: Mapping[str, ChannelOutcome]
    warnings: tuple[str, ...] = ()
    until: str = ""

    @property
    def exit_code(self) -> int:
        """The exit code of the command: that of the first channel that failed, else 0."""
        return next((one.error.exit_code for one in self.channels.values() if one.error), 0)

    @property
    def nothing_to_do(self) -> bool:
        """True when everything was there already."""
        return not self.exit_code and not any(one.written for one in self.channels.values())
