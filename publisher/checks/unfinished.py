"""Rules for unfinished work: links, URLs, front matter, merge conflicts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from publisher.checks.codes import Edit, Problem
from publisher.checks.diagnostics import DIAGNOSTIC_HELP
from publisher.checks.source import IssueSource, locate_match
from publisher.checks.text import CODE_TAGS_AND_FORMULAS, find_matching_lines, find_outside
from publisher.links import is_safe_url, parse_scheme
from publisher.model import Pos
from publisher.patterns import lazy_pattern
from publisher.reader.bare_links import bare_url
from publisher.reader.lines import has_cjk
from publisher.transforms import make_publishable

# empty, unclosed or full-width parentheses, or text after the URL
_UNFINISHED_LINK = lazy_pattern(
    r"\]([(（])[^\S\n]*(?:([)）])|(?=\||$)|(?=https?://[^)\n]{0,2000}$)"
    r"|(?=https?://[^\s()]{1,2000}[^\S\n]+[^\s\"'()])|(?<=（)(?=https?://))",
    re.MULTILINE,
)
# a Markdown link title after the URL, or the end of the parentheses
_TITLE_OR_END = lazy_pattern(r"""\s*(?:[)）\]]|["'(])""")
_INDEXED_EXPRESSION = lazy_pattern(r"[\w)\]]", re.ASCII)
_MAX_CHARACTERS = 2_000
"""The maximum length searched of a title, and of the text after it."""

# matches everything except plain URLs, to skip those fast
_SUSPICIOUS_TARGET = lazy_pattern(
    r"\]\(\s*<?(?!(?i:https?)://(?!(?i:https?)[:/])[^/?#\s<>()])([^()<>\s]+)(?=\s*[)>]|\s+[\"'])"
)
_HTTP_SCHEME = lazy_pattern(r"https?://", re.IGNORECASE)
_SECOND_SCHEME = lazy_pattern(r"https?:?/{1,2}", re.IGNORECASE)
# http//e.org, https:/e.org, htps://e.org, https：//e.org
_DAMAGED_SCHEME = lazy_pattern(r"[htps]{3,7}(?:[:：;][/\\／]{1,3}|[/\\／]{2})", re.IGNORECASE)
_PLACEHOLDER_URL = lazy_pattern(r"(?:todo|tbd|url|link|href|address|x{2,}|\.{2,}|…+|\?+|-+)\Z", re.IGNORECASE)


def check_unfinished_links(subject: IssueSource) -> Iterator[Problem]:
    """Report links without a URL or without an end, unless the reader reported them already."""
    reported = _group_diagnostic_columns(subject)
    for number, text in find_matching_lines(subject, _UNFINISHED_LINK):
        for match in find_outside(text, _UNFINISHED_LINK, CODE_TAGS_AND_FORMULAS):
            start = text.rfind("[", max(match.start() - _MAX_CHARACTERS, 0), match.start())
            if start < 0 or any(start < column <= match.end() + 1 for column in reported[number]):
                continue
            before = text[max(start - 1, 0) : start]
            if _is_link_text(text[start + 1 : match.start()]) and not _INDEXED_EXPRESSION.match(before):
                kind = "image" if before == "!" else "link"
                yield from _check_unfinished_link(subject, number, match, kind)


def _group_diagnostic_columns(subject: IssueSource) -> defaultdict[int, list[int]]:
    """Return the columns of the diagnostics of the reader, by line."""
    columns = defaultdict(list)
    for diagnostic in subject.issue.diagnostics:
        pos = subject.source.resolve_position(diagnostic.pos)
        columns[pos.line].append(pos.column)
    return columns


def _is_link_text(words: str) -> bool:
    """False for brackets in code and footnotes: `[](){}`, `[this]()`, `[1]`."""
    return has_cjk(words) or (bool(re.search(r"[^\W\d_]{2}", words)) and words != "this")


def _check_unfinished_link(subject: IssueSource, number: int, match: re.Match[str], kind: str) -> Iterator[Problem]:
    text = match.string[: match.end() + _MAX_CHARACTERS]
    start = match.start() + 2
    opener = Pos(number, start, number, start + 1)
    url = bare_url(text[match.end() :])
    end = match.end() + len(url) + 1
    rest = text[end - 1 :]
    closer = Pos(number, end, number, end + (rest[:1] in (")", "）", "]") and rest != ""))
    if match[2]:
        pos = Pos(number, start, number, match.end() + 1)
        yield Problem(pos, "empty-url", f"the {kind} has no URL", DIAGNOSTIC_HELP["empty-url"])
    elif match[1] == "（":
        if url and rest[:1] in (")", "）"):
            message = "the URL is in full-width parentheses"
            edits = (Edit(opener, "("), Edit(closer, ")"))
            yield Problem(opener, "fullwidth-paren", message, DIAGNOSTIC_HELP["fullwidth-paren"], edits)
    elif ")" in rest:
        if url and rest[:1].isspace() and not _TITLE_OR_END.match(rest):
            pos = Pos(number, match.end() + 1, number, end)
            message = "there is text after the URL"
            yield Problem(pos, "malformed-url", message, "move the text after the link")
    elif not subject.source.line(number + 1).lstrip().startswith((")", '"', "'", "http")):
        help_ = "close it after the URL" if url else "add the URL and close it"
        closing = (Edit(closer, ")"),) if url else ()
        yield Problem(opener, "unclosed-link", "this parenthesis is never closed", help_, closing)


