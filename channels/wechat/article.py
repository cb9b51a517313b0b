"""The whole article: one styled section, and in it everything a reader may see of the issue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from publisher.channel import Context
from publisher.channels.wechat import style
from publisher.channels.wechat.items import render_article_item, render_list_entry
from publisher.channels.wechat.links import ArticleLinks, LinkForm, LinkUse, is_clickable_url
from publisher.channels.wechat.writer import (
    BULLET,
    HTML_TAG,
    ArticleWriter,
    format_printed_url,
    render_element,
    render_paragraph,
    wrap_in_span,
)
from publisher.dataclass import dataclass
from publisher.links import canonicalize_url
from publisher.model import (
    Block,
    Break,
    Brief,
    Guide,
    Inline,
    Issue,
    Item,
    Note,
    Paragraph,
    Rule,
    Section,
    Segment,
    Strong,
    Text,
    Title,
    Warmup,
    plain,
)
from publisher.transforms import find_urls, map_urls
from publisher.writers.html import escape_text

_SENTENCE_ENDS = "。；！？…"


@dataclass(frozen=True, slots=True)
class ArticleOptions:
    """What an article depends on besides the issue.

    `title` is what WeChat shows above it, `original` whether there is a page behind 阅读原文. `footer` takes
    the place of the issue's own when it is not empty. `earlier` are the issues to lead to at its end. `say`
    are the words of its language.
    """

    title: str
    has_source_url: bool
    labels: Mapping[str, str]
    footnotes: bool = False
    footer: tuple[str, ...] = ()
    earlier_issues: tuple[EarlierIssue, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemSize:
    """How many characters an item takes, and how many of them are markup: tags, styles, hidden addresses."""

    title: str
    characters: int
    markup: int


@dataclass(frozen=True, slots=True)
class Article:
    """The HTML of an article; in reading order its links, its pictures' addresses, the sizes of its items."""

    html: str
    link_uses: tuple[LinkUse, ...]
    image_urls: tuple[str, ...]
    item_sizes: tuple[ItemSize, ...]


def build_article(issue: Issue, options: ArticleOptions) -> Article:
    """The article of an issue that went through `publishable` and `absolute`.

    A note about 阅读原文 is written when it is true, and only then, whatever the issue says.
    """
    writer = ArticleWriter(ArticleLinks(footnotes=options.footnotes), options.labels)
    sizes: list[ItemSize] = []
    early, late = _split_notes(issue)
    opening = "".join(_render_opening(issue, early, options.title, writer))
    sections = "".join([_render_article_section(section, writer, sizes) for section in issue.sections])
    archive = _render_earlier_issues(options.earlier_issues, writer)
    footer = _render_footer(issue, late, options.footer, writer)
    uses = tuple(writer.links.link_uses)
    notice = ""
    if options.has_source_url and not all(use.clickable for use in uses):
        notice = render_paragraph(
            _format_remark(escape_text(options.labels["read_original"]), writer), style.NOTE_STYLE
        )
    html = render_element(
        "section",
        style.ARTICLE_STYLE,
        opening + notice + sections + archive + notice + _render_references(writer) + footer,
    )
    return Article(html, uses, tuple(writer.image_urls), tuple(sizes))


# -------------------------------------------------------------------- opening


def _render_opening(issue: Issue, notes: list[Note], title: str, writer: ArticleWriter) -> Iterator[str]:
    """What stands before the first section."""
    writer.links.start_part(issue.title and issue.title.text, issue.tagline)
    if issue.title:
        yield _render_headline(issue.title, title, writer)
    yield render_paragraph(writer.inlines(issue.tagline), style.SMALL_STYLE)
    if issue.guide:
        yield _render_guide_box(issue.guide, writer)
    if issue.warmup:
        yield _render_warmup_box(issue.warmup, writer)
    yield from (_render_note(note, style.NOTE_STYLE, writer) for note in notes)


def _render_headline(title: Title, displayed_title: str, writer: ArticleWriter) -> str:
    """What the title of the article had no room for."""
    if any(find_urls(title.text)) or not (title.regular or plain(title.text) == displayed_title):
        return render_element("h2", style.HEADLINE_STYLE, wrap_in_span(writer.inlines(title.text)))
    if all(topic in displayed_title for topic in title.headline):
        return ""
    return render_element("h2", style.HEADLINE_STYLE, escape_text("/".join(title.headline)))


