"""The work on one issue, which any process can do: read it, and render it for channels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import NamedTuple

from publisher.archive.records import Record
from publisher.archive.sources import SourceFile
from publisher.channel import Channel, Context, Entry, Rendering, Templates
from publisher.config import Config
from publisher.dataclass import dataclass
from publisher.errors import DeliveryError, IssueError, PublisherError
from publisher.model import Issue

_MAX_ISSUE_BYTES = 8 << 20
"""The most bytes of an issue. The largest newsletters have a hundredth of that."""

_MAX_RECENT = 24
"""Of so many issues both text and document fit into memory without a thought."""


class RenderJob(NamedTuple):
    """An issue to render: its file, the document if it was read already, what the archive knows of it and
    of its neighbours by date, the names of the channels, and where issues are at WeChat, by their pages."""

    path: str
    document: Issue | bytes | None
    entry: Entry
    previous: Entry | None
    next: Entry | None
    channels: Sequence[str]
    article_urls: Mapping[str, str] = {}


RenderedIssue = tuple[str, list[tuple[str, Rendering | PublisherError]]]
"""The path of an issue, and by channel what was made of it or why it could not be made."""


@dataclass(frozen=True)
class IssueRenderer:
    """All that the work on an issue needs to know. Small to pickle. `fresh` has, by path, the last few issues
    that were read here, for who looks at them once more."""

    config: Config
    channels: Mapping[str, Channel]
    context: Context
    recent: dict[str, tuple[str, Issue]] = field(default_factory=dict)

    @classmethod
    def for_config(cls, config: Config, templates: Templates) -> IssueRenderer:
        """The desk for a configuration."""
        feeds: dict[str, str] = {}
        for channel in config.channels:
            if addresses := getattr(channel, "feed_urls", None):
                feeds |= addresses(config.newsletter)
        context = Context(config.newsletter, templates, feeds=feeds)
        return cls(config, {channel.name: channel for channel in config.channels}, context)

    def read(self, source: SourceFile) -> tuple[Record, Issue | None]:
        """What a file holds: its record, and, unless it has a fault, the document that channels get.

        Never raises: what is wrong with the file is in the record.
        """
        from publisher.reader import (  # slow to import, and not needed when nothing changed
            decode,
            parse_issue,
        )

        record = Record(*source, sha256="")
        if source.size > _MAX_ISSUE_BYTES:
            fault = f"{source.path} has {source.size >> 20} MB, and an issue at most {_MAX_ISSUE_BYTES >> 20}"
            return record._replace(fault=fault, hint="put pictures and data beside it, not into it"), None
        try:
            data = Path(self.config.root, source.path).read_bytes()
        except OSError as error:
            return record._replace(mtime=0, fault=f"{source.path} cannot be read: {error.strerror}"), None
        record = record._replace(sha256=hashlib.sha256(data).hexdigest())
        try:
            text = decode(data, source.path)
            issue = parse_issue(text, source.path)
        except IssueError as error:
            return record._replace(fault=error.message, hint=error.hint), None
        self._remember(source.path, text, issue)
        problems = tuple([f"{one.pos.line}:{one.pos.column} {one.code}" for one in issue.diagnostics])
        record = record._replace(id=issue.id, draft=issue.draft, problems=problems)
        # to look for pictures takes as long as to copy the whole issue, and most have none
        return self._complete_record(record, issue, illustrated=b"![" in data or b"<img" in data)

    def _remember(self, path: str, text: str, issue: Issue) -> None:
        self.recent[path] = text, issue
        if len(self.recent) > _MAX_RECENT:
            del self.recent[next(iter(self.recent))]

    def read_packed(self, source: SourceFile) -> tuple[Record, bytes | None]:
        """The same, for another process."""
        from publisher.build.packing import serialize_issue

        record, document = self.read(source)
        return record, serialize_issue(document) if document else None

    def _complete_record(
        self, record: Record, issue: Issue, *, illustrated: bool
    ) -> tuple[Record, Issue | None]:
        from publisher.transforms import (
            build_display_title,
            build_summary,
            compute_revision,
            make_publishable,
            make_urls_absolute,
        )

        newsletter = self.config.newsletter
        fault, hint = _check_publishable(issue, record.path)
        if fault or issue.date is None:
            return record._replace(fault=fault, hint=hint), None
        url = newsletter.issue_url(issue.id, issue.date)
        if {"..", "."} & set(newsletter.output_path(url).split("/")) or "\\" in url:
            fault = f"{record.path}: the id {issue.id} cannot be part of an address"
            return record._replace(fault=fault, hint="write another `id:` into its front matter"), None
        document = make_publishable(issue)
        if illustrated:
            record, document = self._with_images(record, document, url)
        record = record._replace(
            date=issue.date.isoformat(),
            url=url,
            title=build_display_title(document, newsletter),
            summary=build_summary(document),
            items=sum(1 for _ in document.items),
            revision=compute_revision(document),
        )
        return record, make_urls_absolute(document, url)

    def _with_images(self, record: Record, document: Issue, url: str) -> tuple[Record, Issue]:
        """The pictures beside an issue noted, and those that are missing replaced by their words."""
        from publisher.images import find_local_images, replace_missing_images

        root = self.config.root
        found = find_local_images(document, record.path, url, self.config.newsletter)
        there = {one.url: bool(one.source) and Path(root, one.source).is_file() for one in found}
        missing = [one for one in found if not there[one.url]]
        record = record._replace(
            images=tuple([(one.source, one.target, there[one.url]) for one in found if one.source]),
            problems=(*record.problems, *(f"no picture {one.url}" for one in missing)),
        )
        return record, replace_missing_images(
            document, frozenset(one.url for one in missing)
        ) if missing else document

    def render(self, job: RenderJob) -> RenderedIssue:
        """What the job's channels make of its issue. Never raises."""
        document = self._load_document(job)
        context = replace(
            self.context, entry=job.entry, previous=job.previous, next=job.next, article_urls=job.article_urls
        )
        return job.path, [
            (name, self._render_channel(name, document, job.path, context)) for name in job.channels
        ]

    def _load_document(self, job: RenderJob) -> Issue | IssueError:
        if isinstance(job.document, Issue):
            return job.document
        if job.document is None:
            record, document = self.read(SourceFile(job.path, 0, 0))
            return document or IssueError(record.fault, record.hint)
        from publisher.build.packing import deserialize_issue

        return deserialize_issue(job.document)

    def _render_channel(
        self, name: str, document: Issue | IssueError, path: str, context: Context
    ) -> Rendering | PublisherError:
        if isinstance(document, IssueError):  # a sound file when it was last read
            return document
        try:
            return self.channels[name].render(document, context)
        except PublisherError as error:
            return error
        except Exception as error:  # a channel's mistake must not stop the others
            return RenderError(f"{name} cannot render {path}: {type(error).__name__}: {error}")


class RenderError(DeliveryError):
    """A channel failed on one issue by a mistake of its own."""


def _check_publishable(issue: Issue, path: str) -> tuple[str, str]:
    """Why an issue cannot be published, and what to do; empty for one that can."""
    title = issue.title
    if title and title.date[-2:].lower() == "xx":
        place = f"{path}:{title.pos.line}:{title.pos.column}"
        return f"{place}: the date {title.date} is not complete", "write the day of publication"
    if issue.date is None:
        return f"{path} has no date", "write it into the title, # NAME (2021-07-18), or the front matter"
    return "", ""
