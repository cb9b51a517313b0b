"""Damaged drafts: no check crashes, problems are reported at their positions, and fixing loses nothing.

`PUBLISHER_EXAMPLES=10000` runs more examples.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from publisher.checks.check import check_single_issue
from publisher.checks.codes import Problem
from publisher.checks.cross_issue import IssueIndex
from publisher.checks.fix import apply_fixes
from publisher.checks.source import SourceText
from publisher.cli.excerpt import format_excerpt, measure_columns
from publisher.cli.formats import format_full
from publisher.reader import decode, parse_issue
from tests.checks.beside_others import check_issue
from tests.checks.test_outside import EARLIER, ISSUE
from tests.reader.cases.test_cases import CASES, CORPUS

EXAMPLES = int(os.environ.get("PUBLISHER_EXAMPLES", "200"))
PATH = "2021-03-14.md"

URL = r"(?i:https?://|www\.)"
BULLET = r"[-*+–—]|\d"
# by code, the text expected at the position of the problem
AT = {
    "arxiv-mismatch": rf"\d{{4}}\.\d{{4,5}}|{URL}",
    "compat-char": r"[\u200b\u2060\ufeff\u2e80-\u2fd5\uf900-\ufaff\ufb00-\ufb06０-９Ａ-Ｚａ-ｚ]",
    "conflict-marker": r"<<<<<<< ",
    "date-mismatch": r"\d{4}-",
    "double-url": r"[(（]",
    "duplicate-section": r"#|\S",
    "empty-url": r"[(（][\s<>]*([)）]|\Z)",
    "field-empty": r"\S",
    "fullwidth-paren": r"（",
    "guide-count": r"\d|>|\S*导读",
    "headline-empty": r"[:：]",
    "label-colon": r"摘要|简评|:",
    "malformed-link": r"[\[【［]",
    "marker-form": r"#+\Z|[-*]\Z",
    "missing-url": r"[\[【]",
    "placeholder-date": r"\S",
    "plain-http": r"http://",
    "punctuation": r"[，、；。：]{2,}\Z|[,;:]\Z",
    "stray-line": r"[\da-fA-F:.]+\Z",
    "title-is-url": rf"{URL}|\W*{URL}",
    "tracking-param": rf"{URL}.*\?",
    "unbalanced-bold": r"\*\*\Z",
    "unclosed-code": r"(```|~~~)",
    "unclosed-link": r"[\[(（]",
    "unformatted-clip": URL,
    "wechat-temp-url": rf"{URL}mp\.weixin\.qq\.com/.*\?",
}


def texts() -> list[str]:
    """Drafts of ours, and those of the folder of real ones."""
    ours = [place.source for case in CASES.values() for place in case.places]
    real = [decode(file.read_bytes()) for file in sorted(CORPUS.glob("*/*")) if file.suffix in (".md", ".txt")]
    return [EARLIER, ISSUE, "\n".join(ours), *ours, *real * 8]


TEXTS = texts()
# the samples as the issues before
OTHERS = IssueIndex(
    check_single_issue(parse_issue(text, path), text).summary
    for path, text in zip(("2021-01-03.md", "2021-01-10.md", "2021-01-17.md"), TEXTS, strict=False)
)
# what is inserted, with a line each
PIECES = [
    *"[]()（）【】「」*`#-–—|｜：:；;，,。.>!\\<$~_\t\0\x0b\x0c\x1b\x85\u2028\u200b\u202e\u3000\ufeff\n\r ",
    *"⾯ﬁＡ\u0301\u200d👩👧🏽🇨🇳ｶﾞ한ا©\ufe0f𠀀",
    *"""\
](
)(
]()
**
```
，，
<!--
-->
<br>
- [
## 论文
> 导读：
摘要：
代码：
👩\u200d👩\u200d👧
192.0.2.7
[浪](
见[浪]()
[浪]（https://e.org/4）
![图](https://e.org/5
[浪](www.e.org)
<<<<<<< HEAD
https://e.org/1
http://e.org/2?from=x
（https://e.org/3）
(https://e.org/4]
https://mp.weixin.qq.com/s?timestamp=1&signature=b""".splitlines(),
]
WIDE = str.maketrans("[]()|:,;!?", "［］（）｜：，；！？")

Damage = Callable[[st.DataObject, str], str]


def somewhere(data: st.DataObject, text: str) -> int:
    return data.draw(st.integers(0, len(text)))


def cut(data: st.DataObject, text: str) -> str:
    at = somewhere(data, text)
    return text[:at] if data.draw(st.booleans()) else text[at:]


def lose(data: st.DataObject, text: str) -> str:
    at = somewhere(data, text)
    return text[:at] + text[at + data.draw(st.integers(1, 12)) :]


def insert(data: st.DataObject, text: str) -> str:
    at = somewhere(data, text)
    return text[:at] + data.draw(st.sampled_from(PIECES)) + text[at:]


def lines(data: st.DataObject, text: str) -> str:
    """A line lost, doubled, moved, or joined to the next."""
    found = text.split("\n")
    at = data.draw(st.integers(0, len(found) - 1))
    line = found.pop(at)
    match data.draw(st.sampled_from(["lose", "double", "move", "join"])):
        case "double":
            found[at:at] = [line, line]
        case "move":
            found.insert(data.draw(st.integers(0, len(found))), line)
        case "join":
            found[at : at + 1] = [line + "".join(found[at : at + 1])]
    return "\n".join(found)


def widen(data: st.DataObject, text: str) -> str:
    """Full-width marks in a stretch."""
    at = somewhere(data, text)
    end = at + data.draw(st.integers(1, 80))
    return text[:at] + text[at:end].translate(WIDE) + text[end:]


def white(data: st.DataObject, text: str) -> str:
    """Other line ends, a mark at the front, tabs."""
    old, new = data.draw(st.sampled_from([("\n", "\r\n"), ("\n", "\r"), ("    ", "\t"), (" ", "\u3000")]))
    return data.draw(st.sampled_from(["", "\ufeff"])) + text.replace(old, new)


DAMAGES: list[Damage] = [cut, lose, insert, insert, lines, widen, white]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_drafts(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    begin = somewhere(data, text)
    text = data.draw(st.sampled_from([text, text[begin : begin + 1500]]))
    for _ in range(data.draw(st.integers(1, 6))):
        text = data.draw(st.sampled_from(DAMAGES))(data, text)
    assume(len(text) < 60_000)
    holds(text)


def holds(text: str) -> None:
    issue = parse_issue(text, PATH)
    found = check_issue(issue, text, OTHERS)
    source = SourceText(text)
    for problem in found:
        stands(problem, source)
    for said in format_full(PATH, source.lines, found, lambda said, _: said):
        assert not {"Cc", "Cf", "Zl", "Zp"} & {*map(unicodedata.category, said)}, said
    fixed = apply_fixes(parse_issue, text, PATH).text
    assert apply_fixes(parse_issue, fixed, PATH).text == fixed
    assert urls(text) <= urls(fixed)
    assert words(RAW_URL.sub(" ", text)) <= words(fixed)
    assert len(check_issue(parse_issue(fixed, PATH), fixed, OTHERS)) <= len(found)


def stands(problem: Problem, source: SourceText) -> None:
    """The place is in the text, what the message is about stands there, and the carets show it."""
    pos = problem.pos
    assert 1 <= pos.line <= pos.end_line <= len(source.lines)
    line = source.line(pos.line)
    assert 1 <= pos.column <= len(line) + 1
    assert (pos.line, pos.column) < (pos.end_line, pos.end_column)
    assert pos.end_column <= len(source.line(pos.end_line)) + 2
    marked = line[pos.column - 1 : pos.end_column - 1] if pos.line == pos.end_line else line[pos.column - 1 :]
    if pattern := AT.get(problem.code):
        assert re.match(pattern, marked, re.DOTALL), (problem, marked)
    for wrong in re.findall(r'"(\S+?)" (?:should|only|\()', problem.message)[:1]:
        assert marked == wrong, (problem, marked)
    shown, carets = format_excerpt(line, pos.column, pos.end_column)
    if marked[:1].isprintable() and measure_columns(marked[:1]) and not marked.isspace():
        begin = next(n for n in range(len(shown), -1, -1) if measure_columns(shown[:n]) == carets.index("^"))
        assert f"{shown} ".startswith(marked[0], begin), (problem, shown, carets)


RAW_URL = re.compile(r"https?://[!-'*-;=?-Z_a-z~]+")


def urls(text: str) -> set[str]:
    """The addresses in a text, without the marks that may end a sentence."""
    return {url.rstrip(".,:;!?'*_~") for url in RAW_URL.findall(text)}


def words(text: str) -> Counter[str]:
    """The letters and digits of a text in their usual form."""
    return Counter(filter(str.isalnum, unicodedata.normalize("NFKD", text)))


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "\0", "\r", "- [", "# ", "---\n", ">", "#\n-\n>\n|\n"])
def test_almost_empty_texts(text: str) -> None:
    holds(text)
