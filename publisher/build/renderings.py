"""Renders what is outdated: pages are written, entries are cached for the archive, and messages are queued."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack

from publisher.archive.output_folder import BuiltFiles
from publisher.archive.sources import SourceFile
from publisher.build.context import BuildContext
from publisher.build.output import FileOutput
from publisher.build.renderer import IssueRenderer, RenderJob
from publisher.channel import Rendering
from publisher.errors import PublisherError
from publisher.events import Progress
from publisher.run import OutgoingMessage


def render_chosen_issue(build: BuildContext, names: Sequence[str]) -> dict[str, Rendering | PublisherError]:
    """Render the issue of the run for these channels, also where it is not outdated."""
    sources, path = build.sources, build.issue.path
    document = sources.take_document(build.issue)
    if names and document is None:
        _, document = sources.renderer.read(SourceFile(*build.issue[:3]))
    sources.spool.put(path, document)
    job = build.jobs.build_job(build.position[path], names, document)
    return dict(sources.renderer.render(job)[1])


def render_outdated(
    build: BuildContext, due: Mapping[int, Sequence[str]], rendered: Mapping[str, Rendering | PublisherError]
) -> list[OutgoingMessage]:
    """Render the issues for the channels in `due`, by position, and return the messages.

    `rendered` has, by channel, what was rendered of the issue of the run already.
    """
    messages: list[OutgoingMessage] = []
    with ExitStack() as stack:
        for file_output in build.outputs.values():
            stack.enter_context(file_output)
        done_issues = build.sources.pool.map_unordered(
            IssueRenderer.render, _build_jobs(build, due, rendered.keys()), len(due)
        )
        for done, (path, renderings) in enumerate(done_issues, 1):
            by_name = {**dict(renderings), **(rendered if path == build.issue.path else {})}
            for name in due[build.position[path]]:
                messages += _store_rendering(build, build.outputs[name], path, by_name[name])
            build.run.report(Progress("writing", done, len(due)))
    return messages


def _build_jobs(
    build: BuildContext, due: Mapping[int, Sequence[str]], rendered: Collection[str]
) -> Iterator[RenderJob]:
    for position, names in due.items():
        record = build.records[position]
        if record == build.issue:
            names = [name for name in names if name not in rendered]
        yield build.jobs.build_job(position, names, build.sources.take_document(record))


def _store_rendering(
    build: BuildContext, file_output: FileOutput, path: str, rendering: Rendering | PublisherError
) -> Iterator[OutgoingMessage]:
    """Write a rendering, cache it for the archive, or yield it as a message."""
    channel = file_output.channel
    digest = build.rendering_digest(channel.name, build.position[path])
    if isinstance(rendering, PublisherError):
        file_output.record_failure(rendering, path)
        return
    if path == build.issue.path:
        for warning in rendering.warnings:
            build.run.warn(f"{channel.name}: {warning}")
    if file_output.caches_entries:
        build.sources.index.store_body(channel.name, path, digest, rendering.parts[0].body)
    elif build.run.is_sending_channel(channel):
        entry = build.find_entry(path)
        yield OutgoingMessage(entry.id, channel.name, channel, rendering, entry.published)
    elif (sizes := file_output.deliver((*rendering.parts, *rendering.previews))) is not None:
        output = build.site.channel_files(channel.name)
        if not file_output.archive_channel:  # only the last issue it rendered is recorded
            output.pages.clear()
        output.pages[path] = BuiltFiles(digest, sizes if file_output.writes_files else {})
