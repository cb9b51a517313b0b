"""What `new` writes: the next issue, named like the newest one, with its sections."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise, takewhile
from pathlib import Path, PurePosixPath

from msgspec import Struct

from publisher.archive.sources import scan_issues
from publisher.config import Config
from publisher.labels import get_labels
from publisher.model import Issue, plain
from publisher.patterns import lazy_pattern
from publisher.reader import parse_issue
from publisher.scaffold.found_issue import NUMBER_PHRASE, read_whole_issue
from publisher.scaffold.new_files import create_files

_DEFAULT_INTERVAL_DAYS = 14
_DATE = lazy_pattern(r"\d{4}-\d{2}-\d{2}")
_LAST_NUMBER = lazy_pattern(r"\d+(?=\D*\Z)")
_TITLE_END = lazy_pattern(r"\s*[)）\]】]?\s*[:：]?")


class NewIssue(Struct, frozen=True):
    """The issue that `new` created. `interval_days` is the usual number of days between issues."""

    path: Path
    date: dt.date
    interval_days: int
    previous_date: dt.date | None = None


def create_issue(config: Config, *, today: dt.date, date: dt.date | None = None) -> NewIssue:
    """Create the next issue: a draft with the newsletter's name and the newest issue's empty sections.

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
    create_files({path: _render_draft(config, path, date, newest)})
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
        return PurePosixPath(folder, _count_up(bundle) or str(date), name)
    stem, dot, suffix = name.rpartition(".")
    return PurePosixPath(folder, f"{_count_up(stem) or date}{dot}{suffix}")


def _count_up(name: str) -> str:
    """Return a name with its last number counted up and as many digits; "" without a number."""
    match = _LAST_NUMBER.search(name)
    return f"{name[: match.start()]}{int(match[0]) + 1:0{len(match[0])}}{name[match.end() :]}" if match else ""


def _render_draft(config: Config, path: Path, date: dt.date, newest_path: Path | None) -> str:
    newsletter = config.newsletter
    labels = get_labels(newsletter.lang)
    newest = _read_earlier_issue(config.root, newest_path.relative_to(config.root).as_posix()) if newest_path else None
    label = (newest.guide.label if newest.guide else "") if newest else labels["guide"]
    colon = labels["colon"].strip()
    front: Mapping[str, str] = dict(newest.front) if newest else {}
    has_path_date = _DATE.search(path.relative_to(config.root).as_posix()) is not None
    layout = [f"layout: {front['layout']}"] if "layout" in front else []
    title = (
        f"{newsletter.name} ({date}){colon}" if has_path_date or not newest else _next_title(newest, newsletter.name)
    )
    tagline = newsletter.tagline or (plain(newest.tagline) if newest else "")
    parts = [
        "\n".join(["---", "draft: true", *([] if has_path_date else [f"date: {date}"]), *layout, "---"]),
        f"# {title}",
        *([f"**{tagline}**"] if tagline else []),
        *([f"> {label}{colon}"] if label else []),
        *(_render_headings(newest) if newest else []),
    ]
    return "\n\n".join(parts) + "\n"


def _next_title(newest: Issue, name: str) -> str:
    """Return the newest title up to its number, counted up; without a number, the name of the newsletter."""
    text = plain(newest.title.text) if newest.title else ""
    phrase = NUMBER_PHRASE.search(text) or re.search(r"\d+", text)
    if not phrase or not (counted := _count_up(phrase[0])):
        return name
    end = _TITLE_END.match(text, phrase.end())
    return f"{text[: phrase.start()]}{counted}{end[0].rstrip() if end else ''}"


def _render_headings(issue: Issue) -> list[str]:
    """Return the heading lines of the top-level sections."""
    top = min((section.level for section in issue.sections), default=2)
    return [f"{'#' * top} {plain(s.title)}" for s in issue.sections if s.level == top and s.title]


def _read_earlier_issue(root: Path, path: str) -> Issue:
    return parse_issue(read_whole_issue(root / path), path)
