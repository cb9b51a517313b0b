"""Parses an issue: divides its lines into front matter, title, preamble, sections, archive and footer."""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import zip_longest

from msgspec.structs import replace

from publisher import links
from publisher import model as m
from publisher.page_urls import find_issue_name
from publisher.reader.address import find_address
from publisher.reader.audio import read_audio
from publisher.reader.blocks import BlockReader
from publisher.reader.dialects import has_dialect, rewrite_dialects
from publisher.reader.draft import read_draft
from publisher.reader.footnotes import FootnoteSource, place_footnotes
from publisher.reader.front_matter import get_front_value, read_front_matter, read_title, resolve_issue_date
from publisher.reader.headings import (
    ARCHIVE_HEADING,
    HeadingLine,
    ItemStart,
    find_first_item,
    find_heading_items,
    find_headings,
    find_title_heading,
    starts_linked_item,
)
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span, split_lines
from publisher.reader.marks import RULE
from publisher.reader.preamble import Preamble, PreambleReader
from publisher.reader.preprocess import preprocess
from publisher.reader.sections import SectionReader
from publisher.reuse import begin_issue, reuse_results

_ISSUE_NOTE_KINDS = ("read_original", "history")
"""Notes that apply to the whole issue wherever they are."""


def parse_issue(text: str, path: str = "", known_date: dt.date | None = None) -> m.Issue:
    """Parse a text into an Issue. Never raises; syntax errors are in `Issue.diagnostics`.

    `path` is the path of the file, which may contain the date. `known_date` is the date that dates.toml has for the
    issue, if it has none of its own; the id of an issue with one is its name.
    """
    begin_issue()
    lines = split_lines(text)
    diagnostics: list[m.Diagnostic] = []
    front, count = read_front_matter(lines, diagnostics)
    body = lines[count:]
    parts = preprocess(rewrite_dialects(body) if has_dialect(text) else body)
    if "</" in text or "<hr" in text:
        from publisher.reader.html_blocks import rewrite_html_blocks  # few issues need it

        parts.lines = rewrite_html_blocks(parts.lines)
    inline_reader = InlineReader.for_definitions(parts.definitions, [note.label for note in parts.footnotes])
    document = _DocumentBuilder(inline_reader, diagnostics, parts.lines)
    document.build(get_front_value(front, "title") or get_front_value(front, "subject"))  # Buttondown
    title = document.title
    date = resolve_issue_date(front, path, title)
    issue_id = get_front_value(front, "id") or (date.isoformat() if date and not known_date else "")
    issue_id = issue_id or find_issue_name(path) or "issue"
    draft = read_draft(front, lines[:count], diagnostics)
    audio = read_audio(front, lines[:count], diagnostics)
    issue = m.Issue(
        id=issue_id,
        date=date or known_date,
        title=title,
        tagline=document.preamble.tagline,
        guide=document.preamble.guide,
        warmup=document.preamble.warmup,
        sections=_assign_item_ids(document.sections, parts.lines),
        notes=(*document.preamble.notes, *document.notes),
        archive=document.archive,
        footer=document.footer,
        front=front,
        front_pos=compute_span([line for line in lines[:count] if line.text]) if count else m.NO_POSITION,
        tagline_pos=document.preamble.tagline_pos,
        draft=draft,
        definitions=tuple(parts.definitions),
        dropped=(*parts.dropped, *inline_reader.dropped),
        diagnostics=tuple(sorted(diagnostics, key=lambda diagnostic: (diagnostic.pos, diagnostic.code))),
        address=find_address(front, path, title),
        feed_id=get_front_value(front, "feed_id").strip(),
        audio=audio,
        source=m.Source(path, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()),
    )
    if parts.footnotes or inline_reader.has_footnotes:
        issue = document.number_footnotes(issue, parts.footnotes)
    return issue


