"""The web archive: a page per issue, the index of all issues, and a page that says how to subscribe.

A page is whole in one file: its style sheet stands in its head, it runs no script, and it asks no other host
for anything but the pictures of the issue. Links between pages are relative and name files, so the folder
reads the same on a server and from disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from publisher.channel import Context, Entry, PartGroup, Rendering
from publisher.dataclass import dataclass
from publisher.files import FolderSession
from publisher.model import Issue


@dataclass(frozen=True, slots=True)
class Web:
    """Pages in a folder. Everything a reader may see of an issue is on its page, except the notes of
    kind read_original and pc_wechat, which speak of WeChat."""

    name: ClassVar[str] = "web"
    caches_entries: ClassVar[bool] = False

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The page of an issue that went through `publishable` and `absolute`; needs `context.entry`."""
        from publisher.channels.web.pages import (
            render_issue_page,  # slow to import, and not for those who only ask
        )

        page = render_issue_page(issue, context)
        return Rendering((page,), report={"items": sum(1 for _ in issue.items), "bytes": len(page.body)})

    def render_archive(
        self,
        entries: Sequence[Entry],
        body: Callable[[Entry], bytes],  # noqa: ARG002 the index knows all it needs from the entries
        context: Context,
    ) -> Iterator[PartGroup]:
        """The page on subscribing, then the index, last: it must not lead to pages that are not there."""
        from publisher.channels.web.pages import build_overview_pages

        return build_overview_pages(entries, context)

    def session(self) -> FolderSession:
        """A session that writes the pages that changed."""
        return FolderSession()
