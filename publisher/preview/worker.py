"""The thread that renders: waits for changes of files and for texts that are not saved, and keeps the newest view."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Condition, Event, Thread

from msgspec.structs import replace
from watchfiles import Change, DefaultFilter, watch

from publisher.config import Config
from publisher.errors import PublisherError
from publisher.preview.previewer import Previewer, RenderedPreview
from publisher.preview.problems import ProblemFinder, ShownItem
from publisher.preview.view import View, build_broken_view, build_empty_view, build_view, list_items
from publisher.project import CONFIG_FILE, DATES_FILE
from publisher.redaction import redact

_STEP_MS, _DEBOUNCE_MS = 5, 50
"""A change is reported when nothing else has changed for one step, and after the debounce at the latest."""

_RETRY_SECONDS = 1.0
"""Pause before files are watched again after that has failed."""

_BACKGROUND_SECONDS = 0.01
"""The other issues are read for so long until something else can be done."""

_SHORT_SECONDS = 0.15
"""Within so short a time, what some channels have rendered is not shown before the rest, but for what is in sight."""

_EMPTY_SECONDS = 0.3
"""An issue without any text is shown after this time: many programs empty a file before they write it."""

_LONG_ISSUE_BYTES = 200_000
"""It takes a second or more to render a longer one, so that is said first."""

_STATE_FILE = "revisions.json"
"""The file of `.publisher` that says what was published. The others may change while they are read."""


_PROJECT_FILES = (CONFIG_FILE, DATES_FILE, "templates")


class PreviewWorker:
    """Keeps `view` up to date from `start` to `close`. What other threads call only notes what to do.

    `on_change` is called with the number of each new version, in the thread of the worker.
    """

    def __init__(self, previewer: Previewer, path: str, on_change: Callable[[int], None]) -> None:
        self.previewer = previewer
        self.view = build_empty_view(path, previewer.records, previewer.config)
        self._on_change = on_change
        self._path = self._shown_path = path
        self._in_sight: frozenset[str] = frozenset()
        self._finder = ProblemFinder(previewer.config)
        self._unchecked = dict.fromkeys(previewer.files)
        self._changed: set[str] | None = None
        self._texts: dict[str, str | None] = {}
        self._has_given_up = False
        self._condition = Condition()
        self._stop = Event()
        self._threads = [Thread(target=target, daemon=True) for target in (self._run, self._watch)]

    def start(self) -> None:
        """Render for the first time, a long issue in the background, and start the threads."""
        if self._is_long(self._path):
            self.show(self._path)
        else:
            self._render()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads."""
        self._stop.set()
        with self._condition:
            self._condition.notify()
        for thread in self._threads:
            thread.join(5)

    def show(self, path: str) -> None:
        """Show another issue."""
        with self._condition:
            self._path = path
            self._note_change(())

    def set_sight(self, channels: Iterable[str]) -> None:
        """Render these channels first, whose panes are in sight, and show them together."""
        self._in_sight = frozenset(channels)

    def set_text(self, path: str, text: str | None) -> None:
        """Show an issue with a text that is not saved yet, or with that of its file again if it is None."""
        with self._condition:
            self._path, self._texts[path] = path, text
            self._note_change(())

    def _note_change(self, paths: Iterable[str]) -> None:
        self._changed = (self._changed or set()) | {*paths}
        self._condition.notify()

    # ---------------------------------------------------------------- threads

    def _watch(self) -> None:
        """Note what changes below the newsletter's folder, not in its files: many editors save by renaming one."""
        failures = 0
        while not self._stop.wait(_RETRY_SECONDS if failures > 1 else 0):
            try:
                self._watch_files(is_polling=failures > 0)
            except (OSError, RuntimeError):
                # the system watches no more folders, or a name is no text: which file it was is not known
                failures += 1
                with self._condition:
                    self._note_change([""])

    def _watch_files(self, *, is_polling: bool) -> None:
        config = self.previewer.config
        for changes in watch(
            config.root,
            watch_filter=ChangeFilter(config),
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            stop_event=self._stop,
            force_polling=is_polling,
            ignore_permission_denied=True,
        ):
            paths = {Path(path).relative_to(config.root).as_posix() for _, path in changes}
            with self._condition:
                self._texts |= dict.fromkeys(paths)  # what is saved takes the place of what was not
                self._note_change(paths)

    def _run(self) -> None:
        while not self._stop.is_set():
            changed = self._wait_for_work()
            if changed is not None:
                self._update(changed | self._wait_for_text())
            elif self._read_others():
                self._render()

    def _wait_for_work(self) -> set[str] | None:
        """Return what has changed; None if there is time for the other issues, or at the end."""
        with self._condition:
            if not (self._changed is not None or self._has_background_work or self._stop.is_set()):
                self._condition.wait()
            changed, self._changed = self._changed, None
            return changed

    def _wait_for_text(self) -> set[str]:
        """Wait while the issue is empty, until its text is there or for a short time. Return what has changed."""
        if self.previewer.stat(self._path).size:
            return set()
        with self._condition:
            self._condition.wait_for(lambda: self._changed is not None or self._stop.is_set(), _EMPTY_SECONDS)
            changed, self._changed = self._changed, None
            return changed or set()

    def _update(self, changed: set[str]) -> None:
        try:
            self._apply(changed)
        except PublisherError as error:  # a mistake in publisher.toml, or no issue is left: the last view stays
            self._publish(build_broken_view(self.view, self._path, _format_error(error)))
        else:
            self._read_others()
            self._render()

    def _apply(self, changed: set[str]) -> None:
        """Take over what has changed. Raises PublisherError if the newsletter cannot be loaded."""
        with self._condition:
            texts, self._texts = self._texts, {}
        if self._path != self._shown_path:  # which is compared with the others again, as it is now
            self._unchecked[self._shown_path] = None
            self._shown_path = self._path
        self.previewer.unsaved.update({path: text for path, text in texts.items() if text is not None})
        for path in [path for path, text in texts.items() if text is None]:
            self.previewer.unsaved.pop(path, None)
        if any(path.partition("/")[0] in _PROJECT_FILES for path in changed):
            self.previewer.reload()
            self._finder = ProblemFinder(self.previewer.config)
            self._unchecked = dict.fromkeys(self.previewer.files)
        elif changed - {self._path} or not self.previewer.is_there(self._path):
            self.previewer.rescan()
            self._finder.keep(self.previewer.files)
            self._unchecked |= dict.fromkeys(changed & self.previewer.files.keys() - {self._path})

    def _render(self) -> None:
        path = self._path
        try:
            if self._is_long(path):
                self._publish(replace(self.view, is_pending=True))
            for view in self._build_views(path):
                self._publish(view)
        except Exception as error:  # whatever happens, the page has something to show
            self._publish(build_broken_view(self.view, path, _format_error(error)))

    def _is_long(self, path: str) -> bool:
        return self.previewer.stat(path).size > _LONG_ISSUE_BYTES

    def _build_views(self, path: str) -> Iterator[View]:
        """Yield what there is to show: what is in sight, and if it takes longer each channel, until all have rendered
        the issue or something has changed again. Of two renderings in a row, at least one is finished."""
        begun, items, unseen = time.monotonic(), None, self._in_sight
        for preview in self.previewer.render_in_steps(path, unseen):
            is_seen, unseen = bool(unseen), unseen & {*preview.waiting}
            items = list_items(preview) if items is None else items
            if not preview.waiting:
                self._has_given_up = False
                yield self._build_view(preview, items)
            elif self._is_outdated and not self._has_given_up:
                self._has_given_up = True
                return
            elif self.view.path == path and ((is_seen and not unseen) or time.monotonic() - begun >= _SHORT_SECONDS):
                view = self._build_view(preview, items)
                if not {pane.digest for pane in view.panes} <= self.view.documents.keys():
                    yield view

    @property
    def _is_outdated(self) -> bool:
        with self._condition:
            return self._changed is not None

    def _build_view(self, preview: RenderedPreview, items: Sequence[ShownItem]) -> View:
        path = preview.record.path
        if not (preview.renderings or preview.waiting):
            return build_broken_view(self.view, path, preview.fault)
        return build_view(
            preview,
            items,
            self.previewer.records,
            self._finder,
            self.previewer.config,
            self.view,
            unread=self.previewer.unread + len(self._unchecked),
            is_unsaved=path in self.previewer.unsaved,
        )

    def _publish(self, view: View) -> None:
        """Make a view the newest one. Documents of the version before are kept for pages that are loading it."""
        kept = self.view.documents if self.view.is_pending else {}
        documents = {**kept, **{pane.digest: pane.document for pane in (*self.view.panes, *view.panes)}}
        is_same = view.to_json() == replace(self.view, version=0).to_json()
        version = self.view.version + (not (is_same or self.view.is_pending))
        self.view = replace(view, version=version, documents=documents)
        if not is_same:
            self._on_change(version)

    # ------------------------------------------------------------- background

    @property
    def _has_background_work(self) -> bool:
        return bool(self.previewer.unread or self._unchecked)

    def _read_others(self) -> bool:
        """Read and check some of the other issues; return whether the last one was among them."""
        if not self._has_background_work:
            return False
        until = time.monotonic() + _BACKGROUND_SECONDS
        while self._has_background_work and time.monotonic() < until:
            path = self.previewer.read_next() if self.previewer.unread else next(iter(self._unchecked))
            self._unchecked.pop(path, None)
            if path != self._shown_path and path in self.previewer.files:
                self._finder.add(self.previewer.files[path], self.previewer.find_parsed(path))
        return not self._has_background_work


class ChangeFilter(DefaultFilter):
    """Lets through the changes that may change a rendering: not those of the files that publishing writes."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._root = config.root
        self._written = {config.newsletter.site.partition("/")[0], "outbox"}

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether the change of a file is reported."""
        first, *rest = Path(path).relative_to(self._root).parts or ("",)
        if first == ".publisher":
            return rest == [_STATE_FILE]
        return first not in self._written and super().__call__(change, path)


def _format_error(error: Exception) -> str:
    if isinstance(error, PublisherError):
        return redact(" · ".join(filter(None, (error.message, error.hint))))
    return redact(f"internal error: {type(error).__name__}: {error}")
