"""What the steps of a build have in common: the issues, the output folder, and what each channel has written there."""

from __future__ import annotations

import gc

from publisher.archive.output_folder import OutputFolder
from publisher.archive.records import Edition, Record
from publisher.archive.sources import SourceFile, pause_garbage_collection
from publisher.build.digests import RenderingDigests
from publisher.build.jobs import JobBuilder
from publisher.build.output import FileOutput
from publisher.build.sources import Sources
from publisher.channel import Entry
from publisher.run import RunContext


class BuildContext:
    """The state of a build.

    `issue` is the one that channels without an archive publish, `records` are those of all issues, newest first, and
    `entries` what the archive knows about them. `position` has the place of each in both, by path. `images` are the
    image files as they were when their issues were read; `site` records what is in the output folder, and `outputs`
    has, by name, the channels of the run with what they write.
    """

    def __init__(self, run: RunContext, sources: Sources, edition: Edition, issue: Record) -> None:
        self.run = run
        self.sources = sources
        self.edition = edition
        self.issue = issue
        self.records = edition.issues
        with pause_garbage_collection():
            self.jobs = JobBuilder(run, edition)
            self.entries = self.jobs.entries
            self.position = {record.path: position for position, record in enumerate(self.records)}
            self.digests = RenderingDigests(run, sources.renderer.context, self.records, self.jobs)
            self.site = OutputFolder(run.output_folder, run.home)
            gc.freeze()  # until the sources are closed
        found = [image for record in edition.issues for image in record.images]
        self.images = sorted({SourceFile(image.source, image.size, image.changed) for image in found})
        self.outputs = {
            channel.name: FileOutput(channel, self.site, run.report, dry_run=run.dry_run) for channel in run.channels
        }

    def find_entry(self, path: str) -> Entry:
        """Return the entry of the issue in a file."""
        return self.entries[self.position[path]]

    def rendering_digest(self, name: str, position: int) -> str:
        """Return the digest of all inputs of a rendering of the channel `name`."""
        return self.digests.of_rendering(self.outputs[name].channel, position)
