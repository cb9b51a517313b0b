"""Creates files: publisher.toml, a sample newsletter, the next issue. Never overwrites existing files."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import pairwise, takewhile
from pathlib import Path, PurePosixPath

from msgspec import Struct

from publisher import templates
from publisher.config import Config, slugify
from publisher.errors import ConfigError, StorageError
from publisher.files import wrap_os_error, write_if_changed
from publisher.labels import get_labels
from publisher.local_files import FileAccess
from publisher.model import Issue, plain
from publisher.patterns import lazy_pattern
from publisher.project import CONFIG_FILE
from publisher.reader import parse_issue

_SAMPLE_TITLES = ("慢工双周刊", "写得慢一点，用得久一点：排版、字体与顺手的工具")
_SAMPLE_ISSUES = ("sample-1.md", "sample-2.md", "sample-3.md")  # oldest first
_DEFAULT_INTERVAL_DAYS = 14
_DATE = lazy_pattern(r"\d{4}-\d{2}-\d{2}")
_ISSUE_NUMBER = lazy_pattern(r"[\s,:：·|(（–—-]*(?:#|№|第|\b(?:no|nr|vol|issue|edition)\b\.?)\s*\d", re.IGNORECASE)


class InitResult(Struct, frozen=True):
    """The files that `init` created, publisher.toml first, and the issue the name was taken from, if any."""

    created: tuple[Path, ...]
    source_issue: Path | None = None


class NewIssue(Struct, frozen=True):
    """The issue that `new` created. `interval_days` is the usual number of days between issues."""

    path: Path
    date: dt.date
    interval_days: int
    previous_date: dt.date | None = None


def create_newsletter(folder: Path, *, today: dt.date) -> InitResult:
    """Create a newsletter in `folder`.

    If `folder` or its subfolder `issues` has issues, only publisher.toml is written, with the name and
    tagline of the newest one. Otherwise a sample newsletter is created, its newest issue dated the day before
    `today`. Raises ConfigError if a file exists already, StorageError if one cannot be written.
    """
    for parent in ("issues/", ""):
        if issues := _find_issues(folder / parent):
            newest = max(issues, key=lambda path: (issues[path], path.name))
            issue = _read_issue(newest)
            name = folder.resolve().name
            if issue.title:  # without the issue number, as in Harbour Notes #12: Tides
                name = _ISSUE_NUMBER.split(issue.title.name, maxsplit=1)[0] or issue.title.name
            config_text = _render_config(
                name,
                plain(issue.tagline),
                parent + _build_issues_glob(folder / parent, issues),
                slugify(name, folder.resolve().name),
                today,
            )
            return InitResult(_create_files({folder / CONFIG_FILE: config_text}), newest)
    texts = {folder / CONFIG_FILE: _render_config(*_SAMPLE_TITLES, "issues/*.md", "slow-craft", today)}
    for age, sample in enumerate(reversed(_SAMPLE_ISSUES)):
        date = str(today - dt.timedelta(days=1 + _DEFAULT_INTERVAL_DAYS * age))
        texts[folder / "issues" / f"{date}.md"] = _fill_template(sample, {"date": date})
    return InitResult(_create_files(texts))


def create_issue(config: Config, *, today: dt.date, date: dt.date | None = None) -> NewIssue:
    """Create the next issue: a draft with the newsletter's name and the newest issue's empty sections.

    Without `date`, it gets the next date, at the median interval of the issues with a date in their file
    name, not before `today`. Raises ConfigError if the issue exists already, StorageError if it cannot be
    written.
    """
    files = FileAccess(config.root, config.private_files)
    paths = [path.relative_to(config.root).as_posix() for path in sorted(config.root.glob(config.issues))]
    dated = {
        day: config.root / path
        for path in paths
        if not files.find_refusal(path) and (day := _parse_path_date(config.root / path, config.root))
    }
    previous_date = max(dated, default=None)
    newest = dated[previous_date] if previous_date else None
    interval = _median_interval(dated)
    if date is None:
        date = previous_date + dt.timedelta(days=interval) if previous_date else today
        while date < today:
            date += dt.timedelta(days=interval)
    path = dated.get(date) or config.root / _next_issue_path(config, date, newest)
    _create_files({path: _render_draft(config, date, _read_issue(newest) if newest else None)})
    return NewIssue(path, date, interval, previous_date)


# ---------------------------------------------------------------------- init


def _find_issues(folder: Path) -> dict[Path, dt.date]:
    """Return the Markdown files with a date in the name or an issue title, with their dates."""
    issues = {}
    for path in sorted(filter(Path.is_file, folder.glob("*.md"))):
        if day := _parse_path_date(path, folder):
            issues[path] = day
        elif (issue := _read_issue(path)).title and issue.title.regular:
            issues[path] = issue.date or dt.date.min
    return issues


def _build_issues_glob(folder: Path, issues: Iterable[Path]) -> str:
    """Return a glob for the issues that excludes other files such as a README, if possible."""
    others = set(folder.glob("*.md")) - set(issues)
    return "[0-9]*.md" if others and all(path.name[0].isdigit() for path in issues) else "*.md"


def _render_config(name: str, tagline: str, issues: str, site: str, today: dt.date) -> str:
    """Return the text of publisher.toml; `site` is the last part of its URLs."""
    chinese = re.search(r"[\u4e00-\u9fff]", name + tagline)
    values = {
        "name": name,
        "tagline": tagline,
        "issues": issues,
        "url": f"https://example.org/{site}/{{date}}/",
        "id": f"tag:example.org,{today.year}:{site}",
        "lang": "zh-CN" if chinese else "en",
        "timezone": "Asia/Shanghai" if chinese else "UTC",
    }
    # a JSON string is a TOML string
    return _fill_template(CONFIG_FILE, {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()})


# ----------------------------------------------------------------------- new


def _parse_path_date(path: Path, root: Path) -> dt.date | None:
    """Return the last date in the path of an issue below `root`; None without a valid one."""
    dates = _DATE.findall(path.relative_to(root).as_posix())
    try:
        return dt.date.fromisoformat(dates[-1]) if dates else None
    except ValueError:
        return None


def _median_interval(days: Iterable[dt.date]) -> int:
    """Return the median of the days between issues; 14 for fewer than two issues."""
    gaps = sorted((after - before).days for before, after in pairwise(sorted(days)))
    return gaps[len(gaps) // 2] if gaps else _DEFAULT_INTERVAL_DAYS


def _next_issue_path(config: Config, date: dt.date, newest: Path | None) -> PurePosixPath:
    """Return the newest issue's path with the date replaced, or a path in the first folder of the glob."""
    if newest:
        return PurePosixPath(_DATE.sub(str(date), newest.relative_to(config.root).as_posix()))
    folders = takewhile(lambda part: not set("*?[") & set(part), PurePosixPath(config.issues).parts[:-1])
    return PurePosixPath(*folders, f"{date}.md")


