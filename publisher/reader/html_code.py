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


class HtmlCodeEnds:
    """Finds where code in HTML ends; looks at each line of an issue once."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._looked_at = 0  # before this line, no code in HTML is closed

    def find(self, at: int) -> int:
        """Return the index after the code that starts at `at`; 0 if there is none, or text in its last line."""
        if at < self._looked_at or not _START.match(self._lines[at].text):
            return 0
        end = _find_closing_line(self._lines, at)
        self._looked_at = end
        return end + 1 if end < len(self._lines) and _END.search(self._lines[end].text) else 0


def _find_closing_line(lines: Sequence[Line], at: int) -> int:
    return next((end for end in range(at, len(lines)) if "</pre" in lines[end].text.lower()), len(lines))


def read_html_code(lines: Sequence[Line], at: int) -> tuple[m.Block, int] | None:
    """Parse the code in HTML that starts at `at`, and return it with the index of the next line."""
    start = _START.match(lines[at].text)
    end = _find_closing_line(lines, at) + 1 if start else 0
    if start is None or end > len(lines) or not lines[end - 1].code:
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
