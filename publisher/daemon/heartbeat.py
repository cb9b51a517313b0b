"""Whether a daemon gets on with its work. It tells the ledger, which tells those who ask.

Between ticks that is seen from the ticks. Of a tick that takes long the ledger knows: whoever delivers has
promised it, with each window, another word before the longest delivery of a channel could have ended twice.
"""

from __future__ import annotations

import datetime as dt
from contextlib import closing

from publisher.calendar.calendar import looking
from publisher.clock import Clock
from publisher.config import Config
from publisher.ledger.meta import beat
from publisher.ledger.metrics import Figures, figures, promised
from publisher.run import Run
from publisher.theme import Theme

QUIET = dt.timedelta(minutes=10)
"""So long a tick may read, render and write files, with nothing on its way."""


class Vigil:
    """A daemon's life. `heartbeat` is when it last got on: a tick ended well, or is at work and moves; None
    before that. `figures` is what the ledger counted then, where somebody may ask for it: with
    `[serve] listen`."""

    def __init__(self) -> None:
        self.heartbeat: dt.datetime | None = None
        self.figures = Figures()
        self._clock: Clock | None = None
        self._moved = dt.datetime.min.replace(tzinfo=dt.UTC)

    def begin(self, run: Run) -> None:
        """A tick begins. Raises StorageError."""
        self._clock, self._moved = run.clock, run.clock.time()
        beat(run.ledger, run.config.publication.id, self._moved)

    def end(self, run: Run) -> None:
        """The tick ended well. Raises StorageError."""
        self._get_on(run, run.clock.time())

    def gets_on(self, config: Config, theme: Theme, now: dt.datetime) -> bool:
        """Whether the tick that is at work moves. Raises StorageError."""
        if self._clock is None:
            return True
        with closing(looking(config, theme, self._clock)) as run:
            # the time of the tick, by which its promises are: the clock may have been set since
            then, until = self._clock.time(), promised(run.ledger)
            if until:
                self._moved = min(then, until)
            moves = then <= (until or self._moved + QUIET)
            if moves:
                beat(run.ledger, run.config.publication.id, now)
                self._get_on(run, now)
        return moves

    def leave(self, config: Config, theme: Theme, now: dt.datetime) -> None:
        """The daemon leaves. Raises StorageError."""
        with closing(looking(config, theme, Clock.running(now))) as run:
            beat(run.ledger, run.config.publication.id, None)

    def _get_on(self, run: Run, now: dt.datetime) -> None:
        self.heartbeat = now
        if run.config.listen:
            live = [channel.name for channel in run.channels if run.is_live(channel)]
            self.figures = figures(run.ledger, run.config.publication.id, live)
