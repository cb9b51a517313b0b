"""Selects what of an issue is sent, by level of detail: sections of blocks that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from publisher import model as m
from publisher.channel import Entry
from publisher.channels.telegram import phrases
from publisher.channels.telegram.autolinks import prevent_autolinks
from publisher.channels.telegram.entities import (
    LINE_BREAK,
    PARAGRAPH_BREAK,
    RenderedText,
    Span,
    Spans,
    join_lines,
    join_spans,
    normalize_text,
    render_spans,
    span_text,
    strip_spans,
)
from publisher.channels.telegram.writer import SpanWriter
from publisher.derived_texts import shorten
from publisher.newsletter import Newsletter
from publisher.outline import (
    Outline,
    OutlineItem,
    OutlineSection,
    build_outline,
    find_own_tagline,
    highlight_subject,
    order_opening,
)

if TYPE_CHECKING:
    from publisher.channels.telegram.settings import Detail

_NOTHING = render_spans(())
_MAX_TITLE_LENGTH = 256
_MAX_HEADING_LENGTH = 96


class MessageUnit(Struct, frozen=True):
    """Text that is not split between messages if possible.

    It follows `separator`, or at the beginning of a message `heading`; a `bound` unit should not begin one.
    If it is larger than a message, all its parts but the first follow `continuation`.
    """

    text: RenderedText
    separator: RenderedText
    heading: RenderedText
    continuation: Spans
    is_bound: bool


class IssueDigest(Struct, frozen=True):
    """The selected content, in which nothing becomes a link by itself. `title` is on top of the first
    message, `running_title` on top of all others."""

    title: Spans
    running_title: Spans
    units: tuple[MessageUnit, ...]


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
        if not any(map(str.isprintable, title.replace(" ", ""))):  # Telegram rejects messages without visible text
            title = name
        shown = shorten(title, _MAX_TITLE_LENGTH)
        opening = [] if shown == title else [(Span(title),)]
        units = [*self._build_units(_label_texts(*opening, *self._build_preface()))]
        for section in self.outline.sections:
            units += self._build_section(section)
        if self.detail == "full":
            units += self._build_units(_label_texts(*self._write_blocks(self.issue.footer)))
        running_title = Span(shorten(name, _MAX_HEADING_LENGTH), "bold")
        return IssueDigest(prevent_autolinks((Span(shown, "bold"),)), prevent_autolinks((running_title,)), tuple(units))

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
        for part in order_opening(issue):
            if isinstance(part, m.Guide):
                yield phrases.format_guide(part, self.writer)
            elif self.detail != "titles":
                yield from self._build_warmup(part)
        if self.detail == "full":
            yield from phrases.format_notes(self.outline.notes, self.writer)

    def _build_warmup(self, warmup: m.Warmup) -> Iterator[Spans]:
        briefs = join_lines(map(self._build_brief_line, warmup.briefs))
        yield join_lines([self.writer.blocks(warmup.intro), _quote_spans(briefs)])
        yield self.writer.blocks(warmup.outro)

    def _build_brief_line(self, brief: m.Brief) -> Spans:
        line = join_spans((Span("• "),), strip_spans(self.writer.inlines(highlight_subject(brief))))
        return join_lines([line, self.writer.blocks(brief.body)])

    def _build_section(self, section: OutlineSection) -> Iterator[MessageUnit]:
        items = section.items
        heading = strip_spans(self.writer.inlines(section.title, "bold"))
        pieces = _label_texts(*phrases.format_notes(section.notes, self.writer)) if self.detail == "full" else []
        if len(span_text(heading)) > _MAX_HEADING_LENGTH:
            pieces = [(heading, ""), *pieces]
            heading = (Span(shorten(span_text(heading), _MAX_HEADING_LENGTH), "bold"),)
        blocks: list[m.Block] = []
        for node in section.content:
            if isinstance(node, OutlineItem):
                pieces += _label_texts(*self._build_prose(tuple(blocks)))
                pieces.append((self._build_item(node), f"{node.number}."))
                blocks = []
            else:
                blocks.append(node)
        pieces += _label_texts(*self._build_prose(tuple(blocks)))
        labels = self.writer.labels
        is_counted = items and self.outline.counts_items
        count = f" · {len(items)} {labels['item' if len(items) == 1 else 'items']}" if is_counted else ""
        return self._build_units(pieces, heading, count, LINE_BREAK if self.detail == "titles" else PARAGRAPH_BREAK)

    def _build_units(
        self,
        pieces: list[tuple[Spans, str]],
        heading: Spans = (),
        count: str = "",
        separator: RenderedText = PARAGRAPH_BREAK,
    ) -> Iterator[MessageUnit]:
        """Yield the pieces of a section, the first together with its heading, which a message that begins
        inside the section repeats. A piece that goes on in another message does so after its label."""
        continued, above = self.writer.labels["continued"], _NOTHING
        if heading:
            again = prevent_autolinks((Span(span_text(heading), "bold"), Span(continued)))
            above = render_spans((*again, Span("\n")))
            heading = join_spans(heading, (Span(count),))
            pieces = pieces or [((), "")]
        for index, (spans, label) in enumerate(pieces):
            text = render_spans(prevent_autolinks(spans if index else join_lines([heading, spans])))
            continuation = (*above.spans, Span(f"{label}{continued}\n")) if label else above.spans
            if index:
                yield MessageUnit(text, separator, above, continuation, is_bound=True)
            else:
                yield MessageUnit(text, PARAGRAPH_BREAK, _NOTHING, continuation, is_bound=False)

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
                return phrases.format_item_title(item, writer, whole=False)
            case "summaries":
                head = phrases.format_item_heading(item, writer, extras=False)
                links = phrases.format_links(item, {"extra", "field", "repository", "paper"}, writer)
                notes = tuple(block for block in item.body if isinstance(block, m.Footnotes))
                excerpt = join_lines([self._build_summary(item), writer.blocks(notes)])
                return join_lines([head, links, _quote_spans(excerpt)])
            case "full":
                head = phrases.format_item_heading(item, writer, extras=True)
                fields = [phrases.format_field(one, writer) for one in item.fields if one.kind != "summary"]
                links = phrases.format_links(item, {"repository", "paper"}, writer)
                summary = [phrases.format_field(one, writer) for one in item.fields if one.kind == "summary"]
                text = join_lines([*summary, writer.blocks(item.body)])
                return join_lines([head, *fields, links, _quote_spans(text)])

    def _build_summary(self, item: OutlineItem) -> Spans:
        """Return the summary, else the first paragraph, without the list or code it announces; nothing of an item
        whose head is a paragraph already."""
        if item.is_running_text and not item.summary:
            return ()
        spans = strip_spans(self.writer.inlines(item.excerpt))
        blocks_left = len(item.body) - (not item.summary)
        if blocks_left > 0 and spans and spans[-1].text.endswith(("：", ":")):
            return (*spans[:-1], spans[-1].with_text(f"{spans[-1].text[:-1]}…"))
        return spans


def _label_texts(*texts: Spans) -> list[tuple[Spans, str]]:
    """Return the texts that are not empty, each without a label."""
    return [(spans, "") for text in texts if (spans := strip_spans(text))]


def _quote_spans(spans: Spans) -> Spans:
    return tuple([Span(run.text, run.style, run.url, True, run.language) for run in strip_spans(spans)])
