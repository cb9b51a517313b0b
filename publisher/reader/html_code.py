"""Parses blocks of code in HTML: `<pre>` and `<pre><code>`, also highlighted ones."""

from __future__ import annotations

import html
from collections.abc import Sequence

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.lines import Line, compute_span

_START = lazy_pattern(r"(?i)\s*(?:<(?:div|figure)\b[^>]*>\s*)*(<pre\b[^>]*>(?:\s*<code\b[^>]*>)?)")
_END = lazy_pattern(r"(?i)(?:</code\s*>\s*)?</pre\s*>(?:\s*</(?:div|figure)\s*>)*\s*\Z")
_LANGUAGE = lazy_pattern(r"(?i)(?:\blang(?:uage)?-|\bdata-lang=\"?)([\w+#.-]+)")
_TAG = lazy_pattern(r"(?i)</?(?:span|a|b|i|u|em|strong|mark|code|ins|del|sub|sup|var|kbd|samp)(?:\s[^<>]*)?>")


def find_html_code_end(lines: Sequence[Line], at: int) -> tuple[int, bool]:
    """Return the index after the line in which `<pre>` is closed that begins the line at `at`, and whether nothing
    else stands in that line."""
    if not _START.match(lines[at].text):
        return at, False
    end = next((end for end in range(at, len(lines)) if "</pre" in lines[end].text.lower()), len(lines) - 1)
    return end + 1, _END.search(lines[end].text) is not None


def read_html_code(lines: Sequence[Line], at: int) -> tuple[m.Block, int] | None:
    """Parse the code in HTML that starts at `at`, and return it with the index of the next line."""
    start = _START.match(lines[at].text)
    end, closes = find_html_code_end(lines, at)
    if start is None or not closes:
        return None
    width = lines[at].indent
    inner = [line.dedent(width) for line in lines[at:end]]
    source = "\n".join([line.text + line.ending for line in inner])
    begin = source.index(start[1]) + len(start[1])
    closing = _END.search(source, begin)
    text = source[begin : closing.start() if closing else len(source)].removeprefix("\n").removesuffix("\n")
    language = _LANGUAGE.search(start[0])
    code = html.unescape(_TAG.sub("", text))
    return m.CodeBlock(code, language[1] if language else "", compute_span(lines[at:end])), end
