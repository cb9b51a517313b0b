"""What every channel says of an issue, decided once: numbers, names and links of items, notes, and the guide.

A channel only styles it. Does not interact with anything, only processes an Issue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby

from msgspec.structs import replace

from publisher import model as m
from publisher.derived_texts import blocks_to_plain_text, is_prose, is_running_text, shorten
from publisher.links import build_link_key, canonicalize_url, parse_repository
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.reuse import reuse_results
from publisher.transforms import build_anchors, find_nodes, find_urls, has_link, link_field_value

_MAX_NAME_LENGTH = 120
MAIN_DEPTH = 2
"""The depth of sections that are inside no other."""
_MAX_DEPTH = 5  # the headings of its items are one level lower, and there are six
_SENTENCE_ENDS = ("。", "；", "！", "？", "…", ".", ";", "!", "?")
# notes about reading inside WeChat; the article has its own note on 阅读原文
_HIDDEN_NOTES = {"wechat": {"read_original"}}
_WECHAT_NOTES = {"read_original", "pc_wechat"}


class ItemLink(NamedTuple):
    """A link beside the title of an item; `url` is empty if an earlier one leads there already.

    `kind`: "item" is the item's own link, if its title contains links and cannot be one; "extra" stands in
    its head line; "field" is one of a field that is not shown; "repository" and "paper" are only named.
    """

    kind: str
    text: m.Inlines
    url: str
    title: str = ""

    @property
    def node(self) -> m.Link | m.Text:
        """The link, or its text alone."""
        return m.Link(self.text, self.url, self.title) if self.url else m.Text(m.plain(self.text))


class OutlineItem(NamedTuple):
    """An item as every channel shows it.

    number   the number it is written with, or else its position in the issue, from 1
    written_number  such as `1、`, which is part of the text; mostly empty
    name     its title as one line of text, shortened if it is a paragraph; without one, its source, URL, other
             text or id
    is_running_text  whether its title and tail are a paragraph and not a heading
    title    its title, or else its URL
    url      the target of the title, if it can be a link
    link_title  the title of that link, mostly empty
    links    all other links of its head; with `url`, each URL once
    tail     what follows the title, with the space before it; the links come after it
    fields   with their URLs as links in their values
    summary  its first summary, empty if there is none
    """

    id: str
    number: int
    written_number: str
    name: str
    is_running_text: bool
    tags: tuple[str, ...]
    title: m.Inlines
    url: str | None
    link_title: str
    source: str
    authors: tuple[str, ...]
    links: tuple[ItemLink, ...]
    tail: m.Inlines
    fields: tuple[m.Field, ...]
    body: m.Blocks
    summary: m.Inlines

    @property
    def excerpt(self) -> m.Inlines:
        """The summary, or else the first paragraph."""
        first = next((node.children for node in self.body if isinstance(node, m.Paragraph)), ())
        return self.summary or first

    @property
    def quoted(self) -> m.Blocks:
        """The blocks of the first quote, if there is no excerpt."""
        quote = next((node for node in self.body if isinstance(node, m.Quote)), None)
        return quote.titled_children if quote and not self.excerpt else ()

    @property
    def extras(self) -> list[m.Link | m.Text]:
        """The links beside the title, as nodes."""
        return [link.node for link in self.links]

    @property
    def matter(self) -> list[tuple[bool, list[m.Field | m.Block]]]:
        """Fields and blocks in source order, as runs of (whether these are fields, nodes)."""
        nodes = sorted((*self.fields, *self.body), key=lambda node: node.pos)
        return [(are_fields, [*run]) for are_fields, run in groupby(nodes, lambda n: isinstance(n, m.Field))]


class OutlineSection(NamedTuple):
    """A section; `anchor` is its id on the web page, `content` its items and free blocks in source order.

    `level` is that of its heading in the source; `depth` is 2 at the top, one more inside another section, and at
    most 5. `is_list`: no item has more than its head line.
    """

    title: m.Inlines
    level: int
    depth: int
    anchor: str
    notes: tuple[m.Note, ...]
    content: tuple[OutlineItem | m.Block, ...]
    is_list: bool

    @property
    def items(self) -> list[OutlineItem]:
        """The items among the content."""
        return [node for node in self.content if isinstance(node, OutlineItem)]


class Outline(NamedTuple):
    """The notes that hold for a channel, and the sections with their items. An issue of prose does not say how
    many items it has: `counts_items`."""

    notes: tuple[m.Note, ...]
    sections: tuple[OutlineSection, ...]
    counts_items: bool


def build_outline(issue: m.Issue, channel: str, *, digest: bool = False) -> Outline:
    """Return the outline of an issue for a channel, given its name.

    A digest shows only the excerpts of items: the URLs of their fields are among their links.
    """
    hidden, numbers = _HIDDEN_NOTES.get(channel, _WECHAT_NOTES), count(1)

    def select(notes: tuple[m.Note, ...]) -> tuple[m.Note, ...]:
        return tuple([note for note in notes if note.kind not in hidden])

    def lay_out(node: m.Item | m.Block) -> OutlineItem | m.Block:
        return _lay_out_item(node, next(numbers), digest=digest) if isinstance(node, m.Item) else node

    return Outline(
        select(issue.notes),
        tuple(
            OutlineSection(
                section.title,
                section.level,
                depth,
                anchor,
                select(section.notes),
                _align_tails([lay_out(node) for node in section.content]),
                is_list=not any(item.fields or item.body for item in section.items),
            )
            for section, depth, anchor in zip(
                issue.sections, _compute_depths(issue.sections), build_anchors(issue), strict=True
            )
        ),
        counts_items=not is_prose(issue),
    )


def find_main_titles(issue: m.Issue) -> tuple[str, ...]:
    """Return the titles of the sections that are inside no other, as one line of text each."""
    pairs = zip(issue.sections, _compute_depths(issue.sections), strict=True)
    titles = (" ".join(m.plain(section.title).split()) for section, depth in pairs if depth == MAIN_DEPTH)
    return tuple(filter(None, titles))


def group_main_sections(outline: Outline) -> list[list[OutlineSection]]:
    """Return the sections with a title that are inside no other, each with those inside it."""
    groups: list[list[OutlineSection]] = []
    for section in outline.sections:
        if section.depth == MAIN_DEPTH and section.title:
            groups.append([section])
        elif groups:
            groups[-1].append(section)
    return groups


def _compute_depths(sections: Iterable[m.Section]) -> Iterator[int]:
    """Yield the depth of each section: headings of a page do not skip a level, whatever the source does."""
    open_levels: list[int] = []
    for section in sections:
        if section.title:
            while open_levels and open_levels[-1] >= section.level:
                open_levels.pop()
            open_levels.append(section.level)
        yield min(len(open_levels) + 1, _MAX_DEPTH)


def _align_tails(nodes: list[OutlineItem | m.Block]) -> tuple[OutlineItem | m.Block, ...]:
    """Return the content of a section, in which all items with text after the title look alike."""
    if any(isinstance(node, OutlineItem) and node.tail and node.is_running_text for node in nodes):
        nodes = [
            node._replace(is_running_text=True) if isinstance(node, OutlineItem) and node.tail else node
            for node in nodes
        ]
    return tuple(nodes)


@reuse_results
def _lay_out_item(item: m.Item, number: int, *, digest: bool) -> OutlineItem:
    title = item.title or ((m.Text(item.url),) if item.url else ())
    laid_out = OutlineItem(
        id=item.id,
        number=int(item.written_number.rstrip("、.) ")) if item.written_number else number,
        written_number=item.written_number,
        name=build_item_name(item),
        is_running_text=is_running_text(item),
        tags=item.tags,
        title=title,
        url=None if has_link(title) else item.url,
        link_title=item.link_title,
        source=item.source or "",
        authors=item.authors,
        links=(),
        tail=item.tail,
        fields=tuple(map(link_field_value, item.fields)),
        body=item.body,
        summary=item.summary,
    )
    return laid_out._replace(links=tuple(_find_links(item, laid_out, digest=digest)))


def build_item_name(item: m.Item) -> str:
    """Return the title as one line of text: of a paragraph the words in bold at its start, or the first words."""
    name = next(filter(None, (" ".join(text.split()) for text in _find_item_names(item))), item.id)
    if len(name) <= _MAX_NAME_LENGTH or (item.url and item.title and not is_running_text(item)):
        return name
    match item.title:
        case (m.Strong(children), *_) if lead := " ".join(m.plain(children).split()).rstrip(" ：:.。"):
            name = lead
    return shorten(name, _MAX_NAME_LENGTH)


def _find_item_names(item: m.Item) -> Iterator[str]:
    """Yield what an item can be called by, the best first."""
    yield m.plain(item.title)
    yield item.source or ""
    yield item.url or ""
    yield m.plain(item.tail)
    yield m.plain(item.summary)
    yield blocks_to_plain_text(item.body)


def _find_links(item: m.Item, laid_out: OutlineItem, *, digest: bool) -> Iterator[ItemLink]:
    """Yield the links beside the title, each URL once in canonical form.

    A repository or paper that the item names is linked, unless its text links to it already, or its head or a
    field to anything in it.
    """
    links = [ItemLink("extra", link.children, link.url, link.title) for link in item.extras]
    if item.url and not laid_out.url:
        links.insert(0, ItemLink("item", (m.Text(item.url),), item.url))
    if digest:
        links += [link for field in item.fields for link in _find_field_links(field)]
    if item.repo or item.arxiv:
        urls = [item.url or "", *(link.url for link in item.extras), *(f.url or "" for f in item.fields)]
        text = (laid_out.excerpt, laid_out.quoted) if digest else (laid_out.fields, laid_out.body)
        urls_in_text = [link.url for link in find_nodes(m.Link, (laid_out.title, laid_out.tail, text))]
        linked = {canonicalize_url(url) for url in (*urls, *urls_in_text)}
        linked |= {f"https://github.com/{parse_repository(url)}".lower() for url in urls}
        for kind, name, url in (
            ("repository", item.repo, f"https://github.com/{item.repo}"),
            ("paper", item.arxiv and f"arXiv:{item.arxiv}", f"https://arxiv.org/abs/{item.arxiv}"),
        ):
            if name and canonicalize_url(url) not in linked:
                links.append(ItemLink(kind, (m.Text(name),), url))
    seen = {build_link_key(laid_out.url or "")}
    for link in links:
        key = build_link_key(link.url)
        if key not in seen:
            yield link
        elif not digest:
            yield link._replace(url="")
        seen.add(key)


def _find_field_links(field: m.Field) -> Iterator[ItemLink]:
    """Yield the links of a field that is not shown: with its label, or their own text if it is more than a link.

    Those of a summary are in the excerpt.
    """
    if field.url:
        yield ItemLink("field", (m.Text(field.label),), field.url)
    elif field.kind != "summary":
        for link in find_nodes(m.Link, field.value):
            is_bare = m.plain(link.children) == link.url
            yield ItemLink("field", (m.Text(field.label),) if is_bare else link.children, link.url)


def order_opening(issue: m.Issue) -> list[m.Guide | m.Warmup]:
    """Return guide and warm-up in the order of the source; where one stands inside the other, both in parts.

    The label of the guide belongs to its first part that does not stand before it.
    """
    guide, warmup = issue.guide, issue.warmup
    if not guide or not warmup:
        return [part for part in (guide, warmup) if part]
    nodes: list[tuple[m.Block | m.Brief, bool]] = [(block, True) for block in guide.blocks]
    nodes += [(node, False) for node in (*warmup.intro, *warmup.briefs, *warmup.outro)]
    parts: list[m.Guide | m.Warmup] = []
    label = guide.label
    for node, is_guide in sorted(nodes, key=lambda pair: pair[0].pos):
        last = parts.pop() if parts and isinstance(parts[-1], m.Guide) == is_guide else None
        if is_guide:
            before = last.blocks if isinstance(last, m.Guide) else ()
            own_label = last.label if isinstance(last, m.Guide) else ""
            if label and node.pos >= guide.label_pos:
                own_label, label = label, ""
            parts.append(replace(guide, blocks=(*before, node), label=own_label))
            continue
        part = last if isinstance(last, m.Warmup) else m.Warmup((), (), (), node.pos)
        if isinstance(node, m.Brief) and part.outro:
            parts.append(part)
            part = m.Warmup((), (), (), node.pos)
        name = "briefs" if isinstance(node, m.Brief) else "outro" if part.briefs else "intro"
        parts.append(replace(part, **{name: (*getattr(part, name), node)}))
    return parts


def count_footnotes(issue: m.Issue) -> int:
    """Return the number of footnotes in the issue, which are at the end of its parts."""
    ends = [issue.footer, *(section.content for section in issue.sections), *(item.body for item in issue.items)]
    if issue.guide:
        ends.append(issue.guide.blocks)
    if issue.warmup:
        ends.append(issue.warmup.outro)
    return sum(len(nodes[-1].notes) for nodes in ends if nodes and isinstance(nodes[-1], m.Footnotes))


def find_own_tagline(issue: m.Issue, newsletter: Newsletter) -> m.Inlines:
    """Return the tagline of the issue; empty if it is the newsletter's, which is shown elsewhere."""
    is_same = m.plain(issue.tagline).strip() == newsletter.tagline and not any(find_urls(issue.tagline))
    return () if is_same else issue.tagline


