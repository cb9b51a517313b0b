"""Writers: one row per node kind, for HTML and for plain text."""

from __future__ import annotations

import pytest

from publisher.model import (
    Block,
    Break,
    Code,
    CodeBlock,
    Em,
    Figure,
    Footnote,
    FootnoteRef,
    Footnotes,
    Heading,
    Image,
    Inline,
    Link,
    List,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Strong,
    Sub,
    Sup,
    Table,
    Text,
    Underline,
    plain,
)
from publisher.writers import html, text

INLINES: list[tuple[Inline, str, str]] = [
    (Text("a<b & c"), "a&lt;b &amp; c", "a<b & c"),
    (Text('"引号"'), '"引号"', '"引号"'),
    (Strong((Text("粗"),)), "<strong>粗</strong>", "粗"),
    (Em((Text("斜"),)), "<em>斜</em>", "斜"),
    (Strike((Text("10"),)), "<s>10</s>", "~~10~~"),
    (Underline((Text("下"),)), "<u>下</u>", "下"),
    (Mark((Text("亮"),)), "<mark>亮</mark>", "亮"),
    (Sup((Text("-3"),)), "<sup>-3</sup>", "⁻³"),
    (Sup((Text("n+1"),)), "<sup>n+1</sup>", "^(n+1)"),
    (Sup((Text("th"),)), "<sup>th</sup>", "th"),
    (Sup((Em((Text("9"),)),)), "<sup><em>9</em></sup>", "⁹"),
    (Sub((Text("2"),)), "<sub>2</sub>", "₂"),
    (Sub((Text("max"),)), "<sub>max</sub>", "_(max)"),
    (Code("Vec<T>"), "<code>Vec&lt;T&gt;</code>", "Vec<T>"),
    (Break(), "<br>\n", "\n"),
    (FootnoteRef("a", 2), '<sup id="fnref-2"><a href="#fn-2">[2]</a></sup>', "[2]"),
    (FootnoteRef("a", 2, 2), '<sup><a href="#fn-2">[2]</a></sup>', "[2]"),
    (
        Link((Text("文"),), "https://e.org/?a=1&b"),
        '<a href="https://e.org/?a=1&amp;b">文</a>',
        "文（https://e.org/?a=1&b）",
    ),
    (Link((Text("text"),), "https://e.org/"), '<a href="https://e.org/">text</a>', "text (https://e.org/)"),
    (
        Link((Text("text"),), "https://e.org/", 'a "b" <c>'),
        '<a href="https://e.org/" title="a &quot;b&quot; &lt;c&gt;">text</a>',
        "text (https://e.org/)",
    ),
    (
        Image("https://e.org/a.png", "图", "题"),
        '<img src="https://e.org/a.png" alt="图" title="题">',
        "图（https://e.org/a.png）",
    ),
    (
        Link((Text("https://e.org/"),), "https://e.org/"),
        '<a href="https://e.org/">https://e.org/</a>',
        "https://e.org/",
    ),
    (Link((), "https://e.org/"), '<a href="https://e.org/">https://e.org/</a>', "https://e.org/"),
    (
        Link((Text("x"),), 'https://e.org/"><script>'),
        '<a href="https://e.org/%22%3E%3Cscript%3E">x</a>',
        'x (https://e.org/"><script>)',
    ),
    (Link((Text("x"),), "java\tscript:alert(1)"), '<a href="#">x</a>', "x (java\tscript:alert(1))"),
    (
        Link((Text("中"),), "https://例子.org/路"),
        '<a href="https://xn--fsqu00a.org/%E8%B7%AF">中</a>',
        "中（https://例子.org/路）",
    ),
    (
        Image("https://e.org/a.png", '图"甲"'),
        '<img src="https://e.org/a.png" alt="图&quot;甲&quot;">',
        '图"甲" (https://e.org/a.png)',
    ),
    (Image("https://e.org/a.png", ""), '<img src="https://e.org/a.png" alt="">', "https://e.org/a.png"),
]

