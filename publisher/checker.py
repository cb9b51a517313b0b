"""The checks over files: every issue looked at once, side by side with the others, and remembered."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from publisher import links
from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.sources import SourceFile, is_mtime_reliable
from publisher.build.process_pool import ProcessPool
from publisher.channel import Channel
from publisher.checks.budgets import Budget
from publisher.checks.codes import Edit, Problem
from publisher.checks.cross_issue import IssueIndex, check_cross_issue
from publisher.checks.summary import IssueSummary
from publisher.config import Config
from publisher.errors import IssueError, PublisherError, StorageError
from publisher.files import wrap_os_error, write_if_changed
from publisher.model import Pos

_UNLIMITED_CHANNELS = ("web", "rss")
"""Channels that have room for anything."""

_MAX_REMOVED_ISSUES = 8
"""Of so many issues that no file has any more the pages are read."""

MAX_ISSUE_BYTES = 8 << 20
"""The most bytes of an issue, as for `publish`."""

ProgressHandler = Callable[[int, int], None]


class FileResult(NamedTuple):
    """What one file says by itself. `fault` is why it could not be read; then there is no imprint."""

    path: str
    size: int
    mtime: int
    problems: tuple[Problem, ...] = ()
    summary: IssueSummary | None = None
    budgets: tuple[Budget, ...] = ()
    fault: PublisherError | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> FileResult:
        """What JSON gives back as a list."""
        look: Any = cls(*row)
        made: FileResult = look._replace(
            problems=tuple(_problem_from_row(*one) for one in look.problems),
            summary=look.summary and IssueSummary.from_row(look.summary),
            budgets=tuple(Budget._make(one) for one in look.budgets),
        )
        return made

    def as_row(self) -> list[Any]:
        """What JSON can keep of a file that could be read."""
        problems = [
            (_position_to_row(p.pos), p.code, p.message, p.help, _edits_to_rows(p.edits))
            for p in self.problems
        ]
        return [self.path, self.size, self.mtime, problems, self.summary, self.budgets]


def _edits_to_rows(edits: Sequence[Edit]) -> list[tuple[object, str]]:
    return [(_position_to_row(edit.pos), edit.text) for edit in edits]


def _problem_from_row(
    pos: Sequence[int], code: str, message: str, help_: str, edits: Sequence[Any]
) -> Problem:
    made = tuple(Edit(Pos(*place), text) for place, text in edits)
    return Problem(Pos(*pos), code, message, help_, made)


def _position_to_row(pos: Pos) -> tuple[int, int, int, int]:
    return pos.line, pos.column, pos.end_line, pos.end_column


@dataclass(frozen=True)
class FileChecker:
    """Looks at single files, in any process. Without a configuration nothing is measured."""

    root: Path
    config: Config | None = None

    @property
    def measured_channels(self) -> tuple[Channel, ...]:
        """The channels whose room is measured."""
        found = self.config.channels if self.config else ()
        return tuple(channel for channel in found if channel.name not in _UNLIMITED_CHANNELS)

    def check(self, source: SourceFile) -> FileResult:
        """What a file says. Never raises."""
        try:
            text = read_issue_text(self.root / source.path, source.path)
        except PublisherError as error:
            return FileResult(source.path, source.size, 0, fault=error)
        return self.check_text(text, source)

    def check_text(self, text: str, source: SourceFile) -> FileResult:
        """What the text of a file says."""
        from publisher.checks.budgets import check_budgets, measure_budgets
        from publisher.checks.check import check_single_issue
        from publisher.reader import parse_issue

        issue = parse_issue(text, source.path)
        problems, imprint = check_single_issue(issue, text)
        measured: tuple[Budget, ...] = ()
        if self.config and self.measured_channels:
            measured = tuple(measure_budgets(issue, self.measured_channels, self.config.newsletter))
            long = check_budgets(measured, Pos(*imprint.title_position))
            problems = tuple(sorted((*problems, *(p for p in long if p.code not in imprint.ignored_codes))))
        return FileResult(*source, problems, imprint, measured)


class ResultCache:
    """What was seen in files that have not changed since, in `.publisher/cache`."""

    def __init__(self, home: Home | None) -> None:
        self._home = home
        rows: list[Any] = cache.load_cache(self._path, home.cache_key) or [] if home else []
        self._rows = {row[0]: row for row in rows}
        self._dirty = False

    @property
    def _path(self) -> Path:
        assert self._home
        return self._home.cache / "checks.json"

    def get(self, source: SourceFile) -> FileResult | None:
        """What was seen in a file of this size and time."""
        row = self._rows.get(source.path)
        return FileResult.from_row(row) if row and tuple(row[:3]) == source and source.mtime else None

    def put(self, result: FileResult, scanned_at: int) -> None:
        """Remember what was seen at a time, in nanoseconds."""
        if self._home and is_mtime_reliable(SourceFile(*result[:3]), scanned_at) and not result.fault:
            self._rows[result.path] = result.as_row()
            self._dirty = True

    def save(self, paths: Collection[str]) -> None:
        """Write what is remembered of the files that are there. A cache that cannot be written is none."""
        if self._dirty and self._home:
            rows = [row for path, row in self._rows.items() if path in paths]
            try:
                cache.save_cache(self._path, self._home.cache_key, rows)
                self._home.write_gitignore()
            except StorageError:
                return


class CheckedFile(NamedTuple):
    """A file and all that is wrong with it, in the order of the text. `fault` is why it could not be read."""

    path: str
    problems: tuple[Problem, ...]
    budgets: tuple[Budget, ...] = ()
    fault: PublisherError | None = None
    silenced: tuple[str, ...] = ()


def check_files(
    checker: FileChecker,
    sources: Sequence[SourceFile],
    paths: Collection[str],
    scanned_at: int,
    *,
    texts: Mapping[str, str] | None = None,
    on_progress: ProgressHandler | None = None,
) -> Iterator[CheckedFile]:
    """Check the files `wanted` by path, beside all that were `found` at a time `seen` (nanoseconds).

    `texts` are the contents of files that are not saved yet. `advance` is told how many of how many are read.
    """
    home = Home(checker.config.root) if checker.config else None
    memory = ResultCache(home)
    looks = {one.path: look for one in sources if (look := memory.get(one)) is not None}
    unread = [one for one in sources if one.path not in looks or one.path in (texts or {})]
    given = texts or {}
    with ProcessPool(checker) as crew:
        files = [one for one in unread if one.path not in given]
        for done, look in enumerate(crew.map_unordered(FileChecker.check, files, len(files)), 1):
            looks[look.path] = look
            memory.put(look, scanned_at)
            if on_progress:
                on_progress(done, len(files))
    for one in unread:
        if one.path in given:
            looks[one.path] = checker.check_text(given[one.path], one)
    memory.save({one.path for one in sources})
    imprints = [look.summary for look in looks.values() if look.summary]
    published = _load_published_sources(home, checker.config)
    gone = set(published.values()) - {one.id for one in imprints}
    archive = IssueIndex(imprints, published, _find_removed_issue_urls(checker.config, gone))
    for path in paths:
        look = looks[path]
        if look.summary is None:
            yield CheckedFile(path, (), (), look.fault)
            continue
        problems = tuple(sorted((*look.problems, *check_cross_issue(look.summary, archive))))
        yield CheckedFile(path, problems, look.budgets, silenced=look.summary.ignored_codes)


def _load_published_sources(home: Home | None, config: Config | None) -> dict[str, str]:
    """The SHA-256 of every source that went out, and the id under which it did."""
    if home is None or config is None:
        return {}
    try:
        known: dict[str, dict[str, str]] = json.loads(home.revisions.read_bytes())
        prefix = f"{config.newsletter.id}/"
        return {one["source"]: name.removeprefix(prefix) for name, one in known.items() if "source" in one}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _find_removed_issue_urls(config: Config | None, ids: Collection[str]) -> dict[str, frozenset[str]]:
    """The addresses on the pages of issues that are out, newest first."""
    found = {}
    for name in sorted(ids, reverse=True)[:_MAX_REMOVED_ISSUES] if config else ():
        assert config
        try:
            date = dt.date.fromisoformat(name)
            page = config.root / config.newsletter.output_path(config.newsletter.issue_url(name, date))
            hrefs = re.findall(r'href="(https?://[^"]+)"', page.read_text("utf-8", "replace"))
        except (OSError, ValueError):
            continue
        found[name] = frozenset(links.canonicalize_url(unescape(href)) for href in hrefs)
    return found


def read_issue_text(path: Path, name: str) -> str:
    """The text of a file. Raises IssueError for one that is none, StorageError for one that cannot be had."""
    from publisher.reader import decode

    try:
        if (size := path.stat().st_size) > MAX_ISSUE_BYTES:
            raise IssueError(f"{name} has {size >> 20} MB, and an issue at most {MAX_ISSUE_BYTES >> 20}")
        return decode(path.read_bytes(), name)
    except OSError as error:
        raise wrap_os_error(f"cannot read {name}", error) from error


def find_issue_links(root: Path, path: str, texts: Mapping[str, str]) -> list[tuple[str, Pos]]:
    """Every link of a file, or of the text that is to be one, and where it stands."""
    from publisher.checks.addresses import find_url_positions
    from publisher.checks.source import SourceText
    from publisher.checks.subject import IssueSource
    from publisher.reader import parse_issue

    text = texts[path] if path in texts else read_issue_text(root / path, path)
    return find_url_positions(IssueSource(parse_issue(text, path), SourceText(text)))


class FixedText(NamedTuple):
    """A text before and after mending, and how many problems are gone."""

    before: str
    after: str
    fixed_count: int


def fix_text(text: str, path: str, codes: Collection[str]) -> FixedText:
    """A text after mending what is safe of some codes."""
    from publisher.checks.fix import apply_fixes
    from publisher.reader import parse_issue

    done = apply_fixes(parse_issue, text, path, codes)
    return FixedText(text, done.text, len(done.fixed))


def replace_text(path: Path, name: str, fix: FixedText) -> None:
    """Write a mended text in the encoding the file has. Raises StorageError when the file is not the text any
    more that was mended, or cannot be written."""
    target = path.resolve()
    try:
        data = target.read_bytes()
    except OSError as error:
        raise wrap_os_error(f"cannot read {name}", error) from error
    if encode_like(fix.before, data) != data:
        raise StorageError(f"{name} was not mended: it has changed, or is not whole text")
    write_if_changed(target, encode_like(fix.after, data))


def encode_like(text: str, original: bytes) -> bytes:
    """A text in the encoding of a file, with the mark it has at its front."""
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if original.startswith(mark):
            return mark + text.encode(name, "replace")
    return text.encode("utf-8", "replace")
