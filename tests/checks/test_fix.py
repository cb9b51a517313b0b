"""Fixes: what they write, and that they lose no word or URL and are idempotent."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.checks import check
from publisher.checks.codes import CODES, Edit, Problem
from publisher.checks.fix import apply_fixes, collect_content
from publisher.checks.source import IssueSource, SourceText
from publisher.model import Issue, Pos
from publisher.reader import decode, parse_issue
from tests.checks.beside_others import check_issue
from tests.reader.cases.test_cases import CASES

HEAD = "# 潮汐简报 (2021-03-14)\n\n> 导读：浮标联网了。\n\n## 论文\n\n"

FIXED = [
    ("double-url", "- [浪](https://e.org/1)(https://e.org/1)", "- [浪](https://e.org/1)"),
    ("unclosed-link", "- [浪](https://e.org/1]  ", "- [浪](https://e.org/1)  "),
    ("unclosed-link", "- [浪](https://e.org/1", "- [浪](https://e.org/1)"),
    ("fullwidth-paren", "- [浪 | 海]（https://e.org/1）", "- [浪 | 海](https://e.org/1)"),
    (
        "fullwidth-paren",
        "- [浪](https://e.org/1)\n见[海]（https://e.org/2）。",
        "- [浪](https://e.org/1)\n见[海](https://e.org/2)。",
    ),
    (
        "unclosed-link",
        "- [浪](https://e.org/1)\n见[海](https://e.org/2 等",
        "- [浪](https://e.org/1)\n见[海](https://e.org/2) 等",
    ),
    ("unclosed-link", "- [浪](https://e.org/1）", "- [浪](https://e.org/1)"),
    ("compat-char", "- [浪\u200b](\u200bhttps://e.org/1)", "- [浪](https://e.org/1)"),
    ("compat-char", "- [浪](\u200bhttps://e.org/1)", "- [浪](https://e.org/1)"),
    ("compat-char", "- [浪]\u200b(https://e.org/1)", "- [浪](https://e.org/1)"),
    ("malformed-link", "- 【浪 | 海】（https://e.org/1）", "- [浪 | 海](https://e.org/1)"),
    ("malformed-link", "- ［浪 | 海］（https://e.org/1）", "- [浪 | 海](https://e.org/1)"),
    ("malformed-link", "- 【浪 | 海】https://e.org/1", "- [浪 | 海](https://e.org/1)"),
    ("malformed-link", "- [浪 | 海[(https://e.org/1)", "- [浪 | 海](https://e.org/1)"),
    ("malformed-link", "- [浪 | 海)[https://e.org/1]", "- [浪 | 海](https://e.org/1)"),
    ("malformed-url", "- [浪](代码：https://e.org/1)", "- [浪](https://e.org/1) 代码："),
    ("malformed-url", "- [浪]（代码：https://e.org/1）", "- [浪](https://e.org/1) 代码："),
    ("marker-form", "-[浪](https://e.org/1)", "- [浪](https://e.org/1)"),
    ("label-colon", "- [浪](https://e.org/1)\n摘要更准了", "- [浪](https://e.org/1)\n摘要：更准了"),
    ("label-colon", "- [浪](https://e.org/1)\n摘要  更准了", "- [浪](https://e.org/1)\n摘要：更准了"),
    ("label-colon", "- [浪](https://e.org/1)\n简评: 更准", "- [浪](https://e.org/1)\n简评：更准"),
    (
        "source-form",
        "- [浪 | 海](https://e.org/1)\n- [盐 - 海](https://e.org/2)",
        "- [浪 | 海](https://e.org/1)\n- [盐 | 海](https://e.org/2)",
    ),
    ("compat-char", "- [⾯ﬁＡ](https://e.org/1)", "- [面fiA](https://e.org/1)"),
    ("punctuation", "- [浪](https://e.org/1)\n摘要：好，，了；。", "- [浪](https://e.org/1)\n摘要：好，了。"),
    ("punctuation", "- [浪](https://e.org/1)\n摘要：好,了", "- [浪](https://e.org/1)\n摘要：好，了"),
]


@pytest.mark.parametrize(("code", "wrong", "right"), FIXED)
def test_fix_of_each_code(code: str, wrong: str, right: str) -> None:
    found = {problem.code for problem in check_issue(parse_issue(HEAD + wrong, "2021-03-14.md"), HEAD + wrong)}
    assert code in found
    assert apply_fixes(parse_issue, HEAD + wrong, "2021-03-14.md").text == HEAD + right


def test_fix_of_warm_up_and_headings() -> None:
    wrong = "####### 潮汐简报 (2021-03-14)\n\n先看几条短讯：\n\n- 甲：一；\n– 乙：二；\n丙：三；\n\n##论文\n"
    right = "# 潮汐简报 (2021-03-14)\n\n先看几条短讯：\n\n- 甲：一；\n- 乙：二；\n- 丙：三；\n\n## 论文\n"
    assert apply_fixes(parse_issue, wrong, "2021-03-14.md").text == right


@pytest.mark.parametrize(
    "text",
    [
        "- [浪](https://e.org/1)(https://e.org/2)",  # which of the two is right?
        "- [浪高预报 | 海岸线",  # where does the title end?
        "- [浪]()",
        "- [[浪](https://e.org/1)",
        "- [浪](www.e.org/1)",
        "- [浪](https://e.org/⾯)\n摘要：`⾯，，` 与 [盐](https://e.org/，，)",
        "- [浪](https://e.org/1)\n摘要：等一等。。。",
    ],
)
def test_unclear_problems_are_left_to_the_editor(text: str) -> None:
    assert apply_fixes(parse_issue, HEAD + text, "2021-03-14.md").text == HEAD + text


def test_line_with_many_fixes_is_parsed_a_few_times() -> None:
    wrong = "- 甲" + "".join(f"[浪]（https://e.org/{number}），，" for number in range(200))
    times = []

    def counted(text: str, path: str) -> Issue:
        times.append(1)
        return parse_issue(text, path)

    fixed = apply_fixes(counted, HEAD + wrong, "2021-03-14.md").text
    assert fixed == HEAD + wrong.replace("（", "(").replace("），，", ")，")
    assert len(times) < 10


def test_only_selected_codes_are_fixed() -> None:
    text = HEAD + "-[浪](https://e.org/1)\n摘要更准，，了"
    assert (
        apply_fixes(parse_issue, text, "x.md", {"label-colon"}).text
        == HEAD + "-[浪](https://e.org/1)\n摘要：更准，，了"
    )
    assert apply_fixes(parse_issue, text, "x.md", frozenset()).text == text


def test_fix_leaves_an_italic_paragraph_alone() -> None:
    text = HEAD + "*[浪][w] 一直很高，\n盐雾也多。* 我们看。\n\n[w]: https://e.org/1\n"
    assert apply_fixes(parse_issue, text, "x.md").text == text


def test_fix_keeps_line_endings_and_byte_order_mark() -> None:
    text = "\ufeff# 潮汐简报 (2021-03-14)\r\n\r\n## 论文\r\n\r\n-[浪](https://e.org/1)\r摘要更准了  \r\n"
    assert apply_fixes(parse_issue, text, "x.md").text == text.replace("-[", "- [").replace("摘要", "摘要：")


def test_only_the_first_of_overlapping_edits_is_applied() -> None:
    edits = [Edit(Pos(1, 2, 1, 4), "X"), Edit(Pos(1, 3, 1, 5), "Y"), Edit(Pos(1, 5, 1, 5), "Z")]
    assert SourceText("abcdef").apply_edits(edits) == "aXdZef"


LOSSY = {
    "a word": ("浪高：预报。", "预报", ""),
    "a word that occurs again": ("浪高：预报 预报", " 预报", ""),
    "the URL of a link": ("见[海](https://e.org/2)。", "[海](https://e.org/2)", "海"),
    "a bare URL": ("见 https://e.org/2 。", "https://e.org/2 ", ""),
    "a part of a URL": ("见[海](https://e.org/2)。", "/2)", "/)"),
    "an item": ("\n- [盐](https://e.org/2)", "\n- [盐]", "[盐]"),
}


@pytest.mark.parametrize(("lines", "old", "new"), LOSSY.values(), ids=LOSSY)
def test_fix_that_loses_something_is_refused(lines: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the edits of a rule are: they are applied, and then compared with the text before."""
    text = f"{HEAD}- [浪](https://e.org/1)\n{lines}\n"

    def careless(subject: IssueSource) -> Iterator[Problem]:
        source = "\n".join(subject.source.lines)
        if old in source and source != fixed:
            start = source.index(old)
            pos = Pos(*locate(source, start), *locate(source, start + len(old)))
            yield Problem(pos, "punctuation", "", "", (Edit(pos, new),))

    def locate(source: str, end: int) -> tuple[int, int]:
        return source.count("\n", 0, end) + 1, end - source.rfind("\n", 0, end)

    fixed = text.replace(old, new, 1)
    monkeypatch.setattr(check, "RULES", (careless,))
    [problem] = check.check_single_issue(parse_issue(text, "2021-03-14.md"), text).problems
    assert SourceText(text).apply_edits(problem.edits) == fixed, "the rule does not do what it should"
    assert apply_fixes(parse_issue, text, "2021-03-14.md").text == text


