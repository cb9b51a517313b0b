"""Finds out which renderings are outdated: those whose inputs have changed, and those whose files are gone."""

from __future__ import annotations

from publisher.archive.output_folder import UpToDateMark
from publisher.archive.sources import files_exist
from publisher.build.context import BuildContext


def is_up_to_date(build: BuildContext, name: str, mark: UpToDateMark) -> bool:
    """Return whether a channel was in the state of its new `mark` already, and all that it wrote is still there."""
    recorded = build.site.marks.get(name)
    if recorded is None or not recorded.is_same_state(mark):
        return False
    return files_exist(build.site.folder, build.site.load_sizes(name))


class OutdatedRenderings:
    """The channels whose output is outdated, by position of the issue.

    With `always_render_messages` messages count as outdated even if they were delivered.
    """

    def __init__(self, build: BuildContext, *, always_render_messages: bool) -> None:
        self._build = build
        self._always_render_messages = always_render_messages
        self.channels: dict[int, list[str]] = {}
        for name, file_output in build.outputs.items():
            if file_output.is_up_to_date:
                continue
            is_current = self._is_body_current if file_output.caches_entries else self._is_page_current
            for position, record in enumerate(build.records):
                is_due = file_output.archive_channel or record == build.issue
                if is_due and not is_current(name, position):
                    self.channels.setdefault(position, []).append(name)

    def of_issue(self, position: int) -> list[str]:
        """Return the channels that an issue is outdated for."""
        return self.channels.get(position, [])

    def remove(self, name: str, position: int) -> None:
        """Leave an issue out of a channel."""
        names = [other for other in self.of_issue(position) if other != name]
        if names:
            self.channels[position] = names
        else:
            self.channels.pop(position, None)

    def _is_body_current(self, name: str, position: int) -> bool:
        digest = self._build.sources.index.find_digest(name, self._build.records[position].path)
        return digest == self._build.rendering_digest(name, position)

    def _is_page_current(self, name: str, position: int) -> bool:
        build = self._build
        if self._always_render_messages and build.run.is_sending_channel(build.outputs[name].channel):
            return False
        page = build.site.channel_files(name).pages.get(build.records[position].path)
        return page is not None and page.digest == build.rendering_digest(name, position) and build.site.has_files(page)
