"""What the reader had to mend to go on, and how the text is mended for good."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from publisher.checks.codes import Edit, Problem
from publisher.checks.subject import IssueSource
from publisher.model import Pos
from publisher.patterns import lazy_pattern
from publisher.reader.inlines import bare_url

DIAGNOSTIC_HELP = {
    "double-url": "keep one of them",
    "empty-source": "write the source, or take the bar away",
    "empty-url": "write the address between the parentheses",
    "front-matter": "write lines like `date: 2021-07-18`",
    "fullwidth-paren": "write ( and )",
    "malformed-link": "write [title](address)",
    "malformed-url": "write the words behind the link",
    "missing-url": "write (address) behind it, or take the brackets away",
    "unclosed-link": "close it behind the title: [title](address)",
    "warm-up-bullet": 'write "- "',
}


def check_diagnostics(subject: IssueSource) -> Iterator[Problem]:
    """The reader's diagnostics, with the edits that make them go away."""
    for found in subject.issue.diagnostics:
        pos = subject.source.resolve_position(found.pos)
        mend = _FIXES.get(found.code)
        edits = mend(subject, pos) if mend else ()
        help_ = DIAGNOSTIC_HELP.get(found.code, "")
        if found.code == "unclosed-link" and edits:
            help_ = "close it behind the address"
        yield Problem(pos, found.code, found.message, help_, edits)


def _fix_double_url(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Take away the second of two equal addresses."""
    text = subject.source.text_at(pos)
    before = subject.source.line(pos.line)[: pos.column - 1]
    return (Edit(pos, ""),) if text and before.endswith(text) else ()


def _fix_bullet(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """A hyphen for another dash, or in front of a line that has none."""
    text = subject.source.line(pos.line)[pos.column - 1 :]
    if text[:1] in ("–", "—"):
        return (Edit(pos, "-" if text[1:2].isspace() else "- "),)
    return (Edit(Pos(pos.line, pos.column, pos.line, pos.column), "- "),)


def _fix_unclosed_link(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """A parenthesis behind the address of a link that has only the first."""
    url, end = _find_url_after(subject, pos)
    line = subject.source.line(pos.line)
    if not url or not line.startswith(f"({url}", pos.column - 1):
        return ()
    wrong = 1 if line[end - 1 : end] in ("]", "）") else 0
    return (Edit(Pos(pos.line, end, pos.line, end + wrong), ")"),)


def _fix_fullwidth_parentheses(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Parentheses Markdown knows, for full-width ones."""
    url, end = _find_url_after(subject, pos)
    line = subject.source.line(pos.line)
    if not url or not line.startswith(f"（{url}", pos.column - 1):
        return ()
    closer = 1 if line[end - 1 : end] in (")", "）") else 0
    return Edit(pos, "("), Edit(Pos(pos.line, end, pos.line, end + closer), ")")


def _fix_link_brackets(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """[title](address) for brackets in the wrong order, and for 【title】address or the like."""
    line = subject.source.line(pos.line)
    url, end = _find_url_after(subject, pos)
    start = end - len(url)
    opener, between = line[pos.column - 1 : pos.column], line[pos.column : start - 1]
    caption = re.sub(r"[\[\]()（）】］\s]*\Z", "", between)
    if not url or opener not in ("[", "【", "［") or re.search(r"[\[\]【】［］]", caption):
        return ()
    closers = len(line) - end + 1 - len(re.sub(r"\A[\])）]+", "", line[end - 1 :]))
    middle = Pos(pos.line, pos.column + 1 + len(caption), pos.line, start)
    opening = Pos(pos.line, pos.column, pos.line, pos.column + 1)
    return Edit(opening, "["), Edit(middle, "]("), Edit(Pos(pos.line, end, pos.line, end + closers), ")")


_BLANK_CHARACTERS = " \t\u200b\u2060\ufeff"
_LEADING_WORDS = lazy_pattern(r"\]\s*([(（])([^()（）\[\]]*?)(?=https?://)")


def _fix_leading_words(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Words in front of an address, behind its link."""
    line = subject.source.line(pos.line)
    worded = next((one for one in _LEADING_WORDS.finditer(line) if one.end() + 1 >= pos.column), None)
    words = worded[2].strip(_BLANK_CHARACTERS) if worded else ""
    if not worded or not words:
        return ()
    url = bare_url(line[worded.end() :])
    end = worded.end() + len(url)
    closer = line[end : end + 1] in (")", "）")
    head = Pos(pos.line, worded.start() + 2, pos.line, worded.end() + 1)
    tail = Pos(pos.line, end + 1, pos.line, end + 1 + closer)
    return (Edit(head, "("), Edit(tail, f") {words}")) if url and closer else ()


def _find_url_after(subject: IssueSource, pos: Pos) -> tuple[str, int]:
    """The first address at or behind a place in its line, and the column behind it."""
    line = subject.source.line(pos.line)
    found = re.compile(r"https?://").search(line, pos.column - 1)
    url = bare_url(line[found.start() :]) if found else ""
    return url, (found.start() + len(url) + 1 if found else 0)


_FIXES: dict[str, Callable[[IssueSource, Pos], tuple[Edit, ...]]] = {
    "double-url": _fix_double_url,
    "fullwidth-paren": _fix_fullwidth_parentheses,
    "malformed-link": _fix_link_brackets,
    "malformed-url": _fix_leading_words,
    "unclosed-link": _fix_unclosed_link,
    "warm-up-bullet": _fix_bullet,
}
