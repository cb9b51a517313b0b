"""Items: a title, an address, a summary, and labels that say something."""

from __future__ import annotations

from collections.abc import Iterator

from publisher import links
from publisher.checks.codes import Edit, Problem
from publisher.checks.subject import IssueSource
from publisher.model import Block, Item, Paragraph, Pos, Section, plain
from publisher.patterns import lazy_pattern
from publisher.reader.fields import find_field_kind, split_label
from publisher.reader.lines import is_cjk
from publisher.transforms import find_urls as addresses

_MISSING_COLON = lazy_pattern(r"\s*(?:[-*]\s+)?(摘要|简评)(?!\s*[:：])(\s*)(?=\S)")
_HALF_WIDTH_COLON = lazy_pattern(r"\s*(?:[-*]\s+)?(摘要|简评)\s*(:)\s*")
_URL_ONLY = lazy_pattern(r"(?:https?://|www\.)\S+\Z")
_EMPTY_LINK = lazy_pattern(r"\[[^\[\]]*\](?:\(\s*\))?\s*\Z")


def check_items(subject: IssueSource) -> Iterator[Problem]:
    """Every item on its own, and the summaries that most of them have."""
    found = [item for item in subject.issue.items if item.pos.line]
    among_links = {item.pos for one in subject.issue.sections if _has_links(one) for item in one.items}
    without = [not _has_summary(item) for item in found]
    usual = sum(without) * 2 <= len(found)
    for item, bare in zip(found, without, strict=True):
        yield from _check_head(subject, item, linked=item.pos in among_links)
        yield from _check_fields(subject, item)
        if usual and bare and not _is_empty_bullet(subject, item):
            help_ = "write a line below it: 摘要：…"
            yield Problem(_locate_head(subject, item), "summary-missing", "the item has no summary", help_)


def _has_summary(item: Item) -> bool:
    return any(field.kind == "summary" for field in item.fields)


def _is_empty_bullet(subject: IssueSource, item: Item) -> bool:
    """True for a bullet with nothing behind it."""
    return item.is_placeholder and not item.url and "[" not in subject.source.line(item.pos.line)


def _locate_head(subject: IssueSource, item: Item) -> Pos:
    """The first line of an item's head, without the white space around it."""
    return subject.source.line_position(item.pos.line)


_SOURCE_AFTER_HYPHEN = lazy_pattern(r"\s([-–—])\s*([^-–—|]{1,12})\Z")
# a bar with letters close on both sides, as in a|b, parts nothing
_SOURCE_AFTER_BAR = lazy_pattern(r"(?:(?<![!-~])[|｜]|[|｜](?![!-~]))\s*([^|｜]+)\Z")


def check_sources(subject: IssueSource) -> Iterator[Problem]:
    """A source behind a hyphen, which other items of the issue have behind a bar; and a bar without one."""
    found = [item for item in subject.issue.items if item.pos.line]
    known = {item.source for item in found if item.source}
    for item in found:
        title = plain(item.title).rstrip()
        if item.source or item.authors:
            continue
        if (hyphen := _SOURCE_AFTER_HYPHEN.search(title)) and hyphen[2] in known:
            if place := subject.source.find(f"{hyphen[0]}]", item.pos):
                mark = Pos(place.line, place.column + 1, place.line, place.column + 2)
                message = f"the source {hyphen[2]} stands behind a hyphen"
                yield Problem(mark, "source-form", message, "write a bar", (Edit(mark, "|"),))
        elif (bar := _SOURCE_AFTER_BAR.search(title)) and any(map(is_cjk, bar[1])):
            place = subject.source.find(bar[1], item.pos) or _locate_head(subject, item)
            help_ = "shorten it, if it is the source"
            yield Problem(place, "source-form", "too long for a source, so part of the title", help_)


def _has_links(section: Section) -> bool:
    return any(item.url for item in section.items)


def _check_head(subject: IssueSource, item: Item, *, linked: bool) -> Iterator[Problem]:
    title = plain(item.title).strip()
    place = _locate_head(subject, item)
    written = subject.source.line(item.pos.line)
    if not title and not item.tail and not item.extras:
        if item.url or not _EMPTY_LINK.search(written):
            said = "the link has no title" if item.url else "the bullet has no text"
            yield Problem(place, "empty-item", said, "fill it, or take the line out")
        return
    if _URL_ONLY.match(title) and item.title:
        where = subject.source.find(title, item.pos) or place
        yield Problem(where, "title-is-url", "the title is an address", "write what it leads to")
    elif linked and not item.url and "[" not in written and not [*addresses((*item.title, *item.tail))]:
        yield Problem(place, "no-link", "the title leads nowhere")


