"""Writes what covers the archive: for each channel, in order, the groups of files whose inputs have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from msgspec.structs import replace

from publisher.archive.output_folder import BuiltFiles, ChannelFiles
from publisher.build.context import BuildContext
from publisher.build.output import FileOutput
from publisher.build.renderer import RenderError
from publisher.channel import Channel, Entry, Part, PartGroup
from publisher.errors import PublisherError, StorageError
from publisher.file_kinds import choose_linked_kind
from publisher.local_files import Refusal


def build_groups(build: BuildContext, file_output: FileOutput) -> tuple[str, ...]:
    """Write the groups of an archive channel and return the files of the last group.

    An error is recorded in `file_output`; then, and for a channel that is up to date or has no archive, no files are
    returned.
    """
    channel = file_output.archive_channel
    if file_output.error or file_output.is_up_to_date or channel is None:
        return ()
    entries = build.entries
    if skipped := file_output.skipped:
        entries = [entry for entry, record in zip(entries, build.records, strict=True) if record.path not in skipped]
        if not entries:  # the old index is better than an empty one
            return ()
    try:
        with file_output:
            context = build.sources.build_archive_context(
                entries, build.jobs.article_urls, build.jobs.cards.find_image()
            )
            groups = (
                replace(group, digest=build.digests.of_group(channel, group.digest))
                for group in channel.render_archive(entries, _build_body_loader(build, channel), context)
            )
            built = _write_groups(build, file_output, chain(_build_image_groups(build, file_output), groups))
    except PublisherError as error:
        file_output.error = error
    except Exception as error:  # a bug in one channel must not stop the others
        file_output.error = RenderError(f"{channel.name}: {type(error).__name__}: {error}")
    if file_output.error:
        return ()
    output = build.site.channel_files(channel.name)
    pages = {path: page for path, page in output.pages.items() if path in build.position}
    build.site.replace_files(channel.name, ChannelFiles(pages, built | build.jobs.cards.keep(channel)))
    last_files = next(reversed(built.values())).files if built else {}
    return tuple(key for key in last_files if key.rpartition(".")[0] not in last_files)  # without .gz


def _write_groups(build: BuildContext, file_output: FileOutput, groups: Iterator[PartGroup]) -> dict[str, BuiltFiles]:
    """Write the groups that changed and return the record of all, by key; of those before an error if there is one."""
    name = file_output.channel.name
    recorded = build.site.channel_files(name).groups
    built: dict[str, BuiltFiles] = {}
    for group in groups:
        existing = recorded.get(group.key)
        if not (existing and existing.digest == group.digest and build.site.has_files(existing)):
            sizes = file_output.deliver(group.parts())
            if sizes is None:
                return built
            existing = recorded[group.key] = BuiltFiles(group.digest, sizes)
            build.run.warn(*[f"{name}: {group.warning}"][: bool(group.warning)])
        built[group.key] = existing
    return built


def _build_image_groups(build: BuildContext, file_output: FileOutput) -> Iterator[PartGroup]:
    """Yield the images and linked files of all issues; they are written with the first archive channel."""
    if file_output is not next(output for output in build.outputs.values() if output.archive_channel):
        return
    images = {image.target: image for record in build.records for image in record.images if image.is_published}
    for target, image in sorted(images.items()):
        digest = f"{image.size}-{image.changed}"
        yield PartGroup(f"image:{target}", digest, partial(_read_image, build, image.source, target))


def _read_image(build: BuildContext, source: str, target: str) -> Iterator[Part]:
    """Yield the file as it is now, if that is still one that may be published."""
    from mimetypes import guess_type

    found = build.sources.renderer.files.read(source, choose_linked_kind(source))
    if isinstance(found, Refusal):
        raise StorageError(f"{source} has changed since its issue was read: it {found.reason}", "publish again")
    yield Part(target, guess_type(target)[0] or "application/octet-stream", found)


def _build_body_loader(build: BuildContext, channel: Channel) -> Callable[[Entry], bytes]:
    """Return a function that loads what is remembered of an entry for a channel, and makes it again if missing."""
    positions = {entry.id: position for position, entry in enumerate(build.entries)}
    sources = build.sources

    def load_body(entry: Entry) -> bytes:
        position = positions[entry.id]
        record, digest = build.records[position], build.rendering_digest(channel.name, position)
        if channel.capabilities.lists_contents:
            return sources.load_contents(record)
        body = sources.index.load_body(channel.name, record.path, digest)
        if body is None:
            job = build.jobs.build_job(position, (channel.name,), None)
            _, [(_, rendering)] = sources.renderer.render(job)
            if isinstance(rendering, PublisherError):
                raise rendering
            body = rendering.parts[0].body
            sources.index.store_body(channel.name, record.path, digest, body)
        return body

    return load_body
