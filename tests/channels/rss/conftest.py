"""A small newsletter of our own, and what the pipeline would do with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from publisher.channel import Context, Entry, Part, PartGroup
from publisher.channels.rss import Rss
from publisher.model import (
    Brief,
    Code,
    CodeBlock,
    Em,
    Field,
    Figure,
    Guide,
    Image,
    Issue,
    Item,
    Link,
    List,
    Note,
    Paragraph,
    Section,
    Strong,
    Table,
    Text,
    Title,
    Warmup,
)
from publisher.newsletter import Newsletter
from publisher.transforms import compute_revision

TEMPLATES = Path(__file__).parents[3] / "templates"
BEIJING = dt.timezone(dt.timedelta(hours=8))

PUBLICATION = Newsletter(
    name="潮汐简报",
    url="https://tide.example.org/weekly/{date}/",
    base="https://tide.example.org/weekly/",
    id="tag:tide.example.org,2019:weekly",
    tagline="海边的工程师每周读什么",
    author="潮汐编辑部",
    license="CC-BY-SA-4.0",
)


def t(*texts: str) -> tuple[Text, ...]:
    return tuple(Text(text) for text in texts)


def p(*texts: str) -> Paragraph:
    return Paragraph(t(*texts))


def full_issue(day: str = "2021-07-18") -> Issue:
    """An issue that has one of everything."""
    news = Item(
        title=t("港口起重机学会了自己看潮位"),
        id="crane-tide",
        url="https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv",
        source="海图周刊",
        fields=(Field("摘要", "summary", (*t("吊机以 "), Strong(t("0.3 秒")), *t("读一次水位，误差 <2 厘米。"))),),
    )
    paper = Item(
        title=(*t("把 "), Code("Vec<T>"), *t(" 塞进浮标")),
        id="arxiv-2107-01234",
        url="https://arxiv.org/abs/2107.01234",
        tags=("arXiv 2107.01234", "SenSys 2021"),
        authors=("林浅", "周深"),
        extras=(Link(t("代码"), "https://github.com/shoal/buoy"),),
        fields=(
            Field("标题", "title", t("Buoys & Bytes: a <small> runtime")),
            Field(
                "论文",
                "paper",
                (Link(t("https://arxiv.org/pdf/2107.01234"), "https://arxiv.org/pdf/2107.01234"),),
                "https://arxiv.org/pdf/2107.01234",
            ),
            Field("摘要", "summary", t("电池撑过三个冬天。")),
            Field("讨论", "discussion", t("每周四晚")),
        ),
        body=(
            p("一条命令就能试："),
            CodeBlock('tide --port "/dev/ttyS0" <in >out\n# ]]> 不是结尾', "sh"),
            Table(header=(t("型号"), t("续航")), rows=((t("甲"), t("90 天")),)),
            Figure(Image("https://tide.example.org/weekly/buoy.png", "浮标剖面图")),
        ),
    )
    bare = Item(title=t("没有链接的一条"), id="bare", tail=t("（编辑手记）"))
    return Issue(
        id=day,
        date=dt.date.fromisoformat(day),
        title=Title(t(f"潮汐简报 ({day})：潮位/浮标"), "潮汐简报", day, ("潮位", "浮标")),
        tagline=(Strong(t("关注近海计算")),),
        guide=Guide((p("本期共 3 条：", "看潮位的吊机，会省电的浮标。"),), "导读", 3),
        warmup=Warmup(
            intro=(p("先来点小消息："),),
            briefs=(
                Brief((*t("灯塔协会：换了 "), Em(t("新灯泡")), *t("；")), "灯塔协会"),
                Brief(t("鸥鸟：又偷了一袋薯条。"), "鸥鸟", (List((((p("有视频为证"),)),)),)),
            ),
        ),
        notes=(Note("read_original", t("个别链接请点文末阅读原文。")), Note("other", t("下周停刊一次。"))),
        sections=(
            Section(t("业界新闻"), 2, content=(news, p("以上来自码头。"))),
            Section(t("论文"), 2, notes=(Note("complete_url", t("补全地址即可访问。")),), content=(paper, bare)),
        ),
        footer=(
            Paragraph((*t("投稿："), Link(t("tide@example.org"), "mailto:tide@example.org"))),
            List(((p("转载请注明出处"),),)),
        ),
    )


def plain_issue(day: str, text: str = "这一周风平浪静。") -> Issue:
    date = dt.date.fromisoformat(day)
    item = Item(title=t(f"{day} 的浪高"), id="waves", url=f"https://buoys.example.net/{day}", body=(p(text),))
    title = Title(t(f"潮汐简报 ({day})"), "潮汐简报", day)
    return Issue(id=day, date=date, title=title, sections=(Section(t("观测"), 2, content=(item,)),))


def entry_of(issue: Issue, **changes: object) -> Entry:
    assert issue.date
    published = dt.datetime.combine(issue.date, dt.time(9, 30), BEIJING)
    entry = Entry(
        id=f"{PUBLICATION.id}/{issue.id}",
        date=issue.date,
        title=f"潮汐简报 ({issue.id})",
        summary=f"{issue.id} 这一期的摘要，R&D <小>。",
        url=PUBLICATION.issue_url(issue.id, issue.date),
        published=published,
        updated=published,
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


class Templates:
    """The theme without Jinja2."""

    def render(self, name: str, **values: object) -> str:  # noqa: ARG002
        raise AssertionError("feeds are not made from templates")

    def text(self, name: str) -> str:
        return (TEMPLATES / name).read_text("utf-8")


CONTEXT = Context(PUBLICATION, Templates())


class Newsletter(Struct):
    """Issues with their entries; `files` renders them all and gives every file by its key."""

    issues: dict[str, tuple[Issue, Entry]] = {}
    channel: Rss = Rss()
    context: Context = CONTEXT
    asked: list[str] = []

    def add(self, *issues: Issue, **changes: object) -> Newsletter:
        """A newsletter that has these issues too, or in place of those with their ids."""
        new = {issue.id: (issue, entry_of(issue, **changes)) for issue in issues}
        return replace(self, issues=self.issues | new, asked=[])

    def using(self, **settings: object) -> Newsletter:
        """The same issues under other settings of the channel."""
        return replace(self, channel=replace(self.channel, **settings), asked=[])  # type: ignore[arg-type]

    @property
    def entries(self) -> list[Entry]:
        """Newest first, each with its revision."""
        found = [replace(entry, revision=compute_revision(issue)) for issue, entry in self.issues.values()]
        return sorted(found, key=lambda entry: entry.date, reverse=True)

    def body(self, entry: Entry) -> bytes:
        self.asked.append(entry.id)
        issue = self.issues[entry.id.rpartition("/")[2]][0]
        return self.channel.render(issue, replace(self.context, entry=entry)).parts[0].body

    def groups(self) -> list[PartGroup]:
        return list(self.channel.render_archive(self.entries, self.body, self.context))

    def parts(self) -> list[Part]:
        return [part for group in self.groups() for part in group.parts()]

    def files(self) -> dict[str, bytes]:
        return {part.key: part.body for part in self.parts()}


@pytest.fixture
def empty() -> Newsletter:
    """A newsletter without issues."""
    return Newsletter()


@pytest.fixture
def newsletter() -> Newsletter:
    """Four issues in two years; the newest has one of everything and was corrected two days later."""
    corrected = dt.datetime(2021, 7, 20, 8, 0, tzinfo=BEIJING)
    plain = [plain_issue(day) for day in ("2020-12-06", "2021-01-10", "2021-03-07")]
    return Newsletter().add(*plain).add(full_issue(), updated=corrected)


@pytest.fixture
def issue() -> Callable[..., Issue]:
    """issue(day, text): an issue of one section with one item."""
    return plain_issue


@pytest.fixture
def weeks() -> Callable[[int, str], list[Issue]]:
    """weeks(n, first day): plain issues, one a week."""

    def make(number: int, first: str) -> list[Issue]:
        start = dt.date.fromisoformat(first)
        return [plain_issue((start + dt.timedelta(weeks=week)).isoformat()) for week in range(number)]

    return make
