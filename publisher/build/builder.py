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
from publisher.archive.site import Made, Site
from publisher.archive.sources import Found
from publisher.build.output import Outlet
from publisher.build.process_pool import Crew
from publisher.build.renderer import Desk, Job, RenderError
from publisher.build.sources import Shelf
from publisher.channel import AnnouncedChannel, Channel, Entry, Group, LiveChannel, Part, Rendering
from publisher.errors import PublisherError
from publisher.events import Advanced, ChannelOutcome
from publisher.files import storage_error
from publisher.ledger import Key
from publisher.ledger.outputs import begin_files, end_files
from publisher.run import Outgoing, Run


class Delivery:
    """Renders what is not there yet, and delivers what goes into files. `records` and `entries` are the
    archive, newest first, and `issue` is the one among them that channels without an archive get.

    What live channels made of it is in `outgoing` afterwards: it leaves the house by another door.
    `digests` covers, for each issue, what all its renderings are made from.
    """

    def __init__(
        self,
        run: Run,
        index: Index,
        site: Site,
        desk: Desk,
        records: Sequence[Record],
        entries: Sequence[Entry],
        issue: Record,
        pictures: Sequence[Found],
    ) -> None:
        self._run = run
        self._index = index
        self._site = site
        self._desk = desk
        self._records = records
        self._entries = entries
        self._issue = issue
        self._pictures = {one.path: one for one in pictures if one.size >= 0}
        self.digests = digests(records, entries)
        self._position = {record.path: position for position, record in enumerate(records)}
        self._outlets = {
            channel.name: Outlet(channel, run.out, run.report, dry_run=run.request.dry_run)
            for channel in run.channels
        }
        self._addresses = run.addresses(entries)
        self.outgoing: list[Outgoing] = []

    def deliver(self, crew: Crew[Desk], shelf: Shelf) -> dict[str, ChannelOutcome]:
        """Do it all; by channel, what became of it. Nothing a channel does wrong is raised."""
        before = {name: set(self._site.output(name).files) for name in self._outlets}
        due = self._due()
        self._begin_files(due)
        self._deliver_pages(due, crew, shelf)
        crew.close()
        outcomes = {}
        for name, outlet in self._outlets.items():
            shown = self._deliver_groups(outlet)
            if not any(one.channel is outlet.channel for one in self.outgoing):
                outcomes[name] = self._outcome(outlet, before[name], shown)
                self._run.report(outcomes[name])
                self._announce(outlet)
        self._end_files()
        return outcomes

    # ----------------------------------------------------------------- ledger

    def _begin_files(self, due: Mapping[int, Sequence[str]]) -> None:
        if self._run.is_noted and due:
            keys = {
                self._key(name, self._entries[position].id): self.digests[position]
                for position, names in due.items()
                for name in names
                if self._outlets[name].archive
            }
            begin_files(self._run.ledger, keys, self._run.clock.time())

    def _end_files(self) -> None:
        done = [
            (name, self._run.config.publication.site)
            for name, outlet in self._outlets.items()
            if outlet.archive and not (outlet.error or outlet.left_out)
        ]
        if self._run.is_noted and done:
            end_files(self._run.ledger, done, self._run.clock.time())

    def _key(self, channel: str, issue: str) -> Key:
        return Key(issue, channel, self._run.config.publication.site)

    def _announce(self, outlet: Outlet) -> None:
        """Have those told who want to know which files changed."""
        channel, wanted = outlet.channel, self._run.is_noted and self._run.request.announce
        if outlet.error or not wanted or not isinstance(channel, AnnouncedChannel):
            return
        if told := announcement(self._run, channel):
            self.outgoing.append(told)

    # ------------------------------------------------------------------ pages

    def _deliver_pages(self, due: Mapping[int, Sequence[str]], crew: Crew[Desk], shelf: Shelf) -> None:
        def jobs() -> Iterator[Job]:
            for position, names in due.items():
                path = self._records[position].path
                near = self._neighbours(position)
                yield Job(path, shelf.take(path), self._entries[position], *near, names, self._addresses)

        with ExitStack() as stack:
            for outlet in self._outlets.values():
                stack.enter_context(outlet)
            for done, (path, made) in enumerate(crew.do(Desk.render, jobs(), len(due)), 1):
                for name, result in made:
                    self._accept(self._outlets[name], path, result)
                self._run.report(Advanced("writing", done, len(due)))

    def _due(self) -> dict[int, list[str]]:
        """Which channels lack which issues, by position."""
        due: dict[int, list[str]] = {}
        for name, outlet in self._outlets.items():
            has = self._has_body if outlet.keeps else self._has_page
            for position, record in enumerate(self._records):
                if (outlet.archive or record == self._issue) and not has(name, position):
                    due.setdefault(position, []).append(name)
        return due

    def digest(self, name: str, position: int) -> str:
        """What the rendering of an issue for that channel is made from. One for an archive knows no article's
        address: each new one would have it made anew."""
        if self._outlets[name].archive or not self._addresses:
            return self.digests[position]
        told = f"{self.digests[position]}{sorted(self._addresses.items())}"
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    def _has_body(self, name: str, position: int) -> bool:
        body = self._index.bodies.get(name, {}).get(self._records[position].path)
        return body is not None and body.digest == self.digests[position]

    def _has_page(self, name: str, position: int) -> bool:
        page = self._site.output(name).pages.get(self._records[position].path)
        return page is not None and page.digest == self.digest(name, position) and self._site.has(page)

    def _accept(self, outlet: Outlet, path: str, made: Rendering | PublisherError) -> None:
        """Deliver or keep what a channel made of an issue."""
        channel, digest = outlet.channel, self.digests[self._position[path]]
        if isinstance(made, PublisherError):
            outlet.fail(made, path)
            return
        if path == self._issue.path:
            for warning in made.warnings:
                self._run.warn(f"{channel.name}: {warning}")
        if outlet.keeps:
            self._index.keep(channel.name, path, digest, made.parts[0].body)
        elif isinstance(channel, LiveChannel) and self._run.is_live(channel):
            entry = self._entries[self._position[path]]
            self.outgoing.append(Outgoing(entry.id, channel.name, channel, made, entry.published))
        elif (sizes := outlet.deliver((*made.parts, *made.previews))) is not None:
            output = self._site.output(channel.name)
            if not outlet.archive:  # of the issues it got before, it needs none again
                output.pages.clear()
            made_from = self.digest(channel.name, self._position[path])
            output.pages[path] = Made(made_from, sizes if outlet.writes_files else {})

    def _neighbours(self, position: int) -> tuple[Entry | None, Entry | None]:
        """The entries before and after, by date."""
        previous = self._entries[position + 1] if position + 1 < len(self._entries) else None
        return previous, self._entries[position - 1] if position else None

    # ----------------------------------------------------------------- groups

    def _deliver_groups(self, outlet: Outlet) -> tuple[str, ...]:
        """Deliver what covers the archive; the files of its last group."""
        channel = outlet.archive
        if outlet.error or channel is None:
            return ()
        entries = [
            entry
            for entry, record in zip(self._entries, self._records, strict=True)
            if record.path not in outlet.left_out
        ]
        if outlet.left_out and not entries:  # rather the old index than an empty one
            return ()
        output = self._site.output(channel.name)
        made: dict[str, Made] = {}
        try:
            with outlet:
                context = replace(self._desk.context, addresses=self._addresses)
                groups = channel.render_archive(entries, self._body(channel), context)
                for group in chain(self._picture_groups(outlet), groups):
                    known = output.groups.get(group.key)
                    if not (known and known.digest == group.digest and self._site.has(known)):
                        sizes = outlet.deliver(group.parts())
                        if sizes is None:
                            return ()
                        known = output.groups[group.key] = Made(group.digest, sizes)
                    made[group.key] = known
        except PublisherError as error:
            outlet.error = error
            return ()
        except Exception as error:  # a channel's mistake must not stop the others
            outlet.error = RenderError(f"{channel.name}: {type(error).__name__}: {error}")
            return ()
        output.groups = made
        output.pages = {path: page for path, page in output.pages.items() if path in self._position}
        last = next(reversed(made.values())).files if made else {}
        return tuple(key for key in last if key.rpartition(".")[0] not in last)  # without feed.xml.gz

    def _picture_groups(self, outlet: Outlet) -> Iterator[Group]:
        """The pictures of all issues, which go out with the first channel that covers the archive."""
        if outlet is not next(one for one in self._outlets.values() if one.archive):
            return
        targets = {target: source for record in self._records for source, target, _ in record.pictures}
        for target, source in sorted(targets.items()):
            if picture := self._pictures.get(source):
                digest = f"{picture.size}-{picture.mtime}"
                yield Group(f"picture:{target}", digest, partial(self._picture_parts, source, target))

    def _picture_parts(self, source: str, target: str) -> Iterator[Part]:
        from mimetypes import guess_type

        kind = guess_type(target)[0] or "application/octet-stream"
        try:
            yield Part(target, kind, (self._run.config.root / source).read_bytes())
        except OSError as error:
            raise storage_error(f"cannot read {source}", error) from error

    def _body(self, channel: Channel) -> Callable[[Entry], bytes]:
        """What gives back the body a channel keeps of an issue, made again if it was lost."""
        positions = {entry.id: position for position, entry in enumerate(self._entries)}

        def body(entry: Entry) -> bytes:
            position = positions[entry.id]
            path, digest = self._records[position].path, self.digests[position]
            kept = self._index.kept(channel.name, path, digest)
            if kept is None:
                job = Job(path, None, entry, *self._neighbours(position), (channel.name,))
                _, [(_, made)] = self._desk.render(job)
                if isinstance(made, PublisherError):
                    raise made
                kept = made.parts[0].body
                self._index.keep(channel.name, path, digest, kept)
            return kept

        return body

    def _outcome(self, outlet: Outlet, before: set[str], shown: tuple[str, ...]) -> ChannelOutcome:
        after = set(self._site.output(outlet.channel.name).files)
        lost = before - after if outlet.archive else set()
        gone = sorted(key for key in lost if (self._run.out / key).exists())
        return ChannelOutcome(
            outlet.channel.name,
            tuple(outlet.written),
            unchanged=len(after - set(outlet.written)),
            issues=len(self._entries) - len(outlet.left_out) if outlet.archive else 1,
            shown=shown or tuple(outlet.written),
            gone=tuple(gone),
            error=outlet.error or next(iter(outlet.left_out.values()), None),
        )


def digests(records: Sequence[Record], entries: Sequence[Entry]) -> list[str]:
    """A digest for each issue of all its renderings are made from, besides what the whole run depends on:
    its file and which of its pictures are there, its time of correction, what its neighbours are called."""
    names = ["", *(f"{one.id}\0{one.title}\0{one.url}\0{one.date}" for one in entries), ""]
    return [
        hashlib.blake2b(
            f"{record.sha256}\n{record.pictures}\n{entry.updated}\n{before}\n{after}".encode(
                "utf-8", "surrogatepass"
            ),
            digest_size=16,
        ).hexdigest()
        for record, entry, after, before in zip(records, entries, names, names[2:], strict=False)
    ]


def announcement(run: Run, channel: AnnouncedChannel) -> Outgoing | None:
    """What those are told who want to know which files of a channel changed; None when nobody does.

    Raises StorageError when a file cannot be read.
    """
    publication = run.config.publication

    def digest(key: str) -> str:
        try:
            return hashlib.sha256((run.out / key).read_bytes()).hexdigest()
        except OSError as error:
            raise storage_error(f"cannot read {key}", error) from error

    told = channel.announcement(digest, publication)
    return Outgoing(publication.id, channel.name, *told) if told else None
