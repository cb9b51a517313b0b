"""Checks an issue before it is published: its text, against earlier issues, and the limits of channels."""

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
"""So many earlier issues are compared with this one; `publish check` compares with all."""

_MAX_LISTED = 3

ParsedTexts = Mapping[str, tuple[str, Issue]]
"""By path: text and document of issues that were just read."""

_ErrorPosition = tuple[int, str]
"""Line and code of an error."""


def require_no_errors(run: RunContext, issue: Record, current: Edition, parsed_texts: ParsedTexts) -> None:
    """Check the issue to publish, and cache the result.

    Raises IssueError if it has errors. With `force` they are reported as a warning and recorded in the
    ledger, so that they do not block the same text again.
    """
    checker = IssueChecker(run, current.issues, parsed_texts)
    errors = checker.find_errors(issue, run.channels)
    if not run.request.dry_run:
        checker.save()
    if not errors:
        return
    from publisher.ledger.calendar import load_forced_issues, record_forced

    name = f"{run.config.newsletter.id}/{issue.id}"
    forced = load_forced_issues(run.ledger).get(name, ()) if run.has_ledger else ()
    if run.request.force:
        if run.is_recorded and not is_forced(errors, issue, forced):
            record_forced(run.ledger, name, issue.sha256, ", ".join(errors), run.now)
        run.warn(f"{_summarize_errors(issue, errors)}; published anyway (--force)")
    elif not is_forced(errors, issue, forced):
        raise build_issue_error(issue, errors, "or publish anyway: --force")


def build_issue_error(issue: Record, errors: Sequence[str], alternative: str = "") -> IssueError:
    """Return the error for an issue with errors.

    `alternative` is a hint what to do instead of fixing them.
    """
    command = f"publish check {shlex.quote(issue.path)}"
    return IssueError(
        _summarize_errors(issue, errors), f"{command} · {alternative}" if alternative else command
    )


def _summarize_errors(issue: Record, errors: Sequence[str]) -> str:
    more = ", …" if len(errors) > _MAX_LISTED else ""
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    return f"{issue.path} has {count}: {', '.join(errors[:_MAX_LISTED])}{more}"


def is_forced(errors: Iterable[str], issue: Record, forced_issues: Iterable[ForcedIssue]) -> bool:
    """Whether a person has forced this revision of the text with all of these errors."""
    accepted = {
        error
        for forced in forced_issues
        if forced.source_digest == issue.sha256
        for error in forced.errors.split(", ")
    }
    return accepted.issuperset(errors)


class _CheckedText(NamedTuple):
    """The check of one text by itself.

    `summary` is what other issues are compared with; `errors` is None if they were not determined; `excess`
    says, by channel, which limit is exceeded (empty if none).
    """

    sha256: str
    summary: IssueSummary
    errors: tuple[_ErrorPosition, ...] | None = None
    excess: Mapping[str, str] = {}

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Return the result of a list read from JSON."""
        from publisher.checks.summary import IssueSummary

        sha256, summary, errors, excess = row
        positions = None if errors is None else tuple((line, code) for line, code in errors)
        return cls(sha256, IssueSummary.from_row(summary), positions, excess)


class IssueChecker:
    """Finds errors in issues, with a cache that `save` writes.

    `issues` are those to compare with, newest first; `parsed_texts` are not read again.
    """

    def __init__(self, run: RunContext, issues: Sequence[Record], parsed_texts: ParsedTexts) -> None:
        self._run = run
        self._issues = issues
        self._parsed_texts = dict(parsed_texts)
        self._path = run.home.cache / "sound.json"
        rows = cache.load_cache(self._path, run.home.cache_key, dict[str, Any]) or {}
        self._cached = {path: _CheckedText.from_row(row) for path, row in rows.items()}
        self._checked: dict[str, _CheckedText] = {}
        self._errors_by_path: dict[str, list[str]] = {}

    def find_errors(self, issue: Record, channels: Iterable[Channel]) -> list[str]:
        """Return the errors that block an issue on these channels, as texts for people.

        Empty for a file that cannot be read: publishing it raises that error.
        """
        try:
            if issue.path not in self._errors_by_path:
                self._errors_by_path[issue.path] = self._find_text_errors(issue)
            excess = self._find_channels_over_limit(issue, channels)
        except PublisherError:
            return []
        return [*self._errors_by_path[issue.path], *(f"too-long for {name}" for name in excess)]

    def _find_text_errors(self, issue: Record) -> list[str]:
        """Find the errors in a text and against earlier issues. Raises IssueError, StorageError."""
        from publisher.checks.cross_issue import IssueIndex, check_cross_issue

        checked = self._check_issue(issue)
        earlier = [record for record in self._issues if record.date < issue.date][:_MAX_COMPARED]
        others = [other.summary for record in earlier if (other := self._summarize_issue(record))]
        index = IssueIndex([checked.summary, *others])
        cross_errors = _locate_errors(check_cross_issue(checked.summary, index))
        return [f"{code} at line {line}" for line, code in sorted({*(checked.errors or ()), *cross_errors})]

    def save(self) -> None:
        """Write the results of the checked issues to the cache."""
        if self._checked != self._cached:
            with suppress(StorageError):  # without it, the next run checks again
                cache.save_cache(self._path, self._run.home.cache_key, self._checked)
                self._run.home.write_gitignore()

    def _check_issue(self, issue: Record) -> _CheckedText:
        """Return the check of an issue with its errors. Raises IssueError, StorageError."""
        checked = self._get_cached(issue)
        if checked is None or checked.errors is None:
            from publisher.checks.check import errors_only

            text, document = self._parse_issue(issue)
            result = errors_only(document, text)
            checked = _CheckedText(issue.sha256, result.summary, tuple(_locate_errors(result.problems)))
        self._checked[issue.path] = checked
        return checked

    def _summarize_issue(self, issue: Record) -> _CheckedText | None:
        """Return the check of an issue whose errors are not needed; None if the file cannot be read."""
        checked = self._get_cached(issue)
        if checked is None:
            from publisher.checks.source import SourceText
            from publisher.checks.subject import IssueSource
            from publisher.checks.summary import IssueSummary

            try:
                text, document = self._parse_issue(issue)
            except PublisherError:
                return None
            checked = _CheckedText(
                issue.sha256, IssueSummary.from_source(IssueSource(document, SourceText(text)))
            )
        self._checked[issue.path] = checked
        return checked

    def _find_channels_over_limit(self, issue: Record, channels: Iterable[Channel]) -> list[str]:
        """Return the channels whose limits are exceeded; none if the issue ignores `too-long`."""
        checked = self._checked[issue.path]
        limited = {channel.name: channel for channel in channels if channel.capabilities.limits}
        unmeasured = [channel for name, channel in limited.items() if name not in checked.excess]
        if unmeasured:
            from publisher.checks.budgets import measure_budgets

            _, document = self._parse_issue(issue)
            budgets = measure_budgets(document, unmeasured, self._run.config.newsletter)
            # a channel that cannot render the issue reports that itself, and does not block others
            excess = {budget.channel: budget.excess if budget.report else "" for budget in budgets}
            checked = checked._replace(excess={**checked.excess, **excess})
            self._checked[issue.path] = checked
        ignored = "too-long" in checked.summary.ignored_codes
        return [name for name in limited if checked.excess[name] and not ignored]

    def _get_cached(self, issue: Record) -> _CheckedText | None:
        checked = self._checked.get(issue.path) or self._cached.get(issue.path)
        return checked if checked and checked.sha256 == issue.sha256 else None

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
