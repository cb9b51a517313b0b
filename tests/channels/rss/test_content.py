"""The entry of an issue: every word and address of it, in order, also after readers have cleaned the HTML."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import feedparser
import nh3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from publisher.derived_texts import build_display_title, build_summary
from publisher.model import (
    Archive,
    CodeBlock,
    Definition,
    Diagnostic,
    Dropped,
    Field,
    Issue,
    Item,
    Link,
    Note,
    Paragraph,
    Pos,
    Section,
    Source,
    Table,
    Text,
    Title,
    plain,
)
from publisher.reader import parse_issue
from publisher.transforms import make_publishable, make_urls_absolute

WECHAT_ONLY = {"read_original", "pc_wechat"}


class Seen(HTMLParser):
    """The text and the addresses of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.urls: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attrs)
        self.urls += [url for url in (values.get("href"), values.get("src")) if url]
        self.texts.append(values.get("alt") or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return bare("".join(self.texts))


def bare(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\ud800-\udfff\ufffe\uffff]+", "", text)


def words(node: object) -> Iterator[str]:
    """Every piece of text of a part of an issue that its reader must find, in order."""
    match node:
        case str():
            yield node
        case Note(kind=kind) if kind in WECHAT_ONLY:
            return
        case Title() | Definition() | Dropped() | Diagnostic() | Pos() | Source() | Archive():
            return
        case Item():
            yield from (*node.tags, plain(node.title), *words((node.source or "", node.authors)))
            below = sorted((*node.fields, *node.body), key=lambda part: part.pos)
            yield from words((node.tail, node.extras, *below))
        case Field(label, _, value):
            yield from (label, plain(value))
        case Table(header, rows):
            yield from words((header, rows))
        case CodeBlock(text):
            yield text
        case Link(children):
            yield plain(children)
        case tuple():
            for part in node:
                yield from words(part)
        case Issue():
            yield from words((node.tagline, node.guide, node.warmup, node.notes, node.sections, node.footer))
        case _ if isinstance(node, Struct):
            skipped = {"url", "kind", "subject", "segments", "language", "align", "count", "label"}
            for name in node.__struct_fields__:
                if name not in skipped:
                    yield from words(getattr(node, name))


def urls(node: object) -> Iterator[str]:
    match node:
        case Note(kind=kind) if kind in WECHAT_ONLY:
            return
        case Definition() | Dropped() | Archive():
            return
        case tuple():
            for part in node:
                yield from urls(part)
        case _ if isinstance(node, Struct):
            for name in node.__struct_fields__:
                value = getattr(node, name)
                if name == "url" and value:
                    yield value
                else:
                    yield from urls(value)


def assert_in_order(pieces, text):
    at = 0
    for piece in filter(None, map(bare, pieces)):
        found = text.find(piece, at)
        assert found >= 0, f"{piece!r} is missing, or comes before {text[max(at - 60, 0) : at]!r}"
        at = found + len(piece)


def entry_html(newsletter, day="2021-07-18"):
    items = json.loads(newsletter.files()["public/feed.json"])["items"]
    return next(item["content_html"] for item in items if item["id"].endswith(f"/{day}"))


def assert_all_there(issue, html):
    seen = Seen(html)
    assert_in_order(words(issue), seen.text)
    assert set(urls(issue)) - set(seen.urls) == set()


def test_every_word_and_address_of_an_issue_is_there_in_order(newsletter):
    issue = newsletter.issues["2021-07-18"][0]
    assert len(list(words(issue))) > 30
    assert_all_there(issue, entry_html(newsletter))


def test_what_only_makes_sense_in_wechat_is_not(newsletter):
    html = entry_html(newsletter)
    assert "阅读原文" not in html
    assert "<p>注：下周停刊一次。</p>" in html
    assert "<p>注：补全地址即可访问。</p>" in html


def test_an_item_stands_as_the_newsletter_writes_it(newsletter):
    html = entry_html(newsletter)
    assert (
        '<h3>1. <a href="https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv">港口起重机学会了自己看潮位</a>'
        " | 海图周刊</h3>\n<p>摘要：吊机以 <strong>0.3 秒</strong>读一次水位，误差 &lt;2 厘米。</p>"
    ) in html
    assert (
        "<p>标题：Buoys &amp; Bytes: a &lt;small&gt; runtime<br>\n论文："
        '<a href="https://arxiv.org/pdf/2107.01234">https://arxiv.org/pdf/2107.01234</a></p>\n'
        "<p>摘要：电池撑过三个冬天。</p>\n<p>讨论：每周四晚</p>"
    ) in html


def test_a_correction_is_visible_with_its_date(newsletter):
    assert entry_html(newsletter).startswith("<p><em>更正于 2021-07-20</em></p>")
    assert "更正于" not in entry_html(newsletter, "2021-03-07")


def test_a_tagline_every_issue_has_is_left_to_the_feed(newsletter, issue):
    own = replace(issue("2021-07-25"), tagline=(Text("海边的工程师每周读什么"),))
    other = replace(issue("2021-08-01"), tagline=(Text("台风特刊"),))
    more = newsletter.add(own, other)
    assert "每周读什么" not in entry_html(more, "2021-07-25")
    assert entry_html(more, "2021-08-01").startswith("<p>台风特刊</p>")


def test_no_link_is_lost_where_two_would_nest_or_a_field_says_less_than_its_address(newsletter, issue):
    title = (Text("见 "), Link((Text("旧文"),), "https://old.example.net/"))
    item = Item(
        title,
        id="two",
        url="https://new.example.net/",
        fields=(Field("代码", "code", (), "https://code.example.net/"),),
    )
    section = replace(issue("2021-08-01").sections[0], content=(item,))
    html = entry_html(newsletter.add(replace(issue("2021-08-01"), sections=(section,))), "2021-08-01")
    for url in ("https://old.example.net/", "https://new.example.net/", "https://code.example.net/"):
        assert f'<a href="{url}">' in html
    assert not re.search(r"<a [^>]*>(?:(?!</a>).)*<a ", html)


def test_an_address_in_a_free_title_is_kept(newsletter, issue):
    title = Title((Link((Text("特刊"),), "https://special.example.net/"),), "特刊", regular=False)
    html = entry_html(newsletter.add(replace(issue("2021-08-01"), title=title)), "2021-08-01")
    assert html.startswith('<p><a href="https://special.example.net/">特刊</a></p>')


def test_sanitisers_leave_all_text_and_all_addresses(newsletter):
    html = entry_html(newsletter)
    before = Seen(html)
    read_back = feedparser.parse(newsletter.files()["public/feed.xml"]).entries[0].content[0].value
    for cleaned in (nh3.clean(html), read_back):
        after = Seen(cleaned)
        assert after.text == before.text
        assert after.urls == before.urls
        assert after.tags == before.tags


def hostile(issue: Issue) -> Issue:
    """Everything a feed can choke on, in every place an editor can write."""
    bad = "".join(map(chr, range(0x20))) + "\ud800\udfff\ufffe\uffff"
    text = f"始{bad}]]> <script>alert(1)</script> Vec<T> & &amp; \u202e倒\u202c 👩‍👩‍👧 终"
    item = Item(
        title=(Text(text),),
        id="hostile",
        url="https://example.org/?a=1&b=<2>\"'",
        tags=(text,),
        source=text,
        extras=(Link((Text(text),), "https://example.org/ü ü"),),
        fields=(Field("摘要", "summary", (Text(text),)), Field(text, "other", (Text(text),))),
        body=(Paragraph((Text(text),)), CodeBlock(text), Table(((Text(text),),), (((Text(text),),),))),
    )
    sections = (Section((Text(text),), content=(item,)), Section((Text("空"),)), Section((), 6))
    long = Item(title=(Text("长" * 10_000),), id="long")
    return replace(issue, sections=(*sections, Section((Text("长"),), content=(long,))))


def test_a_hostile_issue_makes_sound_feeds_and_loses_nothing_else(newsletter, issue):
    bad = hostile(issue("2021-08-01"))
    entry_title = "\x00\ud800题]]> <i>目</i> & \u202e👩‍👩‍👧" + "长" * 10_000
    made = newsletter.using(items=True).add(bad, title=entry_title, summary="\x0b<b>摘</b>&要")
    files = made.files()
    feeds = ["feed.xml", "atom.xml", "items.xml", "items.atom.xml"]
    for name in feeds:
        etree.fromstring(files[f"public/{name}"])
        parsed = feedparser.parse(files[f"public/{name}"])
        assert not parsed.bozo
        assert len(parsed.entries) == (6 + 2 if "items" in name else 5)
    html = entry_html(made, "2021-08-01")
    assert_all_there(make_urls_absolute(bad, ""), html)
    assert "<script" not in html
    newest = feedparser.parse(files["public/atom.xml"]).entries[0]
    assert newest.title == bare("题]]>") + " <i>目</i> & \u202e👩‍👩‍👧" + "长" * 10_000
    assert newest.summary == "<b>摘</b>&要"
    for key in ("public/feed.json", "public/items.json"):
        assert json.loads(files[key])["items"]


ANYTHING = st.text(st.characters(), max_size=40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(ANYTHING, min_size=8, max_size=8))
def test_no_text_breaks_a_feed(empty, issue, texts):
    title, tag, source, label, value, code, summary, section = texts
    item = Item(
        (Text(title),),
        id="any",
        tags=(tag,),
        source=source,
        fields=(Field(label, "other", (Text(value),)),),
        body=(CodeBlock(code),),
    )
    made = replace(issue("2021-08-01"), sections=(Section((Text(section),), content=(item,)),))
    files = empty.add(made, title=title, summary=summary).files()
    contents = [
        etree.fromstring(files["public/feed.xml"]).findtext(".//{*}encoded"),
        etree.fromstring(files["public/atom.xml"]).findtext(".//{*}entry/{*}content"),
        json.loads(files["public/feed.json"])["items"][0]["content_html"],
    ]
    for html in contents:
        assert_in_order([section, title, source, label, value, code], Seen(html or "").text)


def test_real_issues_come_through_whole(newsletter, corpus):
    paths = sorted(path for path in corpus.glob("*/*") if path.suffix in (".md", ".txt"))
    assert len(paths) > 20
    publication = newsletter.context.newsletter
    found = newsletter.using(items=True)
    for number, path in enumerate(paths):
        issue = parse_issue(path.read_text("utf-8"), str(path))
        day = issue.date or dt.date(2018, 1, 1) + dt.timedelta(days=number)
        issue = replace(issue, id=path.stem, date=day)
        url = publication.issue_url(issue.id, day)
        issue = make_urls_absolute(make_publishable(issue), url)
        found = found.add(issue, title=build_display_title(issue, publication), summary=build_summary(issue), url=url)
    for issue, entry in found.issues.values():
        if issue.id in {path.stem for path in paths}:
            html = json.loads(found.body(entry).splitlines()[0])["content_html"]
            assert_all_there(issue, html)
            cleaned = Seen(nh3.clean(html))
            assert cleaned.text == Seen(html).text
    for key, body in found.files().items():
        if key.endswith(".xml"):
            assert not feedparser.parse(body).bozo, key
