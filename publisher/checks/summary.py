"""The summary of an issue: what other issues are compared with."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

import re
from collections.abc import Iterator

from msgspec.structs import replace

from publisher import links
from publisher.checks.images import find_relative_images, find_url_places, normalize_url
from publisher.checks.source import IssueSource
from publisher.model import NO_POSITION, Address, Issue, Item, Link, Pos, plain
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.sketches import compute_sketch, find_body_lines
from publisher.transforms import find_nodes, find_relative_links

_IGNORE_COMMENT = lazy_pattern(r"<!--\s*publish:\s*ignore\s*=\s*([\w,\s-]+?)\s*-->")


class ItemSummary(NamedTuple):
    """The canonical URL of an item and its repository in lower case, with positions; empty if none.

    `repo` is the repository that the item is about, not one that has the issue or file it links to. `section` is
    the heading above the item, in lower case.
    """

    url: str
    position: Pos
    repo: str = ""
    repo_position: Pos = NO_POSITION
    section: str = ""


class IssueSummary(NamedTuple):
    """What the rules need to know of an issue to compare it with others.

    `sha256` is that of the source. `title_position` is where the title is, or should be. `guide_label` is the
    word that the guide starts with; `has_guide` is also true for opening paragraphs without one.
    `archive_links` are the links to earlier issues, by the stem of the file. `ignored_codes` are those of
    `publish: ignore=CODE` comments. `images` and `links` have each place of the relative URL of an image or
    a link. `has_summaries`: most items have a summary; `unsummarized` are the heads of the others. `sketch` is
    that of the text, see `publisher.sketches`.
    """

    path: str
    id: str
    date: str
    draft: bool
    sha256: str
    title_position: Pos
    has_title: bool
    has_regular_title: bool
    guide_label: str
    has_guide: bool
    items: tuple[ItemSummary, ...] = ()
    archive_links: tuple[tuple[str, Pos], ...] = ()
    ignored_codes: tuple[str, ...] = ()
    images: tuple[tuple[str, Pos], ...] = ()
    address: Address = Address()
    links: tuple[tuple[str, Pos], ...] = ()
    has_summaries: bool = False
    unsummarized: tuple[Pos, ...] = ()
    sketch: str = ""
    feed_id: str = ""

    @classmethod
    def from_source(cls, subject: IssueSource) -> "IssueSummary":
        """Summarize an issue."""
        issue = subject.issue
        has_summaries, unsummarized = _find_unsummarized(subject)
        return cls(
            path=issue.source.path,
            id=issue.id,
            date=issue.date.isoformat() if issue.date else "",
            draft=issue.draft,
            sha256=issue.source.sha256,
            title_position=subject.title_position,
            has_title=issue.title is not None,
            has_regular_title=bool(issue.title and issue.title.regular),
            guide_label=issue.guide.label if issue.guide else "",
            has_guide=issue.guide is not None,
            items=tuple(_summarize_items(subject)),
            archive_links=tuple(_find_archive_links(subject)),
            ignored_codes=tuple(sorted(_find_ignored_codes(issue))),
            images=tuple(find_relative_images(subject)),
            address=issue.address,
            links=tuple(_find_relative_links(subject)),
            has_summaries=has_summaries,
            unsummarized=unsummarized,
            sketch=compute_sketch(find_body_lines(subject.source.text, issue)),
            feed_id=issue.feed_id,
        )

    @property
    def stem(self) -> str:
        """The file name without folder and extension."""
        return self.path.rpartition("/")[2].rpartition(".")[0]


def _find_ignored_codes(issue: Issue) -> frozenset[str]:
    """Return the codes ignored by comments of the issue: `<!-- publish: ignore=CODE, CODE -->`."""
    matches = (_IGNORE_COMMENT.search(part.text) for part in issue.dropped if part.name == "comment")
    return frozenset(code.strip() for match in matches if match for code in match[1].split(","))


def _summarize_items(subject: IssueSource) -> Iterator[ItemSummary]:
    for section in subject.issue.sections:
        heading = " ".join(plain(section.title).split()).casefold()
        for item in section.items:
            if item.pos.line:
                yield _summarize_item(subject, item, heading)


def _summarize_item(subject: IssueSource, item: Item, section: str) -> ItemSummary:
    url = links.build_link_key(item.url) if item.url else ""
    pos = subject.find_url(item.url or "", item.pos)
    linked = links.parse_repository(item.url) if item.url else None
    if not item.repo or (linked and not links.is_repository_page(url)):
        return ItemSummary(url, pos, section=section)
    repo_place = subject.source.find(item.repo, item.pos) or pos
    return ItemSummary(url, pos, item.repo.lower(), repo_place, section)


def _find_unsummarized(subject: IssueSource) -> tuple[bool, tuple[Pos, ...]]:
    """Return whether at least half of the items have a summary, and then the heads of those without one."""
    items = [item for item in subject.issue.items if item.pos.line]
    lacking = [item for item in items if all(field.kind != "summary" for field in item.fields)]
    if not items or len(lacking) * 2 > len(items):
        return False, ()
    places = [item.pos.line for item in lacking if not _is_empty_bullet(subject, item)]
    return True, tuple(subject.source.line_position(line) for line in places)


def _is_empty_bullet(subject: IssueSource, item: Item) -> bool:
    """True for a bullet without any text."""
    return item.is_placeholder and not item.url and "[" not in subject.source.line(item.pos.line)


def _find_relative_links(subject: IssueSource) -> Iterator[tuple[str, Pos]]:
    """Yield each relative URL of a link with its position, once for each place where it is written."""
    published = replace(subject.issue, archive=None)  # channels show a generated list instead
    if urls := find_relative_links(published):
        found = find_url_places(subject)
        for url in urls:
            places = found.get(normalize_url(url))
            yield from ((url, pos) for pos in places or [subject.find_url(url, subject.whole_position)])


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
