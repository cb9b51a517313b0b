"""Rules for markup of other programs, which no one fills in here."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from publisher.checks.codes import Problem
from publisher.checks.source import IssueSource, shorten

_MAX_SHOWN = 40
_MAX_HEAD_LINES = 10


def check_template_tags(subject: IssueSource) -> Iterator[Problem]:
    """Report tags of Liquid, Jinja or Hugo, which are left out, each at every place in its paragraph."""
    for part in subject.issue.dropped:
        if part.name == "template":
            message = f"no one fills in {shorten(part.text, _MAX_SHOWN)}, it is left out"
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
        message = f"{shorten(part.text, _MAX_SHOWN)} is left out: it has no meaning here"
        yield Problem(pos, "page-markup", message, "remove it if the issue is only published here")
