"""Builds files and messages from issues: each page before the index that links to it, then the feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

from msgspec.structs import replace

from publisher.archive.cache_keys import compute_config_key
from publisher.archive.output_folder import BuiltFiles, OutputFolder, SiteSetup, UpToDateMark
from publisher.archive.records import Edition, Record
from publisher.archive.sources import SourceFile, compute_fingerprint, stat_images
from publisher.build.cards import SiteCards
from publisher.build.digests import RenderingDigests
from publisher.build.jobs import JobBuilder
from publisher.build.messages import block_messages, build_feed_ping
from publisher.build.output import FileOutput
from publisher.build.renderer import IssueRenderer, RenderError, RenderJob
from publisher.build.sources import Sources
from publisher.build.upload import draw_before_upload, upload_site
from publisher.channel import Channel, Entry, Part, PartGroup, Rendering
from publisher.errors import PublisherError, StorageError
from publisher.events import ChannelOutcome, Outcome, Progress
from publisher.file_kinds import choose_linked_kind
from publisher.ledger import PublicationKey
from publisher.ledger.outputs import PublishedSource, record_files_done, record_files_started, record_sources
from publisher.local_files import Refusal
from publisher.run import OutgoingMessage, RunContext


class BuildResult(NamedTuple):
    """The outcome for the files, and the messages to send.

    `digests`: by channel, a digest of all inputs of the rendering that its message contains. `mark`: says
    that a channel is up to date, once its message is delivered; None if issues were held back or are dated after
    today, if an older issue was published, or if a source may change unnoticed. `cards` may have to be drawn.
    """

    outcome: Outcome
    messages: Sequence[OutgoingMessage]
    digests: Mapping[str, str]
    mark: UpToDateMark | None
    cards: SiteCards


class SiteBuilder:
    """Renders what is outdated and writes the files.

    `issue` is the one that channels without an archive publish. With `always_render_messages` its messages are
    rendered even if they were delivered: some recipients may not have been there. `revisions` say what moved.
    """

    def __init__(
        self,
        run: RunContext,
        sources: Sources,
        edition: Edition,
        issue: Record,
        *,
        always_render_messages: bool = False,
    ) -> None:
        self._run = run
        self._always_render_messages = always_render_messages
        self._sources = sources
        self._edition = edition
        self._issue = issue
        self._site = OutputFolder(run.output_folder, run.home)
        self._records = edition.issues
        self._jobs = JobBuilder(run, edition)
        self.revisions, self._entries, self._cards = self._jobs.revisions, self._jobs.entries, self._jobs.cards
        images = sorted({image.source for record in edition.issues for image in record.images})
        self._images = {image.path: image for image in stat_images(run.config.root, images)}
        self._position = {record.path: position for position, record in enumerate(self._records)}
        self._outputs = {
            channel.name: FileOutput(channel, run.output_folder, run.report, dry_run=run.dry_run)
            for channel in run.channels
        }
        self._digests = RenderingDigests(run, sources.renderer.context, self._records, self._jobs)
        self._rendered: dict[str, Rendering | PublisherError] = {}
        self._messages: list[OutgoingMessage] = []

    def find_outdated(self) -> list[tuple[Record, Channel]]:
        """Return the issues that `build` would render, each with its channel."""
        return [
            (self._records[position], self._outputs[name].channel)
            for position, names in self._outdated.items()
            for name in names
        ]

    def render_limited(self) -> Mapping[str, Rendering | PublisherError]:
        """Render the issue for its outdated channels with limits, by channel. `build` uses the results."""
        names = self._outdated.get(self._position[self._issue.path], ())
        self._rendered = self.render_issue([n for n in names if self._outputs[n].channel.capabilities.limits])
        return self._rendered

    def render_issue(self, names: Sequence[str]) -> dict[str, Rendering | PublisherError]:
        """Render the issue for these channels, also where it is not outdated."""
        document = self._sources.spool.take(self._issue.path)
        if names and document is None:
            _, document = self._sources.renderer.read(SourceFile(*self._issue[:3]))
        self._sources.spool.put(self._issue.path, document)
        job = self._jobs.build_job(self._position[self._issue.path], names, document)
        return dict(self._sources.renderer.render(job)[1])

    def leave_out(self, name: str, error: PublisherError) -> None:
        """Leave the issue out of a channel: one that would send it fails, one that only writes files is skipped with
        a warning."""
        if self._run.is_sending_channel(self._outputs[name].channel):
            self._rendered[name] = error
        else:
            self._run.warn(f"{name}: {error.message} · {error.hint}")
            del self._outputs[name]
            position = self._position[self._issue.path]
            self._outdated[position].remove(name)
            if not self._outdated[position]:
                del self._outdated[position]

    def build(self, *, send_pings: bool = True) -> BuildResult:
        """Bring the files of every channel up to date; in a dry run, only report what would change.

        Messages are not sent but returned. Errors of a channel are in its outcome; raises StorageError.
        """
        if not self._run.dry_run:
            self.revisions.save()  # before any channel publishes the times of corrections
        outcomes, mark = self._build_channels(send_pings=send_pings), self._build_mark()
        issue = self._find_entry(self._issue.path).id
        self._messages = block_messages(
            self._run, self._messages, self._outputs.values(), self._site, issue, self._issue.path
        )
        if not self._run.dry_run:
            self._save(outcomes, mark)
        position = self._position[self._issue.path]
        digests = {
            message.source_channel: self._rendering_digest(message.source_channel, position)
            for message in self._messages
        }
        outcome = Outcome(self._issue, outcomes, tuple(self._run.warnings))
        return BuildResult(outcome, self._messages, digests, mark, self._cards)

    def _build_channels(self, *, send_pings: bool) -> dict[str, ChannelOutcome]:
        before = {name: set(self._site.channel_files(name).files) for name in self._outputs}
        due = self._outdated
        self._record_files_started(due)
        self._build_pages(due)
        self._sources.pool.close()
        draw_before_upload(self._run, self._cards)
        main_files = {name: self._build_groups(file_output) for name, file_output in self._outputs.items()}
        upload_site(self._run, self._site, self._outputs.values(), self._cards)
        outcomes = {}
        for name, file_output in self._outputs.items():
            if not any(message.channel is file_output.channel for message in self._messages):
                outcomes[name] = self._build_outcome(file_output, before[name], main_files[name])
                self._run.report(outcomes[name])
                is_pinging = send_pings and self._run.is_recorded and not file_output.error
                if is_pinging and (ping := build_feed_ping(self._run, file_output.channel, self._site)):
                    self._messages.append(ping)
        self._record_files_done()
        return outcomes

    def _build_mark(self) -> UpToDateMark | None:
        """Return the state in which the next run has nothing to do; None if that cannot be seen."""
        is_reliable = all(record.mtime for record in self._sources.records.values())
        is_newest = self._issue == self._records[0]  # or else the next run has the newest one to publish
        if self._edition.is_partial or self._edition.has_future_issues or not (is_newest and is_reliable):
            return None
        return UpToDateMark(
            compute_fingerprint([*self._sources.files, *self._images.values()]),
            self._records[0].date,
            self._edition.next_date,
            self._records[0],
            self._edition.skipped,
            f"{self._run.now:%Y-%m-%d %H:%M}",
            self._run.home.settings_digest,
            compute_config_key(self._run.config, self._run.theme, self._run.home),
        )

    def _save(self, outcomes: Mapping[str, ChannelOutcome], mark: UpToDateMark | None) -> None:
        for name, outcome in outcomes.items():
            is_final = self._cards.are_final or not self._outputs[name].channel.capabilities.names_cards
            self._site.mark(name, None if outcome.error or not is_final else mark, changed=outcome.has_changes)
        for message in self._messages:
            self._site.mark(message.source_channel, None)
            if message.source_channel == message.channel.name:  # until it is delivered, as a retry may be ended
                self._site.channel_files(message.source_channel).pages.pop(self._issue.path, None)
        if self._sources.index.dirty:
            self._sources.index.save()
        config = self._run.config
        notes = {channel.name: channel.note for channel in config.channels}
        self._site.save(SiteSetup(config.issues, config.newsletter.timezone, tuple(notes), tuple(self._images), notes))
        self._run.home.write_gitignore()

    # ----------------------------------------------------------------- ledger

    def _record_files_started(self, due: Mapping[int, Sequence[str]]) -> None:
        if self._run.is_recorded and due:
            site = self._run.config.newsletter.site
            keys = {
                PublicationKey(self._entries[position].id, name, site): self._digests.of_issue(position)
                for position, names in due.items()
                for name in names
                if self._outputs[name].archive_channel
            }
            sources = [
                PublishedSource.make(self._entries[position].id, record.path, record.url, record.sketch)
                for position, record in enumerate(self._records)
                if position in due
            ]
            record_sources(self._run.ledger, sources)
            record_files_started(self._run.ledger, keys, self._run.clock.time())

    def _record_files_done(self) -> None:
        done = {
            (name, self._run.config.newsletter.site): [self._find_entry(path).id for path in file_output.skipped]
            for name, file_output in self._outputs.items()
            if file_output.archive_channel and not file_output.error
        }
        if self._run.is_recorded and done:
            record_files_done(self._run.ledger, done, self._run.clock.time())

    def _find_entry(self, path: str) -> Entry:
        return self._entries[self._position[path]]

    def _build_pages(self, due: Mapping[int, Sequence[str]]) -> None:
        def jobs() -> Iterator[RenderJob]:
            for position, names in due.items():
                record = self._records[position]
                if record == self._issue:
                    names = [name for name in names if name not in self._rendered]
                yield self._jobs.build_job(position, names, self._sources.spool.take(record.path))

        with ExitStack() as stack:
            for file_output in self._outputs.values():
                stack.enter_context(file_output)
            rendered = self._sources.pool.map_unordered(IssueRenderer.render, jobs(), len(due))
            for done, (path, renderings) in enumerate(rendered, 1):
                by_name = dict(renderings) | (self._rendered if path == self._issue.path else {})
                for name in due[self._position[path]]:
                    self._store_rendering(self._outputs[name], path, by_name[name])
                self._run.report(Progress("writing", done, len(due)))

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

    def _rendering_digest(self, name: str, position: int) -> str:
        return self._digests.of_rendering(self._outputs[name].channel, position)

    def _is_body_current(self, name: str, position: int) -> bool:
        body = self._sources.index.bodies.get(name, {}).get(self._records[position].path)
        return body is not None and body.digest == self._rendering_digest(name, position)

    def _is_page_current(self, name: str, position: int) -> bool:
        if self._always_render_messages and self._run.is_sending_channel(self._outputs[name].channel):
            return False
        page = self._site.channel_files(name).pages.get(self._records[position].path)
        return page is not None and page.digest == self._rendering_digest(name, position) and self._site.has_files(page)

    def _store_rendering(self, file_output: FileOutput, path: str, rendering: Rendering | PublisherError) -> None:
        """Write a rendering, cache it for the archive, or queue it as a message."""
        channel, digest = file_output.channel, self._rendering_digest(file_output.channel.name, self._position[path])
        if isinstance(rendering, PublisherError):
            file_output.record_failure(rendering, path)
            return
        if path == self._issue.path:
            for warning in rendering.warnings:
                self._run.warn(f"{channel.name}: {warning}")
        if file_output.caches_entries:
            self._sources.index.store_body(channel.name, path, digest, rendering.parts[0].body)
        elif self._run.is_sending_channel(channel):
            entry = self._find_entry(path)
            self._messages.append(OutgoingMessage(entry.id, channel.name, channel, rendering, entry.published))
        elif (sizes := file_output.deliver((*rendering.parts, *rendering.previews))) is not None:
            output = self._site.channel_files(channel.name)
            if not file_output.archive_channel:  # only the last issue it rendered is recorded
                output.pages.clear()
            output.pages[path] = BuiltFiles(digest, sizes if file_output.writes_files else {})

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
                context = self._sources.build_archive_context(
                    entries, self._jobs.article_urls, self._cards.find_image()
                )
                groups = (
                    replace(group, digest=self._digests.of_group(channel, group.digest))
                    for group in channel.render_archive(entries, self._build_body_loader(channel), context)
                )
                for group in chain(self._build_image_groups(file_output), groups):
                    existing = output.groups.get(group.key)
                    if not (existing and existing.digest == group.digest and self._site.has_files(existing)):
                        sizes = file_output.deliver(group.parts())
                        if sizes is None:
                            return ()
                        existing = output.groups[group.key] = BuiltFiles(group.digest, sizes)
                        self._run.warn(*[f"{channel.name}: {group.warning}"][: bool(group.warning)])
                    built[group.key] = existing
        except PublisherError as error:
            file_output.error = error
            return ()
        except Exception as error:  # a bug in one channel must not stop the others
            file_output.error = RenderError(f"{channel.name}: {type(error).__name__}: {error}")
            return ()
        pages = {path: page for path, page in output.pages.items() if path in self._position}
        self._site.channels[channel.name] = output._replace(pages=pages, groups=built | self._cards.keep(channel))
        last_files = next(reversed(built.values())).files if built else {}
        return tuple(key for key in last_files if key.rpartition(".")[0] not in last_files)  # without .gz

    def _build_image_groups(self, file_output: FileOutput) -> Iterator[PartGroup]:
        """Yield the images and linked files of all issues; they are written with the first archive channel."""
        if file_output is not next(output for output in self._outputs.values() if output.archive_channel):
            return
        images = {image.target: image for record in self._records for image in record.images if image.is_published}
        for target, image in sorted(images.items()):
            file = self._images[image.source]
            digest = f"{file.size}-{file.mtime}"
            yield PartGroup(f"image:{target}", digest, partial(self._read_image, file.path, target))

    def _read_image(self, source: str, target: str) -> Iterator[Part]:
        """Yield the file as it is now, if that is still one that may be published."""
        from mimetypes import guess_type

        found = self._sources.renderer.files.read(source, choose_linked_kind(source))
        if isinstance(found, Refusal):
            raise StorageError(f"{source} has changed since its issue was read: it {found.reason}", "publish again")
        yield Part(target, guess_type(target)[0] or "application/octet-stream", found)

    def _build_body_loader(self, channel: Channel) -> Callable[[Entry], bytes]:
        """Return a function that loads what is remembered of an entry for a channel, and makes it again if missing."""
        positions = {entry.id: position for position, entry in enumerate(self._entries)}

        def load_body(entry: Entry) -> bytes:
            position = positions[entry.id]
            record, digest = self._records[position], self._rendering_digest(channel.name, position)
            if channel.capabilities.lists_contents:
                return self._sources.load_contents(record)
            body = self._sources.index.load_body(channel.name, record.path, digest)
            if body is None:
                job = self._jobs.build_job(position, (channel.name,), None)
                _, [(_, rendering)] = self._sources.renderer.render(job)
                if isinstance(rendering, PublisherError):
                    raise rendering
                body = rendering.parts[0].body
                self._sources.index.store_body(channel.name, record.path, digest, body)
            return body

        return load_body

    def _build_outcome(self, file_output: FileOutput, before: set[str], main_files: tuple[str, ...]) -> ChannelOutcome:
        output = self._site.channel_files(file_output.channel.name)
        after, own = set(output.files), output.pages.get(self._issue.path)
        removed = sorted(before - after) if file_output.archive_channel else ()
        return ChannelOutcome(
            file_output.channel.name,
            tuple(file_output.written),
            unchanged=len(after - set(file_output.written)),
            issues=len(self._entries) - len(file_output.skipped) if file_output.archive_channel else 1,
            main_files=main_files or tuple(file_output.written),
            orphaned=tuple(key for key in removed if (self._run.output_folder / key).exists()),
            error=file_output.error or next(iter(file_output.skipped.values()), None),
            note=file_output.note,
            uploaded=file_output.uploaded,
            created=tuple(file_output.created),
            issue_files=tuple(own.files) if own and file_output.written else (),
        )
