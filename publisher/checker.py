"""Checks issues, each by itself and against the others, with one cache for all commands.

`publish check` reports all problems of many files; `publish` and the calendar ask for the errors of one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from publisher import links
from publisher.archive.check_cache import CheckedIssue, ResultCache
from publisher.archive.home import Home
from publisher.archive.records import Edition, Record
from publisher.archive.revisions import Revisions
from publisher.archive.sources import SourceFile, is_mtime_reliable
from publisher.build.address_conflicts import find_address_conflicts
from publisher.build.issue_links import IssueLinks, find_link_problems
from publisher.build.process_pool import ProcessPool
from publisher.channel import Channel, Rendering
from publisher.checks.budgets import Budget, check_budgets, measure_budgets, measure_rendering
from publisher.checks.codes import CODES, Problem, Severity
from publisher.checks.cross_issue import IssueIndex, check_cross_issue
from publisher.checks.summary import IssueSummary
from publisher.config import Config
from publisher.errors import DeliveryError, IssueError, PublisherError, StorageError
from publisher.file_kinds import ISSUE
from publisher.images import build_page_url, find_image_problems
from publisher.local_files import MISSING, FileAccess, Refusal, read_regular_file
from publisher.model import Issue

if TYPE_CHECKING:
    from publisher.ledger.calendar import ForcedIssue
    from publisher.run import RunContext

_UNLIMITED_CHANNELS = ("web", "rss")
"""Channels without limits."""

_MAX_COMPARED = 20
"""So many earlier issues are compared with one to publish; `publish check` compares with all."""

_MAX_REMOVED_ISSUES = 8
"""Pages of so many issues whose file was deleted are read for their links."""

_MAX_LISTED = 3

ParsedTexts = Mapping[str, tuple[str, Issue]]
"""By path: text and document of issues that were just read."""

ProgressHandler = Callable[[int, int], None]


class FileChecker(msgspec.Struct, frozen=True, dict=True):
    """Checks single files, in any process. Without a configuration, limits of channels are not checked."""

    root: Path
    config: Config | None = None

    @cached_property
    def files(self) -> FileAccess:
        """The files of the newsletter that may be published."""
        return FileAccess(self.root, self.config.private_files if self.config else ())

    @cached_property
    def measured_channels(self) -> tuple[Channel, ...]:
        """The channels whose limits are checked."""
        channels = self.config.channels if self.config else ()
        return tuple(channel for channel in channels if channel.name not in _UNLIMITED_CHANNELS)

    def check(self, source: SourceFile) -> CheckedIssue:
        """Check a file and measure it on all channels. Never raises."""
        try:
            data = self.read_bytes(source.path)
            from publisher.reader import decode  # slow to import, and not needed to refuse a file

            text = decode(data, source.path)
        except PublisherError as error:
            return CheckedIssue(*source, fault=error)
        return self.check_text(text, source, hashlib.sha256(data).hexdigest())

    def read_bytes(self, path: str) -> bytes:
        """Return the bytes of an issue. Raises IssueError and StorageError like `read_issue_text`."""
        if self.config is None or Path(path).is_absolute():  # a file that the editor named, and that is not published
            found = read_regular_file(self.root / path, ISSUE)
        else:
            found = self.files.read(path, ISSUE)
        if isinstance(found, Refusal):
            kind = StorageError if found.code == MISSING.code else IssueError
            raise kind(f"{path} {found.reason}", found.help)
        return found

    def check_text(self, text: str, source: SourceFile, sha256: str = "") -> CheckedIssue:
        """Check a text and measure it on all channels. `sha256` is that of the file if it has this text."""
        from publisher.reader import parse_issue

        issue = parse_issue(text, source.path, _find_date(self.config, source.path))
        return self.measure(check_parsed(text, issue, source, sha256), issue, self.measured_channels)

    def find_image_problems(self, summary: IssueSummary) -> Iterator[Problem]:
        """Yield the problems of image files as they are now, which the text and its cached result do not show."""
        if self.config and summary.images:
            yield from find_image_problems(summary, self.config.newsletter, self.files)

    def find_link_problems(self, summary: IssueSummary, known: IssueLinks | None) -> Iterator[Problem]:
        """Yield the problems of relative links, which depend on the other issues and files as they are now."""
        if self.config and known and summary.links:
            yield from find_link_problems(summary, known, self.config.newsletter, self.files)

    def measure(self, result: CheckedIssue, issue: Issue, channels: Iterable[Channel]) -> CheckedIssue:
        """Return the result with the sizes on these channels added."""
        budgets = {budget.channel: budget for budget in result.budgets}
        missing = [channel for channel in channels if channel.name not in budgets]
        if missing and self.config:
            for budget in measure_budgets(issue, missing, self.config.newsletter):
                budgets[budget.channel] = budget
        order = [channel.name for channel in self.measured_channels]
        return result._replace(budgets=tuple(budgets[name] for name in order if name in budgets))


def check_parsed(
    text: str, issue: Issue, source: SourceFile, sha256: str = "", *, complete: bool = True
) -> CheckedIssue:
    """Check a text that was parsed, by itself: by all rules, or by those that find errors. `sha256` is that of the file
    if it has this text."""
    if complete:
        from publisher.checks.check import check_single_issue  # slow to import, and not needed to publish

        problems, summary = check_single_issue(issue, text)
    else:
        from publisher.checks.blocking import apply_rules

        problems, summary = apply_rules(issue, text)
    summary = summary._replace(sha256=sha256 or summary.sha256)
    return CheckedIssue(*source, summary, problems, is_complete=complete)


def check_files(
    checker: FileChecker,
    sources: Sequence[SourceFile],
    paths: Collection[str],
    scanned_at: int,
    *,
    texts: Mapping[str, str] | None = None,
    on_progress: ProgressHandler | None = None,
) -> Iterator[CheckedIssue]:
    """Check the files `paths`, each also against all `sources`. The problems are in the order of the text.

    `scanned_at`: when the sources were found, in nanoseconds. `texts`: by path, contents of files that are
    not saved yet. `on_progress` is called with the number of files read and their total.
    """
    cached = ResultCache(checker.config)
    results: dict[str, CheckedIssue] = {}
    unread = []
    for source in sources:
        if texts and source.path in texts:
            results[source.path] = checker.check_text(texts[source.path], source)
        elif (hit := cached.get(source)) and len(hit.budgets) == len(checker.measured_channels):
            results[source.path] = hit
        else:
            unread.append(source if is_mtime_reliable(source, scanned_at) else source._replace(mtime=0))
    with ProcessPool(checker) as pool:
        for done, result in enumerate(pool.map_unordered(FileChecker.check, unread, len(unread)), 1):
            results[result.path] = result
            cached.put(result)
            if on_progress:
                on_progress(done, len(unread))
    cached.save({source.path for source in sources})
    summaries = [result.summary for result in results.values() if result.summary]
    index = build_issue_index(summaries, checker.config)
    known = _build_links(summaries, checker.config)
    conflicts = find_address_conflicts(summaries, checker.config)
    for result in map(results.__getitem__, paths):
        if summary := result.summary:
            files = (*checker.find_image_problems(summary), *checker.find_link_problems(summary, known))
            found = (*check_cross_issue(summary, index), *check_budgets(result.budgets, summary), *files)
            found += conflicts.get(result.path, ())
            yield result._replace(problems=tuple(sorted((*result.problems, *found))))
        else:
            yield result


def build_issue_index(summaries: Collection[IssueSummary], config: Config | None) -> IssueIndex:
    """Return the issues to compare with, and what was published under ids that no file has any more."""
    if config is None:
        return IssueIndex(summaries)
    newsletter = config.newsletter
    published = Revisions(Home(config.root).revisions).published_sources(newsletter.id)
    removed_ids = set(published.values()) - {summary.id for summary in summaries}
    removed = {}
    for id_ in sorted(removed_ids, reverse=True)[:_MAX_REMOVED_ISSUES]:
        with suppress(OSError, ValueError):
            url = newsletter.issue_url(id_, dt.date.fromisoformat(id_))
            page = (config.root / newsletter.output_path(url)).read_text("utf-8", "replace")
            hrefs = re.findall(r'href="(https?://[^"]+)"', page)
            removed[id_] = frozenset(links.build_link_key(unescape(href)) for href in hrefs)
    return IssueIndex(summaries, published, removed)


def _build_links(summaries: Sequence[IssueSummary], config: Config | None) -> IssueLinks | None:
    """Return the issues that relative links may lead to; None without such links, as in most newsletters."""
    if config is None or not any(summary.links for summary in summaries):
        return None
    pages = {summary.path: build_page_url(summary, config.newsletter) for summary in summaries}
    return IssueLinks(config.newsletter, pages)


class IssueChecker:
    """Finds errors that keep issues from being published, with the cache, which `save` writes.

    `issues` are those to compare with, newest first; `parsed_texts` are not read again.
    """

    def __init__(self, run: RunContext, issues: Sequence[Record], parsed_texts: ParsedTexts) -> None:
        self._checker = FileChecker(run.config.root, run.config)
        self._cache = ResultCache(run.config)
        self._rules = run.config.checks
        self._needs_all = any(CODES[code].severity != Severity.ERROR for code in self._rules.errors)
        self._issues = issues
        self._parsed_texts = parsed_texts
        self._text_errors: dict[str, tuple[IssueSummary, list[str]]] = {}

    def save(self) -> None:
        """Write the cache. Write errors are ignored."""
        self._cache.save()

    def find_errors(self, issue: Record) -> list[str]:
        """Return the errors that block an issue on all channels, as texts for people.

        Empty for a file that cannot be read: publishing it raises that error.
        """
        try:
            return self._find_text_errors(issue)[1]
        except PublisherError:
            return []

    def find_excess(
        self,
        issue: Record,
        channels: Iterable[Channel],
        renderings: Mapping[str, Rendering | PublisherError] | None = None,
    ) -> dict[str, str]:
        """Return by how much an issue exceeds the limits of these channels, by name of those for which it is too long.

        `renderings` are what will be sent, by channel, for those of the channels that send something; without
        them the issue is rendered here. A channel that cannot render the issue reports that itself.
        """
        try:
            summary = self._find_text_errors(issue)[0]
            limited = [channel for channel in channels if channel.capabilities.limits]
            if "too-long" in {*summary.ignored_codes, *self._rules.ignored}:
                return {}
            if renderings is None:
                budgets = self._measure(issue, limited)
            else:
                budgets = [measure_rendering(c, renderings[c.name]) for c in limited if c.name in renderings]
        except PublisherError:
            return {}
        return {budget.channel: budget.excess for budget in budgets if budget.excess and budget.report}

    def _find_text_errors(self, issue: Record) -> tuple[IssueSummary, list[str]]:
        """Find the errors in a text and against earlier issues. Raises IssueError, StorageError."""
        if issue.path not in self._text_errors:
            checked = self._check(issue)
            assert checked.summary
            results = [checked]
            for other in [record for record in self._issues if record.date < issue.date][:_MAX_COMPARED]:
                with suppress(PublisherError):  # a file that cannot be read any more
                    results.append(self._check(other))
            index = IssueIndex([result.summary for result in results if result.summary])
            found = (*check_cross_issue(checked.summary, index), *self._checker.find_image_problems(checked.summary))
            errors = {
                (problem.pos.line, problem.code)
                for problem in self._rules.apply((*checked.problems, *found))
                if problem.severity is Severity.ERROR
            }
            texts = [f"{code} at line {line}" for line, code in sorted(errors)]
            self._text_errors[issue.path] = checked.summary, texts
        return self._text_errors[issue.path]

    def _check(self, issue: Record) -> CheckedIssue:
        checked = self._cache.get(issue, complete=self._needs_all)
        if checked is None:
            source = SourceFile(*issue[:3])
            checked = check_parsed(*self._parse(issue), source, issue.sha256, complete=self._needs_all)
            self._cache.put(checked)
        return checked

    def _measure(self, issue: Record, channels: Sequence[Channel]) -> list[Budget]:
        checked, names = self._check(issue), {channel.name for channel in channels}
        if names - {budget.channel for budget in checked.budgets}:
            checked = self._checker.measure(checked, self._parse(issue)[1], channels)
            self._cache.put(checked)
        return [budget for budget in checked.budgets if budget.channel in names]

    def _parse(self, issue: Record) -> tuple[str, Issue]:
        if parsed := self._parsed_texts.get(issue.path):
            return parsed
        from publisher.reader import parse_issue

        text = read_issue_text(self._checker.root, issue.path, self._checker.config)
        return text, parse_issue(text, issue.path, _find_date(self._checker.config, issue.path))


def require_no_errors(
    run: RunContext,
    issue: Record,
    edition: Edition,
    parsed_texts: ParsedTexts,
    renderings: Mapping[str, Rendering | PublisherError],
    *,
    force: bool,
) -> dict[str, str]:
    """Check the issue to publish, and cache the result. `renderings` are what will be sent, by channel.

    Return the channels that the issue is too long for, with the reason. Raises IssueError if it has errors. With
    `force` all of that is reported as a warning and recorded in the ledger, so that it does not block the same
    text again.
    """
    checker = IssueChecker(run, edition.issues, parsed_texts)
    errors, excess = checker.find_errors(issue), checker.find_excess(issue, run.channels, renderings)
    if not run.dry_run:
        checker.save()
    everything = [*errors, *map(name_excess, excess)]
    if not everything:
        return {}
    from publisher.ledger.calendar import load_forced_issues, record_forced

    name = f"{run.config.newsletter.id}/{issue.id}"
    forced = load_forced_issues(run.ledger).get(name, ()) if run.has_ledger else ()
    if force:
        if run.is_recorded and not is_forced(everything, issue, forced):
            record_forced(run.ledger, name, issue.sha256, ", ".join(everything), run.now)
        run.warn(f"{_summarize_errors(issue, everything)}; published anyway (--force)")
        return {}
    if not is_forced(errors, issue, forced):
        raise build_issue_error(issue, errors, "or publish anyway: --force")
    return {
        channel: reason for channel, reason in excess.items() if not is_forced([name_excess(channel)], issue, forced)
    }


def name_excess(channel: str) -> str:
    """Return how the ledger records that an issue is too long for a channel."""
    return f"too-long for {channel}"


def build_excess_error(issue: Record, channel: str, reason: str) -> DeliveryError:
    """Return the error for an issue that is left out of a channel because it is too long."""
    hint = f"shorten it, or send it anyway: publish --issue {shlex.quote(issue.id)} --channel {channel} --force"
    return DeliveryError(f"{issue.path} is too long, so it is left out: {reason}", hint, permanent=True)


def build_issue_error(issue: Record, errors: Sequence[str], alternative: str = "") -> IssueError:
    """Return the error for an issue with errors. `alternative`: what to do instead of fixing them."""
    command = f"publish check {shlex.quote(issue.path)}"
    hint = f"{command} · {alternative}" if alternative else command
    return IssueError(_summarize_errors(issue, errors), hint)


def _summarize_errors(issue: Record, errors: Sequence[str]) -> str:
    more = ", …" if len(errors) > _MAX_LISTED else ""
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    return f"{issue.path} has {count}: {', '.join(errors[:_MAX_LISTED])}{more}"


def is_forced(errors: Iterable[str], issue: Record, forced_issues: Iterable[ForcedIssue]) -> bool:
    """Return whether a person has forced this revision of the text with all of these errors."""
    accepted = {
        error for forced in forced_issues if forced.source_digest == issue.sha256 for error in forced.errors.split(", ")
    }
    return accepted.issuperset(errors)


def read_issue_text(root: Path, path: str, config: Config | None) -> str:
    """Return the text of the file at a path relative to `root`, if it may be published, or at an absolute path.

    Raises IssueError if it is too large, not text, or may not be published, StorageError if unreadable.
    """
    from publisher.reader import decode

    return decode(FileChecker(root, config).read_bytes(path), path)


def _find_date(config: Config | None, path: str) -> dt.date | None:
    """Return the date of an issue that dates.toml has."""
    return config.dates.get(path) if config else None
