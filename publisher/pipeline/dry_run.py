"""What a dry run adds to `publish`: an issue that would be refused is looked at, too, and previews are written.

The previews are below `outbox/dry-run/`, apart from the files of messages that are published as files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from msgspec.structs import replace

from publisher.archive.naming import LATEST, choose_issue, find_issue
from publisher.archive.records import Edition, Record
from publisher.build.sources import Sources
from publisher.channel import MessageChannel, Part, Rendering
from publisher.checker import read_issue_text
from publisher.checks.budgets import render_alone
from publisher.errors import IssueError, PublisherError, StorageError
from publisher.events import IssueChosen, Outcome
from publisher.files import write_if_changed
from publisher.run import RunContext

_FOLDER = "outbox/dry-run"


class DryRun:
    """The issue of a dry run.

    `name` is what `choose_issue` finds it by; a draft, or an issue dated in the future, is due for this run, and
    `refusal` is why `publish` would refuse it. With a `fault` it cannot be published at all.
    """

    def __init__(self, run: RunContext, sources: Sources, wanted: str) -> None:
        """Raises ConfigError if there is no such issue, or if there are several."""
        self.name = wanted
        self.refusal: PublisherError | None = None
        self.fault: PublisherError | None = None
        self._run = run
        self._sources = sources
        self._previews: tuple[str, ...] = ()
        self._choose(wanted)

    def _choose(self, wanted: str) -> None:
        edition = self._sources.build_edition()
        try:
            choose_issue(wanted, self._sources.records, edition)
            return
        except PublisherError as error:
            refusal = error
        self.name = self._find_refused(wanted, edition, refusal)
        record = self._sources.records[self.name]
        if record.fault or self.name in {*edition.conflicts, *edition.faults}:
            self.fault = IssueError(record.fault, record.hint) if record.fault else refusal
            return
        self.refusal = refusal
        self._sources.treat_as_due(self.name)
        try:
            choose_issue(self.name, self._sources.records, self._sources.build_edition())
        except PublisherError as error:
            self.fault = error

    def _find_refused(self, wanted: str, edition: Edition, refusal: PublisherError) -> str:
        """Return the path of the issue that the error is about."""
        if wanted not in ("", LATEST):
            return find_issue(wanted, self._sources.records, edition.today).path
        refused = {**edition.faults, **edition.conflicts}
        return next(path for path, error in refused.items() if error is refusal)

    @property
    def previewed_channels(self) -> list[str]:
        """The channels whose rendering of an issue can be looked at; that of a feed is only a part of a file."""
        return [channel.name for channel in self._run.channels if not channel.capabilities.caches_entries]

    def preview_broken_issue(self) -> Outcome:
        """Render the issue as far as it can be read, as if it was from today if it has no date; return its fault."""
        from publisher.reader import parse_issue

        run, record = self._run, self._sources.records[self.name]
        with suppress(PublisherError):  # it cannot be read, which the fault says
            text = read_issue_text(run.config.root, self.name, run.config)
            issue = parse_issue(text, self.name, run.config.dates.get(self.name))
            record = record._replace(date=(issue.date or run.now.date()).isoformat())
            channels = [channel for channel in run.channels if channel.name in self.previewed_channels]
            dated = replace(issue, date=issue.date or run.now.date())
            alone = render_alone(dated, channels, run.config.newsletter, run.theme)
            self.write_previews(record, {channel.name: rendering for channel, rendering in alone})
        assert self.fault
        return self.fail(record, self.fault)

    def write_previews(self, issue: Record, renderings: Mapping[str, Rendering | PublisherError]) -> None:
        """Write what there is to look at of each rendering; a failure is a warning."""
        written: list[str] = []
        try:
            for channel in self._run.channels:
                rendering = renderings.get(channel.name)
                if isinstance(rendering, Rendering):
                    is_message = isinstance(channel, MessageChannel)
                    parts = (rendering.previews or rendering.parts) if is_message else rendering.parts[:1]
                    folder = f"{_FOLDER}/{issue.date}/{channel.name}"
                    written += self._write({_place_preview(part.key, folder): part for part in parts}, folder)
        except (StorageError, OSError) as error:
            self._run.warn(f"no previews: {error}")
        self._previews = tuple(written)

    def _write(self, parts: Mapping[str, Part], folder: str) -> Iterable[str]:
        """Write parts by path; return the paths. Other files of the folder, from an earlier dry run, are deleted."""
        root = self._run.output_folder
        for path, part in parts.items():
            write_if_changed(root / path, part.body, flush=False)
        for file in (root / folder).iterdir():
            if file.is_file() and f"{folder}/{file.name}" not in parts:
                file.unlink()
        return parts

    def fail(self, issue: Record, error: PublisherError) -> Outcome:
        """Return the outcome of an issue that would not be published because of an error."""
        self._run.report(IssueChosen(issue, newest=False))
        return Outcome(issue, {}, tuple(self._run.warnings), previews=self._previews, error=error)

    def complete(self, outcome: Outcome) -> Outcome:
        """Return the outcome with what only a dry run knows."""
        return outcome._replace(previews=self._previews, refusal=self.refusal)


def _place_preview(key: str, folder: str) -> str:
    """Return where the preview of a part is written."""
    return f"{folder}/{key.rpartition('/')[2]}"
