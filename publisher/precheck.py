"""What stops an issue: errors in its text, beside the issues before it, or for want of room on a channel."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from publisher.archive import cache
from publisher.archive.records import Edition, Record
from publisher.channel import Channel
from publisher.errors import IssueError, PublisherError, StorageError
from publisher.model import Issue
from publisher.run import Run

if TYPE_CHECKING:
    from publisher.checks.codes import Problem
    from publisher.checks.summary import Imprint
    from publisher.ledger.calendar import Insistence

_NEIGHBOURS = 20
"""So many issues before this one are compared with it; `publish check` compares with all."""

_LISTED = 3

Readings = Mapping[str, tuple[str, Issue]]
"""By path: texts that were read a moment ago, and what they say."""

_Place = tuple[int, str]
"""The line of an error, and its code."""


def must_be_sound(run: Run, issue: Record, current: Edition, readings: Readings) -> None:
    """Look for errors in the issue to publish, and remember what was seen.

    Raises IssueError when it has some. With `force` they are told by a warning, and the ledger keeps that
    somebody insisted: the same text is not stopped by them again.
    """
    soundness = Soundness(run, current.issues, readings)
    errors = soundness.errors(issue, run.channels)
    if not run.request.dry_run:
        soundness.save()
    if not errors:
        return
    from publisher.ledger.calendar import insist, insistences

    name = f"{run.config.publication.id}/{issue.id}"
    known = insistences(run.ledger).get(name, ()) if run.has_ledger else ()
    if run.request.force:
        if run.is_noted and not are_accepted(errors, issue, known):
            insist(run.ledger, name, issue.sha256, ", ".join(errors), run.now)
        run.warn(f"{_said(issue, errors)}; published all the same (--force)")
    elif not are_accepted(errors, issue, known):
        raise fault_of(issue, errors, "or go on all the same: --force")


def fault_of(issue: Record, errors: Sequence[str], otherwise: str = "") -> IssueError:
    """What to tell of an issue with errors; `otherwise` is what can be done but mend them."""
    look = f"publish check {shlex.quote(issue.path)}"
    return IssueError(_said(issue, errors), f"{look} · {otherwise}" if otherwise else look)


def _said(issue: Record, errors: Sequence[str]) -> str:
    more = ", …" if len(errors) > _LISTED else ""
    counted = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    return f"{issue.path} has {counted}: {', '.join(errors[:_LISTED])}{more}"


def are_accepted(errors: Iterable[str], issue: Record, known: Iterable[Insistence]) -> bool:
    """Whether a person insisted on this very text with all of these errors."""
    accepted = {error for one in known if one.source == issue.sha256 for error in one.errors.split(", ")}
    return accepted.issuperset(errors)


class _Seen(NamedTuple):
    """What a text says by itself: what others are compared with, its errors unless only others were, and by
    channel what is too much for it."""

    sha256: str
    imprint: Imprint
    errors: tuple[_Place, ...] | None = None
    excess: Mapping[str, str] = {}

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """What JSON gives back as a list."""
        from publisher.checks.summary import Imprint

        sha256, imprint, errors, excess = row
        places = None if errors is None else tuple((line, code) for line, code in errors)
        return cls(sha256, Imprint.from_row(imprint), places, excess)


class Soundness:
    """Looks for errors, in each text once: `save` remembers in the cache what was seen. `issues` are those to
    compare with, newest first; `readings` need not be read."""

    def __init__(self, run: Run, issues: Sequence[Record], readings: Readings) -> None:
        self._run = run
        self._issues = issues
        self._readings = dict(readings)
        self._path = run.home.cache / "sound.json"
        rows = cache.load(self._path, run.home.key) or {}
        self._known = {path: _Seen.from_row(row) for path, row in rows.items()}
        self._found: dict[str, _Seen] = {}
        self._told: dict[str, list[str]] = {}

    def errors(self, issue: Record, channels: Iterable[Channel]) -> list[str]:
        """The errors that keep an issue from these channels, for people. A file that cannot be read has none:
        who publishes it will say so."""
        try:
            if issue.path not in self._told:
                self._told[issue.path] = self._in_text(issue)
            excess = self._measured(issue, channels)
        except PublisherError:
            return []
        return [*self._told[issue.path], *(f"too-long for {name}" for name in excess)]

    def _in_text(self, issue: Record) -> list[str]:
        """The errors in its text and beside the issues before it. Raises IssueError, StorageError."""
        from publisher.checks.cross_issue import Archive, compare

        own = self._examined(issue)
        before = [one for one in self._issues if one.date < issue.date][:_NEIGHBOURS]
        others = [seen.imprint for one in before if (seen := self._compared(one))]
        beside = _places(compare(own.imprint, Archive([own.imprint, *others])))
        return [f"{code} at line {line}" for line, code in sorted({*(own.errors or ()), *beside})]

    def save(self) -> None:
        """Remember the issues that were looked at."""
        if self._found != self._known:
            with suppress(StorageError):  # without it, the next run looks again
                cache.save(self._path, self._run.home.key, self._found)
                self._run.home.tell_git()

    def _examined(self, issue: Record) -> _Seen:
        """An issue with its errors. Raises IssueError, StorageError."""
        seen = self._remembered(issue)
        if seen is None or seen.errors is None:
            from publisher.checks.check import grave

            text, document = self._reading(issue)
            found = grave(document, text)
            seen = _Seen(issue.sha256, found.imprint, tuple(_places(found.problems)))
        self._found[issue.path] = seen
        return seen

    def _compared(self, issue: Record) -> _Seen | None:
        """An issue of which only the imprint is of use; None for a file that cannot be read."""
        seen = self._remembered(issue)
        if seen is None:
            from publisher.checks.source import Source
            from publisher.checks.subject import Subject
            from publisher.checks.summary import Imprint

            try:
                text, document = self._reading(issue)
            except PublisherError:
                return None
            seen = _Seen(issue.sha256, Imprint.of(Subject(document, Source(text))))
        self._found[issue.path] = seen
        return seen

    def _measured(self, issue: Record, channels: Iterable[Channel]) -> list[str]:
        """The channels that cannot carry so much, unless the issue wants to hear nothing of it."""
        seen = self._found[issue.path]
        limited = {channel.name: channel for channel in channels if getattr(channel, "limits", None)}
        unknown = [channel for name, channel in limited.items() if name not in seen.excess]
        if unknown:
            from publisher.checks.budgets import budgets

            _, document = self._reading(issue)
            made = budgets(document, unknown, self._run.config.publication)
            # a channel that cannot render it at all says so itself, and stops no other
            excess = {one.channel: one.excess if one.report else "" for one in made}
            seen = seen._replace(excess={**seen.excess, **excess})
            self._found[issue.path] = seen
        silent = "too-long" in seen.imprint.silenced
        return [name for name in limited if seen.excess[name] and not silent]

    def _remembered(self, issue: Record) -> _Seen | None:
        seen = self._found.get(issue.path) or self._known.get(issue.path)
        return seen if seen and seen.sha256 == issue.sha256 else None

    def _reading(self, issue: Record) -> tuple[str, Issue]:
        if issue.path not in self._readings:
            from publisher.checker import text_of
            from publisher.reader import read

            text = text_of(self._run.config.root / issue.path, issue.path)
            self._readings[issue.path] = text, read(text, issue.path)
        return self._readings[issue.path]


def _places(problems: Iterable[Problem]) -> Iterable[_Place]:
    from publisher.checks.check import errors

    return ((problem.pos.line, problem.code) for problem in errors(problems))
