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
from publisher.archive.sources import Found, is_settled
from publisher.build.process_pool import Crew
from publisher.channel import Channel
from publisher.checks.budgets import Budget
from publisher.checks.codes import Edit, Problem
from publisher.checks.cross_issue import Archive, compare
from publisher.checks.summary import Imprint
from publisher.config import Config
from publisher.errors import IssueError, PublisherError, StorageError
from publisher.files import storage_error, write_if_changed
from publisher.model import Pos

_UNMEASURED = ("web", "rss")
"""Channels that have room for anything."""

_LATELY = 8
"""Of so many issues that no file has any more the pages are read."""

LARGEST = 8 << 20
"""The most bytes of an issue, as for `publish`."""

Advance = Callable[[int, int], None]


class Look(NamedTuple):
    """What one file says by itself. `fault` is why it could not be read; then there is no imprint."""

    path: str
    size: int
    mtime: int
    problems: tuple[Problem, ...] = ()
    imprint: Imprint | None = None
    budgets: tuple[Budget, ...] = ()
    fault: PublisherError | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Look:
        """What JSON gives back as a list."""
        look: Any = cls(*row)
        made: Look = look._replace(
            problems=tuple(_problem(*one) for one in look.problems),
            imprint=look.imprint and Imprint.from_row(look.imprint),
            budgets=tuple(Budget._make(one) for one in look.budgets),
        )
        return made

    def as_row(self) -> list[Any]:
        """What JSON can keep of a file that could be read."""
        problems = [(_flat(p.pos), p.code, p.message, p.help, _rows(p.edits)) for p in self.problems]
        return [self.path, self.size, self.mtime, problems, self.imprint, self.budgets]


def _rows(edits: Sequence[Edit]) -> list[tuple[object, str]]:
    return [(_flat(edit.pos), edit.text) for edit in edits]


def _problem(pos: Sequence[int], code: str, message: str, help_: str, edits: Sequence[Any]) -> Problem:
    made = tuple(Edit(Pos(*place), text) for place, text in edits)
    return Problem(Pos(*pos), code, message, help_, made)


def _flat(pos: Pos) -> tuple[int, int, int, int]:
    return pos.line, pos.column, pos.end_line, pos.end_column


