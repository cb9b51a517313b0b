"""Invariants for every text: parsing never raises, each line belongs to one node, no word or URL is lost."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import Struct, msgpack

from publisher.model import (
    NO_POSITION,
    Block,
    Diagnostic,
    Dropped,
    Field,
    Footnote,
    Footnotes,
    Issue,
    Item,
    Pos,
    Source,
)
from publisher.reader import decode, parse_issue
from publisher.transforms import find_nodes

FRAGMENTS = [
    "",
    " ",
    "---",
    "----",
    "***",
    "# 周刊 (2021-07-18)：甲/乙",
    "# Title",
    "## 论文",
    "##论文",
    "### 小节",
    "###### x",
    "############### 周刊 (2021-07-18)",
    "## [往期回顾](https://e.org/a)",
    "**口号**",
    "> 导读：本期3条。【新闻】甲；【论文】乙。",
    "导读：",
    "> 注：点击文末【阅读原文】",
    "> 注：补全地址 `github.com/<owner>/<name>`",
    "<font>注：PC端微信打不开</font>",
    "好了，先是一些热身小新闻ヽ(✿゜▽゜)ノ：",
    "- 高通：发布",
    "– 破折号",
    "- ",
    "-",
    "- []()",
    "- [",
    "- [标题 | 来源](https://e.org/1)",
    "- [标题](https://e.org/2)(https://e.org/2)",
    "- [标题](https://e.org/3]",
    "- [标题[(https://e.org/4)",
    "- [标题]（https://e.org/5）",
    "- 【标题】https://e.org/6",
    "-[贴着](https://e.org/7)",
    "* [Title](https://e.org/8). More text",
    "1、[编号](https://e.org/9)：说明",
    "1. 第一",
    "2. 第二",
    "  - 代码：https://github.com/o/r",
    "    - 深层",
    "        1. 更深",
    "摘要：一段文字，见https://e.org/10。",
    "摘要无冒号",
    "论文：https://arxiv.org/abs/2104.13400v1",
    "代码：",
    "https://e.org/11",
    "普通一行**粗（注）**后",
    "| a | b |",
    "|---|:-:|",
    "| 1 |",
    "| 1 | 2 | 3 |",
    "```python",
    "```",
    "~~~",
    "    indented",
    "> quote",
    ">> deeper",
    "<!-- a comment -->",
    "<!-- open",
    "-->",
    "<script>alert(1)</script>",
    "<a href='https://e.org/12'><img src='https://e.org/13.png' alt='图'></a><br />文",
    "![图](https://e.org/14.png)",
    "[ref]: https://e.org/15",
    "see [ref] and [text][ref]",
    "Vec<T> and <model, accuracy>",
    "a & b &amp; c &lt;d&gt;",
    "；收尾",
    "；",
    "`code | with bar`",
    "x\x00y\x07z\ud800\ufffe",
    "\tindented by tab",
    "[x](javascript:alert(1))",
    "Title: A\nDate: 2021-07-18\n",
    "$\\alpha_i$",
    "\\*not em\\*",
    "中文\u00a0空格\u3000全角",
    "layout: default",
    "[长\n链接](https://e.org/16)",
    "  续行 wrapped",
    "  wrapped line",
    "~~删~~ 10<sup>9</sup> <DEL>x</DEL>",
    "[multi]:",
    "> [quoted]:",
    "> https://e.org/17",
    "  '题目'",
    "[glued]:https://e.org/18",
    "<script> named in prose",
    "--> tail",
    "me@e.org www.e.org/19",
    "脚注[^1]和[^b]，还有^[行内[注](https://e.org/17)]",
    "[^1]: 注一 https://e.org/18",
    "[^b]: see [^1]",
    "    - in a note",
    "> ```python",
    "> code",
    "- ```",
    "> ~~~",
    "> ## inside",
    "    ## inside",
    "Section",
    "=====",
    "-----",
    "- [ ] todo",
    "- [x] [done](https://e.org/19)",
    "> [!NOTE]",
    "> [!tip] 提示",
    "{: .center}",
    "{:#a} text {#b}",
    "* TOC",
    "{:toc}",
    "[TOC]",
    "{% include a %}",
    "<table><tr><td>格",
    "</td></tr></table>",
    "1、",
    "3) third",
    ">\ttab",
    "-\ttab",
]

texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(alphabet=st.characters(), max_size=12), max_size=40).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\n\n"]).map(lambda newline: newline.join(lines))
)


def places(blocks: Iterable[Block | Field]) -> Iterator[Pos]:
    """The places of blocks; footnotes own the lines of their definitions, wherever these are."""
    for block in blocks:
        if isinstance(block, Footnotes):
            yield from (note.pos for note in block.notes)
        else:
            yield block.pos


def owners(issue: Issue) -> Iterator[Pos]:
    """The place of every node that owns lines of its own."""
    yield from (issue.front_pos, issue.tagline_pos)
    if issue.title:
        yield issue.title.pos
    if issue.warmup:
        yield from places((*issue.warmup.intro, *issue.warmup.outro))
        for brief in issue.warmup.briefs:
            yield brief.pos
            yield from places(brief.body)
    yield from (note.pos for note in issue.notes)
    for section in issue.sections:
        yield section.pos
        yield from (note.pos for note in section.notes)
        for node in section.content:
            if isinstance(node, Item):
                yield node.pos
                yield from places((*node.fields, *node.body))
            else:
                yield from places((node,))
    if issue.archive:
        yield issue.archive.pos
        yield from (block.pos for block in issue.archive.blocks)
    yield from places(issue.footer)
    if issue.guide:
        yield from places(block for block in issue.guide.blocks if isinstance(block, Footnotes))
    yield from (definition.pos for definition in issue.definitions)
    yield from (dropped.pos for dropped in issue.dropped if not dropped.inline)


def unowned(text: str, issue: Issue) -> list[tuple[int, int, str]]:
    """Non-blank lines that belong to no node, or to more than one: (line, owners, text).

    A comment or a definition on lines of its own owns them, even in the middle of a list.
    """
    taken = [one.pos for one in (*issue.definitions, *issue.dropped) if not getattr(one, "inline", False)]
    taken += [note.pos for note in find_nodes(Footnote, (issue,))]
    apart = {line for pos in taken for line in range(pos.line, pos.end_line + 1)}
    count: dict[int, int] = {}
    for pos in owners(issue):
        for line in range(pos.line, pos.end_line + 1):
            if line not in apart or pos in taken:
                count[line] = count.get(line, 0) + 1
    if issue.guide:  # the line of the label may hold text of the guide too: the owner is the guide
        blocks = [block for block in issue.guide.blocks if not isinstance(block, Footnotes)]
        own = [issue.guide.label_pos, *(block.pos for block in blocks)]
        for line in {line for pos in own for line in range(pos.line, pos.end_line + 1)} - apart:
            count[line] = count.get(line, 0) + 1
    lines = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff"))
    return [
        (number, count.get(number, 0), line)
        for number, line in enumerate(lines, 1)
        if line.strip() and count.get(number, 0) != 1
    ]


def strings(node: object) -> Iterator[str]:
    """Every string of a node a reader could see, and every URL."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from strings(part)
    elif isinstance(node, Struct) and not isinstance(node, Pos | Source | Diagnostic):
        for name in node.__struct_fields__:
            if name not in ("id", "kind"):
                yield from strings(getattr(node, name))


