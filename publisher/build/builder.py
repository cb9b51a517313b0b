"""Builds files and messages from issues: each page before the index that links to it, then the feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from publisher.archive.output_folder import UpToDateMark
from publisher.archive.records import Edition, Record
from publisher.build.cards import SiteCards
from publisher.build.context import BuildContext
from publisher.build.groups import build_groups
from publisher.build.messages import block_messages, build_feed_ping
from publisher.build.outdated import OutdatedRenderings, is_up_to_date
from publisher.build.output import FileOutput
from publisher.build.recording import build_marks, record_end, record_start, save_records
from publisher.build.renderings import render_chosen_issue, render_outdated
from publisher.build.sources import Sources
from publisher.build.upload import draw_before_upload, upload_site
from publisher.channel import Channel, Rendering
from publisher.errors import PublisherError
from publisher.events import ChannelOutcome, Outcome
from publisher.named_tuple import NamedTuple
from publisher.run import OutgoingMessage, RunContext


class BuildResult(NamedTuple):
    """The outcome for the files, and the messages to send.

    `digests`: by channel, a digest of all inputs of the rendering that its message contains. `marks`: say
    that a channel is up to date, once its message is delivered; none if issues were held back or are dated after
    today, if an older issue was published, or if a source may change unnoticed. `cards` may have to be drawn.
    """

    outcome: Outcome
    messages: Sequence[OutgoingMessage]
    digests: Mapping[str, str]
    marks: Mapping[str, UpToDateMark]
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
        self._build = BuildContext(run, sources, edition, issue)
        self._position = self._build.position[issue.path]
        self._outputs = self._build.outputs
        self._always_render_messages = always_render_messages
        self.revisions = self._build.jobs.revisions
        self._rendered: dict[str, Rendering | PublisherError] = {}
        self._marks = build_marks(self._build)
        if run.is_recorded and not always_render_messages:
            for name, mark in self._marks.items():
                self._outputs[name].is_up_to_date = is_up_to_date(self._build, name, mark)

    @cached_property
    def _outdated(self) -> OutdatedRenderings:
        return OutdatedRenderings(self._build, always_render_messages=self._always_render_messages)

    def find_outdated(self) -> list[tuple[Record, Channel]]:
        """Return the issues that `build` would render, each with its channel."""
        return [
            (self._build.records[position], self._outputs[name].channel)
            for position, names in self._outdated.channels.items()
            for name in names
        ]

    def render_limited(self) -> Mapping[str, Rendering | PublisherError]:
        """Render the issue for its outdated channels with limits, by channel. `build` uses the results."""
        names = self._outdated.of_issue(self._position)
        self._rendered = self.render_issue([n for n in names if self._outputs[n].channel.capabilities.limits])
        return self._rendered

    def render_issue(self, names: Sequence[str]) -> dict[str, Rendering | PublisherError]:
        """Render the issue for these channels, also where it is not outdated."""
        return render_chosen_issue(self._build, names)

    def leave_out(self, name: str, error: PublisherError) -> None:
        """Leave the issue out of a channel: one that would send it fails, one that only writes files is skipped with
        a warning."""
        if self._run.is_sending_channel(self._outputs[name].channel):
            self._rendered[name] = error
        else:
            self._run.warn(f"{name}: {error.message} · {error.hint}")
            self.skip(name)

    def skip(self, name: str) -> None:
        """Do nothing on a channel, as if it were not one of the run."""
        self._outdated.remove(name, self._position)
        del self._outputs[name]

    def build(self, *, send_pings: bool = True) -> BuildResult:
        """Bring the files of every channel up to date; in a dry run, only report what would change.

        Messages are not sent but returned. Errors of a channel are in its outcome; raises StorageError.
        """
        run, build, issue = self._run, self._build, self._build.issue
        if not run.dry_run:
            self.revisions.save()  # before any channel publishes the times of corrections
        outcomes, messages = self._build_channels(send_pings=send_pings)
        entry = build.find_entry(issue.path)
        messages = block_messages(run, messages, self._outputs.values(), build.site, entry.id, issue.path)
        if not run.dry_run:
            save_records(build, outcomes, self._marks, messages)
        names = [message.source_channel for message in messages]
        digests = {name: build.rendering_digest(name, self._position) for name in names}
        outcome = Outcome(issue, outcomes, tuple(run.warnings))
        return BuildResult(outcome, messages, digests, self._marks, build.jobs.cards)

    def _build_channels(self, *, send_pings: bool) -> tuple[dict[str, ChannelOutcome], list[OutgoingMessage]]:
        run, build, cards = self._run, self._build, self._build.jobs.cards
        before = {name: set(build.site.load_sizes(name)) for name in self._outputs}
        due = self._outdated.channels
        record_start(build, due)
        build.sources.keep_document(build.issue)
        messages = render_outdated(build, due, self._rendered)
        build.sources.pool.close()
        draw_before_upload(run, cards)
        main_files = {name: build_groups(build, file_output) for name, file_output in self._outputs.items()}
        upload_site(run, build.site, self._outputs.values(), cards)
        outcomes = {}
        for name, file_output in self._outputs.items():
            if not any(message.channel is file_output.channel for message in messages):
                outcomes[name] = self._build_outcome(file_output, before[name], main_files[name])
                run.report(outcomes[name])
                is_pinging = send_pings and run.is_recorded and not file_output.error
                if is_pinging and (ping := build_feed_ping(run, file_output.channel, build.site)):
                    messages.append(ping)
        record_end(build)
        return outcomes, messages

    def _build_outcome(self, file_output: FileOutput, before: set[str], main_files: tuple[str, ...]) -> ChannelOutcome:
        site, name = self._build.site, file_output.channel.name
        after = set(site.load_sizes(name))
        own = site.channel_files(name).pages.get(self._build.issue.path) if file_output.written else None
        removed = sorted(before - after) if file_output.archive_channel else ()
        return ChannelOutcome(
            name,
            tuple(file_output.written),
            unchanged=len(after - set(file_output.written)),
            issues=len(self._build.entries) - len(file_output.skipped) if file_output.archive_channel else 1,
            main_files=main_files or tuple(file_output.written),
            orphaned=tuple(key for key in removed if (self._run.output_folder / key).exists()),
            error=file_output.error or next(iter(file_output.skipped.values()), None),
            note=file_output.note,
            uploaded=file_output.uploaded,
            created=tuple(file_output.created),
            issue_files=tuple(own.files) if own else (),
        )
