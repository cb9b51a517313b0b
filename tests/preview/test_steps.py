"""How a view is shown in steps: what is rendered before the rest, what is given up, and issues that take long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from publisher.preview.view import View
from publisher.preview.worker import PreviewWorker
from tests.preview.conftest import MAX_WAIT, Folder

ISSUE = "issues/2024-02-29.md"


class Watched:
    """A worker, and each view that it has shown."""

    def __init__(self, folder: Folder, path: str = ISSUE) -> None:
        self.views: list[View] = []
        self._is_watched = folder.is_watched
        self.worker = PreviewWorker(folder.preview(), path, lambda _: self.views.append(self.worker.view))
        self.text = (folder.root / path).read_text("utf-8")

    def close(self) -> None:
        self.worker.close()

    def wait(self, is_reached: Callable[[View], bool]) -> View:
        until = time.monotonic() + MAX_WAIT
        while not (self._is_watched.is_set() and self.views and is_reached(self.views[-1])):
            assert time.monotonic() < until
            time.sleep(0.01)
        return self.views[-1]

    def settle(self) -> View:
        """Wait until all that is known is shown."""
        return self.wait(lambda view: not view.is_pending and view.state["unread"] == 0)

    def type(self, word: str) -> None:
        """Set a text with another title."""
        self.worker.set_text(self.worker.view.path, self.text.replace("：", f"：{word}/", 1))

    def shows(self, word: str) -> View:
        return self.wait(lambda view: not view.is_pending and word in str(view.state["issue"]))


@pytest.fixture
def watched(folder: Folder) -> Iterator[Watched]:
    with closing(Watched(folder)) as watched:
        watched.worker.start()
        watched.settle()
        yield watched


def list_pending(view: View) -> list[str]:
    return [pane.name for pane in view.panes if pane.is_pending]


def test_what_is_rendered_is_shown_before_the_rest(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the panes; the others stay as they were, and all steps are one version."""
    monkeypatch.setattr("publisher.preview.worker._SHORT_SECONDS", 0)
    before, seen = watched.worker.view, len(watched.views)
    watched.type("逐步")
    after = watched.shows("逐步")
    *steps, last = watched.views[seen:]
    names = [pane.name for pane in before.panes]
    rest = [list_pending(view) for view in steps]
    assert rest == [names[2:], names[3:], names[4:], names[5:]]
    assert {view.version for view in (*steps, last)} == {before.version + 1}
    digests = {pane.name: pane.digest for pane in before.panes}
    for view in steps:
        for pane in view.panes:
            assert (pane.digest == digests[pane.name]) == pane.is_pending
            assert view.parts[pane.part].body
            assert view.documents[pane.digest] == pane.document
    assert last == after
    assert not list_pending(last)


def test_what_is_in_sight_comes_first_and_at_once(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order of the panes, which stays."""
    monkeypatch.setattr("publisher.preview.worker._SHORT_SECONDS", MAX_WAIT)
    before, seen = watched.worker.view, len(watched.views)
    watched.worker.set_sight(["web", "email", "unknown"])
    watched.type("先看")
    after = watched.shows("先看")
    first, last = watched.views[seen:]
    names = [pane.name for pane in before.panes]
    assert [pane.name for pane in first.panes] == names
    assert list_pending(first) == ["wechat", "wechat-dark", "telegram", "feed"]
    assert (first.version, last) == (before.version + 1, after)


def test_what_is_rendered_quickly_is_shown_at_once(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.preview.worker._SHORT_SECONDS", MAX_WAIT)
    seen = len(watched.views)
    watched.type("一下子")
    watched.shows("一下子")
    assert not any(view.is_pending for view in watched.views[seen:])


def test_a_newer_text_does_not_wait_for_an_older_one(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is outdated is not rendered to its end; but of two in a row one is, so that something is shown."""
    monkeypatch.setattr("publisher.preview.worker._SHORT_SECONDS", MAX_WAIT)
    renderer = watched.worker.previewer._renderer
    is_reading, go_on = Event(), Event()
    read = type(renderer).read

    def read_slowly(self: Any, source: Any) -> Any:
        is_reading.set()
        assert go_on.wait(MAX_WAIT)
        go_on.clear()
        return read(self, source)

    monkeypatch.setattr(type(renderer), "read", read_slowly)
    seen = len(watched.views)
    for word, following in (("甲", "乙"), ("乙", "丙"), ("丙", "")):
        if word == "甲":
            watched.type(word)
        assert is_reading.wait(MAX_WAIT)
        is_reading.clear()
        if following:
            watched.type(following)
        go_on.set()
    watched.shows("丙")
    titles = [str(view.state["issue"]) for view in watched.views[seen:]]
    assert [[word for word in "甲乙丙" if f"：{word}/" in title] for title in titles] == [["乙"], ["丙"]]


def test_a_file_that_is_emptied_before_it_is_written_is_not_shown_empty(
    watched: Watched, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.preview.worker._EMPTY_SECONDS", MAX_WAIT)
    seen = len(watched.views)
    folder.write(ISSUE, "")
    time.sleep(0.5)  # in which it could be shown
    folder.write(ISSUE, watched.text.replace("：", "：写完/", 1))
    watched.shows("写完")
    assert all(view.state["items"] for view in watched.views[seen:])


def test_an_empty_file_is_shown_when_it_stays_so(watched: Watched, folder: Folder) -> None:
    folder.write(ISSUE, "")
    view = watched.wait(lambda view: not view.state["items"])
    assert view.state["problems"] or view.state["broken"]


def test_a_long_issue_is_rendered_after_the_page_is_there(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.preview.worker._LONG_ISSUE_BYTES", 100)
    with closing(Watched(folder)) as watched:
        first = watched.worker.view
        assert (first.is_pending, first.panes, first.path) == (True, (), ISSUE)
        assert first.state["name"] == "潮汐观察"
        watched.worker.start()
        assert len(watched.settle().panes) == 7
        seen = len(watched.views)
        watched.type("长文")
        watched.shows("长文")
        begun = watched.views[seen]
        assert begun.is_pending
        assert "长文" not in str(begun.state["issue"])
