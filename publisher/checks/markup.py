"""Rules for markup that has no effect here: of other programs, which no one fills in, and tags left open."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from publisher.checks.codes import Problem
from publisher.checks.source import IssueSource, locate_match, quote_start
from publisher.checks.text import find_matching_lines, find_outside
from publisher.patterns import lazy_pattern
from publisher.reader.html import HIDDEN

_OPENING_TAG = lazy_pattern(rf"<(?<![A-Za-z0-9_\\]<)(?:({'|'.join(sorted(HIDDEN))})\b[^<>]*(?<!/)>|!--)", re.IGNORECASE)
_CODE = lazy_pattern(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_MAX_SHOWN = 40
_MAX_HEAD_LINES = 10


def check_template_tags(subject: IssueSource) -> Iterator[Problem]:
    """Report tags of Liquid, Jinja or Hugo, which are left out, each at every place in its paragraph."""
    for part in dict.fromkeys(subject.issue.dropped):
        if part.name == "template":
            message = f"no one fills in {quote_start(part.text, _MAX_SHOWN)}, it is left out"
            help_ = "write what it stands for, or put it into code: `…`"
            first_line = part.text.strip().split("\n", 1)[0]
            places = [*subject.source.find_all(first_line, part.pos)]
            for pos in places or [subject.source.line_position(part.pos.line)]:
                yield Problem(pos, "template-tag", message, help_)


def check_page_markup(subject: IssueSource) -> Iterator[Problem]:
    """Report attributes and tables of contents that are left out."""
    for part in subject.issue.dropped:
        if part.name not in ("attributes", "toc"):
            continue
        around = replace(part.pos, end_line=part.pos.end_line + _MAX_HEAD_LINES)  # the reader joins lines of a head
        found = subject.source.find(part.text.splitlines()[0].strip(), around)
        pos = found or subject.source.line_position(part.pos.line)
        message = f"{quote_start(part.text, _MAX_SHOWN)} is left out: it has no meaning here"
        yield Problem(pos, "page-markup", message, "remove it if the issue is only published here")


def check_open_tags(subject: IssueSource) -> Iterator[Problem]:
    """Report comments and hidden elements that are never closed, which are text then."""
    last_lines: dict[str, int] = {}
    for number, text in find_matching_lines(subject, _OPENING_TAG):
        columns: dict[str, int] = {}
        for match in find_outside(text, _OPENING_TAG, _CODE):
            closing = f"</{match[1].lower()}" if match[1] else "-->"
            if closing not in last_lines:
                last_lines[closing] = max(
                    (at for at, line in enumerate(subject.source.lines, 1) if closing in line.lower()), default=0
                )
            if closing not in columns:
                columns[closing] = text.lower().rfind(closing)
            if last_lines[closing] <= number and columns[closing] < match.end():
                message = f"{match[0]} is never closed, so it is shown as text"
                help_ = f"add {closing}{'>' if match[1] else ''}, or put it into code: `{match[0]}`"
                yield Problem(locate_match(number, match), "unclosed-tag", message, help_)
