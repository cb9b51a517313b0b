"""After an edit, what is remembered of the issue before it changes nothing: all is as a new program renders it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.channel import Rendering
from publisher.errors import PublisherError
from publisher.preview.previewer import Previewer
from publisher.reuse import begin_issue
from tests.preview.conftest import ISSUES, SETTINGS, Folder

ISSUE = "issues/2024-02-29.md"
PIECES = (
    "字",
    "x",
    "\n",
    "- ",
    "**",
    "[甲](https://example.org/甲)",
    "[]",
    "https://github.com/a/b",
    "\n\n## 节\n\n",
    "摘要：",
    "@a",
    "^[注]",
)

Edits = list[tuple[int, int, str]]


def edit(text: str, at: int, length: int, piece: str) -> str:
    at %= len(text)
    return text[:at] + piece + text[at + length :]


def render(previewer: Previewer, text: str) -> Mapping[str, Rendering | PublisherError]:
    previewer.unsaved[ISSUE] = text
    preview = previewer.render(ISSUE)
    return {**preview.renderings}


@pytest.mark.parametrize("links", ["inline", "footnote"])
@given(
    edits=st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from([0, 0, 1, 5]), st.sampled_from(PIECES)), max_size=4)
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_edits_are_rendered_as_by_a_new_program(folder: Folder, links: str, edits: Edits) -> None:
    folder.write(
        "publisher.toml", SETTINGS.replace("[channels.wechat]\n", f'[channels.wechat]\nlinks = "{links}"\n', 1)
    )
    previewer = folder.preview()
    text = (ISSUES / "2024-02-29.md").read_text("utf-8")
    render(previewer, text)
    for change in edits:
        text = edit(text, *change)
        after = render(previewer, text)
        begin_issue()
        begin_issue()  # nothing is remembered now
        assert render(previewer, text) == after
