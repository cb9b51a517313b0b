"""The nodes of the document as Telegram can show them."""

from __future__ import annotations

import pytest

from publisher.channels.telegram.entities import Run, Runs, clean, cut, entities, glue, stripped, text_of
from publisher.channels.telegram.writer import Writer
from publisher.model import (
    Break,
    Code,
    CodeBlock,
    Em,
    Figure,
    Image,
    Link,
    List,
    Paragraph,
    Quote,
    Rule,
    Strong,
    Table,
    Text,
)
from publisher.words import words

A, B = "https://a.org/", "https://b.org/"


@pytest.fixture
def writer() -> Writer:
    return Writer(words("zh-CN"))


def p(text: str) -> Paragraph:
    return Paragraph((Text(text),))


@pytest.mark.parametrize(
    ("node", "runs"),
    [
        (Strong((Text("粗"), Em((Text("斜"),)))), (Run("粗斜", "bold"),)),
        (Em((Text("斜"), Strong((Text("粗"),)))), (Run("斜", "italic"), Run("粗", "bold"))),
        (Strong((Text("粗"), Code("码"))), (Run("粗", "bold"), Run("码", "code"))),
        (Link((Text("甲"), Code("码")), A), (Run("甲码", url=A),)),
        (Strong((Link((Text("甲"),), A),)), (Run("甲", "bold", A),)),
        (Link((Text(" 甲 "),), A), (Run(" "), Run("甲", url=A), Run(" "))),
        (Link((), A), (Run(A, url=A),)),
        (Link((Text("甲"),), ""), (Run("甲"),)),
        (Image(A, "一幅图"), (Run("一幅图", url=A),)),
        (Image(A, " "), (Run("图片", url=A),)),
        (Link((Image(A, "图"),), B), (Run("图", url=A), Run(" "), Run("链接", url=B))),
        (Break(), (Run("\n"),)),
    ],
)  # fmt: skip
def test_inlines(writer: Writer, node, runs: Runs) -> None:
    assert writer.inlines((node,)) == runs


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (List(((p("一"),), (p("二"), p("再二"))), ordered=True, start=9), "9. 一\n10. 二\n  再二"),
        (List(((p("外"), List(((p("内"),),))), (), (p("完"),))), "• 外\n  • 内\n• 完"),
        (Quote((p("甲"), Quote((p("乙"),)))), "│ 甲\n│ │ 乙"),
        (List(((p("见"), CodeBlock("a\n  b")),)), "• 见\n  a\n  b"),
        (CodeBlock("\tif x:\n\t\ty"), "    if x:\n        y"),
        (CodeBlock(" \n"), ""),
        (Table(((Text("甲"),), ()), (((Text("一"), Break(), Text("二")),),)), "甲 | –\n一 二"),
        (Rule(), "———"),
        (Figure(Image(A, "塔"), A), "塔"),
        (Figure(Image(A, "塔"), B), "塔 链接"),
    ],
)  # fmt: skip
def test_blocks(writer: Writer, block, text: str) -> None:
    assert text_of(writer.blocks((block,))) == text


def test_code_in_a_list_is_indented_by_no_one(writer: Writer) -> None:
    """Its own lines are as they were, so that it can be copied."""
    runs = writer.blocks((List(((p("见"), CodeBlock("a\n  b")),)),))
    assert [run.text for run in runs if run.style == "pre"] == ["a\n  b"]


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("a\x00b\tc\x1fd", "a b c d"),
        ("a\r\nb", "a\nb"),
        ("\u202eabc\u202c", "abc"),
        ("a\u2028b", "a\nb"),
        ("\ud83d x", "\ufffd x"),
        ("A\u030angstr\u0333om", "Ångstrom"),
        ("\u200fאבג", "\u200fאבג"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_a_text_is_as_it_will_arrive(judge, text: str, arrives: str) -> None:
    assert clean(text) == arrives
    assert judge.kept(arrives, []) == (arrives, [])


def test_offsets_count_utf_16_units() -> None:
    runs = (Run("🙂a"), Run("𝕏", "bold"), Run("字", url=A))
    assert entities(runs) == [
        {"type": "bold", "offset": 3, "length": 2},
        {"type": "text_link", "offset": 5, "length": 1, "url": A},
    ]


def test_marks_within_marks(judge) -> None:
    runs = (
        Run("a", quote=True),
        Run(" b", "bold", quote=True),
        Run("c", "bold", A, quote=True),
        Run("d", "", A, quote=True),
        Run("\n"),
        Run("e", "pre", language="py"),
    )
    found = entities(runs)
    assert [(e["type"], e["offset"], e["length"]) for e in found] == [
        ("expandable_blockquote", 0, 5),
        ("bold", 2, 1),
        ("text_link", 3, 2),
        ("bold", 3, 1),
        ("pre", 6, 1),
    ]
    assert found[-1]["language"] == "py"
    assert judge.kept(text_of(runs), found)[1] == judge.load_mailboxes(found)


def test_runs_are_joined_and_cut_like_strings() -> None:
    runs = glue((Run("ab"), Run("")), (Run("c"),), (Run("d", "bold"),))
    assert runs == (Run("abc"), Run("d", "bold"))
    for at in range(5):
        head, tail = cut(runs, at)
        assert (text_of(head), text_of(tail)) == ("abcd"[:at], "abcd"[at:])
        assert glue(head, tail) == runs
    assert stripped((Run(" \n"), Run(" a ", "bold"), Run("\n"))) == (Run("a", "bold"),)
    assert stripped((Run(" "),)) == ()