@dataclass(frozen=True)
class Inspector:
    """Looks at single files, in any process. Without a configuration nothing is measured."""

    root: Path
    config: Config | None = None

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels whose room is measured."""
        found = self.config.channels if self.config else ()
        return tuple(channel for channel in found if channel.name not in _UNMEASURED)

    def look(self, found: Found) -> Look:
        """What a file says. Never raises."""
        try:
            text = text_of(self.root / found.path, found.path)
        except PublisherError as error:
            return Look(found.path, found.size, 0, fault=error)
        return self.look_at(text, found)

    def look_at(self, text: str, found: Found) -> Look:
        """What the text of a file says."""
        from publisher.checks.budgets import budgets, too_long
        from publisher.checks.check import examine
        from publisher.reader import read

        issue = read(text, found.path)
        problems, imprint = examine(issue, text)
        measured: tuple[Budget, ...] = ()
        if self.config and self.channels:
            measured = tuple(budgets(issue, self.channels, self.config.publication))
            long = too_long(measured, Pos(*imprint.top))
            problems = tuple(sorted((*problems, *(p for p in long if p.code not in imprint.silenced))))
        return Look(*found, problems, imprint, measured)


class Memory:
    """What was seen in files that have not changed since, in `.publisher/cache`."""

    def __init__(self, home: Home | None) -> None:
        self._home = home
        rows: list[Any] = cache.load(self._path, home.key) or [] if home else []
        self._known = {row[0]: row for row in rows}
        self._dirty = False

    @property
    def _path(self) -> Path:
        assert self._home
        return self._home.cache / "checks.json"

    def get(self, found: Found) -> Look | None:
        """What was seen in a file of this size and time."""
        row = self._known.get(found.path)
        return Look.from_row(row) if row and tuple(row[:3]) == found and found.mtime else None

    def put(self, look: Look, seen: int) -> None:
        """Remember what was seen at a time, in nanoseconds."""
        if self._home and is_settled(Found(*look[:3]), seen) and not look.fault:
            self._known[look.path] = look.as_row()
            self._dirty = True

    def save(self, paths: Collection[str]) -> None:
        """Write what is remembered of the files that are there. A cache that cannot be written is none."""
        if self._dirty and self._home:
            rows = [row for path, row in self._known.items() if path in paths]
            try:
                cache.save(self._path, self._home.key, rows)
                self._home.tell_git()
            except StorageError:
                return


class Checked(NamedTuple):
    """A file and all that is wrong with it, in the order of the text. `fault` is why it could not be read."""

    path: str
    problems: tuple[Problem, ...]
    budgets: tuple[Budget, ...] = ()
    fault: PublisherError | None = None
    silenced: tuple[str, ...] = ()


def check_files(
    inspector: Inspector,
    found: Sequence[Found],
    wanted: Collection[str],
    seen: int,
    *,
    texts: Mapping[str, str] | None = None,
    advance: Advance | None = None,
) -> Iterator[Checked]:
    """Check the files `wanted` by path, beside all that were `found` at a time `seen` (nanoseconds).

    `texts` are the contents of files that are not saved yet. `advance` is told how many of how many are read.
    """
    home = Home(inspector.config.root) if inspector.config else None
    memory = Memory(home)
    looks = {one.path: look for one in found if (look := memory.get(one)) is not None}
    unread = [one for one in found if one.path not in looks or one.path in (texts or {})]
    given = texts or {}
    with Crew(inspector) as crew:
        files = [one for one in unread if one.path not in given]
        for done, look in enumerate(crew.do(Inspector.look, files, len(files)), 1):
            looks[look.path] = look
            memory.put(look, seen)
            if advance:
                advance(done, len(files))
    for one in unread:
        if one.path in given:
            looks[one.path] = inspector.look_at(given[one.path], one)
    memory.save({one.path for one in found})
    imprints = [look.imprint for look in looks.values() if look.imprint]
    published = _published(home, inspector.config)
    gone = set(published.values()) - {one.id for one in imprints}
    archive = Archive(imprints, published, _addresses(inspector.config, gone))
    for path in wanted:
        look = looks[path]
        if look.imprint is None:
            yield Checked(path, (), (), look.fault)
            continue
        problems = tuple(sorted((*look.problems, *compare(look.imprint, archive))))
        yield Checked(path, problems, look.budgets, silenced=look.imprint.silenced)


def _published(home: Home | None, config: Config | None) -> dict[str, str]:
    """The SHA-256 of every source that went out, and the id under which it did."""
    if home is None or config is None:
        return {}
    try:
        known: dict[str, dict[str, str]] = json.loads(home.revisions.read_bytes())
        prefix = f"{config.publication.id}/"
        return {one["source"]: name.removeprefix(prefix) for name, one in known.items() if "source" in one}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _addresses(config: Config | None, ids: Collection[str]) -> dict[str, frozenset[str]]:
    """The addresses on the pages of issues that are out, newest first."""
    found = {}
    for name in sorted(ids, reverse=True)[:_LATELY] if config else ():
        assert config
        try:
            date = dt.date.fromisoformat(name)
            page = config.root / config.publication.path(config.publication.address(name, date))
            hrefs = re.findall(r'href="(https?://[^"]+)"', page.read_text("utf-8", "replace"))
        except (OSError, ValueError):
            continue
        found[name] = frozenset(links.canonical(unescape(href)) for href in hrefs)
    return found


def text_of(path: Path, name: str) -> str:
    """The text of a file. Raises IssueError for one that is none, StorageError for one that cannot be had."""
    from publisher.reader import decode

    try:
        if (size := path.stat().st_size) > LARGEST:
            raise IssueError(f"{name} has {size >> 20} MB, and an issue at most {LARGEST >> 20}")
        return decode(path.read_bytes(), name)
    except OSError as error:
        raise storage_error(f"cannot read {name}", error) from error


def links_in(root: Path, path: str, texts: Mapping[str, str]) -> list[tuple[str, Pos]]:
    """Every link of a file, or of the text that is to be one, and where it stands."""
    from publisher.checks.addresses import written
    from publisher.checks.source import Source
    from publisher.checks.subject import Subject
    from publisher.reader import read

    text = texts[path] if path in texts else text_of(root / path, path)
    return written(Subject(read(text, path), Source(text)))


class Change(NamedTuple):
    """A text before and after mending, and how many problems are gone."""

    before: str
    after: str
    fixed: int


def mended(text: str, path: str, codes: Collection[str]) -> Change:
    """A text after mending what is safe of some codes."""
    from publisher.checks.fix import mend
    from publisher.reader import read

    done = mend(read, text, path, codes)
    return Change(text, done.text, len(done.fixed))


def replace_text(path: Path, name: str, change: Change) -> None:
    """Write a mended text in the encoding the file has. Raises StorageError when the file is not the text any
    more that was mended, or cannot be written."""
    target = path.resolve()
    try:
        data = target.read_bytes()
    except OSError as error:
        raise storage_error(f"cannot read {name}", error) from error
    if encoded(change.before, data) != data:
        raise StorageError(f"{name} was not mended: it has changed, or is not whole text")
    write_if_changed(target, encoded(change.after, data))


def encoded(text: str, like: bytes) -> bytes:
    """A text in the encoding of a file, with the mark it has at its front."""
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if like.startswith(mark):
            return mark + text.encode(name, "replace")
    return text.encode("utf-8", "replace")