class _DocumentBuilder:
    """Builds the parts of an Issue from preprocessed lines."""

    def __init__(self, inline_reader: InlineReader, diagnostics: list[m.Diagnostic], lines: list[Line]) -> None:
        self._inline_reader = inline_reader
        self._blocks = BlockReader(inline_reader)
        self._preambles = PreambleReader(inline_reader, self._blocks, diagnostics)
        self._sections = SectionReader(inline_reader, self._blocks, diagnostics)
        self._lines = lines
        self.title: m.Title | None = None
        self.preamble = Preamble()
        self.sections: list[m.Section] = []
        self.notes: list[m.Note] = []
        self.archive: m.Archive | None = None
        self.footer: m.Blocks = ()

    def build(self, front_title: str) -> None:
        """Divide the lines into parts and parse each."""
        headings = find_headings(self._lines)
        headings = self._extract_title(headings, front_title)
        lines, tail = _split_footer(self._lines, headings)
        item_headings = find_heading_items(headings, lines)
        section_headings = [heading for heading in headings if heading.text.number not in item_headings]
        first_section = section_headings[0].index if section_headings else len(lines)
        preamble_end = min(headings[0].index, first_section) if headings else find_first_item(lines)
        self.preamble = self._preambles.read(
            lines[:preamble_end], has_title=self.title is not None, title_line=self.title.pos.line if self.title else 0
        )
        if preamble_end < first_section:
            self._add_section(None, lines[preamble_end:first_section], item_headings)
        for heading, following in zip_longest(section_headings, section_headings[1:]):
            body = lines[heading.end : following.index if following else len(lines)]
            self._add_section(heading, body, item_headings)
        self.footer = tuple(self._sections.read_text(tail, self.notes))  # in which bullets are not items

    def number_footnotes(self, issue: m.Issue, sources: Sequence[FootnoteSource]) -> m.Issue:
        """Number the footnotes of the issue, and put them where they are read."""
        dropped = len(self._inline_reader.dropped)
        issue = place_footnotes(issue, sources, self._blocks)
        return replace(issue, dropped=(*issue.dropped, *self._inline_reader.dropped[dropped:]))

    def _extract_title(self, headings: list[HeadingLine], front_title: str) -> list[HeadingLine]:
        """Parse the title and blank its line. Return the remaining headings."""
        heading = find_title_heading(headings, front_title)
        if heading is None:
            self.title = read_title(front_title, m.NO_POSITION, self._inline_reader) if front_title else None
            return headings
        self.title = read_title(heading.text.text, heading.pos, self._inline_reader)
        self._inline_reader.dropped.extend(heading.dropped)
        for index in range(heading.index, heading.end):
            self._lines[index] = replace(self._lines[index], text="")
        return headings[1:]

    def _add_section(
        self, heading: HeadingLine | None, lines: Sequence[Line], item_headings: dict[int, ItemStart]
    ) -> None:
        title = self._inline_reader.read(heading.text.text, heading.text.pos) if heading else ()
        pos = compute_span(self._lines[heading.index : heading.end]) if heading else m.NO_POSITION
        self._inline_reader.dropped.extend(heading.dropped if heading else ())
        if heading and ARCHIVE_HEADING.match(heading.text.text):
            blocks = self._blocks.read(lines, prose=True)
            if self.archive:
                earlier = (*self.archive.blocks, m.Paragraph(title, pos))
                self.archive = replace(self.archive, blocks=(*earlier, *blocks))
            else:
                self.archive = m.Archive(title, blocks, pos)
            return
        inside = {line.number: item_headings[line.number] for line in lines if line.number in item_headings}
        notes: list[m.Note] = []
        content = self._sections.read(lines, inside, notes, m.plain(title))
        section_notes = tuple([note for note in notes if note.kind not in _ISSUE_NOTE_KINDS])
        self.notes += [note for note in notes if note.kind in _ISSUE_NOTE_KINDS]
        level = heading.level if heading else 2
        self.sections.append(m.Section(title, level, section_notes, content, pos))


def _split_footer(lines: list[Line], headings: Sequence[HeadingLine]) -> tuple[list[Line], list[Line]]:
    """Split off the footer, from the first rule after the last section heading and the last linked item."""
    if not headings:
        return lines, []
    last = headings[-1].end - 1
    linked = max((i for i in range(last, len(lines)) if starts_linked_item(lines[i])), default=last)
    for index in range(linked + 1, len(lines)):
        if not lines[index].code and lines[index].indent <= 1 and RULE.match(lines[index].text):
            return lines[:index], lines[index:]
    return lines, []


def _assign_item_ids(sections: Sequence[m.Section], lines: Sequence[Line]) -> tuple[m.Section, ...]:
    """Give every item an id: a hash of its URL, else of its text, numbered if it occurs more than once.

    Of two URLs that differ in the fragment only, the second one keeps it.
    """
    counts: dict[str, int] = {}
    keys: dict[str, str] = {}
    numbers = [line.number for line in lines]

    def find_text(item: m.Item) -> str:
        """Return the text of an item without a title and a URL, as it is written below its head."""
        places = [node.pos for node in (*item.fields, *item.body)]
        start = bisect_left(numbers, min([pos.line for pos in places], default=0))
        end = bisect_right(numbers, max([pos.end_line for pos in places], default=0))
        below = [line for line in lines[start:end] if any(pos.line <= line.number <= pos.end_line for pos in places)]
        return "\n".join((*item.tags, m.plain(item.tail), *[line.text for line in below]))

    def with_id(item: m.Item) -> m.Item:
        urls = [item.url, *(field.url for field in item.fields), *(extra.url for extra in item.extras)]
        first_url = next((url for url in urls if url), None)
        if first_url:
            place, key = links.build_link_key(first_url), links.canonicalize_url(first_url)
            if keys.setdefault(key, place) != place:
                key = place
        else:
            key = " ".join((m.plain(item.title) or find_text(item)).split())
        digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:8]
        counts[digest] = counts.get(digest, 0) + 1
        suffix = f"-{counts[digest]}" if counts[digest] > 1 else ""
        return _set_id(item, f"i-{digest}{suffix}")

    return tuple(
        replace(section, content=tuple(with_id(n) if isinstance(n, m.Item) else n for n in section.content))
        for section in sections
    )


@reuse_results
def _set_id(item: m.Item, item_id: str) -> m.Item:
    """Return the item with an id. Kept, because what is remembered of the very same item is found fastest."""
    return replace(item, id=item_id)
