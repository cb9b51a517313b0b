"""The problems of the issue that is previewed: those of `publish check`, and what channels say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from publisher.archive.check_cache import ResultCache
from publisher.archive.records import Record
from publisher.archive.sources import SourceFile
from publisher.build.issue_links import IssueLinks
from publisher.channel import Rendering
from publisher.checker import FileChecker, build_issue_index, check_parsed
from publisher.checks.budgets import check_budgets, measure_rendering
from publisher.checks.codes import Severity
from publisher.checks.cross_issue import check_cross_issue
from publisher.checks.summary import IssueSummary
from publisher.config import Config
from publisher.errors import PublisherError
from publisher.model import Issue, Pos
from publisher.preview.previewer import RenderedPreview


class ShownProblem(Struct, frozen=True):
    """A problem as the page shows it: `level` is error, warning or info; `line` is 0 if it is at no line; `item` is the
    id of the item it is in, "" outside of all."""

    code: str
    level: str
    file: str
    line: int
    column: int
    end_column: int
    message: str
    hint: str = ""
    item: str = ""


class ShownItem(Struct, frozen=True):
    """An item of the issue: its lines in the source, its title as text, and where it leads to. `digest` changes with
    its lines."""

    id: str
    line: int
    end_line: int
    title: str
    url: str
    digest: str


class ProblemFinder:
    """Checks the issue that is previewed against the others, which are checked one by one, as they are read."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._checker = FileChecker(config.root, replace(config, channels=()))  # the sizes of the others do not matter
        self._cached = ResultCache(config)
        self._summaries: dict[str, IssueSummary] = {}

    def add(self, source: SourceFile, parsed: tuple[str, Issue] | None) -> None:
        """Check another issue, or take what is remembered of it. `parsed` are its text and document if it was read."""
        result = self._cached.get(source, complete=False)
        if result is None:
            result = check_parsed(*parsed, source) if parsed else self._checker.check(source)
        self._summaries.pop(source.path, None)
        if result.summary:
            self._summaries[source.path] = result.summary

    def keep(self, paths: Mapping[str, object]) -> None:
        """Forget the issues without a file."""
        self._summaries = {path: summary for path, summary in self._summaries.items() if path in paths}

    def find(
        self, preview: RenderedPreview, records: Mapping[str, Record], items: Sequence[ShownItem]
    ) -> Iterator[ShownProblem]:
        """Yield the problems in the order of the text, then what channels say."""
        path = preview.record.path
        if preview.issue:
            source = SourceFile(path, preview.record.size, preview.record.mtime)
            checked = check_parsed(preview.text, preview.issue, source, preview.record.sha256)
            assert checked.summary
            self._summaries[path] = checked.summary
            known = IssueLinks(self._config.newsletter, {one.path: one.url for one in records.values() if one.url})
            budgets = [
                measure_rendering(channel, rendering)
                for channel in self._config.channels
                if isinstance(rendering := preview.renderings.get(channel.name), Rendering)
            ]
            found = [
                *checked.problems,
                *check_cross_issue(checked.summary, build_issue_index(self._summaries.values(), self._config)),
                *check_budgets(budgets, checked.summary),
                *self._checker.find_image_problems(checked.summary),
                *self._checker.find_link_problems(checked.summary, known),
            ]
            for problem in self._config.checks.apply(sorted(found)):
                pos, level = problem.pos, problem.severity.value
                end = pos.end_column if pos.end_line == pos.line else pos.column
                item = _find_item(items, pos)
                yield ShownProblem(
                    problem.code, level, path, pos.line, pos.column, end, problem.message, problem.help, item
                )
        if preview.ledger_fault:
            yield ShownProblem("ledger", Severity.WARNING.value, path, 0, 0, 0, preview.ledger_fault, "publish doctor")
        yield from _describe_renderings(preview.renderings, path)


def _find_item(items: Sequence[ShownItem], pos: Pos) -> str:
    """Return the id of the item that has a position; "" if none has it."""
    return next((item.id for item in items if item.line <= pos.line <= item.end_line), "")


def _describe_renderings(renderings: Mapping[str, Rendering | PublisherError], path: str) -> Iterator[ShownProblem]:
    for name, rendering in renderings.items():
        if isinstance(rendering, PublisherError):
            message = f"{name}: {rendering.message}"
            yield ShownProblem(name, Severity.ERROR.value, path, 0, 0, 0, message, rendering.hint)
        else:
            for warning in rendering.warnings:
                yield ShownProblem(name, Severity.WARNING.value, path, 0, 0, 0, f"{name}: {warning}")