P = Paragraph((Text("段"),))
BLOCKS: list[tuple[Block, str, str]] = [
    (P, "<p>段</p>", "段"),
    (
        List(((P,), (P, List(((P,),))))),
        "<ul>\n<li>段</li>\n<li>段\n<ul>\n<li>段</li>\n</ul></li>\n</ul>",
        "- 段\n- 段\n  - 段",
    ),
    (List(((P,), ()), ordered=True, start=3), '<ol start="3">\n<li>段</li>\n<li></li>\n</ol>', "3. 段\n4."),
    (Quote((P, P)), "<blockquote>\n<p>段</p>\n<p>段</p>\n</blockquote>", "> 段\n>\n> 段"),
    (CodeBlock(""), "<pre><code></code></pre>", ""),
    (CodeBlock("if a < b:\n\n    c"), "<pre><code>if a &lt; b:\n\n    c\n</code></pre>", "    if a < b:\n\n        c"),
    (Rule(), "<hr>", "* * *"),
    (Heading(3, (Text("头"),)), "<h3>头</h3>", "头"),
    (
        List(((P,), (P,), ()), tasks=(False, True, True)),
        "<ul>\n<li>☐ 段</li>\n<li>☑ 段</li>\n<li>☑</li>\n</ul>",
        "- ☐ 段\n- ☑ 段\n- ☑",
    ),
    (
        Quote((P,), kind="note", title=(Text("注"),)),
        "<blockquote>\n<p><strong>注</strong></p>\n<p>段</p>\n</blockquote>",
        "> 注\n>\n> 段",
    ),
    (
        Table(((Text("甲"),), (Text("乙"),)), (((Text("1"),), (Text("2"),), ()),), ("", "right")),
        '<table>\n<thead>\n<tr><th>甲</th><th style="text-align:right">乙</th><th></th></tr>\n</thead>\n<tbody>\n'
        '<tr><td>1</td><td style="text-align:right">2</td><td></td></tr>\n</tbody>\n</table>',
        "甲 | 乙\n1 | 2 | ",
    ),
    (
        Footnotes((Footnote("a", 2, (P, P)), Footnote("b", 3, (CodeBlock("x"),)))),
        '<ol>\n<li id="fn-2" value="2"><p>段</p>\n<p>段 <a href="#fnref-2">↩</a></p></li>\n'
        '<li id="fn-3" value="3"><pre><code>x\n</code></pre>\n<p><a href="#fnref-3">↩</a></p></li>\n</ol>',
        "[2] 段\n\n    段\n[3]     x",
    ),
    (
        Table(((Text("甲"),), (Text("乙"),)), (((Text("1"),),), ((Text("1"),), (Text("2"),), (Text("3"),)))),
        "<table>\n<thead>\n<tr><th>甲</th><th>乙</th><th></th></tr>\n</thead>\n<tbody>\n"
        "<tr><td>1</td><td></td><td></td></tr>\n<tr><td>1</td><td>2</td><td>3</td></tr>\n</tbody>\n</table>",
        "甲 | 乙\n1\n1 | 2 | 3",
    ),
    (
        Figure(Image("https://e.org/a.png", "图")),
        '<figure><img src="https://e.org/a.png" alt="图"><figcaption>图</figcaption></figure>',
        "图（https://e.org/a.png）",
    ),
    (
        Figure(Image("https://e.org/a.png", ""), "https://e.org/b"),
        '<figure><a href="https://e.org/b"><img src="https://e.org/a.png" alt=""></a></figure>',
        "https://e.org/a.png (https://e.org/b)",
    ),
]


@pytest.mark.parametrize(("node", "as_html", "as_text"), INLINES)
def test_inlines(node: Inline, as_html: str, as_text: str) -> None:
    assert html.inlines((node,)) == as_html
    assert text.inlines((node,)) == as_text


@pytest.mark.parametrize(("node", "as_html", "as_text"), BLOCKS)
def test_blocks(node: Block, as_html: str, as_text: str) -> None:
    assert html.blocks((node,)) == as_html
    assert text.blocks((node,)) == as_text


@pytest.mark.parametrize(
    ("node", "as_html", "as_text"), [row for row in INLINES if not isinstance(row[0], Link | Image | FootnoteRef)]
)
def test_text_without_markup_says_the_same(node: Inline, as_html: str, as_text: str) -> None:
    assert plain((node,)) == as_text.replace("\n", " ")


def test_footnotes_without_anchors_have_no_link_and_no_id() -> None:
    nodes = (
        Paragraph((FootnoteRef("a", 2), FootnoteRef("a", 2, 2))),
        Footnotes((Footnote("a", 2, (P,)), Footnote("b", 3, (Rule(),)))),
    )
    assert html.remove_anchors(html.blocks(nodes)) == (
        '<p><sup>[2]</sup><sup>[2]</sup></p>\n<ol>\n<li value="2">段</li>\n<li value="3"><hr></li>\n</ol>'
    )


def test_every_node_kind_has_a_row() -> None:
    assert {type(row[0]) for row in INLINES} == set(Inline.__args__)
    assert {type(row[0]) for row in BLOCKS} == set(Block.__args__)


def test_unsafe_urls_that_did_not_come_from_the_reader() -> None:
    link, image = Link((Text("a"),), "tg://x"), Image("weixin://x", "b")
    assert html.inlines((link, image)) == '<a href="#">a</a><img src="#" alt="b">'
    assert html.inlines((Image("tel:1", "b"),)) == '<img src="#" alt="b">'
