"""Rules for sections: empty or duplicate ones, markers without a space, and lines outside of items."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from publisher import model as m
from publisher.checks.codes import Edit, Problem
from publisher.checks.source import IssueSource, locate_match
from publisher.patterns import lazy_pattern
from publisher.reader.fields import find_field_kind, parse_only_url, split_label
from publisher.transforms import find_nodes, has_link

_GLUED_HEADING = lazy_pattern(r"( {0,3}#{2,6})(?![#\s!])\S")
_MULTIPLE_HASHES = lazy_pattern(r" {0,3}(#{2,})\s*\S")
_WRONG_LEVEL = lazy_pattern(r" {0,3}(#|#{3,6})\s")
_USUAL_SECTIONS = {"业界新闻", "论文", "开源项目", "博文"}
_IP_CHARACTERS = lazy_pattern(r"[\dA-Fa-f:.]{3,45}\Z")
_DEFINITION = lazy_pattern(r"\s{0,3}\[[^\]]+\]:")
_GLUED_BULLET = lazy_pattern(r"\s?([-*])(?=\[)")


def check_empty_sections(subject: IssueSource) -> Iterator[Problem]:
    """Report sections without content."""
    sections = subject.issue.sections
    for index, section in enumerate(sections):
        has_subsection = index + 1 < len(sections) and sections[index + 1].level > section.level
        is_filled = section.content or section.notes or has_subsection or has_link(section.title)
        if section.pos.line and not is_filled and not _has_moved(subject, section):
            pos = subject.source.line_position(section.pos.line)
            title = m.plain(section.title).strip()
            message = f'the section "{title}" is empty' if title else "the section is empty"
            yield Problem(pos, "section-empty", message, "add items or remove the heading")


def _has_moved(subject: IssueSource, section: m.Section) -> bool:
    """Return whether what is below a heading is shown elsewhere: footnotes and definitions of links."""
    lines = subject.source.numbered_lines(section.pos.end_line + 1, len(subject.source.lines))
    below = next((text for _, text in lines if text.strip()), "")
    return _DEFINITION.match(below) is not None


def check_duplicate_headings(subject: IssueSource) -> Iterator[Problem]:
    """Report headings that occur twice below the same parent heading."""
    first: dict[tuple[str, ...], int] = {}
    parents: dict[int, str] = {}
    for section in subject.issue.sections:
        title = " ".join(m.plain(section.title).split()).casefold()
        parents = {level: text for level, text in parents.items() if level < section.level}
        key = (*parents.values(), title)
        if title and section.pos.line:
            if key in first:
                pos = subject.source.line_position(section.pos.line)
                message = f"the section on line {first[key]} has the same heading"
                yield Problem(pos, "duplicate-section", message, "merge the sections or rename one")
            first.setdefault(key, section.pos.line)
        parents[section.level] = title


def check_markers(subject: IssueSource) -> Iterator[Problem]:
    """Report headings and bullets without a space, and headings with the wrong number of hashes."""
    issue, source = subject.issue, subject.source
    title = issue.title
    if title and title.pos.line and (hashes := _MULTIPLE_HASHES.match(source.line(title.pos.line))):
        pos = locate_match(title.pos.line, hashes, 1)
        rest = source.line(title.pos.line)[hashes.end(1) :]
        text = "#" if rest[:1].isspace() else "# "
        yield Problem(pos, "marker-form", "the title has more than one #", "write #", (Edit(pos, text),))
    for section in issue.sections:
        line = section.pos.line
        if line and (hashes := _GLUED_HEADING.match(source.line(line))):
            yield _build_missing_space(line, hashes)
        elif (
            line
            and m.plain(section.title).strip() in _USUAL_SECTIONS
            and (hashes := _WRONG_LEVEL.match(source.line(line)))
        ):
            pos = locate_match(line, hashes, 1)
            message = "the heading of a section starts with ##"
            yield Problem(pos, "marker-form", message, "write ##", (Edit(pos, "##"),))
    for item in issue.items:
        if item.pos.line and (bullet := _GLUED_BULLET.match(source.line(item.pos.line))):
            yield _build_missing_space(item.pos.line, bullet)


def _build_missing_space(line: int, marker: re.Match[str]) -> Problem:
    pos = locate_match(line, marker, 1)
    edit = Edit(m.Pos(line, pos.end_column, line, pos.end_column), " ")
    message = f'missing space after "{marker[1].strip()}"'
    return Problem(pos, "marker-form", message, "insert a space", (edit,))


def check_stray_lines(subject: IssueSource) -> Iterator[Problem]:
    """Report clippings that are not formatted as items, and lines with only an IP address."""
    loose_lines = {
        number: text
        for block in _find_loose_paragraphs(subject.issue)
        for number, text in subject.source.numbered_lines(block.pos.line, block.pos.end_line)
    }
    for number, text in loose_lines.items():
        if _is_ip_address(text.strip()):
            pos = subject.source.line_position(number)
            yield Problem(pos, "stray-line", "the line is only an IP address", "remove it")
    url_lines = (number for number, text in loose_lines.items() if "://" in text and parse_only_url(text))
    yield from _check_clippings(subject, sorted(url_lines))


def _find_loose_paragraphs(issue: m.Issue) -> list[m.Paragraph]:
    """Return every paragraph that is not the head or a field of an item."""
    nodes = [node for section in issue.sections for node in section.content]
    bodies = [node.body if isinstance(node, m.Item) else node for node in nodes]
    guide = issue.guide.blocks if issue.guide else ()
    return find_nodes(m.Paragraph, (guide, issue.footer, issue.archive, *bodies))


def _is_ip_address(text: str) -> bool:
    try:
        return bool(_IP_CHARACTERS.match(text) and ipaddress.ip_address(text))
    except ValueError:
        return False


def _check_clippings(subject: IssueSource, lines: Sequence[int]) -> Iterator[Problem]:
    """Report clippings: after a blank line a line of plain text, perhaps a source, then a URL.

    `lines` are the numbers of the lines with a URL.
    """
    source = subject.source
    for line in lines:
        above = line - 1
        while _is_plain_line(source.line(above)):
            above -= 1
        if above < line - 1 and (above == 0 or not source.line(above).strip()):
            help_ = "write it as an item: - [title | source](url)"
            pos = source.line_position(line)
            yield Problem(pos, "unformatted-clip", "this clipping is not formatted as an item", help_)


def _is_plain_line(text: str) -> bool:
    """True for plain text: not a bullet, heading, quote, rule, table or labelled line of an item."""
    stripped = text.strip()
    if not stripped or stripped[0] in "-*+>#|![<" or text[:1].isspace() or parse_only_url(stripped):
        return False
    label = split_label(stripped)
    is_field = label and find_field_kind(label[0], parse_only_url(stripped[label[1] :]))
    return not is_field and not re.match(r"\d{1,3}[.、)]", stripped)
