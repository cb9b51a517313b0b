"""What a reader sees: every word, every address where it belongs, nothing that makes no sense in a mail."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from publisher.channels.email import Email
from publisher.channels.email.wrapping import count_columns
from publisher.model import Issue, Link, Note, Paragraph, Section, Text
from tests.channels.email.conftest import BEIJING, PUBLICATION, Mail, render

Make = Callable[..., Mail]


def test_the_whole_mail(mail: Make, golden: Callable[[str, str | bytes], None]) -> None:
    """Read the golden file: it is the mail as people see it."""
    golden("mail.txt", mail().shown)


def section(body: str) -> str:
    return f"# 夜航船周报 (2024-03-07)\n\n## 论文\n\n{body}\n"


def below(made: Mail, heading: str = "论文") -> list[str]:
    """The lines from a section's heading to how to unsubscribe."""
    lines = made.lines
    start = next(n for n in range(1, len(lines)) if lines[n].split(" · ")[0] == heading and lines[n - 1] == "=" * 24)
    return lines[start + 2 : lines.index("-- ") - 4]


# ------------------------------------------------------------------ the head


def test_the_first_screen_says_what_this_is(mail: Make) -> None:
    assert mail().lines[:9] == [
        "夜航船周报 (2024-03-07)",
        "",
        "  灯塔改用 LED",
        "  海图上的蓝点",
        "",
        "给靠岸的人读的海上技术",
        "5 条 · 约 2 分钟",
        "在线阅读：https://ferry.example.org/weekly/2024-03-07/",
        "",
    ]


def test_the_date_of_a_correction_is_shown(mail: Make) -> None:
    later = dt.datetime(2024, 3, 9, 8, 0, tzinfo=BEIJING)
    assert "更正于 2024-03-09" in mail(entry={"updated": later}).lines


def test_english(mail: Make) -> None:
    english = replace(PUBLICATION, lang="en", name="Night Ferry")
    made = mail("# Night Ferry 12\n\n## Papers\n\n- [Tracks](https://e.org/t)\nSummary: wind\n", english)
    assert made.lines[:4] == [
        "Night Ferry 12",
        "",
        "1 item · 2 min",
        "Read online: https://ferry.example.org/weekly/2024-03-07/",
    ]
    assert "Contents" in made.lines


def test_a_title_of_another_form_keeps_its_links(mail: Make) -> None:
    made = mail("# 第 [十二](https://e.org/12) 期\n\n一段。\n")
    assert made.lines[:3] == ["第 十二[1] 期", "", "[1] https://e.org/12"]


def test_contents_number_the_items_as_the_sections_do(mail: Make) -> None:
    lines = mail().lines
    start = lines.index("目录")
    listed = {line[:5]: line[5:] for line in lines[start : start + 10] if re.match(r" [ \d]\d\. ", line)}
    assert list(listed) == ["  1. ", "  2. ", "  3. ", "  4. ", "  5. "]
    for number, name in listed.items():
        heads = [line for line in lines[start + 11 :] if line.startswith(number.strip())]
        assert any(name.rstrip("…")[:8] in head for head in heads)


def test_each_title_takes_one_line_of_the_contents(mail: Make) -> None:
    made = mail(section("- [" + "一个很长的标题" * 9 + "](https://e.org/1)"))
    entry = made.lines[made.lines.index("目录") + 3]
    assert entry.endswith("…")
    assert count_columns(entry) in (71, 72)


@pytest.mark.parametrize("name", ["Donaudampfschifffahrt" * 5, "A " + "x" * 80, "https://e.org/" + "a/" * 40, "é" * 90])
def test_a_title_of_one_long_word_is_cut_inside_it(mail: Make, name: str) -> None:
    made = mail(section(f"- [{name}](https://e.org/1)"))
    entry = made.lines[made.lines.index("目录") + 3]
    assert re.fullmatch(r"  1\. .*…", entry)
    assert name.startswith(entry[5:-1])
    assert 36 < count_columns(entry) <= 72


