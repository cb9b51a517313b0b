"""Rules for markup of other programs, which no one fills in here, and for footnotes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from publisher.checks.codes import Problem
from publisher.checks.source import IssueSource, locate_match
from publisher.checks.text import find_matching_lines, find_outside
from publisher.model import Footnote
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

_TEMPLATE_TAG = lazy_pattern(r"\{%(?:(?!\{%|%\}).)*+%\}|\{\{(?:(?!\{\{|\}\}).)*+\}\}")
_FOOTNOTE = lazy_pattern(r"\[\^([^\]\[\s]+)\](?!\()")
_CODE = lazy_pattern(r"(?<!`)(`++).*?(?<!`)\1(?!`)")
_MAX_SHOWN = 40
_MAX_HEAD_LINES = 10


def check_template_tags(subject: IssueSource) -> Iterator[Problem]:
    """Report tags of Liquid, Jinja or Hugo: those on lines of their own are left out, others are text."""
    help_ = "write what it stands for, or put it into code: `…`"
    for number, text in find_matching_lines(subject, _TEMPLATE_TAG):
        for match in find_outside(text, _TEMPLATE_TAG, _CODE):
            message = f"no one fills in {_shorten(match[0])}, subscribers would see it"
            yield Problem(locate_match(number, match), "template-tag", message, help_)
    for part in subject.issue.dropped:
        if part.name == "template":
            message = f"no one fills in {_shorten(part.text.strip())}, it is left out"
            yield Problem(subject.source.line_position(part.pos.line), "template-tag", message, help_)


def check_page_markup(subject: IssueSource) -> Iterator[Problem]:
    """Report attributes and tables of contents that are left out."""
    for part in subject.issue.dropped:
        if part.name not in ("attributes", "toc"):
            continue
        around = replace(part.pos, end_line=part.pos.end_line + _MAX_HEAD_LINES)  # the reader joins lines of a head
        found = subject.source.find(part.text.splitlines()[0].strip(), around)
        pos = found or subject.source.line_position(part.pos.line)
        message = f"{_shorten(' '.join(part.text.split()))} is left out: it has no meaning here"
        yield Problem(pos, "page-markup", message, "remove it if the issue is only published here")


def check_footnotes(subject: IssueSource) -> Iterator[Problem]:
    """Report references without a footnote, and footnotes without a reference."""
    if "[^" not in subject.source.text:
        return
    unused = [part for part in subject.issue.dropped if part.name == "footnote"]
    notes = find_nodes(Footnote, (subject.issue,))
    known = {note.label.casefold() for note in notes}
    for number, text in find_matching_lines(subject, _FOOTNOTE):
        for match in find_outside(text, _FOOTNOTE, _CODE):
            if match[1].casefold() not in known and not text.startswith(":", match.end()):
                message = f"there is no footnote {match[0]}"
                help_ = f"add a line: {match[0]}: text"
                yield Problem(locate_match(number, match), "undefined-footnote", message, help_)
    for part in unused:
        message = "nothing refers to this footnote, it is left out"
        yield Problem(
            subject.source.line_position(part.pos.line), "unused-footnote", message, "refer to it or remove it"
        )


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