def _check_fields(subject: IssueSource, item: Item) -> Iterator[Problem]:
    for field in item.fields:
        line = field.pos.line
        place = subject.source.line_position(line)
        if field.kind == "summary":
            yield from _check_summary(subject, plain(field.value).strip(), field.pos)
            yield from _check_label_colon(subject, line)
        elif not field.url and plain(field.value).strip() in ("", "http://", "https://"):
            yield Problem(place, "field-empty", f"nothing follows {field.label}", "write it, or take it out")
    for block in item.body:
        if isinstance(block, Paragraph) and block.pos.line and _is_summary_block(subject, block):
            help_ = "is the bullet of another item missing above it?"
            place = subject.source.line_position(block.pos.line)
            yield Problem(place, "two-summaries", "the item has a summary already", help_)
            yield from _check_label_colon(subject, block.pos.line)


def _check_summary(subject: IssueSource, text: str, pos: Pos) -> Iterator[Problem]:
    place = subject.source.line_position(pos.line)
    if not text:
        yield Problem(place, "summary-empty", "the summary is empty", "write it, or take the line out")
    elif _URL_ONLY.match(text):
        help_ = "label it 链接：, and write what it says"
        yield Problem(place, "summary-is-url", "the summary is only an address", help_)


def _check_label_colon(subject: IssueSource, line: int) -> Iterator[Problem]:
    text = subject.source.line(line)
    if bare := _MISSING_COLON.match(text):
        place = Pos(line, bare.start(1) + 1, line, bare.end(1) + 1)
        edit = Edit(Pos(line, bare.end(1) + 1, line, bare.end(2) + 1), "：")
        message = f'"{bare[1]}" is not followed by "："'
        yield Problem(place, "label-colon", message, "insert it", (edit,))
    elif half := _HALF_WIDTH_COLON.match(text):
        place = Pos(line, half.start(2) + 1, line, half.end(2) + 1)
        edit = Edit(Pos(line, half.start(2) + 1, line, half.end() + 1), "：")
        yield Problem(place, "label-colon", f'"{half[1]}" is followed by ":"', 'write "："', (edit,))


def _is_summary_block(subject: IssueSource, block: Block) -> bool:
    labelled = split_label(subject.source.line(block.pos.line).lstrip())
    return labelled is not None and find_field_kind(labelled[0], None) == "summary"


def check_consistency(subject: IssueSource) -> Iterator[Problem]:
    """Tag, prefix and address that speak of the same thing."""
    for item in subject.issue.items:
        if item.pos.line:
            yield from _check_repository(subject, item)
            yield from _check_arxiv_id(subject, item)


_REPO_PREFIX = lazy_pattern(r"\s*([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]+?)\s*(?:[:：]|\Z)")


def _check_repository(subject: IssueSource, item: Item) -> Iterator[Problem]:
    """The prefix owner/repo against the address, or where that leads elsewhere, against its code."""
    prefix = _REPO_PREFIX.match(plain(item.title))
    addresses = [(item.url or "", item.pos)]
    addresses += [(field.url or "", field.pos) for field in item.fields if field.kind in ("code", "project")]
    linked = [
        (links.parse_repository(url), url, pos) for url, pos in addresses if links.parse_repository(url)
    ]
    if not prefix or not linked or any(repo.lower() == prefix[1].lower() for repo, _, _ in linked if repo):
        return
    repo, url, pos = linked[0]
    if not set(prefix[1].lower().split("/")) & set((repo or "").lower().split("/")):
        return  # a path, or a module, and no repository
    place = subject.find_url(url, pos)
    message = f"the title names {prefix[1]}, its address leads to {repo}"
    yield Problem(place, "repo-mismatch", message, "correct the one that is wrong")


def _check_arxiv_id(subject: IssueSource, item: Item) -> Iterator[Problem]:
    """The arXiv number of the tag against those of the links; one that is right is enough."""
    tag = any(item.arxiv in tag for tag in item.tags) if item.arxiv else False
    addresses = [(item.url or "", item.pos), *((field.url or "", field.pos) for field in item.fields)]
    linked = [(links.parse_arxiv_id(url), url, pos) for url, pos in addresses if links.parse_arxiv_id(url)]
    if not tag or not linked or any(number == item.arxiv for number, _, _ in linked):
        return
    number, url, pos = linked[0]
    where = subject.find_url(url, pos)
    place = subject.source.find(number or "", where) or where
    message = f"the item is tagged {item.arxiv}, its paper link is {number}"
    other = next((one for one in subject.issue.items if number == one.arxiv and one is not item), None)
    known = f"{number} belongs to the item at line {other.pos.line}" if other else "one of them is wrong"
    yield Problem(place, "arxiv-mismatch", message, known)
