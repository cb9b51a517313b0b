"""Where one message ends and the next begins."""

from __future__ import annotations

import re

import pytest

from publisher.channels.telegram.entities import (
    MAX_MESSAGE_SIZE,
    MessageSize,
    Span,
    Spans,
    join_rendered,
    render_spans,
    span_text,
)
from publisher.channels.telegram.split import split_to_fit
from publisher.model import Field, Inline, Issue, Item, Link, Section, Text, Title

NAME, HEADLINE = "潮汐简报", "灯塔"


def item(title: str, summary: str = "", url: str = "https://e.org/", *more: Inline) -> Item:
    value = (*((Text(summary),) if summary else ()), *more)
    return Item((Text(title),), url=url, fields=(Field("摘要", "summary", value),) if value else ())


def issue(*sections: tuple[str, list[Item]]) -> Issue:
    return Issue(
        "2024-05-20",
        title=Title((), "潮汐简报", "2024-05-20"),
        sections=tuple(Section((Text(name),), 2, (), tuple(items)) for name, items in sections),
    )


def heads(text: str) -> list[str]:
    """The first line of a message, and the lines that are headings of sections."""
    first, *rest = text.split("\n")
    return [first, *(line for line in rest if re.search(r" · \d+ 条$|（续）$", line))]


# ------------------------------------------------------------------ one or more


def test_what_fits_is_one_message_without_a_number(send, accepted) -> None:
    sent = send(issue(("新闻", [item("甲"), item("乙")]), ("论文", [item("丙")])))
    accepted(sent)
    (text,) = sent.texts
    assert text == f"{HEADLINE}\n3 条\n\n新闻 · 2 条\n1. 甲\n2. 乙\n\n论文 · 1 条\n3. 丙"


def test_a_list_of_links_takes_fewer_messages_without_blank_lines(send, accepted) -> None:
    """60 lines that fill a message, if no blank line is between them."""
    titles = ["字" * 63 for _ in range(60)]
    lines = [f"{number}. {title}" for number, title in enumerate(titles, 1)]
    top = "灯塔\n60 条\n\n新闻 · 60 条\n"
    assert len(top + "\n".join(lines)) <= 4096 < len(top + "\n\n".join(lines))
    sent = send(issue(("新闻", [item(title) for title in titles])))
    accepted(sent)
    assert sent.texts == [top + "\n".join(lines)]


def test_a_message_may_begin_inside_a_list(send, accepted) -> None:
    """No blank line, and no item, is lost at the border."""
    sent = send(issue(("新闻", [item(f"条目{n}" + "字" * 90) for n in range(1, 91)])))
    accepted(sent)
    bodies = [text.split("\n\n")[1].split("\n")[1:] for text in sent.texts]
    assert len(bodies) > 2
    assert [line[: line.index("字")] for body in bodies for line in body] == [f"{n}. 条目{n}" for n in range(1, 91)]


def test_the_last_unit_that_fits(send, accepted) -> None:
    """What stands around the summary takes 22 units, so one of 4,074 fills the message to the brim."""
    assert len(f"{HEADLINE}\n1 条\n\n新闻 · 1 条\n1. 甲\n") == 22
    sent = send(issue(("新闻", [item("甲", "字" * 4074)])))
    accepted(sent)
    assert [len(text) for text in sent.texts] == [4096]
    assert len(send(issue(("新闻", [item("甲", "字" * 4075)]))).calls) == 2


def test_a_character_beyond_the_first_plane_counts_twice(send, accepted) -> None:
    for count, messages in ((2037, 1), (2038, 2)):
        sent = send(issue(("新闻", [item("甲", "🙂" * count)])))
        accepted(sent)
        assert len(sent.calls) == messages


def test_every_message_is_numbered_and_says_where_it_goes_on(send, accepted) -> None:
    sent = send(issue(("新闻", [item(f"新闻{n}", "字" * 500) for n in range(1, 21)])))
    accepted(sent)
    assert [heads(text) for text in sent.texts] == [
        [HEADLINE, "新闻 · 20 条"],
        [f"{NAME} · 2/3", "新闻（续）"],
        [f"{NAME} · 3/3", "新闻（续）"],
    ]
    assert sent.texts[0].startswith(f"{HEADLINE}\n20 条 · 1/3\n\n")


