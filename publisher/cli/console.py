"""A run of the pipeline as people read it: the choice, the progress, one line per channel."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

from publisher.cli.output import Output
from publisher.events import (
    Advanced,
    ChannelOutcome,
    Chosen,
    Event,
    Foreseen,
    Outcome,
    Request,
    Warned,
)

if TYPE_CHECKING:
    from rich.progress import Progress

_MANY = 50
"""So many issues take long enough to show that something is going on."""

_WIDTH = 8
"""The longest name of a channel of ours."""

_LISTED = 20
"""The most files a dry run names."""


class Story:
    """Tells the events of a run on an output."""

    def __init__(self, output: Output, request: Request) -> None:
        self._output = output
        self._request = request
        self._progress: Progress | None = None
        self._stage = ""
        self._shown = self._begun = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_progress()

    def tell(self, event: Event) -> None:
        """Print what there is to say of an event."""
        match event:
            case Advanced():
                self._advance(event)
            case Chosen(issue, newest):
                self._end_progress()
                chosen = "newest due" if newest else issue.path
                dry = " · dry run: nothing is written" if self._request.dry_run else ""
                self._output.line(f"issue {issue.date} · {chosen}{dry}", "bold")
                if issue.problems:
                    self._output.warn(_problems(issue.path, issue.problems))
            case Warned(message):
                self._output.warn(message)
            case Foreseen():
                pass  # the outcome names them
            case ChannelOutcome():
                self._end_progress()
                self._channel(event)
            case _:
                assert_never(event)

    def tell_at_once(self, outcome: Outcome) -> None:
        """Print what there is to say of a run that had nothing to do."""
        if outcome.issue:
            self.tell(Chosen(outcome.issue, newest=True))
        for warning in outcome.warnings:
            self.tell(Warned(warning))

    def end(self, outcome: Outcome) -> None:
        """Print what the whole came to."""
        if outcome.issue is None:
            later = f"; the next is dated {outcome.until}" if outcome.until else ""
            self._output.line(f"nothing to do: no issue is due{later}")
            return
        if outcome.nothing_to_do:
            self._output.line("nothing to do")
            return
        channels = outcome.channels.values()
        for one in channels:
            if not (one.did_something or one.error):
                self._output.line(f"  {one.name.ljust(_WIDTH)}  unchanged", "dim")
        if outcome.exit_code:
            done = sum(1 for one in channels if not one.error)
            self._output.line(f"{done} of {len(channels)} channels done · exit {outcome.exit_code}")

    def _channel(self, one: ChannelOutcome) -> None:
        name = one.name.ljust(_WIDTH)
        took = f"{time.monotonic() - self._begun:.1f} s"
        self._begun = time.monotonic()
        if one.held:
            self._output.warn(f"{one.name}: {one.held}")
        if one.error:
            hint = f"\n  = fix: {one.error.hint}" if one.error.hint else ""
            self._output.line(f"✗ {name}  {one.error.message}{hint}", "red")
        elif one.sent or one.changed:
            facts = (one.destination, *self._deliveries(one), one.url)
            self._output.line(f"✓ {name}  {' · '.join(filter(None, facts))}  {one.took:.1f} s", "green")
        elif one.written:
            verb = "would change" if self._request.dry_run else "written"
            counts = f"{_count(len(one.written), 'file')} {verb}, {one.unchanged} unchanged"
            facts = (_paths(reversed(one.shown)), _count(one.issues, "issue"), counts)
            self._output.line(f"✓ {name}  {' · '.join(filter(None, facts))}  {took}", "green")
        if self._request.dry_run:
            for key in one.written[:_LISTED]:
                self._output.line(f"    {key}")
            if len(one.written) > _LISTED:
                self._output.line(f"    and {len(one.written) - _LISTED} more")
        for key in one.gone:
            self._output.talk(f"note: {key} belongs to no issue any more; it is left where it is", "dim")

    def _deliveries(self, one: ChannelOutcome) -> Iterator[str]:
        """How many messages were sent and changed."""
        dry = self._request.dry_run
        if one.sent:
            yield f"would send {one.sent}" if dry else f"{one.sent} sent"
        if one.changed:
            yield f"would change {one.changed}" if dry else f"{one.changed} changed"

    # --------------------------------------------------------------- progress

    def _advance(self, event: Advanced) -> None:
        if event.total < _MANY:
            return
        if event.stage != self._stage:
            self._stage = event.stage
            self._end_progress()
            if self._output.stderr.isatty():
                self._start_progress(event)
            else:
                self._output.talk(f"{event.stage} {event.total} issues")
        now = time.monotonic()
        if self._progress and (now - self._shown > 0.1 or event.done == event.total):
            self._shown = now
            self._progress.update(self._progress.task_ids[0], completed=event.done, refresh=True)
        if event.done == event.total:  # whoever writes next, such as a question, has the line to itself
            self._end_progress()

    def _start_progress(self, event: Advanced) -> None:
        from rich.console import Console
        from rich.progress import Progress

        # drawn when there is something new, not by a thread of its own: processes are forked meanwhile
        self._progress = Progress(
            console=Console(file=self._output.stderr), auto_refresh=False, transient=True
        )
        self._progress.add_task(f"{event.stage} issues", total=event.total)
        self._progress.start()

    def _end_progress(self) -> None:
        if self._progress:
            self._progress.stop()
            self._progress = None


def _paths(keys: Iterable[str]) -> str:
    """Paths in a row, each folder named once: public/feed.xml, atom.xml."""
    told, before = [], ""
    for key in keys:
        folder, slash, name = key.rpartition("/")
        told.append(name if slash and folder == before else key)
        before = folder
    return ", ".join(told)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _problems(path: str, problems: tuple[str, ...]) -> str:
    listed = ", ".join(problems[:3]) + (", …" if len(problems) > 3 else "")
    return f"{_count(len(problems), 'problem')} in {path}: {listed}"