def test_an_address_of_wide_characters_is_cut_by_columns(mail: Make) -> None:
    made = mail(section(f"- [见 https://例子.中国/{'路' * 60}](https://e.org/1)"))
    assert count_columns(made.lines[made.lines.index("目录") + 3]) in (71, 72)


def numbered(count: int, first: int = 1) -> str:
    return "".join(f"- [第 {n} 条](https://e.org/{n})\n" for n in range(first, first + count))


def contents(made: Mail) -> list[str]:
    """The lines below the word, to the next two blank ones."""
    lines = made.lines[made.lines.index("目录") + 2 :]
    return lines[: lines.index("")]


def test_twenty_items_are_listed_and_more_are_counted(mail: Make) -> None:
    for count, listed in ((20, 21), (21, 1)):
        assert len(contents(mail(section(numbered(count))))) == listed


def test_sections_of_many_items_have_their_numbers(mail: Make) -> None:
    """Those below a section are on a line together, and one that has no items has no numbers."""
    made = mail(
        "# 夜航船周报 (2024-03-07)\n\n"
        f"## 论文\n\n{numbered(12)}\n### 视觉\n\n{numbered(1, 13)}\n### 语音\n\n{numbered(87, 14)}\n"
        f"## 编后\n\n一段。\n\n## 单独\n\n{numbered(1, 101)}\n"
    )
    assert contents(made) == ["1–100  论文", "       视觉 · 语音", "       编后", "101    单独"]


def test_a_single_section_at_the_top_does_not_count(mail: Make) -> None:
    made = mail(f"# 夜航船周报 (2024-03-07)\n\n## 论文\n\n{numbered(41)}\n### 单独\n\n- [末](https://e.org/z)\n")
    assert contents(made) == ["1–41  论文", "42    单独"]


def test_many_names_of_sections_take_several_lines(mail: Make) -> None:
    below = "".join(f"### 第 {n} 小节\n\n- [甲](https://e.org/{n})\n\n" for n in range(1, 31))
    lines = contents(mail(f"# 夜航船周报 (2024-03-07)\n\n## 论文\n\n{below}\n## 编后\n\n一段。\n"))
    assert lines[0] == "1–30  论文"
    assert all(line.endswith(" ·") for line in lines[1:-2])
    assert " ".join(line.strip() for line in lines[1:-1]) == " · ".join(f"第 {n} 小节" for n in range(1, 31))
    assert all(re.match(" {6}[^ ]", line) and count_columns(line) <= 72 for line in lines[1:])


def test_one_text_without_items_has_no_contents(mail: Make) -> None:
    assert "目录" not in mail("# 夜航船周报 (2024-03-07)\n\n## 编后\n\n只有一段。\n").shown


# -------------------------------------------------------------------- items


def test_an_address_stands_alone_below_its_title(mail: Make) -> None:
    made = mail(section("- [航迹](https://e.org/a)"))
    assert below(made) == ["1. 航迹", "   https://e.org/a"]


def test_who_wrote_it_is_not_torn_apart(mail: Make) -> None:
    title = "从船的航迹里猜一猜昨天夜里的海上到底有没有刮过一阵不小的风暴"
    assert below(mail(section(f"- [{title} | 海事观察](https://e.org/a)")))[:2] == [f"1. {title}", "   海事观察"]


