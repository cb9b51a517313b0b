"""Dates for issues that have none of their own: from git, from the file system, or counted back."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from publisher.scaffold.found_issue import FoundIssue

_GIT_SECONDS = 30
_DEFAULT_INTERVAL_DAYS = 7
_MAX_PER_DAY = 3
"""So many issues may have come out on one day; more of them were copied into the repository."""


class Dating(Struct, frozen=True):
    """Dates by path, and whether each is known from git or a name.

    `guessed` are the paths whose dates are only counted back from the newest one, oldest first.
    """

    dates: Mapping[str, dt.date] = {}
    guessed: tuple[str, ...] = ()


def read_first_commits(root: Path) -> dict[str, dt.date]:
    """Return the date of the first commit of each file below `root`; {} without git.

    One call for all files. Renamed files keep their first date.
    """
    command = ["git", "-C", str(root), "-c", "core.quotepath=off", "-c", "diff.renameLimit=5000", "log", "--reverse"]
    command += ["--relative", "-M", "--diff-filter=AR", "--name-status", "--date=short", "--format=%x00%ad"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    first: dict[str, dt.date] = {}
    day = dt.date.min
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("\0"):
            day = dt.date.fromisoformat(line[1:])
        elif line:
            status, *paths = line.split("\t")
            first[paths[-1]] = first.pop(paths[0], day) if status.startswith("R") else first.get(paths[-1], day)
    return first


def date_issues(root: Path, issues: Sequence[FoundIssue], today: dt.date) -> Dating:
    """Return dates for the issues that have none and are not unfinished.

    Git's first commit of a file is its date, unless most of the files came in one commit, as when a folder was
    copied. A month or week in a name is the next best. Otherwise, the time stamps of the files are used, if they
    differ; else dates are counted back by weeks from the newest file, and are in `guessed`. Issues of the same day are
    included, because the date alone would be the id of each.
    """
    undated = [issue for issue in issues if not issue.date and not issue.is_unfinished]
    same_day = _find_same_day(issues)
    if not undated:
        return Dating(same_day)
    all_commits = read_first_commits(root)
    commits = _drop_imports(undated, all_commits)
    dates = {issue.path: day for issue in undated if (day := commits.get(issue.path) or issue.period_start)}
    rest = [issue for issue in undated if issue.path not in dates]
    stamps = _read_time_stamps(root, rest, today)
    days = list(stamps.values())
    are_imported = any(issue.path in all_commits for issue in rest)
    if not are_imported and len(rest) > 1 and len(set(days)) == len(days) and days == sorted(days):
        return Dating(same_day | _in_order(undated, dates | stamps), tuple(issue.path for issue in rest))
    newest = max([all_commits[issue.path] for issue in rest if issue.path in all_commits] or days, default=today)
    counted = count_back([issue.path for issue in rest], newest, _DEFAULT_INTERVAL_DAYS)
    return Dating(same_day | _in_order(undated, counted | dates), tuple(issue.path for issue in rest))


def count_back(paths: Sequence[str], newest: dt.date, interval_days: int) -> dict[str, dt.date]:
    """Return dates for issues, the last of which has the date `newest`, `interval_days` apart."""
    return {path: newest - dt.timedelta(days=interval_days * age) for age, path in enumerate(reversed(paths))}


def _find_same_day(issues: Sequence[FoundIssue]) -> dict[str, dt.date]:
    """Return the dates of issues that have the same date as another one."""
    days = Counter(issue.date for issue in issues)
    return {issue.path: issue.date for issue in issues if issue.date and days[issue.date] > 1}


def _drop_imports(undated: Sequence[FoundIssue], commits: Mapping[str, dt.date]) -> dict[str, dt.date]:
    """Return the dates of commits without those of a day on which many of the issues came in at once."""
    days = Counter(commits[issue.path] for issue in undated if issue.path in commits)
    imports = {day for day, count in days.items() if count > _MAX_PER_DAY and count * 3 > len(undated)}
    return {path: day for path, day in commits.items() if day not in imports}


def _read_time_stamps(root: Path, issues: Sequence[FoundIssue], today: dt.date) -> dict[str, dt.date]:
    stamps = {}
    for issue in issues:
        changed = dt.datetime.fromtimestamp((root / issue.path).stat().st_mtime, dt.UTC).date()
        stamps[issue.path] = min(changed, today)
    return stamps


def _in_order(issues: Sequence[FoundIssue], dates: Mapping[str, dt.date]) -> dict[str, dt.date]:
    return {issue.path: dates[issue.path] for issue in issues}
