"""Blocks in HTML, as of articles that were pasted: they are what Markdown of the same is."""

from __future__ import annotations

import pytest

from publisher.reader import parse_issue
from publisher.transforms import make_publishable
from tests.reader.newsletters.outline import outline

PAIRS = [
    ("<ul><li>a</li><li>b <b>c</b></li></ul>", "- a\n- b **c**"),
    ("<ul>\n  <li>a\n    <ul>\n      <li>b</li>\n    </ul>\n  </li>\n  <li>c</li>\n</ul>", "- a\n  - b\n- c"),
    ("<OL start=3>\n<LI>a\n<LI>b\n</OL>", "3. a\n4. b"),
    ("<ol><li value='7'>a</li><li>b</li></ol>", "7. a\n8. b"),
    ("<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>", "- a\n\n  b\n- c"),
    ("<ul>\n<li>\n<pre><code>x = 1\n\ny</code></pre>\n</li>\n</ul>", "-\n  ```\n  x = 1\n\n  y\n  ```"),
    ("<blockquote>a</blockquote>", "> a"),
    ("<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>", "> a\n>\n> b"),
    ("<blockquote><p>a</p><ul><li>b</li></ul></blockquote>", "> a\n>\n> - b"),
    ("<blockquote>\n\na *b*\n\n- c\n\n</blockquote>", "> a *b*\n>\n> - c"),
    ("<ul><li>a <blockquote>b</blockquote></li></ul>", "- a\n  > b"),
    ("<blockquote>a</blockquote>\n<blockquote>b</blockquote>", "> a\n\n> b"),
    ("<p>a</p>\n<p>b\nc</p>", "a\n\nb\nc"),
    ("<p>a</p><p>b</p>", "a\n\nb"),
    ("<p>a<br>b</p>\nc", "a<br>b\n\nc"),
    ("<div><p># a</p><p>1. b</p><p>- c</p></div>", "\\# a\n\n1\\. b\n\n\\- c"),
    ("<p><a href='https://e.org/1'>a</a> b</p>", "[a](https://e.org/1) b"),
    ("<dl><dt>a</dt><dd>b</dd><dd>c</dd><dt>d</dt><dd>e</dd></dl>", "a\n: b\n: c\n\nd\n: e"),
    ("<ul><li>a <blockquote>b<p>c</p></blockquote> d</li></ul>", "- a\n\n  > b\n  >\n  > c\n\n  d"),
]


def blocks(markdown: str) -> list[str]:
    return list(outline(make_publishable(parse_issue(f"# Tides\n\n{markdown}\n", "issues/2026-11-01.md"))))


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("place", ["Text.\n\n{}\n\n## News\n\nMore.", "## News\n\nText.\n\n{}\n\nMore."])
def test_blocks_in_html_are_those_of_markdown(pair: tuple[str, str], place: str) -> None:
    html, markdown = (blocks(place.format(text)) for text in pair)
    assert html == markdown


@pytest.mark.parametrize("pair", PAIRS)
def test_blocks_in_html_below_an_item(pair: tuple[str, str]) -> None:
    html, markdown = ([f"  {line}".rstrip() for line in text.split("\n")] for text in pair)
    assert blocks("\n".join(["## News\n\n- [x](https://e.org/x)\n", *html])) == blocks(
        "\n".join(["## News\n\n- [x](https://e.org/x)\n", *markdown])
    )


ARTICLE = """<h2 class="x">News</h2>
<h3><a href="https://e.org/1" target="_blank">Owls</a></h3>
<p>They hunt.</p>
<div><h3>
  <a href="https://e.org/2"><b>Boats</b></a>
</h3></div>
<p>They float.</p>
<h2>More</h2>
<ul>
<li><a href="https://e.org/3">Tides</a>, daily</li>
</ul>"""


def test_an_article_in_html_has_sections_and_items() -> None:
    assert blocks(ARTICLE)[1:] == [
        "## News",
        "item Owls <https://e.org/1>",
        "  p They hunt.",
        "item **Boats** <https://e.org/2>",
        "  p They float.",
        "## More",
        "item Tides <https://e.org/3> +, daily",
    ]


def test_of_several_headings_in_a_line_each_is_bold() -> None:
    assert blocks("## News\n\n<h3>a</h3><h3>b</h3>\n<h4>c</h4> d")[2:] == ["p **a**", "p **b**", "p **c**", "p d"]


LINK = '<a href="https://e.org/1" rel="x">Owls</a>', "[Owls](https://e.org/1)"
LINKS = [LINK, (f"<b>{LINK[0]}</b>", f"**{LINK[1]}**"), (f"<strong>{LINK[0]}</strong>", f"**{LINK[1]}**")]


@pytest.mark.parametrize(("html", "markdown"), LINKS)
@pytest.mark.parametrize("head", ["- {}: more", "1. {}: more", "### {}"])
def test_a_link_in_html_begins_an_item(head: str, html: str, markdown: str) -> None:
    assert blocks(f"## News\n\n{head.format(html)}") == blocks(f"## News\n\n{head.format(markdown)}")


@pytest.mark.parametrize(
    "text", ["<ul>\n<li>a", "<p>a\n\nb", "a <ul> b", "</ul>\na", "<blockquote>a", "<h2>a", "```\n<ul>\n</ul>\n```"]
)
def test_what_is_no_whole_block_is_left_as_it_is(text: str) -> None:
    found = " ".join(blocks(f"## News\n\n{text}\n\nAfter.")[2:])
    assert found.endswith("p After.")
    assert not {"-", ">"} & set(found.split())


def test_places_are_those_of_the_source() -> None:
    issue = parse_issue("# Tides\n\n## News\n\n<ul>\n<li>a</li>\n\n<li>See {{ x }}.</li>\n</ul>\n")
    assert {(dropped.pos.line, dropped.pos.column) for dropped in issue.dropped} == {(8, 5)}


@pytest.mark.parametrize(
    "text",
    ["<h3>a\n<h4>b</h4>\n</h3>\nc", "<h3>a</h2>\nb\n<h2></h3>\nc", "<div><h3>a\n<ul></h2><li>b</li></ul></div>\nc"],
)
def test_headings_that_are_closed_as_others_lose_nothing(text: str) -> None:
    found = " ".join(blocks(f"## News\n\nText.\n\n{text}\n\nAfter."))
    assert {"a", "b", "c"} <= set(found.replace("*", "").split()), found
