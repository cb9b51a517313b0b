"""Renders an issue as `publish` would if it was due now, from the files and from texts that are not saved yet."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, suppress

from msgspec import Struct
from msgspec.structs import replace

from publisher.archive.cache_keys import compute_reading_key
from publisher.archive.home import Home
from publisher.archive.index import Index
from publisher.archive.naming import LATEST, NEXT, UnknownIssueError, find_issue
from publisher.archive.records import Edition, Record, build_edition
from publisher.archive.sources import REFUSED_SIZE, SourceFile, scan_issues, stat_files
from publisher.build.jobs import JobBuilder
from publisher.build.renderer import IssueRenderer, RenderJob
from publisher.build.sources import build_no_issues_error, find_changed, find_published_ahead
from publisher.calendar.held_back import find_held_back
from publisher.channel import Rendering
from publisher.checks.budgets import render_alone
from publisher.config import Config
from publisher.errors import PublisherError
from publisher.local_files import FileAccess, FileKind, Refusal
from publisher.model import Issue
from publisher.named_tuple import NamedTuple
from publisher.preview.editors import validate_editor
from publisher.preview.panes import order_channels
from publisher.run import RunContext
from publisher.theme import Theme
from publisher.transforms import make_publishable


class RenderedPreview(Struct, frozen=True):
    """An issue as it is now. `record` is what is known of its file, `text` its text and `issue` the document read from
    it, None if it cannot be parsed. `document` is what the channels got, and `renderings` has, by channel, what
    they made of it, or the error; `waiting` are the channels that have not rendered it yet. `fault` says why it
    cannot be published, "" if it can; `ledger_fault` why the ledger cannot be read, without which links to WeChat
    articles are missing.
    """

    record: Record
    text: str
    issue: Issue | None
    document: Issue | None
    renderings: Mapping[str, Rendering | PublisherError]
    fault: str = ""
    ledger_fault: str = ""
    waiting: tuple[str, ...] = ()


class EditedFiles(FileAccess):
    """The files of the newsletter, with the texts that are not saved yet in place of theirs, by path."""

    def __init__(self, config: Config, unsaved: Mapping[str, str]) -> None:
        super().__init__(config.root, config.private_files)
        self._unsaved = unsaved

    def read(self, path: str, kind: FileKind) -> bytes | Refusal:
        """Return the bytes of a file, or why it is not published."""
        text = self._unsaved.get(path)
        return super().read(path, kind) if text is None else text.encode("utf-8", "surrogatepass")


class LedgerFacts(NamedTuple):
    """What renderings depend on that is in the ledger: the URLs of WeChat articles by the id of the entry, the paths
    of issues that are held back, and of those published although they are dated after today, as in an Edition. `fault`
    says why it cannot be read, "" if it can."""

    articles: Mapping[str, str] = {}
    held_back: frozenset[str] = frozenset()
    published: frozenset[str] = frozenset()
    redated: frozenset[str] = frozenset()
    fault: str = ""


class Previewer:
    """Renders issues of one newsletter. For one thread.

    `load_project` reads publisher.toml and the templates, `now` returns the current time (aware). `unsaved` has texts
    of issues by path, which take the place of their files. Raises PublisherError if the newsletter cannot be loaded.
    """

    def __init__(self, load_project: Callable[[], tuple[Config, Theme]], now: Callable[[], dt.datetime]) -> None:
        self._load_project = load_project
        self._now = now
        self.unsaved: dict[str, str] = {}
        self._first_seen = ("", now())
        self._reading_key = ""
        self._index: Index
        self.reload()

    def reload(self) -> None:
        """Read publisher.toml and the templates. What is known of the issues is kept, unless settings have changed that
        they are read with. Raises PublisherError."""
        config, theme = self._load_project()
        validate_editor(config.editor)
        renderer = replace(IssueRenderer.for_config(config, theme), files=EditedFiles(config, self.unsaved))
        key = compute_reading_key(config)
        index = self._index if key == self._reading_key else _load_index(config, key)
        self._scan(config, renderer, index)
        self.config, self._theme, self._renderer, self._index = config, theme, renderer, index
        self._reading_key = key
        self._facts: LedgerFacts | None = None

    def rescan(self) -> None:
        """Find the issue files again, and forget what the ledger says. Raises PublisherError."""
        self._scan(self.config, self._renderer, self._index)
        self._facts = None

    def _scan(self, config: Config, renderer: IssueRenderer, index: Index) -> None:
        files = scan_issues(config.root, config.issues)
        if not files:
            raise build_no_issues_error(config)
        self.files = {file.path: file for file in files}
        index.remove(index.records.keys() - self.files.keys())
        self._unread = {file.path: file for file in find_changed(renderer, index, files)}

    @property
    def records(self) -> Mapping[str, Record]:
        """What is known of the issues read so far, by path."""
        return self._index.records

    @property
    def unread(self) -> int:
        """How many files have to be read before all neighbours and links are known."""
        return len(self._unread)

    def read_next(self) -> str:
        """Read one of the files that were not read yet, and return its path."""
        path, file = self._unread.popitem()
        record, _ = self._renderer.read(file)
        self._index.put_record(record)
        return path

    def is_there(self, path: str) -> bool:
        """Return whether an issue that was found has its file still."""
        return path in self.files and (self.config.root / path).exists()

    def find_parsed(self, path: str) -> tuple[str, Issue] | None:
        """Return text and document of an issue that was read a moment ago, else None."""
        return self._renderer.recent.get(path)

    def find_path(self, name: str) -> str:
        """Return the path of the issue with a name, as `find_issue` finds it; for "" that of the file changed last.

        The other files are read only if the name is neither a file nor part of one. Raises ConfigError.
        """
        if not name:
            return max(self.files.values(), key=lambda file: (file.mtime, file.path)).path
        if name in self.files:
            return name
        today = RunContext.open(self.config, self._theme, self._now()).now.date()
        if name not in (LATEST, NEXT):
            listed = {path: self.records.get(path) or Record(*file, sha256="") for path, file in self.files.items()}
            with suppress(UnknownIssueError):
                return find_issue(name, listed, today).path
        while self.unread:
            self.read_next()
        return find_issue(name, self.records, today).path

    def read_file(self, path: str, kind: FileKind) -> bytes | Refusal:
        """Return the bytes of a file of the newsletter that may be published, or why it is not."""
        return self._renderer.files.read(path, kind)

    def render(self, path: str) -> RenderedPreview:
        """Render the issue in a file for all channels: as far as possible if it cannot be published."""
        return deque(self.render_in_steps(path), maxlen=1).pop()

    def render_in_steps(self, path: str, first: Collection[str] = ()) -> Iterator[RenderedPreview]:
        """Render an issue like `render`; yield what there is after it was read and after each channel, at last all.
        The channels with the names in `first` come before the others."""
        self._renderer.recent.pop(path, None)
        record, document = self._renderer.read(self.stat(path))
        self._unread.pop(path, None)
        if path in self.files:
            self._index.put_record(record)
        text, issue = self._renderer.recent.get(path, ("", None))
        run = RunContext.open(self.config, self._theme, self._find_moment(record.sha256))
        if issue is None:
            yield RenderedPreview(record, text, None, None, {}, _join_fault(record))
        elif document is None:
            yield self._render_alone(run, record, text, issue, _join_fault(record))
        elif error := (edition := self._build_edition(run, record)).faults.get(path):
            yield self._render_alone(run, record, text, issue, f"{error.message} · {error.hint}")
        else:
            conflict = edition.conflicts.get(path)
            fault = f"{conflict.message} · {conflict.hint}" if conflict else ""
            facts = self._load_facts(run)
            preview = RenderedPreview(record, text, issue, document, {}, fault, facts.fault)
            jobs = JobBuilder(run, edition, facts.articles, knows_fonts=True)
            job = jobs.build_job(_find_issue_position(edition, path), (), document)
            yield from self._render_channels(preview, job, first)

    def _render_channels(
        self, preview: RenderedPreview, job: RenderJob, first: Collection[str]
    ) -> Iterator[RenderedPreview]:
        """Yield a preview with what one more channel made of it, until all have rendered it."""
        names = order_channels(channel.name for channel in self.config.channels)
        waiting = sorted(names, key=lambda name: name not in first)
        yield replace(preview, waiting=tuple(waiting))
        renderings: dict[str, Rendering | PublisherError] = {}
        while waiting:
            renderings |= self._renderer.render(job._replace(channels=(waiting.pop(0),)))[1]
            yield replace(preview, renderings={**renderings}, waiting=tuple(waiting))

    def stat(self, path: str) -> SourceFile:
        """Return the file of an issue as it is now, with the size of the text that takes its place."""
        if (text := self.unsaved.get(path)) is not None:
            return SourceFile(path, len(text.encode("utf-8", "surrogatepass")), 0)
        found = self.files.get(path)
        return found if found and found.size == REFUSED_SIZE else stat_files(self.config.root, [path])[0]

    def _find_moment(self, sha256: str) -> dt.datetime:
        """Return when this content was rendered for the first time: the same again has the same times."""
        if self._first_seen[0] != sha256:
            self._first_seen = sha256, self._now()
        return self._first_seen[1]

    def _build_edition(self, run: RunContext, record: Record) -> Edition:
        """Return the archive with the issue in it, whatever its date and whether it is a draft."""
        facts = self._load_facts(run)
        records = {**self._index.records, record.path: record._replace(draft=False)}
        today = max(run.now.date(), dt.date.fromisoformat(record.date))
        held_back = facts.held_back - {record.path}
        return build_edition(
            records.values(), today, held_back, published=facts.published, redated=facts.redated - {record.path}
        )

    def _load_facts(self, run: RunContext) -> LedgerFacts:
        """Return what the ledger says, which is read again after `rescan`."""
        if self._facts is None:
            try:
                with closing(run):
                    ahead = find_published_ahead(run, self._index.records.values())
                    held_back = find_held_back(run, self._index.records, None)
                    self._facts = LedgerFacts(run.load_articles(), held_back, *ahead)
            except PublisherError as error:
                self._facts = LedgerFacts(fault=error.message)
        return self._facts

    def _render_alone(self, run: RunContext, record: Record, text: str, issue: Issue, fault: str) -> RenderedPreview:
        """Render an issue that cannot be published, as far as it alone determines that."""
        dated = replace(issue, date=issue.date or run.now.date())
        alone = render_alone(dated, self.config.channels, self.config.newsletter, self._theme)
        renderings = {channel.name: rendering for channel, rendering in alone}
        return RenderedPreview(record, text, issue, make_publishable(issue), renderings, fault)


def _load_index(config: Config, key: str) -> Index:
    with closing(Index(Home(config.root), key)) as index:
        return index


def _find_issue_position(edition: Edition, path: str) -> int:
    return next(number for number, one in enumerate(edition.issues) if one.path == path)


def _join_fault(record: Record) -> str:
    return " · ".join(filter(None, (record.fault, record.hint)))
