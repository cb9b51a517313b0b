"""Rules for items: title, URL, source, summary, labelled lines, and whether tags and links agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher import links
from publisher.checks.codes import Edit, Problem
from publisher.checks.source import IssueSource, locate_match
from publisher.model import Block, Item, Paragraph, Pos, plain
from publisher.patterns import lazy_pattern
from publisher.reader.fields import find_field_kind, split_label
from publisher.reader.item_head import REPO_PREFIX
from publisher.reader.lines import has_cjk
from publisher.transforms import find_urls

_MISSING_COLON = lazy_pattern(r"\s*(?:[-*]\s+)?(摘要|简评)(?!\s*[:：])(\s*)(?=\S)")
_HALF_WIDTH_COLON = lazy_pattern(r"\s*(?:[-*]\s+)?(摘要|简评)\s*(:)\s*")
_MIN_LINKED = 3
_URL_ONLY = lazy_pattern(r"(?:https?://|www\.)\S+\Z")
_EMPTY_LINK = lazy_pattern(r"\[[^\[\]]*\](?:\(\s*\))?\s*\Z")


def check_items(subject: IssueSource) -> Iterator[Problem]:
    """Check the head and the fields of every item."""
    items = [item for item in subject.issue.items if item.pos.line]
    in_linked_section: dict[Pos, bool] = {}
    for section in subject.issue.sections:
        if any(item.url for item in section.items):
            in_linked_section |= dict.fromkeys(
                (item.pos for item in section.items), _has_usually(item.url for item in section.items)
            )
    for item in items:
        # an item with a source or a summary is written like those with a link
        expects_link = in_linked_section.get(item.pos, False) or bool(item.source or item.summary)
        yield from _check_head(subject, item, expects_link=expects_link and item.pos in in_linked_section)
        yield from _check_fields(subject, item)


def _has_usually(values: Iterable[object]) -> bool:
    """Return whether nearly all items of a section, and several, have something."""
    verdicts = [bool(value) for value in values]
    return sum(verdicts) >= _MIN_LINKED and sum(verdicts) * 4 >= len(verdicts) * 3


def _locate_head(subject: IssueSource, item: Item) -> Pos:
    """The position of the first line of an item, without surrounding white space."""
    return subject.source.line_position(item.pos.line)


_SOURCE_AFTER_HYPHEN = lazy_pattern(r"\s([-–—])\s*([^-–—|]{1,12})\Z")
# a bar directly between ASCII characters, as in a|b, is not a separator
_SOURCE_AFTER_BAR = lazy_pattern(r"(?:(?<![!-~])[|｜]|[|｜](?![!-~]))\s*([^|｜]+)\Z")


def check_sources(subject: IssueSource) -> Iterator[Problem]:
    """Report a known source after a hyphen instead of a bar, and text after a bar that cannot be a source."""
    items = [item for item in subject.issue.items if item.pos.line]
    sources = {item.source for item in items if item.source}
    for item in items:
        title = plain(item.title).rstrip()
        if item.source or item.authors:
            continue
        if (hyphen := _SOURCE_AFTER_HYPHEN.search(title)) and hyphen[2] in sources:
            if pos := subject.source.find(f"{hyphen[0]}]", item.pos):
                mark = Pos(pos.line, pos.column + 1, pos.line, pos.column + 2)
                message = f'"{hyphen[1]}" before the source {hyphen[2]} should be "|"'
                yield Problem(mark, "source-form", message, 'write "|"', (Edit(mark, "|"),))
        elif (bar := _SOURCE_AFTER_BAR.search(title)) and has_cjk(bar[1]):
            pos = subject.source.find(bar[1], item.pos) or _locate_head(subject, item)
            help_ = "shorten it if it is the source"
            yield Problem(pos, "source-form", "too long for a source, treated as part of the title", help_)


def _check_head(subject: IssueSource, item: Item, *, expects_link: bool) -> Iterator[Problem]:
    title = plain(item.title).strip()
    pos = _locate_head(subject, item)
    line = subject.source.line(item.pos.line)
    if not title and not item.tail and not item.extras:
        if item.url:
            yield Problem(pos, "empty-item", "the link has no title", "write [title](url)")
        elif item.is_placeholder and not _has_markup(item, line):
            yield Problem(pos, "empty-item", "the bullet has no text, it is left out", "fill it in or remove the line")
        return
    if _URL_ONLY.match(title) and item.title:
        title_pos = subject.source.find(title, item.pos) or pos
        yield Problem(title_pos, "title-is-url", "the title is a URL", "write a descriptive title")
    elif expects_link and not item.url and "[" not in line and not [*find_urls((*item.title, *item.tail))]:
        yield Problem(pos, "no-link", "the item has no link")


def _has_markup(item: Item, line: str) -> bool:
    """True for an item that is reported by another rule: a broken link, tags, a template tag."""
    return bool(item.tags or _EMPTY_LINK.search(line) or "{" in line or "<" in line)


def _check_fields(subject: IssueSource, item: Item) -> Iterator[Problem]:
    for field in item.fields:
        line = field.pos.line
        pos = subject.source.line_position(line)
        if field.kind == "summary":
            yield from _check_summary(subject, plain(field.value).strip(), field.pos)
            yield from _check_label_colon(subject, line)
        elif not field.url and plain(field.value).strip() in ("", "http://", "https://"):
            message = f'no value after "{field.label}"'
            yield Problem(pos, "field-empty", message, "add the value or remove the line")
    for block in item.body:
        if isinstance(block, Paragraph) and block.pos.line and _is_summary_block(subject, block):
            help_ = "check whether the bullet of the next item is missing above"
            pos = subject.source.line_position(block.pos.line)
            yield Problem(pos, "two-summaries", "the item already has a summary", help_)
            yield from _check_label_colon(subject, block.pos.line)


def _check_summary(subject: IssueSource, text: str, pos: Pos) -> Iterator[Problem]:
    place = subject.source.line_position(pos.line)
    if not text:
        yield Problem(place, "summary-empty", "the summary is empty", "write a summary or remove the line")
    elif _URL_ONLY.match(text):
        help_ = "label it 链接：, and write a summary"
        yield Problem(place, "summary-is-url", "the summary is only a URL", help_)


def _check_label_colon(subject: IssueSource, line: int) -> Iterator[Problem]:
    text = subject.source.line(line)
    if label := _MISSING_COLON.match(text):
        edit = Edit(locate_match(line, label, 2), "：")
        message = f'missing "：" after "{label[1]}"'
        yield Problem(locate_match(line, label, 1), "label-colon", message, 'insert "："', (edit,))
    elif label := _HALF_WIDTH_COLON.match(text):
        pos = locate_match(line, label, 2)
        edit = Edit(Pos(line, pos.column, line, label.end() + 1), "：")
        message = f'half-width ":" after "{label[1]}"'
        yield Problem(pos, "label-colon", message, 'write "："', (edit,))


def _is_summary_block(subject: IssueSource, block: Block) -> bool:
    label = split_label(subject.source.line(block.pos.line).lstrip())
    return label is not None and find_field_kind(label[0], None) == "summary"


def check_consistency(subject: IssueSource) -> Iterator[Problem]:
    """Check that the tag, the owner/repo prefix and the links of each item agree."""
    for item in subject.issue.items:
        if item.pos.line:
            yield from _check_repository(subject, item)
            yield from _check_arxiv_id(subject, item)


def _check_repository(subject: IssueSource, item: Item) -> Iterator[Problem]:
    """Compare the owner/repo prefix of the title with the URL of the item and its code and project links."""
    prefix = REPO_PREFIX.match(plain(item.title))
    named = f"{prefix[1]}/{prefix[2]}" if prefix else ""
    urls = [(item.url or "", item.pos)]
    urls += [(field.url or "", field.pos) for field in item.fields if field.kind in ("code", "project")]
    linked = [(links.parse_repository(url), url, pos) for url, pos in urls if links.parse_repository(url)]
    if not named or not linked or any(repo.lower() == named.lower() for repo, _, _ in linked if repo):
        return
    repo, url, pos = linked[0]
    if not set(named.lower().split("/")) & set((repo or "").lower().split("/")):
        return  # a path or a module rather than a repository
    place = subject.find_url(url, pos)
    message = f"the title says {named}, but the URL leads to {repo}"
    yield Problem(place, "repo-mismatch", message, "correct whichever is wrong")


def _check_arxiv_id(subject: IssueSource, item: Item) -> Iterator[Problem]:
    """Compare the arXiv id of the tag with those of the links; one matching link is enough."""
    tag = any(item.arxiv in tag for tag in item.tags) if item.arxiv else False
    urls = [(item.url or "", item.pos), *((field.url or "", field.pos) for field in item.fields)]
    linked = [(links.parse_arxiv_id(url), url, pos) for url, pos in urls if links.parse_arxiv_id(url)]
    if not tag or not linked or any(arxiv_id == item.arxiv for arxiv_id, _, _ in linked):
        return
    arxiv_id, url, pos = linked[0]
    url_pos = subject.find_url(url, pos)
    place = subject.source.find(arxiv_id or "", url_pos) or url_pos
    message = f"the tag says {item.arxiv}, but the link leads to {arxiv_id}"
    help_ = "correct whichever is wrong"
    for other in subject.issue.items:
        if arxiv_id == other.arxiv and other is not item:
            help_ = f"{arxiv_id} belongs to the item on line {other.pos.line}"
            break
    yield Problem(place, "arxiv-mismatch", message, help_)