def test_no_item_is_torn_and_none_is_lost(send, accepted) -> None:
    items = [item(f"新闻{n}", f"开头{n}" + "字" * 700 + f"末尾{n}") for n in range(1, 31)]
    sent = send(issue(("新闻", items)))
    accepted(sent)
    assert len(sent.calls) > 4
    found = [re.findall(r"(?m)^(\d+)\. 新闻\1\n开头\1字{700}末尾\1$", text) for text in sent.texts]
    assert [int(number) for numbers in found for number in numbers] == [*range(1, 31)]


def test_messages_begin_with_a_section_if_that_costs_none(send) -> None:
    """3 and 3 of the six items would fit as well, but 2 and 4 leave both sections whole."""
    long = "字" * 900
    sent = send(issue(("新闻", [item("a", long)] * 2), ("论文", [item("b", long)] * 4)))
    assert [heads(text)[1:] for text in sent.texts] == [["新闻 · 2 条"], ["论文 · 4 条"]]


def test_messages_are_of_like_length(send) -> None:
    sent = send(issue(("新闻", [item("a", "字" * 250)] * 20)))
    first, second = (len(text) for text in sent.texts)
    assert abs(first - second) < 300


def test_a_heading_without_items_stays_with_what_follows(send) -> None:
    """The empty heading would fit below the first section, but it says what comes after it."""
    sections = (("新闻", [item("a", "字" * 1900)] * 2), ("论文", []), ("视觉", [item("b", "字" * 1900)]))
    first, second = send(issue(*sections)).texts
    assert "论文" not in first
    assert second.startswith(f"{NAME} · 2/2\n\n论文\n\n视觉 · 1 条\n")


# -------------------------------------------------------------------- the limits


def test_a_hundred_marks(send, accepted) -> None:
    """Title and heading are bold, the items are links: 98 of them fill the message."""
    for count, messages in ((98, 1), (99, 2)):
        sent = send(issue(("新闻", [item("甲")] * count)), detail="titles")
        accepted(sent)
        assert len(sent.calls) == messages
    assert len(send(issue(("新闻", [item("甲")] * 98)), detail="titles").calls[0]["entities"]) == 100


def test_the_bytes_of_addresses(send, accepted) -> None:
    """Two bold marks of 16 bytes, and links of 16 + 500: 18 of them take 9,320 bytes, 19 would take 9,836."""
    url = "https://e.org/".ljust(500, "x")
    for count, messages in ((18, 1), (19, 2)):
        sent = send(issue(("新闻", [item("甲", url=url)] * count)), detail="titles")
        accepted(sent)
        assert len(sent.calls) == messages


def test_the_bytes_of_the_source() -> None:
    """They count with the markup of the HTML form, where two of these characters take four and five."""
    size = render_spans((Span("字<&", "bold"),)).size
    assert size == MessageSize(3, 1, 16, len("<b>字&lt;&amp;</b>".encode()))
    assert MessageSize(4096, 100, 9500, 32768) <= MAX_MESSAGE_SIZE
    assert not MessageSize(4096, 100, 9500, 32769) <= MAX_MESSAGE_SIZE


def test_pieces_need_not_be_counted_again() -> None:
    parts: list[Spans] = [
        (Span("🙂题", "bold"),),
        (Span("\n\n"),),
        (Span("灯", "", "https://e.org/"), Span("塔", "italic", "https://e.org/", quote=True)),
        (Span("\n"),),
        (Span(" <码>", "pre", language="c"), Span("尾")),
    ]
    assert join_rendered([render_spans(part) for part in parts]) == render_spans(
        tuple(run for part in parts for run in part)
    )


# --------------------------------------------------------------------- monsters


def test_an_item_larger_than_a_message(send, accepted) -> None:
    """Its title stays whole, its summary parts at the ends of sentences, and what goes on says so."""
    summary = "".join(f"这是第{n}句话，句子里有逗号，也有顿号、引号，末了是句号。" for n in range(300))
    sent = send(issue(("新闻", [item("甲"), item("乙" * 60, summary), item("丙")])))
    accepted(sent)
    first, second, third = sent.texts
    assert first.startswith(f"{HEADLINE}\n3 条 · 1/3\n\n新闻 · 3 条\n1. 甲\n\n2. {'乙' * 60}\n这是第0句话，")
    assert second.startswith(f"{NAME} · 2/3\n\n新闻（续）\n2.（续）\n这是第")
    assert third.startswith(f"{NAME} · 3/3\n\n新闻（续）\n2.（续）\n这是第")
    assert first.endswith("末了是句号。")
    assert second.endswith("末了是句号。")
    assert third.endswith("末了是句号。\n\n3. 丙")
    pieces = [text[text.index("\n这是") + 1 :] for text in sent.texts]
    assert "".join(pieces).removesuffix("\n\n3. 丙") == summary


