"""Blocks arrive in every channel in the form it has for them."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import cache

import pytest

from publisher import registry
from publisher.channel import Context, Entry
from publisher.derived_texts import build_display_title
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.theme import Theme
from publisher.transforms import label_alerts, make_publishable, make_urls_absolute

PUBLICATION = Newsletter("Notes", "https://e.org/t/{date}/", "https://e.org/t/", "tag:e.org,2021:t", lang="en")
NOON = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)
SETTINGS = {"telegram": {"detail": "full"}}
CHANNELS = ("web", "rss", "wechat", "telegram", "email")

OPENING = "# Notes (2021-07-18): Boats\n\n"
SECTION = OPENING + "## News\n\n- [First](https://e.org/1)\n\n  Text.\n\n"
INDENT = re.compile(r"^(?=.)", re.MULTILINE)


@cache
def rendered(name: str, text: str, **settings: object) -> str:
    """The main part of what a channel makes of an issue."""
    channel = registry.load_channel(name)(**{**SETTINGS.get(name, {}), **settings})
    issue = label_alerts(make_publishable(parse_issue(text, "2021-07-18.md")), PUBLICATION.lang)
    url = "https://e.org/t/2021-07-18/"
    title = build_display_title(issue, PUBLICATION)
    entry = Entry("tag:e.org,2021:t/2021-07-18", dt.date(2021, 7, 18), title, "", url, NOON, NOON)
    made = channel.render(make_urls_absolute(issue, url), Context(PUBLICATION, Theme.load(None), entry=entry))
    shown = {"email": "message.txt", "wechat": "article.html", "telegram": "message-1.html"}.get(name, "")
    part = next(part for part in (*made.parts, *made.previews) if part.key.endswith(shown))
    if name == "rss":
        return str(json.loads(part.body)["content_html"])
    return part.body.decode().partition("<article>")[2] if name == "web" else part.body.decode()


def in_every_place(block: str) -> list[str]:
    """The block in free text and in an item."""
    return [OPENING + f"## News\n\n{block}\n\n- [First](https://e.org/1)\n", SECTION + INDENT.sub("  ", block) + "\n"]


@pytest.mark.parametrize(
    ("block", "forms"),
    [
        (
            "> ```sh\n> a \\\n>   b\n> ```",
            {
                "web": '<pre tabindex="0"><code>a \\\n  b\n</code></pre>',
                "rss": "<pre><code>a \\\n  b\n</code></pre>",
                "wechat": "a \\<br>&nbsp;&nbsp;b</code>",
                "telegram": "a \\\n  b",
                "email": "     a \\\n",
            },
        ),
        (
            '<pre><code class="language-c">int <b>a</b>() {\n\n  - &lt;x&gt; &amp;amp; \\\n# b\n}\n</code></pre>',
            {
                "web": "<code>int a() {\n\n  - &lt;x&gt; &amp;amp; \\\n# b\n}\n</code></pre>",
                "rss": "<code>int a() {\n\n  - &lt;x&gt; &amp;amp; \\\n# b\n}\n</code></pre>",
                "wechat": "int a() {<br><br>&nbsp;&nbsp;- &lt;x&gt; &amp;amp; \\<br># b<br>}</code>",
                "telegram": "int a() {\n\n  - &lt;x&gt; &amp;amp; \\\n# b\n}",
                "email": "    int a() {\n\n      - <x> &amp; \\\n    # b\n    }\n",
            },
        ),
        (
            "> Text.\n>\n> #### Inner *head*",
            {
                "web": "<h4>Inner <em>head</em></h4>",
                "rss": "<h4>Inner <em>head</em></h4>",
                "wechat": 'font-weight:bold"><span>Inner <em>head</em></span></p>',
                "telegram": "<b>Inner head</b>",
                "email": " > Inner head\n > ----------\n",
            },
        ),
        (
            "> [!TIP]\n> Useful.",
            {
                "web": "<blockquote>\n<p><strong>Tip</strong></p>\n<p>Useful.</p>",
                "rss": "<blockquote>\n<p><strong>Tip</strong></p>\n<p>Useful.</p>",
                "wechat": "<p><strong>Tip</strong></p><p>Useful.</p>",
                "telegram": "│ <b>Tip</b>\n│ Useful.",
                "email": " > Tip\n >\n > Useful.",
            },
        ),
        (
            "Text:\n\n- [ ] open\n- [x] done",
            {
                "web": "<li>☐ open</li>\n<li>☑ done</li>",
                "rss": "<li>☐ open</li>\n<li>☑ done</li>",
                "wechat": "• ☐ open</p><p>• ☑ done</p>",
                "telegram": "• ☐ open\n• ☑ done",
                "email": "  - ☐ open\n  - ☑ done\n",
            },
        ),
        (
            "| a | b |\n|:--|--:|\n| x | 12 |",
            {
                "web": '<td style="text-align:left">x</td><td style="text-align:right">12</td>',
                "rss": '<td style="text-align:left">x</td><td style="text-align:right">12</td>',
                "wechat": 'text-align:right">12</td>',
                "telegram": "x | 12",
                "email": "  a   b\n  -  --\n  x  12\n",
            },
        ),
        (
            "<table>\n<tr><th>a</th><th align=right>b</th></tr>\n<tr><td>x</td><td>12</td></tr>\n</table>",
            {
                "web": '<th>a</th><th style="text-align:right">b</th>',
                "rss": '<td>x</td><td style="text-align:right">12</td>',
                "wechat": 'text-align:right">12</td>',
                "telegram": "x | 12",
                "email": "  a   b\n  -  --\n  x  12\n",
            },
        ),
        (
            "Text:\n\n3) three\n4) four",
            {
                "web": '<ol start="3">\n<li>three</li>',
                "rss": '<ol start="3">\n<li>three</li>',
                "wechat": "3) three</p><p>4) four",
                "telegram": "3) three\n4) four",
                "email": "  3) three\n  4) four\n",
            },
        ),
        (
            "Text:\n\n1. one\n\n2. two",
            {
                "web": "<li><p>one</p></li>\n<li><p>two</p></li>",
                "rss": "<li><p>one</p></li>\n<li><p>two</p></li>",
                "wechat": "<p>1. one</p><p>2. two</p>",
                "telegram": "1. one\n2. two",
                "email": "  1. one\n\n  2. two\n",
            },
        ),
    ],
)
@pytest.mark.parametrize("name", CHANNELS)
def test_a_block_has_its_form(name: str, block: str, forms: dict[str, str]) -> None:
    for text in in_every_place(block):
        assert forms[name] in rendered(name, text)


NOTES = (
    SECTION + "  A fact[^b] and more[^a].\n\n## More\n\nAgain[^b], with a [link](https://e.org/2).\n\n"
    "[^a]: See [there](https://e.org/3).\n[^b]: Two.\n\n    ```\n    code\n    ```\n"
)


def test_footnotes_are_linked_both_ways_on_the_page() -> None:
    page = rendered("web", NOTES)
    targets = re.findall(r'href="#(fn[^"]+)"', page)
    assert targets == ["fn-1", "fn-2", "fnref-1", "fnref-2", "fn-1"]
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(targets) <= set(ids)
    assert page.index('id="fn-1"') < page.index("Again")


@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "web"])
def test_footnotes_have_numbers_and_no_anchors_elsewhere(name: str) -> None:
    text = rendered(name, NOTES)
    assert "#fn" not in text
    assert 'href="#' not in text
    assert "fnref" not in text
    assert "[^" not in text
    assert "[1]" in text
    assert text.index("A fact") < text.index("Two.") < text.index("Again")
    assert "e.org/3" in text


def test_numbers_of_addresses_follow_those_of_footnotes() -> None:
    mail = rendered("email", NOTES)
    assert "[2] See there[3]." in mail
    assert "[3] https://e.org/3\n" in mail
    assert "Again[1], with a link[3]." in mail
    article = rendered("wechat", NOTES, links="footnote")
    assert "there<sup>[4]</sup>" in article
    assert "link<sup>[5]</sup>" in article
    assert "[3] https://e.org/1<br>[4] https://e.org/3<br>[5] https://e.org/2" in article.split("Links")[1]


def test_a_digest_has_the_notes_of_its_excerpts() -> None:
    digest = rendered("telegram", NOTES, detail="summaries")
    assert "Text." in digest
    assert "[1] Two." in digest


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize(
    "order",
    [
        ["- first thing\n- second thing", "A paragraph.", "> A quote."],
        ["> A quote.", "A paragraph.", "- first thing\n- second thing"],
        ["A paragraph.", "- first thing", "> A quote.", "- second thing"],
        ["> In this issue: A guide.", "- first thing", "A paragraph."],
        ["- first thing", "> In this issue: A guide.", "A paragraph."],
    ],
)
def test_the_opening_has_the_order_of_the_source(name: str, order: list[str]) -> None:
    shown = rendered(name, OPENING + "\n\n".join(order) + "\n\n## News\n\n- [First](https://e.org/1)\n")
    words = [
        word for part in order for word in re.findall(r"first thing|second thing|A paragraph|A quote|A guide", part)
    ]
    assert re.findall("|".join(words), shown) == words
