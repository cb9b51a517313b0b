"""A run of the pipeline as people read it: the choice, the progress, one line per channel."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

from publisher.cli.output import Output
from publisher.events import (
    ChannelOutcome,
    IssueChosen,
    Outcome,
    Progress,
    Request,
    RunEvent,
    RunWarning,
    WouldWrite,
)

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_MIN_PROGRESS_STEPS = 50
"""So many issues take long enough to show that something is going on."""

_CHANNEL_WIDTH = 8
"""The longest name of a channel of ours."""

_MAX_LISTED = 20
"""The most files a dry run names."""


class RunConsole:
    """Tells the events of a run on an output."""

    def __init__(self, output: Output, request: Request) -> None:
        self._output = output
        self._request = request
        self._progress: RichProgress | None = None
        self._stage = ""
        self._last_drawn = self._channel_started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_progress()

    def print_event(self, event: RunEvent) -> None:
        """Print what there is to say of an event."""
        match event:
            case Progress():
                self._update_progress(event)
            case IssueChosen(issue, newest):
                self._end_progress()
                chosen = "newest due" if newest else issue.path
                dry = " · dry run: nothing is written" if self._request.dry_run else ""
                self._output.line(f"issue {issue.date} · {chosen}{dry}", "bold")
                if issue.problems:
                    self._output.warning(_format_problems(issue.path, issue.problems))
            case RunWarning(message):
                self._output.warning(message)
            case WouldWrite():
                pass  # the outcome names them
            case ChannelOutcome():
                self._end_progress()
                self._print_channel(event)
            case _:
                assert_never(event)

    def print_unchanged(self, outcome: Outcome) -> None:
        """Print what there is to say of a run that had nothing to do."""
        if outcome.issue:
            self.print_event(IssueChosen(outcome.issue, newest=True))
        for warning in outcome.warnings:
            self.print_event(RunWarning(warning))

    def print_summary(self, outcome: Outcome) -> None:
        """Print what the whole came to."""
        if outcome.issue is None:
            later = f"; the next is dated {outcome.next_date}" if outcome.next_date else ""
            self._output.line(f"nothing to do: no issue is due{later}")
            return
        if outcome.is_unchanged:
            self._output.line("nothing to do")
            return
        channels = outcome.channels.values()
        for one in channels:
            if not (one.has_changes or one.error):
                self._output.line(f"  {one.name.ljust(_CHANNEL_WIDTH)}  unchanged", "dim")
        if outcome.exit_code:
            done = sum(1 for one in channels if not one.error)
            self._output.line(f"{done} of {len(channels)} channels done · exit {outcome.exit_code}")

    def _print_channel(self, one: ChannelOutcome) -> None:
        name = one.name.ljust(_CHANNEL_WIDTH)
        took = f"{time.monotonic() - self._channel_started:.1f} s"
        self._channel_started = time.monotonic()
        if one.held_reason:
            self._output.warning(f"{one.name}: {one.held_reason}")
        if one.error:
            hint = f"\n  = fix: {one.error.hint}" if one.error.hint else ""
            self._output.line(f"✗ {name}  {one.error.message}{hint}", "red")
        elif one.sent or one.changed:
            facts = (one.destination, *self._format_deliveries(one), one.url)
            self._output.line(f"✓ {name}  {' · '.join(filter(None, facts))}  {one.duration:.1f} s", "green")
        elif one.written:
            verb = "would change" if self._request.dry_run else "written"
            counts = f"{_format_count(len(one.written), 'file')} {verb}, {one.unchanged} unchanged"
            facts = (_format_paths(reversed(one.main_files)), _format_count(one.issues, "issue"), counts)
            self._output.line(f"✓ {name}  {' · '.join(filter(None, facts))}  {took}", "green")
        if self._request.dry_run:
            for key in one.written[:_MAX_LISTED]:
                self._output.line(f"    {key}")
            if len(one.written) > _MAX_LISTED:
                self._output.line(f"    and {len(one.written) - _MAX_LISTED} more")
        for key in one.orphaned:
            self._output.info(f"note: {key} belongs to no issue any more; it is left where it is", "dim")

    def _format_deliveries(self, one: ChannelOutcome) -> Iterator[str]:
        """How many messages were sent and changed."""
        dry = self._request.dry_run
        if one.sent:
            yield f"would send {one.sent}" if dry else f"{one.sent} sent"
        if one.changed:
            yield f"would change {one.changed}" if dry else f"{one.changed} changed"

    # --------------------------------------------------------------- progress

    def _update_progress(self, event: Progress) -> None:
        if event.total < _MIN_PROGRESS_STEPS:
            return
        if event.stage != self._stage:
            self._stage = event.stage
            self._end_progress()
            if self._output.stderr.isatty():
                self._start_progress(event)
            else:
                self._output.info(f"{event.stage} {event.total} issues")
        now = time.monotonic()
        if self._progress and (now - self._last_drawn > 0.1 or event.done == event.total):
            self._last_drawn = now
            self._progress.update(self._progress.task_ids[0], completed=event.done, refresh=True)
        if event.done == event.total:  # whoever writes next, such as a question, has the line to itself
            self._end_progress()

    def _start_progress(self, event: Progress) -> None:
        from rich.console import Console
        from rich.progress import Progress as RichProgress

        # drawn when there is something new, not by a thread of its own: processes are forked meanwhile
        self._progress = RichProgress(
            console=Console(file=self._output.stderr), auto_refresh=False, transient=True
        )
        self._progress.add_task(f"{event.stage} issues", total=event.total)
        self._progress.start()

    def _end_progress(self) -> None:
        if self._progress:
            self._progress.stop()
            self._progress = None


def _format_paths(keys: Iterable[str]) -> str:
    """Paths in a row, each folder named once: public/feed.xml, atom.xml."""
    told, before = [], ""
    for key in keys:
        folder, slash, name = key.rpartition("/")
        told.append(name if slash and folder == before else key)
        before = folder
    return ", ".join(told)


def _format_count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _format_problems(path: str, problems: tuple[str, ...]) -> str:
    listed = ", ".join(problems[:3]) + (", …" if len(problems) > 3 else "")
    return f"{_format_count(len(problems), 'problem')} in {path}: {listed}"
