"""From issues to files: every page before the index that leads to it, the index before the feeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain

from publisher.archive.index import Index
from publisher.archive.records import Record
from publisher.archive.site import BuiltFiles, OutputFolder
from publisher.archive.sources import SourceFile
from publisher.build.output import FileOutput
from publisher.build.process_pool import ProcessPool
from publisher.build.renderer import IssueRenderer, RenderError, RenderJob
from publisher.build.sources import DocumentSpool
from publisher.channel import Channel, Entry, MessageChannel, Part, PartGroup, PingChannel, Rendering
from publisher.errors import PublisherError
from publisher.events import ChannelOutcome, Progress
from publisher.files import wrap_os_error
from publisher.ledger import PublicationKey
from publisher.ledger.outputs import record_files_done, record_files_started
from publisher.run import OutgoingMessage, RunContext


class SiteBuilder:
    """Renders what is not there yet, and delivers what goes into files. `records` and `entries` are the
    archive, newest first, and `issue` is the one among them that channels without an archive get.

    What live channels made of it is in `outgoing` afterwards: it leaves the house by another door.
    `digests` covers, for each issue, what all its renderings are made from.
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
        self._images = {one.path: one for one in images if one.size >= 0}
        self.digests = compute_digests(records, entries)
        self._position = {record.path: position for position, record in enumerate(records)}
        self._outputs = {
            channel.name: FileOutput(channel, run.output_folder, run.report, dry_run=run.request.dry_run)
            for channel in run.channels
        }
        self._article_urls = run.article_urls(entries)
        self.outgoing: list[OutgoingMessage] = []

    def build(self, pool: ProcessPool[IssueRenderer], spool: DocumentSpool) -> dict[str, ChannelOutcome]:
        """Do it all; by channel, what became of it. Nothing a channel does wrong is raised."""
        before = {name: set(self._site.channel_files(name).files) for name in self._outputs}
        due = self._find_outdated()
        self._record_files_started(due)
        self._build_pages(due, pool, spool)
        pool.close()
        outcomes = {}
        for name, outlet in self._outputs.items():
            shown = self._build_groups(outlet)
            if not any(one.channel is outlet.channel for one in self.outgoing):
                outcomes[name] = self._build_outcome(outlet, before[name], shown)
                self._run.report(outcomes[name])
                self._queue_ping(outlet)
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
            for name, outlet in self._outputs.items()
            if outlet.archive_channel and not (outlet.error or outlet.skipped)
        ]
        if self._run.is_recorded and done:
            record_files_done(self._run.ledger, done, self._run.clock.time())

    def _build_site_key(self, channel: str, issue: str) -> PublicationKey:
        return PublicationKey(issue, channel, self._run.config.newsletter.site)

    def _queue_ping(self, file_output: FileOutput) -> None:
        """Have those told who want to know which files changed."""
        channel, wanted = file_output.channel, self._run.is_recorded and self._run.request.send_pings
        if file_output.error or not wanted or not isinstance(channel, PingChannel):
            return
        if told := build_feed_ping(self._run, channel):
            self.outgoing.append(told)

    # ------------------------------------------------------------------ pages

    def _build_pages(
        self, due: Mapping[int, Sequence[str]], pool: ProcessPool[IssueRenderer], spool: DocumentSpool
    ) -> None:
        def jobs() -> Iterator[RenderJob]:
            for position, names in due.items():
                path = self._records[position].path
                near = self._neighbours(position)
                yield RenderJob(
                    path, spool.take(path), self._entries[position], *near, names, self._article_urls
                )

        with ExitStack() as stack:
            for outlet in self._outputs.values():
                stack.enter_context(outlet)
            for done, (path, made) in enumerate(
                pool.map_unordered(IssueRenderer.render, jobs(), len(due)), 1
            ):
                for name, result in made:
                    self._store_rendering(self._outputs[name], path, result)
                self._run.report(Progress("writing", done, len(due)))

    def _find_outdated(self) -> dict[int, list[str]]:
        """Which channels lack which issues, by position."""
        due: dict[int, list[str]] = {}
        for name, outlet in self._outputs.items():
            has = self._is_body_current if outlet.caches_entries else self._is_page_current
            for position, record in enumerate(self._records):
                if (outlet.archive_channel or record == self._issue) and not has(name, position):
                    due.setdefault(position, []).append(name)
        return due

    def rendering_digest(self, name: str, position: int) -> str:
        """What the rendering of an issue for that channel is made from. One for an archive knows no article's
        address: each new one would have it made anew."""
        if self._outputs[name].archive_channel or not self._article_urls:
            return self.digests[position]
        told = f"{self.digests[position]}{sorted(self._article_urls.items())}"
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

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
        """Deliver or keep what a channel made of an issue."""
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
            if not file_output.archive_channel:  # of the issues it got before, it needs none again
                output.pages.clear()
            made_from = self.rendering_digest(channel.name, self._position[path])
            output.pages[path] = BuiltFiles(made_from, sizes if file_output.writes_files else {})

    def _neighbours(self, position: int) -> tuple[Entry | None, Entry | None]:
        """The entries before and after, by date."""
        previous = self._entries[position + 1] if position + 1 < len(self._entries) else None
        return previous, self._entries[position - 1] if position else None

    # ----------------------------------------------------------------- groups

    def _build_groups(self, file_output: FileOutput) -> tuple[str, ...]:
        """Deliver what covers the archive; the files of its last group."""
        channel = file_output.archive_channel
        if file_output.error or channel is None:
            return ()
        entries = [
            entry
            for entry, record in zip(self._entries, self._records, strict=True)
            if record.path not in file_output.skipped
        ]
        if file_output.skipped and not entries:  # rather the old index than an empty one
            return ()
        output = self._site.channel_files(channel.name)
        made: dict[str, BuiltFiles] = {}
        try:
            with file_output:
                context = replace(self._renderer.context, article_urls=self._article_urls)
                groups = channel.render_archive(entries, self._build_body_loader(channel), context)
                for group in chain(self._build_image_groups(file_output), groups):
                    known = output.groups.get(group.key)
                    if not (known and known.digest == group.digest and self._site.has_files(known)):
                        sizes = file_output.deliver(group.parts())
                        if sizes is None:
                            return ()
                        known = output.groups[group.key] = BuiltFiles(group.digest, sizes)
                    made[group.key] = known
        except PublisherError as error:
            file_output.error = error
            return ()
        except Exception as error:  # a channel's mistake must not stop the others
            file_output.error = RenderError(f"{channel.name}: {type(error).__name__}: {error}")
            return ()
        output.groups = made
        output.pages = {path: page for path, page in output.pages.items() if path in self._position}
        last = next(reversed(made.values())).files if made else {}
        return tuple(key for key in last if key.rpartition(".")[0] not in last)  # without feed.xml.gz

    def _build_image_groups(self, file_output: FileOutput) -> Iterator[PartGroup]:
        """The pictures of all issues, which go out with the first channel that covers the archive."""
        if file_output is not next(one for one in self._outputs.values() if one.archive_channel):
            return
        targets = {target: source for record in self._records for source, target, _ in record.images}
        for target, source in sorted(targets.items()):
            if picture := self._images.get(source):
                digest = f"{picture.size}-{picture.mtime}"
                yield PartGroup(f"picture:{target}", digest, partial(self._read_image, source, target))

    def _read_image(self, source: str, target: str) -> Iterator[Part]:
        from mimetypes import guess_type

        kind = guess_type(target)[0] or "application/octet-stream"
        try:
            yield Part(target, kind, (self._run.config.root / source).read_bytes())
        except OSError as error:
            raise wrap_os_error(f"cannot read {source}", error) from error

    def _build_body_loader(self, channel: Channel) -> Callable[[Entry], bytes]:
        """What gives back the body a channel keeps of an issue, made again if it was lost."""
        positions = {entry.id: position for position, entry in enumerate(self._entries)}

        def body(entry: Entry) -> bytes:
            position = positions[entry.id]
            path, digest = self._records[position].path, self.digests[position]
            kept = self._index.load_body(channel.name, path, digest)
            if kept is None:
                job = RenderJob(path, None, entry, *self._neighbours(position), (channel.name,))
                _, [(_, made)] = self._renderer.render(job)
                if isinstance(made, PublisherError):
                    raise made
                kept = made.parts[0].body
                self._index.store_body(channel.name, path, digest, kept)
            return kept

        return body

    def _build_outcome(
        self, file_output: FileOutput, before: set[str], main_files: tuple[str, ...]
    ) -> ChannelOutcome:
        after = set(self._site.channel_files(file_output.channel.name).files)
        lost = before - after if file_output.archive_channel else set()
        gone = sorted(key for key in lost if (self._run.output_folder / key).exists())
        return ChannelOutcome(
            file_output.channel.name,
            tuple(file_output.written),
            unchanged=len(after - set(file_output.written)),
            issues=len(self._entries) - len(file_output.skipped) if file_output.archive_channel else 1,
            main_files=main_files or tuple(file_output.written),
            orphaned=tuple(gone),
            error=file_output.error or next(iter(file_output.skipped.values()), None),
        )


