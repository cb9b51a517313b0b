"""Inline Markdown: what a line becomes, as HTML, and as text without markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Definition, Dropped, plain
from publisher.reader import emphasis
from publisher.reader.emphasis import build_delimiter, pair_delimiters
from publisher.reader.inlines import InlineReader
from publisher.writers import html

DEFINITIONS = (
    Definition("bolt1 init", "https://e.org/bolt1"),
    Definition("Foo  Bar", "https://e.org/first", title="First"),
    Definition("foo bar", "https://e.org/second"),
    Definition("ẞ", "https://e.org/sz"),
)


def reader() -> InlineReader:
    return InlineReader.for_definitions(DEFINITIONS)


def to_html(text: str) -> str:
    return shorten_links(html.inlines(reader().read(text)).replace("<br>\n", "<br>"))


def shorten_links(text: str) -> str:
    """Links as {text|URL|title}, bare ones as {text}."""

    def shorten(match: re.Match[str]) -> str:
        url, title, shown = match.groups("")
        is_bare = url in (shown, f"mailto:{shown}", f"http://{shown}")
        return "{" + "|".join([shown, *([] if is_bare else [url]), *([title] if title else [])]) + "}"

    return re.sub(r'<a href="([^"]*)"(?: title="([^"]*)")?>(.*?)</a>', shorten, text)


ENTITIES = [
    ("wait&hellip; then&mdash;now, 2019&ndash;2020", "wait… then—now, 2019–2020"),
    ("&thetasym; &hearts; &thinsp;| &theta; &rarr; &ldquo;&euro;&rdquo;", "ϑ ♥ \u2009| θ → “€”"),
    ("AT&notanentity; a&region;b AT&T &copy &copyright; &x; &;", None),
    ("&#8212; &#x2014; &#X2014;", "— — —"),
    ("&#0; &#x110000; &#xD800; &#9999999; &#7;", "� � � � �"),
    ("&#12345678; &#x1234567; &#; &#x;", None),
    ("&#146; &#128;", "’ €"),
    ("&nbsp;|&#160;|", " | |"),
    ("`&mdash; &amp;`", "<code>&amp;mdash; &amp;amp;</code>"),
    ("&#42;not&#42; &#95;em&#95; &lt;b&gt;x&lt;/b&gt;", "*not* _em_ &lt;b&gt;x&lt;/b&gt;"),
    ("\\&mdash; &amp;mdash; \\&amp;", "&amp;mdash; &amp;mdash; &amp;amp;"),
    ("*&mdash;* **&hellip;**", "<em>—</em> <strong>…</strong>"),
    ("[x](https://e.org/?a=1&amp;b=2&region;c&copy=1)", "{x|https://e.org/?a=1&amp;b=2&amp;region;c&amp;copy=1}"),
    (
        '[x](https://e.org/ "A &mdash; &quot;B&quot; \\"C\\" &nope;")',
        "{x|https://e.org/|A — &quot;B&quot; &quot;C&quot; &amp;nope;}",
    ),
    (
        '<a href="https://e.org/?a=1&region=x&amp;b" title="&mdash;">x</a>',
        "{x|https://e.org/?a=1&amp;region=x&amp;b|—}",
    ),
    ("<https://e.org/?a&amp;b>", "{https://e.org/?a&amp;b}"),
    ("https://e.org/?a=1&amp;b=2", "{https://e.org/?a=1&amp;b=2}"),
    ("![&mdash;](https://e.org/a.png 'T &amp; U')", '<img src="https://e.org/a.png" alt="—" title="T &amp; U">'),
]


@pytest.mark.parametrize(("text", "expected"), ENTITIES)
def test_entities(text: str, expected: str | None) -> None:
    """None: the text stays as it is."""
    assert to_html(text) == (html.escape_text(text) if expected is None else expected)


EMPHASIS = [
    (
        "**_x_** and _**z**_ and *__y__*",
        "<strong><em>x</em></strong> and <em><strong>z</strong></em> and <em><strong>y</strong></em>",
    ),
    ("*foo**bar**baz*", "<em>foo<strong>bar</strong>baz</em>"),
    ("*foo**bar*", "<em>foo**bar</em>"),
    ("***a** b*", "<em><strong>a</strong> b</em>"),
    ("***a* b**", "<strong><em>a</em> b</strong>"),
    ("*a **b***", "<em>a <strong>b</strong></em>"),
    ("foo***bar***baz", "foo<em><strong>bar</strong></em>baz"),
    ("snake_case_name, __init__.py, a__b__c", "snake_case_name, <strong>init</strong>.py, a__b__c"),
    ("*a_b* _a*b_ *x _y* z_", "<em>a_b</em> <em>a*b</em> <em>x _y</em> z_"),
    ("2 * 3 * 4 ** 5 _ 6 _", "2 * 3 * 4 ** 5 _ 6 _"),
    ("**[t](https://e.org/).** after", "<strong>{t|https://e.org/}.</strong> after"),
    ("*[a](https://e.org/) b*, _[c](https://e.org/)_", "<em>{a|https://e.org/} b</em>, <em>{c|https://e.org/}</em>"),
    ("**中文（注）**后，**“引”**和*斜*体", "<strong>中文（注）</strong>后，<strong>“引”</strong>和<em>斜</em>体"),
    ("**甲***乙*和***丙***", "<strong>甲</strong><em>乙</em>和<em><strong>丙</strong></em>"),
    ("** 加粗 ** 后", "<strong> 加粗 </strong> 后"),
]


@pytest.mark.parametrize(("text", "expected"), EMPHASIS)
def test_emphasis(text: str, expected: str) -> None:
    assert to_html(text) == expected


MEANING = [  # text, HTML, text without markup
    ("~~10~~ 8", "<s>10</s> 8", "~~10~~ 8"),
    ("~10~ 8", "<s>10</s> 8", "~~10~~ 8"),
    ("~~一些，不过…~~好", "<s>一些，不过…</s>好", "~~一些，不过…~~好"),
    ("~~a **b** c~~ ~~~d~~~ ~~e~", "<s>a <strong>b</strong> c</s> ~~~d~~~ ~~e~", "~~a b c~~ ~~~d~~~ ~~e~"),
    ("重3~5公斤，长10~20米，~/bin 和 ~/lib", None, "重3~5公斤，长10~20米，~/bin 和 ~/lib"),
    ("`~~a~~` \\~~b~~", "<code>~~a~~</code> ~~b~~", "~~a~~ ~~b~~"),
    ("<del>10</del><ins>8</ins>", "<s>10</s><u>8</u>", "~~10~~8"),
    ('<S>a</S> <strike class="x">b</strike> <DEL cite=c>d</DEL>', "<s>a</s> <s>b</s> <s>d</s>", "~~a~~ ~~b~~ ~~d~~"),
    (
        "10<sup>9</sup> 10<SUP>-3</SUP> x<sup>n+1</sup> 1<sup>st</sup>",
        "10<sup>9</sup> 10<sup>-3</sup> x<sup>n+1</sup> 1<sup>st</sup>",
        "10⁹ 10⁻³ x^(n+1) 1st",
    ),
    ("CO<sub>2</sub> x<sub>max</sub>", "CO<sub>2</sub> x<sub>max</sub>", "CO₂ x_(max)"),
    ("<u>a</u> <mark>b</mark>", "<u>a</u> <mark>b</mark>", "a b"),
    ("**10<sup>*9*</sup>**", "<strong>10<sup><em>9</em></sup></strong>", "10⁹"),
    ("Vec<u> and a<sup>", None, "Vec<u> and a<sup>"),
    ("a<sup></sup> b<del></del>", "a b", "a b"),
]


@pytest.mark.parametrize(("text", "expected", "said"), MEANING)
def test_markup_that_changes_the_meaning(text: str, expected: str | None, said: str) -> None:
    nodes = reader().read(text)
    assert html.inlines(nodes) == (html.escape_text(text) if expected is None else expected)
    assert plain(nodes) == said


BARE = [
    ("Write to me.too@example.org.", "Write to {me.too@example.org}."),
    ("a.b-c_d@a.b a.b-c_d@a.b. ", "{a.b-c_d@a.b} {a.b-c_d@a.b}. "),
    ("a.b-c_d@a.b- a.b-c_d@a.b_ a@b a@b@c.org x/y@e.org @me A76@2.0GHz", None),
    ("hello@mail+xyz.example but hello+xyz@mail.example", "hello@mail+xyz.example but {hello+xyz@mail.example}"),
    ("mailto:me@e.org XMPP:me@e.org", "{mailto:me@e.org} {XMPP:me@e.org}"),
    ("写信到me@e.org，或 **you@e.org**", "写信到{me@e.org}，或 <strong>{you@e.org}</strong>"),
    ("[me@e.org](https://e.org/) `me@e.org`", "{me@e.org|https://e.org/} <code>me@e.org</code>"),
    ("www.commonmark.org/help for more", "{www.commonmark.org/help} for more"),
    ("(www.e.org/x_(y)) www.e.org/a.b. www.e.org/q?(a)?", "({www.e.org/x_(y)}) {www.e.org/a.b}. {www.e.org/q?(a)}?"),
    ("www.e.org/s?q=m&hl=en www.e.org/s?q=m&hl;", "{www.e.org/s?q=m&amp;hl=en} {www.e.org/s?q=m}&amp;hl;"),
    ("官网www.e.org。**www.e.org**", "官网{www.e.org}。<strong>{www.e.org}</strong>"),
    ("awww.e.org www. www._a.b www.x_y.org", None),
    ("https://e.org/a_b_c_ _https://e.org/d_", "{https://e.org/a_b_c_} <em>{https://e.org/d}</em>"),
    ("https://e.org/x(a)), HTTPS://E.ORG/ ftp://e.org/f.", "{https://e.org/x(a)}), {HTTPS://E.ORG/} {ftp://e.org/f}."),
    ("https://my_host.e.org/ https://e_x.org/", "{https://my_host.e.org/} https://e_x.org/"),
    ("看https://e.org/a，然后", "看{https://e.org/a}，然后"),
]


@pytest.mark.parametrize(("text", "expected"), BARE)
def test_links_without_brackets(text: str, expected: str | None) -> None:
    assert to_html(text) == (html.escape_text(text) if expected is None else expected)


REFERENCES = [
    (
        "- [C-Lightning #3477][] lets plugins use [BOLT1][bolt1 init]",
        "- [C-Lightning #3477][] lets plugins use {BOLT1|https://e.org/bolt1}",
    ),
    ("[X][] [X][y] [X] [][] [ ]", None),
    ("[X][y][foo bar]", "[X]{y|https://e.org/first|First}"),
    (
        "[t][FOO\n  BAR] [Foo Bar][] [foo bar]",
        "{t|https://e.org/first|First} {Foo Bar|https://e.org/first|First} {foo bar|https://e.org/first|First}",
    ),
    ("[SS] [ß]", "{SS|https://e.org/sz} {ß|https://e.org/sz}"),
    ("[foo bar]: not a definition", "{foo bar|https://e.org/first|First}: not a definition"),
    ("![foo bar]", '<img src="https://e.org/first" alt="foo bar" title="First">'),
    ("\\[foo bar] [foo\\] bar]", "[foo bar] [foo] bar]"),
    ("[a [b](https://e.org/b) c](https://e.org/c)", "[a {b|https://e.org/b} c]({https://e.org/c})"),
]


@pytest.mark.parametrize(("text", "expected"), REFERENCES)
def test_references(text: str, expected: str | None) -> None:
    assert to_html(text) == (html.escape_text(text) if expected is None else expected)


HTML = [
    (
        "The <script> tag and <style> are <b>named</b> here, as <title> and <iframe>",
        "The &lt;script&gt; tag and &lt;style&gt; are <strong>named</strong> here, as &lt;title&gt; and &lt;iframe&gt;",
    ),
    (
        '<textarea> and <script src="x.js"> open <template>',
        '&lt;textarea&gt; and &lt;script src="x.js"&gt; open &lt;template&gt;',
    ),
    ("a <script>alert(1)</script>b <STYLE type=x>*{}</STYLE>c", "a b c"),
    ("a <script> b <script>c</script> d", "a &lt;script&gt; b  d"),
    ("a <!-- b --> c <!-- d", "a  c &lt;!-- d"),
    ("<p>One</p>Two", "One<br>Two"),
    ("x <details><summary>More</summary>hidden</details> end", "x<br>More<br>hidden<br>end"),
    ("<ul><li>a</li><li>b</li></ul>c", "a<br>b<br>c"),
    ("<table><tr><td>a</td><td>b</td></tr></table>tail", "a<br>b<br>tail"),
    ("<blockquote>q</blockquote>x<h3>h</h3>y<div>z</div>", "q<br>x<br>h<br>y<br>z"),
    ("a<br>b<BR/>c<br />d</br>e<hr>f<Br>g", "a<br>b<br>c<br>d<br>e<br>f<br>g"),
    ("a<br></p><p>b", "a<br>b"),
    ("<b>bold <p>new</p></b>end", "<strong>bold<br>new</strong><br>end"),
    ("x <b><p>y</p></b>", "x<br><strong>y</strong>"),
    ("<p></p><div> </div>", " "),
    (
        '<Img SRC="https://e.org/a.png" Alt=a> <IMG src=https://e.org/b.png title="T">',
        '<img src="https://e.org/a.png" alt="a"> <img src="https://e.org/b.png" alt="" title="T">',
    ),
    ("AsRef<Path> Vec<u> <model, accuracy> Option<Img>", None),
]


@pytest.mark.parametrize(("text", "expected"), HTML)
def test_html(text: str, expected: str | None) -> None:
    assert to_html(text) == (html.escape_text(text) if expected is None else expected)


def test_what_is_hidden_is_reported() -> None:
    inline_reader = reader()
    inline_reader.read("a <script>x</script> <!-- c --> <style> b")
    assert [(one.name, one.inline) for one in inline_reader.dropped] == [("script", True), ("comment", True)]
    assert all(isinstance(one, Dropped) for one in inline_reader.dropped)


@given(
    st.lists(st.sampled_from(["*", "**", "***", "_", "__", "~", "~~", "a", "甲", " ", "，", "."]), max_size=30).map(
        "".join
    )
)
def test_pairing_loses_no_character(text: str) -> None:
    said = plain(reader().read(text))
    assert [char for char in said if char not in "*_~ "] == [char for char in text if char not in "*_~ "]


def test_openers_are_compared_once_with_closers_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a few thousand marks would take minutes."""
    compared: list[str] = []
    monkeypatch.setattr(emphasis, "_matches", lambda *arguments: bool(compared.append(arguments[2])))
    opening = [build_delimiter("*", "", "a")] * 1_000
    closing = [build_delimiter("_", "a", "")] * 1_000
    assert len(pair_delimiters([*opening, *closing], 20)) == 2_000
    assert len(compared) == 1_000
