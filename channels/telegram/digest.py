"""Selects what of an issue is sent, by level of detail: sections of blocks that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from publisher import model as m
from publisher.channel import Entry
from publisher.channels.telegram import phrases
from publisher.channels.telegram.entities import (
    Span,
    Spans,
    join_lines,
    join_spans,
    normalize_text,
    span_text,
    strip_spans,
)
from publisher.channels.telegram.writer import SpanWriter
from publisher.newsletter import Newsletter
from publisher.outline import (
    Outline,
    OutlineItem,
    OutlineSection,
    build_outline,
    find_own_tagline,
    highlight_subject,
)
from publisher.transforms import shorten

if TYPE_CHECKING:
    from publisher.channels.telegram.settings import Detail

PARAGRAPH_SEPARATOR = "\n\n"
"""The separator of two paragraphs."""

_MAX_TITLE_LENGTH = 256
_MAX_HEADING_LENGTH = 96


class DigestBlock(Struct, frozen=True):
    """Text that stays in one message if possible. A remainder in the next message begins with `label`."""

    spans: Spans
    label: str = ""


class DigestSection(Struct, frozen=True):
    """Blocks under a heading, with a separator between them. A message that begins inside the section repeats
    the heading."""

    blocks: tuple[DigestBlock, ...]
    heading: Spans = ()
    repeated_heading: Spans = ()
    separator: str = PARAGRAPH_SEPARATOR


class IssueDigest(Struct, frozen=True):
    """The selected content. `title` is on top of the first message, `name` on top of all others."""

    title: Spans
    running_title: Spans
    sections: tuple[DigestSection, ...]


def build_digest(
    issue: m.Issue, entry: Entry, newsletter: Newsletter, detail: Detail, writer: SpanWriter
) -> IssueDigest:
    """Return the content of an issue at a level of detail.

    `titles`: the guide and the title of every item. `summaries`: also the warm-up, and the summary and
    further links of every item. `full`: everything except the notes about WeChat.
    """
    content = build_outline(issue, "telegram", digest=detail == "summaries")
    return _DigestBuilder(issue, entry, newsletter, detail, writer, content).build()


class _DigestBuilder(Struct, frozen=True):
    issue: m.Issue
    entry: Entry
    newsletter: Newsletter
    detail: Detail
    writer: SpanWriter
    outline: Outline

    def build(self) -> IssueDigest:
        title, name = " ".join(normalize_text(self.entry.title).split()), self._format_running_title()
        if not any(
            map(str.isprintable, title.replace(" ", ""))
        ):  # Telegram rejects messages without visible text
            title = name
        shown = shorten(title, _MAX_TITLE_LENGTH)
        opening = [] if shown == title else [(Span(title),)]
        chapters = [DigestSection(_build_digest_blocks(*opening, *self._build_preface()))]
        chapters += map(self._build_section, self.outline.sections)
        if self.detail == "full":
            chapters.append(DigestSection(_build_digest_blocks(*self._write_blocks(self.issue.footer))))
        return IssueDigest(
            title=(Span(shown, "bold"),),
            running_title=(Span(shorten(name, _MAX_HEADING_LENGTH), "bold"),),
            sections=tuple(chapter for chapter in chapters if chapter.blocks or chapter.heading),
        )

    def _format_running_title(self) -> str:
        title = self.issue.title
        if title and title.regular and title.date:
            name, date = title.name, title.date
        else:
            name, date = self.newsletter.name, self.entry.date.isoformat()
        return " ".join(normalize_text(f"{name} ({date})").split())

    def _build_preface(self) -> Iterator[Spans]:
        issue, entry = self.issue, self.entry
        if entry.updated > entry.published:
            day = entry.updated.date().isoformat()
            yield (Span(f"{self.writer.labels['updated']} {day}", "italic"),)
        yield self.writer.inlines(find_own_tagline(issue, self.newsletter), "italic")
        if issue.guide:
            yield phrases.format_guide(issue.guide, self.writer)
        if issue.warmup and self.detail != "titles":
            yield from self._build_warmup(issue.warmup)
        if self.detail == "full":
            yield from phrases.format_notes(self.outline.notes, self.writer)

    def _build_warmup(self, warmup: m.Warmup) -> Iterator[Spans]:
        briefs = join_lines(map(self._build_brief_line, warmup.briefs))
        yield join_lines([self.writer.blocks(warmup.intro), _quote_spans(briefs)])
        yield self.writer.blocks(warmup.outro)

    def _build_brief_line(self, brief: m.Brief) -> Spans:
        line = join_spans((Span("• "),), strip_spans(self.writer.inlines(highlight_subject(brief))))
        return join_lines([line, self.writer.blocks(brief.body)])

    def _build_section(self, section: OutlineSection) -> DigestSection:
        items = section.items
        heading = strip_spans(self.writer.inlines(section.title, "bold"))
        pieces = (
            [*_build_digest_blocks(*phrases.format_notes(section.notes, self.writer))]
            if self.detail == "full"
            else []
        )
        if len(span_text(heading)) > _MAX_HEADING_LENGTH:
            pieces = [DigestBlock(heading), *pieces]
            heading = (Span(shorten(span_text(heading), _MAX_HEADING_LENGTH), "bold"),)
        blocks: m.Blocks = ()
        for node in section.content:
            if isinstance(node, OutlineItem):
                pieces += _build_digest_blocks(*self._build_prose(blocks))
                pieces.append(DigestBlock(self._build_item(node), f"{node.number}. "))
                blocks = ()
            else:
                blocks = (*blocks, node)
        pieces += _build_digest_blocks(*self._build_prose(blocks))
        labels = self.writer.labels
        count = f" · {len(items)} {labels['item' if len(items) == 1 else 'items']}" if items else ""
        return DigestSection(
            tuple(pieces),
            heading=join_spans(heading, (Span(count),)) if heading else (),
            repeated_heading=(Span(span_text(heading), "bold"), Span(labels["continued"])) if heading else (),
            separator="\n" if self.detail == "titles" else PARAGRAPH_SEPARATOR,
        )

    def _build_prose(self, blocks: m.Blocks) -> Iterator[Spans]:
        match self.detail:
            case "full":
                yield from self._write_blocks(blocks)
            case "summaries":
                yield _quote_spans(self.writer.blocks(blocks))

    def _write_blocks(self, blocks: m.Blocks) -> Iterator[Spans]:
        return (self.writer.blocks((block,)) for block in blocks)

    def _build_item(self, item: OutlineItem) -> Spans:
        writer = self.writer
        match self.detail:
            case "titles":
                return phrases.format_item_title(item, writer)
            case "summaries":
                head = phrases.format_item_heading(item, writer, extras=False)
                links = phrases.format_links(item, {"extra", "field", "repository", "paper"}, writer)
                return join_lines([head, links, _quote_spans(self._build_summary(item))])
            case "full":
                head = phrases.format_item_heading(item, writer, extras=True)
                fields = [phrases.format_field(one, writer) for one in item.fields if one.kind != "summary"]
                links = phrases.format_links(item, {"repository", "paper"}, writer)
                summary = [phrases.format_field(one, writer) for one in item.fields if one.kind == "summary"]
                text = join_lines([*summary, writer.blocks(item.body)])
                return join_lines([head, *fields, links, _quote_spans(text)])

    def _build_summary(self, item: OutlineItem) -> Spans:
        """Return the summary, else the first paragraph, without the list or code it announces."""
        spans = strip_spans(self.writer.inlines(item.excerpt))
        blocks_left = len(item.body) - (not item.summary)
        if blocks_left > 0 and spans and spans[-1].text.endswith(("：", ":")):
            return (*spans[:-1], spans[-1].with_text(f"{spans[-1].text[:-1]}…"))
        return spans


def _build_digest_blocks(*parts: Spans) -> tuple[DigestBlock, ...]:
    return tuple(DigestBlock(runs) for part in parts if (runs := strip_spans(part)))


def _quote_spans(spans: Spans) -> Spans:
    return tuple([Span(run.text, run.style, run.url, True, run.language) for run in strip_spans(spans)])