def _render_draft(config: Config, date: dt.date, newest: Issue | None) -> str:
    newsletter = config.newsletter
    labels = get_labels(newsletter.lang)
    label = (newest.guide.label if newest.guide else "") if newest else labels["guide"]
    colon = labels["colon"].strip()
    layout = [f"layout: {value}" for key, value in newest.front if key == "layout"] if newest else []
    tagline = newsletter.tagline or (plain(newest.tagline) if newest else "")
    parts = [
        "\n".join(["---", "draft: true", *layout, "---"]),
        f"# {newsletter.name} ({date}){colon}",
        *([f"**{tagline}**"] if tagline else []),
        *([f"> {label}{colon}"] if label else []),
        *(_render_headings(newest) if newest else []),
    ]
    return "\n\n".join(parts) + "\n"


def _render_headings(issue: Issue) -> list[str]:
    """Return the heading lines of the top-level sections."""
    top = min((section.level for section in issue.sections), default=2)
    return [f"{'#' * top} {plain(s.title)}" for s in issue.sections if s.level == top and s.title]


# --------------------------------------------------------------------- files


def _read_issue(path: Path) -> Issue:
    try:
        return parse_issue(path.read_text("utf-8-sig", errors="replace"), str(path))
    except OSError as error:
        raise wrap_os_error(f"cannot read {path}", error) from error


def _fill_template(template: str, values: Mapping[str, str]) -> str:
    text = Path(templates.__path__[0], template).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _create_files(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write all files, or none if one of them exists or cannot be written. Raises ConfigError or StorageError."""
    for path in texts:
        if path.exists():
            raise ConfigError(f"{path} already exists", "nothing was written; edit it or move it away")
    written: list[Path] = []
    try:
        for path, text in texts.items():
            write_if_changed(path, text.encode())
            written.append(path)
    except StorageError:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return tuple(texts)