def words(text: str) -> set[str]:
    """The words of a source text: no markup, no addresses, no comments."""
    text = re.sub(r"<!--.*?-->|<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    text = re.sub(r"https?://[^\s，。；（）]+", " ", text)
    text = re.sub(r"</?(?:font|a|img|br)\b[^>]*>", " ", text)
    return {word.strip("_") for word in re.findall(r"\w+", html.unescape(text)) if word.strip("_")}


def lost(text: str, issue: Issue) -> set[str]:
    seen = re.sub(r"\s+", "", "".join(strings(issue)))
    return {word for word in words(text) if word not in seen}


def lost_urls(text: str, issue: Issue) -> set[str]:
    urls = {url.rstrip(".,;:*") for url in re.findall(r"https?://[^\s<>\"'，。；（）《》)\]]+", text)}
    seen = list(strings(issue))
    return {url for url in urls if not any(url in string for string in seen)}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts)
@example("> 导读：\n- x")
@example("1. 第一\n# 周刊 (2021-07-18)：甲/乙\n    - 深层")
@example("1. 第一\n\n# 周刊 (2021-07-18)：甲/乙\n\n    - 深层")
@example("1. 第一\n<!-- a comment -->\n  - 代码：https://github.com/o/r")
@example("- [a\n](https://e.org/1)")
def test_every_line_has_exactly_one_owner(text: str) -> None:
    assert unowned(text, parse_issue(text, "2021-07-18.md")) == []


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=400) | texts)
def test_reading_never_raises_and_is_deterministic(text: str) -> None:
    assert parse_issue(text) == parse_issue(text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts)
