"""Writes the parts of one channel until an error occurs, and keeps track of what changed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import Self

from publisher.archive.output_folder import OutputFolder
from publisher.build.renderer import RenderError
from publisher.channel import ArchiveChannel, Channel, MessageChannel, Part, Session
from publisher.errors import ConfigError, OutcomeUnknownError, PublisherError
from publisher.events import EventHandler, WouldWrite
from publisher.files import differs
from publisher.folder_session import FolderSession
from publisher.redaction import redact
from publisher.run import RunContext

_HEAD_BYTES = 4096
_FEED_MARKS = (b"<rss", b"<feed", b"<rdf:RDF")
_OWN_MARK = b"newsletter-publisher</generator>"


class FileOutput:
    """Delivers the parts of one channel below the folder `site`; in a dry run, only reports which files would change.

    `archive_channel` is the channel if it covers the archive, and `caches_entries` whether it only
    caches what it renders of an issue. `is_up_to_date` if nothing of it has to be looked at. The session is opened for
    the first part and closed at the end of the `with` block; `writes_files` is true if its parts are files in the
    folder. `written` has the keys of the parts that changed, and `created`, in a dry run, those of them that are new.
    After an `error` nothing more is delivered; `skipped` has, by path, the issues that the channel could not render
    because of a bug, which does not stop other issues.
    """

    def __init__(self, channel: Channel, site: OutputFolder, report: EventHandler, *, dry_run: bool = False) -> None:
        self.channel = channel
        self.archive_channel = channel if isinstance(channel, ArchiveChannel) else None
        self.caches_entries = channel.capabilities.caches_entries
        self.is_up_to_date = False
        self.writes_files = False
        self.written: list[str] = []
        self.created: list[str] = []
        self.error: PublisherError | None = None
        self.note = channel.note
        self.uploaded = 0
        self.skipped: dict[str, PublisherError] = {}
        self._site = site
        self._folder = site.folder
        self._report = report
        self._dry_run = dry_run
        self._session: Session | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        self._stack.close()

    def record_failure(self, error: PublisherError, path: str) -> None:
        """Record that the issue `path` could not be rendered."""
        if isinstance(error, RenderError):
            self.skipped[path] = error
        else:
            self.error = self.error or error

    def deliver(self, parts: Iterable[Part]) -> dict[str, int] | None:
        """Deliver parts in order. Return their sizes in bytes by key, or None if not all were delivered."""
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
        except Exception as error:  # it may have been delivered
            message = f"{self.channel.name}: unknown whether {part.key} was delivered"
            reason = redact(f"{type(error).__name__}: {error}")
            self.error = OutcomeUnknownError(f"{message}: {reason}", "check the destination before you publish again")
        return self.error is None

    def _deliver_part(self, part: Part) -> bool:
        """Deliver one part and return whether anything changed."""
        if self._dry_run:
            self.writes_files = True
            if changed := differs(self._folder / part.key, part.body):
                if not (self._folder / part.key).exists():
                    self.created.append(part.key)
                self._report(WouldWrite(self.channel.name, part))
            return changed
        if self._session is None:
            self._site.forget()
            # messages come here only if they are to be written to files instead of being sent
            is_message = isinstance(self.channel, MessageChannel)
            session = FolderSession() if is_message else self.channel.session()
            self._session = self._stack.enter_context(session)
            self.writes_files = isinstance(self._session, FolderSession)
        return self._session.deliver(part, str(self._folder)).changed


def require_own_feeds(run: RunContext) -> None:
    """Raise ConfigError if the first run would replace a feed that another program wrote.

    Its subscribers would get every issue again, unless the ids of its entries were taken over.
    """
    if run.home.revisions.exists() or run.home.feed_ids.exists():
        return
    for channel in run.channels:
        for url in channel.feed_urls(run.config.newsletter).values():
            key = run.config.newsletter.output_path(url)
            with suppress(OSError):
                head = (run.output_folder / key).read_bytes()[:_HEAD_BYTES]
                if any(mark in head for mark in _FEED_MARKS) and _OWN_MARK not in head:
                    raise ConfigError(
                        f"{key} is a feed of another program: its subscribers would get every issue again",
                        f"keep the ids of its entries: publish adopt --feed {key} · or else move it away",
                    )
