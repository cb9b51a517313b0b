"""Markup inside a line says the same in every channel."""

from __future__ import annotations

import datetime as dt
import html

import pytest

from publisher import registry
from publisher.channel import Context, Entry
from publisher.channels.wechat.style import ArticleTheme
from publisher.reader import parse_issue
from publisher.theme import Theme
from publisher.transforms import make_publishable, make_urls_absolute
from tests.promises.test_every_word import NOON, PUBLICATION

HEAD = "# Notes (2021-07-18)：A\n\n> 导读：x.\n\n## News\n\n- [Item](https://e.org/1)\n"
STRUCK = 'style="text-decoration:line-through"'

CASES = [  # a line of an item, and how page and feeds, WeChat, Telegram, and the mail have it
    ("a&hellip; b&mdash;c AT&T a&region;b", *["a… b—c AT&amp;T a&amp;region;b"] * 3, "a… b—c AT&T a&region;b"),
    ("now ~~10~~ 8", "now <s>10</s> 8", f"now <span {STRUCK}>10</span> 8", "now <s>10</s> 8", "now ~~10~~ 8"),
    ("10<sup>9</sup> 10<sup>-3</sup>", *["10<sup>9</sup> 10<sup>-3</sup>"] * 2, *["10⁹ 10⁻³"] * 2),
    ("CO<SUB>2</SUB> x<sub>max</sub>", *["CO<sub>2</sub> x<sub>max</sub>"] * 2, *["CO₂ x_(max)"] * 2),
    ("x<sup>n+1</sup>, 1<sup>st</sup>", *["x<sup>n+1</sup>, 1<sup>st</sup>"] * 2, *["x^(n+1), 1st"] * 2),
    ("<ins>a</ins>.", "<u>a</u>.", '<span style="text-decoration:underline">a</span>.', "<u>a</u>.", "a."),
    ("x <mark>a</mark>.", "x <mark>a</mark>.", 'solid #c8483b">a</span>.', "x <b>a</b>.", "x a."),
    (
        "**_x_** *a**b**c*",
        *["<strong><em>x</em></strong> <em>a<strong>b</strong>c</em>"] * 2,
        "<b>x</b> <i>a</i><b>b</b><i>c</i>",
        "x abc",
    ),
    (
        "<s>`a` **b**</s>",
        "<s><code>a</code> <strong>b</strong></s>",
        f'<span {STRUCK}><code style="{ArticleTheme().inline_code}">a</code> <strong>b</strong></span>',
        "<s>a b</s>",
        "~~a b~~",
    ),
    (
        "by me.too@example.org now",
        'by <a href="mailto:me.too@example.org">me.too@example.org</a> now',
        *["by me.too@example.org now"] * 3,
    ),
    (
        "at www.e.org/a_b now",
        'at <a href="http://www.e.org/a_b">www.e.org/a_b</a> now',
        "at www.e.org/a_b now",
        'at <a href="http://www.e.org/a_b">www.e.org/a_b</a> now',
        "at www.e.org/a_b[1] now",
    ),
    (
        '[a](https://e.org/2 "T") b',
        '<a href="https://e.org/2" title="T">a</a> b',
        "a（https://e.org/2） b",
        '<a href="https://e.org/2">a</a> b',
        "a[1] b",
    ),
    (
        "The <script> tag is **here**",
        *["The &lt;script&gt; tag is <strong>here</strong>"] * 2,
        "The &lt;script&gt; tag is <b>here</b>",
        "The <script> tag is here",
    ),
    ("So <p>One</p>Two", "So<br>\nOne<br>\nTwo", "So<br>One<br>Two", "So\nOne\nTwo", "So\nOne\nTwo"),
    (
        "[X][] uses [Y][z] and [t][def]\n\n[def]:\n  https://e.org/3",
        '[X][] uses [Y][z] and <a href="https://e.org/3">t</a>',
        "[X][] uses [Y][z] and t（https://e.org/3）",
        '[X][] uses [Y][z] and <a href="https://e.org/3">t</a>',
        "[X][] uses [Y][z] and t[1]",
    ),
]
PARTS = {
    "web": "index.html",
    "rss": ".jsonl",
    "wechat": "article.html",
    "telegram": "message-1.html",
    "email": "message.txt",
}


@pytest.mark.parametrize(("line", "page", "article", "telegram", "mail"), CASES)
def test_a_line_says_the_same(line: str, page: str, article: str, telegram: str, mail: str) -> None:
    expected = {"web": page, "rss": page, "wechat": article, "telegram": telegram, "email": mail}
    assert [name for name, form in expected.items() if form not in shown_by(name, line)] == []


def shown_by(name: str, line: str) -> str:
    """What the channel shows of the whole issue."""
    url = f"{PUBLICATION.base}2021-07-18/"
    issue = make_urls_absolute(make_publishable(parse_issue(HEAD + line, "2021-07-18.md")), url)
    entry = Entry("tag:e.org,2021:t/2021-07-18", dt.date(2021, 7, 18), "Notes", "x.", url, NOON, NOON)
    made = registry.load_channel(name)().render(issue, Context(PUBLICATION, Theme.load(None), entry=entry))
    (part,) = [part for part in (*made.parts, *made.previews) if part.key.endswith(PARTS[name])]
    text = part.body.decode("utf-8")
    return text.replace("\\n", "\n").replace('\\"', '"') if name == "rss" else text


HEADS = [
    '- [a](https://e.org/1 "The *title*")',
    "- [a](https://e.org/1 'The *title*') text",
    '- **[a](https://e.org/1 "The *title*").** Text',
    "- [a][ref]\n\n  Text.",
    '- [One](https://e.org/2) [a](https://e.org/1 "The *title*")',
    'See [a](https://e.org/1 "The *title*").',
    '### [a](https://e.org/1 "The *title*")\n\nText.',
]


@pytest.mark.parametrize("name", ["web", "rss"])
@pytest.mark.parametrize("line", HEADS)
def test_the_title_of_a_link_is_kept(name: str, line: str) -> None:
    shown = shown_by(name, f'## News\n\n{line}\n\n[ref]: https://e.org/1 "The *title*"\n')
    assert '<a href="https://e.org/1" title="The *title*">a</a>' in shown


ATTRIBUTES = ['{target="_blank"}', "{.button #one}", "{rel=nofollow}", "{width=50% .x}", '{:target="_blank"}']


@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize(
    "line", ["- [a](https://e.org/1)@ text", "See [a](https://e.org/1)@ text", "- See [a][]@ text"]
)
def test_attributes_of_a_link_are_left_out(line: str, attributes: str) -> None:
    text = HEAD + line.replace("@", attributes) + "\n\n[a]: https://e.org/1\n"
    assert [(one.name, one.text) for one in parse_issue(text).dropped] == [("attributes", attributes)]
    for name in PARTS:
        assert attributes not in html.unescape(shown_by(name, text.removeprefix(HEAD)))


@pytest.mark.parametrize("text", ["main(){a=b}", "`x`{.y}", "{.x} y", "[a](https://e.org/1) {x}", "a {b=c}"])
def test_braces_elsewhere_are_text(text: str) -> None:
    assert parse_issue(HEAD + f"See {text}.").dropped == ()
