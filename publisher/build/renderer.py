"""Reads one issue and renders it for channels. Can run in any process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from publisher.archive.records import ImageFile, Record
from publisher.archive.sources import SourceFile, stat_images
from publisher.channel import CardImage, Channel, Context, Entry, Rendering, Templates
from publisher.checks.images import IMAGE_MARKUP
from publisher.config import Config
from publisher.errors import DeliveryError, IssueError, PublisherError
from publisher.file_kinds import ISSUE, MAX_ISSUE_BYTES, choose_linked_kind
from publisher.issue_dates import format_issue_date
from publisher.local_files import MISSING, FileAccess, Refusal
from publisher.model import Issue
from publisher.named_tuple import NamedTuple
from publisher.page_urls import find_page_urls
from publisher.reuse import begin_issue
from publisher.sketches import compute_sketch, find_body_lines

_MAX_RECENT = 24
"""So many recently read issues are kept in memory, text and document."""


class RenderJob(NamedTuple):
    """An issue to render: path, document if it was read already (bytes if serialized), entry and neighbours
    by date, channel names, the WeChat article URLs of issues by the URL of their page, the absolute URLs of
    its relative links, "" for those that lead nowhere, and the image of its page."""

    path: str
    document: Issue | bytes | None
    entry: Entry
    previous: Entry | None
    next: Entry | None
    channels: Sequence[str]
    article_urls: Mapping[str, str] = {}
    link_targets: Mapping[str, str] = {}
    card: CardImage | None = None


class IssueReading(NamedTuple):
    """A file that was read: its record, the document for channels (None if the issue has a fault, bytes if
    serialized), and its contents as `publisher.contents` encodes them, b"" if it could not be parsed."""

    record: Record
    document: Issue | bytes | None
    contents: bytes


RenderedIssue = tuple[str, list[tuple[str, Rendering | PublisherError]]]
"""The path of an issue, and for each channel its name and the rendering or the error."""


class IssueRenderer(Struct, frozen=True):
    """Reads and renders issues. Small when pickled.

    `files` are those of the newsletter that may be published. `recent` has, by path, text and document of the
    issues read last in this process.
    """

    config: Config
    channels: Mapping[str, Channel]
    context: Context
    files: FileAccess
    recent: dict[str, tuple[str, Issue]] = field(default_factory=dict)

    @classmethod
    def for_config(cls, config: Config, templates: Templates) -> IssueRenderer:
        """Return the renderer for a configuration."""
        feeds: dict[str, str] = {}
        for channel in config.channels:
            feeds |= channel.feed_urls(config.newsletter)
        found = [channel.build_subscribe_option(config.newsletter) for channel in config.channels]
        options = tuple(option for option in found if option)
        context = Context(config.newsletter, templates, feeds=feeds, subscribe_options=options)
        files = FileAccess(config.root, config.private_files)
        return cls(config, {channel.name: channel for channel in config.channels}, context, files)

    def read(self, source: SourceFile) -> tuple[Record, Issue | None]:
        """Read a file; return its record and the document for channels, None if the issue has a fault.

        Never raises: errors are in the record.
        """
        record = Record(*source, sha256="")
        if source.size > MAX_ISSUE_BYTES:
            fault = f"{source.path} has more than {ISSUE.limit}"
            return record._replace(fault=fault, hint="put images and data into separate files"), None
        data = self.files.read(source.path, ISSUE)
        if isinstance(data, Refusal):
            # a file that cannot be read may become readable without a change
            mtime = 0 if data.code == MISSING.code else source.mtime
            hint = "put it back if it was removed by mistake" if data == MISSING else data.help
            return record._replace(mtime=mtime, fault=f"{source.path} {data.reason}", hint=hint), None
        from publisher.derived_texts import estimate_minutes
        from publisher.reader import decode, parse_issue  # slow to import, and only needed for changes

        record = record._replace(sha256=hashlib.sha256(data).hexdigest())
        try:
            text = decode(data, source.path)
            issue = parse_issue(text, source.path, self.config.dates.get(source.path))
        except IssueError as error:
            return record._replace(fault=error.message, hint=error.hint), None
        self.recent[source.path] = text, issue
        if len(self.recent) > _MAX_RECENT:
            del self.recent[next(iter(self.recent))]
        problems = tuple([f"{problem.pos.line}:{problem.pos.column} {problem.code}" for problem in issue.diagnostics])
        lines = find_body_lines(text, issue)
        record = record._replace(
            id=issue.id,
            draft=issue.draft,
            problems=problems,
            sketch=compute_sketch(lines),
            minutes=estimate_minutes("\n".join(lines)),
            slug=issue.address.slug,
            number=issue.address.number,
            feed_id=issue.feed_id,
        )
        return self._complete_record(record, issue, text)

    def read_listed(self, source: SourceFile) -> IssueReading:
        """Read a file like `read`; return its contents, too."""
        record, document = self.read(source)
        return IssueReading(record, document, self._encode_contents(record, document))

    def read_packed(self, source: SourceFile) -> IssueReading:
        """Read a file like `read_listed`, with the document encoded for another process; None if it has to be read
        again, because its file name is not UTF-8."""
        record, document = self.read(source)
        contents = self._encode_contents(record, document)
        try:
            return IssueReading(record, msgspec.msgpack.encode(document) if document else None, contents)
        except UnicodeEncodeError:
            return IssueReading(record, None, contents)

    def _encode_contents(self, record: Record, document: Issue | None) -> bytes:
        """Return the contents of an issue, of one with a fault as far as it could be read; b"" if it could not."""
        if not record.id:
            return b""
        from publisher.contents import encode_contents, list_issue_contents
        from publisher.transforms import make_publishable

        issue = document or make_publishable(self.recent[record.path][1])
        return encode_contents(list_issue_contents(issue, self.config.newsletter))

    def _complete_record(self, record: Record, issue: Issue, text: str) -> tuple[Record, Issue | None]:
        from publisher import derived_texts, outline, transforms
        from publisher.reader.dialects import has_dialect

        newsletter = self.config.newsletter
        fault, hint = _check_publishable(issue, record.path)
        if fault or issue.date is None:
            return record._replace(fault=fault, hint=hint), None
        try:
            feeds = self.context.feeds.values()
            url, aliases, ignored = find_page_urls(newsletter, record.path, issue.id, issue.date, issue.address, feeds)
        except IssueError as error:
            return record._replace(fault=error.message, hint=error.hint), None
        problems = [*record.problems, *(f"{address} is outside of {newsletter.base}" for address in ignored)]
        record = record._replace(problems=tuple(problems))
        document = transforms.make_publishable(issue)
        # looking for images or alerts takes as long as copying the whole issue, and most issues have none
        if "[!" in text or has_dialect(text):
            document = transforms.label_alerts(document, newsletter.lang)
        if "](#" in text or '="#' in text:
            document = transforms.resolve_links(document, transforms.find_fragments(document))
        if IMAGE_MARKUP.search(text):
            record, document = self._with_images(record, document, url)
        links = transforms.find_relative_links(document)
        if links:
            record = self._with_linked_files(record, links, url)
        if document.audio:
            document = transforms.announce_audio(self._measure_audio(record, document, url), newsletter.lang)
        record = record._replace(
            date=issue.date.isoformat(),
            url=url,
            aliases=aliases,
            title=(title := derived_texts.build_display_title(document, newsletter)),
            summary=derived_texts.build_summary(document),
            items=(items := derived_texts.count_items(document)),
            highlights=derived_texts.find_highlights(document, title) if items else (),
            opening=(opening := derived_texts.list_opening_sentences(document)),
            titles=derived_texts.join_titles(document) if opening else "",
            sections=outline.find_main_titles(document),
            revision=transforms.compute_revision(document),
            links=links,
        )
        return record, transforms.make_urls_absolute(document, url, links)

    def _with_linked_files(self, record: Record, links: Sequence[str], url: str) -> Record:
        """Record the files that an issue links to and that may be published, like images."""
        from publisher.images import inspect_image, resolve_local_file

        known = {image.source for image in record.images}
        linked = [resolve_local_file(link, record.path, url, self.config.newsletter) for link in links]
        files = [file for file in linked if file and file.source and file.source not in known]
        states = stat_images(self.config.root, [file.source for file in files])
        images = [
            ImageFile(
                file.source,
                file.target,
                not isinstance(inspect_image(file, self.files, choose_linked_kind(file.source)), Refusal),
                size,
                changed,
            )
            for file, (_, size, changed) in zip(files, states, strict=True)
        ]
        return record._replace(images=(*record.images, *images))

    def _measure_audio(self, record: Record, document: Issue, url: str) -> Issue:
        """Return the issue with the size of its recording if that is a local file, and without it if that is not
        published."""
        from publisher.images import resolve_local_file

        audio = document.audio
        local = resolve_local_file(audio.url or "", record.path, url, self.config.newsletter) if audio else None
        if audio is None or local is None:
            return document
        found = [file for file in record.images if file.source == local.source and file.is_published]
        return replace(document, audio=replace(audio, length=found[0].size) if found else None)

    def _with_images(self, record: Record, document: Issue, url: str) -> tuple[Record, Issue]:
        """Record the image files of an issue, and replace images that are not published by their alt text."""
        from publisher.images import find_local_images, inspect_image, replace_missing_images
        from publisher.transforms import make_publishable

        images = find_local_images(document, record.path, url, self.config.newsletter)
        states = stat_images(self.config.root, [image.source for image in images])  # before they are looked into
        problems, files = list(record.problems), []
        missing = set()
        for image, (_, size, changed) in zip(images, states, strict=True):
            found = inspect_image(image, self.files)
            if isinstance(found, Refusal):
                missing.add(image.url)
                reason = "" if found == MISSING else f": it {found.reason}"
                problems.append(f"no image {image.url}{reason}")
            if image.source:
                files.append(ImageFile(image.source, image.target, image.url not in missing, size, changed))
        record = record._replace(images=tuple(files), problems=tuple(problems))
        if missing:  # nothing may be left of a paragraph
            document = make_publishable(replace_missing_images(document, frozenset(missing)))
        return record, document

    def render(self, job: RenderJob) -> RenderedIssue:
        """Render an issue for the channels of the job. Never raises."""
        if not job.channels:
            return job.path, []
        document = self._load_document(job)
        if job.link_targets and isinstance(document, Issue):
            from publisher.transforms import resolve_links

            document = resolve_links(document, job.link_targets)
        context = replace(
            self.context,
            entry=job.entry,
            previous=job.previous,
            next=job.next,
            article_urls=job.article_urls,
            card=job.card,
        )
        return job.path, [(name, self._render_channel(name, document, job.path, context)) for name in job.channels]

    def _load_document(self, job: RenderJob) -> Issue | IssueError:
        if isinstance(job.document, Issue):
            return job.document
        if job.document is None:
            record, document = self.read(SourceFile(job.path, 0, 0))
            return document or IssueError(record.fault, record.hint)
        begin_issue()  # another process has read it
        return _build_decoder().decode(job.document)

    def _render_channel(
        self, name: str, document: Issue | IssueError, path: str, context: Context
    ) -> Rendering | PublisherError:
        if isinstance(document, IssueError):  # the file has changed since it was read, and has a fault now
            return document
        channel = self.channels[name]
        if not channel.capabilities.links_neighbours:  # it would not be rendered again when they change
            context = replace(context, previous=None, next=None)
        try:
            rendering = channel.render(document, context)
            if not isinstance(rendering, Rendering):
                raise TypeError(f"it returned {type(rendering).__name__} instead of a Rendering")
            return rendering
        except PublisherError as error:
            return error
        except Exception as error:  # a bug in one channel must not stop the others
            return RenderError(f"{name} cannot render {path}: {type(error).__name__}: {error}")


@cache
def _build_decoder() -> msgspec.msgpack.Decoder[Issue]:
    """Return the decoder of documents. Cached: it inspects thirty types."""
    return msgspec.msgpack.Decoder(Issue)


class RenderError(DeliveryError):
    """A channel could not render one issue because of a bug."""


_DATE_HINT = "write date: 2021-07-18 at its top, between two lines of ---, or {} into dates.toml"


def _check_publishable(issue: Issue, path: str) -> tuple[str, str]:
    """Return why an issue cannot be published and a hint; both empty if it can."""
    title = issue.title
    if title and title.date[-2:].lower() == "xx":
        location = f"{path}:{title.pos.line}:{title.pos.column}"
        return f"{location}: the date {title.date} is incomplete", "write the day of publication"
    if issue.date is None:
        return f"{path} has no date", _DATE_HINT.format(format_issue_date(path, "2021-07-18"))
    return "", ""
