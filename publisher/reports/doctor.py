"""Checks whether everything is set up to publish, with calls that change nothing."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import time
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import assert_never
from urllib.parse import urlsplit

from publisher import __version__
from publisher.archive.records import Record, build_edition
from publisher.build.cards import diagnose_cards
from publisher.build.upload import diagnose_upload
from publisher.calendar.calendar import read_records
from publisher.channel import Channel, Finding, FindingLevel, MessageChannel
from publisher.checker import IssueChecker
from publisher.delivery import ledger_guard
from publisher.delivery.sent_settings import verify_settings
from publisher.delivery.worker_queue import find_worker_channels, list_open_shards
from publisher.errors import PublisherError
from publisher.installation import install_command
from publisher.ledger import DeliveryState
from publisher.ledger.closed_lanes import ClosedLane, describe_closed_lane, find_closed_lanes
from publisher.ledger.meta import SchedulerActivity, load_activity
from publisher.ledger.queries import find_issues_in_state, find_last_change
from publisher.ledger.worker_heartbeats import list_workers
from publisher.links import find_example_host, is_loopback_url
from publisher.named_tuple import NamedTuple
from publisher.redaction import redact
from publisher.reports.bounces import diagnose_bounces
from publisher.reports.subscribers import diagnose_mail_volume, diagnose_subscribers
from publisher.run import RunContext

TIMEOUT = 30.0
"""Time limit for all checks together, in seconds."""

ONLY_FILES = "not set up to send, only writes files"
"""The finding about a message channel without a destination."""

_SITE_TIMEOUT = 10.0
"""Time limit for the request of the home page, in seconds."""

_MAX_CLOCK_SKEW = dt.timedelta(minutes=1)
"""Allowed difference between the clocks of machines that share a ledger."""

_FIX_HINTS = {"fsync": "enable it in the server's settings", "its mode": "run chmod 600 on the file"}


class SubjectFindings(NamedTuple):
    """A subject, such as a channel, and the findings about it."""

    subject: str
    findings: Sequence[Finding]


def diagnose(run: RunContext, timeout: float = TIMEOUT) -> Iterator[SubjectFindings]:
    """Run all checks in parallel; yield the findings by subject: the newsletter, its channels, the machine. Errors
    become findings."""
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "settings": partial(_diagnose_settings, run),
        "site": partial(_diagnose_site, run),
        **({"upload": partial(diagnose_upload, run)} if run.config.upload else {}),
        **{channel.name: partial(_diagnose_channel, run, channel) for channel in run.channels},
        "folders": partial(_diagnose_folders, run),
        "ledger": partial(_diagnose_ledger, run),
        **({"workers": partial(_diagnose_workers, run)} if run.config.workers else {}),
        **({"subscribers": partial(diagnose_subscribers, run)} if run.config.subscribers else {}),
        **({"bounces": partial(diagnose_bounces, run)} if run.config.subscribers else {}),
        "daemon": partial(_diagnose_daemon, run),
        "clock": partial(_diagnose_clock, run),
        "programs": _diagnose_programs,
    }
    results: SimpleQueue[SubjectFindings] = SimpleQueue()
    for subject, check in checks.items():
        # a daemon thread: a check that hangs must not keep the program from exiting
        Thread(target=lambda *args: results.put(_run_diagnosis(*args)), args=(subject, check), daemon=True).start()
    finished: dict[str, SubjectFindings] = {}
    end = time.monotonic() + timeout
    while len(finished) < len(checks):
        try:
            result = results.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            break
        finished[result.subject] = result
    timed_out = Finding(FindingLevel.ERROR, f"no answer within {timeout:g} seconds", "check the connection")
    for subject in checks:
        yield finished.get(subject, SubjectFindings(subject, [timed_out]))


def _run_diagnosis(subject: str, check: Callable[[], Iterator[Finding]]) -> SubjectFindings:
    findings: list[Finding] = []
    try:
        findings += check()
    except PublisherError as error:
        findings.append(Finding(FindingLevel.ERROR, error.message, error.hint))
    except Exception as error:  # a bug in one check must not stop the others
        message = redact(f"{type(error).__name__}: {error}")
        findings.append(Finding(FindingLevel.ERROR, message, "publish doctor --debug"))
    return SubjectFindings(subject, findings)


def _diagnose_channel(run: RunContext, channel: Channel) -> Iterator[Finding]:
    if not isinstance(channel, MessageChannel):
        yield Finding(FindingLevel.OK, f"writes files to {run.config.newsletter.site}/")
        if channel.capabilities.names_cards:
            yield from _diagnose_cards(run)
        return
    lanes: Sequence[ClosedLane] = ()
    with suppress(PublisherError):  # the ledger has its own findings
        lanes = find_closed_lanes(run.ledger, run.clock.time(), channel.name) if run.has_ledger else ()
    for lane in lanes:
        hint = f"when the cause is fixed: publish retry --channel {channel.name}"
        yield Finding(FindingLevel.ERROR, describe_closed_lane(lane, run.zone), hint)
    yield from diagnose_mail_volume(run, channel)
    if channel.active_destination:
        yield from channel.diagnose()
    elif not channel.send:
        hint = f"to send again, remove that line from [channels.{channel.name}]"
        yield Finding(FindingLevel.WARNING, channel.note, hint)
    else:
        yield Finding(FindingLevel.OK, ONLY_FILES)
    if channel.capabilities.limits:
        yield from _diagnose_length(run, channel)


def _diagnose_length(run: RunContext, channel: MessageChannel) -> Iterator[Finding]:
    """Report the newest issue if it is too long for a channel, and so left out of it."""
    newest = None
    with suppress(PublisherError):  # without issues, or if they cannot be read, which publishing reports
        newest = next(iter(build_edition(read_records(run).values(), run.now.date()).issues), None)
    if newest and (excess := IssueChecker(run, (), {}).find_excess(newest, [channel])):
        message = f"{newest.path} is too long, so it is left out: {excess[channel.name]}"
        yield Finding(FindingLevel.WARNING, message, f"shorten it, or disable [channels.{channel.name}]")


def _diagnose_cards(run: RunContext) -> Iterator[Finding]:
    records: Sequence[Record] = ()
    with suppress(PublisherError):  # without issues, or if they cannot be read, which publishing reports
        records = build_edition(read_records(run).values(), run.now.date()).issues
    yield from diagnose_cards(run, records)


def _diagnose_settings(run: RunContext) -> Iterator[Finding]:
    for address in run.config.example_addresses:
        yield Finding(FindingLevel.WARNING, address.message, address.hint)
    for channel in run.channels:
        if not (isinstance(channel, MessageChannel) and channel.active_destination):
            continue
        if channel.public_addresses.get("unsubscribe") == "":
            message = f"{channel.name} has no page to unsubscribe: recipients can only reply"
            hint = f'add unsubscribe = "https://YOUR-HOST/…" to [channels.{channel.name}]'
            yield Finding(FindingLevel.WARNING, message, hint)
    if run.config.newsletter.license:
        yield Finding(FindingLevel.OK, f"the license is {run.config.newsletter.license}")
    else:
        hint = 'to let readers share issues, add one to [newsletter]: license = "CC-BY-SA-4.0"'
        yield Finding(FindingLevel.OK, "no license is set: all rights are reserved", hint)


def _diagnose_site(run: RunContext) -> Iterator[Finding]:
    """Check whether the home page answers; nothing is requested from a host for examples."""
    from publisher.linkcheck import LinkCache, LinkCheckLimits, LinkState, check_links

    url = run.config.newsletter.base
    if find_example_host(url):
        yield Finding(FindingLevel.OK, f"{url} is an example and was not requested")
        return
    port = urlsplit(url).port or (443 if url.startswith("https:") else 80)
    own = frozenset((host, port) for host in ("127.0.0.1", "::1")) if is_loopback_url(url) else frozenset()
    limits = LinkCheckLimits(timeout=_SITE_TIMEOUT, allowed=own)
    result = check_links([url], LinkCache(None, run.clock.time().timestamp()), limits)[url]
    upload = f"upload {run.config.newsletter.site}/ to your web server, or correct `url`"
    match result.state:
        case LinkState.OK:
            yield Finding(FindingLevel.OK, f"{url} answers")
        case LinkState.GONE:
            yield Finding(FindingLevel.WARNING, f"the home page {url} is missing: {result.reason}", upload)
        case LinkState.UNKNOWN:
            message = f"cannot tell whether {url} works: {result.reason}"
            yield Finding(FindingLevel.WARNING, message, f"open it in a browser; if it is not there, {upload}")
        case _:
            assert_never(result.state)


def _diagnose_programs() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, requires, version

    yield Finding(FindingLevel.OK, f"Python {platform.python_version()}, publisher {__version__}")
    try:
        requirements = requires("newsletter-publisher") or []
    except PackageNotFoundError:  # run from a source tree
        return
    installed = []
    for requirement in requirements:
        name = re.match(r"[\w.-]+", requirement)
        if name and ";" not in requirement:
            try:
                installed.append(f"{name[0]} {version(name[0])}")
            except PackageNotFoundError:
                yield Finding(FindingLevel.ERROR, f"{name[0]} is missing", install_command())
    yield Finding(FindingLevel.OK, ", ".join(installed))


def _diagnose_clock(run: RunContext) -> Iterator[Finding]:
    time_text = f"{run.now:%Y-%m-%d %H:%M:%S %z} in {run.config.newsletter.timezone}"
    yield Finding(FindingLevel.OK, ", ".join(filter(None, (time_text, _read_zone_data_version()))))


def _read_zone_data_version() -> str:
    """Return the version of the system's time zone data; empty if unknown."""
    for folder in zoneinfo.TZPATH:
        try:
            with Path(folder, "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().strip("# \n").replace("version", "zone data")
        except OSError:
            continue
    return ""


def _diagnose_folders(run: RunContext) -> Iterator[Finding]:
    for folder in (run.config.root / run.config.newsletter.site, run.config.root / "outbox", run.home.folder):
        name = f"{folder.relative_to(run.config.root).as_posix()}/"
        existing = folder
        while not existing.exists():
            existing = existing.parent
        if not existing.is_dir():
            yield Finding(FindingLevel.ERROR, f"{existing} is not a folder", "move it away")
        elif os.access(existing, os.W_OK | os.X_OK):
            yield Finding(FindingLevel.OK, f"{name} is writable")
        else:
            hint = f"grant write access: chmod u+wx {existing}"
            yield Finding(FindingLevel.ERROR, f"{name} is not writable", hint)
    for path, nearest in run.theme.misnamed_files.items():
        name = Path(path).relative_to(run.config.root).as_posix()
        message = f"{name} does not replace any built-in template"
        yield Finding(FindingLevel.WARNING, message, f"did you mean {nearest}?")


def _diagnose_ledger(run: RunContext) -> Iterator[Finding]:
    if not run.has_ledger:
        yield Finding(FindingLevel.OK, "none yet, created by the first publish")
        return
    for text, ok in run.ledger.check_health():
        hint = "" if ok else next((fix for start, fix in _FIX_HINTS.items() if text.startswith(start)), "")
        yield Finding(FindingLevel.OK if ok else FindingLevel.WARNING, text, hint)
    last = find_last_change(run.ledger)
    if last and last > run.clock.time() + _MAX_CLOCK_SKEW:
        message = f"the last publication, at {last.astimezone(run.zone):%Y-%m-%d %H:%M:%S %z}, lies in the future"
        yield Finding(FindingLevel.ERROR, message, "if the clock is behind, correct it; what is published stays")
    for label, states in (
        ("unknown", (DeliveryState.UNKNOWN, DeliveryState.SENDING)),
        ("failed", (DeliveryState.FAILED,)),
    ):
        if issues := find_issues_in_state(run.ledger, run.config.newsletter.id, *states):
            listed = ", ".join(issue.rpartition("/")[2] for issue in issues[-5:])
            yield Finding(FindingLevel.WARNING, f"{label}: deliveries of {listed}", "publish status")
    ledger_guard.require_same_id(run, accept=False)
    ledger_guard.verify_ledger(run)


def _diagnose_workers(run: RunContext) -> Iterator[Finding]:
    """Check the tables of the queue, and whether there are workers."""
    from publisher.delivery.engine_tables import require_tables

    verify_settings(run)
    with run.ledger.transaction() as tx:
        require_tables(tx)
        workers = list_workers(tx, run.ledger.dialect, run.config.newsletter.id)
        has_open_shards = bool(list_open_shards(run, tx))
    if not find_worker_channels(run.config):
        yield Finding(FindingLevel.WARNING, "no channel sends to subscribers, so workers have nothing to do")
    elif workers:
        noun = "worker" if len(workers) == 1 else "workers"
        yield Finding(FindingLevel.OK, f"{len(workers)} {noun} alive: {', '.join(workers)}")
    elif has_open_shards:
        yield Finding(FindingLevel.ERROR, "no worker is running, and messages wait for one", "start publish worker")
    else:
        yield Finding(FindingLevel.WARNING, "no worker is running", "start publish worker before the next issue")


def _diagnose_daemon(run: RunContext) -> Iterator[Finding]:
    """Check whether a scheduler is running, if issues are scheduled."""
    if not run.config.schedule.is_set:
        yield Finding(FindingLevel.OK, "not needed: without [schedule], issues are published by hand")
        return
    now = run.clock.time()
    activity = load_activity(run.ledger, run.config.newsletter.id) if run.has_ledger else SchedulerActivity()
    alive_at, last_run = (moment and f"{moment.astimezone(run.now.tzinfo):%Y-%m-%d %H:%M}" for moment in activity)
    if activity.is_daemon_missing(now):
        message = f"no sign of life since {alive_at}: due issues are not published"
        yield Finding(FindingLevel.ERROR, message, "restart it: publish daemon")
    elif activity.is_active(now):
        message = f"alive at {alive_at}" if alive_at else f"none; publish tick last ran at {last_run}"
        yield Finding(FindingLevel.OK, message)
    else:
        since = f" since {last_run}" if last_run else ""
        message = f"no scheduler is running{since}: due issues are not published"
        yield Finding(FindingLevel.WARNING, message, "start publish daemon, or a timer for publish tick")