def check_malformed_urls(subject: IssueSource) -> Iterator[Problem]:
    """Report link targets that are not valid URLs."""
    reported = _group_diagnostic_columns(subject)
    for number, text in find_matching_lines(subject, _SUSPICIOUS_TARGET):
        for link in find_outside(text, _SUSPICIOUS_TARGET, CODE_TAGS_AND_FORMULAS):
            pos = locate_match(number, link, 1)
            message = _describe_url_fault(link[1])
            if message and pos.column not in reported[number]:
                yield Problem(pos, "malformed-url", message, "write the full URL: https://…")


def _describe_url_fault(url: str) -> str:
    """Return what is wrong with a URL; empty if nothing is."""
    if url[0] in "\"'“‘" and _HTTP_SCHEME.match(url[1:]):
        return "the URL is in quotation marks"
    if scheme := _HTTP_SCHEME.match(url):
        return (
            f'the URL has a second "{second[0]}"'
            if (second := _SECOND_SCHEME.match(url[scheme.end() :]))
            else "the URL has no host"
        )
    if damaged := _DAMAGED_SCHEME.match(url):
        return f'the URL starts with "{damaged[0]}"'
    if url.lower().startswith("www."):
        return "the URL does not start with https://"
    if not is_safe_url(url):
        return _describe_scheme(url)
    if _PLACEHOLDER_URL.match(url) or (has_cjk(url) and not re.search(r"[./#?:]", url)):
        return f'"{url}" is not a URL'
    return ""


def check_dropped_urls(subject: IssueSource) -> Iterator[Problem]:
    """Report URLs that the reader dropped for their scheme, in any way of writing a link or an image."""
    for dropped in subject.issue.dropped:
        if dropped.name == "unsafe-url":
            within = subject.source.resolve_position(dropped.pos)
            url = dropped.text if dropped.inline else dropped.text.partition("]:")[2].strip(" <>")
            pos = subject.find_url(url, within)
            message = _describe_url_fault(url) or _describe_scheme(url)  # the latter for images
            yield Problem(pos, "malformed-url", message, "write the full URL: https://…")


def _describe_scheme(url: str) -> str:
    if parse_scheme(url) == "data":
        return 'no channel shows "data:" images, save it as a file'
    return f'"{parse_scheme(url)}:" is not allowed in {"images" if is_safe_url(url) else "links"}'


_YAML_KEY = lazy_pattern(r"[A-Za-z_][\w-]*:(?:\s|\Z)")


def check_front_matter(subject: IssueSource) -> Iterator[Problem]:
    """Report front matter that is never closed, because subscribers would see it."""
    if subject.issue.front_pos.line:
        return
    numbers = [number for number, text in enumerate(subject.source.lines[:20], 1) if text.strip()][:2]
    first, second = (subject.source.line(number).rstrip() for number in (*numbers, 0, 0)[:2])
    if first == "---" and _YAML_KEY.match(second):
        message = "the front matter is never closed"
        pos = subject.source.line_position(numbers[0])
        yield Problem(pos, "front-matter", message, "add --- after its last line")


def check_content(subject: IssueSource) -> Iterator[Problem]:
    """Report an issue that has nothing below its title: its file was cut short, or has not been written yet."""
    if subject.issue.draft or any(item.url for item in subject.issue.items):
        return
    issue = make_publishable(subject.issue)
    parts = (issue.tagline, issue.guide, issue.warmup, issue.sections, issue.notes, issue.footer, issue.audio)
    if not any(parts):
        help_ = "write it, or hold it back with draft: true"
        yield Problem(subject.title_position, "issue-empty", "the issue has no text", help_)


_CONFLICT_MARKER = lazy_pattern(r"<<<<<<< \S", re.ASCII)


def check_merge_conflicts(subject: IssueSource) -> Iterator[Problem]:
    """Report merge conflicts of a version control system."""
    for number, text in find_matching_lines(subject, _CONFLICT_MARKER):
        if _CONFLICT_MARKER.match(text):
            help_ = "keep one version and remove the lines <<<<<<<, ======= and >>>>>>>"
            pos = subject.source.line_position(number)
            yield Problem(pos, "conflict-marker", "unresolved merge conflict", help_)
