"""Builds files and messages from issues: each page before the index that links to it, then the feeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain

from publisher.archive.index import Index
from publisher.archive.output_folder import BuiltFiles, OutputFolder
from publisher.archive.records import Record
from publisher.archive.sources import SourceFile
from publisher.build.output import FileOutput
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer, RenderError, RenderJob
from publisher.build.sources import DocumentSpool
from publisher.channel import Channel, Entry, MessageChannel, Part, PartGroup, PingChannel, Rendering
from publisher.checks.budgets import find_limits
from publisher.errors import PublisherError
from publisher.events import ChannelOutcome, Progress
from publisher.files import wrap_os_error
from publisher.ledger import PublicationKey
from publisher.ledger.outputs import record_files_done, record_files_started
from publisher.model import Issue
from publisher.run import OutgoingMessage, RunContext


class SiteBuilder:
    """Renders what is outdated and writes the files.

    `records` and `entries` are the archive, newest first; `issue` is the one that channels without an archive
    publish. Messages are not sent but collected in `outgoing`. `digests` has, for each issue, a digest of all
    inputs of its renderings.
    """

    def __init__(
        self,
        run: RunContext,
        index: Index,
        site: OutputFolder,
        renderer: IssueRenderer,
        records: Sequence[Record],
        entries: Sequence[Entry],
        issue: Record,
        images: Sequence[SourceFile],
    ) -> None:
        self._run = run
        self._index = index
        self._site = site
        self._renderer = renderer
        self._records = records
        self._entries = entries
        self._issue = issue
        self._images = {image.path: image for image in images if image.size >= 0}
        self.digests = compute_digests(records, entries)
        self._position = {record.path: position for position, record in enumerate(records)}
        self._outputs = {
            channel.name: FileOutput(channel, run.output_folder, run.report, dry_run=run.request.dry_run)
            for channel in run.channels
        }
        self._article_urls = run.article_urls(entries)
        self._rendered: dict[str, Rendering | PublisherError] = {}
        self.outgoing: list[OutgoingMessage] = []

    def render_limited(self, spool: DocumentSpool) -> Mapping[str, Rendering | PublisherError]:
        """Render the issue for its outdated channels with limits, by channel. `build` uses the results."""
        position = self._position[self._issue.path]
        names = [
            name for name in self._outdated.get(position, ()) if find_limits(self._outputs[name].channel)
        ]
        if names:
            document = spool.take(self._issue.path)
            spool.put(self._issue.path, document)
            self._rendered = dict(self._renderer.render(self._render_job(position, names, document))[1])
        return self._rendered

    def build(self, pool: ProcessPool[IssueRenderer], spool: DocumentSpool) -> dict[str, ChannelOutcome]:
        """Build everything and return the outcome of each channel. Errors of a channel are not raised."""
        before = {name: set(self._site.channel_files(name).files) for name in self._outputs}
        due = self._outdated
        self._record_files_started(due)
        self._build_pages(due, pool, spool)
        pool.close()
        outcomes = {}
        for name, file_output in self._outputs.items():
            main_files = self._build_groups(file_output)
            if not any(message.channel is file_output.channel for message in self.outgoing):
                outcomes[name] = self._build_outcome(file_output, before[name], main_files)
                self._run.report(outcomes[name])
                self._queue_ping(file_output)
        self._record_files_done()
        return outcomes

    # ----------------------------------------------------------------- ledger

    def _record_files_started(self, due: Mapping[int, Sequence[str]]) -> None:
        if self._run.is_recorded and due:
            keys = {
                self._build_site_key(name, self._entries[position].id): self.digests[position]
                for position, names in due.items()
                for name in names
                if self._outputs[name].archive_channel
            }
            record_files_started(self._run.ledger, keys, self._run.clock.time())

    def _record_files_done(self) -> None:
        done = [
            (name, self._run.config.newsletter.site)
            for name, file_output in self._outputs.items()
            if file_output.archive_channel and not (file_output.error or file_output.skipped)
        ]
        if self._run.is_recorded and done:
            record_files_done(self._run.ledger, done, self._run.clock.time())

    def _build_site_key(self, channel: str, issue: str) -> PublicationKey:
        return PublicationKey(issue, channel, self._run.config.newsletter.site)

    def _queue_ping(self, file_output: FileOutput) -> None:
        """Queue the message that reports changed feeds, if there is one."""
        channel, enabled = file_output.channel, self._run.is_recorded and self._run.request.send_pings
        if file_output.error or not enabled or not isinstance(channel, PingChannel):
            return
        if message := build_feed_ping(self._run, channel):
            self.outgoing.append(message)

    # ------------------------------------------------------------------ pages

    def _build_pages(
        self, due: Mapping[int, Sequence[str]], pool: ProcessPool[IssueRenderer], spool: DocumentSpool
    ) -> None:
        def jobs() -> Iterator[RenderJob]:
            for position, names in due.items():
                record = self._records[position]
                if record == self._issue:
                    names = [name for name in names if name not in self._rendered]
                yield self._render_job(position, names, spool.take(record.path) if names else None)

        with ExitStack() as stack:
            for file_output in self._outputs.values():
                stack.enter_context(file_output)
            for done, (path, rendered) in enumerate(
                pool.map_unordered(IssueRenderer.render, jobs(), len(due)), 1
            ):
                renderings = dict(rendered)
                if path == self._issue.path:
                    renderings |= self._rendered
                for name in due[self._position[path]]:
                    self._store_rendering(self._outputs[name], path, renderings[name])
                self._run.report(Progress("writing", done, len(due)))

    def _render_job(
        self, position: int, channels: Sequence[str], document: Issue | bytes | None
    ) -> RenderJob:
        path, entry = self._records[position].path, self._entries[position]
        return RenderJob(path, document, entry, *self._neighbours(position), channels, self._article_urls)

    @cached_property
    def _outdated(self) -> dict[int, list[str]]:
        """Return the channels whose output is outdated, by position of the issue."""
        due: dict[int, list[str]] = {}
        for name, file_output in self._outputs.items():
            is_current = self._is_body_current if file_output.caches_entries else self._is_page_current
            for position, record in enumerate(self._records):
                if (file_output.archive_channel or record == self._issue) and not is_current(name, position):
                    due.setdefault(position, []).append(name)
        return due

    def rendering_digest(self, name: str, position: int) -> str:
        """Return a digest of all inputs of an issue's rendering for a channel.

        Article URLs are not included for archive channels: each new URL would outdate all their renderings.
        """
        if self._outputs[name].archive_channel or not self._article_urls:
            return self.digests[position]
        inputs = f"{self.digests[position]}{sorted(self._article_urls.items())}"
        return hashlib.blake2b(inputs.encode(), digest_size=16).hexdigest()

    def _is_body_current(self, name: str, position: int) -> bool:
        body = self._index.bodies.get(name, {}).get(self._records[position].path)
        return body is not None and body.digest == self.digests[position]

    def _is_page_current(self, name: str, position: int) -> bool:
        page = self._site.channel_files(name).pages.get(self._records[position].path)
        return (
            page is not None
            and page.digest == self.rendering_digest(name, position)
            and self._site.has_files(page)
        )

    def _store_rendering(
        self, file_output: FileOutput, path: str, rendering: Rendering | PublisherError
    ) -> None:
        """Write a rendering, cache it for the archive, or queue it as a message."""
        channel, digest = file_output.channel, self.digests[self._position[path]]
        if isinstance(rendering, PublisherError):
            file_output.record_failure(rendering, path)
            return
        if path == self._issue.path:
            for warning in rendering.warnings:
                self._run.warn(f"{channel.name}: {warning}")
        if file_output.caches_entries:
            self._index.store_body(channel.name, path, digest, rendering.parts[0].body)
        elif isinstance(channel, MessageChannel) and self._run.is_sending_channel(channel):
            entry = self._entries[self._position[path]]
            self.outgoing.append(OutgoingMessage(entry.id, channel.name, channel, rendering, entry.published))
        elif (sizes := file_output.deliver((*rendering.parts, *rendering.previews))) is not None:
            output = self._site.channel_files(channel.name)
            if not file_output.archive_channel:  # only the last issue it rendered is recorded
                output.pages.clear()
            rendered_digest = self.rendering_digest(channel.name, self._position[path])
            output.pages[path] = BuiltFiles(rendered_digest, sizes if file_output.writes_files else {})

    def _neighbours(self, position: int) -> tuple[Entry | None, Entry | None]:
        """Return the previous and the next entry by date."""
        previous = self._entries[position + 1] if position + 1 < len(self._entries) else None
        return previous, self._entries[position - 1] if position else None

    # ----------------------------------------------------------------- groups

    def _build_groups(self, file_output: FileOutput) -> tuple[str, ...]:
        """Write the groups of an archive channel and return the files of the last group."""
        channel = file_output.archive_channel
        if file_output.error or channel is None:
            return ()
        entries = [
            entry
            for entry, record in zip(self._entries, self._records, strict=True)
            if record.path not in file_output.skipped
        ]
        if file_output.skipped and not entries:  # the old index is better than an empty one
            return ()
        output = self._site.channel_files(channel.name)
        built: dict[str, BuiltFiles] = {}
        try:
            with file_output:
                context = replace(self._renderer.context, article_urls=self._article_urls)
                groups = channel.render_archive(entries, self._build_body_loader(channel), context)
                for group in chain(self._build_image_groups(file_output), groups):
                    existing = output.groups.get(group.key)
                    if not (existing and existing.digest == group.digest and self._site.has_files(existing)):
                        sizes = file_output.deliver(group.parts())
                        if sizes is None:
                            return ()
                        existing = output.groups[group.key] = BuiltFiles(group.digest, sizes)
                    built[group.key] = existing
        except PublisherError as error:
            file_output.error = error
            return ()
        except Exception as error:  # a bug in one channel must not stop the others
            file_output.error = RenderError(f"{channel.name}: {type(error).__name__}: {error}")
            return ()
        output.groups = built
        output.pages = {path: page for path, page in output.pages.items() if path in self._position}
        last_files = next(reversed(built.values())).files if built else {}
        return tuple(key for key in last_files if key.rpartition(".")[0] not in last_files)  # without .gz

    def _build_image_groups(self, file_output: FileOutput) -> Iterator[PartGroup]:
        """Yield the images of all issues; they are written with the first archive channel."""
        if file_output is not next(output for output in self._outputs.values() if output.archive_channel):
            return
        targets = {target: source for record in self._records for source, target, _ in record.images}
        for target, source in sorted(targets.items()):
            if image := self._images.get(source):
                digest = f"{image.size}-{image.mtime}"
                yield PartGroup(f"image:{target}", digest, partial(self._read_image, source, target))

    def _read_image(self, source: str, target: str) -> Iterator[Part]:
        from mimetypes import guess_type

        media_type = guess_type(target)[0] or "application/octet-stream"
        try:
            yield Part(target, media_type, (self._run.config.root / source).read_bytes())
        except OSError as error:
            raise wrap_os_error(f"cannot read {source}", error) from error

    def _build_body_loader(self, channel: Channel) -> Callable[[Entry], bytes]:
        """Return a function that loads the cached body of an entry, and renders it again if it is missing."""
        positions = {entry.id: position for position, entry in enumerate(self._entries)}

        def load_body(entry: Entry) -> bytes:
            position = positions[entry.id]
            path, digest = self._records[position].path, self.digests[position]
            body = self._index.load_body(channel.name, path, digest)
            if body is None:
                job = RenderJob(path, None, entry, *self._neighbours(position), (channel.name,))
                _, [(_, rendering)] = self._renderer.render(job)
                if isinstance(rendering, PublisherError):
                    raise rendering
                body = rendering.parts[0].body
                self._index.store_body(channel.name, path, digest, body)
            return body

        return load_body

    def _build_outcome(
        self, file_output: FileOutput, before: set[str], main_files: tuple[str, ...]
    ) -> ChannelOutcome:
        after = set(self._site.channel_files(file_output.channel.name).files)
        removed = before - after if file_output.archive_channel else set()
        orphaned = sorted(key for key in removed if (self._run.output_folder / key).exists())
        return ChannelOutcome(
            file_output.channel.name,
            tuple(file_output.written),
            unchanged=len(after - set(file_output.written)),
            issues=len(self._entries) - len(file_output.skipped) if file_output.archive_channel else 1,
            main_files=main_files or tuple(file_output.written),
            orphaned=tuple(orphaned),
            error=file_output.error or next(iter(file_output.skipped.values()), None),
        )


def compute_digests(records: Sequence[Record], entries: Sequence[Entry]) -> list[str]:
    """Return a digest for each issue of the inputs of its renderings that are not the same for all issues.

    These are its file, which of its images exist, the time of its last correction, and its neighbours.
    """
    labels = ["", *(f"{entry.id}\0{entry.title}\0{entry.url}\0{entry.date}" for entry in entries), ""]
    return [
        hashlib.blake2b(
            f"{record.sha256}\n{record.images}\n{entry.updated}\n{before}\n{after}".encode(
                "utf-8", "surrogatepass"
            ),
            digest_size=16,
        ).hexdigest()
        for record, entry, after, before in zip(records, entries, labels, labels[2:], strict=False)
    ]


def build_feed_ping(run: RunContext, channel: PingChannel) -> OutgoingMessage | None:
    """Return the message that reports the changed feeds of a channel; None if there is no recipient.

    Raises StorageError if a file cannot be read.
    """
    newsletter = run.config.newsletter

    def compute_digest(key: str) -> str:
        try:
            return hashlib.sha256((run.output_folder / key).read_bytes()).hexdigest()
        except OSError as error:
            raise wrap_os_error(f"cannot read {key}", error) from error

    ping = channel.build_ping(compute_digest, newsletter)
    return OutgoingMessage(newsletter.id, channel.name, *ping) if ping else None
