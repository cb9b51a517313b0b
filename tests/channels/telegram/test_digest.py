"""What each level of detail includes from an issue, and how it looks."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.labels import get_labels
from publisher.model import Field, Guide, Issue, Item, Link, Paragraph, Quote, Section, Text

ISSUE = """
# 潮汐简报 (2024-05-20)：灯塔换灯/船坞

**海边的工程师每周读什么**

> 导读：本期4条。【新闻】灯塔换了灯；【论文】测潮位不必下水，【开源】一把尺子。

先听几声汽笛：

- 船坞：[新吊车](https://crane.example.org/)到了；
- 渔港：涨潮提前一刻钟。

> 注：下周停刊。

> 注：个别链接打不开，请点击文末【阅读原文】跳转。

## 新闻

编者按：这一节都是真的。

- [灯塔换了灯 | 海港日报](https://harbour.example.org/lamp)
摘要：**换灯**用了三天，`lamp.md` 记下了经过。
第二行讲换下来的灯去了哪里。

- [没有摘要的消息](https://harbour.example.org/none)

## 论文

- [SenSys2023] [2305.01234] [用浮标测潮位 | 林汐、周渡](https://harbour.example.org/buoy)
标题：Measuring tides without getting wet
论文：https://harbour.example.org/buoy
代码：[仓库](https://code.example.org/buoy)
讨论：https://forum.example.org/1
摘要：不用下水。

## 开源

- [tide/ruler：一把量潮的尺子 | 工具箱](https://blog.example.org/ruler)
    1. 会量；
    2. 会画。

```sh
ruler --port tty
```

| 型号 | 长度 |
| --- | --- |
| 甲 | 1 米 |

---

投稿：desk@tide.example.org
"""


def body(text: str) -> str:
    """The text below the title of the issue."""
    return text.split("\n\n", 1)[1]


GUIDE = """\
导读：本期4条。
【新闻】灯塔换了灯；
【论文】测潮位不必下水，【开源】一把尺子。

"""


def test_titles(send, accepted) -> None:
    sent = send(ISSUE, detail="titles")
    accepted(sent)
    (text,) = sent.texts
    assert text.startswith("灯塔换灯 / 船坞\n4 条\n\n")
    assert body(text) == GUIDE + (
        "新闻 · 2 条\n"
        "1. 灯塔换了灯 · 海港日报\n"
        "2. 没有摘要的消息\n\n"
        "论文 · 1 条\n"
        "3. [SenSys2023] [2305.01234] 用浮标测潮位 · 林汐、周渡\n\n"
        "开源 · 1 条\n"
        "4. tide/ruler：一把量潮的尺子 · 工具箱"
    )
    assert sent.links == [
        ("灯塔换了灯", "https://harbour.example.org/lamp"),
        ("没有摘要的消息", "https://harbour.example.org/none"),
        ("用浮标测潮位", "https://harbour.example.org/buoy"),
        ("tide/ruler：一把量潮的尺子", "https://blog.example.org/ruler"),
    ]
    title, *others = sent.marked("bold")
    assert title == "灯塔换灯 / 船坞"
    assert others == ["导读：", "【新闻】", "【论文】", "【开源】", "新闻", "论文", "开源"]


def test_summaries(send, accepted) -> None:
    sent = send(ISSUE, detail="summaries")
    accepted(sent)
    (text,) = sent.texts
    assert body(text) == GUIDE + (
        "先听几声汽笛：\n"
        "• 船坞：新吊车到了；\n"
        "• 渔港：涨潮提前一刻钟。\n\n"
        "新闻 · 2 条\n"
        "编者按：这一节都是真的。\n\n"
        "1. 灯塔换了灯 · 海港日报\n"
        "换灯用了三天，lamp.md 记下了经过。\n\n"
        "2. 没有摘要的消息\n\n"
        "论文 · 1 条\n"
        "3. [SenSys2023] [2305.01234] 用浮标测潮位 · 林汐、周渡\n"
        "代码 · 讨论 · arXiv\n"
        "不用下水。\n\n"
        "开源 · 1 条\n"
        "4. tide/ruler：一把量潮的尺子 · 工具箱\n"
        "GitHub"
    )
    assert sent.marked("expandable_blockquote") == [
        "• 船坞：新吊车到了；\n• 渔港：涨潮提前一刻钟。",
        "编者按：这一节都是真的。",
        "换灯用了三天，lamp.md 记下了经过。",
        "不用下水。",
    ]
    assert sent.links[3:] == [
        ("用浮标测潮位", "https://harbour.example.org/buoy"),
        ("代码", "https://code.example.org/buoy"),
        ("讨论", "https://forum.example.org/1"),
        ("arXiv", "https://arxiv.org/abs/2305.01234"),
        ("tide/ruler：一把量潮的尺子", "https://blog.example.org/ruler"),
        ("GitHub", "https://github.com/tide/ruler"),
    ]


def test_full(send, accepted) -> None:
    sent = send(ISSUE, detail="full")
    accepted(sent)
    (text,) = sent.texts
    assert body(text) == GUIDE + (
        "先听几声汽笛：\n"
        "• 船坞：新吊车到了；\n"
        "• 渔港：涨潮提前一刻钟。\n\n"
        "注：下周停刊。\n\n"
        "新闻 · 2 条\n"
        "编者按：这一节都是真的。\n\n"
        "1. 灯塔换了灯 · 海港日报\n"
        "摘要：换灯用了三天，lamp.md 记下了经过。\n"
        "第二行讲换下来的灯去了哪里。\n\n"
        "2. 没有摘要的消息\n\n"
        "论文 · 1 条\n"
        "3. [SenSys2023] [2305.01234] 用浮标测潮位 · 林汐、周渡\n"
        "标题：Measuring tides without getting wet\n"
        "论文：https://harbour.example.org/buoy\n"
        "代码：仓库\n"
        "讨论：https://forum.example.org/1\n"
        "arXiv\n"
        "摘要：不用下水。\n\n"
        "开源 · 1 条\n"
        "4. tide/ruler：一把量潮的尺子 · 工具箱\n"
        "GitHub\n"
        "1. 会量；\n"
        "2. 会画。\n"
        "ruler --port tty\n"
        "型号 | 长度\n"
        "甲 | 1 米\n\n"
        "———\n\n"
        "投稿：desk@tide.example.org"
    )
    assert sent.marked("pre") == ["ruler --port tty"]
    assert sent.marked("code") == ["lamp.md"]
    assert sent.marked("italic") == ["注：下周停刊。"]
    assert {"船坞", "渔港", "换灯", "型号", "长度"} <= set(sent.marked("bold"))
    assert sent.marked("expandable_blockquote")[0] == "• 船坞：新吊车到了；\n• 渔港：涨潮提前一刻钟。"


def one(*items: Item, **changes: object) -> Issue:
    return Issue("1", sections=(Section((Text("新闻"),), 2, (), items),), **changes)  # type: ignore[arg-type]


def line(sent, number: int = 1) -> str:
    return next(text for text in sent.texts[0].split("\n") if text.startswith(f"{number}. "))


def test_in_english(send) -> None:
    text = send(one(Item((Text("A lamp"),))), lang="en").texts[0]
    assert text.endswith("新闻 · 1 item\n1. A lamp")
    assert get_labels("en")["continued"] == " (continued)"


@pytest.mark.parametrize("detail", ["titles", "summaries", "full"])
def test_an_item_without_a_title_shows_its_address(send, detail: str) -> None:
    sent = send(one(Item((), url="https://e.org/a.md")), detail=detail)
    assert line(sent) == "1. https://e.org/a.md"
    assert sent.links == [("https://e.org/a.md", "https://e.org/a.md")]


def test_a_title_with_a_link_of_its_own_keeps_both(send, accepted) -> None:
    title = (Text("比较 "), Link((Text("甲"),), "https://a.org/"), Text(" 与乙"))
    sent = send(one(Item(title, url="https://b.org/")))
    accepted(sent)
    assert sent.links == [("甲", "https://a.org/"), ("链接", "https://b.org/")]


def test_a_title_that_is_a_link_keeps_both(send) -> None:
    sent = send(one(Item((Link((Text("甲"),), "https://a.org/"),), url="https://b.org/")))
    assert sent.links == [("甲", "https://a.org/"), ("链接", "https://b.org/")]


def test_further_links_and_what_stands_behind(send) -> None:
    item = Item(
        (Text("甲"),),
        url="https://a.org/",
        extras=(Link((Text("幻灯"),), "https://a.org/slides"), Link((Text("自己"),), "https://www.a.org")),
        tail=(Text("，值得看"),),
    )
    assert line(send(one(item), detail="titles")) == "1. 甲"
    assert line(send(one(item), detail="summaries")) == "1. 甲，值得看"
    assert send(one(item), detail="summaries").texts[0].endswith("\n幻灯")
    assert line(send(one(item), detail="full")) == "1. 甲，值得看 · 幻灯 · 自己"


def test_the_first_paragraph_stands_for_a_missing_summary(send) -> None:
    item = Item((Text("甲"),), body=(Paragraph((Text("第一段。"),)), Paragraph((Text("第二段。"),))))
    assert send(one(item)).texts[0].endswith("1. 甲\n第一段。")
    assert send(one(item), detail="full").texts[0].endswith("1. 甲\n第一段。\n第二段。")


def test_a_quote_stands_for_a_missing_summary(send, accepted) -> None:
    """Folded like a summary, and whole: who said it is a part of it."""
    text = """
## 新闻

- [甲](https://e.org/1)

> 海上无小事。
>
> —— 守塔人，见[日志](https://e.org/log)

- [乙](https://e.org/2)

> 先引一句。

再说一句。

- [丙](https://e.org/3)
摘要：有摘要。

> 不再引。
"""
    sent = send(text, detail="summaries")
    accepted(sent)
    assert sent.texts[0].endswith(
        "新闻 · 3 条\n1. 甲\n海上无小事。\n—— 守塔人，见日志\n\n2. 乙\n再说一句。\n\n3. 丙\n有摘要。"
    )
    assert sent.marked("expandable_blockquote") == ["海上无小事。\n—— 守塔人，见日志", "再说一句。", "有摘要。"]
    assert [url for _, url in sent.links] == [f"https://e.org/{end}" for end in ("1", "log", "2", "3")]


def test_a_repository_in_a_quote_is_linked_once(send) -> None:
    quote = Quote((Paragraph((Link((Text("潮尺"),), "https://github.com/tide/ruler"), Text("好用。"))),))
    sent = send(one(Item((Text("甲"),), url="https://e.org/", repo="tide/ruler", body=(quote,))))
    assert sent.texts[0].endswith("1. 甲\n潮尺好用。")


@pytest.mark.parametrize("detail", ["summaries", "full"])
def test_items_of_one_line_stand_close_together(send, accepted, detail: str) -> None:
    """An item with a second line has blank lines around it, and so has one that is a paragraph."""
    sentence = "这一条没有题目，只有一段话，说的是潮水退去以后滩上留下了什么，还有谁去捡。" * 3
    items = [
        Item((Text("甲"),), url="https://e.org/1"),
        Item((Text("乙"),), url="https://e.org/2"),
        Item((Text("丙"),), fields=(Field("摘要", "summary", (Text("有摘要。"),)),)),
        Item((Text("丁"),)),
        Item((Text("戊"),)),
        Item((Text(sentence),)),
        Item((Text("己"),)),
    ]
    sent = send(one(*items), detail=detail)
    accepted(sent)
    summary = "有摘要。" if detail == "summaries" else "摘要：有摘要。"
    assert body(sent.texts[0]) == (
        f"新闻 · 7 条\n1. 甲\n2. 乙\n\n3. 丙\n{summary}\n\n4. 丁\n5. 戊\n\n6. {sentence}\n\n7. 己"
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("# 潮汐简报 (2024-05-20)：灯塔换灯/船坞", "灯塔换灯 / 船坞\n1 条"),
        ("# 潮汐简报 (2024-05-20)", "甲 和 乙\n1 条"),  # its topics are its items
        ("# 第 12 期：灯塔/船坞", "第 12 期：灯塔/船坞\n1 条"),
        ("", "潮汐简报 · 1 条"),
    ],
)
def test_the_head_has_what_the_chat_does_not_show(send, accepted, title: str, shown: str) -> None:
    """The name of the chat and the date are above and beside each message; a headline is on top, in bold."""
    front = "---\ndate: 2024-05-20\n---\n"
    sent = send(f"{front}{title}\n\n## 新闻\n\n- [甲 和 乙](https://e.org/)\n")
    accepted(sent)
    assert sent.texts[0].split("\n\n")[0] == shown
    assert sent.marked("bold")[0] == shown.split("\n")[0].split(" · ")[0]


@pytest.mark.parametrize("colon", ["：", ":"])
def test_what_announces_something_left_out_does_not_end_in_a_colon(send, colon: str) -> None:
    more = Paragraph((Text("第二段。"),))
    field = Field("摘要", "summary", (Text(f"有三条{colon}"),))
    assert send(one(Item((Text("甲"),), fields=(field,), body=(more,)))).texts[0].endswith("\n有三条…")
    assert send(one(Item((Text("甲"),), fields=(field,)))).texts[0].endswith(f"\n有三条{colon}")
    first = Paragraph((Text(f"有三条{colon}"),))
    assert send(one(Item((Text("甲"),), body=(first, more)))).texts[0].endswith("\n有三条…")
    assert send(one(Item((Text("甲"),), body=(first,)))).texts[0].endswith(f"\n有三条{colon}")
    whole = send(one(Item((Text("甲"),), body=(first, more))), detail="full").texts[0]
    assert whole.endswith(f"\n有三条{colon}\n第二段。")


def test_a_tagline_of_the_issue_alone(send) -> None:
    assert "特刊" in send(one(tagline=(Text("特刊"),))).texts[0]
    assert "海边" not in send(one(tagline=(Text("海边的工程师每周读什么"),))).texts[0]


def test_a_correction_says_when(send) -> None:
    at = dt.datetime(2024, 5, 21, 8, tzinfo=dt.UTC)
    sent = send(one(Item((Text("甲"),))), updated=at)
    assert body(sent.texts[0]).startswith("更正于 2024-05-21\n\n")
    assert "更正" not in send(one(Item((Text("甲"),)))).texts[0]


def test_a_guide_of_several_paragraphs(send) -> None:
    guide = Guide((Paragraph((Text("第一段。"),)), Paragraph((Text("第二段。"),))), "导读")
    assert body(send(one(guide=guide)).texts[0]) == "导读：第一段。\n第二段。\n\n新闻"


def test_a_heading_too_long_to_be_repeated(send, accepted) -> None:
    heading = "很长的题目" * 30
    items = tuple(Item((Text("字" * 200),)) for _ in range(40))
    sent = send(Issue("1", sections=(Section((Text(heading),), 2, (), items),)), detail="titles")
    accepted(sent)
    assert heading in sent.texts[0]
    assert ("很长的题目" * 19 + "…（续）\n") in sent.texts[1]


@pytest.mark.parametrize("title", ["", " ", "\u200b\u2060"])
def test_a_message_has_something_to_see(send, accepted, title: str) -> None:
    sent = send(Issue("1"), title=title)
    accepted(sent)
    assert sent.texts == ["潮汐简报"]
