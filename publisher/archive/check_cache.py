"""The results of checks that are remembered between runs, by file."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

from collections.abc import Mapping, Set
from contextlib import suppress

import msgspec

from publisher.archive.cache_keys import compute_reading_key, compute_settings_key
from publisher.archive.home import Home
from publisher.archive.records import Record
from publisher.archive.row_file import RowFile
from publisher.archive.sources import SourceFile
from publisher.checks.budgets import Budget
from publisher.checks.codes import Problem
from publisher.checks.summary import IssueSummary
from publisher.config import Config
from publisher.errors import PublisherError, StorageError
from publisher.named_tuple import NamedTuple


class CheckedIssue(NamedTuple):
    """What is known of one file: a row of the cache, and the result of a check.

    `summary` has the SHA-256 of the file; it is None if the file could not be read, and `fault` says why.
    `budgets` are those measured so far, in the order of the configuration, and `measured` has by channel the key of its
    settings then. `is_complete`: all rules were applied, not only those that find errors.
    """

    path: str
    size: int
    mtime: int
    summary: IssueSummary | None = None
    problems: tuple[Problem, ...] = ()
    budgets: tuple[Budget, ...] = ()
    measured: Mapping[str, str] = {}
    fault: PublisherError | None = None
    is_complete: bool = True


class _CheckedFile(msgspec.Struct, array_like=True):
    """The start of a row: the file that was checked."""

    path: str
    size: int
    mtime: int


class ResultCache:
    """Results by path, which `save` stores in `.publisher/cache`. Without a configuration they are in memory only.

    Sizes on a channel whose settings have changed are forgotten.
    """

    def __init__(self, config: Config | None) -> None:
        self._home = config and Home(config.root)
        self._settings: dict[str, str] = {}
        self._file: RowFile[msgspec.Raw] | None = None
        if config:
            self._settings = {channel.name: compute_settings_key(config, channel) for channel in config.channels}
            path = Home(config.root).cache / "checks.json"
            self._file = RowFile(path, compute_reading_key(config), msgspec.Raw)
        self._decoder = msgspec.json.Decoder(CheckedIssue)
        self._start_decoder = msgspec.json.Decoder(_CheckedFile)
        self._results: dict[str, CheckedIssue] = {}

    def get(self, source: SourceFile | Record, *, complete: bool = True) -> CheckedIssue | None:
        """Return the result of a file with this content, or for a SourceFile with this size and mtime; with `complete`
        only that of all rules."""
        result = self._results.get(source.path)
        if result is None:
            row = self._file.rows.get(source.path) if self._file else None
            if row is None or (isinstance(source, SourceFile) and self._is_of_other_file(row, source)):
                return None
            result = self._decoder.decode(row)
            if result.measured != self._settings:
                current = [b for b in result.budgets if result.measured.get(b.channel) == self._settings.get(b.channel)]
                result = result._replace(budgets=tuple(current))
            self._results[source.path] = result
        if isinstance(source, Record):
            is_same = result.summary is not None and result.summary.sha256 == source.sha256
        else:
            is_same = source.mtime != 0 and (result.size, result.mtime) == (source.size, source.mtime)
        return result if is_same and (result.is_complete or not complete) else None

    def _is_of_other_file(self, row: msgspec.Raw, source: SourceFile) -> bool:
        """Return whether a row is not of the file as it is now. A row may have a hundred thousand problems, which take
        six times as long to decode."""
        checked = self._start_decoder.decode(row)
        return (checked.size, checked.mtime) != (source.size, source.mtime)

    def put(self, result: CheckedIssue) -> None:
        """Store a result, with an mtime of 0 if the file may change unnoticed."""
        self._results[result.path] = result
        if self._file and not result.fault:
            with suppress(TypeError, UnicodeEncodeError):  # a name or a report that is not JSON
                row = msgspec.json.encode(result._replace(measured=self._settings))
                self._file.put(result.path, msgspec.Raw(row))

    def save(self, paths: Set[str] | None = None) -> None:
        """Write the results, or only those of `paths`. Write errors are ignored."""
        if self._file and self._home:
            for path in self._file.rows.keys() - paths if paths is not None else ():
                self._file.remove(path)
            if self._file.is_changed:
                with suppress(StorageError):  # without it, the next run checks again
                    self._file.save()
                    self._home.write_gitignore()
