"""Two fake channels that write plain text files, and a project with both."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import UserList
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from msgspec import field

from publisher.channel import ArchiveChannel, Capabilities, Context, Entry, Part, PartGroup, Rendering
from publisher.folder_session import FolderSession
from publisher.model import Issue
from tests.support.newsletter import Project

NOON = dt.datetime(2021, 7, 18, 4, 0, 0, 123_456, tzinfo=dt.UTC)  # 12:00 in China


# ruff: noqa: ARG002 - a channel is asked for more than these two care about


class Pages(ArchiveChannel, frozen=True):
    """A page per issue that names its neighbours, and an index."""

    name: ClassVar[str] = "pages"
    capabilities: ClassVar[Capabilities] = Capabilities(links_neighbours=True)
    rendered: UserList[str] = field(default_factory=UserList)  # not a list: what is in settings is in cache keys

    def render(self, issue: Issue, context: Context) -> Rendering:
        self.rendered.append(issue.id)
        if "渲染失败" in context.entry.title:
            raise ZeroDivisionError("no such thing")
        near = [one.title if one else "-" for one in (context.previous, context.next)]
        lines = [context.entry.title, *near, str(context.entry.updated), issue.source.sha256]
        body = "\n".join(lines).encode()
        return Rendering((Part(f"public/{issue.id}.html", "text/html", body),), warnings=(f"dull: {issue.id}",))

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        text = "\n".join(entry.title for entry in entries).encode()
        digest = hashlib.sha256(text).hexdigest()
        yield PartGroup("index", digest, lambda: [Part("public/index.html", "text/html", text)])

    def session(self) -> FolderSession:
        return FolderSession()


class Feed(ArchiveChannel, frozen=True):
    """The two newest issues in one file, and all of a year in another."""

    name: ClassVar[str] = "feed"
    capabilities: ClassVar[Capabilities] = Capabilities(caches_entries=True)
    rendered: UserList[str] = field(default_factory=UserList)

    def render(self, issue: Issue, context: Context) -> Rendering:
        self.rendered.append(issue.id)
        assert (context.previous, context.next) == (None, None)
        text = f"{context.entry.id} {context.entry.updated} {issue.source.sha256}\n"
        return Rendering((Part("kept", "text/plain", text.encode()),))

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        for key, some in (("2020", [e for e in entries if e.date.year == 2020]), ("feed", entries[:2])):
            digest = hashlib.sha256(repr([(e.id, e.revision, e.updated) for e in some]).encode()).hexdigest()
            yield PartGroup(key, digest, lambda key=key, some=some: self.files(key, [*map(body, some)]))

    def files(self, key: str, bodies: list[bytes]) -> list[Part]:
        text = b"".join(bodies)
        return [Part(f"public/{key}.txt{end}", "text/plain", text) for end in ("", ".gz")]

    def session(self) -> FolderSession:
        return FolderSession()


def file_project(root: Path) -> Project:
    """Return a project that writes pages and a feed, and has no issues yet."""
    return Project(root, channels=(Pages(), Feed()), now=NOON)


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