def test_addresses_in_text_are_gathered_below_the_item(mail: Make) -> None:
    made = mail(
        section(
            "- [航迹](https://e.org/a)\n"
            "摘要：[甲](https://e.org/1)和[乙](https://e.org/2)，又是[甲](https://e.org/1)。\n"
            "- [海图](https://e.org/b)\n"
            "摘要：[丙](https://e.org/3)。"
        )
    )
    assert below(made)[3:] == [
        "摘要：甲[1]和乙[2]，又是甲[1]。",
        "",
        "[1] https://e.org/1",
        "[2] https://e.org/2",
        "",
        "",
        "2. 海图",
        "   https://e.org/b",
        "",
        "摘要：丙[1]。",
        "",
        "[1] https://e.org/3",
    ]


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ("https://e.org/1", ["1. https://e.org/1"]),
        ("https://e.org/1 is a site", ["1. https://e.org/1 is a site"]),
        ("[https://e.org/1](https://e.org/1), a site?", ["1. https://e.org/1, a site?"]),
        ("[https://e.org/1](https://e.org/1)，站", ["1. https://e.org/1", "   ，站"]),
        (f"https://e.org/{'1' * 40} is a site", [f"1. https://e.org/{'1' * 40}", "   is a site"]),
        ("Harbours: https://e.org/1", ["1. Harbours: https://e.org/1"]),
        ("[Boats](https://e.org/1) and https://e.org/2", ["1. Boats and https://e.org/2", "   https://e.org/1"]),
        (
            "**Harbours** [a](https://e.org/1) [b](https://e.org/2)",
            ["1. Harbours a[1] b[2]", "", "[1] https://e.org/1", "[2] https://e.org/2"],
        ),
    ],
)
def test_urls_in_the_first_line_of_an_item(mail: Make, item: str, shown: list[str]) -> None:
    assert below(mail(section(f"- {item}"))) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("见 https://e.org/1 。", ["见 https://e.org/1 。"]),
        ("见 https://e.org/1。", ["见 [1]。", "", "[1] https://e.org/1"]),  # a mail program would add 。 to it
        ("See (https://e.org/1), or **https://e.org/2**; no.", ["See (https://e.org/1), or https://e.org/2; no."]),
        ("See https://e.org/1.", ["See https://e.org/1."]),
        ("<https://e.org/1>**?!** no", ["[1]?! no", "", "[1] https://e.org/1"]),
        ("<https://e.org/1>/no", ["[1]/no", "", "[1] https://e.org/1"]),
        (f"见 https://e.org/{'1' * 40} 。", ["见 [1] 。", "", f"[1] https://e.org/{'1' * 40}"]),
        ("见 https://e.org/1", ["见 https://e.org/1"]),
        ("见[原文](https://e.org/a)。", ["见原文。"]),  # the address is right above
        ("见[信箱](mailto:a@e.org)。", ["见信箱[1]。", "", "[1] mailto:a@e.org"]),
        ("见 [a@e.org](mailto:a@e.org)。", ["见 a@e.org。"]),
        ("见[它](https://e.org/(1))。", ["见它[1]。", "", "[1] <https://e.org/(1)>"]),
        ("见[它](https://e.org/路)。", ["见它[1]。", "", "[1] https://e.org/%E8%B7%AF"]),
        ("见**[它](https://e.org/1)**。", ["见它[1]。", "", "[1] https://e.org/1"]),
        ("图 ![潮位](https://e.org/t.png) 。", ["图 潮位[1] 。", "", "[1] https://e.org/t.png"]),
    ],
)
def test_links_in_text(mail: Make, text: str, shown: list[str]) -> None:
    made = mail(section(f"- [航迹](https://e.org/a)\n摘要：好。{text}"))
    assert below(made)[3:] == [f"摘要：好。{shown[0]}", *shown[1:]]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("代码：https://e.org/code", ["   代码：https://e.org/code"]),
        ("论文：https://e.org/a", ["   论文：见上"]),
        ("论文：http://www.e.org/a/", ["   论文：见上"]),
        ("论文：https://e.org/a#2", ["   论文：https://e.org/a#2"]),
        ("标题：风的样子", ["   标题：风的样子"]),
        ("讨论：[论坛](https://e.org/forum)", ["   讨论：论坛[1]"]),
        ("代码：https://e.org/" + "x" * 60, ["   代码：", "   https://e.org/" + "x" * 60]),
    ],
)
def test_fields_stand_with_the_title(mail: Make, line: str, shown: list[str]) -> None:
    made = mail(section(f"- [航迹](https://e.org/a)\n{line}\n摘要：好。"))
    assert below(made)[: 4 + len(shown)] == ["1. 航迹", "   https://e.org/a", *shown, "", "摘要：好。"]


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        ("[1901.04567] [航迹]", ["1. [1901.04567] 航迹", "   https://arxiv.org/abs/1901.04567"]),
        ("[night/ferry: 日志]", ["1. night/ferry: 日志", "   https://github.com/night/ferry"]),
    ],
)
def test_what_an_item_only_names_gets_its_address(mail: Make, head: str, shown: list[str]) -> None:
    assert below(mail(section(f"- {head}(https://mp.weixin.qq.com/s/a)"))) == [
        shown[0],
        "   https://mp.weixin.qq.com/s/a",
        shown[1],
    ]