def test_a_document_is_the_same_after_encoding_and_decoding(text: str) -> None:
    issue = parse_issue(text, "2021-07-18.md")
    assert msgpack.decode(msgpack.encode(issue), type=Issue) == issue


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(["导读：", "```python", "", "  - 代码：https://github.com/o/r", "```"])
@example(["---", "- [标题 | 来源](https://e.org/1)", "---"])
@given(st.lists(st.sampled_from([f for f in FRAGMENTS if "\x00" not in f and "javascript" not in f]), max_size=30))
def test_no_url_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert lost_urls(text, parse_issue(text)) == set()


@pytest.mark.parametrize(
    "line",
    [
        "[",
        "*",
        "`",
        "<",
        "![",
        "[a](",
        "\\",
        "<a ",
        "<!--",
        "**a",
        "_a ",
        "[]",
        "$a_",
        "https://a",
        "&amp",
        "| a ",
        "- [",
        "# ",
        "> ",
        "1. ",
        "中文",
    ],
)
def test_a_line_of_a_megabyte_is_read(line: str) -> None:
    text = line * (1_000_000 // len(line))
    issue = parse_issue(f"# 周刊 (2021-07-18)\n\n## 论文\n\n- {text}\n{text}")
    assert issue.sections or issue.guide


def test_the_corpus_keeps_every_line_word_and_url(corpus) -> None:  # type: ignore[no-untyped-def]
    files = sorted(path for path in corpus.glob("*/*") if path.is_file())
    assert len(files) == 33
    for path in files:
        text = decode(path.read_bytes(), str(path))
        for variant in (text, text.replace("\n", "\r\n"), "\ufeff" + text):
            issue = parse_issue(variant, path.name)
            assert unowned(variant, issue) == [], path.name
            assert lost(variant, issue) == set(), path.name
            assert lost_urls(variant, issue) == set(), path.name


def test_what_is_dropped_is_named() -> None:
    issue = parse_issue(
        "## 论文\n\n<!-- a -->\n\n- [t](javascript:alert(1)) <font color=red>x</font>\n\n<script>\nalert(1)\n</script>"
    )
    assert sorted(dropped.name for dropped in issue.dropped) == ["comment", "font", "script", "unsafe-url"]
    assert "alert" not in "".join(s for node in issue.sections for s in strings(node))
    assert NO_POSITION not in [dropped.pos for dropped in issue.dropped]
    assert all(isinstance(dropped, Dropped) for dropped in issue.dropped)


def test_aliases_in_front_matter_are_not_followed() -> None:
    bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    names = "abcdefghij"
    for old, new in pairwise(names):
        bomb.append(f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]")
    issue = parse_issue("\n".join(["---", *bomb, "---", "", "# 慢刊 (2021-07-18)", ""]), "2021-07-18.md")
    assert [(one.code, one.pos.line) for one in issue.diagnostics] == [("front-matter", 3)]
    assert issue.title
    assert issue.title.date == "2021-07-18"


def test_invalid_characters_in_front_matter_are_replaced() -> None:
    issue = parse_issue('---\ntitle: "a \\ud800 \\x01"\n---\n\n# 慢刊 (2021-07-18)\n', "2021-07-18.md")
    assert issue.front == (("title", "a \ufffd \ufffd"),)
