"""Records what was built: in the ledger which issues each archive channel shows, and what is in the output folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from publisher.archive.output_folder import SiteSetup, UpToDateMark, encode_long_line
from publisher.archive.sources import compute_fingerprint
from publisher.build.context import BuildContext
from publisher.events import ChannelOutcome
from publisher.ledger import PublicationKey
from publisher.ledger.outputs import PublishedSource, record_files_done, record_files_started, record_sources
from publisher.run import OutgoingMessage


def record_start(build: BuildContext, due: Mapping[int, Sequence[str]]) -> None:
    """Record in the ledger that the outdated renderings `due`, by position, are about to be written."""
    run = build.run
    if not (run.is_recorded and due):
        return
    site = run.config.newsletter.site
    keys = {
        PublicationKey(build.entries[position].id, name, site): build.digests.of_issue(position)
        for position, names in due.items()
        for name in names
        if build.outputs[name].archive_channel
    }
    sources = [
        PublishedSource.make(build.entries[position].id, record.path, record.url, record.sketch)
        for position, record in enumerate(build.records)
        if position in due
    ]
    record_sources(run.ledger, sources)
    record_files_started(run.ledger, keys, run.clock.time())


def record_end(build: BuildContext) -> None:
    """Record in the ledger that the archive channels without an error have written what was started."""
    done = {
        (name, build.run.config.newsletter.site): [build.find_entry(path).id for path in file_output.skipped]
        for name, file_output in build.outputs.items()
        if file_output.archive_channel and not file_output.error
    }
    if build.run.is_recorded and done:
        record_files_done(build.run.ledger, done, build.run.clock.time())


def build_marks(build: BuildContext) -> dict[str, UpToDateMark]:
    """Return the state in which the next run has nothing to do, by channel; none if that cannot be seen."""
    run, edition, newest = build.run, build.edition, build.records[0]
    is_reliable = all(record.mtime for record in build.sources.records.values())
    is_newest = build.issue == newest  # or else the next run has the newest one to publish
    if edition.is_partial or edition.has_future_issues or not (is_newest and is_reliable):
        return {}
    mark = UpToDateMark(
        compute_fingerprint([*build.sources.files, *build.images]),
        newest.date,
        edition.next_date,
        newest,
        edition.skipped,
        f"{run.now:%Y-%m-%d %H:%M}",
        *build.sources.settings,
    )
    return {channel.name: mark._replace(inputs=build.digests.of_inputs(channel)) for channel in run.channels}


def save_records(
    build: BuildContext,
    outcomes: Mapping[str, ChannelOutcome],
    marks: Mapping[str, UpToDateMark],
    messages: Collection[OutgoingMessage],
) -> None:
    """Save what is known of the issues and of the output folder. Raises StorageError.

    A channel with an error, or with a message, which is not delivered yet, is not up to date.
    """
    site, index, config = build.site, build.sources.index, build.run.config
    for name, outcome in outcomes.items():
        is_final = build.jobs.cards.are_final or not build.outputs[name].channel.capabilities.names_cards
        site.mark(name, None if outcome.error or not is_final else marks.get(name), changed=outcome.has_changes)
    for message in messages:
        site.mark(message.source_channel, None)
        if message.source_channel == message.channel.name:  # until it is delivered, as a retry may be ended
            site.channel_files(message.source_channel).pages.pop(build.issue.path, None)
    if index.dirty:
        index.save()
    notes, newsletter = {channel.name: channel.note for channel in config.channels}, config.newsletter
    images, records = tuple(image.path for image in build.images), build.sources.records
    sources = [(path, size, mtime, records[path].sha256) for path, size, mtime in build.sources.files]
    site.sources = encode_long_line(sources)
    site.save(SiteSetup(config.issues, newsletter.timezone, tuple(notes), images, notes, newsletter.site))
    build.run.home.write_gitignore()
