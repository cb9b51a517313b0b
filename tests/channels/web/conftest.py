"""An issue that has one of everything, and eyes for the page made of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from xml.etree.ElementTree import Element

import html5lib
import pytest
from msgspec import Struct
from msgspec.structs import replace

from publisher.channel import Context, Entry
from publisher.channels.web import Web
from publisher.model import (
    Break,
    Brief,
    Code,
    CodeBlock,
    Em,
    Field,
    Figure,
    Guide,
    Image,
    Inline,
    Issue,
    Item,
    Link,
    List,
    Note,
    Paragraph,
    Quote,
    Rule,
    Section,
    Segment,
    Strong,
    Table,
    Text,
    Title,
    Warmup,
)
from publisher.newsletter import Newsletter
from publisher.theme import Theme

BEIJING = dt.timezone(dt.timedelta(hours=8))
BASE = "https://peak.example.org/letter/"


def t(text: str) -> tuple[Text, ...]:
    return (Text(text),)


def p(*children: str | Inline) -> Paragraph:
    return Paragraph(tuple(Text(child) if isinstance(child, str) else child for child in children))


def of_items(*items: Item) -> Issue:
    return Issue("x", sections=(Section(t("新闻"), content=items),))


class Page:
    """A page as a browser understands it."""

    def __init__(self, body: bytes) -> None:
        self.html = body.decode()
        self.root: Element = html5lib.parse(self.html, treebuilder="etree", namespaceHTMLElements=False)

    def all(self, *tags: str, **attributes: str) -> list[Element]:
        """The elements with one of these tags and all these attributes (`class_` means class)."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            element
            for element in self.root.iter()
            if (not tags or element.tag in tags)
            and all(value in (element.get(name) or "").split() for name, value in wanted.items())
        ]

    def one(self, *tags: str, **attributes: str) -> Element:
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} of {tags} {attributes}"
        return found[0]

    def meta(self, name: str) -> str | None:
        """What a meta element called `name` says."""
        for element in self.all("meta"):
            if name in (element.get("name"), element.get("property")):
                return element.get("content")
        return None

    @cached_property
    def text(self) -> str:
        """All that a reader can see, without white space."""
        return words_of(self.root.find("body"))

    def lacks(self, issue: Issue) -> list[str]:
        """The words and addresses of an issue that are not on the page."""
        return [
            text
            for is_address, text in said(issue)
            if (text not in self.addresses if is_address else squeeze(text) not in self.text)
        ]

    @cached_property
    def addresses(self) -> set[str]:
        """The URLs of the page's links and images."""
        return {e.get(a) or "" for e in self.root.iter() for a in ("href", "src") if e.get(a)}


def words_of(element: Element | None) -> str:
    return squeeze("".join(visible(element)))


def visible(element: Element | None) -> Iterator[str]:
    assert element is not None
    yield element.text or ""
    yield element.get("alt") or ""
    for child in element:
        yield from visible(child)
        yield child.tail or ""


def squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


# The fields that are not for reading, or say again what another field says.
_UNREAD = {"id", "address", "feed_id",
           "kind", "language", "align", "pos", "tagline_pos", "front", "front_pos", "definitions",
           "dropped", "diagnostics", "segments", "subject", "archive",
           "repo", "arxiv"}  # fmt: skip


def said(node: object, name: str = "") -> Iterator[tuple[bool, str]]:
    """Every text and address in a node of the document, as (whether it is an address, characters)."""
    match node:
        case str():
            yield name == "url", node
        case tuple():
            for part in node:
                yield from said(part, name)
        case Title(regular=True):
            yield from said((node.name, node.headline))  # the date is in words
        case Title():
            yield from said(node.text)
        case Note(kind="read_original" | "pc_wechat"):
            return
        case _ if isinstance(node, Struct):
            for name in node.__struct_fields__:
                skipped = name in _UNREAD or (isinstance(node, Issue) and name == "source")
                if not skipped:
                    yield from said(getattr(node, name), name)


@pytest.fixture
def newsletter() -> Newsletter:
    return Newsletter(
        name="高山气象信",
        url=BASE + "{date}/",
        base=BASE,
        id="tag:peak.example.org,2018:letter",
        tagline="山上的工程师每周读什么",
        author="山脊编辑部",
        license="CC-BY-SA-4.0",
        contacts=("https://peak.example.org/about/", "desk@peak.example.org", "公众号：高山气象信"),
    )


@pytest.fixture(scope="session")
def theme() -> Theme:
    return Theme.load()


@pytest.fixture
def context(newsletter: Newsletter, theme: Theme) -> Context:
    """The context of the issue of 2021-07-18, between two others."""
    feeds = {"rss": BASE + "feed.xml", "atom": BASE + "atom.xml", "json": BASE + "feed.json"}
    return Context(
        newsletter,
        theme,
        entry("2021-07-18", "高山气象信 (2021-07-18)：雪线/风杯"),
        entry("2021-07-04", "高山气象信 (2021-07-04)：雷达站搬家"),
        entry("2021-08-01", "高山气象信 (2021-08-01)"),
        feeds,
    )


