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
from publisher.derived_texts import find_topics, shorten
from publisher.labels import get_labels
from publisher.named_tuple import NamedTuple
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
from publisher.reuse import reuse_results

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
    message, `running_title` on top of all others; the number of a message follows them."""

    title: Spans
    running_title: Spans
    units: tuple[MessageUnit, ...]


class _Piece(NamedTuple):
    """A text that becomes a unit. `label` is repeated where it goes on in another message; an entry of a list,
    which needs no blank line around it, `is_line`."""

    spans: Spans
    label: str = ""
    is_line: bool = False


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
        headline, name = self._find_headline(), self._find_name()
        if not any(map(str.isprintable, headline.replace(" ", ""))):  # Telegram rejects messages without visible text
            headline = name
        shown = shorten(headline, _MAX_TITLE_LENGTH)
        opening = [] if shown == headline else [(Span(headline),)]
        units = [*self._build_units(_list_pieces(*opening, *self._build_preface()))]
        for section in self.outline.sections:
            units += self._build_section(section)
        if self.detail == "full":
            units += self._build_units(_list_pieces(*self._write_blocks(self.issue.footer)))
        count = self._format_count(sum(len(section.items) for section in self.outline.sections))
        facts = ("\n" if headline != name else " · ") + count if count else ""
        running_title = Span(shorten(name, _MAX_HEADING_LENGTH), "bold")
        return IssueDigest(
            prevent_autolinks((Span(shown, "bold"), *([Span(facts)] if facts else []))),
            prevent_autolinks((running_title,)),
            tuple(units),
        )

    def _find_name(self) -> str:
        """Return the name of the newsletter, as the issue has it."""
        title = self.issue.title
        name = title.name if title and title.regular and title.date else self.newsletter.name
        return " ".join(normalize_text(name).split())

    def _find_headline(self) -> str:
        """Return the title without name and date, which the chat shows anyway: the topics, with room around the
        slashes; the name if there is nothing else."""
        title, whole = self.issue.title, self.entry.title
        if title and title.regular and title.date:
            name, date = title.name, title.date
        else:
            name, date = self.newsletter.name, self.entry.date.isoformat()
        headline = whole.removeprefix(f"{name} ({date})")
        if headline != whole:
            headline = headline.removeprefix(self.writer.labels["colon"]) or name
        topics = title.headline or find_topics(self.issue) if title else ()
        if headline == "/".join(topics):
            headline = " / ".join(topics)
        return " ".join(normalize_text(headline).split())

    def _format_count(self, count: int) -> str:
        """Return how many items there are; nothing for an issue of prose."""
        if not (count and self.outline.counts_items):
            return ""
        return f"{count} {self.writer.labels['item' if count == 1 else 'items']}"

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
        notes = [note for note in self.outline.notes if self.detail == "full" or note.kind == "audio"]
        yield from phrases.format_notes(notes, self.writer)

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
        pieces = _list_pieces(*phrases.format_notes(section.notes, self.writer)) if self.detail == "full" else []
        if len(span_text(heading)) > _MAX_HEADING_LENGTH:
            pieces = [_Piece(heading, is_line=True), *pieces]
            heading = (Span(shorten(span_text(heading), _MAX_HEADING_LENGTH), "bold"),)
        blocks: list[m.Block] = []
        for node in section.content:
            if isinstance(node, OutlineItem):
                pieces += _list_pieces(*self._build_prose(tuple(blocks)))
                spans, rejected = _write_item_apart(node, self.detail, self.newsletter.lang)
                self.writer.rejected_urls.update(rejected)
                pieces.append(_Piece(spans, f"{node.number}.", self._is_line(node, spans)))
                blocks = []
            else:
                blocks.append(node)
        pieces += _list_pieces(*self._build_prose(tuple(blocks)))
        count = self._format_count(len(items))
        return self._build_units(pieces, heading, f" · {count}" if count else "")

    def _is_line(self, item: OutlineItem, spans: Spans) -> bool:
        """Return whether an item needs no blank line around it: a title and no more."""
        return self.detail == "titles" or not (item.is_running_text or "\n" in span_text(spans))

    def _build_units(self, pieces: list[_Piece], heading: Spans = (), count: str = "") -> Iterator[MessageUnit]:
        """Yield the pieces of a section, the first together with its heading, which a message that begins
        inside the section repeats. A piece that goes on in another message does so after its label."""
        continued, above = self.writer.labels["continued"], _NOTHING
        if heading:
            again = prevent_autolinks((Span(span_text(heading), "bold"), Span(continued)))
            above = render_spans((*again, Span("\n")))
            heading = join_spans(heading, (Span(count),))
            pieces = pieces or [_Piece(())]
        is_after_line = False
        for index, (spans, label, is_line) in enumerate(pieces):
            text = _render_piece(spans if index else join_lines([heading, spans]))
            continuation = (*above.spans, Span(f"{label}{continued}\n")) if label else above.spans
            if index:
                separator = LINE_BREAK if is_line and is_after_line else PARAGRAPH_BREAK
                yield MessageUnit(text, separator, above, continuation, is_bound=True)
            else:
                yield MessageUnit(text, PARAGRAPH_BREAK, _NOTHING, continuation, is_bound=False)
            is_after_line = is_line

    def _build_prose(self, blocks: m.Blocks) -> Iterator[Spans]:
        match self.detail:
            case "full":
                yield from self._write_blocks(blocks)
            case "summaries":
                yield _quote_spans(self.writer.blocks(blocks))

    def _write_blocks(self, blocks: m.Blocks) -> Iterator[Spans]:
        return (self.writer.blocks((block,)) for block in blocks)


@reuse_results
def _write_item_apart(item: OutlineItem, detail: Detail, lang: str) -> tuple[Spans, dict[str, None]]:
    """Return an item at a level of detail, and the URLs that cannot be links, as in `SpanWriter.rejected_urls`."""
    writer = SpanWriter(get_labels(lang))
    return _write_item(item, detail, writer), writer.rejected_urls


def _write_item(item: OutlineItem, detail: Detail, writer: SpanWriter) -> Spans:
    match detail:
        case "titles":
            return phrases.format_item_title(item, writer, whole=False)
        case "summaries":
            head = phrases.format_item_heading(item, writer, extras=False)
            links = phrases.format_links(item, {"extra", "field", "repository", "paper"}, writer)
            notes = tuple(block for block in item.body if isinstance(block, m.Footnotes))
            excerpt = join_lines([_write_summary(item, writer), writer.blocks(notes)])
            return join_lines([head, links, _quote_spans(excerpt)])
        case "full":
            head = phrases.format_item_heading(item, writer, extras=True)
            fields = [phrases.format_field(one, writer) for one in item.fields if one.kind != "summary"]
            links = phrases.format_links(item, {"repository", "paper"}, writer)
            summary = [phrases.format_field(one, writer) for one in item.fields if one.kind == "summary"]
            text = join_lines([*summary, writer.blocks(item.body)])
            return join_lines([head, *fields, links, _quote_spans(text)])


def _write_summary(item: OutlineItem, writer: SpanWriter) -> Spans:
    """Return the summary, else the first paragraph, without the list or code it announces, else the quote below the
    title. Of an item whose head is a paragraph already, no further paragraph."""
    nodes = item.summary if item.is_running_text else item.excerpt
    spans = strip_spans(writer.inlines(nodes) if nodes else writer.blocks(item.quoted))
    blocks_left = len(item.body) - (not item.summary)
    if blocks_left > 0 and spans and spans[-1].text.endswith(("：", ":")):
        return (*spans[:-1], spans[-1].with_text(f"{spans[-1].text[:-1]}…"))
    return spans


@reuse_results
def _render_piece(spans: Spans) -> RenderedText:
    return render_spans(prevent_autolinks(spans))


def _list_pieces(*texts: Spans) -> list[_Piece]:
    """Return the texts that are not empty, each without a label."""
    return [_Piece(spans) for text in texts if (spans := strip_spans(text))]


def _quote_spans(spans: Spans) -> Spans:
    return tuple([Span(run.text, run.style, run.url, True, run.language) for run in strip_spans(spans)])
