"""Prints a run of the pipeline for people: the chosen issue, progress, and one line per channel."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import assert_never

from publisher.cli.output import Output, plural
from publisher.cli.progress import ProgressBar
from publisher.events import ChannelOutcome, IssueChosen, Outcome, Progress, Request, RunEvent, RunWarning, WouldWrite

_CHANNEL_WIDTH = 8
"""The length of the longest name of a built-in channel."""

_MAX_LISTED = 20
"""A dry run lists at most this number of files."""


class RunConsole:
    """Prints the events of a run."""

    def __init__(self, output: Output, request: Request) -> None:
        self._output = output
        self._request = request
        self._stage = ""
        self._progress = ProgressBar(output, "")
        self._channel_started = time.monotonic()

    def close(self) -> None:
        self._progress.close()

    def print_event(self, event: RunEvent) -> None:
        match event:
            case Progress():
                self._update_progress(event)
            case IssueChosen(issue, newest):
                self._progress.close()
                chosen = "latest due" if newest else issue.path
                suffix = " · dry run: nothing is written" if self._request.dry_run else ""
                self._output.line(f"issue {issue.date} · {chosen}{suffix}", "bold")
                if issue.problems:
                    self._output.warning(_format_problems(issue.path, issue.problems))
            case RunWarning(message):
                self._output.warning(message)
            case WouldWrite():
                pass  # the outcome names them
            case ChannelOutcome():
                self._progress.close()
                self._print_channel(event)
            case _:
                assert_never(event)

    def print_summary(self, outcome: Outcome) -> None:
        if outcome.issue is None:
            next_issue = f"; the next is dated {outcome.next_date}" if outcome.next_date else ""
            self._output.line(f"nothing to do: no issue is due{next_issue}")
            return
        channels = outcome.channels.values()
        if outcome.is_unchanged:
            self._output.line("nothing to do")
        for channel in channels:
            if not (channel.has_changes or channel.error) and (channel.note or not outcome.is_unchanged):
                self._output.line(f"  {channel.name.ljust(_CHANNEL_WIDTH)}  {channel.note or 'unchanged'}", "dim")
        if outcome.exit_code:
            done = sum(1 for channel in channels if not channel.error)
            self._output.line(f"{done} of {len(channels)} channels done · exit {outcome.exit_code}")

    def _print_channel(self, channel: ChannelOutcome) -> None:
        name, dry_run = channel.name.ljust(_CHANNEL_WIDTH), self._request.dry_run
        duration = f"{time.monotonic() - self._channel_started:.1f} s"
        self._channel_started = time.monotonic()
        if channel.held_reason:
            self._output.warning(f"{channel.name}: {channel.held_reason}")
        if channel.error:
            hint = f"\n  = fix: {channel.error.hint}" if channel.error.hint else ""
            self._output.line(f"✗ {name}  {channel.error.message}{hint}", "red")
        elif channel.sent or channel.changed or channel.unlisted:
            sent, changed = ("would send {}", "would change {}") if dry_run else ("{} sent", "{} changed")
            people = (
                sent.format(channel.sent) if channel.sent or channel.unlisted else "",
                f"{channel.unlisted} left the list" if channel.unlisted else "",
            )
            facts = (
                channel.destination,
                ", ".join(filter(None, people)),
                changed.format(channel.changed) if channel.changed else "",
                channel.url,
            )
            self._output.line(f"✓ {name}  {' · '.join(filter(None, facts))}  {channel.duration:.1f} s", "green")
        elif channel.written:
            verb = "would change" if dry_run else "written"
            counts = f"{_format_count(len(channel.written), 'file')} {verb}, {channel.unchanged} unchanged"
            issues = _format_count(channel.issues, "issue")
            files = _format_paths(reversed(channel.main_files))
            summary = " · ".join(filter(None, (files, issues, counts, channel.note)))
            self._output.line(f"✓ {name}  {summary}  {duration}", "green")
        if dry_run:
            for key in channel.written[:_MAX_LISTED]:
                self._output.line(f"    {key}")
            if len(channel.written) > _MAX_LISTED:
                self._output.line(f"    and {len(channel.written) - _MAX_LISTED} more")
        for key in channel.orphaned:
            self._output.info(f"note: {key} no longer belongs to an issue; it is not deleted", "dim")

    def _update_progress(self, event: Progress) -> None:
        if event.stage != self._stage:
            self._progress.close()
            self._stage, line = event.stage, f"{event.stage} {event.total} issues"
            self._progress = ProgressBar(self._output, f"{event.stage} issues", line=line)
        self._progress.advance(event.done, event.total)


def _format_paths(keys: Iterable[str]) -> str:
    """Join paths, each folder named once: public/feed.xml, atom.xml."""
    parts, previous_folder = [], ""
    for key in keys:
        folder, slash, name = key.rpartition("/")
        parts.append(name if slash and folder == previous_folder else key)
        previous_folder = folder
    return ", ".join(parts)


def _format_count(number: int, noun: str) -> str:
    return f"{number:,} {plural(number, noun)}"


def _format_problems(path: str, problems: tuple[str, ...]) -> str:
    listed = ", ".join(problems[:3]) + (", …" if len(problems) > 3 else "")
    return f"{_format_count(len(problems), 'problem')} in {path}: {listed}"
