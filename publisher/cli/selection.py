"""Which files a check is about: named one by one, by folder or by date, or all of a newsletter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from publisher.errors import ConfigError
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.archive.sources import SourceFile
    from publisher.config import Config


class CheckScope(NamedTuple):
    """What is told, and where."""

    codes: frozenset[str]
    config: Config | None
    now: dt.datetime

    @property
    def root(self) -> Path:
        """The folder that paths are below."""
        return self.config.root if self.config else Path.cwd()


def load_current_config() -> Config | None:
    """The newsletter's configuration; outside of a newsletter, files are checked as they are."""
    from publisher import config, registry

    try:
        path = find_config(Path.cwd())
    except ConfigError:
        return None
    return config.load_config(path, registry.load_channel)


def select_files(job: CheckScope, words: Sequence[str]) -> tuple[list[SourceFile], list[str]]:
    """Every file that is there, and the paths of those that are asked for."""
    from publisher.archive.sources import scan, stat_files

    found = {one.path: one for one in scan(job.root, job.config.issues)} if job.config else {}
    if not words:
        if not job.config:
            raise ConfigError("no issue is named, and there is no newsletter here", "publish check FILE…")
        return list(found.values()), list(found)
    wanted: dict[str, None] = {}
    for word in words:
        wanted |= dict.fromkeys(_resolve_file_argument(job, word, found))
    found |= {one.path: one for one in stat_files(job.root, [path for path in wanted if path not in found])}
    return list(found.values()), list(wanted)


def _resolve_file_argument(job: CheckScope, word: str, found: dict[str, SourceFile]) -> list[str]:
    """The paths a word means: a file, the Markdown files of a folder, or the issues of a date."""
    path = Path.cwd() / word
    if path.is_dir():
        if inside := [relative_to_root(job, one) for one in sorted(path.rglob("*.md")) if one.is_file()]:
            return inside
        raise ConfigError(f"there is no issue in the folder {word}", "an issue is a file that ends in .md")
    if path.is_file():
        return [relative_to_root(job, path)]
    names = {one: (one.rpartition("/")[2].rpartition(".")[0], one.rpartition("/")[2]) for one in found}
    if named := [one for one, known in names.items() if word in known]:
        return named
    from publisher.errors import find_nearest

    near = find_nearest(word, [stem for stem, _ in names.values()])
    raise ConfigError(
        f"there is no issue {word}", f"did you mean {near}?" if near else "name one by its file or date"
    )


def relative_to_root(job: CheckScope, path: Path) -> str:
    """The path below the root where it can be, else as it is."""
    resolved, root = path.resolve(), job.root.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(path)


def read_source_lines(job: CheckScope, path: str, texts: Mapping[str, str]) -> list[str]:
    """The lines of a file, or of the text that is to be one."""
    from publisher.checker import read_issue_text
    from publisher.checks.source import SourceText

    text = texts[path] if path in texts else read_issue_text(job.root / path, path)
    return SourceText(text).lines


def display_path(job: CheckScope, path: str) -> str:
    """A path as a terminal and an editor find it from here."""
    whole, here = job.root / path, Path.cwd()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else path
