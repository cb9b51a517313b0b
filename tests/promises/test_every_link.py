"""Every channel gives each address of an item once, and no other; and the feed has all that the page has."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher import model as m
from publisher.channel import Channel, Context, Entry, Rendering
from publisher.channels.email import Email
from publisher.channels.rss import Rss
from publisher.channels.telegram import Telegram
from publisher.channels.web import Web
from publisher.channels.wechat import WeChat
from publisher.newsletter import Newsletter
from publisher.outline import build_outline
from publisher.reader import decode, parse_issue
from publisher.theme import Theme
from publisher.transforms import find_nodes, make_publishable, make_urls_absolute

DAY = dt.date(2021, 7, 18)
NOON = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)
PAGE = "https://notes.example/2021-07-18/"
NEWSLETTER = Newsletter(
    "Notes", "https://notes.example/{date}/", "https://notes.example/", "tag:e.org,2021:n", email="e@ex.org"
)
CONTEXT = Context(NEWSLETTER, Theme.load(None), entry=Entry("x", DAY, "Boats", "S.", PAGE, NOON, NOON))


def normal(url: str) -> str:
    """What is the same for two addresses of one page: as GitHub and arXiv see it, and most servers."""
    url = re.sub(r"\A(?:https?://)?(?:www\.)?", "", html.unescape(url)).rstrip("/")
    if url.lower().startswith("github.com/") and url.count("/") == 2:
        url = url.lower().removesuffix(".git")
    return re.sub(r"\Aarxiv\.org/(?:abs|pdf)/(\d+\.\d+)(?:v\d)?(?:\.pdf)?\Z", r"arxiv.org/abs/\1", url)


def targets(text: str) -> Iterator[str]:
    """The targets of links in HTML, without those to the page of the issue and to mailboxes."""
    return (url for url in re.findall(r'href="([^"]+)"', text) if not url.startswith(("#", "mailto:", PAGE)))


def printed(text: str) -> list[str]:
    """The addresses in a text, which are ASCII."""
    return re.findall(r"(?:https?://|github\.com/)[^\s<>\"\[\u0080-\uffff]+(?<![.,:)])", text)


def on_the_page(made: Rendering) -> Iterator[str]:
    page = made.parts[0].body.decode()
    return targets(page[page.index('<section class="chapter">') : page.rindex("</article>")])


def in_the_feed(made: Rendering) -> Iterator[str]:
    return targets(json.loads(made.parts[0].body.splitlines()[0])["content_html"])


def in_the_item_feed(made: Rendering) -> Iterator[str]:
    return targets(json.loads(made.parts[0].body.splitlines()[1])["content_html"])


def in_the_chat(made: Rendering) -> Iterator[str]:
    calls = [json.loads(part.body) for part in made.parts]
    return (one["url"] for call in calls for one in call["entities"] if one["type"] == "text_link")


def in_the_mail(made: Rendering) -> list[str]:
    text = next(part for part in (*made.parts, *made.previews) if part.key.endswith(".txt")).body.decode()
    return printed(text[text.rindex("===\n新闻") : text.rindex("\n-- \n")])


def in_the_article(made: Rendering) -> list[str]:
    article = next(part for part in made.previews if part.key.endswith("article.html")).body.decode()
    text = re.sub(r"<[^>]*>", " ", re.sub(r"</?(?:a|span|strong)\b[^>]*>", "", article))
    return [*targets(article), *printed(html.unescape(text))]


CHANNELS: dict[str, tuple[Channel, Callable[[Rendering], Iterator[str] | list[str]]]] = {
    "web": (Web(), on_the_page),
    "rss": (Rss(), in_the_feed),
    "rss-items": (Rss(items=True), in_the_item_feed),
    "telegram-full": (Telegram(detail="full"), in_the_chat),
    "telegram-summaries": (Telegram(), in_the_chat),
    "wechat": (WeChat(), in_the_article),
    "wechat-footnote": (WeChat(links="footnote"), in_the_article),
    "email": (Email(wrap="none"), in_the_mail),
}


def addresses(name: str, item: m.Item) -> Counter[str]:
    """What a channel gives for an issue of this item alone."""
    channel, find = CHANNELS[name]
    issue = m.Issue("x", date=DAY, sections=(m.Section((m.Text("新闻"),), content=(item,)),))
    made = channel.render(make_urls_absolute(make_publishable(issue), PAGE), CONTEXT)
    return Counter(map(normal, find(made)))


def issues(corpus: Path) -> list[Path]:
    return sorted([*corpus.glob("issues/*.md"), *corpus.glob("other/*.md")])


def items_of(text: str, name: str = "2021-07-18.md") -> list[m.Item]:
    return [*make_publishable(parse_issue(text, name)).items]


ITEMS = {
    "- A headline": "",
    "- [A](https://ex.org/1)": "ex.org/1",
    "- https://ex.org/1": "ex.org/1",
    "- [Foo/Bar: a library | GitHub](https://github.com/foo/bar)": "github.com/foo/bar",
    "- [foo/bar: a library](https://www.github.com/Foo/Bar.git/)": "github.com/foo/bar",
    "- [A library](https://github.com/foo/bar)": "github.com/foo/bar",
    "- [foo/bar：x](https://ex.org/1)": "ex.org/1 github.com/foo/bar",
    "- [foo/bar：x](https://ex.org/1) [code](https://github.com/FOO/bar)": "ex.org/1 github.com/foo/bar",
    "- [foo/bar: a fork](https://github.com/boo/bar)": "github.com/boo/bar github.com/foo/bar",
    "- [foo/bar：x](https://ex.org/1)\n\n代码：https://github.com/Foo/Bar.git": "ex.org/1 github.com/foo/bar",
    "- [foo/bar：x](https://ex.org/1)\n\n[It](https://github.com/Foo/Bar/).": "ex.org/1 github.com/foo/bar",
    "- [foo/bar：x](https://ex.org/1) by [us](https://github.com/foo/bar)": "ex.org/1 github.com/foo/bar",
    "- [2104.11487] A paper without a link": "arxiv.org/abs/2104.11487",
    "- [CVPR][2104.11487][A paper](https://ex.org/1 )": "ex.org/1 arxiv.org/abs/2104.11487",
    "- [2104.11487] [A paper](https://www.arxiv.org/pdf/2104.11487v2.pdf)": "arxiv.org/abs/2104.11487",
    "- [2104.11487] A paper\n\n  论文：https://arxiv.org/abs/2104.11487": "arxiv.org/abs/2104.11487",
    "- [A](https://ex.org/1) [b](https://ex.org/2) [c](https://ex.org/3)": "ex.org/1 ex.org/2 ex.org/3",
    "- [A](https://ex.org/1) [again](http://www.ex.org/1/) [b](https://ex.org/2)": "ex.org/1 ex.org/2",
    "- *[A](https://ex.org/1)* by B": "ex.org/1",
    "- __[A](https://ex.org/1)__ by [B](https://ex.org/2)": "ex.org/1 ex.org/2",
    "- **New: [A](https://ex.org/1)**": "ex.org/1",
    "- ~~[A](https://ex.org/1)~~ *[B](https://ex.org/2) or _[C](https://ex.org/3)_*": "ex.org/1 ex.org/2 ex.org/3",
    "- [A](https://mp.weixin.qq.com/s/Abc) [again](https://mp.weixin.qq.com/s/Abc)": "mp.weixin.qq.com/s/Abc",
}


@pytest.mark.parametrize("below", ["", "\n\n  Some words."], ids=["listed", "long"])
@pytest.mark.parametrize("text", ITEMS)
@pytest.mark.parametrize("name", CHANNELS)
def test_each_address_of_an_item_is_given_once(name: str, text: str, below: str) -> None:
    (item,) = items_of(f"# Notes (2021-07-18)\n\n## 新闻\n\n{text}{below}\n")
    assert addresses(name, item) == dict.fromkeys(ITEMS[text].split(), 1)


@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "telegram-summaries"])
def test_real_items_give_what_the_outline_has(corpus: Path, name: str) -> None:
    """What an editor writes in the text of an item may repeat; what stands beside its title does not."""
    prints = name.startswith(("wechat", "email"))
    for path in issues(corpus):
        for item in items_of(decode(path.read_bytes(), path.name), path.name):
            issue = m.Issue("x", sections=(m.Section((), content=(item,)),))
            (one,) = build_outline(make_urls_absolute(issue, PAGE), "web").sections[0].items
            beside = [normal(url) for url in (one.url, *(link.url for link in one.links)) if url]
            text = (() if one.url else one.title, one.tail, one.fields, one.body)
            urls = [link.url for link in find_nodes(m.Link, text) if not link.url.startswith("mailto:")]
            written = Counter(map(normal, urls))
            written.update(normal(figure.url) for figure in find_nodes(m.Figure, text) if figure.url)
            if prints:
                written.update(normal(image.url) for image in find_nodes(m.Image, text) if name == "email")
                written.update(map(normal, printed(m.plain(one.title))))
            found = addresses(name, item)
            assert set(found) == {*beside, *written}, f"{path.name}: {one.name}"
            for url in beside:
                most = 1 + written[url]
                assert found[url] <= most if prints else found[url] == most, f"{path.name}: {url}"


def test_the_feed_has_all_that_the_page_has(corpus: Path) -> None:
    for path in issues(corpus):
        issue = make_publishable(parse_issue(decode(path.read_bytes(), path.name), path.name))
        issue = make_urls_absolute(issue, PAGE)
        page = Web().render(issue, CONTEXT).parts[0].body.decode()
        page = page[page.index("<article>") : page.rindex("</article>")]
        feed = json.loads(Rss().render(issue, CONTEXT).parts[0].body)["content_html"]
        assert set(targets(page)) <= set(targets(feed)), path.name
        lines = re.findall(r'<p class="(?:note|field|summary)">(.*?)</p>', page, re.DOTALL)
        words = squeezed(feed)
        assert [line for line in lines if squeezed(line).removeprefix("注：") not in words] == [], path.name


def squeezed(text: str) -> str:
    return "".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())
