"""The web archive: one page per issue, the index of all issues, a search, and a page on how to subscribe.

A page is one self-contained file: its style sheet is in its head, and only the images of the issue are loaded from
other hosts. Only the search has JavaScript. Links between pages are relative and name files, so the folder works
the same on a server and from disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from publisher.channel import ArchiveChannel, Capabilities, Context, Entry, PartGroup, Rendering
from publisher.folder_session import FolderSession
from publisher.model import Issue


class Web(ArchiveChannel, frozen=True):
    """Web pages: one per issue, an index, a search, and how to subscribe.

    A page shows its whole issue except notes of kind read_original and pc_wechat: they are about WeChat.
    """

    name: ClassVar[str] = "web"
    capabilities: ClassVar[Capabilities] = Capabilities(names_cards=True, links_neighbours=True, lists_contents=True)

    def render(self, issue: Issue, context: Context) -> Rendering:
        """Render the page of an issue that has passed `publishable` and `absolute`; needs `context.entry`."""
        # slow to import, and not needed by commands that render nothing
        from publisher.channels.web.pages import render_alias_pages, render_issue_page

        page = render_issue_page(issue, context)
        return Rendering(
            (page, *render_alias_pages(context)), report={"items": sum(1 for _ in issue.items), "bytes": len(page.body)}
        )

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        """Yield what the search reads, the other pages, then the index: last, so that it never links to a missing page.

        A year that the search reads is written only if one of its issues changed.
        """
        from publisher.channels.web.pages import build_overview_pages
        from publisher.channels.web.search import build_search_years

        yield from build_search_years(entries, body, context.newsletter)
        yield from build_overview_pages(entries, context)

    def session(self) -> FolderSession:
        """Return a session that writes the pages that changed."""
        return FolderSession()
