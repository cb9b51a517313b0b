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
from publisher.run import RunContext

if TYPE_CHECKING:
    from publisher.checks.codes import Problem
    from publisher.checks.summary import IssueSummary
    from publisher.ledger.calendar import ForcedIssue

_MAX_COMPARED = 20
"""So many issues before this one are compared with it; `publish check` compares with all."""

_MAX_LISTED = 3

ParsedTexts = Mapping[str, tuple[str, Issue]]
"""By path: texts that were read a moment ago, and what they say."""

_ErrorPosition = tuple[int, str]
"""The line of an error, and its code."""


def require_no_errors(run: RunContext, issue: Record, current: Edition, parsed_texts: ParsedTexts) -> None:
    """Look for errors in the issue to publish, and remember what was seen.

    Raises IssueError when it has some. With `force` they are told by a warning, and the ledger keeps that
    somebody insisted: the same text is not stopped by them again.
    """
    soundness = IssueChecker(run, current.issues, parsed_texts)
    errors = soundness.find_errors(issue, run.channels)
    if not run.request.dry_run:
        soundness.save()
    if not errors:
        return
    from publisher.ledger.calendar import load_forced_issues, record_forced

    name = f"{run.config.newsletter.id}/{issue.id}"
    known = load_forced_issues(run.ledger).get(name, ()) if run.has_ledger else ()
    if run.request.force:
        if run.is_recorded and not is_forced(errors, issue, known):
            record_forced(run.ledger, name, issue.sha256, ", ".join(errors), run.now)
        run.warn(f"{_summarize_errors(issue, errors)}; published all the same (--force)")
    elif not is_forced(errors, issue, known):
        raise build_issue_error(issue, errors, "or go on all the same: --force")


def build_issue_error(issue: Record, errors: Sequence[str], alternative: str = "") -> IssueError:
    """What to tell of an issue with errors; `otherwise` is what can be done but mend them."""
    look = f"publish check {shlex.quote(issue.path)}"
    return IssueError(_summarize_errors(issue, errors), f"{look} · {alternative}" if alternative else look)


def _summarize_errors(issue: Record, errors: Sequence[str]) -> str:
    more = ", …" if len(errors) > _MAX_LISTED else ""
    counted = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    return f"{issue.path} has {counted}: {', '.join(errors[:_MAX_LISTED])}{more}"


def is_forced(errors: Iterable[str], issue: Record, forced_issues: Iterable[ForcedIssue]) -> bool:
    """Whether a person insisted on this very text with all of these errors."""
    accepted = {
        error
        for one in forced_issues
        if one.source_digest == issue.sha256
        for error in one.errors.split(", ")
    }
    return accepted.issuperset(errors)


class _CheckedText(NamedTuple):
    """What a text says by itself: what others are compared with, its errors unless only others were, and by
    channel what is too much for it."""

    sha256: str
    summary: IssueSummary
    errors: tuple[_ErrorPosition, ...] | None = None
    excess: Mapping[str, str] = {}

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """What JSON gives back as a list."""
        from publisher.checks.summary import IssueSummary

        sha256, imprint, errors, excess = row
        places = None if errors is None else tuple((line, code) for line, code in errors)
        return cls(sha256, IssueSummary.from_row(imprint), places, excess)