def test_fix_that_loses_nothing_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    def careful(subject: IssueSource) -> Iterator[Problem]:
        for number, line in enumerate(subject.source.lines, 1):
            if line.endswith(" !"):
                pos = Pos(number, len(line) - 1, number, len(line) + 1)
                yield Problem(pos, "punctuation", "", "", (Edit(pos, "！"),))

    monkeypatch.setattr(check, "RULES", (careful,))
    text = f"{HEAD}- [浪](https://e.org/1)\n好 !\n"
    assert apply_fixes(parse_issue, text, "2021-03-14.md").text == text.replace(" !", "！")


# ------------------------------------------------------------------------ for any text


def holds(text: str, path: str = "2021-03-14.md") -> None:
    issue = parse_issue(text, path)
    before = check_issue(issue, text)
    lines = SourceText(text).lines
    for problem in before:
        assert problem.code in CODES
        for pos in (problem.pos, *(edit.pos for edit in problem.edits)):
            assert 1 <= pos.line <= pos.end_line <= len(lines)
            assert 1 <= pos.column <= len(lines[pos.line - 1]) + 1
            assert 1 <= pos.end_column <= len(lines[pos.end_line - 1]) + 2
    done = apply_fixes(parse_issue, text, path)
    fixed = parse_issue(done.text, path)
    assert apply_fixes(parse_issue, done.text, path).text == done.text
    assert len(check_issue(fixed, done.text)) < len(before) or not done.fixed
    assert len([*fixed.items]) >= len([*issue.items])
    (words, urls), (new_words, new_urls) = collect_content(issue), collect_content(fixed)
    assert words <= new_words
    assert urls <= new_urls


