"""Sections with nothing in them, and lines that belong to no item."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from publisher.checks.codes import Edit, Problem
from publisher.checks.subject import IssueSource
from publisher.model import Block, List, Paragraph, Pos, Quote, plain
from publisher.patterns import lazy_pattern
from publisher.reader.fields import find_field_kind, parse_only_url, split_label

_GLUED_HEADING = lazy_pattern(r"( {0,3}#{2,6})(?![#\s!])\S")
_MULTIPLE_HASHES = lazy_pattern(r" {0,3}(#{2,})\s*\S")
_WRONG_LEVEL = lazy_pattern(r" {0,3}(#|#{3,6})\s")
_USUAL_SECTIONS = {"业界新闻", "论文", "开源项目", "博文"}
_IP_CHARACTERS = lazy_pattern(r"[\dA-Fa-f:.]{3,45}\Z")
_GLUED_BULLET = lazy_pattern(r"\s?([-*])(?=\[)")


def check_empty_sections(subject: IssueSource) -> Iterator[Problem]:
    """Sections that hold something."""
    found = subject.issue.sections
    for index, section in enumerate(found):
        deeper = index + 1 < len(found) and found[index + 1].level > section.level
        if section.pos.line and not (section.content or section.notes or deeper):
            place = subject.source.line_position(section.pos.line)
            message = f"nothing stands below {plain(section.title).strip() or 'the heading'}"
            yield Problem(place, "section-empty", message, "fill it, or take it out")


def check_duplicate_headings(subject: IssueSource) -> Iterator[Problem]:
    """Headings that stand twice below the same other one."""
    first: dict[tuple[str, ...], int] = {}
    above: dict[int, str] = {}
    for section in subject.issue.sections:
        words = " ".join(plain(section.title).split()).casefold()
        above = {level: text for level, text in above.items() if level < section.level}
        key = (*above.values(), words)
        if words and section.pos.line:
            if key in first:
                place = subject.source.line_position(section.pos.line)
                message = f"the section of line {first[key]} has this heading too"
                yield Problem(place, "duplicate-section", message, "merge the two, or rename one")
            first.setdefault(key, section.pos.line)
        above[section.level] = words


def check_markers(subject: IssueSource) -> Iterator[Problem]:
    """Headings and bullets without their space, and a title of many hashes."""
    issue, source = subject.issue, subject.source
    title = issue.title
    if title and title.pos.line and (hashes := _MULTIPLE_HASHES.match(source.line(title.pos.line))):
        place = Pos(title.pos.line, hashes.start(1) + 1, title.pos.line, hashes.end(1) + 1)
        rest = source.line(title.pos.line)[hashes.end(1) :]
        text = "#" if rest[:1].isspace() else "# "
        yield Problem(place, "marker-form", "a title has one hash", "write #", (Edit(place, text),))
    for section in issue.sections:
        line = section.pos.line
        if line and (found := _GLUED_HEADING.match(source.line(line))):
            yield _build_missing_space(line, found.start(1) + 1, found.end(1) + 1, "the hashes")
        elif (
            line
            and plain(section.title).strip() in _USUAL_SECTIONS
            and (deep := _WRONG_LEVEL.match(source.line(line)))
        ):
            place = Pos(line, deep.start(1) + 1, line, deep.end(1) + 1)
            message = "a section has two hashes"
            yield Problem(place, "marker-form", message, "write ##", (Edit(place, "##"),))
    for item in issue.items:
        if item.pos.line and (bullet := _GLUED_BULLET.match(source.line(item.pos.line))):
            yield _build_missing_space(item.pos.line, bullet.start(1) + 1, bullet.end(1) + 1, "the bullet")


def _build_missing_space(line: int, start: int, end: int, what: str) -> Problem:
    edit = Edit(Pos(line, end, line, end), " ")
    return Problem(
        Pos(line, start, line, end), "marker-form", f"no space follows {what}", "write one", (edit,)
    )


def check_stray_lines(subject: IssueSource) -> Iterator[Problem]:
    """Clippings on lines of their own, and lines that are nothing but an IP address."""
    loose = {
        number: text
        for block in _find_loose_paragraphs(subject)
        for number, text in subject.source.numbered_lines(block.pos.line, block.pos.end_line)
    }
    for number, text in loose.items():
        if _is_ip_address(text.strip()):
            place = subject.source.line_position(number)
            yield Problem(place, "stray-line", "a line that is only an IP address", "take it out")
    yield from _check_clippings(
        subject, sorted(number for number, text in loose.items() if "://" in text and parse_only_url(text))
    )


def _find_loose_paragraphs(subject: IssueSource) -> Iterator[Block]:
    """Every paragraph that is not the head or a field of an item."""
    issue = subject.issue
    guide = issue.guide.blocks if issue.guide else ()
    tops: list[Block] = [*guide, *issue.footer, *(issue.archive.blocks if issue.archive else ())]
    for section in issue.sections:
        for node in section.content:
            tops += node.body if hasattr(node, "body") else (node,)
    for top in tops:
        yield from _find_paragraphs(top)


def _find_paragraphs(block: Block) -> Iterator[Block]:
    match block:
        case Paragraph():
            yield block
        case Quote(children):
            for child in children:
                yield from _find_paragraphs(child)
        case List(entries):
            for entry in entries:
                for child in entry:
                    yield from _find_paragraphs(child)
        case _:
            return


def _is_ip_address(text: str) -> bool:
    try:
        return bool(_IP_CHARACTERS.match(text) and ipaddress.ip_address(text))
    except ValueError:
        return False


def _check_clippings(subject: IssueSource, lines: Sequence[int]) -> Iterator[Problem]:
    """A plain line behind a blank one, then perhaps a source, then an address on one of some `lines`."""
    source = subject.source
    for line in lines:
        above = line - 1
        while _is_plain_line(source.line(above)):
            above -= 1
        if above < line - 1 and (above == 0 or not source.line(above).strip()):
            help_ = "write it as an item: - [title | source](address)"
            place = source.line_position(line)
            yield Problem(place, "unformatted-clip", "a clipping that is no item yet", help_)


def _is_plain_line(text: str) -> bool:
    """True for a line of plain text: no bullet, heading, quote, rule, table or labelled line of an item."""
    stripped = text.strip()
    if not stripped or stripped[0] in "-*+>#|![<" or text[:1].isspace() or parse_only_url(stripped):
        return False
    labelled = split_label(stripped)
    known = labelled and find_field_kind(labelled[0], parse_only_url(stripped[labelled[1] :]))
    return not known and not re.match(r"\d{1,3}[.、)]", stripped)
