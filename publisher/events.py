"""Requests to the pipeline, the events it reports while it runs, and its outcomes. All plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from publisher.archive.records import Record
from publisher.errors import PublisherError
from publisher.named_tuple import NamedTuple

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from threading import Event
    from typing import Self

    from publisher.channel import Part


class PendingSend(NamedTuple):
    """What is about to be sent to a destination, for confirmation.

    `new` counts deliveries that cannot be undone; `changed` and `removed` count parts that are edited or
    deleted. `days_late`: whole days since the scheduled time of the issue.
    """

    channel: str
    destination: str
    new: int
    changed: int = 0
    removed: int = 0
    days_late: int = 0


def _confirm_by_default(pending: Sequence[PendingSend]) -> bool:
    return bool(pending)


class Request(NamedTuple):
    """What to publish: an issue by date, id or file ("" for the newest due), on the named channels (empty:
    all enabled ones).

    `out`: folder to write to instead of the project's folder; then nothing is sent.
    `correct`: a published issue may get more or fewer messages than before.
    `retry`: only failed and postponed deliveries are sent, and now, and those to recipients who returned.
    `accept_recipients`: the list of recipients may be much shorter than before.
    `force`: the issue is published despite errors, which is recorded in the ledger.
    `skip_checks`: the issue is not checked for errors, because it is an old one.
    `max_wait`: how long a channel may wait for rate limits, in seconds.
    `confirm`: called once before anything is sent that cannot be undone, or is corrected; may raise instead
    of returning False.
    `again`: the issue is sent although it went out before, under another id or to another destination.
    `accept_new_id`: the newsletter's id was changed on purpose.
    `held_back`: files of issues that are left out of the archive; None: determined by the run.
    `give_way`: set when a channel that only waits for its own rate limits shall let others go first.
    `send_pings`: whether changes of feeds are reported to hubs.
    """

    issue: str = ""
    channels: tuple[str, ...] = ()
    dry_run: bool = False
    out: Path | None = None
    correct: bool = False
    retry: bool = False
    accept_recipients: bool = False
    force: bool = False
    skip_checks: bool = False
    max_wait: float = 60.0
    confirm: Callable[[Sequence[PendingSend]], bool] = _confirm_by_default
    again: bool = False
    accept_new_id: bool = False
    held_back: frozenset[str] | None = None
    send_pings: bool = True
    give_way: Event | None = None


class IssueChosen(NamedTuple):
    """The issue that will be published; `newest` if it was not requested by name."""

    issue: Record
    newest: bool


class Progress(NamedTuple):
    """`done` of `total` issues have been read or written; `stage` is "reading" or "writing"."""

    stage: str
    done: int
    total: int


class RunWarning(NamedTuple):
    """A warning; the run continues."""

    message: str


class WouldWrite(NamedTuple):
    """A file that a dry run would write, with its new content."""

    channel: str
    part: Part


class ChannelOutcome(NamedTuple):
    """The outcome of one channel. `note` is a remark, `duration` is in seconds.

    Of a channel that writes files; in a dry run, what would be done:
    `written`: files that changed; `created`, in a dry run, those of them that are new.
    `unchanged`: the number of other files.
    `issues`: how many issues the files cover.
    `main_files`: files to list first.
    `issue_files`: those of the issue alone, such as its page, if anything changed.
    `orphaned`: files of issues that no longer exist; nothing links to them, and they are not deleted.
    `uploaded`: how many files of the whole site were uploaded, with the first such channel.

    Of a message channel, which has a `destination`; in a dry run, what would be done:
    `sent`, `changed`: the number of messages sent and edited.
    `unlisted`: the number of deliveries to recipients who left the list before.
    `refused`: the number of deliveries that servers of recipients refused, about which nothing is to be done.
    `queued`: the number of deliveries that workers will make.
    `held_reason`: why the published content differs from the issue.
    """

    name: str
    written: tuple[str, ...] = ()
    unchanged: int = 0
    issues: int = 0
    main_files: tuple[str, ...] = ()
    orphaned: tuple[str, ...] = ()
    error: PublisherError | None = None
    destination: str = ""
    sent: int = 0
    changed: int = 0
    unlisted: int = 0
    refused: int = 0
    queued: int = 0
    url: str = ""
    held_reason: str = ""
    note: str = ""
    duration: float = 0.0
    created: tuple[str, ...] = ()
    issue_files: tuple[str, ...] = ()
    uploaded: int = 0

    @property
    def has_changes(self) -> bool:
        """Whether anything was written, uploaded, sent or changed, is being sent, or is not sent any more."""
        is_file = self.written or self.uploaded
        return bool(is_file or self.sent or self.changed or self.unlisted or self.refused or self.queued)

    def with_notice(self, notice: Self) -> Self:
        """Return the outcome together with that of a notice that was sent after the issue."""
        return self._replace(
            destination=self.destination or notice.destination,
            sent=self.sent + notice.sent,
            unlisted=self.unlisted + notice.unlisted,
            refused=self.refused + notice.refused,
            queued=self.queued + notice.queued,
            error=self.error or notice.error,
            duration=self.duration + notice.duration,
        )


RunEvent = IssueChosen | Progress | RunWarning | WouldWrite | ChannelOutcome
EventHandler = Callable[[RunEvent], None]


class Outcome(NamedTuple):
    """The outcome of a run.

    `issue`: None if none is due; then `none_due` says why.
    `next_date`: the date of the next issue after this one, "" if there is none.
    `published`: when something was published last, if nothing changed: text, in the newsletter's time zone.
    In a dry run:
    `previews`: the files to look at, as paths below the output folder.
    `error`: why nothing would be published.
    `refusal`: why not yet: the issue is a draft, or its date is in the future.
    """

    issue: Record | None
    channels: Mapping[str, ChannelOutcome]
    warnings: tuple[str, ...] = ()
    next_date: str = ""
    previews: tuple[str, ...] = ()
    error: PublisherError | None = None
    refusal: PublisherError | None = None
    published: str = ""
    none_due: str = ""

    def with_deliveries(self, delivered: Sequence[Mapping[str, ChannelOutcome]], warnings: Sequence[str]) -> Self:
        """Return the outcome with those of the messages, and of notices sent after them."""
        first, *notices = delivered
        channels = {**self.channels, **first}
        for outcomes in notices:
            channels |= {name: channels[name].with_notice(notice) for name, notice in outcomes.items()}
        return self._replace(channels=channels, warnings=tuple(warnings))

    @property
    def exit_code(self) -> int:
        """The exit code of the command: that of `error` or of the first failed channel, else 0."""
        if self.error:
            return self.error.exit_code
        return next((channel.error.exit_code for channel in self.channels.values() if channel.error), 0)

    @property
    def is_unchanged(self) -> bool:
        """Whether everything was up to date already."""
        return not self.exit_code and not any(channel.has_changes for channel in self.channels.values())
