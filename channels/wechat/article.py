"""Renders the article: one styled section with the whole content of the issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from publisher import model as m
from publisher.channels.wechat import style
from publisher.channels.wechat.items import render_article_item, render_list_entry
from publisher.channels.wechat.links import ArticleLinks, EarlierIssue, LinkUse
from publisher.channels.wechat.settings import ContentSize, measure_content
from publisher.channels.wechat.writer import (
    BULLET,
    HTML_TAG,
    ArticleWriter,
    format_printed_url,
    render_element,
    render_paragraph,
    wrap_in_span,
)
from publisher.derived_texts import is_labelled
from publisher.outline import (
    OutlineItem,
    OutlineSection,
    build_note_label,
    build_outline,
    count_footnotes,
    highlight_subject,
    label_guide,
    order_opening,
    split_guide,
)
from publisher.transforms import find_urls
from publisher.writers.html import escape_text


class ItemSize(Struct, frozen=True):
    """The size of an item in characters, and how many of them are markup: tags, styles, link targets."""

    title: str
    characters: int
    markup: int


class Article(Struct, frozen=True):
    """The HTML of an article, its size, and in reading order its links, its image URLs and the sizes of its
    items."""

    html: str
    size: ContentSize
    link_uses: tuple[LinkUse, ...]
    image_urls: tuple[str, ...]
    item_sizes: tuple[ItemSize, ...]


def build_article(
    issue: m.Issue,
    title: str,
    labels: Mapping[str, str],
    *,
    has_source_url: bool,
    footnotes: bool,
    footer: tuple[str, ...],
    earlier_issues: list[EarlierIssue],
) -> Article:
    """Return the article of an issue that has been through the transforms `publishable` and `absolute`.

    `title` is the title that WeChat shows above the article. With `footnotes` URLs are printed in a list at
    the end instead of in the text. `footer` has lines that replace the issue's own footer, if any. The note
    about 阅读原文 is included only if it has a target, `has_source_url`, and some link is not clickable; such
    notes in the issue itself are ignored.
    """
    writer = ArticleWriter(ArticleLinks(footnotes=footnotes, last_note=count_footnotes(issue)), labels)
    sizes: list[ItemSize] = []
    outline = build_outline(issue, "wechat")
    early, late = _split_notes(issue, outline.notes)
    opening = "".join(_render_opening(issue, early, title, writer))
    sections = "".join([_render_article_section(section, writer, sizes) for section in outline.sections])
    archive = _render_earlier_issues(earlier_issues, writer)
    end = _render_footer(issue, late, footer, writer)
    uses = tuple(writer.links.link_uses)
    notice = ""
    if has_source_url and not all(use.clickable for use in uses):
        read_original = m.Note("other", (m.Text(labels["read_original"]),))
        notice = _render_note(read_original, style.NOTE_STYLE, writer)
    html = render_element(
        "section",
        style.ARTICLE_STYLE,
        opening + notice + sections + archive + notice + _render_references(writer) + end,
    )
    return Article(html, measure_content(html), uses, tuple(writer.image_urls), tuple(sizes))


# -------------------------------------------------------------------- opening


def _render_opening(issue: m.Issue, notes: list[m.Note], title: str, writer: ArticleWriter) -> Iterator[str]:
    """Yield what comes before the first section."""
    writer.links.start_part(issue.title and issue.title.text, issue.tagline)
    if issue.title:
        yield _render_headline(issue.title, title, writer)
    yield render_paragraph(writer.inlines(issue.tagline), style.SMALL_STYLE)
    for part in order_opening(issue):
        yield _render_guide_box(part, writer) if isinstance(part, m.Guide) else _render_warmup_box(part, writer)
    yield from (_render_note(note, style.NOTE_STYLE, writer) for note in notes)


def _render_headline(title: m.Title, displayed_title: str, writer: ArticleWriter) -> str:
    """Return what is missing from the displayed title: the full title or its topics; "" if nothing is."""
    if any(find_urls(title.text)) or not (title.regular or m.plain(title.text) == displayed_title):
        return render_element("h2", style.HEADLINE_STYLE, wrap_in_span(writer.inlines(title.text)))
    if all(topic in displayed_title for topic in title.headline):
        return ""
    return render_element("h2", style.HEADLINE_STYLE, escape_text("/".join(title.headline)))


def _render_guide_box(guide: m.Guide, writer: ArticleWriter) -> str:
    """Return the guide in a box, with its label in front and each labelled segment on a new line; another
    opening as text."""
    writer.links.start_part(guide.blocks)
    blocks = label_guide(guide, split_guide(guide, bold=False), writer.labels["colon"])
    css = style.GUIDE_STYLE if is_labelled(guide) else style.PROSE_STYLE
    return render_element("section", css, writer.blocks(blocks))


def _render_warmup_box(warmup: m.Warmup, writer: ArticleWriter) -> str:
    writer.links.start_part(warmup)
    intro = writer.blocks(warmup.intro)
    briefs = "".join([_render_brief(brief, writer) for brief in warmup.briefs])
    return render_element("section", style.WARMUP_STYLE, intro + briefs + writer.blocks(warmup.outro))


def _render_brief(brief: m.Brief, writer: ArticleWriter) -> str:
    """Return a brief as a line with its subject in bold."""
    return render_paragraph(f"{BULLET} {writer.inlines(highlight_subject(brief))}") + writer.blocks(brief.body)


# ------------------------------------------------------------------- sections


def _render_article_section(section: OutlineSection, writer: ArticleWriter, sizes: list[ItemSize]) -> str:
    tag, css = ("h2", style.HEADING_STYLE) if section.level <= 2 else ("h3", style.SUBHEADING_STYLE)
    writer.links.start_part(section.title)
    heading = render_element(tag, css, wrap_in_span(writer.inlines(section.title)))
    notes = "".join([_render_note(note, style.NOTE_STYLE, writer) for note in section.notes])
    return heading + notes + "".join(_render_section_body(section, writer, sizes))


def _render_section_body(section: OutlineSection, writer: ArticleWriter, sizes: list[ItemSize]) -> Iterator[str]:
    """Yield items and blocks. If no item has anything but a title, the items become a list."""
    entries = ""
    for node in section.content:
        if isinstance(node, OutlineItem):
            html = (render_list_entry if section.is_list else render_article_item)(node, writer)
            markup = sum(map(len, HTML_TAG.findall(html)))
            sizes.append(ItemSize(node.name, len(html), markup))
            if section.is_list:
                entries += html
            else:
                yield html
        else:
            yield render_element("section", style.PROSE_STYLE, entries)
            entries = ""
            writer.links.start_part(node)
            yield writer.blocks((node,), style.PROSE_STYLE)
    yield render_element("section", style.PROSE_STYLE, entries)


# ----------------------------------------------------------- notes, end matter


def _split_notes(issue: m.Issue, notes: tuple[m.Note, ...]) -> tuple[list[m.Note], list[m.Note]]:
    """Return the notes before and after the first section."""
    start = issue.sections[0].pos if issue.sections else None
    late = [note for note in notes if start and note.pos > start]
    return [note for note in notes if note not in late], late


def _render_note(note: m.Note, css: str, writer: ArticleWriter) -> str:
    writer.links.start_part(note.text)
    return render_paragraph(escape_text(build_note_label(note, writer.labels)) + writer.inlines(note.text), css)


def _render_references(writer: ArticleWriter) -> str:
    """Return the list of URLs that the numbers in the text refer to."""
    urls = writer.links.footnote_urls
    if not urls:
        return ""
    rows = [f"[{number}] {format_printed_url(url)}" for number, url in enumerate(urls, writer.links.last_note + 1)]
    heading = render_element("h2", style.SUBHEADING_STYLE, escape_text(writer.labels["references"]))
    return heading + render_paragraph("<br>".join(rows), style.SMALL_STYLE)


def _render_earlier_issues(issues: list[EarlierIssue], writer: ArticleWriter) -> str:
    """Return links to earlier issues, labelled by date."""
    links = [writer.render_link(escape_text(name), url, writer.links.resolve_inline(name, url)) for name, url in issues]
    if not links:
        return ""
    heading = render_element("h2", style.SUBHEADING_STYLE, escape_text(writer.labels["archive"]))
    return heading + render_paragraph(" · ".join(links))


def _render_footer(issue: m.Issue, notes: list[m.Note], replacement: tuple[str, ...], writer: ArticleWriter) -> str:
    """Return the footer and late notes in small print; `replacement` replaces the issue's own footer."""
    blocks = tuple(m.Paragraph((m.Text(line),)) for line in replacement) or issue.footer
    if blocks and isinstance(blocks[0], m.Rule):  # the style already separates the footer
        blocks = blocks[1:]
    writer.links.start_part(blocks)
    nodes = sorted((*blocks, *notes), key=lambda node: node.pos)
    html = [_render_note(node, "", writer) if isinstance(node, m.Note) else writer.blocks((node,)) for node in nodes]
    return render_element("section", style.FOOTER_STYLE, "".join(html))
