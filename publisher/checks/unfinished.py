"""What was left half done: links and addresses, front matter, a merge."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from publisher.checks.codes import Edit, Problem
from publisher.checks.reading import DIAGNOSTIC_HELP
from publisher.checks.subject import IssueSource
from publisher.checks.text import CODE_TAGS_AND_FORMULAS, find_matching_lines, find_outside
from publisher.links import is_safe_url
from publisher.model import Pos
from publisher.patterns import lazy_pattern
from publisher.reader.inlines import bare_url
from publisher.reader.lines import is_cjk

# nothing between the parentheses; none that closes them; words behind the address; those of full width
_UNFINISHED_LINK = lazy_pattern(
    r"\]([(（])[^\S\n]*(?:([)）])|(?=\||$)|(?=https?://[^)\n]{0,2000}$)"
    r"|(?=https?://[^\s()]{1,2000}[^\S\n]+[^\s\"'()])|(?<=（)(?=https?://))",
    re.MULTILINE,
)
# what Markdown takes for a title behind an address, or what ends the parentheses
_TITLE_OR_END = lazy_pattern(r"""\s*(?:[)）\]]|["'(])""")
_INDEXED_EXPRESSION = lazy_pattern(r"[\w)\]]", re.ASCII)
_MAX_CHARACTERS = 2_000
"""The most characters of a title, or of what follows it, that are looked at."""

# all but what is plainly an address, of which there are many
_SUSPICIOUS_TARGET = lazy_pattern(
    r"\]\(\s*<?(?!https?://(?!https?[:/])[^/?#\s<>()])([^()<>\s]+)(?=\s*[)>]|\s+[\"'])"
)
_HTTP_SCHEME = lazy_pattern(r"https?://", re.IGNORECASE)
# http//e.org, https:/e.org, htps://e.org, https：//e.org
_DAMAGED_SCHEME = lazy_pattern(r"[htps]{3,7}(?:[:：;][/\\／]{1,3}|[/\\／]{2})", re.IGNORECASE)
_PLACEHOLDER_URL = lazy_pattern(r"(?:todo|tbd|url|link|href|address|x{2,}|\.{2,}|…+|\?+|-+)\Z", re.IGNORECASE)


def check_unfinished_links(subject: IssueSource) -> Iterator[Problem]:
    """Links without address or end, wherever the reader did not stumble over them itself."""
    told = _group_diagnostic_columns(subject)
    for number, text in find_matching_lines(subject, _UNFINISHED_LINK):
        for half in find_outside(text, _UNFINISHED_LINK, CODE_TAGS_AND_FORMULAS):
            start = text.rfind("[", max(half.start() - _MAX_CHARACTERS, 0), half.start())
            if start < 0 or any(start < column <= half.end() + 1 for column in told[number]):
                continue
            before = text[max(start - 1, 0) : start]
            if _is_link_text(text[start + 1 : half.start()]) and not _INDEXED_EXPRESSION.match(before):
                yield from _check_unfinished_link(
                    subject, number, half, "picture" if before == "!" else "link"
                )


def _group_diagnostic_columns(subject: IssueSource) -> defaultdict[int, list[int]]:
    """The columns of each line where the reader found something by itself."""
    told = defaultdict(list)
    for found in subject.issue.diagnostics:
        pos = subject.source.resolve_position(found.pos)
        told[pos.line].append(pos.column)
    return told


def _is_link_text(words: str) -> bool:
    """False for what stands between brackets in programs and footnotes: `[](){}`, `[this]()`, `[1]`."""
    return any(map(is_cjk, words)) or (bool(re.search(r"[^\W\d_]{2}", words)) and words != "this")


