"""The check before anything is published: an issue with errors stays here, unless somebody insists."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from publisher.archive import cache
from publisher.archive.records import Edition, Record
from publisher.errors import IssueError, StorageError
from publisher.model import Issue
from publisher.pipeline.run import Run

if TYPE_CHECKING:
    from publisher.checks import Imprint, Problem

_NEIGHBOURS = 20
"""So many issues before this one are compared with it; `publish check` compares with all."""

_LISTED = 3

Readings = Mapping[str, tuple[str, Issue]]
"""By path: texts that were read a moment ago, and what they say."""


def must_be_sound(run: Run, issue: Record, current: Edition, readings: Readings) -> None:
    """Check the issue to publish beside the last ones.

    Raises IssueError when it has errors. With `force` they are told by a warning, and the ledger knows that
    somebody insisted: the same text is not stopped again.
    """
    errors = _errors(run, issue, current, readings)
    if not errors:
        return
    more = ", …" if len(errors) > _LISTED else ""
    counted = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    said = f"{issue.path} has {counted}: {', '.join(errors[:_LISTED])}{more}"
    if run.request.force:
        if run.is_noted:
            run.ledger.insist(issue.id, issue.sha256, ", ".join(errors), run.now)
        run.warn(f"{said}; published all the same (--force)")
    elif not (run.has_ledger and run.ledger.insisted(issue.id, issue.sha256)):
        raise IssueError(said, f"look: publish check {issue.path} · go on all the same: --force")


class _Seen(NamedTuple):
    """What a text says by itself: its errors, and what others are compared with."""

    sha256: str
    errors: tuple[str, ...]
    imprint: Imprint


def _errors(run: Run, issue: Record, current: Edition, readings: Readings) -> list[str]:
    """The errors of an issue, by itself and beside those before it, each its place and code."""
    from publisher.checks import Archive, Imprint, compare

    before = [record for record in current.issues if record.date < issue.date][:_NEIGHBOURS]
    path = run.home.cache / "sound.json"
    rows = cache.load(path, run.home.key) or {}
    known = {name: _Seen(sha, tuple(said), Imprint.from_row(row)) for name, (sha, said, row) in rows.items()}
    seen = {
        record.path: old
        if (old := known.get(record.path)) and old.sha256 == record.sha256
        else _examined(run, record, readings)
        for record in (issue, *before)
    }
    if seen != known and not run.request.dry_run:
        with suppress(StorageError):  # without it, the next run looks again
            cache.save(path, run.home.key, seen)
            run.home.tell_git()
    own = seen[issue.path]
    beside = compare(own.imprint, Archive(one.imprint for one in seen.values()))
    return [*own.errors, *_told(beside)]


def _examined(run: Run, record: Record, readings: Readings) -> _Seen:
    from publisher.checks import examine
    from publisher.pipeline.checking import text_of
    from publisher.reader import read

    if record.path in readings:
        text, document = readings[record.path]
    else:
        text = text_of(run.config.root / record.path, record.path)
        document = read(text, record.path)
    found = examine(document, text)
    return _Seen(record.sha256, tuple(_told(found.problems)), found.imprint)


def _told(problems: tuple[Problem, ...]) -> list[str]:
    from publisher.checks import Severity

    errors = (problem for problem in problems if problem.severity is Severity.ERROR)
    return [f"{problem.pos.line}:{problem.pos.column} {problem.code}" for problem in errors]
