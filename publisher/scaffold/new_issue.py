"""What `new` writes: the next issue, named like the newest one, with its head and its skeleton."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from pathlib import Path, PurePosixPath

from msgspec import Struct

from publisher.archive.sources import scan_issues
from publisher.config import Config
from publisher.errors import PublisherError
from publisher.model import Issue
from publisher.patterns import lazy_pattern
from publisher.reader import parse_issue
from publisher.scaffold.found_issue import read_whole_issue
from publisher.scaffold.new_files import create_files
from publisher.scaffold.skeleton import NextIssue, PastIssue, render_first_issue, render_next_issue
from publisher.scaffold.stamp import count_up

_DEFAULT_INTERVAL_DAYS = 14
_DATE = lazy_pattern(r"\d{4}-\d{2}-\d{2}")
_COMPARED_ISSUES = 4
"""What the newest issue has in common with one of those before it, the next one has too."""


class NewIssue(Struct, frozen=True):
    """The issue that `new` created. `interval_days` is the usual number of days between issues."""

    path: Path
    date: dt.date
    interval_days: int
    previous_date: dt.date | None = None


def create_issue(config: Config, *, today: dt.date, date: dt.date | None = None) -> NewIssue:
    """Create the next issue: a draft with the head and the skeleton of the newest one, counted up.

    Without `date`, it gets the next date, at the median interval of the issues, not before `today`. Its file is
    named like the newest one: with its date, else with the next number, and then its front matter has the date.
    Raises ConfigError if the issue exists already, StorageError if it cannot be written.
    """
    paths = [file.path for file in scan_issues(config.root, config.issues) if file.size >= 0]
    dated = {day: config.root / path for path in paths if (day := _find_own_date(config, path))}
    previous_date = max(dated, default=None)
    newest = dated[previous_date] if previous_date else None
    interval = _median_interval(dated)
    if date is None:
        date = previous_date + dt.timedelta(days=interval) if previous_date else today
        while date < today:
            date += dt.timedelta(days=interval)
    path = dated.get(date) or config.root / _next_issue_path(config, date, newest)
    days = (date - previous_date).days if previous_date else 0
    newest_first = [dated[day] for day in sorted(dated, reverse=True)]
    create_files({path: _render_draft(config, path, date, days, newest_first[:_COMPARED_ISSUES])})
    return NewIssue(path, date, interval, previous_date)


def _find_own_date(config: Config, path: str) -> dt.date | None:
    """Return the date in the path of an issue, else that of dates.toml, else that of its text."""
    if days := _DATE.findall(path):
        try:
            return dt.date.fromisoformat(days[-1])
        except ValueError:
            return None
    return config.dates.get(path) or _read_earlier_issue(config.root, path).date


def _median_interval(days: Iterable[dt.date]) -> int:
    """Return the median of the days between issues; 14 for fewer than two issues."""
    gaps = sorted((after - before).days for before, after in pairwise(sorted(days)))
    return gaps[len(gaps) // 2] if gaps else _DEFAULT_INTERVAL_DAYS


def _next_issue_path(config: Config, date: dt.date, newest: Path | None) -> PurePosixPath:
    """Return the newest issue's path with its date or number replaced, or a path in the first folder of the glob."""
    if newest is None:
        folders = takewhile(lambda part: not set("*?[") & set(part), PurePosixPath(config.issues[0]).parts[:-1])
        return PurePosixPath(*folders, f"{date}.md")
    path = newest.relative_to(config.root).as_posix()
    if _DATE.search(path):
        return PurePosixPath(_DATE.sub(str(date), path))
    folder, _, name = path.rpartition("/")
    if name.partition(".")[0].lower() == "index":
        folder, _, bundle = folder.rpartition("/")
        return PurePosixPath(folder, count_up(bundle) or str(date), name)
    stem, dot, suffix = name.rpartition(".")
    return PurePosixPath(folder, f"{count_up(stem) or date}{dot}{suffix}")


def _render_draft(config: Config, path: Path, date: dt.date, days: int, earlier_paths: Sequence[Path]) -> str:
    """Return the text of the new issue. `earlier_paths` are those to take it from, first the newest, `days` before."""
    name = path.relative_to(config.root).as_posix()
    has_path_date = _DATE.search(name) is not None
    wanted = NextIssue(config.newsletter, date, days, has_path_date)
    earlier = list(_read_earlier_issues(config.root, earlier_paths))
    if not earlier:
        return render_first_issue(wanted)
    text = render_next_issue(wanted, earlier)
    issue = parse_issue(text, name)
    # a front matter that is not understood: what is known to be right, rather than what is complete
    is_sound = issue.draft and issue.date == date and not any(d.code == "front-matter" for d in issue.diagnostics)
    return text if is_sound else render_first_issue(wanted, earlier[0].issue)


def _read_earlier_issues(root: Path, paths: Sequence[Path]) -> Iterator[PastIssue]:
    """Read the issues. Raises IssueError or StorageError if the newest cannot be read, and leaves out others."""
    for path in paths:
        try:
            text = read_whole_issue(path)
        except PublisherError:
            if path == paths[0]:
                raise
            continue
        yield PastIssue(text, parse_issue(text, path.relative_to(root).as_posix()))


def _read_earlier_issue(root: Path, path: str) -> Issue:
    return parse_issue(read_whole_issue(root / path), path)
