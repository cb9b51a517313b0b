"""Selects the files to check: by folder or as `find_issue` does, or all issues of the newsletter."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple
from publisher.project import NoNewsletterError, find_config

if TYPE_CHECKING:
    from publisher.archive.records import Record
    from publisher.archive.sources import SourceFile
    from publisher.config import CheckRules, Config


class CheckScope(NamedTuple):
    """Which codes are reported, and the newsletter they are checked in, if any."""

    codes: frozenset[str]
    config: Config | None
    now: dt.datetime

    @property
    def rules(self) -> CheckRules:
        """The rules for the problems: only `codes`, and the errors of publisher.toml."""
        from publisher.checks.codes import CODES
        from publisher.config import CheckRules

        errors = self.config.checks.errors if self.config else frozenset()
        return CheckRules(frozenset(CODES) - self.codes, errors)

    @property
    def root(self) -> Path:
        """The folder that reported paths are relative to."""
        return self.config.root if self.config else Path.cwd()


def load_current_config() -> Config | None:
    """Return the configuration of the newsletter here; None outside of one, where checks work without it."""
    from publisher import config, registry

    try:
        path = find_config(Path.cwd())
    except NoNewsletterError:
        return None
    return config.load_config(path, registry.load_channel)


def select_files(scope: CheckScope, arguments: Sequence[str]) -> tuple[list[SourceFile], list[str]]:
    """Return all source files, and the paths of the ones to check."""
    from publisher.archive.sources import scan_issues, stat_files

    files = {file.path: file for file in scan_issues(scope.root, scope.config.issues)} if scope.config else {}
    if not arguments:
        if not scope.config:
            raise ConfigError("no issue given, and no newsletter here", "publish check FILE…")
        if not files:
            from publisher.build.sources import build_no_issues_error

            raise build_no_issues_error(scope.config)
        return list(files.values()), list(files)
    paths: dict[str, None] = {}
    find_named = _find_named(scope)
    for argument in arguments:
        paths |= dict.fromkeys(_resolve_file_argument(scope, argument, files, find_named))
    unlisted = stat_files(scope.root, [path for path in paths if path not in files])
    files |= {file.path: file for file in unlisted}
    return list(files.values()), list(paths)


def _resolve_file_argument(
    scope: CheckScope, argument: str, files: dict[str, SourceFile], find_named: Callable[[str], str]
) -> list[str]:
    """Return the paths for an argument: a file, the Markdown files of a folder, or an issue of the newsletter."""
    path = Path.cwd() / argument
    if path.is_dir():
        if found := [file for file in sorted(path.rglob("*.md")) if file.is_file()]:
            return [_find_path(scope, file, files) for file in found]
        message = f"there is no issue in the folder {argument}"
        raise ConfigError(message, "the file name of an issue ends in .md")
    if path.is_file() or _find_path(scope, path, files) in files:
        return [_find_path(scope, path, files)]
    return [find_named(argument)]


def _find_named(scope: CheckScope) -> Callable[[str], str]:
    """Return a function that returns the path of the issue with a name. It reads the issues once."""

    @cache
    def open_newsletter() -> tuple[Mapping[str, Record], dt.date]:
        from publisher.calendar.calendar import read_records
        from publisher.run import RunContext
        from publisher.theme import Theme

        assert scope.config
        with closing(RunContext.open(scope.config, Theme.load(scope.config.templates), scope.now)) as run:
            return read_records(run), run.now.date()

    def find(word: str) -> str:
        from publisher.archive.naming import find_issue

        if not scope.config:
            raise ConfigError(f"there is no issue {word}", "outside of a newsletter, give its file")
        return find_issue(word, *open_newsletter()).path

    return find


def _find_path(scope: CheckScope, path: Path, files: Collection[str]) -> str:
    """Return the path of an issue as the newsletter knows it, or else as `relative_to_root` does.

    A link to a file that may not be published keeps its own path, with which it is reported.
    """
    own, root = Path(os.path.abspath(path)), scope.root.resolve()  # noqa: PTH100 - Path.absolute keeps `..`
    name = own.relative_to(root).as_posix() if own.is_relative_to(root) else ""
    return name if name in files else relative_to_root(scope, path)


def relative_to_root(scope: CheckScope, path: Path) -> str:
    """Return the path relative to the root if it is below it, else the path as given."""
    resolved, root = Path(os.path.realpath(path)), scope.root.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(path)


def read_source_lines(scope: CheckScope, path: str, texts: Mapping[str, str]) -> list[str]:
    """Return the lines of a file, or of the text in `texts` that replaces it."""
    from publisher.checker import read_issue_text
    from publisher.checks.source import SourceText

    text = texts[path] if path in texts else read_issue_text(scope.root, path, scope.config)
    return SourceText(text).lines


def display_path(scope: CheckScope, path: str) -> str:
    """Return a path relative to the current folder, so that terminals and editors can open it."""
    # for each of many issues, and a Path takes twenty times as long
    absolute, current = os.path.join(scope.root, path), os.path.join(Path.cwd(), "")  # noqa: PTH118
    return absolute.removeprefix(current).replace(os.sep, "/") if absolute.startswith(current) else path
