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
from publisher.channel import Finding, FindingLevel, MessageChannel
from publisher.credentials import redact
from publisher.errors import PublisherError
from publisher.ledger import DeliveryState
from publisher.ledger.meta import SchedulerActivity, load_activity
from publisher.ledger.queries import find_issues_in_state, find_last_change
from publisher.run import RunContext

TIMEOUT = 30.0
"""How long all may take together, in seconds."""

_MAX_CLOCK_SKEW = dt.timedelta(minutes=1)
"""By how much the clocks of two machines with one ledger may differ."""

_FIX_HINTS = {"fsync": "switch it on in the server's settings", "its mode": "chmod 600 the file"}


class SubjectFindings(NamedTuple):
    """A subject, such as a channel, and what was found out about it."""

    subject: str
    findings: Sequence[Finding]


def diagnose(run: RunContext, timeout: float = TIMEOUT) -> Iterator[SubjectFindings]:
    """What there is to know of each subject, all asked at once. What goes wrong is found, not raised."""
    questions = {
        "programs": _diagnose_programs,
        "clock": partial(_diagnose_clock, run),
        "folders": partial(_diagnose_folders, run),
        "ledger": partial(_diagnose_ledger, run),
        "daemon": partial(_diagnose_daemon, run),
    }
    for channel in run.channels:
        if isinstance(channel, MessageChannel):
            questions[channel.name] = partial(_diagnose_channel, channel)
    answers: SimpleQueue[SubjectFindings] = SimpleQueue()
    for subject, question in questions.items():
        # whoever never answers must not keep the program from ending
        Thread(
            target=lambda *asked: answers.put(_run_diagnosis(*asked)), args=(subject, question), daemon=True
        ).start()
    answered: dict[str, SubjectFindings] = {}
    end = time.monotonic() + timeout
    while len(answered) < len(questions):
        try:
            one = answers.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            break
        answered[one.subject] = one
    silence = Finding(FindingLevel.ERROR, f"no answer within {timeout:g} seconds", "look at the connection")
    for subject in questions:
        yield answered.get(subject, SubjectFindings(subject, [silence]))


def _run_diagnosis(subject: str, question: Callable[[], Iterator[Finding]]) -> SubjectFindings:
    found: list[Finding] = []
    try:
        found += question()
    except PublisherError as error:
        found.append(Finding(FindingLevel.ERROR, error.message, error.hint))
    except Exception as error:  # a mistake in one examination must not stop the others
        found.append(
            Finding(FindingLevel.ERROR, redact(f"{type(error).__name__}: {error}"), "publish doctor --debug")
        )
    return SubjectFindings(subject, found)


def _diagnose_channel(channel: MessageChannel) -> Iterator[Finding]:
    if channel.destination:
        yield from channel.diagnose()
    else:
        yield Finding(FindingLevel.OK, "not set up to send: it only writes files")


def _diagnose_programs() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, requires, version

    yield Finding(FindingLevel.OK, f"Python {platform.python_version()}, publisher {__version__}")
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
                yield Finding(FindingLevel.ERROR, f"{name[0]} is missing", f"pip install '{line}'")
    yield Finding(FindingLevel.OK, ", ".join(there))


def _diagnose_clock(run: RunContext) -> Iterator[Finding]:
    told = f"{run.now:%Y-%m-%d %H:%M:%S %z} in {run.config.newsletter.timezone}"
    yield Finding(FindingLevel.OK, ", ".join(filter(None, (told, _read_zone_data_version()))))


def _read_zone_data_version() -> str:
    """Which release of the zone data the system has; empty when it does not say."""
    for folder in zoneinfo.TZPATH:
        try:
            with Path(folder, "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().strip("# \n").replace("version", "zone data")
        except OSError:
            continue
    return ""


def _diagnose_folders(run: RunContext) -> Iterator[Finding]:
    for folder in (run.config.root / run.config.newsletter.site, run.home.folder):
        name = f"{folder.relative_to(run.config.root).as_posix()}/"
        there = folder
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            yield Finding(FindingLevel.ERROR, f"{there} is no folder", "move it away")
        elif os.access(there, os.W_OK | os.X_OK):
            yield Finding(FindingLevel.OK, f"{name} can be written")
        else:
            yield Finding(
                FindingLevel.ERROR,
                f"{name} cannot be written",
                f"give yourself the right: chmod u+wx {there}",
            )
    for path, near in run.theme.misnamed_files.items():
        name = Path(path).relative_to(run.config.root).as_posix()
        yield Finding(FindingLevel.WARNING, f"{name} replaces no template of ours", f"did you mean {near}?")


def _diagnose_ledger(run: RunContext) -> Iterator[Finding]:
    if not run.has_ledger:
        yield Finding(FindingLevel.OK, "none yet: the first publish begins it")
        return
    for text, good in run.ledger.check_health():
        hint = "" if good else next((how for what, how in _FIX_HINTS.items() if text.startswith(what)), "")
        yield Finding(FindingLevel.OK if good else FindingLevel.WARNING, text, hint)
    last = find_last_change(run.ledger)
    if last and last > run.clock.time() + _MAX_CLOCK_SKEW:
        what = f"its last entry is of {last:%Y-%m-%d %H:%M:%S} UTC, which is still to come"
        yield Finding(FindingLevel.ERROR, what, "the clock was set back: set it right")
    for word, states in (
        ("unknown", (DeliveryState.UNKNOWN, DeliveryState.SENDING)),
        ("failed", (DeliveryState.FAILED,)),
    ):
        if issues := find_issues_in_state(run.ledger, run.config.newsletter.id, *states):
            listed = ", ".join(issue.rpartition("/")[2] for issue in issues[-5:])
            yield Finding(FindingLevel.WARNING, f"{word}: deliveries of {listed}", "publish status")


def _diagnose_daemon(run: RunContext) -> Iterator[Finding]:
    """Whether somebody looks at the clock, where issues are to go out by themselves."""
    if not run.config.schedule.is_set:
        yield Finding(FindingLevel.OK, "not asked for: without [schedule], issues go out by hand")
        return
    now = run.clock.time()
    found = load_activity(run.ledger, run.config.newsletter.id) if run.has_ledger else SchedulerActivity()
    alive, looked = (one and f"{one.astimezone(run.now.tzinfo):%Y-%m-%d %H:%M}" for one in found)
    if found.is_daemon_missing(now):
        yield Finding(
            FindingLevel.ERROR,
            f"silent since {alive}: what is due does not go out",
            "start it again: publish daemon",
        )
    elif found.is_active(now):
        yield Finding(
            FindingLevel.OK, f"alive at {alive}" if alive else f"none; publish tick last looked at {looked}"
        )
    else:
        last = f", since {looked}" if looked else ""
        what = f"nobody looks at the clock{last}: what is due goes out by hand alone"
        yield Finding(FindingLevel.WARNING, what, "publish daemon, or a timer for publish tick")