def test_three_hundred_links_in_one_item(send, accepted) -> None:
    links = [Link((Text(f"第{n}处"),), f"https://e.org/{n}") for n in range(300)]
    text = [node for link in links for node in (Text("，见"), link)]
    sent = send(issue(("新闻", [item("甲", "", "https://e.org/", *text)])))
    accepted(sent)
    assert sent.links == [("甲", "https://e.org/"), *((f"第{n}处", f"https://e.org/{n}") for n in range(300))]


def test_a_title_larger_than_a_message(send, accepted) -> None:
    sent = send(issue(("新闻", [item("长" * 9000, url="https://e.org/long")])), detail="full")
    accepted(sent)
    assert "".join(text for text, _ in sent.links) == "长" * 9000
    assert {url for _, url in sent.links} == {"https://e.org/long"}


def test_the_title_of_the_issue_may_be_long(send, accepted) -> None:
    sent = send(issue(("新闻", [item("甲")])), title="题目" * 2000)
    accepted(sent)
    assert sent.marked("bold")[0] == "题目" * 127 + "题…"
    assert "题目" * 1500 in "".join(sent.texts)


# ------------------------------------------------------------------ broken texts

ROOM = MessageSize(units=20, entities=100, entity_bytes=9500, raw_bytes=32768)


def parts(*runs: Span | str, room: MessageSize = ROOM) -> list[str]:
    made: Spans = tuple(Span(run) if isinstance(run, str) else run for run in runs)
    return [span_text(part) for part in split_to_fit(made, room)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("第一段有八个字。\n第二段也有八个字，再多几个", "第一段有八个字。"),  # a line before a sentence
        ("第一句有九个字吧。第二句还没有说完，就到头了", "第一句有九个字吧。"),  # a sentence before a pause
        ("他说：“就在这里停吧。”然后就再也没有说过话了", "他说：“就在这里停吧。”"),  # its quotation mark too
        ("这一句话里面只有逗号，没有别的什么可以停的地方", "这一句话里面只有逗号，"),
        ("no pause in these words of english text", "no pause in these"),
        ("没有任何可以停下来的地方只好就在这里断开了吧", "没有任何可以停下来的地方只好就在这里断开"),
        ("短。接着是一句很长很长很长很长很长很长的话啊", "短。接着是一句很长很长很长很长很长很长的"),
    ],
)
def test_where_a_text_is_divided(text: str, first: str) -> None:
    found = parts(text)
    assert found[0] == first
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.mark.parametrize("run", [Span("这个链接有九个字。", url="https://e.org/"), Span("let x = 1;", "code")])
def test_links_and_code_go_whole_to_the_next_part(run: Span) -> None:
    before = "前面有十二个字在这里呢呢"
    assert parts(before, run, "完") == [before, f"{run.text}完"]


@pytest.mark.parametrize("whole", ["👨\u200d👩\u200d👧\u200d👦", "🇨🇳", "👍🏽", "e\u0301", "1\ufe0f\u20e3", "❤️"])
def test_what_is_seen_as_one_is_not_torn(whole: str) -> None:
    for before in range(1, 20):
        found = parts("字" * before + whole + "字" * 5)
        assert any(whole in part for part in found), found


def test_a_part_does_not_begin_with_what_would_make_a_tag() -> None:
    assert parts("C" * 20 + "#语言") == ["C" * 19, "C#语言"]


def test_flags_in_a_row_stay_flags() -> None:
    found = parts("🇨🇳🇯🇵🇰🇷🇫🇷🇩🇪🇮🇹🇪🇸🇬🇧", room=MessageSize(10, 100, 9500, 32768))
    assert found == ["🇨🇳🇯🇵", "🇰🇷🇫🇷", "🇩🇪🇮🇹", "🇪🇸🇬🇧"]


def test_marks_go_on_in_the_next_part() -> None:
    runs = (Span("加粗的句子。", "bold", quote=True), Span("代码" * 12, "code", quote=True))
    first, *rest = split_to_fit(runs, ROOM)
    assert first == (runs[0],)
    assert all(run.style == "code" and run.quote for part in rest for run in part)
