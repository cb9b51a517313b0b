"""Checks issue files: each by itself and against the others, with a cache of the results."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

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
"""Channels without limits."""

_MAX_REMOVED_ISSUES = 8
"""Pages of so many issues whose file was deleted are read for their links."""

MAX_ISSUE_BYTES = 8 << 20
"""Size limit of an issue in bytes, as for `publish`."""

ProgressHandler = Callable[[int, int], None]


class FileResult(NamedTuple):
    """The check of one file by itself. `fault` is why it could not be read; then there is no summary."""

    path: str
    size: int
    mtime: int
    problems: tuple[Problem, ...] = ()
    summary: IssueSummary | None = None
    budgets: tuple[Budget, ...] = ()
    fault: PublisherError | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> FileResult:
        """Return the result of a list read from JSON."""
        raw: Any = cls(*row)
        result: FileResult = raw._replace(
            problems=tuple(_problem_from_row(*problem) for problem in raw.problems),
            summary=raw.summary and IssueSummary.from_row(raw.summary),
            budgets=tuple(Budget._make(budget) for budget in raw.budgets),
        )
        return result

    def as_row(self) -> list[Any]:
        """Return the result of a readable file as a list for JSON."""
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
    parsed_edits = tuple(Edit(Pos(*edit_pos), text) for edit_pos, text in edits)
    return Problem(Pos(*pos), code, message, help_, parsed_edits)


def _position_to_row(pos: Pos) -> tuple[int, int, int, int]:
    return pos.line, pos.column, pos.end_line, pos.end_column


class FileChecker(Struct, frozen=True):
    """Checks single files, in any process. Without a configuration, limits of channels are not checked."""

    root: Path
    config: Config | None = None

    @property
    def measured_channels(self) -> tuple[Channel, ...]:
        """The channels whose limits are checked."""
        channels = self.config.channels if self.config else ()
        return tuple(channel for channel in channels if channel.name not in _UNLIMITED_CHANNELS)

    def check(self, source: SourceFile) -> FileResult:
        """Check a file. Never raises."""
        try:
            text = read_issue_text(self.root / source.path, source.path)
        except PublisherError as error:
            return FileResult(source.path, source.size, 0, fault=error)
        return self.check_text(text, source)

    def check_text(self, text: str, source: SourceFile) -> FileResult:
        """Check the text of a file."""
        from publisher.checks.budgets import check_budgets, measure_budgets
        from publisher.checks.check import check_single_issue
        from publisher.reader import parse_issue

        issue = parse_issue(text, source.path)
        problems, summary = check_single_issue(issue, text)
        budgets: tuple[Budget, ...] = ()
        if self.config and self.measured_channels:
            budgets = tuple(measure_budgets(issue, self.measured_channels, self.config.newsletter))
            exceeded = check_budgets(budgets, Pos(*summary.title_position))
            problems = tuple(
                sorted((*problems, *(p for p in exceeded if p.code not in summary.ignored_codes)))
            )
        return FileResult(*source, problems, summary, budgets)


class ResultCache:
    """Results of files that have not changed since, stored in `.publisher/cache`."""

    def __init__(self, home: Home | None) -> None:
        self._home = home
        rows: list[Any] = cache.load_cache(self._path, home.cache_key, list[Any]) or [] if home else []
        self._rows = {row[0]: row for row in rows}
        self._dirty = False

    @property
    def _path(self) -> Path:
        assert self._home
        return self._home.cache / "checks.json"

    def get(self, source: SourceFile) -> FileResult | None:
        """Return the result of a file of this size and mtime; None if there is none."""
        row = self._rows.get(source.path)
        return FileResult.from_row(row) if row and tuple(row[:3]) == source and source.mtime else None

    def put(self, result: FileResult, scanned_at: int) -> None:
        """Store a result. `scanned_at`: when the file was found, in nanoseconds."""
        if self._home and is_mtime_reliable(SourceFile(*result[:3]), scanned_at) and not result.fault:
            self._rows[result.path] = result.as_row()
            self._dirty = True

    def save(self, paths: Collection[str]) -> None:
        """Write the results of the existing files. Write errors are ignored."""
        if self._dirty and self._home:
            rows = [row for path, row in self._rows.items() if path in paths]
            try:
                cache.save_cache(self._path, self._home.cache_key, rows)
                self._home.write_gitignore()
            except StorageError:
                return


class CheckedFile(NamedTuple):
    """A file and its problems, in the order of the text. `fault` is why it could not be read."""

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
    """Check the files `paths`, each also against all `sources`.

    `scanned_at`: when the sources were found, in nanoseconds. `texts`: by path, contents of files that are
    not saved yet. `on_progress` is called with the number of files read and their total.
    """
    home = Home(checker.config.root) if checker.config else None
    cached = ResultCache(home)
    unsaved = texts or {}
    results = {source.path: hit for source in sources if (hit := cached.get(source)) is not None}
    unread = [source for source in sources if source.path not in results or source.path in unsaved]
    with ProcessPool(checker) as pool:
        files = [source for source in unread if source.path not in unsaved]
        for done, result in enumerate(pool.map_unordered(FileChecker.check, files, len(files)), 1):
            results[result.path] = result
            cached.put(result, scanned_at)
            if on_progress:
                on_progress(done, len(files))
    for source in unread:
        if source.path in unsaved:
            results[source.path] = checker.check_text(unsaved[source.path], source)
    cached.save({source.path for source in sources})
    summaries = [result.summary for result in results.values() if result.summary]
    published = _load_published_sources(home, checker.config)
    removed = set(published.values()) - {summary.id for summary in summaries}
    index = IssueIndex(summaries, published, _find_removed_issue_urls(checker.config, removed))
    for path in paths:
        result = results[path]
        if result.summary is None:
            yield CheckedFile(path, (), (), result.fault)
            continue
        problems = tuple(sorted((*result.problems, *check_cross_issue(result.summary, index))))
        yield CheckedFile(path, problems, result.budgets, silenced=result.summary.ignored_codes)


def _load_published_sources(home: Home | None, config: Config | None) -> dict[str, str]:
    """Return the IDs of published issues, by the SHA-256 of their source."""
    if home is None or config is None:
        return {}
    try:
        revisions: dict[str, dict[str, str]] = json.loads(home.revisions.read_bytes())
        prefix = f"{config.newsletter.id}/"
        return {
            revision["source"]: name.removeprefix(prefix)
            for name, revision in revisions.items()
            if "source" in revision
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _find_removed_issue_urls(config: Config | None, ids: Collection[str]) -> dict[str, frozenset[str]]:
    """Return the canonical URLs on the pages of removed issues, by ID, for the newest of them."""
    urls = {}
    for issue in sorted(ids, reverse=True)[:_MAX_REMOVED_ISSUES] if config else ():
        assert config
        try:
            date = dt.date.fromisoformat(issue)
            page = config.root / config.newsletter.output_path(config.newsletter.issue_url(issue, date))
            hrefs = re.findall(r'href="(https?://[^"]+)"', page.read_text("utf-8", "replace"))
        except (OSError, ValueError):
            continue
        urls[issue] = frozenset(links.canonicalize_url(unescape(href)) for href in hrefs)
    return urls


def read_issue_text(path: Path, name: str) -> str:
    """Return the text of a file.

    Raises IssueError if it is too large or not text, StorageError if unreadable.
    """
    from publisher.reader import decode

    try:
        if (size := path.stat().st_size) > MAX_ISSUE_BYTES:
            raise IssueError(f"{name} has {size >> 20} MB; the limit is {MAX_ISSUE_BYTES >> 20} MB")
        return decode(path.read_bytes(), name)
    except OSError as error:
        raise wrap_os_error(f"cannot read {name}", error) from error


def find_issue_links(root: Path, path: str, texts: Mapping[str, str]) -> list[tuple[str, Pos]]:
    """Return every URL and its position in a file, or in its text in `texts` that is not saved yet."""
    from publisher.checks.addresses import find_url_positions
    from publisher.checks.source import SourceText
    from publisher.checks.subject import IssueSource
    from publisher.reader import parse_issue

    text = texts[path] if path in texts else read_issue_text(root / path, path)
    return find_url_positions(IssueSource(parse_issue(text, path), SourceText(text)))


class FixedText(NamedTuple):
    """A text before and after fixing, and the number of problems fixed."""

    before: str
    after: str
    fixed_count: int


def fix_text(text: str, path: str, codes: Collection[str]) -> FixedText:
    """Fix the problems of these codes in a text, where that is safe."""
    from publisher.checks.fix import apply_fixes
    from publisher.reader import parse_issue

    result = apply_fixes(parse_issue, text, path, codes)
    return FixedText(text, result.text, len(result.fixed))


def replace_text(path: Path, name: str, fix: FixedText) -> None:
    """Write a fixed text in the encoding of the file.

    Raises StorageError if the file has changed since it was read, or cannot be written.
    """
    target = path.resolve()
    try:
        data = target.read_bytes()
    except OSError as error:
        raise wrap_os_error(f"cannot read {name}", error) from error
    if encode_like(fix.before, data) != data:
        raise StorageError(f"{name} was not fixed: the file has changed or is not valid text")
    write_if_changed(target, encode_like(fix.after, data))


def encode_like(text: str, original: bytes) -> bytes:
    """Encode a text like the file `original`, with its byte order mark if it has one."""
    for bom, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if original.startswith(bom):
            return bom + text.encode(encoding, "replace")
    return text.encode("utf-8", "replace")