def highlight_subject(brief: m.Brief) -> m.Inlines:
    """Return the text of a brief with its subject in bold."""
    match brief.text:
        case (m.Text(text), *rest) if brief.subject and text.startswith(brief.subject):
            return (m.Strong((m.Text(brief.subject),)), m.Text(text.removeprefix(brief.subject)), *rest)
    return brief.text


def build_note_label(note: m.Note, labels: Mapping[str, str]) -> str:
    """Return what stands before a note; nothing before one on earlier issues or on a recording."""
    return "" if note.kind in ("history", "audio") else labels["note"] + labels["colon"]


def label_guide(guide: m.Guide, blocks: m.Blocks, colon: str) -> m.Blocks:
    """Return the blocks of a guide, with its label in bold at the start of the first paragraph."""
    if not guide.label:
        return blocks
    label = (m.Strong((m.Text(guide.label),)), m.Text(colon))
    match blocks:
        case (m.Paragraph(children), *rest):
            return (m.Paragraph((*label, *children)), *rest)
    return (m.Paragraph(label), *blocks)


def split_guide(guide: m.Guide, *, bold: bool) -> m.Blocks:
    """Return the blocks of a guide, each label of a segment like 【论文】 on a new line if it follows a
    sentence; with `bold` in bold."""
    if not guide.segments:
        return guide.blocks
    labels = "|".join(dict.fromkeys(re.escape(segment.label) for segment in guide.segments))
    pattern = re.compile(f"([【「](?:{labels})[】」])")
    return tuple([_split_at_labels(block, pattern, bold=bold) for block in guide.blocks])


def _split_at_labels(block: m.Block, pattern: re.Pattern[str], *, bold: bool) -> m.Block:
    if not isinstance(block, m.Paragraph):
        return block
    children: list[m.Inline] = []
    for node in block.children:
        if not isinstance(node, m.Text):
            children.append(node)
            continue
        for index, piece in enumerate(pattern.split(node.text)):
            if index % 2:  # a label: `split` with a group returns text and labels in turn
                before = next(filter(None, (m.plain((child,)) for child in reversed(children))), "")
                if before.endswith(_SENTENCE_ENDS):
                    children.append(m.Break())
                children.append(m.Strong((m.Text(piece),)) if bold else m.Text(piece))
            elif piece:
                children.append(m.Text(piece))
    return replace(block, children=tuple(children))