PIECES = [
    *"[]()（）【】*`#-–|｜：:；;，,。 \t>!\\<$⾯ﬁ",
    *("](", "- ", "摘要：", "摘要", "\n- [", "]()", "**", "```\n", "\r\n", "\n\n", "\n## ", "\x0b", "\x00", "\ufeff"),
    *(
        "https://e.org/a",
        "](https://e.org/1",
        "（https://e.org/2）",
        "【甲】https://e.org/3",
        "(https://e.org/[",
        "\n论文：",
    ),
    *("<!-- publish: ignore=punctuation -->", "浪高", "wave/buoy：", " | 海岸线", "[2103.01234] ", "导读：本期3条"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_fix_of_pieces_in_any_order(text: str) -> None:
    holds(HEAD + text)
    holds(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_fix_of_any_text(text: str) -> None:
    holds(text)


@pytest.mark.parametrize("number", sorted(CASES))
def test_fix_of_all_reader_samples(number: str) -> None:
    for place in CASES[number].places:
        holds(place.source, place.path)


def test_fix_of_damaged_real_issues(corpus: Path) -> None:
    chance = random.Random(7)
    for file in sorted(corpus.glob("*/*.md")):
        text = decode(file.read_bytes())
        holds(text, file.name)
        lines = text.split("\n")
        start = chance.randrange(len(lines))
        cut = "\n".join(lines[start : start + 30])
        for _ in range(6):
            at = chance.randrange(len(cut) + 1)
            cut = cut[:at] + chance.choice([*PIECES, ""]) + cut[at + chance.randrange(4) :]
        holds(cut, file.name)