def compute_digests(records: Sequence[Record], entries: Sequence[Entry]) -> list[str]:
    """A digest for each issue of all its renderings are made from, besides what the whole run depends on:
    its file and which of its pictures are there, its time of correction, what its neighbours are called."""
    names = ["", *(f"{one.id}\0{one.title}\0{one.url}\0{one.date}" for one in entries), ""]
    return [
        hashlib.blake2b(
            f"{record.sha256}\n{record.images}\n{entry.updated}\n{before}\n{after}".encode(
                "utf-8", "surrogatepass"
            ),
            digest_size=16,
        ).hexdigest()
        for record, entry, after, before in zip(records, entries, names, names[2:], strict=False)
    ]


def build_feed_ping(run: RunContext, channel: PingChannel) -> OutgoingMessage | None:
    """What those are told who want to know which files of a channel changed; None when nobody does.

    Raises StorageError when a file cannot be read.
    """
    newsletter = run.config.newsletter

    def digest(key: str) -> str:
        try:
            return hashlib.sha256((run.output_folder / key).read_bytes()).hexdigest()
        except OSError as error:
            raise wrap_os_error(f"cannot read {key}", error) from error

    told = channel.build_ping(digest, newsletter)
    return OutgoingMessage(newsletter.id, channel.name, *told) if told else None
