"""Rewrites blocks of other programs as Markdown, line by line: containers become alerts, and tags of code fences.

Containers are `:::tip Title` … `:::` of VuePress, Docusaurus, Pandoc and Yuque, and `!!! note "Title"` of MkDocs with
an indented text; tags of code are those of Jekyll, Hugo and Hexo.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from publisher.patterns import lazy_pattern
from publisher.reader.lines import Line
from publisher.reader.marks import CODE_INDENT, FENCE, find_fence_end

ALERT_KINDS = {
    name: kind
    for kind, names in {
        "note": "note abstract summary tldr info todo example details spoiler",
        "tip": "tip tips hint success check done",
        "important": "important",
        "warning": "warning attention question help faq",
        "caution": "caution danger error failure fail missing bug",
        "": "quote cite",
    }.items()
    for name in names.split()
}
"""What Obsidian, MkDocs, VuePress and Yuque call their alerts, and the kinds of GitHub. A quote has no kind."""

_MARKS = (":::", "!!! ", "??? ", "???+ ", "endhighlight", "endcodeblock", "/highlight", "/ highlight")
_COLONS = lazy_pattern(
    r"\s{0,3}(?P<marks>:{3,})\s*(?:\{\s*\.(?P<class>[\w-]+)[^{}]*\}|(?P<name>[A-Za-z][\w-]*)(?:\{[^{}]*\})?)"
    r"(?:\[(?P<label>[^\]]*)\]|(?P<title>.*))\s*\Z"
)
_COLONS_END = lazy_pattern(r"\s{0,3}:{3,}\s*\Z")
_EXCLAMATION = lazy_pattern(
    r"(?:!!!|\?\?\?\+?)\s+(?P<name>[a-z][\w-]*+)(?:\s++[\w-]++)*+\s*+(?:\"(?P<title>[^\"]*)\")?\s*\Z"
)
_CODE = lazy_pattern(
    r"\s{0,3}(?:\{%-?\s*(?P<tag>highlight|codeblock)\b(?P<liquid>[^{}]*?)-?%\}"
    r"|\{\{[<%]\s*highlight\b\s*\"?(?P<hugo>[\w+#-]*)[^{}]*[>%]\}\})\s*\Z"
)
_CODE_END = lazy_pattern(r"\s*(?:\{%-?\s*end(?:highlight|codeblock)\s*-?%\}|\{\{[<%]\s*/\s*highlight\s*[>%]\}\})\s*\Z")
_LANGUAGE = lazy_pattern(r"(?:.*\blang:|\s*)([\w+#-]+)")
_FENCE = "`" * 8
_QUOTE = "> "
_TITLED = ("details", "spoiler")
"""Containers that are only folded, and no alerts, unless they have a title."""

_MAX_DEPTH = 4


def has_dialect(text: str) -> bool:
    """False if nothing in the text can be such a block. Most issues have none."""
    return any(mark in text for mark in _MARKS)


def rewrite_dialects(lines: Sequence[Line]) -> list[Line]:
    """Return as many lines, in which such blocks are Markdown; columns stay those of the source."""
    lines = list(lines)
    opened: list[tuple[int, re.Match[str]]] = []
    unclosed: set[str] = set()
    at = 0
    while at < len(lines):
        text = lines[at].text
        if end := _take_code(lines, at, unclosed):
            at = end
        elif opener := _COLONS.match(text):
            opened.append((at, opener))
        elif opened and _COLONS_END.match(text):
            start, opener = opened.pop()
            if len(opened) < _MAX_DEPTH:
                _rewrite_container(lines, start, at, opener)
        elif opener := _EXCLAMATION.match(text):
            at = _rewrite_indented(lines, at, opener)
        at += 1
    return lines


def _take_code(lines: list[Line], at: int, unclosed: set[str]) -> int:
    """Return the index of the last line of the code that begins at `at`, 0 if there is none; tags become fences.

    What is never closed is added to `unclosed`, and not looked for again.
    """
    text = lines[at].text
    if ("```" in text or "~~~" in text) and (fence := FENCE.match(text)) and (fence[1] or fence[3]) not in unclosed:
        if end := find_fence_end(lines, at, fence):
            return end
        unclosed.add(fence[1] or fence[3])
    if "{" not in text or _CODE_END.pattern in unclosed or not (opener := _CODE.match(text)):
        return 0
    end = next((index for index in range(at + 1, len(lines)) if _CODE_END.match(lines[index].text)), 0)
    if not end:
        unclosed.add(_CODE_END.pattern)
        return 0
    liquid = opener["liquid"] or ""
    found = _LANGUAGE.match(liquid) if opener["tag"] == "highlight" or "lang:" in liquid else None
    lines[at] = replace(lines[at], text=_FENCE + (opener["hugo"] or (found[1] if found else "")), ending="")
    lines[end] = replace(lines[end], text=_FENCE, ending="")
    return end


def _rewrite_container(lines: list[Line], start: int, end: int, opener: re.Match[str]) -> None:
    """Make the lines between two lines of colons a quote that is an alert, if it is a kind of alert."""
    name = (opener["name"] or opener["class"]).lower().removeprefix("callout-")  # Quarto
    title = (opener["label"] or opener["title"] or "").strip()
    if name in ALERT_KINDS and (title or name not in _TITLED):
        lines[start:end] = [_add_mark(lines[start], f"[!{name}] {title}"), *map(_add_mark, lines[start + 1 : end])]
        lines[end] = _add_mark(lines[end], "")


def _rewrite_indented(lines: list[Line], at: int, opener: re.Match[str]) -> int:
    """Make the indented lines below `at` a quote that is an alert. Return the index of the last of them."""
    end = at + 1
    while end < len(lines) and (lines[end].indent >= CODE_INDENT or not lines[end].text):
        end += 1
    while not lines[end - 1].text:
        end -= 1
    if end == at + 1 or opener["name"] not in ALERT_KINDS:
        return at
    inside = [_add_mark(line.dedent(CODE_INDENT)) for line in lines[at + 1 : end]]
    lines[at:end] = [_add_mark(lines[at], f"[!{opener['name']}] {opener['title'] or ''}"), *inside]
    return end - 1


def _add_mark(line: Line, text: str | None = None) -> Line:
    """Return a line as one of a quote, with its own text or another."""
    text = _QUOTE + (line.text if text is None else text)
    return replace(line, text=text.rstrip(), column=line.column - len(_QUOTE))