def entry(day: str, title: str) -> Entry:
    date = dt.date.fromisoformat(day)
    at = dt.datetime.combine(date, dt.time(9, 45), BEIJING)
    return Entry(day, date, title, f"{day} 的摘要。", f"{BASE}{day}/", at, at, 3, "r1")


@pytest.fixture
def page(context: Context) -> Callable[..., Page]:
    """page(issue) or page(issue, lang="en"): the issue's page; keywords change the publication."""

    def make(issue: Issue, **changes: object) -> Page:
        changed = replace(context.newsletter, **changes)  # type: ignore[arg-type]
        (part,) = Web().render(issue, replace(context, newsletter=changed)).parts
        return Page(part.body)

    return make


@pytest.fixture
def rich(page: Callable[..., Page]) -> Page:
    return page(rich_issue())


@pytest.fixture(name="rich_issue")
def _rich_issue() -> Issue:
    return rich_issue()


@pytest.fixture
def entries() -> Callable[[int], list[Entry]]:
    """entries(n): so many issues, a week apart, newest first."""

    def make(count: int) -> list[Entry]:
        last = dt.date(2021, 7, 18)
        days = [str(last - dt.timedelta(weeks=n)) for n in range(count)]
        return [entry(day, f"高山气象信 ({day})：第 {count - n} 次巡山/风") for n, day in enumerate(days)]

    return make


@pytest.fixture
def see() -> Callable[[bytes], Page]:
    return Page


@pytest.fixture
def read_words() -> Callable[[Element], str]:
    """read_words(element): what a reader sees of it, without white space."""
    return words_of


def rich_issue() -> Issue:
    news = Item(
        title=t("雪深计学会了自己除霜"),
        id="defrost",
        url="https://mp.weixin.qq.com/s/PeakPeakPeakPeakPeak00",
        source="山野通讯",
        extras=(Link(t("演示"), "https://video.example.net/defrost"),),
        tail=t("，值得一看"),
        fields=(Field("摘要", "summary", (Text("除霜只要 "), Strong(t("40 秒")), Text("，误差 <1 毫米 & 省电。"))),),
        body=(
            p("第一行", Break(), "第二行，", Em(t("着重")), "，行内 ", Code("a < b  && c"), "。"),
            List(((p("外层一"), List(((p("内层"),),), ordered=True, start=3)), (p("外层二"),))),
            Quote((p("守山人说："), p("雪会告诉你。"))),
            Rule(),
        ),
    )
    paper = Item(
        title=(Text("把 "), Code("Vec<Wind>"), Text(" 塞进风杯")),
        id="wind",
        url="https://arxiv.org/abs/2107.04321",
        tags=("2107.04321", "SenSys 2021"),
        arxiv="2107.04321",
        repo="ridge/anemo",
        authors=("顾岭", "石川"),
        fields=(
            Field("标题", "title", t("Anemometers that hardly ever need a new battery")),
            Field("论文", "paper", (Link(t("PDF"), "https://papers.example.net/1.pdf"),), "https://papers.example.net/1.pdf"),
            Field("代码", "code", t("见仓库"), "https://code.example.net/anemo"),
            Field("演示", "demo", (), "https://demo.example.net/"),
        ),
        body=(
            CodeBlock("wind --port <tty>\n\n  # </pre> 不是结尾", "sh"),
            Table((t("型号"), t("续航")), ((t("甲"), t("90 天")), (t("乙"), (Link(t("未测"), "https://lab.example.net/b"),)))),
            Figure(Image("https://img.example.net/cup.png", "风杯剖面"), "https://img.example.net/cup-large.png"),
            p("图：", Image("https://img.example.net/dot.png", "一个点")),
        ),
    )  # fmt: skip
    return Issue(
        id="2021-07-18",
        date=dt.date(2021, 7, 18),
        title=Title(t("高山气象信 (2021-07-18)：雪线/风杯"), "高山气象信", "2021-07-18", ("雪线", "风杯")),
        tagline=(Text("本期特刊，见 "), Link(t("说明"), BASE + "about.html")),
        guide=Guide(
            (p("本期三条。【新闻】雪深计除霜；【论文】风杯与 ", Link(t("电池"), "https://cell.example.net/")),),
            "导读",
            3,
            (Segment("新闻", "雪深计除霜；"), Segment("论文", "风杯与 电池")),
        ),
        warmup=Warmup(
            (p("先听几声鸟叫："),),
            (
                Brief(t("缆车站：停运三天；"), "缆车站"),
                Brief((Link(t("山鹰：换了新巢"), "https://bird.example.net/"),), "山鹰", (p("有照片。"),)),
            ),
            (p("热身结束。"),),
        ),
        notes=(
            Note("read_original", t("请点文末阅读原文")),
            Note("other", (Text("下周停刊，"), Link(t("详情"), "https://peak.example.net/off"))),
        ),
        sections=(
            Section(t("业界新闻"), 2, content=(p("编者按。"), news, p("以上来自山脚。"))),
            Section(t("论文"), 2, (Note("complete_url", t("补全地址即可")),), (paper,)),
            Section((Text("链接 "), Code("list")), 3, content=(Item(t("只有题目"), "bare"),)),
            Section((), 2, content=(p("无题的尾声。"),)),
        ),
        footer=(p("投稿：", Link(t("desk"), "mailto:desk@peak.example.org")), Rule()),
    )
