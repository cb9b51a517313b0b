"""An issue on a sheet: what it is, its contents, what opens it, its sections, its footer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from publisher.channel import Entry
from publisher.channels.email.headers import tidy
from publisher.channels.email.items import item_name, numbered, write_item
from publisher.channels.email.wrapping import SIGNATURE, Sheet, columns, shorten
from publisher.channels.email.writer import Prose, shown
from publisher.links import ascii_url, license_link
from publisher.model import Guide, Issue, Item, Note, Paragraph, Publication, Section, Warmup, plain
from publisher.transforms import links
from publisher.words import words

# more items than this are not listed one by one: the list would bury what it leads to
_LISTED = 40
# what people read in a minute
_CHARACTERS, _WORDS = 400, 230
_TOP = 2


def write_masthead(sheet: Sheet, issue: Issue, entry: Entry, minutes: int, say: Mapping[str, str]) -> None:
    """Write what this is, how long it is, and where to read it in a browser."""
    prose = Prose(sheet)
    for line in _title(issue, entry, prose):
        sheet.write(line)
    prose.below()
    sheet.blank()
    if issue.tagline:
        prose.paragraph(prose.lines(issue.tagline))
    count = sum(1 for _ in issue.items)
    facts = [f"{count} {say['item' if count == 1 else 'items']}"] if count else []
    sheet.write(" · ".join([*facts, say["reading_time"].format(minutes)]))
    if entry.updated > entry.published:
        sheet.write(f"{say['updated']} {entry.updated.date().isoformat()}")
    write_place(sheet, entry, say)
    prose.below()


def write_place(sheet: Sheet, entry: Entry, say: Mapping[str, str]) -> None:
    """Write where to read it in a browser."""
    sheet.write(f"{say['read_online']}{say['colon']}{shown(ascii_url(entry.url))}")


def _title(issue: Issue, entry: Entry, prose: Prose) -> Iterator[str]:
    """The title as written; its topics have a line of their own."""
    title = issue.title
    if title is None:
        yield tidy(entry.title)
    elif not title.regular or any(links(title.text)):
        yield from prose.lines(title.text)
    else:
        yield tidy(f"{title.name} ({title.date})")
        if title.headline:
            yield tidy("/".join(title.headline))


def reading_time(lines: Iterable[str]) -> int:
    """How many minutes it takes to read. In UTF-8 an ideograph has two bytes more than it has characters."""
    text = "".join(lines)
    ideographs = (len(text.encode()) - len(text)) / 2
    return max(1, round(ideographs / _CHARACTERS + text.count(" ") / _WORDS))


def write_contents(sheet: Sheet, sections: Sequence[Section], say: Mapping[str, str]) -> None:
    """Write the titles of sections and items, one on a line; those of sections alone when there are many."""
    total = sum(1 for section in sections for _ in section.items)
    titled = [section for section in sections if section.title]
    if not total and len(titled) < 2:
        return
    write_heading(sheet, say["contents"], _TOP)
    top = min((section.level for section in titled), default=_TOP)
    number = 0
    for section in sections:
        names = [item_name(item) for item in section.items]
        title = tidy(plain(section.title))
        if total > _LISTED and names:
            last = f"–{number + len(names)}" if len(names) > 1 else ""
            title += f"{say['colon']}{number + 1}{last}"
        if title:
            sheet.lines.append(shorten("  " * (section.level - top) + title, sheet.width))
        if total <= _LISTED:
            for index, name in enumerate(names, number + 1):
                sheet.lines.append(shorten(numbered(index) + name, sheet.width))
        number += len(names)


def write_heading(sheet: Sheet, text: str, level: int) -> None:
    """Write a heading with a line below it as long as itself, and room above it to be seen when scrolling."""
    sheet.blank()
    sheet.blank()
    sheet.write(text)
    sheet.write(("=" if level <= _TOP else "-") * min(columns(text), sheet.width))


def write_signature(sheet: Sheet, publication: Publication, leave: str, say: Mapping[str, str]) -> None:
    """Write who sends this, where they are, what may be done with it, and how to leave."""
    sheet.blank()
    sheet.lines.append(SIGNATURE)
    sheet.write(f"{tidy(publication.name)} {shown(ascii_url(publication.base))}")
    for contact in publication.contacts:
        sheet.write(tidy(contact))
    if publication.license:
        name, url = license_link(publication.license)
        sheet.write(f"{say['license']}{say['colon']}{name} {url}")
    if leave:  # as it is: something of it may become another for each reader
        sheet.lines.append(f"{say['unsubscribe']}{say['colon']}{leave}")


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