def _check_unfinished_link(
    subject: IssueSource, number: int, half: re.Match[str], what: str
) -> Iterator[Problem]:
    text = half.string[: half.end() + _MAX_CHARACTERS]
    opened = half.start() + 2
    opener = Pos(number, opened, number, opened + 1)
    url = bare_url(text[half.end() :])
    end = half.end() + len(url) + 1
    rest = text[end - 1 :]
    behind = Pos(number, end, number, end + (rest[:1] in (")", "）", "]") and rest != ""))
    if half[2]:
        place = Pos(number, opened, number, half.end() + 1)
        yield Problem(place, "empty-url", f"the {what} has no address", DIAGNOSTIC_HELP["empty-url"])
    elif half[1] == "（":
        if url and rest[:1] in (")", "）"):
            message = "the address stands in full-width parentheses"
            edits = (Edit(opener, "("), Edit(behind, ")"))
            yield Problem(opener, "fullwidth-paren", message, DIAGNOSTIC_HELP["fullwidth-paren"], edits)
    elif ")" in rest:
        if url and rest[:1].isspace() and not _TITLE_OR_END.match(rest):
            place = Pos(number, half.end() + 1, number, end)
            message = "words stand behind the address"
            yield Problem(place, "malformed-url", message, "write them behind the link")
    elif not subject.source.line(number + 1).lstrip().startswith((")", '"', "'", "http")):
        help_ = "close it behind the address" if url else "write the address, and close it"
        closing = (Edit(behind, ")"),) if url else ()
        yield Problem(opener, "unclosed-link", "this parenthesis is never closed", help_, closing)


def check_malformed_urls(subject: IssueSource) -> Iterator[Problem]:
    """Links to what is no address, or not one any more."""
    told = _group_diagnostic_columns(subject)
    for number, text in find_matching_lines(subject, _SUSPICIOUS_TARGET):
        for link in find_outside(text, _SUSPICIOUS_TARGET, CODE_TAGS_AND_FORMULAS):
            place = Pos(number, link.start(1) + 1, number, link.end(1) + 1)
            if (said := _describe_url_fault(link[1])) and place.column not in told[number]:
                yield Problem(place, "malformed-url", said, "write all of it: https://…")


def _describe_url_fault(url: str) -> str:
    """What is wrong with an address; empty when nothing is."""
    if web := _HTTP_SCHEME.match(url):
        return (
            "the address begins twice"
            if _HTTP_SCHEME.match(url[web.end() :])
            else "the address names no host"
        )
    if damaged := _DAMAGED_SCHEME.match(url):
        return f'the address begins with "{damaged[0]}"'
    if url.lower().startswith("www."):
        return "https:// is missing before the address"
    if not is_safe_url(url):
        return f'no channel follows "{url.partition(":")[0]}:"'
    if _PLACEHOLDER_URL.match(url) or (any(map(is_cjk, url)) and not re.search(r"[./#?:]", url)):
        return f'"{url}" is no address'
    return ""


_YAML_KEY = lazy_pattern(r"[A-Za-z_][\w-]*:(?:\s|\Z)")


def check_front_matter(subject: IssueSource) -> Iterator[Problem]:
    """Front matter that no line of dashes ends: all readers would see it."""
    if subject.issue.front_pos.line:
        return
    filled = [number for number, text in enumerate(subject.source.lines[:20], 1) if text.strip()][:2]
    first, second = (subject.source.line(number).rstrip() for number in (*filled, 0, 0)[:2])
    if first == "---" and _YAML_KEY.match(second):
        message = "the front matter is never closed"
        place = subject.source.line_position(filled[0])
        yield Problem(place, "front-matter", message, "write --- below its last line")


_CONFLICT_MARKER = lazy_pattern(r"<{7} \S", re.ASCII)


def check_merge_conflicts(subject: IssueSource) -> Iterator[Problem]:
    """Two versions of a passage that a version control system left to the editor."""
    for number, text in find_matching_lines(subject, _CONFLICT_MARKER):
        if _CONFLICT_MARKER.match(text):
            help_ = "keep one, and take out the lines <<<<<<<, ======= and >>>>>>>"
            message = "two versions stand here, which nobody merged"
            yield Problem(subject.source.line_position(number), "conflict-marker", message, help_)
