"""The messages that follow the files of a run: which must wait for a page, and the ping of a hub."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from publisher.archive.output_folder import OutputFolder
from publisher.build.output import FileOutput
from publisher.channel import Channel
from publisher.errors import PageMissingError
from publisher.files import wrap_os_error
from publisher.ledger import PublicationKey
from publisher.ledger.queries import find_status
from publisher.run import OutgoingMessage, RunContext


def block_messages(
    run: RunContext,
    messages: Sequence[OutgoingMessage],
    outputs: Collection[FileOutput],
    site: OutputFolder,
    issue: str,
    path: str,
) -> list[OutgoingMessage]:
    """Return the messages, blocked if they are about `issue` and an archive channel failed to show it.

    They cannot be unsent, and would lead to a page that does not exist. `issue` is its id and `path` its file.
    `outputs` are those of the run, which have been written; the ledger and `site` know those of earlier runs.
    """
    missing = [output for output in outputs if _is_missing(run, output, site, issue, path)]
    if not missing:
        return list(messages)
    names = [output.channel.name for output in missing]
    has_page = any(not output.caches_entries for output in missing)
    reason = missing[0].error or missing[0].skipped[path]

    def block(message: OutgoingMessage) -> OutgoingMessage:
        if message.id != issue:  # a ping of a hub, about a feed that was written
            return message
        hint = f"publish again when that is fixed; to send it now: --channel {message.channel.name}"
        error = PageMissingError(names, hint, has_page=has_page, exit_code=reason.exit_code)
        return message._replace(blocked=error)

    return [block(message) for message in messages]


def _is_missing(run: RunContext, output: FileOutput, site: OutputFolder, issue: str, path: str) -> bool:
    """Return whether an archive channel failed now, and does not show the issue from an earlier run either."""
    if output.archive_channel is None or not (output.error or path in output.skipped):
        return False
    key = PublicationKey(issue, output.channel.name, run.config.newsletter.site)
    status = find_status(run.ledger, key) if run.has_ledger else None
    files = site.channel_files(output.channel.name)
    page = files.pages.get(path)
    built = [page] if page else [*files.groups.values()]
    return not (status and status.published and all(map(site.has_files, built)))


def build_feed_ping(run: RunContext, channel: Channel, site: OutputFolder) -> OutgoingMessage | None:
    """Return the message that reports the changed feeds of a channel; None if there is no recipient.

    `site` has the record of its files. Raises StorageError if a file cannot be read.
    """
    if not (channel.capabilities.can_ping and channel.send):
        return None
    newsletter = run.config.newsletter

    def compute_digest(key: str) -> str:
        try:
            return hashlib.sha256((run.output_folder / key).read_bytes()).hexdigest()
        except OSError as error:
            raise wrap_os_error(f"cannot read {key}", error) from error

    ping = channel.build_ping(compute_digest, newsletter, [*site.load_sizes(channel.name)])
    return OutgoingMessage(newsletter.id, channel.name, *ping) if ping else None
