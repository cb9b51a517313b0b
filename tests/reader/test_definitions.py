"""Link reference definitions: where they are found, and what they leave behind."""

from __future__ import annotations

import pytest

from publisher.model import Item
from publisher.reader import parse_issue
from publisher.transforms import make_publishable
from publisher.writers import html
from tests.reader.test_inlines import shorten_links
from tests.reader.test_invariants import unowned

HEAD = "# 潮汐简报 (2021-03-14)\n\n## 论文\n\n"

FOUND = [  # text below a heading, (label, URL, title) of each definition, what is shown
    ("[a].\n\n[a]:https://e.org/", [("a", "https://e.org/", "")], "<p>{a|https://e.org/}.</p>"),
    ("[a].\n\n[a]:\n  https://e.org/", [("a", "https://e.org/", "")], "<p>{a|https://e.org/}.</p>"),
    ("[a]: <b c>\n 'Title'\n\n[a]", [("a", "b c", "Title")], "<p>{a|b%20c|Title}</p>"),
    ('[a]:\n<b>\n"Ti\ntle"\n[a]', [("a", "b", "Ti\ntle")], "<p>{a|b|Ti\ntle}</p>"),
    ('[a]: /b "x" y\n\n[a]', [], '<p>[a]: /b "x" y</p>|<p>[a]</p>'),
    ('[a]: /b\n"x" y\n\n[a]', [("a", "/b", "")], '<p>"x" y</p>|<p>{a|/b}</p>'),
    ("[a]: /b (t)\n[A]: /c\n\n[a]", [("a", "/b", "t"), ("A", "/c", "")], "<p>{a|/b|t}</p>"),
    ("   [a]: /b\n\n[a]", [("a", "/b", "")], "<p>{a|/b}</p>"),
    ("    [a]: /b\n\n[a]", [], "<pre><code>[a]: /b\n</code></pre>|<p>[a]</p>"),
    ("text\n[a]: /b\n\n[a]", [], "<p>text [a]: /b</p>|<p>[a]</p>"),
    ("[a]: /b\ntext [a]", [("a", "/b", "")], "<p>text {a|/b}</p>"),
    ("[a\\]b]: /c\n\n[a\\]b]", [("a\\]b", "/c", "")], "<p>{a]b|/c}</p>"),
    ("[a\nb]: /c\n\n[A  b]", [("a\nb", "/c", "")], "<p>{A  b|/c}</p>"),
    ("[a]:\n\n[a]", [], "<p>[a]:</p>|<p>[a]</p>"),
    ("[a]: /b&amp;c\\_d '&mdash;'\n\n[a]", [("a", "/b&c_d", "—")], "<p>{a|/b&amp;c_d|—}</p>"),
    ("```\n[a]: /b\n```\n\n[a]", [], "<pre><code>[a]: /b\n</code></pre>|<p>[a]</p>"),
    ("> [a]: /b\n> [a]", [("a", "/b", "")], "<blockquote>\n<p>{a|/b}</p>\n</blockquote>"),
    ("> x\n>\n> [a]:\n> /b\n\n[a]", [("a", "/b", "")], "<blockquote>\n<p>x</p>\n</blockquote>|<p>{a|/b}</p>"),
    ("> x\n> [a]: /b\n\n[a]", [], "<blockquote>\n<p>x [a]: /b</p>\n</blockquote>|<p>[a]</p>"),
    ("> [a]: /b\n\n[a]", [("a", "/b", "")], "<p>{a|/b}</p>"),
    ("[注]: 本文由小明整理", [], "<p>[注]: 本文由小明整理</p>"),
    ("[路]: /路\n\n[路]", [("路", "/路", "")], "<p>{路|/%E8%B7%AF}</p>"),
    ("{% include links.md %}\n[a]: /b\n\n[a]", [("a", "/b", "")], "<p>{a|/b}</p>"),
]


@pytest.mark.parametrize(("text", "definitions", "shown"), FOUND)
def test_definitions(text: str, definitions: list[tuple[str, str, str]], shown: str) -> None:
    issue = parse_issue(HEAD + text)
    assert [(one.label, one.url, one.title) for one in issue.definitions] == definitions
    blocks = [n for section in make_publishable(issue).sections for n in section.content if not isinstance(n, Item)]
    assert shorten_links("|".join(html.blocks((block,)) for block in blocks)) == shown
    assert unowned(HEAD + text, issue) == []


IN_ITEMS = [
    "- [t](https://e.org/1)\n说明 [a]。\n\n[a]: /b",
    "- [t](https://e.org/1)\n\n  说明 [a]。\n\n  [a]:\n  /b\n",
    "1. [t](https://e.org/1)\n\n    [a]: /b\n\n   说明 [a]。\n",
    "- [t](https://e.org/1)\n[a]: /b\n- [u](https://e.org/2)\n说明 [a]。",
    "- [t](https://e.org/1)\n说明 [a]。\n\n> [a]: /b",
]


@pytest.mark.parametrize("text", IN_ITEMS)
def test_definitions_in_items(text: str) -> None:
    issue = parse_issue(HEAD + text)
    assert [(one.label, one.url) for one in issue.definitions] == [("a", "/b")]
    bodies = [shorten_links(html.blocks(item.body)) for item in make_publishable(issue).items]
    assert bodies[-1] == "<p>说明 {a|/b}。</p>"
    assert unowned(HEAD + text, issue) == []


def test_an_unsafe_definition_is_dropped_and_its_reference_is_text() -> None:
    issue = parse_issue(f"{HEAD}[a]\n\n[a]:\njavascript:alert(1)\n")
    assert issue.definitions == ()
    assert [(one.name, one.inline, one.pos.line, one.pos.end_line) for one in issue.dropped] == [
        ("unsafe-url", False, 7, 8)
    ]


HIDDEN = [  # text, names of what is dropped, what is shown
    ("<!-- a\n\nb --> tail", ["comment"], "<p>tail</p>"),
    ("<script>\nx\n</script> tail", ["script"], "<p>tail</p>"),
    ("<title>\nx\n</title>\n\nb", ["title"], "<p>b</p>"),
    ("<script> is a tag.\n\nMore.\n\n</script>", [], "<p>&lt;script&gt; is a tag.</p>|<p>More.</p>"),
    ("<style>\n\nMore.", [], "<p>&lt;style&gt;</p>|<p>More.</p>"),
    ("<!-- open\n\nMore.", [], "<p>&lt;!-- open</p>|<p>More.</p>"),
]


@pytest.mark.parametrize(("text", "dropped", "shown"), HIDDEN)
def test_what_is_hidden_ends_where_it_ends(text: str, dropped: list[str], shown: str) -> None:
    issue = parse_issue(HEAD + text)
    assert [one.name for one in issue.dropped] == dropped
    blocks = [node for section in make_publishable(issue).sections for node in section.content]
    assert "|".join(html.blocks((block,)) for block in blocks) == shown  # type: ignore[arg-type]  # no items
    assert unowned(HEAD + text, issue) == []
