"""Selects what of an issue is sent, by level of detail: sections of blocks that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

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
from publisher.model import Blocks, Brief, Issue, Item, Paragraph, Section, Warmup
from publisher.newsletter import Newsletter
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
    issue: Issue, entry: Entry, newsletter: Newsletter, detail: Detail, writer: SpanWriter
) -> IssueDigest:
    """Return the content of an issue at a level of detail.

    `titles`: the guide and the title of every item. `summaries`: also the warm-up, and the summary and
    further links of every item. `full`: everything except the notes about WeChat.
    """
    return _DigestBuilder(issue, entry, newsletter, detail, writer).build()


class _DigestBuilder(Struct, frozen=True):
    issue: Issue
    entry: Entry
    newsletter: Newsletter
    detail: Detail
    writer: SpanWriter

    def build(self) -> IssueDigest:
        title, name = " ".join(normalize_text(self.entry.title).split()), self._format_running_title()
        if not any(
            map(str.isprintable, title.replace(" ", ""))
        ):  # Telegram rejects messages without visible text
            title = name
        shown = shorten(title, _MAX_TITLE_LENGTH)
        opening = [] if shown == title else [(Span(title),)]
        chapters = [DigestSection(_build_digest_blocks(*opening, *self._build_preface()))]
        number = 1
        for section in self.issue.sections:
            chapters.append(self._build_section(section, number))
            number += sum(1 for _ in section.items)
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
        yield phrases.format_tagline(issue, self.newsletter, self.writer)
        if issue.guide:
            yield phrases.format_guide(issue.guide, self.writer)
        if issue.warmup and self.detail != "titles":
            yield from self._build_warmup(issue.warmup)
        if self.detail == "full":
            yield from phrases.format_notes(issue.notes, self.writer)

    def _build_warmup(self, warmup: Warmup) -> Iterator[Spans]:
        briefs = join_lines(map(self._build_brief_line, warmup.briefs))
        yield join_lines([self.writer.blocks(warmup.intro), _quote_spans(briefs)])
        yield self.writer.blocks(warmup.outro)

    def _build_brief_line(self, brief: Brief) -> Spans:
        line = join_spans((Span("• "),), phrases.format_brief(brief, self.writer))
        return join_lines([line, self.writer.blocks(brief.body)])

    def _build_section(self, section: Section, number: int) -> DigestSection:
        items = list(section.items)
        heading = strip_spans(self.writer.inlines(section.title, "bold"))
        pieces = (
            [*_build_digest_blocks(*phrases.format_notes(section.notes, self.writer))]
            if self.detail == "full"
            else []
        )
        if len(span_text(heading)) > _MAX_HEADING_LENGTH:
            pieces = [DigestBlock(heading), *pieces]
            heading = (Span(shorten(span_text(heading), _MAX_HEADING_LENGTH), "bold"),)
        blocks: Blocks = ()
        for node in section.content:
            if isinstance(node, Item):
                pieces += _build_digest_blocks(*self._build_prose(blocks))
                pieces.append(DigestBlock(self._build_item(node, number), f"{number}. "))
                number, blocks = number + 1, ()
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

    def _build_prose(self, blocks: Blocks) -> Iterator[Spans]:
        match self.detail:
            case "full":
                yield from self._write_blocks(blocks)
            case "summaries":
                yield _quote_spans(self.writer.blocks(blocks))

    def _write_blocks(self, blocks: Blocks) -> Iterator[Spans]:
        return (self.writer.blocks((block,)) for block in blocks)

    def _build_item(self, item: Item, number: int) -> Spans:
        places = phrases.find_implied_links(item)
        match self.detail:
            case "titles":
                return phrases.format_item_title(item, number, self.writer)
            case "summaries":
                head = phrases.format_item_heading(item, number, self.writer, extras=False)
                links = [*item.extras, *phrases.list_field_links(item), *places]
                return join_lines(
                    [
                        head,
                        phrases.format_further_links(item, links, self.writer),
                        _quote_spans(self._build_summary(item)),
                    ]
                )
            case "full":
                head = phrases.format_item_heading(item, number, self.writer, extras=True)
                fields = [
                    phrases.format_field(one, self.writer) for one in item.fields if one.kind != "summary"
                ]
                summary = [
                    phrases.format_field(one, self.writer) for one in item.fields if one.kind == "summary"
                ]
                text = join_lines([*summary, self.writer.blocks(item.body)])
                return join_lines(
                    [
                        head,
                        *fields,
                        phrases.format_further_links(item, places, self.writer),
                        _quote_spans(text),
                    ]
                )

    def _build_summary(self, item: Item) -> Spans:
        """Return the summary, else the first paragraph, without the list or code it announces."""
        if item.summary:
            spans, blocks_left = strip_spans(self.writer.inlines(item.summary)), len(item.body)
        else:
            first = tuple(block for block in item.body if isinstance(block, Paragraph))[:1]
            spans, blocks_left = strip_spans(self.writer.blocks(first)), len(item.body) - 1
        if blocks_left > 0 and spans and spans[-1].text.endswith(("：", ":")):
            return (*spans[:-1], spans[-1].with_text(f"{spans[-1].text[:-1]}…"))
        return spans


def _build_digest_blocks(*parts: Spans) -> tuple[DigestBlock, ...]:
    return tuple(DigestBlock(runs) for part in parts if (runs := strip_spans(part)))


def _quote_spans(spans: Spans) -> Spans:
    return tuple([Span(run.text, run.style, run.url, True, run.language) for run in strip_spans(spans)])
