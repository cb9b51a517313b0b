"""What the page is given: the state as JSON, the documents of the panes, the parts, and the images of the issue."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from publisher.archive.records import ImageFile, Record
from publisher.channel import Part, Rendering
from publisher.checks.source import SourceText
from publisher.config import Config
from publisher.model import Issue, plain
from publisher.newsletter import Newsletter
from publisher.outline import OutlineItem, build_outline
from publisher.preview.meters import build_meters
from publisher.preview.panes import Pane, build_panes
from publisher.preview.previewer import RenderedPreview
from publisher.preview.problems import ProblemFinder, ShownItem

MAX_LISTED_ISSUES = 200


class View(Struct, frozen=True):
    """One version of the preview.

    `state` is what the page is given besides the version; `parts` are by key, and `images` are the files of the
    newsletter that the issue shows: their paths by key. `documents` has those of the panes, and of the version before,
    by digest. A version is shown in steps: `is_pending` until all channels have rendered it.
    """

    version: int = 0
    path: str = ""
    is_pending: bool = False
    state: Mapping[str, object] = {}
    panes: tuple[Pane, ...] = ()
    parts: Mapping[str, Part] = {}
    images: Mapping[str, str] = {}
    documents: Mapping[str, bytes] = {}

    def to_json(self, present: Collection[str] | None = None) -> bytes:
        """Return the state with its version, and unless `present` is None, with the documents by URL whose digests are
        not among these."""
        state = {"version": self.version, "pending": self.is_pending, **self.state}
        if present is not None:
            missing = (pane for pane in self.panes if pane.digest not in present)
            state["documents"] = {pane.url: pane.document.decode("utf-8", "replace") for pane in missing}
        try:
            return msgspec.json.encode(state)
        except UnicodeEncodeError:  # the name of a file is no text
            return json.dumps(msgspec.to_builtins(state)).encode()


def build_view(
    preview: RenderedPreview,
    items: Sequence[ShownItem],
    records: Mapping[str, Record],
    finder: ProblemFinder,
    config: Config,
    last: View,
    *,
    unread: int,
    is_unsaved: bool,
) -> View:
    """Return the view of a preview and its items. What is missing in it is as in the `last` one of the same issue.

    `unread`: so many files were not read yet, which may show more problems.
    """
    newsletter, record = config.newsletter, preview.record
    last = last if last.path == record.path else View()
    is_pending = bool(preview.waiting)
    panes = tuple(build_panes(preview.renderings, newsletter, preview.waiting, last.panes))
    published = [image for image in record.images if image.is_published]
    images = {image.target: image.source for image in published}
    state = {
        "name": newsletter.name,
        "lang": newsletter.lang,
        "editor": bool(config.editor),
        "issue": {"path": record.path, "title": _choose_title(preview), "id": record.id, "date": record.date},
        "draft": record.draft,
        "unsaved": is_unsaved,
        "unread": unread,
        "issues": _describe_issues(records),
        "panes": [pane.to_state() for pane in panes],
        "problems": last.state.get("problems", []) if is_pending else [*finder.find(preview, records, items)],
        "items": items,
        "budgets": last.state.get("budgets", []) if is_pending else [*build_meters(preview, config.channels)],
        "images": {_build_image_url(image.target, newsletter): _build_local_url(image) for image in published},
        "broken": preview.fault,
    }
    parts = {pane.part: last.parts[pane.part] for pane in panes if pane.part in last.parts} | _collect_parts(preview)
    return View(0, record.path, is_pending, state, panes, parts, images)


def build_empty_view(path: str, records: Mapping[str, Record], config: Config) -> View:
    """Return the view of an issue that was not read yet."""
    state = {
        "name": config.newsletter.name,
        "lang": config.newsletter.lang,
        "editor": bool(config.editor),
        "draft": False,
        "unsaved": False,
        "unread": 0,
        "issues": _describe_issues(records),
    }
    return replace(build_broken_view(View(state=state), path, ""), is_pending=True)


def build_broken_view(last: View, path: str, message: str) -> View:
    """Return the view of an issue that nothing can be rendered of: with the panes of before, if it had any."""
    if last.path == path:
        return replace(last, is_pending=False, state={**last.state, "broken": message})
    empty: dict[str, object] = {"issue": {"path": path, "title": path, "id": "", "date": ""}, "images": {}}
    empty |= {name: [] for name in ("panes", "problems", "items", "budgets")}
    return View(path=path, state={**last.state, **empty, "broken": message})


def _describe_issues(records: Mapping[str, Record]) -> list[dict[str, str]]:
    """Return path, title and date of the issues, the newest first."""
    newest = sorted(records.values(), key=lambda record: (record.date or "9999", record.path), reverse=True)
    return [
        {"path": record.path, "title": record.title or record.path, "date": record.date}
        for record in newest[:MAX_LISTED_ISSUES]
    ]


def list_items(preview: RenderedPreview) -> list[ShownItem]:
    """Return the items with their lines in the source: each ends where the next one, or a section, begins."""
    issue, document = preview.issue, preview.document
    if not (issue and document):
        return []
    outlined = {item.id: item for section in build_outline(document, "web").sections for item in section.items}
    lines = SourceText(preview.text).lines
    last_line = len(lines)
    starts = sorted({*_list_starts(issue), last_line + 1})
    ends = {start: following - 1 for start, following in pairwise(starts)}
    shown = []
    for item in issue.items:
        if item.id in outlined:
            start = item.pos.line
            end = _skip_blank_lines(lines, start, ends.get(start, last_line))
            digest = _digest_lines(lines[start - 1 : end])
            shown.append(ShownItem(item.id, start, end, _get_title(outlined[item.id]), item.url or "", digest))
    return shown


def _list_starts(issue: Issue) -> Iterator[int]:
    for section in issue.sections:
        yield section.pos.line
        yield from (item.pos.line for item in section.items)
    if issue.archive:
        yield issue.archive.pos.line


def _skip_blank_lines(lines: Sequence[str], start: int, end: int) -> int:
    """Return the last line from `start` to `end` that is not blank."""
    return next((number for number in range(min(end, len(lines)), start, -1) if lines[number - 1].strip()), start)


def _digest_lines(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _get_title(item: OutlineItem) -> str:
    """Return the whole title as one line of text."""
    return re.sub(r"\s+", " ", plain(item.title)).strip() or item.name


def _choose_title(preview: RenderedPreview) -> str:
    title = preview.issue.title if preview.issue else None
    return preview.record.title or (plain(title.text) if title else "") or preview.record.path


def _collect_parts(preview: RenderedPreview) -> dict[str, Part]:
    return {
        part.key: part
        for rendering in preview.renderings.values()
        if isinstance(rendering, Rendering)
        for part in (*rendering.parts, *rendering.previews)
    }


def _build_image_url(target: str, newsletter: Newsletter) -> str:
    """Return the absolute URL of a file below the output folder."""
    return newsletter.base + quote(target.removeprefix(f"{newsletter.site}/"))


def _build_local_url(image: ImageFile) -> str:
    """Return where the preview serves a file: at another URL after each change, so that the page loads it again."""
    return f"/file/{quote(image.target)}?changed={image.changed}"
