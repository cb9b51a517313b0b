"""Renders the article: one styled section with the whole content of the issue."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from publisher import model as m
from publisher.channels.wechat.items import ItemPlace, render_article_item
from publisher.channels.wechat.links import ArticleLinks, EarlierIssue, LinkUse
from publisher.channels.wechat.settings import ContentSize, measure_content
from publisher.channels.wechat.style import (
    LATIN_STYLE,
    ORNAMENTS,
    ArticleTheme,
    Ornament,
    join_styles,
    mirror_theme,
    shed_ornaments,
)
from publisher.channels.wechat.writer import (
    ArticleWriter,
    format_printed_url,
    render_element,
    render_paragraph,
    wrap_in_span,
)
from publisher.derived_texts import count_items, is_labelled
from publisher.labels import get_labels
from publisher.localized import get_language_code, is_right_to_left
from publisher.outline import (
    Outline,
    OutlineItem,
    OutlineSection,
    build_note_label,
    count_footnotes,
    highlight_subject,
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
    """The HTML of an article, its size once its images are uploaded, and in reading order its links, its image
    URLs and the sizes of its items. `left_out` names the ornaments it lacks, to be short enough."""

    html: str
    size: ContentSize
    link_uses: tuple[LinkUse, ...]
    image_urls: tuple[str, ...]
    item_sizes: tuple[ItemSize, ...]
    left_out: tuple[str, ...] = ()


class ArticleOptions(Struct, frozen=True):
    """What an article depends on besides the issue.

    `title` is the title that WeChat shows above the article; `lang` is a BCP 47 tag. With `footnotes` URLs are
    printed in a list at the end instead of in the text. `footer` has lines that replace the issue's own footer,
    if any. The note about 阅读原文 needs a target, `has_source_url`. `qr` is the URL of a QR code, or empty.
    """

    title: str
    lang: str
    theme: ArticleTheme
    has_source_url: bool = False
    footnotes: bool = False
    footer: tuple[str, ...] = ()
    earlier_issues: tuple[EarlierIssue, ...] = ()
    qr: str = ""


def build_article(issue: m.Issue, outline: Outline, options: ArticleOptions) -> Article:
    """Return the article of an issue that has been through the transforms `publishable` and `absolute`.

    `outline` is that of the issue. If the article is too long for WeChat, it lacks as many ornaments as that takes, or
    all if that is not enough.
    """
    article = _build_with_ornaments(issue, outline, options, 0)
    if not article.size.excess:
        return article
    bare = _build_with_ornaments(issue, outline, options, len(ORNAMENTS))
    left_out: tuple[str, ...] = ()
    for count, ornament in enumerate(ORNAMENTS, 1):
        shorter = bare if bare.size.excess else _build_with_ornaments(issue, outline, options, count)
        if shorter.html != article.html:
            left_out += (ornament.name,)
        article = shorter
        if not article.size.excess:
            break
    return replace(article, left_out=left_out)


def measure_article(issue: m.Issue, outline: Outline, options: ArticleOptions) -> int:
    """Return how many characters the article has that `build_article` returns. Fast if it is too long in any case."""
    bare = _build_with_ornaments(issue, outline, options, len(ORNAMENTS))
    article = bare if bare.size.excess else build_article(issue, outline, options)
    return article.size.characters


def _build_with_ornaments(issue: m.Issue, outline: Outline, options: ArticleOptions, left_out: int) -> Article:
    """Return the article without the first `left_out` ornaments, whatever its length."""
    is_chinese = get_language_code(options.lang) == "zh"
    theme = shed_ornaments(options.theme, left_out)
    theme = mirror_theme(theme) if is_right_to_left(options.lang) else theme
    links = ArticleLinks(footnotes=options.footnotes, last_note=count_footnotes(issue))
    writer = ArticleWriter(links, get_labels(options.lang), theme)
    sizes: list[ItemSize] = []
    early, late = _split_notes(issue, outline.notes)
    opening = "".join(_render_opening(issue, early, options.title, writer))
    last = max([item.number for section in outline.sections for item in section.items], default=0)
    sections = "".join(
        [_render_section(section, outline, last, options.lang, writer, sizes) for section in outline.sections]
    )
    footer = _render_footer(issue, late, options.footer, writer)
    notice = ""
    if options.has_source_url and not all(use.clickable for use in links.link_uses):
        notice = writer.labels["note"] + writer.labels["colon"] + writer.labels["read_original"]
    body = sections + _render_references(writer) + footer
    panel = _render_end(options, ORNAMENTS[:left_out], notice, writer)
    html = render_element(
        "section",
        theme.article if is_chinese else join_styles(theme.article, LATIN_STYLE),
        # of a letter without sections, only the end has the notice
        opening + (render_paragraph(escape_text(notice), theme.note) if body else "") + body + panel,
        "" if is_chinese else options.lang,
    )
    return Article(html, measure_content(html), tuple(links.link_uses), tuple(writer.image_urls), tuple(sizes))


# -------------------------------------------------------------------- opening


def _render_opening(issue: m.Issue, notes: list[m.Note], title: str, writer: ArticleWriter) -> Iterator[str]:
    """Yield what comes before the first section."""
    theme = writer.theme
    writer.links.start_part(issue.title and issue.title.text, issue.tagline)
    masthead = _render_headline(issue.title, title, writer) if issue.title else ""
    masthead += render_paragraph(writer.inlines(issue.tagline), theme.tagline)
    number = count_items(issue)
    facts = f"{number} {writer.labels['item' if number == 1 else 'items']}" if number else ""
    if masthead:
        masthead += render_paragraph(facts, theme.facts)
        yield render_element("section", theme.masthead, masthead) if theme.masthead else masthead
    else:
        yield render_paragraph(facts, theme.small)
    for part in order_opening(issue):
        yield _render_guide(part, writer) if isinstance(part, m.Guide) else _render_warmup(part, writer)
    yield from (_render_note(note, theme.note, writer) for note in notes)


def _render_headline(title: m.Title, displayed_title: str, writer: ArticleWriter) -> str:
    """Return what is missing from the displayed title: the full title or its topics; "" if nothing is."""
    if any(find_urls(title.text)) or not (title.regular or m.plain(title.text) == displayed_title):
        return render_element("h2", writer.theme.topics, wrap_in_span(writer.inlines(title.text)))
    if all(topic in displayed_title for topic in title.headline):
        return ""
    topics = writer.theme.topics_join.join(map(escape_text, title.headline))
    return render_element("h2", writer.theme.topics, wrap_in_span(topics))


def _render_guide(guide: m.Guide, writer: ArticleWriter) -> str:
    """Return the guide in a box, with its label and each labelled segment on a line; another opening as text."""
    theme = writer.theme
    writer.links.start_part(guide.blocks)
    if not is_labelled(guide):
        return render_element("section", theme.opening, writer.blocks(guide.blocks, theme.after))
    label = render_element("span", theme.guide_label, escape_text(theme.label.format(guide.label)))
    html = render_paragraph(label, theme.guide_label_line) if guide.label else ""
    for block in split_guide(guide, bold=True):
        if isinstance(block, m.Paragraph):
            html += "".join([_render_guide_line(line, guide, writer) for line in _split_at_breaks(block.children)])
        else:
            html += writer.blocks((block,))
    return render_element("section", theme.guide, html)


def _split_at_breaks(nodes: m.Inlines) -> Iterator[m.Inlines]:
    """Yield what is between line breaks."""
    line: list[m.Inline] = []
    for node in nodes:
        if isinstance(node, m.Break):
            yield tuple(line)
            line = []
        else:
            line.append(node)
    yield tuple(line)


def _render_guide_line(line: m.Inlines, guide: m.Guide, writer: ArticleWriter) -> str:
    """Return a line of the guide, with the label it begins with in the style of the theme."""
    labels = {segment.label for segment in guide.segments}
    match line:
        case (m.Strong((m.Text(label),)), *rest) if label[1:-1] in labels:
            part = render_element("span", writer.theme.guide_part, label) if writer.theme.guide_part else label
            return render_paragraph(part + writer.inlines(tuple(rest)), writer.theme.guide_line)
    return render_paragraph(writer.inlines(line), writer.theme.guide_line)


def _render_warmup(warmup: m.Warmup, writer: ArticleWriter) -> str:
    theme = writer.theme
    writer.links.start_part(warmup)
    intro = writer.blocks(warmup.intro, theme.warmup_intro)
    briefs = "".join([_render_brief(brief, writer) for brief in warmup.briefs])
    outro = writer.blocks(warmup.outro)
    return render_element("section", theme.warmup, intro + render_element("section", theme.briefs, briefs) + outro)


def _render_brief(brief: m.Brief, writer: ArticleWriter) -> str:
    """Return a brief as a line with its subject in bold."""
    line = f"{writer.theme.bullet} {writer.inlines(highlight_subject(brief))}"
    return render_paragraph(line, writer.theme.brief) + writer.unindented_blocks(brief.body)


# ------------------------------------------------------------------- sections


def _render_section(
    section: OutlineSection, outline: Outline, last: int, lang: str, writer: ArticleWriter, sizes: list[ItemSize]
) -> str:
    theme, count = writer.theme, ""
    writer.links.start_part(section.title)
    title = writer.inlines(section.title)
    if title and section.items and outline.counts_items:
        count = escape_text(theme.count.format(len(section.items)))
    if section.level <= 2:
        count = render_element("span", theme.heading_count, count) if theme.heading_count else count
        text = render_element("span", theme.heading_text, title + count) if theme.heading_text else title + count
        heading = render_element("h2", theme.heading, wrap_in_span(text))
    else:
        heading = render_element("h3", theme.subheading, wrap_in_span(title + count))
    notes = "".join([_render_note(note, theme.section_note, writer) for note in section.notes])
    body = "".join(_render_section_body(section, last, lang, writer, sizes))
    if theme.items and section.items and not section.is_list:
        body = render_element("section", theme.items, body)
    return heading + notes + body


def _render_section_body(
    section: OutlineSection, last: int, lang: str, writer: ArticleWriter, sizes: list[ItemSize]
) -> Iterator[str]:
    """Yield items and blocks. If no item has anything but a title, the items become a list."""
    theme, entries, is_first = writer.theme, "", True
    for node in section.content:
        if isinstance(node, OutlineItem):
            html, markup = render_article_item(node, ItemPlace(last, is_first, section.is_list), lang, writer)
            if section.is_list:
                entries += html
            else:
                yield html
            sizes.append(ItemSize(node.name, len(html), markup))
        else:
            yield render_element("section", theme.entries, entries)
            entries = ""
            writer.links.start_part(node)
            yield writer.blocks((node,), theme.prose)
        is_first = False
    yield render_element("section", theme.entries, entries)


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
    heading = render_element("h2", writer.theme.subheading, escape_text(writer.labels["references"]))
    return heading + render_paragraph("<br>".join(rows), writer.theme.references)


def _render_footer(issue: m.Issue, notes: list[m.Note], replacement: tuple[str, ...], writer: ArticleWriter) -> str:
    """Return the footer and late notes in small print; `replacement` replaces the issue's own footer."""
    blocks = tuple(m.Paragraph((m.Text(line),)) for line in replacement) or issue.footer
    if blocks and isinstance(blocks[0], m.Rule):  # the style already separates the footer
        blocks = blocks[1:]
    writer.links.start_part(blocks)
    nodes = sorted((*blocks, *notes), key=lambda node: node.pos)
    html = [_render_note(node, "", writer) if isinstance(node, m.Note) else writer.blocks((node,)) for node in nodes]
    return render_element("section", writer.theme.footer, "".join(html))


def _render_end(options: ArticleOptions, left_out: tuple[Ornament, ...], notice: str, writer: ArticleWriter) -> str:
    """Return the panel at the end: earlier issues, the QR code, and the note about 阅读原文; "" without any."""
    theme, html = writer.theme, ""
    earlier = options.earlier_issues[: min([ornament.earlier_issues for ornament in left_out], default=None)]
    if earlier:
        label = escape_text(theme.label.format(writer.labels["archive"]))
        html += render_paragraph(render_element("span", theme.end_label, label), theme.end_label_line)
        forms = [(name, url, writer.links.resolve_inline(name, url)) for name, url in earlier]
        rows = [f"{theme.bullet} {writer.render_link(escape_text(name), url, form)}" for name, url, form in forms]
        html += render_element("section", theme.end_lines, "".join(map(render_paragraph, rows)))
    if options.qr and all(ornament.has_qr for ornament in left_out):
        image = writer.render_image(options.qr, "QR", theme.qr_image)
        caption = render_paragraph(escape_text(writer.labels["scan_qr"]), theme.caption)
        html += render_element("section", theme.qr, image + caption)
    html += render_paragraph(escape_text(notice), theme.end_note if html else theme.small)
    return render_element("section", theme.end, html)