def test_long_lines_are_paragraphs_and_short_ones_are_not(mail: Make) -> None:
    long = "这一行很长" * 10
    assert below(mail(section(f"短。\n也短。\n{long}。\n末行。"))) == [
        "短。",
        "也短。",
        "",
        "这一行很长" * 7 + "这",
        "一行很长" + "这一行很长" * 2 + "。",
        "",
        "末行。",
    ]


def test_titles_and_addresses_stand_close_together(mail: Make) -> None:
    """An item with more than that has blank lines around it, which show where it ends."""
    made = mail(
        section(
            "- [甲 | 船报](https://e.org/1)\n- [乙](https://e.org/2)\n- [丙](https://e.org/3)\n摘要：好。\n"
            "- [丁](https://e.org/4)\n- 戊，见[日志](https://e.org/5)\n- [己](https://e.org/6)"
        )
    )
    assert below(made) == [
        *("1. 甲", "   船报", "   https://e.org/1", "2. 乙", "   https://e.org/2", "", ""),
        *("3. 丙", "   https://e.org/3", "", "摘要：好。", "", ""),
        *("4. 丁", "   https://e.org/4", "", ""),
        *("5. 戊，见日志[1]", "", "[1] https://e.org/5", "", ""),
        *("6. 己", "   https://e.org/6"),
    ]


def test_a_list_of_links_has_no_blank_lines(mail: Make) -> None:
    made = mail(section("- [甲](https://e.org/1)\n- [乙](https://e.org/2)\n- 丙"))
    assert below(made) == ["1. 甲", "   https://e.org/1", "2. 乙", "   https://e.org/2", "3. 丙"]


def test_addresses_hang_below_the_title_of_any_number(mail: Make) -> None:
    lines = below(mail(section(numbered(101))))
    assert lines[16:20] == ["9. 第 9 条", "   https://e.org/9", "10. 第 10 条", "    https://e.org/10"]
    assert lines[-2:] == ["101. 第 101 条", "     https://e.org/101"]


def test_an_item_that_is_a_paragraph_stands_at_the_margin(mail: Make) -> None:
    """So a program may flow it, and it looks like the paragraphs that follow."""
    text = "Every ship that leaves the harbour writes down the wind, the tide and the names of those on board. " * 2
    made = mail(section(f"- {text}\n\n  More of it.\n- [航迹](https://e.org/a)"))
    first, second, *rest = below(made)
    assert first.startswith("1. Every ship that")
    assert second[0] != " "
    assert rest[-6:] == ["", "More of it.", "", "", "2. 航迹", "   https://e.org/a"]


def test_text_wrapped_in_the_source_is_one_paragraph(mail: Make) -> None:
    words = "the channel was closed and what had been sent over it was given back to those who had sent it"
    made = mail(section(f"- [航迹](https://e.org/a)\n\n  When {words} in the end,\n  {words}, and {words}\n  at once."))
    paragraph = " ".join(below(made)[3:])
    assert paragraph == f"When {words} in the end, {words}, and {words} at once."


