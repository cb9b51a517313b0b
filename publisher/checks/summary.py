"""The summary of an issue: what other issues are compared with."""

# no `from __future__ import annotations`: typing would compile each field's annotation at start

import re
from typing import NamedTuple

from publisher import links
from publisher.checks.images import find_relative_images
from publisher.checks.source import IssueSource
from publisher.model import NO_POSITION, Address, Issue, Item, Link, Pos
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

_IGNORE_COMMENT = lazy_pattern(r"<!--\s*publish:\s*ignore\s*=\s*([\w,\s-]+?)\s*-->")


class ItemSummary(NamedTuple):
    """The canonical URL of an item and its repository in lower case, with positions; empty if none."""

    url: str
    position: Pos
    repo: str = ""
    repo_position: Pos = NO_POSITION


class IssueSummary(NamedTuple):
    """What the rules need to know of an issue to compare it with others.

    `sha256` is that of the source. `title_position` is where the title is, or should be. `has_guide` is also
    true for opening paragraphs without a label. `archive_links` are the links to earlier issues, by the stem
    of the file. `ignored_codes` are those of `publish: ignore=CODE` comments. `images` has each place of the
    relative URL of an image.
    """

    path: str
    id: str
    date: str
    draft: bool
    sha256: str
    title_position: Pos
    has_title: bool
    has_regular_title: bool
    has_labelled_guide: bool
    has_guide: bool
    items: tuple[ItemSummary, ...] = ()
    archive_links: tuple[tuple[str, Pos], ...] = ()
    ignored_codes: tuple[str, ...] = ()
    images: tuple[tuple[str, Pos], ...] = ()
    address: Address = Address()

    @classmethod
    def from_source(cls, subject: IssueSource) -> "IssueSummary":
        """Summarize an issue."""
        issue = subject.issue
        return cls(
            path=issue.source.path,
            id=issue.id,
            date=issue.date.isoformat() if issue.date else "",
            draft=issue.draft,
            sha256=issue.source.sha256,
            title_position=subject.title_position,
            has_title=issue.title is not None,
            has_regular_title=bool(issue.title and issue.title.regular),
            has_labelled_guide=bool(issue.guide and issue.guide.label),
            has_guide=issue.guide is not None,
            items=tuple(_summarize_item(subject, item) for item in issue.items if item.pos.line),
            archive_links=tuple(_find_archive_links(subject)),
            ignored_codes=tuple(sorted(find_ignored_codes(issue))),
            images=tuple(find_relative_images(subject)),
            address=issue.address,
        )

    @property
    def stem(self) -> str:
        """The file name without folder and extension."""
        return self.path.rpartition("/")[2].rpartition(".")[0]


def find_ignored_codes(issue: Issue) -> frozenset[str]:
    """Return the codes ignored by comments of the issue: `<!-- publish: ignore=CODE, CODE -->`."""
    matches = (_IGNORE_COMMENT.search(part.text) for part in issue.dropped if part.name == "comment")
    return frozenset(code.strip() for match in matches if match for code in match[1].split(","))


def _summarize_item(subject: IssueSource, item: Item) -> ItemSummary:
    url = links.build_link_key(item.url) if item.url else ""
    pos = subject.find_url(item.url or "", item.pos)
    if not item.repo:
        return ItemSummary(url, pos)
    repo_place = subject.source.find(item.repo, item.pos) or pos
    return ItemSummary(url, pos, item.repo.lower(), repo_place)


def _find_archive_links(subject: IssueSource) -> list[tuple[str, Pos]]:
    archive = subject.issue.archive
    if archive is None:
        return []
    archive_links = []
    for link in dict.fromkeys(find_nodes(Link, archive.blocks)):
        name = re.search(r"(?:\A|/)(\d{4}-\d{2}-\d{2})\.md\Z", link.url)
        lines = subject.source.numbered_lines(archive.pos.line or 1, len(subject.source.lines))
        pos = next((_locate_link(n, text, link.url) for n, text in lines if f"({link.url})" in text), None)
        if name and pos:
            archive_links.append((name[1], pos))
    return sorted(archive_links, key=lambda link: link[1])


def _locate_link(number: int, text: str, url: str) -> Pos:
    start = text.index(f"({url})") + 2
    return Pos(number, start, number, start + len(url))
