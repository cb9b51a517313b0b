"""The blocks of issues, line by line, as another Markdown parser reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.reader import decode, parse_issue
from tests.judges.block_lines import Place, places_of_commonmark, places_of_issue, remaining_lines

HERE = Path(__file__).parent
OWN_FILES = sorted([*HERE.glob("issues/*.md"), *HERE.parent.glob("reader/bugs/*.md")])
MARKER = re.compile(r"\s*(?:[-*+•](?:\s|\Z)|\d{1,3}(?:[.)]|、))")
FIELD = re.compile(r"\s*(?:[-*]|\d+[.)])\s+[^\s:：][^:：]{0,23}[:：]\s*https?://")
CODE_IN_HTML = re.compile(r"\s*(?:<(?:div|figure)\b[^<>]*>\s*)*<pre\b")
OWN_MARK = re.compile(
    r"\s*(?:[–—•；]|-(?=\[)|#{7,}|>?\s*导读[:：])|\s*[-*+]\Z|(?:业界)?新闻\Z|论文\Z|开源项目\Z|博文\Z|往期回顾\Z"
)


class Difference(NamedTuple):
    """A line that stands elsewhere for us: the line, and its place for us and for CommonMark."""

    line: str
    ours: Place | None
    theirs: Place | None


def around(place: Place | None) -> tuple[str, ...]:
    return place.around if place else ()


def belongs_to_the_item_above(one: Difference) -> bool:
    return bool(one.ours and one.theirs) and one.ours == one.theirs._replace(around=("item", *one.theirs.around))


def goes_on_with_an_outer_item(one: Difference) -> bool:
    """Lines without the indent of a nested list."""
    if not (one.ours and one.theirs) or one.theirs.kind != "text" or one.theirs.starts:
        return False
    return one.ours.kind == "text" and one.theirs.around[: len(one.ours.around)] == one.ours.around


def is_a_list_below_text(one: Difference) -> bool:
    return bool(MARKER.match(one.line)) and around(one.ours) == (*around(one.theirs), "item")


def is_a_field(one: Difference) -> bool:
    return bool(FIELD.match(one.line)) and (*around(one.ours), "item") == around(one.theirs)


def is_a_table(one: Difference) -> bool:
    return bool(one.ours and one.theirs) and (one.ours.kind, one.theirs.kind) == ("table", "text")


def is_code_in_html(one: Difference) -> bool:
    return bool(one.ours and one.theirs) and one.ours.kind == "code" and CODE_IN_HTML.match(one.line) is not None


def is_a_mark_of_newsletters(one: Difference) -> bool:
    return OWN_MARK.match(one.line) is not None


AGREED: dict[Callable[[Difference], bool], tuple[str, str]] = {
    belongs_to_the_item_above: ("below an item, what stands at the margin is its text", "- [a](u)\n\ntext"),
    goes_on_with_an_outer_item: (
        "what resumes at the left of a nested list is no part of its last item",
        "- [a](u)\n\n  1. one\n  甲",
    ),
    is_a_list_below_text: (
        "a list may follow text with any number, and at the margin below a numbered item",
        "1. [a](u)\n2. [b](u)\n- one",
    ),
    is_a_field: (
        "a label with an address is a field of the item, with or without a marker",
        "- [a](u)\n  - 代码：https://e.org/1",
    ),
    is_a_table: ("a simple table in HTML is a table", "<table>\n<tr><td>1</td></tr>\n</table>"),
    is_code_in_html: ("code in HTML is code", "<pre>\nx\n</pre>"),
    is_a_mark_of_newsletters: (
        "headings without hashes, dashes for bullets, marks that close a sentence",
        "- [a](u)\n-[b](u)",
    ),
}


def differences(text: str, path: str = "2021-03-14.md") -> Iterator[Difference]:
    """The lines that differ, unless it is agreed; with them those that only follow another which is."""
    issue = parse_issue(text, path)
    lines = remaining_lines(text, issue)
    ours, theirs = places_of_issue(issue, lines), places_of_commonmark(lines)
    is_agreed = False
    for number, line in enumerate(lines, 1):
        one = Difference(line, ours.get(number), theirs.get(number))
        goes_on = one.ours is None or one.theirs is None or not (one.ours.starts and one.theirs.starts)
        if not line.strip(" \t>") or one.ours == one.theirs:
            is_agreed = is_agreed and goes_on and bool(line.strip())
        elif any(agrees(one) for agrees in AGREED) or (is_agreed and goes_on):
            is_agreed = True
        else:
            is_agreed = False
            yield one


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda path: path.stem)
def test_own_issues_have_the_blocks_of_commonmark(path: Path) -> None:
    assert list(differences(path.read_text("utf-8"), path.name)) == []


def test_real_issues_have_the_blocks_of_commonmark(corpus: Path) -> None:
    files = sorted(path for path in corpus.rglob("*") if path.suffix in (".md", ".markdown", ".txt"))
    assert len(files) > 40
    found = {path.name: list(differences(decode(path.read_bytes(), path.name), path.name)) for path in files}
    assert {name: some for name, some in found.items() if some} == {}


WORDS = [
    "a",
    "two words",
    "*em* x",
    "[a](https://e.org/1)",
    "`x` y",
    "Vec<T>",
    "a | b",
    "#tag",
    "2 - 1",
    "-- z",
    "end.",
]
CODE = ["x = 1", "", "  y", "- no item", "> no quote", "# no heading", "---", "| a |"]


class Text(NamedTuple):
    """A line of a block; `goes_on`: it continues a paragraph, and so may lack the marks of a quote or list."""

    line: str
    goes_on: bool = False


def lines_of(*lines: str) -> list[Text]:
    return [Text(line) for line in lines]


PARAGRAPHS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(
    lambda lines: [Text(line, goes_on=at > 0) for at, line in enumerate(lines)]
)
FENCES = st.tuples(st.sampled_from(["```", "~~~", "```` py"]), st.lists(st.sampled_from(CODE), max_size=3)).map(
    lambda code: lines_of(code[0], *code[1], code[0].removesuffix(" py"))
)
LEAVES = st.one_of(
    PARAGRAPHS,
    FENCES,
    st.sampled_from(["# h", "## h ##", "#### h *x*", "***", "* * *", "___"]).map(lines_of),
    st.sampled_from(
        [("", "    code"), ("", "    code", "", "      more"), ("", "Two", "lines", "==="), ("", "One", "=")]
    ).map(lambda lines: lines_of(*lines, "")),
    st.just(lines_of("", "| a | b |", "|---|:-:|", "| 1 | 2 |", "")),
)
"""A table ends at a blank line: below it, GFM takes a line without bars for a row, too."""


@st.composite
def containers(draw: st.DrawFn, children: st.SearchStrategy[list[Text]], *, lazy: bool) -> list[Text]:
    """A quote or a list of these blocks; if `lazy`, some lines that go on with its first paragraph lack its marks."""
    marker = draw(st.sampled_from(["> ", "- ", "* ", "+ ", "1. ", "1) "]))
    made: list[Text] = []
    for item in range(1 if marker == "> " else draw(st.integers(1, 3))):
        head = draw(PARAGRAPHS)
        inside = head + lines_of(*[""] * draw(st.integers(0, 1))) + draw(children)
        first = marker.replace("1", str(item + 1))
        indent = marker if marker == "> " else " " * len(marker)
        for at, text in enumerate(inside):
            if lazy and 0 < at < len(head) and draw(st.integers(0, 5)) == 0:
                made.append(text)
            else:
                made.append(Text(((indent if at else first) + text.line).rstrip(), text.goes_on))
        made += lines_of(*[""] * draw(st.integers(0, 1)))
    return made


def bodies(*, lazy: bool) -> st.SearchStrategy[list[str]]:
    """Random blocks, with a blank line between some of them."""

    def several(one: st.SearchStrategy[list[Text]]) -> st.SearchStrategy[list[Text]]:
        spaced = st.tuples(one, st.sampled_from([[], lines_of(""), lines_of("", "")])).map(
            lambda pair: pair[0] + pair[1]
        )
        return st.lists(spaced, min_size=1, max_size=3).map(lambda parts: [*chain(*parts)])

    nested = st.recursive(LEAVES, lambda inner: st.one_of(inner, containers(several(inner), lazy=lazy)), max_leaves=8)
    return several(nested).map(lambda body: [text.line for text in body])


def issue_of(before: str, indent: str, body: list[str]) -> str:
    inside = "\n".join((indent + line).rstrip() for line in body)
    return f"# Tides (2021-03-14)\n\n## News\n\n{before}\n\n{inside}\n\n## End\n\nText.\n"


RANDOM = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@RANDOM
@given(bodies(lazy=True))
def test_random_blocks_in_a_quote_are_those_of_commonmark(body: list[str]) -> None:
    assert list(differences(issue_of("Text.", "> ", body))) == []


@RANDOM
@given(bodies(lazy=False))
def test_random_blocks_in_an_item_are_those_of_commonmark(body: list[str]) -> None:
    assert list(differences(issue_of("- [a](https://e.org/1)\n\n  Text.", "  ", body))) == []


@RANDOM
@given(bodies(lazy=False))
def test_random_blocks_below_a_bullet_of_the_opening_are_those_of_commonmark(body: list[str]) -> None:
    inside = "\n".join(("  " + line).rstrip() for line in body)
    text = f"# Tides (2021-03-14)\n\nHello.\n\n- One\n\n  Text.\n\n{inside}\n\n- Two\n\n## End\n\nText.\n"
    assert list(differences(text)) == []


@RANDOM
@given(bodies(lazy=False))
def test_random_blocks_at_the_margin_are_those_of_commonmark(body: list[str]) -> None:
    assert list(differences(issue_of("Text.", "", body))) == []


def test_each_agreed_difference_is_one() -> None:
    for agrees, (_, text) in AGREED.items():
        lines = f"# Tides (2021-03-14)\n\n## News\n\n{text}".split("\n")
        issue = parse_issue("\n".join(lines), "2021-03-14.md")
        ours, theirs = places_of_issue(issue, lines), places_of_commonmark(lines)
        found = [Difference(line, ours.get(at), theirs.get(at)) for at, line in enumerate(lines, 1)]
        assert any(agrees(one) for one in found if one.ours != one.theirs), text


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("> a\n> b", "> a\n>\n> b"),
        ("- [a](u)\n\n  ```\n  x\n  ```", "- [a](u)\n\n  ~x\n  x\n  ~x"),
        ("- [a](u)\n- [b](u)", "- [a](u)\n  [b](u)"),
        ("text", "> text"),
    ],
)
def test_the_judge_tells_blocks_apart(ours: str, theirs: str) -> None:
    issue = parse_issue(f"## News\n\n{ours}\n")
    lines = ["## News", "", *theirs.split("\n"), ""]
    assert places_of_issue(issue, lines) != places_of_commonmark(lines)
