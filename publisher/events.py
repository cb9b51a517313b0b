"""What is asked of the pipeline, what it tells while it works, and what it gives back. All plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from publisher.archive.records import Record
from publisher.errors import PublisherError

if TYPE_CHECKING:
    from publisher.channel import Part


class PendingSend(NamedTuple):
    """What is about to leave for a destination: deliveries that nobody can take back, and changes to what is
    there. The issue was to appear so many whole days ago, if that is `late`."""

    channel: str
    destination: str
    new: int
    changed: int = 0
    removed: int = 0
    days_late: int = 0


def _confirm_by_default(leaving: Sequence[PendingSend]) -> bool:
    return bool(leaving)


class Request(NamedTuple):
    """What to publish: an issue by date, id or file ("" for the newest due), on the channels named (none:
    all that are on). `out` is the folder to write to instead of the project's own; then nothing is sent.

    With `correct` an issue that is out may get more or fewer messages. `patience` is for how many seconds a
    channel may wait for a platform that wants to be left alone. With `retry` only what failed or was put off
    is sent, now. With `force` an issue goes out whatever errors it has, and the ledger is told; `unchecked`
    is for one of long ago, which nobody looks at for errors any more. `not_yet` are the files of issues whose
    time has not come: the archive goes without them; None when that is to be found out. Without `announce`
    nobody is told that feeds changed. `approve` is asked once before anything leaves that cannot be taken
    back, or is corrected; it may raise instead of saying no.
    """

    issue: str = ""
    channels: tuple[str, ...] = ()
    dry_run: bool = False
    out: Path | None = None
    correct: bool = False
    retry: bool = False
    force: bool = False
    skip_checks: bool = False
    max_wait: float = 60.0
    confirm: Callable[[Sequence[PendingSend]], bool] = _confirm_by_default
    held_back: frozenset[str] | None = None
    send_pings: bool = True


class IssueChosen(NamedTuple):
    """The issue that will be published; `newest` when it was not asked for by name."""

    issue: Record
    newest: bool


class Progress(NamedTuple):
    """So many issues of `total` have been read or written; `stage` is "reading" or "writing"."""

    stage: str
    done: int
    total: int


class RunWarning(NamedTuple):
    """Something a person should know that stops nothing."""

    message: str


class WouldWrite(NamedTuple):
    """A file that a dry run would write, as it would be."""

    channel: str
    part: Part


class ChannelOutcome(NamedTuple):
    """What became of one channel.

    `written` are the files that changed (in a dry run: would change), `unchanged` counts the others.
    `shown` are the files to name first, `issues` how many issues they cover. `gone` are files of issues
    that are no longer there: nothing leads to them, and they are left alone.

    A live channel has a `destination` instead, and counts of what was `sent` and `changed` there (in a dry
    run: would be). `held` says why what is there is not what the issue says now. It `took` so many seconds.
    """

    name: str
    written: tuple[str, ...] = ()
    unchanged: int = 0
    issues: int = 0
    main_files: tuple[str, ...] = ()
    orphaned: tuple[str, ...] = ()
    error: PublisherError | None = None
    destination: str = ""
    sent: int = 0
    changed: int = 0
    url: str = ""
    held_reason: str = ""
    duration: float = 0.0

    @property
    def has_changes(self) -> bool:
        """Whether anything is not as it was."""
        return bool(self.written or self.sent or self.changed)

    def with_notice(self, notice: ChannelOutcome) -> ChannelOutcome:
        """What became of the channel, together with a notice that went out after the issue."""
        return self._replace(
            destination=self.destination or notice.destination,
            sent=self.sent + notice.sent,
            error=self.error or notice.error,
            duration=self.duration + notice.duration,
        )


RunEvent = IssueChosen | Progress | RunWarning | WouldWrite | ChannelOutcome
EventHandler = Callable[[RunEvent], None]


class Outcome(NamedTuple):
    """What became of a run. `issue` is None when none is due; then `until` is the date of the next."""

    issue: Record | None
    channels: Mapping[str, ChannelOutcome]
    warnings: tuple[str, ...] = ()
    next_date: str = ""

    @property
    def exit_code(self) -> int:
        """The exit code of the command: that of the first channel that failed, else 0."""
        return next((one.error.exit_code for one in self.channels.values() if one.error), 0)

    @property
    def is_unchanged(self) -> bool:
        """True when everything was there already."""
        return not self.exit_code and not any(one.has_changes for one in self.channels.values())
