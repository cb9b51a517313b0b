"""Progress of long work: a bar on a terminal, one line elsewhere."""

from __future__ import annotations

import time
from contextlib import suppress

from publisher.cli.output import Output

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_BAR_STYLES = {"bar.complete": "green", "bar.finished": "green", "bar.back": "default", "progress.download": "default"}
"""Colours of the terminal, which can be read on dark and on light ones; those of rich are for dark ones."""


class ProgressBar:
    """Shows progress from `min_steps` steps on: a bar on a terminal, one line otherwise.

    The line is `label: TOTAL`, or `line` if that is given.
    """

    def __init__(self, output: Output, label: str, *, line: str = "", min_steps: int = 50) -> None:
        self._output = output
        self._label = label
        self._line = line
        self._min_steps = min_steps
        self._bar: Bar | None = None
        self._started = False
        self._last_drawn = 0.0

    def advance(self, done: int, total: int) -> None:
        if total < self._min_steps:
            return
        if not self._started:
            self._started = True
            self._start(total)
        now = time.monotonic()
        if self._bar and (now - self._last_drawn > 0.1 or done == total):
            self._last_drawn = now
            try:
                self._bar.update(self._bar.task_ids[0], completed=done, refresh=True)
            except OSError:  # the terminal is gone; the work goes on
                self._bar = None
        if done == total:  # the next output, such as a question, needs its own line
            self.close()

    def close(self) -> None:
        if self._bar:
            with suppress(OSError):
                self._bar.stop()
            self._bar = None

    def _start(self, total: int) -> None:
        terminal = self._output.message_terminal
        if terminal is None:
            self._output.info(self._line or f"{self._label}: {total}")
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn
        from rich.progress import Progress as Bar
        from rich.theme import Theme

        # no refresh thread: worker processes are forked while the bar is shown
        columns = ("{task.description}", BarColumn(), MofNCompleteColumn())
        console = Console(file=terminal, theme=Theme(_BAR_STYLES))
        self._bar = Bar(*columns, console=console, auto_refresh=False, transient=True)
        self._bar.add_task(self._label, total=total)
        try:
            self._bar.start()
        except OSError:
            self._bar = None
