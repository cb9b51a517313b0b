"""Whether everything is set up to publish: found out by calls that change nothing."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import time
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from publisher import __version__
from publisher.channel import Finding, Level, LiveChannel
from publisher.credentials import redact
from publisher.errors import PublisherError
from publisher.ledger import State
from publisher.ledger.meta import Watch, watch
from publisher.ledger.queries import issues_with, latest
from publisher.run import Run

PATIENCE = 30.0
"""How long all may take together, in seconds."""

_BETWEEN_MACHINES = dt.timedelta(minutes=1)
"""By how much the clocks of two machines with one ledger may differ."""

_MENDED_BY = {"fsync": "switch it on in the server's settings", "its mode": "chmod 600 the file"}


class Examined(NamedTuple):
    """A subject, such as a channel, and what was found out about it."""

    subject: str
    findings: Sequence[Finding]


def examine(run: Run, patience: float = PATIENCE) -> Iterator[Examined]:
    """What there is to know of each subject, all asked at once. What goes wrong is found, not raised."""
    questions = {
        "programs": _programs,
        "clock": partial(_clock, run),
        "folders": partial(_folders, run),
        "ledger": partial(_ledger, run),
        "daemon": partial(_daemon, run),
    }
    for channel in run.channels:
        if isinstance(channel, LiveChannel):
            questions[channel.name] = partial(_channel, channel)
    answers: SimpleQueue[Examined] = SimpleQueue()
    for subject, question in questions.items():
        # whoever never answers must not keep the program from ending
        Thread(
            target=lambda *asked: answers.put(_answer(*asked)), args=(subject, question), daemon=True
        ).start()
    answered: dict[str, Examined] = {}
    end = time.monotonic() + patience
    while len(answered) < len(questions):
        try:
            one = answers.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            break
        answered[one.subject] = one
    silence = Finding(Level.BAD, f"no answer within {patience:g} seconds", "look at the connection")
    for subject in questions:
        yield answered.get(subject, Examined(subject, [silence]))


def _answer(subject: str, question: Callable[[], Iterator[Finding]]) -> Examined:
    found: list[Finding] = []
    try:
        found += question()
    except PublisherError as error:
        found.append(Finding(Level.BAD, error.message, error.hint))
    except Exception as error:  # a mistake in one examination must not stop the others
        found.append(Finding(Level.BAD, redact(f"{type(error).__name__}: {error}"), "publish doctor --debug"))
    return Examined(subject, found)


def _channel(channel: LiveChannel) -> Iterator[Finding]:
    if channel.destination:
        yield from channel.examine()
    else:
        yield Finding(Level.GOOD, "not set up to send: it only writes files")


def _programs() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, requires, version

    yield Finding(Level.GOOD, f"Python {platform.python_version()}, publisher {__version__}")
    try:
        needed = requires("newsletter-publisher") or []
    except PackageNotFoundError:  # run from its sources
        return
    there = []
    for line in needed:
        name = re.match(r"[\w.-]+", line)
        if name and ";" not in line:
            try:
                there.append(f"{name[0]} {version(name[0])}")
            except PackageNotFoundError:
                yield Finding(Level.BAD, f"{name[0]} is missing", f"pip install '{line}'")
    yield Finding(Level.GOOD, ", ".join(there))


def _clock(run: Run) -> Iterator[Finding]:
    told = f"{run.now:%Y-%m-%d %H:%M:%S %z} in {run.config.publication.timezone}"
    yield Finding(Level.GOOD, ", ".join(filter(None, (told, _zone_data()))))


def _zone_data() -> str:
    """Which release of the zone data the system has; empty when it does not say."""
    for folder in zoneinfo.TZPATH:
        try:
            with Path(folder, "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().strip("# \n").replace("version", "zone data")
        except OSError:
            continue
    return ""


def _folders(run: Run) -> Iterator[Finding]:
    for folder in (run.config.root / run.config.publication.site, run.home.folder):
        name = f"{folder.relative_to(run.config.root).as_posix()}/"
        there = folder
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            yield Finding(Level.BAD, f"{there} is no folder", "move it away")
        elif os.access(there, os.W_OK | os.X_OK):
            yield Finding(Level.GOOD, f"{name} can be written")
        else:
            yield Finding(
                Level.BAD, f"{name} cannot be written", f"give yourself the right: chmod u+wx {there}"
            )
    for path, near in run.theme.strangers.items():
        name = Path(path).relative_to(run.config.root).as_posix()
        yield Finding(Level.DOUBTFUL, f"{name} replaces no template of ours", f"did you mean {near}?")


def _ledger(run: Run) -> Iterator[Finding]:
    if not run.has_ledger:
        yield Finding(Level.GOOD, "none yet: the first publish begins it")
        return
    for text, good in run.ledger.examine():
        hint = "" if good else next((how for what, how in _MENDED_BY.items() if text.startswith(what)), "")
        yield Finding(Level.GOOD if good else Level.DOUBTFUL, text, hint)
    last = latest(run.ledger)
    if last and last > run.clock.time() + _BETWEEN_MACHINES:
        what = f"its last entry is of {last:%Y-%m-%d %H:%M:%S} UTC, which is still to come"
        yield Finding(Level.BAD, what, "the clock was set back: set it right")
    for word, states in (("unknown", (State.UNKNOWN, State.SENDING)), ("failed", (State.FAILED,))):
        if issues := issues_with(run.ledger, run.config.publication.id, *states):
            listed = ", ".join(issue.rpartition("/")[2] for issue in issues[-5:])
            yield Finding(Level.DOUBTFUL, f"{word}: deliveries of {listed}", "publish status")


def _daemon(run: Run) -> Iterator[Finding]:
    """Whether somebody looks at the clock, where issues are to go out by themselves."""
    if not run.config.schedule.is_set:
        yield Finding(Level.GOOD, "not asked for: without [schedule], issues go out by hand")
        return
    now = run.clock.time()
    found = watch(run.ledger, run.config.publication.id) if run.has_ledger else Watch()
    alive, looked = (one and f"{one.astimezone(run.now.tzinfo):%Y-%m-%d %H:%M}" for one in found)
    if found.is_silent(now):
        yield Finding(
            Level.BAD, f"silent since {alive}: what is due does not go out", "start it again: publish serve"
        )
    elif found.is_kept(now):
        yield Finding(
            Level.GOOD, f"alive at {alive}" if alive else f"none; publish tick last looked at {looked}"
        )
    else:
        last = f", since {looked}" if looked else ""
        what = f"nobody looks at the clock{last}: what is due goes out by hand alone"
        yield Finding(Level.DOUBTFUL, what, "publish serve, or a timer for publish tick")