def test_sections_have_a_rule_above_and_a_count(mail: Make) -> None:
    made = mail(
        "# 夜航船周报 (2024-03-07)\n\n## 论文\n\n- [甲](https://e.org/1)\n- [乙](https://e.org/2)\n\n"
        "### 视觉\n\n- [丙](https://e.org/3)\n\n## 编后\n\n一段。\n"
    )
    start = made.lines.index("=" * 24)
    assert made.lines[start - 2 : start + 3] == ["", "", "=" * 24, "论文 · 2 条", ""]
    at = made.lines.index("--- 视觉 · 1 条")
    assert made.lines[at - 1 : at + 2] == ["", "--- 视觉 · 1 条", ""]
    assert made.lines[made.lines.index("编后", at) - 1] == "=" * 24


# ----------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("lang", "unsubscribe", "shown"),
    [
        ("zh-CN", "", ["你收到这封邮件，是因为订阅了夜航船周报。想退订，请回复“退订”。"]),
        (
            "zh-CN",
            "https://e.org/leave",
            ["你收到这封邮件，是因为订阅了夜航船周报。想退订，请回复“退订”，或打开：", "https://e.org/leave"],
        ),
        (
            "en",
            "https://e.org/leave",
            [
                "You get this email because you subscribed to 夜航船周报. To leave, reply",
                "with “unsubscribe”, or open:",
                "https://e.org/leave",
            ],
        ),
    ],
)
def test_everyone_can_see_how_to_leave(mail: Make, lang: str, unsubscribe: str, shown: list[str]) -> None:
    """Above the signature: mail programs show that in grey, or not at all."""
    made = mail(section("- [甲](https://e.org/1)"), replace(PUBLICATION, lang=lang), unsubscribe=unsubscribe)
    end = made.lines.index("-- ")
    assert made.lines[end - len(shown) - 3 : end] == ["", "", *shown, ""]
    assert not any("leave" in line for line in made.lines[end:])


# ------------------------------------------------------------------- opening


def test_the_guide_has_a_line_for_each_of_its_parts(mail: Make) -> None:
    lines = mail().lines
    start = lines.index("导读：本期 5 条。")
    assert lines[start + 1 : start + 3] == ["【新闻】灯塔换灯泡，省下九成电；", "【论文】从航迹里猜天气。"]


def test_the_address_of_a_brief_is_right_below_it(mail: Make) -> None:
    lines = mail().lines
    start = next(n for n, line in enumerate(lines) if line.startswith("  - 港务局"))
    assert lines[start + 1] == "    [1] https://harbour.example.org/api/tides"
    assert lines[start + 2].startswith("  - 拖轮")


@pytest.mark.parametrize(
    ("kind", "shown"), [("read_original", False), ("pc_wechat", False), ("complete_url", True), ("other", True)]
)
def test_remarks_about_wechat_are_left_out(kind: str, shown: bool) -> None:
    note = Note(kind, (Text("一句话"),))
    issue = Issue("x", dt.date(2024, 3, 7), notes=(note,), sections=(Section((Text("论文"),), notes=(note,)),))
    assert Mail(render(issue, Email())).lines.count("注：一句话") == 2 * shown


def test_no_character_turns_the_text_around(mail: Make) -> None:
    made = mail(section("- [航\u202e迹\u200b\ufeff\u2066](https://e.org/a)\n摘要：好\u0007的\u2028呢\u0085吗"))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff]", made.shown)
    assert "1. 航迹" in made.lines


def test_paragraphs_of_other_sections_have_their_addresses_below(mail: Make) -> None:
    issue = Issue(
        "x",
        dt.date(2024, 3, 7),
        sections=(
            Section(
                (Text("论文"),),
                content=(
                    Paragraph((Link((Text("甲"),), "https://e.org/1"), Text("。"))),
                    Paragraph((Link((Text("乙"),), "https://e.org/2"), Text("。"))),
                ),
            ),
        ),
    )
    made = Mail(render(issue, Email()))
    assert below(made) == ["甲[1]。", "", "[1] https://e.org/1", "", "乙[1]。", "", "[1] https://e.org/2"]
