"""Lays out an issue as text: masthead, contents, guide and briefs, sections, footer, signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from publisher import model as m
from publisher.channel import Entry
from publisher.channels.email.contents import write_contents
from publisher.channels.email.items import is_bare, write_item
from publisher.channels.email.wrapping import SIGNATURE_DELIMITER, TextBuffer, Wrap
from publisher.channels.email.writer import TextWriter, format_url
from publisher.derived_texts import count_items
from publisher.labels import get_labels
from publisher.links import build_license_link, to_ascii_url
from publisher.localized import count_minutes
from publisher.mail_address import clean_text
from publisher.newsletter import Newsletter
from publisher.outline import (
    Outline,
    OutlineItem,
    build_note_label,
    build_outline,
    count_footnotes,
    label_guide,
    order_opening,
    split_guide,
)
from publisher.transforms import find_urls

# above a section: it fits on a phone, and is not as long as the title, which takes another width in most programs
_SECTION_RULE = "=" * 24
_SUBSECTION_MARK = "--- "
_TOP_LEVEL = 2
_TOPIC_INDENT = "  "
_BULLET, _BULLET_INDENT = "  - ", "    "


def _write_masthead(buffer: TextBuffer, issue: m.Issue, entry: Entry, lang: str) -> None:
    """Write title, tagline, number of items, reading time and the link to the web page."""
    labels = get_labels(lang)
    writer = TextWriter(buffer)
    for line in _format_masthead_title(issue, entry, writer):
        buffer.write(line)
    writer.write_reference_block()
    buffer.write_blank()
    if issue.title and issue.title.regular and issue.title.headline and not any(find_urls(issue.title.text)):
        for topic in issue.title.headline:
            buffer.write(clean_text(topic), _TOPIC_INDENT, _TOPIC_INDENT)
        buffer.write_blank()
    if issue.tagline:
        writer.write_paragraph(writer.format_lines(issue.tagline))
    count = count_items(issue)
    facts = [f"{count} {labels['item' if count == 1 else 'items']}"] if count else []
    facts += [count_minutes(entry.minutes, lang)] if entry.minutes else []
    if facts:
        buffer.write(" · ".join(facts))
    if entry.updated > entry.published:
        buffer.write(f"{labels['updated']} {entry.updated.date().isoformat()}")
    write_online_link(buffer, entry, labels)
    writer.write_reference_block()


def write_online_link(buffer: TextBuffer, entry: Entry, labels: Mapping[str, str]) -> None:
    """Write the link to the web page of the issue."""
    buffer.write(f"{labels['read_online']}{labels['colon']}{format_url(to_ascii_url(entry.url))}")


def _format_masthead_title(issue: m.Issue, entry: Entry, writer: TextWriter) -> Iterator[str]:
    """Yield the title as written; of a regular title only name and date."""
    title = issue.title
    if title is None:
        yield clean_text(entry.title)
    elif not title.regular or any(find_urls(title.text)):
        yield from writer.format_lines(title.text)
    else:
        yield clean_text(f"{title.name} ({title.date})")


def _write_heading(buffer: TextBuffer, text: str, level: int) -> None:
    """Write a heading after blank lines: at the top level below a rule, below that with a mark."""
    buffer.write_blank()
    if level <= _TOP_LEVEL:
        buffer.write_blank()
        buffer.write(_SECTION_RULE)
        buffer.write(text)
    else:
        buffer.write(text, _SUBSECTION_MARK, " " * len(_SUBSECTION_MARK))


def write_end(buffer: TextBuffer, newsletter: Newsletter, unsubscribe_url: str, labels: Mapping[str, str]) -> None:
    """Write how to unsubscribe, and the signature: the newsletter's name, URL, contacts and license.

    Mail programs show what is below the delimiter in grey, or fold it.
    """
    buffer.write_blank()
    buffer.write_blank()
    buffer.write(labels["leave_by_page" if unsubscribe_url else "leave"].format(clean_text(newsletter.name)))
    if unsubscribe_url:  # verbatim: `MailTemplate` looks it up to fill in its placeholders
        buffer.lines.append(unsubscribe_url)
    buffer.write_blank()
    buffer.lines.append(SIGNATURE_DELIMITER)
    buffer.write(f"{clean_text(newsletter.name)} {format_url(to_ascii_url(newsletter.base))}")
    for contact in newsletter.contacts:
        buffer.write(clean_text(contact))
    if newsletter.license:
        name, url = build_license_link(newsletter.license)
        buffer.write(f"{labels['license']}{labels['colon']}{name} {url}")


def layout_issue(
    issue: m.Issue, entry: Entry, newsletter: Newsletter, width: int, *, wrap: Wrap, unsubscribe_url: str = ""
) -> list[str]:
    """Return the lines of the email, in the form of `TextBuffer.lines`.

    `unsubscribe_url` is the URL of the unsubscribe page, with its placeholders; it goes into the end.
    """
    labels = get_labels(newsletter.lang)
    last_note = count_footnotes(issue)
    top, text = (TextBuffer(width, wrap=wrap, last_note=last_note) for _ in range(2))
    content = build_outline(issue, "email")
    _write_opening(text, issue, content.notes, labels)
    _write_sections(text, content, labels)
    if issue.footer:
        text.write_blank()
        writer = TextWriter(text)
        writer.write_blocks(issue.footer)
        writer.write_reference_block()
    _write_masthead(top, issue, entry, newsletter.lang)
    write_contents(top, content.sections, labels)
    write_end(text, newsletter, unsubscribe_url, labels)
    return top.lines + text.lines


def _write_opening(buffer: TextBuffer, issue: m.Issue, notes: Sequence[m.Note], labels: Mapping[str, str]) -> None:
    if issue.guide or issue.warmup:
        buffer.write_blank()
    for part in order_opening(issue):
        buffer.write_blank()
        if isinstance(part, m.Guide):
            _write_guide(buffer, part, labels)
        else:
            _write_warmup(buffer, part)
    _write_notes(buffer, notes, labels)


def _write_guide(buffer: TextBuffer, guide: m.Guide, labels: Mapping[str, str]) -> None:
    """Write the guide after its label; a labelled segment that follows a sentence starts a new line."""
    writer = TextWriter(buffer)
    for index, block in enumerate(label_guide(guide, split_guide(guide, bold=False), labels["colon"])):
        if index:
            buffer.write_blank()
        if isinstance(block, m.Paragraph):
            writer.write_paragraph(writer.format_lines(block.children))
        else:
            writer.write_blocks((block,))
    writer.write_reference_block()


def _write_warmup(buffer: TextBuffer, warmup: m.Warmup) -> None:
    """Write the briefs, each directly followed by the URLs of its links."""
    writer = TextWriter(buffer)
    if warmup.intro:
        writer.write_blocks(warmup.intro)
        writer.write_reference_block()
        buffer.write_blank()
    for brief in warmup.briefs:
        writer.write_paragraph(writer.format_lines(brief.text), _BULLET, _BULLET_INDENT)
        writer.write_blocks(brief.body, _BULLET_INDENT)
        writer.write_references(_BULLET_INDENT)
    if warmup.outro:
        buffer.write_blank()
        writer.write_blocks(warmup.outro)
        writer.write_reference_block()


def _write_notes(buffer: TextBuffer, notes: Sequence[m.Note], labels: Mapping[str, str]) -> None:
    for note in notes:
        writer = TextWriter(buffer)
        buffer.write_blank()
        buffer.write(build_note_label(note, labels) + writer.format_text(note.text))
        writer.write_reference_block()


def _write_sections(buffer: TextBuffer, outline: Outline, labels: Mapping[str, str]) -> None:
    for section in outline.sections:
        if section.title:
            writer = TextWriter(buffer)
            title, count = writer.format_text(section.title), len(section.items)
            if count and outline.counts_items:
                title += f" · {count} {labels['item' if count == 1 else 'items']}"
            _write_heading(buffer, title, section.level)
            writer.write_reference_block()
        _write_notes(buffer, section.notes, labels)
        is_after_bare = False
        for index, node in enumerate(section.content):
            if isinstance(node, OutlineItem):
                bare = is_bare(node)
                if not (bare and is_after_bare):
                    buffer.write_blank()
                    if index and not section.is_list:
                        buffer.write_blank()
                write_item(node, buffer, labels)
                is_after_bare = bare
            else:
                buffer.write_blank()
                writer = TextWriter(buffer)
                writer.write_blocks((node,))
                writer.write_reference_block()
                is_after_bare = False
