"""A channel's way out: it delivers until something fails, and remembers what became of every part."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from publisher.build.renderer import RenderError
from publisher.channel import ArchiveChannel, Channel, MessageChannel, Part, Session
from publisher.credentials import redact
from publisher.errors import OutcomeUnknownError, PublisherError
from publisher.events import EventHandler, WouldWrite
from publisher.files import FolderSession, differs


class FileOutput:
    """Delivers parts of one channel below a folder; in a dry run it only compares, and reports what differs.

    `archive` is the channel if it covers the archive, and `keeps` says what it does with what it renders.
    The session is opened for the first part and closed when the block ends; `writes_files` says that its
    parts are files in the folder. `written` are the keys of the
    parts that changed something. After an `error` nothing more is sent; `left_out` are the issues, by
    path, that the channel failed on by a mistake of its own, which stops no other issue.
    """

    def __init__(
        self, channel: Channel, folder: Path, report: EventHandler, *, dry_run: bool = False
    ) -> None:
        self.channel = channel
        # asked for every issue, and slow to find out
        self.archive_channel = channel if isinstance(channel, ArchiveChannel) else None
        self.caches_entries = self.archive_channel is not None and self.archive_channel.caches_entries
        self.writes_files = False
        self.written: list[str] = []
        self.error: PublisherError | None = None
        self.skipped: dict[str, PublisherError] = {}
        self._folder = folder
        self._report = report
        self._dry_run = dry_run
        self._session: Session | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session = None
        self._stack.close()

    def record_failure(self, error: PublisherError, path: str) -> None:
        """Note that the issue `path` could not be rendered."""
        if isinstance(error, RenderError):
            self.skipped[path] = error
        else:
            self.error = self.error or error

    def deliver(self, parts: Iterable[Part]) -> dict[str, int] | None:
        """Send parts in order. Gives back their sizes by key, or None when not all of them went out."""
        sizes: dict[str, int] = {}
        for part in parts:
            if self.error or not self._try_deliver(part):
                return None
            sizes[part.key] = len(part.body)
        return None if self.error else sizes

    def _try_deliver(self, part: Part) -> bool:
        try:
            if self._deliver_part(part):
                self.written.append(part.key)
        except PublisherError as error:
            self.error = error
        except Exception as error:  # whatever it was, nobody knows whether the part went out
            what = f"{self.channel.name}: nobody knows whether {part.key} went out"
            reason = redact(f"{type(error).__name__}: {error}")
            self.error = OutcomeUnknownError(
                f"{what}: {reason}", "look at the other end before you publish again"
            )
        return self.error is None

    def _deliver_part(self, part: Part) -> bool:
        """Send one part; whether that changed anything."""
        if self._dry_run:
            if changes := differs(self._folder / part.key, part.body):
                self._report(WouldWrite(self.channel.name, part))
            return changes
        if self._session is None:
            # what a live channel makes comes here only when it is not to leave the house
            live = isinstance(self.channel, MessageChannel)
            connection = FolderSession() if live else self.channel.session()
            self._session = self._stack.enter_context(connection)
            self.writes_files = isinstance(self._session, FolderSession)
        return self._session.deliver(part, str(self._folder)).changed