def _render_guide_box(guide: Guide, writer: ArticleWriter) -> str:
    """The guide in a box, its label before its first words, what it says of each section on a new line."""
    writer.links.start_part(guide.blocks)
    label = (Strong((Text(guide.label),)), Text(writer.labels["colon"])) if guide.label else ()
    blocks = tuple([_break_before_labels(block, guide.segments) for block in guide.blocks])
    match blocks:
        case (Paragraph(children), *rest):
            blocks = (Paragraph((*label, *children)), *rest)
        case _:
            blocks = (Paragraph(label), *blocks)
    return render_element("section", style.GUIDE_STYLE, writer.blocks(blocks))


def _break_before_labels(block: Block, segments: tuple[Segment, ...]) -> Block:
    """The block with a break before each mark like 【论文】 that follows the end of a sentence."""
    if not segments or not isinstance(block, Paragraph):
        return block
    labels = "|".join(re.escape(segment.label) for segment in segments)
    mark = re.compile(f"(?<=[{_SENTENCE_ENDS}])\\s*(?=[【「](?:{labels})[】」])")
    made: list[Inline] = []
    for node in block.children:
        if isinstance(node, Text):
            first, *rest = mark.split(node.text)
            made.append(Text(first))
            for piece in rest:
                made += (Break(), Text(piece))
        else:
            made.append(node)
    return replace(block, children=tuple(made))


def _render_warmup_box(warmup: Warmup, writer: ArticleWriter) -> str:
    writer.links.start_part(warmup)
    intro = writer.blocks(warmup.intro)
    briefs = "".join([_render_brief(brief, writer) for brief in warmup.briefs])
    return render_element("section", style.WARMUP_STYLE, intro + briefs + writer.blocks(warmup.outro))


def _render_brief(brief: Brief, writer: ArticleWriter) -> str:
    """A line of the warm-up, its subject in bold."""
    text, subject = writer.inlines(brief.text), escape_text(brief.subject)
    if subject and text.startswith(subject):
        text = render_element("strong", "", subject) + text.removeprefix(subject)
    return render_paragraph(f"{BULLET} {text}") + writer.blocks(brief.body)


# ------------------------------------------------------------------- sections


def _render_article_section(section: Section, writer: ArticleWriter, sizes: list[ItemSize]) -> str:
    """A section. Names that stand for addresses are explained above them, unless the editor did."""
    before = len(writer.links.link_uses)
    tag, css = ("h2", style.HEADING_STYLE) if section.level <= 2 else ("h3", style.SUBHEADING_STYLE)
    writer.links.start_part(section.title)
    heading = render_element(tag, css, wrap_in_span(writer.inlines(section.title)))
    notes = "".join(
        _render_note(note, style.NOTE_STYLE, writer) for note in section.notes if note.kind != "read_original"
    )
    content = "".join(_render_section_body(section, writer, sizes))
    explained = any(note.kind == "complete_url" for note in section.notes)
    if not explained and any(use.form is LinkForm.REPOSITORY for use in writer.links.link_uses[before:]):
        notes += render_paragraph(
            _format_remark(escape_text(writer.labels["complete_address"]), writer), style.NOTE_STYLE
        )
    return heading + notes + content


def _render_section_body(section: Section, writer: ArticleWriter, sizes: list[ItemSize]) -> Iterator[str]:
    """Items and blocks. Items that have nothing but a title are a list."""
    bare = not any(item.fields or item.body for item in section.items)
    entries = ""
    for node in section.content:
        if isinstance(node, Item):
            html = render_list_entry(node, writer) if bare else render_article_item(node, writer)
            markup = sum(map(len, HTML_TAG.findall(html)))
            sizes.append(ItemSize(" ".join(plain(node.title).split()), len(html), markup))
            if bare:
                entries += html
            else:
                yield html
        else:
            yield render_element("section", style.PROSE_STYLE, entries)
            entries = ""
            writer.links.start_part(node)
            yield writer.blocks((node,), style.PROSE_STYLE)
    yield render_element("section", style.PROSE_STYLE, entries)


# ------------------------------------------------------------- notes, endings


