"""What the panes show is what `publish` writes, byte for byte."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from html import unescape
from itertools import count
from pathlib import Path

import nh3
import pytest

from publisher.channel import Rendering
from publisher.events import Request
from publisher.pipeline.publish import publish
from publisher.preview.frames import frame_mail, read_mail
from publisher.preview.panes import build_panes
from publisher.preview.previewer import Previewer, RenderedPreview
from tests.preview.conftest import ISSUES, NOW, Folder


def require_same_files(folder: Folder, preview: RenderedPreview) -> None:
    """Every part of the preview is a file with its bytes, or an entry of the feed."""
    for name, rendering in preview.renderings.items():
        assert isinstance(rendering, Rendering), rendering
        for part in (*rendering.parts, *rendering.previews):
            if name == "rss":
                require_entry_of_the_feed(folder.root / "public" / "feed.json", part.body)
            else:
                assert (folder.root / part.key).read_bytes() == part.body, part.key


def require_entry_of_the_feed(feed: Path, line: bytes) -> None:
    wanted = json.loads(line)
    (entry,) = [item for item in json.loads(feed.read_bytes())["items"] if item["id"] == wanted["id"]]
    assert entry == wanted


def publish_issue(folder: Folder, path: str) -> None:
    outcome = publish(*folder.load(), Request(path, force=True), NOW, lambda _: None)
    assert not outcome.exit_code, outcome


@pytest.mark.parametrize("name", sorted(path.name for path in ISSUES.iterdir()))
def test_parts_are_those_that_are_published(folder: Folder, name: str) -> None:
    previewer = folder.preview()
    while previewer.unread:
        previewer.read_next()
    preview = previewer.render(f"issues/{name}")
    assert not preview.fault
    assert len(preview.renderings) == 5
    publish_issue(folder, f"issues/{name}")
    require_same_files(folder, preview)


def test_corrections_and_neighbours_are_those_of_the_archive(folder: Folder) -> None:
    """The page says when it was corrected, and leads to the issues before and after it."""
    path = "issues/2024-02-29.md"
    publish_issue(folder, path)
    text = (folder.root / path).read_text("utf-8")
    folder.write(path, text.replace("。", "，改过。", 1))
    previewer = folder.preview()
    while previewer.unread:
        previewer.read_next()
    preview = previewer.render(path)
    rendering = preview.renderings["web"]
    assert isinstance(rendering, Rendering)
    page = rendering.parts[0].body.decode()
    assert 'rel="prev" href="https://letter.org/tide/2024-02-15/"' in page
    assert 'rel="next" href="https://letter.org/tide/2024-03-14/"' in page
    assert 'article:modified_time" content="2024-04-01T12:00:00+08:00"' in page
    publish_issue(folder, path)
    require_same_files(folder, preview)


def test_the_same_text_has_the_same_times(folder: Folder) -> None:
    """A page says when it was corrected; another save of the same text is no other page."""
    path = "issues/2024-02-29.md"
    publish_issue(folder, path)
    text = (folder.root / path).read_text("utf-8").replace("。", "，改过。", 1)
    seconds = count()
    previewer = Previewer(folder.load, lambda: NOW + dt.timedelta(seconds=next(seconds)))
    previewer.unsaved[path] = text
    first = previewer.render(path).renderings
    assert previewer.render(path).renderings == first
    previewer.unsaved[path] = text.replace("，改过。", "，又改过。", 1)
    assert previewer.render(path).renderings != first


def test_a_mail_is_shown_as_mail_programs_show_it() -> None:
    """Flowed text has a space before lines that would mean something else: RFC 3676, section 4.4."""
    head = "Subject: =?utf-8?b?5r2u5rGQ?=\r\nContent-Type: text/plain; charset=utf-8"
    flowed = f"{head}; format=flowed\r\n\r\nOne \r\ntwo\r\n From here\r\n"
    assert read_mail(flowed.encode()) == ("One \ntwo\nFrom here\n", "潮汐")
    assert read_mail(f"{head}\r\n\r\n From here\r\n".encode()) == (" From here\n", "潮汐")


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 1), ("\n", 1), ("\n\nOne\n", 2), ("One\n\n", 1), ("One\ntwo\n\n\n\n  <three> & four\n\nfive", 3)],
)
def test_the_pane_of_a_mail_holds_its_text(text: str, count: int) -> None:
    """In a box for each paragraph, and nothing between them."""
    content = re.search(r"<pre>(.*)</pre>", frame_mail(text, "en", "Title").decode(), re.DOTALL)
    assert content
    boxes = re.findall(r"<span>([^<]*)</span>", content[1])
    assert "".join(f"<span>{box}</span>" for box in boxes) == content[1]
    assert unescape("".join(boxes)) == text
    assert len(boxes) == count


def test_panes_hold_the_parts(folder: Folder) -> None:
    preview = folder.preview().render("issues/2024-03-14.md")
    panes = {pane.name: pane for pane in build_panes(preview.renderings, folder.load()[0].newsletter)}
    assert [*panes] == ["wechat", "wechat-dark", "telegram", "mail", "feed", "web-phone", "web-desk"]
    parts = {
        part.key.rpartition("/")[2]: part.body
        for rendering in preview.renderings.values()
        if isinstance(rendering, Rendering)
        for part in (*rendering.parts, *rendering.previews)
    }
    assert panes["web-phone"].document == panes["web-desk"].document == parts["index.html"]
    assert panes["telegram"].document == parts["preview.html"]
    for name in ("wechat", "wechat-dark"):
        assert b'<main id="content">' + parts["article.html"] + b"</main>" in panes[name].document
    entry = json.loads(parts["2024-03-14.jsonl"])
    assert nh3.clean(entry["content_html"]) in panes["feed"].document.decode()


@pytest.mark.parametrize("group", range(4))
def test_issues_of_the_corpus_are_previewed_as_they_are_published(folder: Folder, corpus: Path, group: int) -> None:
    files = [*sorted((corpus / "issues").glob("*.md")), *sorted((corpus / "newsletters").glob("*/*.m*"))]
    assert len(files) == 28
    shutil.rmtree(folder.root / "issues")
    for number, file in enumerate(files[group::4], 1):  # so few that all are in the feed
        folder.write(f"issues/2021-01-{number:02}.md", file.read_text("utf-8"))
    previewer = folder.preview()
    while previewer.unread:
        previewer.read_next()
    for path in sorted(previewer.files):
        preview = previewer.render(path)
        assert not preview.fault
        publish_issue(folder, path)
        require_same_files(folder, preview)
