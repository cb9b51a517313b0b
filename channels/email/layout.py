"""An issue on a sheet: what it is, its contents, what opens it, its sections, its footer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from publisher.channel import Entry
from publisher.channels.email.frame import (
    reading_time,
    write_contents,
    write_heading,
    write_masthead,
    write_signature,
)
from publisher.channels.email.items import write_item
from publisher.channels.email.sheet import Sheet
from publisher.channels.email.tidy import tidy
from publisher.channels.email.writer import Prose
from publisher.model import Guide, Issue, Item, Note, Paragraph, Publication, Section, Warmup
from publisher.words import words

# remarks that are only true inside WeChat
_WECHAT_NOTES = {"read_original", "pc_wechat"}
_SENTENCE_ENDS = "。；！？….;!?"
_BULLET, _BELOW_BULLET = "  - ", "    "


def lines(
    issue: Issue, entry: Entry, publication: Publication, width: int, *, broken: bool, leave: str = ""
) -> list[str]:
    """The lines of the mail about an issue, as those of a Sheet. `leave` is the address of a page to leave
    the list by, for the last of them."""
    say = words(publication.lang)
    top, text = Sheet(width, broken=broken), Sheet(width, broken=broken)
    _write_opening(text, issue, say)
    _write_sections(text, issue.sections, say)
    if issue.footer:
        text.blank()
        prose = Prose(text)
        prose.blocks(issue.footer)
        prose.below()
    write_masthead(top, issue, entry, reading_time(text.lines), say)
    write_contents(top, issue.sections, say)
    write_signature(text, publication, leave, say)
    return top.lines + text.lines


def _write_opening(sheet: Sheet, issue: Issue, say: Mapping[str, str]) -> None:
    if issue.guide or issue.warmup:
        sheet.blank()
    if issue.guide:
        sheet.blank()
        _write_guide(sheet, issue.guide, say)
    if issue.warmup:
        sheet.blank()
        _write_warmup(sheet, issue.warmup)
    _write_notes(sheet, issue.notes, say)


def _write_guide(sheet: Sheet, guide: Guide, say: Mapping[str, str]) -> None:
    """The guide, its label before its first words, each of its marked parts on a line of its own."""
    prose = Prose(sheet)
    label = f"{tidy(guide.label)}{say['colon']}" if guide.label else ""
    marks = "|".join(re.escape(segment.label) for segment in guide.segments)
    for index, block in enumerate(guide.blocks):
        if index:
            sheet.blank()
        if isinstance(block, Paragraph):
            first, *others = prose.lines(block.children)
            lines = [label + first, *others]
            if marks:
                mark = re.compile(f"(?<=[{_SENTENCE_ENDS}]) *(?=[【「](?:{marks})[】」])")
                lines = [part for line in lines for part in mark.split(line)]
            for line in lines:
                sheet.write(line)
        else:
            if label:
                sheet.write(label)
            prose.blocks((block,))
        label = ""
    prose.below()


def _write_warmup(sheet: Sheet, warmup: Warmup) -> None:
    """The briefs, the addresses of each right below it."""
    prose = Prose(sheet)
    if warmup.intro:
        prose.blocks(warmup.intro)
        prose.below()
        sheet.blank()
    for brief in warmup.briefs:
        prose.paragraph(prose.lines(brief.text), _BULLET, _BELOW_BULLET)
        prose.blocks(brief.body, _BELOW_BULLET)
        prose.references(_BELOW_BULLET)
    if warmup.outro:
        sheet.blank()
        prose.blocks(warmup.outro)
        prose.below()


def _write_notes(sheet: Sheet, notes: Sequence[Note], say: Mapping[str, str]) -> None:
    for note in notes:
        if note.kind not in _WECHAT_NOTES:
            prose = Prose(sheet)
            label = "" if note.kind == "history" else say["note"] + say["colon"]
            sheet.blank()
            sheet.write(label + prose.text(note.text))
            prose.below()


def _write_sections(sheet: Sheet, sections: Sequence[Section], say: Mapping[str, str]) -> None:
    number = 0
    for section in sections:
        if section.title:
            prose = Prose(sheet)
            write_heading(sheet, prose.text(section.title), section.level)
            prose.below()
        _write_notes(sheet, section.notes, say)
        apart = any(item.fields or item.body for item in section.items)
        for index, node in enumerate(section.content):
            sheet.blank()
            if isinstance(node, Item):
                if apart and index:
                    sheet.blank()
                number += 1
                write_item(node, number, sheet, say)
            else:
                prose = Prose(sheet)
                prose.blocks((node,))
                prose.below()