def _split_notes(issue: Issue) -> tuple[list[Note], list[Note]]:
    """The notes above the sections, and those behind them; without the ones the article writes itself."""
    kept = [note for note in issue.notes if note.kind != "read_original"]
    start = issue.sections[0].pos if issue.sections else None
    late = [note for note in kept if start and note.pos > start]
    return [note for note in kept if note not in late], late


def _render_note(note: Note, css: str, writer: ArticleWriter) -> str:
    writer.links.start_part(note.text)
    text = writer.inlines(note.text)
    return render_paragraph(text if note.kind == "history" else _format_remark(text, writer), css)


def _format_remark(html: str, writer: ArticleWriter) -> str:
    return f"{writer.labels['note']}{writer.labels['colon']}{html}"


def _render_references(writer: ArticleWriter) -> str:
    """The addresses that the numbers of the text lead to."""
    if not writer.links.footnote_urls:
        return ""
    rows = [
        f"[{number}] {format_printed_url(url)}" for number, url in enumerate(writer.links.footnote_urls, 1)
    ]
    heading = render_element("h2", style.SUBHEADING_STYLE, escape_text(writer.labels["references"]))
    return heading + render_paragraph("<br>".join(rows), style.SMALL_STYLE)


def _render_earlier_issues(issues: tuple[EarlierIssue, ...], writer: ArticleWriter) -> str:
    """Earlier issues by their dates, those that open with a tap."""
    found = [
        writer.render_link(escape_text(name), url, writer.links.resolve_inline(name, url))
        for name, url in issues
    ]
    if not found:
        return ""
    heading = render_element("h2", style.SUBHEADING_STYLE, escape_text(writer.labels["archive"]))
    return heading + render_paragraph(" · ".join(found))


def _render_footer(
    issue: Issue, notes: list[Note], replacement: tuple[str, ...], writer: ArticleWriter
) -> str:
    """The end of the issue in small print; the lines of `instead` take the place of its own."""
    blocks = tuple(Paragraph((Text(line),)) for line in replacement) or issue.footer
    if blocks and isinstance(blocks[0], Rule):  # space sets the footer off
        blocks = blocks[1:]
    writer.links.start_part(blocks)
    nodes = sorted((*blocks, *notes), key=lambda node: node.pos)
    inside = [
        _render_note(node, "", writer) if isinstance(node, Note) else writer.blocks((node,)) for node in nodes
    ]
    return render_element("section", style.FOOTER_STYLE, "".join(inside))


_MAX_EARLIER_ISSUES = 12
_PLACEHOLDER_PATTERNS = {
    "date": r"\d{4}-\d\d-\d\d",
    "year": r"\d{4}",
    "month": r"\d\d",
    "day": r"\d\d",
    "id": r"[^/]+?",
}


class EarlierIssue(NamedTuple):
    """An earlier issue: its date, or else its id, and the address of its article."""

    label: str
    url: str


def find_earlier_issues(context: Context) -> tuple[EarlierIssue, ...]:
    """The earlier issues whose articles are known, newest first, as many as anybody looks through."""
    entry, pattern = context.entry, _build_page_url_pattern(context.newsletter.url)
    found = []
    for page, url in _get_other_articles(context).items():
        if (parts := re.fullmatch(pattern, page)) and is_clickable_url(url):
            values = parts.groupdict()
            date = values.get("date") or "-".join(filter(None, map(values.get, ("year", "month", "day"))))
            if not (date and entry and date >= entry.date.isoformat()[: len(date)]):
                found.append(EarlierIssue(date or values.get("id") or page, url))
    return tuple(sorted(found, reverse=True)[:_MAX_EARLIER_ISSUES])


def link_to_articles(issue: Issue, context: Context) -> Issue:
    """The issue, its links to pages of earlier issues leading to their articles."""
    known = {canonicalize_url(page): url for page, url in _get_other_articles(context).items()}
    return map_urls(issue, lambda url: known.get(canonicalize_url(url), url)) if known else issue


def _get_other_articles(context: Context) -> dict[str, str]:
    """The articles of other issues, by the address of the page."""
    own = context.entry.url if context.entry else ""
    return {page: url for page, url in context.article_urls.items() if page != own}


def _build_page_url_pattern(url: str) -> str:
    """What the addresses of pages look like."""
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_PLACEHOLDER_PATTERNS[name]})"

    return re.sub(r"\\\{(\w+)\\\}", group, re.escape(url))
