"""Prints a run of the pipeline for people: the chosen issue, progress, and one line per channel."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from publisher.cli.outcome_text import (
    explain_unchanged,
    format_changes,
    format_next_step,
    format_paths,
    group_by_sentence,
    group_warnings,
    is_about_channel,
)
from publisher.cli.output import Output, plural
from publisher.cli.progress import ProgressBar
from publisher.events import ChannelOutcome, IssueChosen, Outcome, Progress, Request, RunEvent, RunWarning, WouldWrite

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from typing import assert_never

_CHANNEL_WIDTH = 8
"""The length of the longest name of a built-in channel."""


class RunConsole:
    """Prints the events of a run. What is true of several channels is said once, at the end."""

    def __init__(self, output: Output, request: Request) -> None:
        self._output = output
        self._request = request
        self._stage = ""
        self._progress = ProgressBar(output, "")
        self._channel_started = time.monotonic()
        self._warnings: list[str] = []
        self._errors: list[tuple[str, str]] = []

    def close(self) -> None:
        """End the progress bar, and print what was kept to be grouped."""
        self._progress.close()
        for warning in group_warnings(self._warnings):
            self._output.warning(warning)
        for channels, error in group_by_sentence(self._errors):
            self._output.line(f"✗ {channels.ljust(_CHANNEL_WIDTH)}  {error}", "red")
        self._warnings.clear()
        self._errors.clear()

    def print_event(self, event: RunEvent) -> None:
        match event:
            case Progress():
                self._update_progress(event)
            case IssueChosen(issue, newest):
                self._progress.close()
                facts = ("latest due" if newest else issue.path, "dry run: nothing is published or sent")
                heading = " · ".join(facts if self._request.dry_run else facts[:1])
                self._output.line(f"issue {issue.date} · {heading}", "bold")
                if issue.problems:
                    self._output.warning(_format_problems(issue.path, issue.problems))
            case RunWarning(message) if is_about_channel(message):
                self._warnings.append(message)
            case RunWarning(message):
                self._output.warning(message)
            case WouldWrite():
                pass  # the outcome names them
            case ChannelOutcome():
                self._progress.close()
                self._print_channel(event)
            case _:
                assert_never(event)  # for type checkers alone

    def print_summary(self, outcome: Outcome) -> None:
        """Print what was left to say: what failed, what is unchanged, and what comes next."""
        self.close()
        if outcome.issue is None:
            self._output.line(f"nothing to do: {outcome.none_due}")
            return
        if outcome.error is None:
            self._print_unchanged(outcome)
        if outcome.refusal:
            refusal = outcome.refusal
            self._output.warning(f"publish would not publish it: {refusal.message} · {refusal.hint}")
        if outcome.exit_code and outcome.channels:
            done = sum(1 for channel in outcome.channels.values() if not channel.error)
            self._output.line(f"{done} of {len(outcome.channels)} channels done · exit {outcome.exit_code}")
        self._output.next_step(format_next_step(outcome, self._request))

    def _print_unchanged(self, outcome: Outcome) -> None:
        idle = [channel for channel in outcome.channels.values() if not (channel.has_changes or channel.error)]
        if outcome.is_unchanged:
            self._output.line(explain_unchanged(outcome, self._request))
            idle = [channel for channel in idle if channel.note]
        sentences = ((channel.name, channel.note or "unchanged") for channel in idle)
        for channels, text in group_by_sentence(sentences):
            self._output.line(f"  {channels.ljust(_CHANNEL_WIDTH)}  {text}")

    def _print_channel(self, channel: ChannelOutcome) -> None:
        name = channel.name.ljust(_CHANNEL_WIDTH)
        duration = f"{time.monotonic() - self._channel_started:.1f} s"
        self._channel_started = time.monotonic()
        if channel.held_reason:
            self._warnings.append(f"{channel.name}: {channel.held_reason}")
        if channel.error:
            hint = f"\n  = fix: {channel.error.hint}" if channel.error.hint else ""
            self._errors.append((channel.name, f"{channel.error.message}{hint}"))
        elif channel.queued:
            messages = _format_count(channel.queued, "message")
            are = "is" if channel.queued == 1 else "are"
            self._output.line(f"✓ {name}  {messages} {are} with the workers: publish status", "green")
        elif self._request.dry_run:
            if channel.has_changes:
                facts = filter(None, (format_changes(channel), channel.note, channel.url))
                self._output.line(f"✓ {name}  {' · '.join(facts)}", "green")
        elif channel.sent or channel.changed or channel.unlisted or channel.refused:
            unsent = channel.unlisted or channel.refused
            people = (
                f"{channel.sent} sent" if channel.sent or unsent else "",
                f"{channel.unlisted} left the list" if channel.unlisted else "",
                f"{channel.refused} refused by their servers" if channel.refused else "",
            )
            facts = filter(
                None,
                (
                    channel.destination,
                    ", ".join(filter(None, people)),
                    f"{channel.changed} changed" if channel.changed else "",
                    channel.url,
                ),
            )
            self._output.line(f"✓ {name}  {' · '.join(facts)}  {channel.duration:.1f} s", "green")
        elif channel.written:
            counts = f"{_format_count(len(channel.written), 'file')} written, {channel.unchanged} unchanged"
            issues = _format_count(channel.issues, "issue")
            files = format_paths(_order_files(channel.main_files))
            summary = " · ".join(filter(None, (files, issues, counts, channel.note)))
            self._output.line(f"✓ {name}  {summary}  {duration}", "green")
        for key in channel.orphaned:
            self._output.info(f"note: {key} no longer belongs to an issue; it is not deleted")

    def _update_progress(self, event: Progress) -> None:
        if event.stage != self._stage:
            self._progress.close()
            self._stage, line = event.stage, f"{event.stage} {event.total} issues"
            self._progress = ProgressBar(self._output, f"{event.stage} issues", line=line)
        self._progress.advance(event.done, event.total)


def _format_count(number: int, noun: str) -> str:
    return f"{number:,} {plural(number, noun)}"


def _format_problems(path: str, problems: tuple[str, ...]) -> str:
    listed = ", ".join(problems[:3]) + (", …" if len(problems) > 3 else "")
    return f"{_format_count(len(problems), 'problem')} in {path}: {listed}"


def _order_files(keys: Sequence[str]) -> list[str]:
    """Return the files in the order of interest: what is to be opened is rendered last; then messages by number."""
    files = list(keys)
    files.reverse()
    files.sort(key=lambda key: [int(number) for number in re.findall(r"-(\d+)\.", key)])
    return files
