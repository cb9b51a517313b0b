"""Turns the diagnostics of the reader into problems, with fixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from publisher.checks.codes import Edit, Problem
from publisher.checks.source import IssueSource
from publisher.model import Pos
from publisher.patterns import lazy_pattern
from publisher.reader.bare_links import bare_url
from publisher.reader.lines import is_cjk

DIAGNOSTIC_HELP = {
    "audio-value": "write `audio: episode.mp3` or `audio: {url: https://…, type: audio/mpeg, length: 8123456}`",
    "draft-value": "write `draft: true` or `draft: false`",
    "double-url": "remove one of them",
    "empty-source": "add the source or remove the bar",
    "empty-url": "add the URL between the parentheses",
    "front-matter": "write lines like `date: 2021-07-18`",
    "fullwidth-paren": 'write "(" and ")"',
    "malformed-link": "write [title](url)",
    "malformed-url": "move the text after the link",
    "missing-url": "add (url) after it or remove the brackets",
    "unclosed-link": "close it after the title: [title](url)",
    "warm-up-bullet": 'start the line with "- "',
}


def check_diagnostics(subject: IssueSource) -> Iterator[Problem]:
    """Report the diagnostics of the reader, with the edits that fix them."""
    for diagnostic in subject.issue.diagnostics:
        pos = subject.source.resolve_position(diagnostic.pos)
        line = subject.source.line(pos.line)
        if diagnostic.code == "unclosed-link" and _INTERVAL.match(line, pos.column - 1):
            continue
        if diagnostic.code == "missing-url" and not _is_title(subject.source.text_at(pos)):
            continue
        fix = _FIXES.get(diagnostic.code)
        edits = fix(subject, pos) if fix else ()
        help_ = DIAGNOSTIC_HELP.get(diagnostic.code, "")
        if diagnostic.code == "unclosed-link" and edits:
            help_ = "close it after the URL"
        yield Problem(pos, diagnostic.code, diagnostic.message, help_, edits)


def _is_title(bracketed: str) -> bool:
    """False for a word in brackets, which may be a label, such as [ ], [x], [TBD] or [Sponsored]."""
    words = bracketed.strip("[] ")
    return bracketed == "[]" or len(words.split()) > 1 or any(is_cjk(char) for char in words[3:])


def _fix_double_url(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Remove the second of two equal URLs."""
    text = subject.source.text_at(pos)
    before = subject.source.line(pos.line)[: pos.column - 1]
    return (Edit(pos, ""),) if text and before.endswith(text) else ()


def _fix_bullet(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Replace another dash by a hyphen, or insert one."""
    text = subject.source.line(pos.line)[pos.column - 1 :]
    if text[:1] in ("–", "—"):
        return (Edit(pos, "-" if text[1:2].isspace() else "- "),)
    return (Edit(Pos(pos.line, pos.column, pos.line, pos.column), "- "),)


def _fix_unclosed_link(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Close the parenthesis after the URL."""
    url, end = _find_url_after(subject, pos)
    line = subject.source.line(pos.line)
    if not url or not line.startswith(f"({url}", pos.column - 1):
        return ()
    wrong_closer = 1 if line[end - 1 : end] in ("]", "）") else 0
    return (Edit(Pos(pos.line, end, pos.line, end + wrong_closer), ")"),)


def _fix_fullwidth_parentheses(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Replace full-width parentheses."""
    url, end = _find_url_after(subject, pos)
    line = subject.source.line(pos.line)
    if not url or not line.startswith(f"（{url}", pos.column - 1):
        return ()
    closer = 1 if line[end - 1 : end] in (")", "）") else 0
    return Edit(pos, "("), Edit(Pos(pos.line, end, pos.line, end + closer), ")")


def _fix_link_brackets(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Write [title](url) for brackets in the wrong order, and for 【title】url and the like."""
    line = subject.source.line(pos.line)
    url, end = _find_url_after(subject, pos)
    start = end - len(url)
    opener, between = line[pos.column - 1 : pos.column], line[pos.column : start - 1]
    caption = re.sub(r"(?<![\[\]()（）】］\s])[\[\]()（）】］\s]+\Z", "", between)
    if not url or opener not in ("[", "【", "［") or re.search(r"[\[\]【】［］]", caption):
        return ()
    closers = len(line) - end + 1 - len(re.sub(r"\A[\])）]+", "", line[end - 1 :]))
    middle = Pos(pos.line, pos.column + 1 + len(caption), pos.line, start)
    opening = Pos(pos.line, pos.column, pos.line, pos.column + 1)
    return Edit(opening, "["), Edit(middle, "]("), Edit(Pos(pos.line, end, pos.line, end + closers), ")")


# [0, 1) is no link
_INTERVAL = lazy_pattern(r"\[\s*[-+]?[\w.∞]{1,8}\s*[,;]\s*[-+]?[\w.∞]{1,8}\s*[)\[]")
_BLANK_CHARACTERS = " \t\u200b\u2060\ufeff"
_LEADING_WORDS = lazy_pattern(r"\]\s*([(（])([^()（）\[\]]*?)(?=https?://)")


def _fix_leading_words(subject: IssueSource, pos: Pos) -> tuple[Edit, ...]:
    """Move text before the URL to after the link."""
    line = subject.source.line(pos.line)
    match = next((match for match in _LEADING_WORDS.finditer(line) if match.end() + 1 >= pos.column), None)
    words = match[2].strip(_BLANK_CHARACTERS) if match else ""
    if not match or not words:
        return ()
    url = bare_url(line[match.end() :])
    end = match.end() + len(url)
    closer = line[end : end + 1] in (")", "）")
    head = Pos(pos.line, match.start() + 2, pos.line, match.end() + 1)
    tail = Pos(pos.line, end + 1, pos.line, end + 1 + closer)
    return (Edit(head, "("), Edit(tail, f") {words}")) if url and closer else ()


def _find_url_after(subject: IssueSource, pos: Pos) -> tuple[str, int]:
    """Return the first URL at or after a position in its line, and the column after it."""
    line = subject.source.line(pos.line)
    match = re.compile(r"https?://").search(line, pos.column - 1)
    url = bare_url(line[match.start() :]) if match else ""
    return url, (match.start() + len(url) + 1 if match else 0)


_FIXES: dict[str, Callable[[IssueSource, Pos], tuple[Edit, ...]]] = {
    "double-url": _fix_double_url,
    "fullwidth-paren": _fix_fullwidth_parentheses,
    "malformed-link": _fix_link_brackets,
    "malformed-url": _fix_leading_words,
    "unclosed-link": _fix_unclosed_link,
    "warm-up-bullet": _fix_bullet,
}