class IssueChecker:
    """Looks for errors, in each text once: `save` remembers in the cache what was seen. `issues` are those to
    compare with, newest first; `readings` need not be read."""

    def __init__(self, run: RunContext, issues: Sequence[Record], parsed_texts: ParsedTexts) -> None:
        self._run = run
        self._issues = issues
        self._parsed_texts = dict(parsed_texts)
        self._path = run.home.cache / "sound.json"
        rows = cache.load_cache(self._path, run.home.cache_key) or {}
        self._cached = {path: _CheckedText.from_row(row) for path, row in rows.items()}
        self._checked: dict[str, _CheckedText] = {}
        self._errors_by_path: dict[str, list[str]] = {}

    def find_errors(self, issue: Record, channels: Iterable[Channel]) -> list[str]:
        """The errors that keep an issue from these channels, for people. A file that cannot be read has none:
        who publishes it will say so."""
        try:
            if issue.path not in self._errors_by_path:
                self._errors_by_path[issue.path] = self._find_text_errors(issue)
            excess = self._find_channels_over_limit(issue, channels)
        except PublisherError:
            return []
        return [*self._errors_by_path[issue.path], *(f"too-long for {name}" for name in excess)]

    def _find_text_errors(self, issue: Record) -> list[str]:
        """The errors in its text and beside the issues before it. Raises IssueError, StorageError."""
        from publisher.checks.cross_issue import IssueIndex, check_cross_issue

        own = self._check_issue(issue)
        before = [one for one in self._issues if one.date < issue.date][:_MAX_COMPARED]
        others = [seen.summary for one in before if (seen := self._summarize_issue(one))]
        beside = _locate_errors(check_cross_issue(own.summary, IssueIndex([own.summary, *others])))
        return [f"{code} at line {line}" for line, code in sorted({*(own.errors or ()), *beside})]

    def save(self) -> None:
        """Remember the issues that were looked at."""
        if self._checked != self._cached:
            with suppress(StorageError):  # without it, the next run looks again
                cache.save_cache(self._path, self._run.home.cache_key, self._checked)
                self._run.home.write_gitignore()

    def _check_issue(self, issue: Record) -> _CheckedText:
        """An issue with its errors. Raises IssueError, StorageError."""
        seen = self._get_cached(issue)
        if seen is None or seen.errors is None:
            from publisher.checks.check import errors_only

            text, document = self._parse_issue(issue)
            found = errors_only(document, text)
            seen = _CheckedText(issue.sha256, found.summary, tuple(_locate_errors(found.problems)))
        self._checked[issue.path] = seen
        return seen

    def _summarize_issue(self, issue: Record) -> _CheckedText | None:
        """An issue of which only the imprint is of use; None for a file that cannot be read."""
        seen = self._get_cached(issue)
        if seen is None:
            from publisher.checks.source import SourceText
            from publisher.checks.subject import IssueSource
            from publisher.checks.summary import IssueSummary

            try:
                text, document = self._parse_issue(issue)
            except PublisherError:
                return None
            seen = _CheckedText(
                issue.sha256, IssueSummary.from_source(IssueSource(document, SourceText(text)))
            )
        self._checked[issue.path] = seen
        return seen

    def _find_channels_over_limit(self, issue: Record, channels: Iterable[Channel]) -> list[str]:
        """The channels that cannot carry so much, unless the issue wants to hear nothing of it."""
        seen = self._checked[issue.path]
        limited = {channel.name: channel for channel in channels if getattr(channel, "limits", None)}
        unknown = [channel for name, channel in limited.items() if name not in seen.excess]
        if unknown:
            from publisher.checks.budgets import measure_budgets

            _, document = self._parse_issue(issue)
            made = measure_budgets(document, unknown, self._run.config.newsletter)
            # a channel that cannot render it at all says so itself, and stops no other
            excess = {one.channel: one.excess if one.report else "" for one in made}
            seen = seen._replace(excess={**seen.excess, **excess})
            self._checked[issue.path] = seen
        silent = "too-long" in seen.summary.ignored_codes
        return [name for name in limited if seen.excess[name] and not silent]

    def _get_cached(self, issue: Record) -> _CheckedText | None:
        seen = self._checked.get(issue.path) or self._cached.get(issue.path)
        return seen if seen and seen.sha256 == issue.sha256 else None

    def _parse_issue(self, issue: Record) -> tuple[str, Issue]:
        if issue.path not in self._parsed_texts:
            from publisher.checker import read_issue_text
            from publisher.reader import parse_issue

            text = read_issue_text(self._run.config.root / issue.path, issue.path)
            self._parsed_texts[issue.path] = text, parse_issue(text, issue.path)
        return self._parsed_texts[issue.path]


def _locate_errors(problems: Iterable[Problem]) -> Iterable[_ErrorPosition]:
    from publisher.checks.check import select_errors

    return ((problem.pos.line, problem.code) for problem in select_errors(problems))
